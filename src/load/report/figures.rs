//! The figures of runs side by side: what each is called, how its value is told, and whether more
//! of it is better. A figure that was not measured has no value, rather than zero.

use super::outcome::{Outcome, Shares};
use super::server_part::ServerPart;
use std::collections::BTreeMap;

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds,
    Microseconds,
    Seconds,
    Hertz,
    Percent,
    Bytes,
    BytesPerSecond,
    Kibibytes,
    Mebibytes,
    Count,
}

/// Which way a figure is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Better {
    Less,
    More,
    Neither,
}

/// One figure of all runs.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) better: Better,
    pub(super) values: Vec<Option<f64>>,
}

/// Figures that belong together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
}

/// What a figure did from one run to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) text: String,
    pub(super) way: Way,
}

/// How a change is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Better,
    Worse,
    Same,
    Other,
}

/// A distribution of times: its name and its shares.
pub(super) struct Latency {
    pub(super) name: &'static str,
    pub(super) of: fn(&Outcome) -> Shares,
}

pub(super) const LATENCIES: [Latency; 5] = [
    Latency { name: "Gap", of: |it| it.gap_ms },
    Latency { name: "Input to visible", of: |it| it.input_visible_ms },
    Latency { name: "Connect", of: |it| it.connect_ms },
    Latency { name: "Join", of: |it| it.join_ms },
    Latency { name: "Answer", of: |it| it.ack_ms },
];

