//! A report of one run, or of several side by side, as a single HTML document for somebody who was
//! not there. It needs no network and no script, and what comes from a run is never markup.

use super::charts::{Chart, escaped};
use super::figures::{Group, Row, Unit, groups, told};
use super::outcome::{Made, Outcome};
use super::plots::{POINTS_MOST, capacity, distributions, over_time};
use super::sheet::{changed, key, tables};
use super::verdict::{Mark, SATURATED, unlike, verdict};

const STYLE: &str = include_str!("page.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
/// The name, as it is on the start page of the demo.
const WORDMARK: &str = "<svg class=\"wordmark\" viewBox=\"-2 0 134 30\" role=\"img\" \
    aria-label=\"Tickwire\"><path class=\"wire\" d=\"M-2 26H132\"/><path class=\"letters\" d=\"M0 3.7H13M6.5 \
    2V22M20.5 2V22M41 3.7H28.7V20.3H41M47.7 2V22M60 2.5 49 13M53 9.5 60.5 21.5M66 2 70 20 75 7 80 20 84 \
    2M90.7 2V22M98.7 22V3.7H110.3V12.8H98.7M104 12.8 110.5 21.8M129 3.7H118.2V20.3H129M118.2 \
    12H127\"/></svg>";

/// What is on a card: a group, a figure of it, and what it means.
const CARDS: [(&str, &str, &str); 12] = [
    ("Who came", "Seated at the end", "players who had a seat"),
    ("Times", "Gap, p50", "between two packets, usually"),
    ("Times", "Gap, p99", "between two packets, 99 of 100"),
    ("Times", "Input to visible, p99", "until another player sees it"),
    ("Times", "Join, p99", "from a seat to all that is seen from it"),
    ("Stream", "Packets delivered", "of those that were due"),
    ("Stream", "Desyncs", "players who lost the thread"),
    ("Stream", "Mean packet", "of the stream, framed"),
    ("Stream", "To each player", "everything counted"),
    ("Server", "Processor per player tick", "of the server"),
    ("Server", "Processor, of one core", "of the server"),
    ("Server", "Memory per connection", "of the server"),
];

const GLOSSARY: [(&str, &str); 9] = [
    (
        "Tick",
        "One step of the world. At 30 Hz there are 30 in a second, and the tick period is 33.3 ms.",
    ),
    ("Gap", "The time between two packets of the stream at one player; at best the tick period."),
    (
        "Input to visible",
        "From when an input was due until another player has the packet that shows it.",
    ),
    (
        "Due",
        "When a thing was to happen by the plan. Times count from there, not from when it was done, so waiting is not hidden.",
    ),
    (
        "Desync",
        "A player whose world is not the server's: a checksum differed, or a packet could not be applied.",
    ),
    (
        "Keyframe",
        "A packet with the whole world, for who comes or lost the thread; all others tell only what changed.",
    ),
    ("Player tick", "One player in one tick: one packet of the stream."),
    ("p50, p99, p99.9, max", "Half, 99 of 100, 999 of 1000 and all were within this value."),
    (
        "At its own limit",
        "The load tool was late or its core was full, so it measured itself and not the server.",
    ),
];

/// A self-contained HTML document that tells what runs came to, each with its name. Several are
/// compared with the first.
#[must_use]
pub fn page(runs: &[(&str, &Outcome)]) -> String {
    let names: Vec<_> = runs.iter().map(|(name, _)| escaped(name)).collect();
    let title = match &names[..] {
        [] => "No run".into(),
        [name] => format!("Load report: {name}"),
        _ => format!("Load comparison: {}", names.join(" and ")),
    };
    let outcomes: Vec<_> = runs.iter().map(|(_, outcome)| *outcome).collect();
    let groups = groups(&outcomes);
    let parts = [
        saturated(runs),
        format!(
            "<section class=\"runs\">{}</section>\n",
            runs.iter().enumerate().map(run).collect::<String>()
        ),
        compared(runs),
        cards(&groups, runs),
        match &capacity(runs)[..] {
            [] => String::new(),
            steps => charts("More and more players", steps, ""),
        },
        charts("Second by second", &over_time(runs), &thinning(runs)),
        charts("How times lie", &distributions(runs), ""),
        tables(&groups, runs),
        glossary(),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta \
         http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"dark light\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>{WORDMARK}<h1>{title}</h1>\
         </header>\n<main>\n{}</main>\n</body>\n</html>\n",
        parts.concat()
    )
}

/// The loud warning.
fn saturated(runs: &[(&str, &Outcome)]) -> String {
    let own = runs.iter().filter(|(_, outcome)| outcome.generator.is_saturated);
    let warning = |(name, outcome): &(&str, &Outcome)| {
        let of = if runs.len() > 1 { format!("{}: ", escaped(name)) } else { String::new() };
        format!(
            "<section class=\"alarm\" role=\"alert\"><h2>{of}do not trust these figures</h2><p>{SATURATED} \
             Its busiest thread used {} of its core, and 1 in 100 of its own steps was more than {} late.</p></section>\n",
            told(outcome.generator.busiest_percent, Unit::Percent),
            told(outcome.generator.late_ms_p99, Unit::Milliseconds),
        )
    };
    own.map(warning).collect()
}

/// What was run, and what it came to in words.
fn run((at, (name, outcome)): (usize, &(&str, &Outcome))) -> String {
    let verdict = verdict(outcome);
    let finding = |mark: Mark, text: &str| {
        let (word, sign) = (mark.word(), mark.sign());
        let text = escaped(text);
        format!("<li class=\"{word}\"><b aria-label=\"{word}\">{sign}</b><span>{text}</span></li>")
    };
    let findings: String = verdict.findings.iter().map(|it| finding(it.mark, &it.text)).collect();
    let count = |count: usize| {
        #[expect(clippy::cast_precision_loss, reason = "counts of players")]
        told(count as f64, Unit::Count)
    };
    let facts = [
        ("players", count(outcome.players)),
        ("matches", count(outcome.matches)),
        ("tick rate", if outcome.hz > 0.0 { told(outcome.hz, Unit::Hertz) } else { "–".into() }),
        ("measured for", told(outcome.seconds, Unit::Seconds)),
        ("made", made(outcome)),
    ];
    let facts = facts.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>"));
    let command = if outcome.command.is_empty() { "not told" } else { &outcome.command };
    format!(
        "<article class=\"{}\"><h2>{}{}</h2><p class=\"headline\"><b>{}</b> {}</p><ul class=\"findings\">\
         {findings}</ul><dl class=\"facts\">{}</dl><p class=\"command\"><small>Command</small> <code>{}</code>\
         </p></article>",
        verdict.mark.word(),
        key(at),
        escaped(name),
        verdict.mark.sign(),
        verdict.headline,
        facts.concat(),
        escaped(command),
    )
}

/// When and with what, as far as that is known.
fn made(outcome: &Outcome) -> String {
    let Made { at, version, system, cores } = &outcome.made;
    if at.is_empty() {
        return "–".into();
    }
    escaped(&format!("{at}, tickwire {version}, {system}, {cores} cores"))
}

/// How changes are to be taken.
fn compared(runs: &[(&str, &Outcome)]) -> String {
    if runs.len() < 2 {
        return String::new();
    }
    let outcomes: Vec<_> = runs.iter().map(|(_, outcome)| *outcome).collect();
    let warning = unlike(&outcomes).map(|it| format!("<b>! {it}</b> ")).unwrap_or_default();
    format!(
        "<p class=\"note\">{warning}Changes are from the first run. Two runs of the very same also differ \
         by chance: repeat them before you believe in a few percent.</p>\n"
    )
}

fn cards(groups: &[Group], runs: &[(&str, &Outcome)]) -> String {
    let found = CARDS.iter().filter_map(|(title, name, meaning)| {
        let group = groups.iter().find(|group| group.title == *title)?;
        Some((group.rows.iter().find(|row| row.name == *name)?, meaning))
    });
    let card = |(row, meaning): (&Row, &&str)| {
        let value = |at| {
            let key = if runs.len() > 1 { key(at) } else { String::new() };
            let change = if at > 0 { changed(row, at) } else { String::new() };
            format!("<p class=\"value\">{key}{} {change}</p>", row.told(at))
        };
        let values: String = (0..runs.len()).map(value).collect();
        format!("<li><h3>{}</h3>{values}<small>{meaning}</small></li>", escaped(&row.name))
    };
    format!("<ul class=\"cards\">{}</ul>\n", found.map(card).collect::<String>())
}

fn charts(title: &str, charts: &[Chart], note: &str) -> String {
    let drawn: String = charts.iter().map(Chart::draw).collect();
    let drawn =
        if drawn.is_empty() { "<p>Nothing of this was measured.</p>".into() } else { drawn };
    format!("<section><h2>{title}</h2>{note}<div class=\"charts\">{drawn}</div></section>\n")
}

fn thinning(runs: &[(&str, &Outcome)]) -> String {
    let longest = runs.iter().map(|(_, it)| it.timeline.len()).max().unwrap_or(0);
    let few = longest.div_ceil(POINTS_MOST).max(1);
    let each = match few {
        1 => "Each point is a second".into(),
        _ => format!("Each point is the worst of {few} seconds"),
    };
    format!(
        "<p>{each}; where nothing was measured, the curve has a break. Point at a chart to read its \
         values.</p>"
    )
}

fn glossary() -> String {
    let term =
        |(term, meaning): &(&str, &str)| format!("<div><dt>{term}</dt><dd>{meaning}</dd></div>");
    let terms: String = GLOSSARY.iter().map(term).collect();
    format!("<section><h2>Words</h2><dl class=\"glossary\">{terms}</dl></section>\n")
}

#[cfg(test)]
mod tests {
    use super::super::expect::Judged;
    use super::super::outcome::{Second, Shares};
    use super::super::server_part::ServerPart;
    use super::*;

    const HOSTILE: &str = "<script>alert('x')</script>\" onload=\"y";

    fn run() -> Outcome {
        let times =
            |p50: f64| Shares { p50, p99: p50 + 0.5, p999: p50 + 0.75, max: p50 + 0.9, count: 9 };
        let judged = |text: &str, holds| Judged { text: text.into(), value: Some(61.25), holds };
        Outcome {
            command: format!("--players 77 {HOSTILE}"),
            players: 77,
            connected: 76,
            hz: 20.0,
            seconds: 61.0,
            delivered_ratio: 0.9876,
            gap_ms: times(11.0),
            input_visible_ms: times(22.0),
            connect_ms: times(33.0),
            join_ms: times(44.0),
            ack_ms: times(55.0),
            bytes_per_packet: 38.4,
            refusals: [(HOSTILE.to_string(), 321)].into(),
            chaos: [(format!("flood {HOSTILE}"), 654)].into(),
            assertions: vec![judged(HOSTILE, true), judged("delta_p99<60ms", false)],
            server: Some(ServerPart { cpu_us_per_player_tick: 1.23, ..ServerPart::default() }),
            timeline: (0..5).map(|at| Second { at, gap_p99: 11.5, ..Second::default() }).collect(),
            gap_spread: vec![(10.0, 1), (11.0, 8)],
            ..Outcome::default()
        }
    }

    #[test]
    fn all_figures_of_a_run_are_told() {
        let outcome = run();
        let page = page(&[("night", &outcome)]);
        for row in groups(&[&outcome]).iter().flat_map(|group| &group.rows) {
            let cell = format!(">{}", row.told(0));
            assert!(page.contains(&cell), "{} is not told: {cell}", row.name);
        }
        for text in ["✓ holds", "✗ fails", "61.25", ">321<", ">654<", "--players 77", "tick period"]
        {
            assert!(page.contains(text), "{text} is not told");
        }
    }

    #[test]
    fn what_comes_from_a_run_is_never_markup() {
        let outcome = run();
        for page in [page(&[(HOSTILE, &outcome)]), page(&[(HOSTILE, &outcome), ("b", &outcome)])] {
            assert!(!page.contains("<script") && !page.contains("\" onload"));
            let times = page.matches("&lt;script&gt;").count();
            assert!(times >= 6, "{times}");
        }
    }

    #[test]
    fn a_run_of_nothing_makes_a_page_of_numbers_only() {
        let empty = Outcome::default();
        for runs in [&[][..], &[("a", &empty)], &[("a", &empty), ("b", &empty)]] {
            let page = page(runs);
            assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
            assert!(!page.contains("NaN") && !page.contains(">inf") && !page.contains("-inf"));
        }
        assert!(page(&[("a", &empty)]).contains("No packet of the stream came"));
    }

    #[test]
    fn a_page_asks_for_nothing_from_elsewhere() {
        let outcome = run();
        let page = page(&[("a", &outcome)]);
        assert!(page.contains(POLICY));
        for word in ["http:", "https:", "src=", "url(", "<link", "@import"] {
            assert!(!page.contains(word), "{word}");
        }
    }

    #[test]
    fn a_tool_at_its_limit_is_told_loudly() {
        let mut outcome = run();
        assert!(!page(&[("a", &outcome)]).contains("role=\"alert\""));
        outcome.generator.is_saturated = true;
        assert!(page(&[("a", &outcome)]).contains("role=\"alert\""));
    }

    #[test]
    fn of_two_runs_the_second_is_better_or_worse_in_words() {
        let (before, mut after) = (run(), run());
        after.bytes_per_packet = 19.2;
        after.gap_ms.p99 = 23.0;
        after.seconds += 0.003;
        let compared = |after: &Outcome| page(&[("before", &before), ("after", after)]);
        assert!(!compared(&after).contains("not asked for the same"));
        after.players = 79;
        let page = compared(&after);
        assert!(page.contains("−50 % better") && page.contains("+100 % worse"));
        assert!(page.contains("not asked for the same: players wanted."));
    }
}
