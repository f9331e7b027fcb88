//! Which charts of runs there are, and how each is read. One run has all its curves of a kind in
//! one chart; of several runs each kind has a chart of its own, with a curve for each run.

use super::charts::{Chart, Curve, Level};
use super::figures::{LATENCIES, Latency, Unit, told};
use super::outcome::{Outcome, Second, Spread, Step, Tail};
use super::ruler::{Axis, Scale};
use super::server_part::ServerSecond;

/// How much greater the end of a part of a spread is than its begin.
const PART: f64 = 1.1;
/// Points of a curve over time, at most: of longer runs each tells the worst of some seconds.
pub(super) const POINTS_MOST: usize = 400;
/// Where the highest value is more than this many times the lowest, steps are multiples.
const WIDE: f64 = 8.0;
/// Where it is less than this many times the lowest, only what is between them is drawn.
const NARROW: f64 = 3.0;

struct Series {
    name: &'static str,
    of: fn(&Outcome) -> Vec<(f64, Option<f64>)>,
}

struct Plan {
    title: &'static str,
    label: &'static str,
    unit: Unit,
    reading: &'static str,
    series: &'static [Series],
    has_period: bool,
}

/// What is none was not measured.
fn measured(value: f64) -> Option<f64> {
    Some(value).filter(|it| *it > 0.0)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
fn felt(outcome: &Outcome, of: fn(&Second) -> Option<f64>) -> Vec<(f64, Option<f64>)> {
    outcome.timeline.iter().map(|it| (it.at as f64, of(it))).collect()
}

fn served(outcome: &Outcome, of: fn(&ServerSecond) -> Option<f64>) -> Vec<(f64, Option<f64>)> {
    outcome.server_timeline.iter().map(|it| (it.at.round(), of(it))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a second")]
const PLANS: &[Plan] = &[
    Plan {
        title: "Gap between packets",
        label: "gap, each second",
        unit: Unit::Milliseconds,
        reading: "Half of the gaps of a second were within p50, 99 of 100 within p99, all within \
            max; level lines near the tick period are good, and peaks are moments in which players \
            waited.",
        series: &[
            Series { name: "p50", of: |it| felt(it, |it| measured(it.gap_p50)) },
            Series { name: "p99", of: |it| felt(it, |it| measured(it.gap_p99)) },
            Series { name: "max", of: |it| felt(it, |it| measured(it.gap_max)) },
        ],
        has_period: true,
    },
    Plan {
        title: "Input to visible",
        label: "input to visible, p99",
        unit: Unit::Milliseconds,
        reading: "Of 100 inputs in each second, 99 were seen by another player within this time; \
            lower is better.",
        series: &[Series { name: "p99", of: |it| felt(it, |it| measured(it.visible_p99)) }],
        has_period: false,
    },
    Plan {
        title: "Players",
        label: "playing",
        unit: Unit::Count,
        reading: "How many played in each second; a step down is players who were lost.",
        series: &[Series { name: "playing", of: |it| felt(it, |it| Some(it.playing as f64)) }],
        has_period: false,
    },
    Plan {
        title: "Bytes per second",
        label: "all players together",
        unit: Unit::BytesPerSecond,
        reading: "What all players together were sent and sent in each second, everything counted.",
        series: &[
            Series { name: "to players", of: |it| felt(it, |it| Some(it.bytes_in as f64)) },
            Series { name: "from players", of: |it| felt(it, |it| Some(it.bytes_out as f64)) },
        ],
        has_period: false,
    },
    Plan {
        title: "Answers",
        label: "time to an answer, p99",
        unit: Unit::Milliseconds,
        reading: "Of 100 questions in each second, 99 were answered within this time.",
        series: &[Series { name: "p99", of: |it| felt(it, |it| measured(it.ack_p99)) }],
        has_period: false,
    },
    Plan {
        title: "Server: processor",
        label: "of one core",
        unit: Unit::Percent,
        reading: "Processor time that the server used; 100 % is one core that never rests.",
        series: &[Series { name: "processor", of: |it| served(it, |it| Some(it.cpu_percent)) }],
        has_period: false,
    },
    Plan {
        title: "Server: memory",
        label: "resident memory",
        unit: Unit::Mebibytes,
        reading: "Memory that the server held; a line that keeps rising while the players stay the \
            same is a leak.",
        series: &[Series {
            name: "memory",
            of: |it| served(it, |it| measured(it.rss_kib / 1024.0)),
        }],
        has_period: false,
    },
    Plan {
        title: "Server: duration of ticks",
        label: "tick took, p99",
        unit: Unit::Microseconds,
        reading: "Of 100 ticks of a match, 99 took no longer than this; all matches of a core must \
            fit into a tick period.",
        series: &[Series { name: "p99", of: |it| served(it, |it| measured(it.tick_p99_us)) }],
        has_period: false,
    },
    Plan {
        title: "Server: lateness of ticks",
        label: "tick began late by, p99",
        unit: Unit::Milliseconds,
        reading: "Of 100 ticks, 99 began no later than this after they were due; lower is better.",
        series: &[Series { name: "p99", of: |it| served(it, |it| measured(it.late_p99_ms)) }],
        has_period: false,
    },
    Plan {
        title: "Load tool: own lateness",
        label: "late by, p99",
        unit: Unit::Milliseconds,
        reading: "How late the load tool was with its own work; where this is high, the other \
            charts show the tool and not the server.",
        series: &[Series { name: "p99", of: |it| felt(it, |it| measured(it.own_late_p99)) }],
        has_period: false,
    },
];

/// What runs were like second by second; charts of nothing are left out.
#[must_use]
pub(super) fn over_time(runs: &[(&str, &Outcome)]) -> Vec<Chart> {
    let charts = PLANS.iter().flat_map(|plan| {
        let parts = if runs.len() == 1 { plan.series.len().max(1) } else { 1 };
        plan.series.chunks(parts).map(move |series| chart(plan, series, runs))
    });
    charts.filter(|chart| !chart.is_empty()).collect()
}

fn chart(plan: &Plan, series: &[Series], runs: &[(&str, &Outcome)]) -> Chart {
    let names_runs = runs.len() > 1;
    let worst = if plan.unit == Unit::Count { f64::min } else { f64::max };
    let curves = runs.iter().enumerate().flat_map(|(run, (name, outcome))| {
        series.iter().enumerate().map(move |(at, series)| Curve {
            name: if names_runs { (*name).into() } else { series.name.into() },
            look: run + at,
            points: thinned(&(series.of)(outcome), worst),
            ..Curve::default()
        })
    });
    let curves: Vec<_> = curves.collect();
    let mut levels = Vec::new();
    for (look, (name, outcome)) in runs.iter().enumerate() {
        let period = 1000.0 / outcome.hz;
        let is_new = levels.iter().all(|it: &Level| (it.at - period).abs() > 1e-6);
        if plan.has_period && period.is_finite() && period > 0.0 && is_new {
            let own = told(period, Unit::Milliseconds);
            let of = if look == 0 { String::new() } else { format!(" of {name}") };
            let own = format!("tick period{of}, {own}");
            levels.push(Level { name: own, look, at: period });
        }
    }
    let values = || curves.iter().flat_map(|it| it.points.iter().filter_map(|(_, y)| *y));
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
    let is_wide = plan.unit == Unit::Milliseconds && low > 0.0 && high / low > WIDE;
    let is_split = plan.series.len() > series.len();
    let title = match series {
        [one] if is_split => format!("{}, {}", plan.title, one.name),
        _ => plan.title.into(),
    };
    let scale = if is_wide { Scale::Log } else { Scale::Even };
    Chart {
        title,
        reading: plan.reading.into(),
        across: Axis { label: "time of the measure", unit: Unit::Seconds, scale: Scale::Even },
        up: Axis { label: plan.label, unit: plan.unit, scale },
        curves,
        levels,
        places: Vec::new(),
    }
}

/// The worst of each few, so that a long run is not too much to draw and no peak is lost.
fn thinned(points: &[(f64, Option<f64>)], worst: fn(f64, f64) -> f64) -> Vec<(f64, Option<f64>)> {
    let few = points.len().div_ceil(POINTS_MOST).max(1);
    let one = |part: &[(f64, Option<f64>)]| {
        let values = part.iter().filter_map(|(_, y)| *y).filter(|y| y.is_finite());
        (part[0].0, values.reduce(worst))
    };
    points.chunks(few).map(one).collect()
}

/// How times lie: how many took how long, and how many took longer.
#[must_use]
pub(super) fn distributions(runs: &[(&str, &Outcome)]) -> Vec<Chart> {
    type Of<T> = fn(&Outcome) -> &T;
    let spreads: [(&Latency, Of<Spread>, Of<Tail>); 4] = [
        (&LATENCIES[0], |it| &it.gap_spread, |it| &it.gap_tail),
        (&LATENCIES[1], |it| &it.visible_spread, |it| &it.visible_tail),
        (&LATENCIES[3], |it| &it.join_spread, |it| &it.join_tail),
        (&LATENCIES[4], |it| &it.ack_spread, |it| &it.ack_tail),
    ];
    let both = spreads.map(|(latency, spread, longer)| {
        [histogram(latency, spread, runs), tail(latency, longer, runs)]
    });
    both.into_iter().flatten().filter(|chart| !chart.is_empty()).collect()
}

const TIME: Axis = Axis { label: "time", unit: Unit::Milliseconds, scale: Scale::Log };

/// Ends and shares of the parts of a spread, in percent.
#[expect(clippy::cast_precision_loss, reason = "counts of what happened")]
fn parts(spread: &Spread) -> Vec<(f64, f64)> {
    let all: u64 = spread.iter().map(|(_, count)| count).sum();
    let is_placed = |(end, count): &&(f64, u64)| end.is_finite() && *end > 0.0 && *count > 0;
    let share = |(end, count): &(f64, u64)| (*end, *count as f64 / all as f64 * 100.0);
    spread.iter().filter(is_placed).map(share).collect()
}

fn histogram(latency: &Latency, of: fn(&Outcome) -> &Spread, runs: &[(&str, &Outcome)]) -> Chart {
    let mut curves = Vec::new();
    let mut places = Vec::new();
    for (look, (name, outcome)) in runs.iter().enumerate() {
        let parts = parts(of(outcome));
        let mut points = Vec::new();
        for (at, (end, share)) in parts.iter().enumerate() {
            let before = at.checked_sub(1).map_or(0.0, |at| parts[at].0);
            let begin = if before * PART * 1.05 > *end { before } else { end / PART };
            if begin > before {
                points.extend(points.last().map(|(x, _)| (*x, Some(0.0))));
                points.push((begin, Some(0.0)));
            }
            points.extend([(begin, Some(*share)), (*end, Some(*share))]);
        }
        points.extend(points.last().map(|(x, _)| (*x, Some(0.0))));
        let told = parts.iter().map(|(end, share)| (*end, Some(*share))).collect();
        let shown = if runs.len() > 1 { (*name).into() } else { "share".into() };
        curves.push(Curve { name: shown, look, is_filled: true, points, told });
        let shares = (latency.of)(outcome);
        let shares = [("p50", shares.p50), ("p99", shares.p99), ("p99.9", shares.p999)];
        let named = shares.into_iter().filter(|(_, at)| *at > 0.0 && !parts.is_empty());
        places.extend(named.map(|(share, at)| {
            let name = if runs.len() > 1 { format!("{share} {name}") } else { share.into() };
            Level { name, look, at }
        }));
    }
    Chart {
        title: format!("{}: how many took how long", latency.name),
        reading:
            "The height is the share that took so long, each step a tenth longer than the one \
            before; one narrow peak far to the left is good."
                .into(),
        across: TIME,
        up: Axis { label: "share", unit: Unit::Percent, scale: Scale::Even },
        curves,
        levels: Vec::new(),
        places,
    }
}

fn tail(latency: &Latency, of: fn(&Outcome) -> &Tail, runs: &[(&str, &Outcome)]) -> Chart {
    let curve = |(look, (name, outcome)): (usize, &(&str, &Outcome))| {
        let points = of(outcome).iter().map(|(at, longer)| (*at, Some(*longer))).collect();
        let shown = if runs.len() > 1 { *name } else { "longer" };
        Curve { name: shown.into(), look, points, ..Curve::default() }
    };
    let curves: Vec<_> = runs.iter().enumerate().map(curve).collect();
    let points = || curves.iter().flat_map(|it| &it.points);
    let lowest = points().filter_map(|(_, y)| *y).fold(100.0, f64::min);
    let (first, last) =
        points().fold((f64::MAX, 0.0), |(low, high), (x, _)| (x.min(low), x.max(high)));
    let levels = [("p50", 50.0), ("p99", 1.0), ("p99.9", 0.1)];
    let levels = levels.into_iter().filter(|(_, at)| *at >= lowest);
    let scale = if last < first * NARROW { Scale::Near } else { Scale::Log };
    Chart {
        title: format!("{}: how many took longer", latency.name),
        reading: "The share that took longer than the time below; where a curve crosses the line \
            p99, 1 in 100 took longer. It ends with the longest. A curve further to the left is better."
            .into(),
        across: Axis { scale, ..TIME },
        up: Axis { label: "share that took longer", unit: Unit::Percent, scale: Scale::Log },
        levels: levels.map(|(name, at)| Level { name: name.into(), look: 0, at }).collect(),
        curves,
        places: Vec::new(),
    }
}

/// How players fared as more and more of them came; nothing if no more came than at first.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of players")]
pub(super) fn capacity(runs: &[(&str, &Outcome)]) -> Vec<Chart> {
    let series: [(&str, &str, Unit, fn(&Step) -> Option<f64>); 2] = [
        ("Gap between packets, p99", "gap", Unit::Milliseconds, |it| measured(it.gap_p99)),
        ("Server: processor", "of one core", Unit::Percent, |it| it.server_cpu_percent),
    ];
    let chart =
        |(title, label, unit, of): (&str, &'static str, Unit, fn(&Step) -> Option<f64>)| Chart {
            title: title.into(),
            reading: "Each point is a load that was measured; the last one is what was \
            too much, if anything was."
                .into(),
            across: Axis { label: "players", unit: Unit::Count, scale: Scale::Even },
            up: Axis { label, unit, scale: Scale::Even },
            curves: runs
                .iter()
                .enumerate()
                .map(|(look, (name, outcome))| Curve {
                    name: (*name).into(),
                    look,
                    points: outcome.steps.iter().map(|it| (it.players as f64, of(it))).collect(),
                    ..Curve::default()
                })
                .collect(),
            levels: Vec::new(),
            places: Vec::new(),
        };
    let is_raised = runs.iter().any(|(_, outcome)| outcome.steps.len() > 1);
    let charts = series.into_iter().map(chart).filter(|chart| is_raised && !chart.is_empty());
    charts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Outcome {
        let second = |at| Second {
            at,
            playing: if at == 700 { 3 } else { 10 },
            gap_p50: 33.0,
            gap_max: if at == 701 { 900.0 } else { 40.0 },
            ..Second::default()
        };
        let timeline = (0..1000).map(second).collect();
        Outcome {
            hz: 30.0,
            timeline,
            gap_spread: vec![(30.0, 1), (33.0, 97), (66.0, 2)],
            gap_tail: vec![(30.0, 100.0), (33.0, 2.0), (66.0, 1.0)],
            ..Outcome::default()
        }
    }

    fn highest(chart: &Chart) -> f64 {
        chart.curves.iter().flat_map(|it| &it.points).filter_map(|(_, y)| *y).fold(0.0, f64::max)
    }

    #[test]
    fn a_long_run_is_thinned_and_its_worst_second_is_kept() {
        let run = run();
        let charts = over_time(&[("a", &run)]);
        let gap = &charts[0];
        assert!(gap.curves.iter().all(|it| it.points.len() <= POINTS_MOST));
        assert!((highest(gap) - 900.0).abs() < 1e-9);
        let players = charts.iter().find(|it| it.title == "Players").unwrap();
        assert!(players.curves[0].points.contains(&(699.0, Some(3.0))));
    }

    #[test]
    fn one_run_has_all_of_a_kind_in_a_chart_and_two_have_a_chart_for_each() {
        let run = run();
        let titles =
            |runs: &[_]| over_time(runs).into_iter().map(|it| it.title).collect::<Vec<_>>();
        assert_eq!(titles(&[("a", &run)])[0], "Gap between packets");
        let two = titles(&[("a", &run), ("b", &run)]);
        assert_eq!(two[..2], ["Gap between packets, p50", "Gap between packets, max"]);
        let charts = over_time(&[("a", &run), ("b", &run)]);
        assert!(
            charts.iter().all(|it| it.curves.len() == 2 && it.curves[0].look != it.curves[1].look)
        );
    }

    #[test]
    fn the_tail_falls_to_the_share_of_the_longest() {
        let run = run();
        let charts = distributions(&[("a", &run)]);
        assert_eq!(charts.len(), 2);
        let shares: Vec<_> = charts[1].curves[0].points.iter().filter_map(|(_, y)| *y).collect();
        assert_eq!(shares, [100.0, 2.0, 1.0]);
        assert!((highest(&charts[0]) - 97.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_not_measured_has_no_chart() {
        let empty = Outcome::default();
        assert!(
            over_time(&[("a", &empty)]).is_empty() && distributions(&[("a", &empty)]).is_empty()
        );
    }
}
