//! What a client knows of the server's time, from pings and pongs.
//!
//! The way of a ping that was back soonest was the most even, so the best of the last few tells the
//! time. Whatever a server says, the arithmetic is defined.

use super::message::Pong;
use crate::ids::Tick;
use std::time::Duration;

const SAMPLES: usize = 8;

/// One ping and its pong.
#[derive(Clone, Copy, Debug)]
struct Sample {
    round_trip_us: u64,
    /// What is added to the client's clock, modulo 2^64.
    ahead_us: u64,
}

/// How far a match was at some time of the server's.
#[derive(Clone, Copy, Debug)]
struct Beat {
    at_us: u64,
    tick: Tick,
    phase: u8,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    samples: [Option<Sample>; SAMPLES],
    next: usize,
    beat: Option<Beat>,
    tick_rate: u16,
}

impl Clock {
    /// Notes what time it was at the server between then and now.
    pub(super) fn note(&mut self, sent_us: u64, server_us: u64, now: Duration) {
        let Some(round_trip_us) = microseconds(now).checked_sub(sent_us) else { return };
        let ahead_us = server_us.wrapping_sub(sent_us + round_trip_us / 2);
        self.samples[self.next % SAMPLES] = Some(Sample { round_trip_us, ahead_us });
        self.next = (self.next + 1) % SAMPLES;
    }

    pub(super) fn note_pong(&mut self, pong: &Pong, now: Duration) {
        self.note(pong.sent_us, pong.now_us, now);
        if pong.tick > Tick(0) {
            self.beat = Some(Beat { at_us: pong.now_us, tick: pong.tick, phase: pong.phase });
        }
    }

    /// Another match begins, or none.
    pub(super) fn set_match(&mut self, tick_rate: u16) {
        self.beat = None;
        self.tick_rate = tick_rate;
    }

    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.best().map(|best| Duration::from_micros(best.round_trip_us))
    }

    pub(super) fn server_now(&self, now: Duration) -> Option<Duration> {
        let best = self.best()?;
        Some(Duration::from_micros(microseconds(now).wrapping_add(best.ahead_us)))
    }

    pub(super) fn tick(&self, now: Duration) -> Option<(Tick, u8)> {
        let (now, beat) = (self.server_now(now)?, self.beat?);
        let elapsed = u128::from(microseconds(now).saturating_sub(beat.at_us));
        let steps = elapsed * u128::from(self.tick_rate) * 256 / 1_000_000 + u128::from(beat.phase);
        let ticks = u32::try_from(steps / 256).unwrap_or(u32::MAX);
        Some((Tick(beat.tick.0.saturating_add(ticks)), (steps % 256) as u8))
    }

    fn best(&self) -> Option<&Sample> {
        self.samples.iter().flatten().min_by_key(|sample| sample.round_trip_us)
    }
}

/// A time as it is told in packets.
pub(super) fn microseconds(time: Duration) -> u64 {
    time.as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> Duration = Duration::from_micros;

    #[test]
    fn the_ping_that_was_back_soonest_tells_the_time() {
        let mut clock = Clock::default();
        assert_eq!((clock.server_now(AT(1)), clock.round_trip()), (None, None));
        // The server's clock is 1,000,000 behind. There in 10, back in 30; then 4 each; then 90 and 0.
        for (sent, there, back) in [(2_000_000, 10, 30), (2_000_100, 4, 4), (2_000_200, 90, 0)] {
            clock.note(sent, sent + there - 1_000_000, AT(sent + there + back));
        }
        assert_eq!(clock.server_now(AT(3_000_000)), Some(AT(2_000_000)));
        assert_eq!(clock.round_trip(), Some(AT(8)));
        for sent in 0..SAMPLES as u64 {
            clock.note(sent, sent + 50, AT(sent + 100));
        }
        assert_eq!(clock.server_now(AT(3)), Some(AT(3)), "what is long ago is forgotten");
    }

    #[test]
    fn ticks_go_on_between_pongs() {
        let mut clock = Clock::default();
        clock.set_match(50);
        let pong = Pong { sent_us: 0, now_us: 1_000_000, tick: Tick(30), phase: 128 };
        clock.note_pong(&pong, AT(0));
        assert_eq!(clock.tick(AT(0)), Some((Tick(30), 128)));
        assert_eq!(clock.tick(AT(10_000)), Some((Tick(31), 0)));
        assert_eq!(clock.tick(AT(1_005_000)), Some((Tick(80), 192)));
        clock.set_match(50);
        assert_eq!(clock.tick(AT(0)), None);
        let far = Pong { sent_us: 0, now_us: u64::MAX, tick: Tick(u32::MAX), phase: 255 };
        clock.note_pong(&far, Duration::MAX);
        assert!(clock.tick(AT(u64::MAX)).is_some());
        clock.note_pong(&far, AT(0));
        assert!(clock.server_now(Duration::MAX).is_some());
    }
}
