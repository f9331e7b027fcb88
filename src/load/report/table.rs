//! A run in brief, and two runs side by side, as text for a terminal.

use super::figures::{Unit, Way, groups, told};
use super::outcome::{ByKind, Outcome, Shares};
use super::verdict::{Mark, SATURATED, held, stood, unlike, verdict};
use std::collections::BTreeMap;

/// Refusals and chaos are told up to so many kinds.
const KINDS_MOST: usize = 3;
/// Assertions up to so many; those that failed come first.
const ASSERTIONS_MOST: usize = 6;
/// Letters of a text of somebody else.
const TEXT_MOST: usize = 90;

/// What a run came to, in at most some thirty lines.
#[must_use]
pub fn table(outcome: &Outcome) -> String {
    let verdict = verdict(outcome);
    let mut lines = vec![format!("{} {}", verdict.mark.sign(), verdict.headline)];
    // What is well is in the figures below.
    let quiet = held(outcome).into_iter().chain(stood(outcome));
    let quiet = quiet.filter(|it| it.mark <= Mark::Good);
    let loud = verdict.findings.into_iter();
    let loud = loud.filter(|it| it.mark > Mark::Good && it.text != SATURATED);
    lines.extend(loud.chain(quiet).map(|it| format!("  {} {}", it.mark.sign(), safe(&it.text))));
    lines.push(String::new());
    if outcome.generator.is_saturated {
        lines.insert(0, format!("!!! {SATURATED}"));
    }
    lines.push(line("players", &players(outcome)));
    lines.push(line("packets", &packets(outcome)));
    lines.extend(times(outcome));
    lines.push(line("bytes", &bytes(outcome)));
    lines.push(line("  to players", &kinds(outcome.bytes_in, "stream")));
    lines.push(line("  from players", &kinds(outcome.bytes_out, "inputs")));
    lines.extend(server(outcome));
    lines.push(line("load tool", &generator(outcome)));
    lines.extend(counted("refusals", &outcome.refusals));
    lines.extend(counted("chaos", &outcome.chaos));
    lines.extend(assertions(outcome));
    lines.join("\n") + "\n"
}

fn line(name: &str, text: &str) -> String {
    format!("{name:<17} {text}").trim_end().into()
}

#[expect(clippy::cast_precision_loss, reason = "counts of what happened")]
fn count(count: u64) -> String {
    told(count as f64, Unit::Count)
}

fn players(outcome: &Outcome) -> String {
    let hz = told(outcome.hz, Unit::Hertz);
    format!(
        "{} of {} seated at the end, in {} matches{} for {}; {} refused, {} lost, {} reconnected",
        count(outcome.connected as u64),
        count(outcome.players as u64),
        count(outcome.matches as u64),
        if outcome.hz > 0.0 { format!(" at {hz}") } else { String::new() },
        told(outcome.seconds, Unit::Seconds),
        count(outcome.refused),
        count(outcome.lost),
        count(outcome.reconnects),
    )
}

fn packets(outcome: &Outcome) -> String {
    let delivered = told(outcome.delivered_ratio * 100.0, Unit::Percent);
    if outcome.delivered_ratio <= 0.0 {
        return "none came, so nothing was verified".into();
    }
    if !outcome.has_streams() {
        return format!("no stream was followed; of what was said in rooms {delivered} was heard");
    }
    let corrections = outcome.corrections.map_or(String::new(), |it| {
        format!("; {} corrections of {} predictions", count(it), count(outcome.inputs_predicted))
    });
    let verified = if outcome.desyncs == 0 { ", all verified" } else { " and were right" };
    format!(
        "{delivered} of those due came{verified}; {} desyncs, {} keyframes; of {} inputs due {} sent, {} \
         used{corrections}",
        count(outcome.desyncs),
        count(outcome.keyframes),
        count(outcome.inputs_due),
        count(outcome.inputs),
        count(outcome.inputs_used),
    )
}

fn times(outcome: &Outcome) -> Vec<String> {
    let row = |name: &str, cells: [String; 5]| {
        let [p50, p99, p999, max, count] = cells;
        line(name, &format!("{p50:>10} {p99:>10} {p999:>10} {max:>10} {count:>10}"))
    };
    let head = row("", ["p50", "p99", "p99.9", "max", "count"].map(String::from));
    let named = [
        ("gap", outcome.gap_ms),
        ("input to visible", outcome.input_visible_ms),
        ("connect", outcome.connect_ms),
        ("join", outcome.join_ms),
        ("answer", outcome.ack_ms),
    ];
    let measured = named.into_iter().filter(|(_, shares)| shares.count > 0);
    let rows = measured.map(|(name, shares)| {
        let Shares { p50, p99, p999, max, count: all } = shares;
        let [p50, p99, p999, max] = [p50, p99, p999, max].map(|it| told(it, Unit::Milliseconds));
        row(name, [p50, p99, p999, max, count(all)])
    });
    [head].into_iter().chain(rows).collect()
}