/// A figure of one run, or of its server: how it is called, what it counts, which way is better. What
/// was not measured is no number.
struct Figure<T>(&'static str, Unit, Better, fn(&T) -> f64);

use Better::{Less, More, Neither};
use Unit::{
    Bytes, BytesPerSecond, Count, Hertz, Kibibytes, Mebibytes, Microseconds, Milliseconds, Percent,
    Seconds,
};

#[expect(clippy::cast_precision_loss, reason = "counts of what happened")]
const ASKED: &[Figure<Outcome>] = &[
    Figure("Players wanted", Count, Neither, |it| it.players as f64),
    Figure("Matches", Count, Neither, |it| it.matches as f64),
    Figure("Tick rate", Hertz, Neither, |it| measured(it.hz > 0.0, it.hz)),
    Figure("Measured for", Seconds, Neither, |it| it.seconds),
    Figure("Seated at the end", Count, More, |it| it.connected as f64),
    Figure("Refused", Count, Less, |it| it.refused as f64),
    Figure("Connections lost", Count, Less, |it| it.lost as f64),
    Figure("Reconnected", Count, Neither, |it| it.reconnects as f64),
];

#[expect(clippy::cast_precision_loss, reason = "counts of what happened")]
const STREAM: &[Figure<Outcome>] = &[
    Figure("Packets delivered", Percent, More, |it| {
        measured(it.packets_due > 0, it.delivered_ratio * 100.0)
    }),
    Figure("Desyncs", Count, Less, |it| measured(it.has_streams(), it.desyncs as f64)),
    Figure("Mean packet", Bytes, Less, |it| measured(it.has_streams(), it.bytes_per_packet)),
    Figure("To each player", BytesPerSecond, Less, |it| it.bytes_in_per_player_s),
    Figure("From each player", BytesPerSecond, Less, |it| it.bytes_out_per_player_s),
    Figure("Inputs used", Percent, More, |it| {
        measured(it.inputs > 0, it.inputs_used as f64 / it.inputs as f64 * 100.0)
    }),
    Figure("Keyframes", Count, Neither, |it| it.keyframes as f64),
    Figure("Corrections", Count, Less, |it| {
        measured(it.inputs_predicted > 0, it.corrections.unwrap_or(0) as f64)
    }),
    Figure("Events", Count, Neither, |it| it.events as f64),
    Figure("Answers lost", Count, Less, |it| it.acks_lost as f64),
];

#[expect(clippy::cast_precision_loss, reason = "counts of bytes")]
const BYTES: &[Figure<Outcome>] = &[
    Figure("To players: stream", Bytes, Neither, |it| it.bytes_in.state as f64),
    Figure("To players: events, answers", Bytes, Neither, |it| it.bytes_in.events as f64),
    Figure("To players: all else", Bytes, Neither, |it| it.bytes_in.control as f64),
    Figure("From players: inputs", Bytes, Neither, |it| it.bytes_out.state as f64),
    Figure("From players: events", Bytes, Neither, |it| it.bytes_out.events as f64),
    Figure("From players: all else", Bytes, Neither, |it| it.bytes_out.control as f64),
];

const SERVER: &[Figure<ServerPart>] = &[
    Figure("Processor per player tick", Microseconds, Less, |it| it.cpu_us_per_player_tick),
    Figure("Processor, of one core", Percent, Less, |it| it.cpu_percent),
    Figure("Memory at the end", Kibibytes, Less, |it| it.rss_kib),
    Figure("Memory per connection", Kibibytes, Less, |it| it.rss_kib_per_connection),
    Figure("Tick took, p50", Microseconds, Less, |it| it.tick_us.p50),
    Figure("Tick took, p99", Microseconds, Less, |it| it.tick_us.p99),
    Figure("Tick late, p50", Milliseconds, Less, |it| it.late_ms.p50),
    Figure("Tick late, p99", Milliseconds, Less, |it| it.late_ms.p99),
    Figure("Ticks skipped", Count, Less, |it| it.skipped_ticks),
    Figure("Overflows", Count, Less, |it| it.overflows),
    Figure("Packets held back", Count, Less, |it| it.held_back),
];

const GENERATOR: &[Figure<Outcome>] = &[
    Figure("Processor per player tick", Microseconds, Less, |it| it.generator.cpu_us_per_bot_tick),
    Figure("Processor, of one core", Percent, Less, |it| it.generator.cpu_percent),
    Figure("Busiest thread, of its core", Percent, Less, |it| it.generator.busiest_percent),
    Figure("Own lateness, p99", Milliseconds, Less, |it| it.generator.late_ms_p99),
    Figure("At its own limit (1: yes)", Count, Less, |it| f64::from(it.generator.is_saturated)),
];

fn measured(is_measured: bool, value: f64) -> f64 {
    if is_measured { value } else { f64::NAN }
}

/// All figures of all runs, in groups; groups of which nothing was measured are left out.
#[must_use]
pub(super) fn groups(runs: &[&Outcome]) -> Vec<Group> {
    let plain = |figures: &[Figure<Outcome>]| {
        let row = |&Figure(name, unit, better, of): &Figure<Outcome>| Row {
            name: name.into(),
            unit,
            better,
            values: runs.iter().map(|run| Some(of(run)).filter(|it| it.is_finite())).collect(),
        };
        figures.iter().map(row).collect::<Vec<_>>()
    };
    let server = |&Figure(name, unit, better, of): &Figure<ServerPart>| Row {
        name: name.into(),
        unit,
        better,
        values: runs.iter().map(|run| run.server.as_ref().map(of)).collect(),
    };
    let all = [
        Group { title: "Times", rows: times(runs) },
        Group { title: "Who came", rows: plain(ASKED) },
        Group { title: "Stream", rows: plain(STREAM) },
        Group { title: "Bytes by kind", rows: plain(BYTES) },
        Group { title: "Server", rows: SERVER.iter().map(server).collect() },
        Group { title: "Load tool", rows: plain(GENERATOR) },
        Group { title: "Refusals", rows: counted(runs, Less, |run| &run.refusals) },
        Group { title: "Chaos", rows: counted(runs, Neither, |run| &run.chaos) },
    ];
    let is_measured = |row: &Row| row.values.iter().any(Option::is_some);
    all.into_iter().filter(|group| group.rows.iter().any(is_measured)).collect()
}

fn times(runs: &[&Outcome]) -> Vec<Row> {
    let shares: [(&str, fn(&Shares) -> f64); 4] =
        [("p50", |it| it.p50), ("p99", |it| it.p99), ("p99.9", |it| it.p999), ("max", |it| it.max)];
    let measured = LATENCIES.iter().filter(|it| runs.iter().any(|run| (it.of)(run).count > 0));
    let rows = measured.flat_map(|latency| {
        shares.iter().map(|(share, of)| Row {
            name: format!("{}, {share}", latency.name),
            unit: Milliseconds,
            better: Less,
            values: runs
                .iter()
                .map(|run| Some((latency.of)(run)).filter(|it| it.count > 0).as_ref().map(of))
                .collect(),
        })
    });
    rows.collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of what happened")]
fn counted(
    runs: &[&Outcome],
    better: Better,
    of: fn(&Outcome) -> &BTreeMap<String, u64>,
) -> Vec<Row> {
    let mut rows: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
    for (at, run) in runs.iter().enumerate() {
        for (name, count) in of(run) {
            let values = rows.entry(name).or_insert_with(|| vec![Some(0.0); runs.len()]);
            values[at] = Some(*count as f64);
        }
    }
    let row = |(name, values): (&str, _)| Row { name: name.into(), unit: Count, better, values };
    rows.into_iter().map(row).collect()
}

/// A value with its unit, in at most three digits that matter; whole counts are exact for long.
#[must_use]
pub(super) fn told(value: f64, unit: Unit) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    let size = value.abs();
    match unit {
        Milliseconds if size >= 1e4 => format!("{} s", digits(value / 1e3)),
        Milliseconds => format!("{} ms", digits(value)),
        Microseconds if size >= 1e4 => format!("{} ms", digits(value / 1e3)),
        Microseconds => format!("{} µs", digits(value)),
        Seconds => format!("{} s", exact(value)),
        Hertz => format!("{} Hz", digits(value)),
        // What is nearly all is not all.
        Percent if (99.995..100.0).contains(&size) => "> 99.99 %".into(),
        Percent if (90.0..100.0).contains(&size) => format!("{} %", trimmed(value, 2)),
        Percent => format!("{} %", digits(value)),
        Bytes => scaled(value, 1e3, &["B", "kB", "MB", "GB", "TB"]),
        BytesPerSecond => scaled(value, 1e3, &["B/s", "kB/s", "MB/s", "GB/s"]),
        Kibibytes => scaled(value, 1024.0, &["KiB", "MiB", "GiB"]),
        Mebibytes => format!("{} MiB", digits(value)),
        Count if size < 1e5 => exact(value),
        Count => scaled(value / 1e3, 1e3, &["k", "M", "G", "T"]),
    }
}

/// A value without a unit, as it was compared.
#[must_use]
pub(super) fn exact(value: f64) -> String {
    if value.is_finite() { trimmed(value, 3) } else { "–".into() }
}

fn scaled(mut value: f64, step: f64, units: &[&str]) -> String {
    let mut units = units.iter();
    let mut unit = units.next();
    while value.abs() >= step && units.len() > 0 {
        value /= step;
        unit = units.next();
    }
    format!("{} {}", digits(value), unit.unwrap_or(&""))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 9")]
fn digits(value: f64) -> String {
    let order = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    trimmed(value, (2.0 - order).clamp(0.0, 9.0) as usize)
}

/// So many digits after the point, but no zeros at their end; thousands are set apart.
fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = part.trim_end_matches('0');
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 && whole.len() > 4 {
            out.push(' ');
        }
        out.push(digit);
    }
    if !part.is_empty() {
        out = format!("{out}.{part}");
    }
    if value < 0.0 && out != "0" { format!("−{out}") } else { out }
}

