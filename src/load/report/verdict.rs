//! What a run came to in plain words: first whether the figures mean anything, then whether they
//! are as they must be.

use super::figures::{Unit, groups, told};
use super::outcome::Outcome;
use std::collections::BTreeSet;

/// How good a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Untold,
    Good,
    Doubtful,
    Bad,
}

impl Mark {
    /// As a sign that needs no colour.
    #[must_use]
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Untold => "·",
            Self::Good => "✓",
            Self::Doubtful => "!",
            Self::Bad => "✗",
        }
    }

    /// As a word.
    #[must_use]
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Untold => "untold",
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        }
    }
}

/// One sentence.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) mark: Mark,
    pub(super) text: String,
}

/// What is to be said first.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    pub(super) mark: Mark,
    pub(super) headline: &'static str,
    pub(super) findings: Vec<Finding>,
}

/// Fewer packets of those that were due are worth a look.
const DELIVERED_LEAST: f64 = 0.99;
/// Who is late by more than this, and than a tick, is told so even if it was once.
const OWN_LATE_ONCE_MS: f64 = 50.0;

/// What it means if the load tool was late itself.
pub(super) const SATURATED: &str = "The load tool was at its own limit. The figures are the tool's \
    own, not the server's: take fewer players, or a machine of its own for the tool.";

/// What a run came to.
#[must_use]
pub(super) fn verdict(outcome: &Outcome) -> Verdict {
    let own = outcome.generator.is_saturated;
    let own = own.then(|| Finding { mark: Mark::Doubtful, text: SATURATED.into() });
    let rest = [asserted(outcome), verified(outcome), came(outcome), asked(outcome)];
    let rest = rest.into_iter().chain(stood(outcome));
    let cut = outcome.is_cut.then(|| {
        let seconds = told(outcome.seconds, Unit::Seconds);
        let text = format!("It was ended before its time; this is of {seconds}.");
        Finding { mark: Mark::Doubtful, text }
    });
    let first = own.into_iter().chain(cut).chain(held(outcome));
    let findings: Vec<_> = first.chain(rest).collect();
    let mark = findings.iter().map(|it| it.mark).max().unwrap_or(Mark::Good);
    let headline = match mark {
        Mark::Bad => "This run did not come to what it must.",
        Mark::Doubtful if outcome.generator.is_saturated => {
            "This run says little about the server: the load tool was at its own limit."
        }
        Mark::Doubtful => "Nothing failed, but read this first.",
        Mark::Untold | Mark::Good if outcome.assertions.is_empty() => {
            "Nothing went wrong in this run."
        }
        Mark::Untold | Mark::Good => "This run came to all that it must.",
    };
    Verdict { mark, headline, findings }
}

/// How many were held, where more and more came.
pub(super) fn held(outcome: &Outcome) -> Option<Finding> {
    let last = outcome.steps.iter().rfind(|it| it.broke.is_none());
    let broken = outcome.steps.iter().rfind(|it| it.broke.is_some());
    let too_many = broken.map(|it| {
        let why = it.broke.as_deref().unwrap_or_default();
        format!("{} were too many: {why}.", told_count(it.players as u64))
    });
    let (mark, text) = match (last, too_many) {
        (None, None) => return None,
        (None, Some(too_many)) => (Mark::Bad, too_many),
        (Some(held), too_many) => {
            let players = told_count(held.players as u64);
            let is_least = held.is_saturated || broken.is_none_or(|it| it.is_saturated);
            let least = if is_least { "At least " } else { "" };
            let text = format!("{least}{players} players were held.");
            (Mark::Good, [text, too_many.unwrap_or_default()].join(" ").trim_end().into())
        }
    };
    Some(Finding { mark, text })
}

fn asserted(outcome: &Outcome) -> Finding {
    let all = outcome.assertions.len();
    let failed: Vec<_> = outcome.assertions.iter().filter(|it| !it.holds).collect();
    let names: Vec<_> = failed.iter().map(|it| it.text.as_str()).collect();
    let (mark, text) = match (all, failed.len()) {
        (0, _) => (Mark::Untold, "Nothing was asserted.".into()),
        (1, 0) => (Mark::Good, "The one assertion holds.".into()),
        (_, 0) => (Mark::Good, format!("All {all} assertions hold.")),
        (_, few) => {
            (Mark::Bad, format!("Of {all} assertions, {few} failed: {}.", names.join(", ")))
        }
    };
    Finding { mark, text }
}

fn verified(outcome: &Outcome) -> Finding {
    let delivered = told(outcome.delivered_ratio * 100.0, Unit::Percent);
    let (mark, text) = if outcome.desyncs > 0 {
        let count = told_count(outcome.desyncs);
        let text = format!(
            "Packets were verified, and {count} desyncs were found; {delivered} of those due came and were right."
        );
        (Mark::Bad, text)
    } else if outcome.delivered_ratio > 0.0 && !outcome.has_streams() {
        let text = "No stream was followed, so nothing was verified";
        (Mark::Untold, format!("{text}; of what was said in rooms {delivered} was heard."))
    } else if outcome.delivered_ratio > 0.0 {
        let text = format!(
            "Every packet that came was verified, without a desync; {delivered} of those due came."
        );
        let is_nearly_all = outcome.delivered_ratio >= DELIVERED_LEAST;
        (if is_nearly_all { Mark::Good } else { Mark::Doubtful }, text)
    } else {
        (Mark::Bad, "No packet of the stream came, so nothing was verified.".into())
    };
    Finding { mark, text }
}

