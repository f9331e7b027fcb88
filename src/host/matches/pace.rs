//! When a match ticks.
//!
//! Ticks are due at fixed points of time. A match that is late catches up by a few ticks, then lets
//! time go and says how much: it never runs after its own past.

use std::time::Duration;

/// A match that is late makes up for at most so many ticks.
const CAUGHT_UP: u32 = 3;

/// The timetable of a match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    hertz: u32,
    /// When tick 0 of this timetable was due.
    start: Duration,
    /// Ticks that were due since, skipped ones among them.
    count: u64,
}

/// How punctual a tick is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Punctuality {
    /// How late it is.
    pub(super) late: Duration,
    /// How many ticks before it were let go.
    pub(super) skipped: u64,
}

impl Pace {
    /// A match whose first tick is due one period after `start`.
    pub(super) fn new(hertz: u32, start: Duration) -> Self {
        Self { hertz: hertz.max(1), start, count: 0 }
    }

    /// The same, later by so much.
    pub(super) fn after(self, pause: Duration) -> Self {
        Self { start: self.start + pause, ..self }
    }

    /// When the next tick is due.
    pub(super) fn due(&self) -> Duration {
        self.time_of(self.count + 1)
    }

    pub(super) fn period(&self) -> Duration {
        Duration::from_secs(1) / self.hertz
    }

    /// The next tick happens now.
    pub(super) fn step(&mut self, now: Duration) -> Punctuality {
        let late = now.saturating_sub(self.due());
        let behind = self.behind(now);
        let skipped = behind.saturating_sub(u64::from(CAUGHT_UP));
        self.count += skipped + 1;
        Punctuality { late, skipped }
    }

    /// Whole ticks that should have been already, beside the next one.
    fn behind(&self, now: Duration) -> u64 {
        let passed = now.saturating_sub(self.due()).as_nanos() * u128::from(self.hertz);
        u64::try_from(passed / 1_000_000_000).unwrap_or(u64::MAX / 2)
    }

    /// How long before the tick that is `ahead` of the next one something came, in eighths of a tick.
    pub(super) fn lead(&self, ahead: i64, came: Duration) -> i64 {
        let eighth = i128::try_from(self.period().as_nanos() / 8).unwrap_or(1).max(1);
        let nanos = |time: Duration| i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
        let before = (nanos(self.due()) - nanos(came)) / eighth;
        i64::try_from(before).unwrap_or(0).saturating_add(ahead.saturating_mul(8))
    }

    fn time_of(&self, count: u64) -> Duration {
        let nanos = u128::from(count) * 1_000_000_000 / u128::from(self.hertz);
        self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn ticks_are_due_at_fixed_points_however_late_they_were() {
        let mut pace = Pace::new(30, AT(100));
        let mut due = Vec::new();
        for _ in 0..30 {
            due.push(pace.due());
            let none = Punctuality { late: AT(3), skipped: 0 };
            assert_eq!(pace.step(pace.due() + AT(3)), none);
        }
        assert_eq!(due[0], AT(100) + Duration::from_nanos(33_333_333));
        assert_eq!(due[29], AT(1100), "nothing is lost to rounding");
    }

    #[test]
    fn a_match_catches_up_a_little_and_lets_the_rest_of_the_time_go() {
        let mut pace = Pace::new(20, AT(0));
        assert_eq!(pace.step(AT(50)).skipped, 0);
        // Two and a half ticks late: it makes up for them.
        let late = [AT(225); 3].map(|now| pace.step(now));
        assert_eq!(late.map(|step| step.late), [AT(125), AT(75), AT(25)]);
        assert_eq!(late.map(|step| step.skipped), [0; 3]);
        assert_eq!(pace.due(), AT(250));
        // Twenty ticks late: seventeen are gone.
        let step = pace.step(AT(1250));
        assert_eq!((step.late, step.skipped), (AT(1000), 17));
        assert_eq!(pace.due(), AT(1150));
        (0..3).for_each(|_| assert_eq!(pace.step(AT(1250)).skipped, 0));
        assert_eq!(pace.due(), AT(1300), "then it is in time again");
    }

    #[test]
    fn clients_are_told_how_early_they_are() {
        let mut pace = Pace::new(20, AT(0));
        pace.step(AT(50));
        assert_eq!(pace.lead(0, AT(75)), 4, "half a tick before the next");
        assert_eq!(pace.lead(2, AT(75)), 20);
        assert_eq!(pace.lead(-1, AT(75)), -4, "for the tick that has been");
    }
}
