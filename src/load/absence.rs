//! The time that somebody misses of its match because it was put out of it: packets were due then as
//! well, so that a server does not get better by serving fewer.

use super::seat::Seat;
use super::tally::Felt;
use std::time::Duration;

/// Since when somebody misses its match, if it does.
#[derive(Default)]
pub(super) struct Absence(Option<Missed>);

struct Missed {
    /// Packets were counted as due until then.
    until: Duration,
    period: Duration,
}

impl Absence {
    /// Whoever has this seat is put out of it, and did not wish so.
    pub(super) fn begin(&mut self, seat: Option<&Seat>, now: Duration) {
        if let Some(seat) = seat.filter(|seat| seat.is_in()) {
            self.0 = Some(Missed { until: now, period: seat.period() });
        }
    }

    /// What was due by now is counted.
    pub(super) fn pass(&mut self, now: Duration, felt: &mut Felt) {
        if let Some(missed) = &mut self.0 {
            let ticks = now.saturating_sub(missed.until).div_duration_f64(missed.period) as u32;
            missed.until += missed.period * ticks;
            felt.counts.expected += u64::from(ticks);
        }
    }

    /// It may be in again.
    pub(super) fn look(&mut self, seat: Option<&Seat>, now: Duration, felt: &mut Felt) {
        if self.0.is_some() && seat.is_some_and(Seat::is_in) {
            self.pass(now, felt);
            self.0 = None;
        }
    }
}
