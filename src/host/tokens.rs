//! A bucket of tokens: so many a second, and some more at once.

use std::time::Duration;

/// What is left to somebody who may do so much in a second.
#[derive(Clone, Copy, Debug)]
pub struct Tokens {
    left: f32,
    at: Duration,
}

impl Tokens {
    /// A full bucket.
    #[must_use]
    pub fn new(burst: u32, now: Duration) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
        Self { left: burst as f32, at: now }
    }

    /// Takes one if there is one.
    pub fn take(&mut self, per_second: u32, burst: u32, now: Duration) -> bool {
        self.take_some(1, per_second, burst, now)
    }

    /// Takes so many if they are there.
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
    pub fn take_some(&mut self, count: u32, per_second: u32, burst: u32, now: Duration) -> bool {
        let has_some = self.has(count, per_second, burst, now);
        if has_some {
            self.left -= count as f32;
        }
        has_some
    }

    /// Whether so many are there.
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
    pub fn has(&mut self, count: u32, per_second: u32, burst: u32, now: Duration) -> bool {
        let passed = now.saturating_sub(self.at).as_secs_f32();
        self.at = now;
        self.left = (self.left + passed * per_second as f32).min(burst as f32);
        self.left >= count as f32
    }

    /// Takes so many, there or not: at most a whole bucket is owed.
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more")]
    pub fn owe(&mut self, count: u32, per_second: u32, burst: u32, now: Duration) {
        self.has(0, per_second, burst, now);
        self.left = (self.left - count as f32).max(-(burst as f32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        let second = Duration::from_secs(1);
        let mut tokens = Tokens::new(5, second);
        assert_eq!((0..9).filter(|_| tokens.take(2, 5, second)).count(), 5);
        assert_eq!((0..9).filter(|_| tokens.take(2, 5, second * 2)).count(), 2);
        assert_eq!((0..9).filter(|_| tokens.take(2, 5, second * 99)).count(), 5);
    }
}
