//! Time in a match: ticks, and nothing else.

use crate::ids::Tick;
use bevy_ecs::resource::Resource;
use serde::{Deserialize, Serialize};

/// The match's time in this tick.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    tick: Tick,
    hertz: u32,
}

impl Time {
    pub(super) fn new(hertz: u32) -> Self {
        Self { tick: Tick(0), hertz }
    }

    pub(super) fn advance(&mut self) {
        self.tick = self.tick.next();
    }

    /// The number of this tick.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Ticks in a second.
    #[must_use]
    pub fn hertz(&self) -> u32 {
        self.hertz
    }

    /// The length of a tick in seconds.
    #[must_use]
    pub fn seconds_per_tick(&self) -> f32 {
        1.0 / self.hertz as f32
    }

    /// So many milliseconds in ticks, rounded up.
    #[must_use]
    pub fn ticks(&self, milliseconds: u32) -> u32 {
        (u64::from(milliseconds) * u64::from(self.hertz)).div_ceil(1000) as u32
    }
}

/// Comes due at a tick, once or again and again. Plain data: keep it in components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    due: Option<Tick>,
    period: u32,
}

impl Timer {
    /// Never comes due.
    #[must_use]
    pub const fn off() -> Self {
        Self { due: None, period: 0 }
    }

    /// Comes due once, so many ticks from now.
    #[must_use]
    pub fn after(now: Tick, ticks: u32) -> Self {
        Self { due: Some(Tick(now.0.saturating_add(ticks))), period: 0 }
    }

    /// Comes due each time so many ticks have passed.
    #[must_use]
    pub fn every(now: Tick, ticks: u32) -> Self {
        Self { period: ticks.max(1), ..Self::after(now, ticks.max(1)) }
    }

    /// Whether it is set and not yet due.
    #[must_use]
    pub fn is_running(&self, now: Tick) -> bool {
        self.due.is_some_and(|due| now < due)
    }

    /// Whether it has come due; a timer says so once for each time.
    pub fn ring(&mut self, now: Tick) -> bool {
        let Some(due) = self.due.filter(|due| *due <= now) else { return false };
        self.due = (self.period > 0).then(|| Tick(due.0.saturating_add(self.period)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_ring_when_they_are_due() {
        let rings = |mut timer: Timer| -> Vec<u32> {
            (0..12).filter(|tick| timer.ring(Tick(*tick))).collect()
        };
        assert_eq!(rings(Timer::off()), Vec::<u32>::new());
        assert_eq!(rings(Timer::after(Tick(0), 5)), [5]);
        assert_eq!(rings(Timer::every(Tick(1), 3)), [4, 7, 10]);
        assert_eq!(Time::new(20).ticks(101), 3);
    }
}