fn bytes(outcome: &Outcome) -> String {
    format!(
        "{} in a packet; {} to each player, {} from each",
        told(outcome.bytes_per_packet, Unit::Bytes),
        told(outcome.bytes_in_per_player_s, Unit::BytesPerSecond),
        told(outcome.bytes_out_per_player_s, Unit::BytesPerSecond),
    )
}

#[expect(clippy::cast_precision_loss, reason = "counts of bytes")]
fn kinds(bytes: ByKind, state: &str) -> String {
    let [stream, events, control] =
        [bytes.state, bytes.events, bytes.control].map(|it| told(it as f64, Unit::Bytes));
    format!("{stream} {state}, {events} events, {control} all else")
}

fn server(outcome: &Outcome) -> Vec<String> {
    let Some(server) = outcome.server else {
        return vec![line("server", "was not asked")];
    };
    let cost = format!(
        "{} for a player tick, {} of a core; {} of memory, {} for a connection",
        told(server.cpu_us_per_player_tick, Unit::Microseconds),
        told(server.cpu_percent, Unit::Percent),
        told(server.rss_kib, Unit::Kibibytes),
        told(server.rss_kib_per_connection, Unit::Kibibytes),
    );
    let ticks = format!(
        "took {} (p99 {}), late {} (p99 {}); {} skipped",
        told(server.tick_us.p50, Unit::Microseconds),
        told(server.tick_us.p99, Unit::Microseconds),
        told(server.late_ms.p50, Unit::Milliseconds),
        told(server.late_ms.p99, Unit::Milliseconds),
        told(server.skipped_ticks, Unit::Count),
    );
    let queues = format!(
        "overflows: {}; packets held back: {}",
        told(server.overflows, Unit::Count),
        told(server.held_back, Unit::Count),
    );
    vec![line("server", &cost), line("  ticks", &ticks), line("  queues", &queues)]
}

fn generator(outcome: &Outcome) -> String {
    format!(
        "{} for a player tick, {} of a core, its busiest thread {}; late p99 {}",
        told(outcome.generator.cpu_us_per_bot_tick, Unit::Microseconds),
        told(outcome.generator.cpu_percent, Unit::Percent),
        told(outcome.generator.busiest_percent, Unit::Percent),
        told(outcome.generator.late_ms_p99, Unit::Milliseconds),
    )
}

fn counted(title: &str, counts: &BTreeMap<String, u64>) -> Vec<String> {
    let mut most: Vec<_> = counts.iter().collect();
    most.sort_by_key(|(_, times)| std::cmp::Reverse(**times));
    let row = |(at, (name, times)): (usize, &(&String, &u64))| {
        line(if at == 0 { title } else { "" }, &format!("{:>7} {}", count(**times), plain(name)))
    };
    let mut lines: Vec<_> = most.iter().take(KINDS_MOST).enumerate().map(row).collect();
    if let Some(rest @ [_, ..]) = most.get(KINDS_MOST..) {
        let times: u64 = rest.iter().map(|(_, times)| **times).sum();
        lines.push(line("", &format!("{:>7} of {} more kinds", count(times), rest.len())));
    }
    lines
}

fn assertions(outcome: &Outcome) -> Vec<String> {
    let mut all: Vec<_> = outcome.assertions.iter().collect();
    all.sort_by_key(|judged| judged.holds);
    let row = |judged: &&super::expect::Judged| {
        let told = if judged.holds { "✓ holds" } else { "✗ fails" };
        format!("{told}  {} ({})", plain(&judged.text), judged.was())
    };
    let mut lines: Vec<_> = all.iter().take(ASSERTIONS_MOST).map(row).collect();
    let more = all.len().saturating_sub(ASSERTIONS_MOST);
    if more > 0 {
        let failed = all[ASSERTIONS_MOST..].iter().filter(|judged| !judged.holds).count();
        lines.push(format!("and {more} more, of which {failed} fail"));
    }
    lines
}

/// A text of somebody else on one short line, without what would steer a terminal.
#[must_use]
pub fn plain(text: &str) -> String {
    let short: String = safe(text).chars().take(TEXT_MOST).collect();
    if text.chars().nth(TEXT_MOST).is_some() { format!("{short}…") } else { short }
}

/// A text without what would steer a terminal.
fn safe(text: &str) -> String {
    text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}

