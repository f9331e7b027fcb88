//! The time that somebody misses of its match because it was put out of it: packets were due then as
//! well, so that a server does not get better by serving fewer.

use super::seat::Seat;
use super::tally::Felt;
use std::time::Duration;

/// Since when somebody misses its match, if it does.
#[derive(Default)]
pub(super) struct Absence(Option<Missed>);

struct Missed {
    /// What was waited for until then is noted.
    since: Duration,
    period: Duration,
}

impl Absence {
    /// Whoever has this seat is put out of it, and did not wish so.
    pub(super) fn begin(&mut self, seat: Option<&Seat>) {
        if let Some(seat) = seat.filter(|seat| seat.is_in()) {
            self.0 = Some(Missed { since: seat.heard(), period: seat.period() });
        }
    }

    /// What was due by now is counted.
    pub(super) fn pass(&mut self, now: Duration, felt: &mut Felt) {
        if let Some(missed) = self.0.as_mut().filter(|missed| now > missed.since + missed.period) {
            felt.wait_for_packets(missed.since, now, missed.period);
            missed.since = now;
        }
    }

    /// It may be in again.
    pub(super) fn look(&mut self, seat: Option<&Seat>, now: Duration, felt: &mut Felt) {
        if self.0.is_some() && seat.is_some_and(Seat::is_in) {
            self.pass(now, felt);
            // The packet with which it is in is of that time.
            felt.ticks_due -= 1.0;
            self.0 = None;
        }
    }
}
