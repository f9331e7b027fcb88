//! What a run must come to: `delta_p99<60ms, desync=0`.

use super::figures::exact;
use super::outcome::{Outcome, Shares};
use super::server_part::ServerPart;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One assertion.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    figure: &'static Figure,
    is: Is,
    bound: f64,
    text: String,
}

/// What was asserted, and whether it holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// As it was written.
    pub text: String,
    /// What it was, if that was measured.
    pub value: Option<f64>,
    /// Whether it holds.
    pub holds: bool,
}

impl Judged {
    /// What it was, in words.
    #[must_use]
    pub fn was(&self) -> String {
        self.value.map_or_else(|| "not measured".into(), |value| format!("was {}", exact(value)))
    }
}

/// A figure that can be asserted.
struct Figure {
    name: &'static str,
    unit: &'static str,
    /// None: it was not measured.
    of: fn(&Outcome) -> Option<f64>,
}

impl PartialEq for Figure {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Below,
    AtMost,
    Above,
    AtLeast,
    Equal,
}

const SIGNS: [(&str, Is); 5] =
    [("<=", Is::AtMost), (">=", Is::AtLeast), ("<", Is::Below), (">", Is::Above), ("=", Is::Equal)];

const fn figure(name: &'static str, unit: &'static str, of: fn(&Outcome) -> Option<f64>) -> Figure {
    Figure { name, unit, of }
}

fn time(shares: &Shares, of: fn(&Shares) -> f64) -> Option<f64> {
    (shares.count > 0).then(|| of(shares))
}

fn of_server(outcome: &Outcome, of: fn(&ServerPart) -> f64) -> Option<f64> {
    outcome.server.as_ref().map(of)
}

#[expect(clippy::cast_precision_loss, reason = "counts of what happened")]
const FIGURES: &[Figure] = &[
    figure("delta_p50", "ms", |it| time(&it.gap_ms, |gap| gap.p50)),
    figure("delta_p99", "ms", |it| time(&it.gap_ms, |gap| gap.p99)),
    figure("delta_p999", "ms", |it| time(&it.gap_ms, |gap| gap.p999)),
    figure("delta_max", "ms", |it| time(&it.gap_ms, |gap| gap.max)),
    figure("visible_p50", "ms", |it| time(&it.input_visible_ms, |seen| seen.p50)),
    figure("visible_p99", "ms", |it| time(&it.input_visible_ms, |seen| seen.p99)),
    figure("connect_p99", "ms", |it| time(&it.connect_ms, |connect| connect.p99)),
    figure("join_p99", "ms", |it| time(&it.join_ms, |join| join.p99)),
    figure("ack_p50", "ms", |it| time(&it.ack_ms, |ack| ack.p50)),
    figure("ack_p99", "ms", |it| time(&it.ack_ms, |ack| ack.p99)),
    figure("acks_lost", "", |it| Some(it.acks_lost as f64)),
    figure("connected", "", |it| Some(it.connected as f64)),
    figure("refused", "", |it| Some(it.refused as f64)),
    figure("lost", "", |it| Some(it.lost as f64)),
    figure("reconnects", "", |it| Some(it.reconnects as f64)),
    // Nobody who saw nothing lost the thread.
    figure("desync", "", |it| (it.gap_ms.count > 0 || it.desyncs > 0).then_some(it.desyncs as f64)),
    figure("delivered", "%", |it| (it.packets_due > 0).then_some(it.delivered_ratio * 100.0)),
    figure("corrections", "%", corrections),
    figure("bytes_per_packet", "", |it| (it.packets > 0).then_some(it.bytes_per_packet)),
    figure("skipped", "", |it| of_server(it, |server| server.skipped_ticks)),
    // A tick that takes no time was none.
    figure("tick_p99", "us", |it| {
        of_server(it, |server| server.tick_us.p99).filter(|it| *it > 0.0)
    }),
    figure("late_p99", "ms", |it| {
        of_server(it, |server| server.late_ms.p99).filter(|it| *it > 0.0)
    }),
    figure("cpu", "%", |it| of_server(it, |server| server.cpu_percent)),
    figure("rss", "KiB", |it| of_server(it, |server| server.rss_kib)),
    figure("overflows", "", |it| of_server(it, |server| server.overflows)),
    figure("own_late_p99", "ms", |it| Some(it.generator.late_ms_p99)),
];

/// Corrections for a hundred predictions.
fn corrections(outcome: &Outcome) -> Option<f64> {
    let predicted = Some(outcome.inputs_predicted).filter(|it| *it > 0)?;
    Some(outcome.corrections? as f64 * 100.0 / predicted as f64)
}