impl Row {
    /// The value in one run.
    #[must_use]
    pub(super) fn told(&self, run: usize) -> String {
        self.value(run).map_or_else(|| "–".into(), |value| told(value, self.unit))
    }

    /// The number in one run.
    #[must_use]
    pub(super) fn value(&self, run: usize) -> Option<f64> {
        self.values.get(run).copied().flatten().filter(|value| value.is_finite())
    }

    /// What the figure did from the first run to another one.
    #[must_use]
    pub(super) fn change(&self, run: usize) -> Change {
        let (Some(before), Some(after)) = (self.value(0), self.value(run)) else {
            return Change { text: "–".into(), way: Way::Other };
        };
        let percent = (after - before) / before.abs() * 100.0;
        if (after - before).abs() <= before.abs() * 1e-9 {
            return Change { text: "the same".into(), way: Way::Same };
        }
        let sign = if after > before { "+" } else { "−" };
        let by = if before == 0.0 {
            format!("{sign} from none")
        } else {
            let least = match percent.abs() {
                tiny if tiny < 0.01 => "< 0.01".into(),
                small if small < 0.05 => digits(small),
                some => trimmed(some, usize::from(some < 100.0)),
            };
            format!("{sign}{least} %")
        };
        let way = match self.better {
            Neither => Way::Other,
            Less if after < before => Way::Better,
            More if after > before => Way::Better,
            Less | More => Way::Worse,
        };
        let word = match way {
            Way::Better => " better",
            Way::Worse => " worse",
            Way::Same | Way::Other => "",
        };
        Change { text: format!("{by}{word}"), way }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_in_few_digits_and_with_their_unit() {
        let told = [
            (38.42, Bytes, "38.4 B"),
            (1_234_567.0, Bytes, "1.23 MB"),
            (1_200_000.0, Count, "1.2 M"),
            (12_345.0, Count, "12 345"),
            (4_321.0, Count, "4321"),
            (0.0, Count, "0"),
            (33.333, Milliseconds, "33.3 ms"),
            (0.0456, Milliseconds, "0.0456 ms"),
            (12_340.0, Milliseconds, "12.3 s"),
            (99.999, Percent, "> 99.99 %"),
            (99.98, Percent, "99.98 %"),
            (100.0, Percent, "100 %"),
            (2_048.0, Kibibytes, "2 MiB"),
            (-12.0, Kibibytes, "−12 KiB"),
            (-0.000_000_000_1, Count, "0"),
            (f64::NAN, Bytes, "–"),
            (f64::INFINITY, Count, "–"),
        ];
        for (value, unit, text) in told {
            assert_eq!(super::told(value, unit), text);
        }
    }

    #[test]
    fn a_change_says_by_how_much_and_whether_that_is_better() {
        let change = |better, before, after| {
            let values = vec![Some(before), Some(after)];
            Row { name: String::new(), unit: Count, better, values }.change(1).text
        };
        assert_eq!(change(Less, 100.0, 87.7), "−12.3 % better");
        assert_eq!(change(Less, 100.0, 250.0), "+150 % worse");
        assert_eq!(change(More, 100.0, 90.0), "−10 % worse");
        assert_eq!(change(More, -10.0, 10.0), "+200 % better");
        assert_eq!(change(More, 99.99, 99.95), "−0.04 % worse");
        assert_eq!(change(Neither, 100.0, 90.0), "−10 %");
        assert_eq!(change(Less, 0.0, 3.0), "+ from none worse");
        assert_eq!(change(Less, 0.0, 0.0), "the same");
        assert_eq!(change(Less, f64::NAN, 1.0), "–");
    }

    #[test]
    fn what_was_not_measured_has_no_value() {
        let (empty, mut met) = (Outcome::default(), Outcome::default());
        met.join_ms = Shares { p50: 5.0, count: 1, ..Shares::default() };
        met.refusals.insert("full".into(), 2);
        let groups = groups(&[&empty, &met]);
        let row = |name: &str| groups.iter().flat_map(|it| &it.rows).find(|it| it.name == name);
        assert_eq!(row("Join, p50").unwrap().values, [None, Some(5.0)]);
        assert_eq!(row("full").unwrap().values, [Some(0.0), Some(2.0)]);
        assert!(row("Answer, p50").is_none() && row("Tick took, p99").is_none());
        met.keyframes = 1;
        let groups = super::groups(&[&empty, &met]);
        let row = |name: &str| groups.iter().flat_map(|it| &it.rows).find(|it| it.name == name);
        assert_eq!(
            row("Desyncs").unwrap().values,
            [None, Some(0.0)],
            "who saw nothing lost nothing"
        );
        assert_eq!(row("Tick rate").unwrap().values, [None, None]);
    }
}