fn came(outcome: &Outcome) -> Finding {
    let Outcome { connected, players, refused, lost, .. } = *outcome;
    let text = format!(
        "{} of {} players had a seat at the end; {} refusals, {} connections lost.",
        told_count(connected as u64),
        told_count(players as u64),
        told_count(refused),
        told_count(lost),
    );
    let is_full = connected >= players || outcome.left > 0;
    let mark = match (connected, is_full && refused == 0 && lost == 0) {
        (0, _) => Mark::Bad,
        (_, true) => Mark::Good,
        (_, false) => Mark::Doubtful,
    };
    Finding { mark, text }
}

/// Whether the load tool itself stood still for once: what is seldom is in no percentile.
pub(super) fn stood(outcome: &Outcome) -> Option<Finding> {
    let tick = if outcome.hz > 0.0 { 1e3 / outcome.hz } else { OWN_LATE_ONCE_MS };
    let late = outcome.generator.late_ms_max;
    (late > tick.max(OWN_LATE_ONCE_MS)).then(|| {
        let late = told(late, Unit::Milliseconds);
        let text = format!(
            "The load tool itself was late by up to {late}: the longest gaps and waits may be its own."
        );
        Finding { mark: Mark::Untold, text }
    })
}

fn asked(outcome: &Outcome) -> Finding {
    let Some(server) = outcome.server else {
        let text = "Of what the server used nothing is known: it was not asked, or it was another one in the end.".into();
        return Finding { mark: Mark::Untold, text };
    };
    let text = format!(
        "The server used {} of a core and {} of memory, and skipped {} ticks.",
        told(server.cpu_percent, Unit::Percent),
        told(server.rss_kib, Unit::Kibibytes),
        told(server.skipped_ticks, Unit::Count),
    );
    let mark = if server.skipped_ticks > 0.0 { Mark::Doubtful } else { Mark::Good };
    Finding { mark, text }
}

#[expect(clippy::cast_precision_loss, reason = "counts of what happened")]
fn told_count(count: u64) -> String {
    told(count as f64, Unit::Count)
}

/// Runs whose figures differ by less are alike.
const ALIKE: f64 = 0.01;

/// In what runs cannot be compared with the first.
#[must_use]
pub(super) fn unlike(runs: &[&Outcome]) -> Option<String> {
    let asked = ["Players wanted", "Matches", "Tick rate", "Measured for"];
    let groups = groups(runs);
    let rows = groups.iter().flat_map(|it| &it.rows).filter(|row| asked.contains(&&*row.name));
    // What is measured for a time is measured for a little longer.
    let is_like = |one: Option<f64>, other: Option<f64>| match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= one.abs() * ALIKE,
        (one, other) => one.is_none() && other.is_none(),
    };
    let differs =
        rows.filter(|row| (1..row.values.len()).any(|run| !is_like(row.value(0), row.value(run))));
    let mut differs: BTreeSet<_> = differs.map(|row| row.name.to_lowercase()).collect();
    let first = runs.first().map(|run| &run.conditions)?;
    // A file that says nothing of them is an old one.
    let told = runs.iter().map(|run| &run.conditions).filter(|it| !it.is_empty());
    for other in told.filter(|_| !first.is_empty()) {
        let names = first.keys().chain(other.keys());
        differs.extend(names.filter(|name| first.get(*name) != other.get(*name)).cloned());
    }
    let names = differs.into_iter().collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| {
        format!(
            "These runs were not asked for the same: {names}. Totals and much else differ for that alone."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::expect::Judged;
    use super::*;

    fn fine() -> Outcome {
        let holds = Judged { text: "desync=0".into(), value: Some(0.0), holds: true };
        Outcome {
            players: 10,
            connected: 10,
            delivered_ratio: 1.0,
            keyframes: 10,
            assertions: vec![holds],
            ..Outcome::default()
        }
    }

    #[test]
    fn a_run_is_good_only_if_all_of_it_is() {
        assert_eq!(verdict(&fine()).mark, Mark::Good);
        let marked = |spoil: fn(&mut Outcome)| {
            let mut outcome = fine();
            spoil(&mut outcome);
            verdict(&outcome).mark
        };
        assert_eq!(marked(|it| it.assertions[0].holds = false), Mark::Bad);
        assert_eq!(marked(|it| it.desyncs = 1), Mark::Bad);
        assert_eq!(marked(|it| it.delivered_ratio = 0.0), Mark::Bad);
        assert_eq!(marked(|it| it.connected = 9), Mark::Doubtful);
        let mut chatter = fine();
        chatter.keyframes = 0;
        let told = verdict(&chatter).findings;
        assert!(told.iter().all(|it| !it.text.contains("without a desync")), "{told:?}");
        assert_eq!(marked(|it| it.generator.is_saturated = true), Mark::Doubtful);
    }

    #[test]
    fn a_tool_at_its_limit_is_told_first() {
        let mut outcome = fine();
        outcome.generator.is_saturated = true;
        outcome.desyncs = 2;
        let verdict = verdict(&outcome);
        assert_eq!(verdict.findings[0].text, SATURATED);
        assert!(verdict.findings.iter().any(|it| it.text.contains("2 desyncs")));
    }
}