/// An assertion that cannot be read.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ExpectError {
    /// There is no `<`, `<=`, `>`, `>=` or `=` in it.
    #[error("`{0}` compares nothing: write something like delta_p99<60ms")]
    NoSign(String),
    /// No such figure.
    #[error("`{0}` is no figure: there are {names}", names = names())]
    NoFigure(String),
    /// What it is compared with is no number, or has a unit that is not the figure's.
    #[error("`{0}` is no number of {1}")]
    NoNumber(String, &'static str),
    /// The same for a figure without a unit.
    #[error("`{0}` is no number, and {1} has no unit")]
    NoPlainNumber(String, &'static str),
}

fn names() -> String {
    let names: Vec<_> = FIGURES.iter().map(|figure| figure.name).collect();
    names.join(", ")
}

impl FromStr for Expect {
    type Err = ExpectError;

    fn from_str(text: &str) -> Result<Self, ExpectError> {
        let text = text.trim();
        let sign = SIGNS.iter().find(|(sign, _)| text.contains(sign));
        let (sign, is) = sign.ok_or_else(|| ExpectError::NoSign(text.into()))?;
        let (name, bound) = text.split_once(sign).unwrap_or_default();
        let (name, bound) = (name.trim(), bound.trim());
        let figure = FIGURES.iter().find(|figure| figure.name == name);
        let figure = figure.ok_or_else(|| ExpectError::NoFigure(name.into()))?;
        let no_number = || match figure.unit {
            "" => ExpectError::NoPlainNumber(bound.into(), figure.name),
            unit => ExpectError::NoNumber(bound.into(), unit),
        };
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
        let plain = number(bound).or_else(|| number(bound.strip_suffix(figure.unit)?));
        let seconds = || match figure.unit {
            "ms" => number(bound.strip_suffix('s')?).map(|seconds| seconds * 1e3),
            "us" => number(bound.strip_suffix("ms")?).map(|ms| ms * 1e3),
            _ => None,
        };
        let bound = plain.or_else(seconds).ok_or_else(no_number)?;
        Ok(Self { figure, is: *is, bound, text: text.into() })
    }
}

impl Expect {
    /// Reads a list, parted by commas.
    pub fn list(text: &str) -> Result<Vec<Self>, ExpectError> {
        text.split(',').filter(|part| !part.trim().is_empty()).map(str::parse).collect()
    }

    /// Whether another one is of the same figure.
    #[must_use]
    pub fn is_of_the_same(&self, other: &Self) -> bool {
        self.figure == other.figure
    }

    /// Whether an outcome is as it must be.
    #[must_use]
    pub fn judge(&self, outcome: &Outcome) -> Judged {
        let Some(value) = (self.figure.of)(outcome) else {
            return Judged { text: self.text.clone(), value: None, holds: false };
        };
        let holds = match self.is {
            Is::Below => value < self.bound,
            Is::AtMost => value <= self.bound,
            Is::Above => value > self.bound,
            Is::AtLeast => value >= self.bound,
            Is::Equal => (value - self.bound).abs() < f64::EPSILON * self.bound.abs().max(1.0),
        };
        Judged { text: self.text.clone(), value: Some(value), holds }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_judged() {
        let mut outcome =
            Outcome { packets_due: 1000, delivered_ratio: 0.995, ..Outcome::default() };
        (outcome.gap_ms.p99, outcome.gap_ms.count) = (59.9, 995);
        let list = "delta_p99 < 60ms, delta_p99<0.06s,desync=0, delivered >= 99.5%, delta_p99>60";
        let judged: Vec<_> =
            Expect::list(list).unwrap().iter().map(|it| it.judge(&outcome).holds).collect();
        assert_eq!(judged, [true, true, true, true, false]);
        outcome.desyncs = 1;
        assert!(!Expect::list("desync=0").unwrap()[0].judge(&outcome).holds);
        assert_eq!(Expect::list(" "), Ok(Vec::new()));
    }

    #[test]
    fn what_was_not_measured_does_not_hold() {
        let all: String = FIGURES.iter().map(|figure| format!("{}>=0,", figure.name)).collect();
        let nothing = Outcome::default();
        for expected in Expect::list(&all).unwrap() {
            let judged = expected.judge(&nothing);
            let is_count = ["acks_lost", "connected", "refused", "lost", "reconnects"]
                .contains(&expected.figure.name)
                || expected.figure.name == "own_late_p99";
            assert_eq!(judged.holds, is_count, "{}", judged.text);
            assert_eq!(judged.value.is_none(), !is_count);
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let wrong = |text: &str| text.parse::<Expect>().unwrap_err().to_string();
        assert!(wrong("delta_p99 60ms").contains("`delta_p99 60ms`"));
        assert!(
            wrong("delta_p98<60ms").starts_with("`delta_p98` is no figure: there are delta_p50")
        );
        assert_eq!(wrong("delta_p99<60kg"), "`60kg` is no number of ms");
        assert_eq!(wrong("desync=0ms"), "`0ms` is no number, and desync has no unit");
        assert!(wrong("desync=few").contains("few") && wrong("desync=NaN").contains("NaN"));
    }
}
