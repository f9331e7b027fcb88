//! What happened in all matches, counted.

use super::pace::Punctuality;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Sum(AtomicU64);

impl Sum {
    pub(super) fn add(&self, count: u64) {
        if count > 0 {
            self.0.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// How much it is.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Bounds of [`Spread`]'s buckets, in microseconds: each twice the one before.
const FIRST_BOUND: u64 = 8;
const BUCKETS: usize = 20;

/// How long something took, how often.
#[derive(Debug, Default)]
pub struct Spread {
    buckets: [Sum; BUCKETS],
    /// All of it, in microseconds.
    pub sum: Sum,
}

impl Spread {
    pub(super) fn note(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = (us / FIRST_BOUND + 1).next_power_of_two().trailing_zeros() as usize;
        self.buckets[bucket.min(BUCKETS - 1)].add(1);
        self.sum.add(us);
    }

    /// The upper bound of each bucket in microseconds, and how often it was no more.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut count = 0;
        self.buckets.iter().enumerate().map(move |(at, bucket)| {
            count += bucket.get();
            (FIRST_BOUND << at, count)
        })
    }
}

/// What happened in all matches.
#[derive(Debug, Default)]
pub struct Tally {
    /// Matches that began.
    pub begun: Sum,
    /// Matches that ended.
    pub ended: Sum,
    /// Matches that ended by a bug in their game.
    pub crashed: Sum,
    /// How late ticks were.
    pub late: Spread,
    /// How long ticks took, sending included.
    pub ticks: Spread,
    /// Ticks that were let go because too many were due.
    pub skipped: Sum,
    /// Packets of the stream that were sent, keyframes among them.
    pub packets: Sum,
    /// Their bytes.
    pub state_bytes: Sum,
    /// Keyframes that clients asked for because they had lost the thread.
    pub lost_threads: Sum,
    /// Keyframes that were sent.
    pub keyframes: Sum,
    /// Packets of the stream that were not sent because too much waited.
    pub held_back: Sum,
    /// Inputs that came twice, out of order or from nobody.
    pub stale_inputs: Sum,
    /// Inputs that were none of the game's.
    pub refused_inputs: Sum,
    /// Events of games that were not sent.
    pub events_dropped: Sum,
}

impl Tally {
    pub(super) fn note_punctuality(&self, punctuality: Punctuality) {
        self.late.note(punctuality.late);
        self.skipped.add(punctuality.skipped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_up_to_the_bound_above_them() {
        let spread = Spread::default();
        for us in [0, 7, 8, 15, 16, 100, 10_000_000_000] {
            spread.note(Duration::from_micros(us));
        }
        let counts: Vec<_> = spread.buckets().take(5).collect();
        assert_eq!(counts, [(8, 2), (16, 4), (32, 5), (64, 5), (128, 6)]);
        assert_eq!(spread.buckets().last().map(|(_, count)| count), Some(7));
    }
}