/// Two runs side by side: each figure in both, and what it did from the first to the second.
#[must_use]
pub fn comparison(a: (&str, &Outcome), b: (&str, &Outcome)) -> String {
    let mut rows = vec![[String::new(), plain(a.0), plain(b.0), "change".into()]];
    let mut counts = [0; 2];
    for group in groups(&[a.1, b.1]) {
        rows.push([group.title.to_uppercase(), String::new(), String::new(), String::new()]);
        for row in &group.rows {
            let change = row.change(1);
            counts[0] += usize::from(change.way == Way::Better);
            counts[1] += usize::from(change.way == Way::Worse);
            rows.push([format!("  {}", plain(&row.name)), row.told(0), row.told(1), change.text]);
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let [name, first, second] = [0, 1, 2].map(|column| width(column).unwrap_or(0));
    let aligned = rows.iter().map(|[figure, before, after, change]| {
        let text = format!("{figure:<name$}  {before:>first$}  {after:>second$}  {change}");
        text.trim_end().to_string()
    });
    let mut lines: Vec<_> = aligned.collect();
    lines.push(String::new());
    lines.extend(unlike(&[a.1, b.1]).map(|it| format!("!!! {it}")));
    lines
        .push(format!("Better: {}, worse: {}; a few percent may be chance.", counts[0], counts[1]));
    for (name, outcome) in [a, b] {
        if outcome.generator.is_saturated {
            lines.push(format!("!!! {}: {SATURATED}", plain(name)));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::expect::Judged;
    use super::super::server_part::ServerPart;
    use super::*;

    fn run() -> Outcome {
        let shares =
            |p50: f64| Shares { p50, p99: p50 * 2.0, p999: p50 * 3.0, max: 99.9, count: 7 };
        let judged =
            |at: u32| Judged { text: format!("figure{at}<5"), value: Some(4.25), holds: at != 19 };
        Outcome {
            players: 500,
            connected: 499,
            gap_ms: shares(33.0),
            input_visible_ms: shares(41.0),
            connect_ms: shares(2.0),
            join_ms: shares(51.0),
            ack_ms: shares(12.0),
            bytes_per_packet: 38.4,
            delivered_ratio: 0.999,
            refusals: (0..30).map(|at| (format!("reason {at}"), 5)).collect(),
            chaos: (0..30).map(|at| (format!("deed {at}"), 5)).collect(),
            assertions: (0..20).map(judged).collect(),
            server: Some(ServerPart { cpu_us_per_player_tick: 1.75, ..ServerPart::default() }),
            ..Outcome::default()
        }
    }

    #[test]
    fn a_run_is_told_in_brief_whatever_happened() {
        let told = table(&run());
        for text in ["499 of 500", "99.9 %", "41 ms", "51 ms", "38.4 B", "1.75 µs", "was 4.25"] {
            assert!(told.contains(text), "{text} is missing:\n{told}");
        }
        assert!(told.contains("✗ fails  figure19<5"), "what failed comes first:\n{told}");
        assert!(
            told.contains("and 14 more, of which 0 fail") && told.contains("135 of 27 more kinds")
        );
        assert!((15..=34).contains(&told.lines().count()), "{}", told.lines().count());
    }

    #[test]
    fn a_run_of_nothing_is_told_without_numbers_that_are_none() {
        let told = table(&Outcome::default());
        assert!(told.starts_with("✗ ") && told.contains("was not asked"), "{told}");
        assert!(!told.contains("all verified") && !told.contains("Hz"), "{told}");
        assert!(!told.contains("NaN") && !told.contains("inf"), "{told}");
    }

    #[test]
    fn who_followed_no_stream_has_verified_nothing() {
        let told = table(&Outcome { gap_ms: Shares::default(), ..run() });
        assert!(told.contains("of what was said in rooms 99.9 % was heard"), "{told}");
        assert!(!told.contains("verified") && !told.contains("desync"), "{told}");
    }

    #[test]
    fn a_comparison_is_aligned_and_names_better_and_worse() {
        let (before, mut after) = (run(), run());
        after.gap_ms.p50 = 66.0;
        after.bytes_per_packet = 19.2;
        after.desyncs = 3;
        let told = comparison(("before", &before), ("after", &after));
        let line = |name: &str| told.lines().find(|line| line.contains(name)).unwrap();
        assert!(line("Gap, p50").ends_with("33 ms    66 ms  +100 % worse"), "{told}");
        assert!(
            line("Mean packet").ends_with("−50 % better") && line("Desyncs").ends_with("worse")
        );
        assert!(line("Join, p50").ends_with("the same"));
        assert!(told.contains("Better: 1, worse: 2;"), "{told}");
        let change = |name: &str, text: &str| {
            let line = line(name);
            line[..line.find(text).unwrap()].chars().count()
        };
        assert_eq!(change("Mean packet", "−50"), change("Join, p50", "the same"));
    }

    #[test]
    fn a_tool_at_its_limit_comes_first_and_terminals_are_not_steered() {
        let mut outcome = run();
        outcome.generator.is_saturated = true;
        outcome.refusals = [("\u{1b}[2J\nfull".to_string(), 9)].into();
        let told = table(&outcome);
        assert!(told.starts_with("!!! The load tool was at its own limit"));
        assert!(told.contains("9 \u{fffd}[2J\u{fffd}full") && !told.contains('\u{1b}'), "{told}");
        assert!(comparison(("a", &run()), ("b", &outcome)).contains("!!! b: "));
    }
}
