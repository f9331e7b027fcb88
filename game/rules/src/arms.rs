//! What an avatar holds: three weapons, what is loaded, and when it may fire.

use crate::{Controls, ticks};

/// How many shots the blaster holds.
pub const LOADED_MOST: u8 = 12;
/// How many shells can be carried.
pub const SHELLS_MOST: u8 = 24;
/// How many rockets can be carried.
pub const ROCKETS_MOST: u8 = 8;
/// How long the blaster takes to reload.
const RELOAD: u32 = ticks(1300);
/// How long it takes to hold another weapon.
const CHANGE: u32 = ticks(250);

/// A weapon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Weapon {
    /// Quick single shots that never run out.
    #[default]
    Blaster,
    /// A handful of shots at once, for those who are near.
    Scatter,
    /// Slow, and it bursts.
    Rocket,
}

/// All of them, by their numbers.
pub const WEAPONS: [Weapon; 3] = [Weapon::Blaster, Weapon::Scatter, Weapon::Rocket];

impl Weapon {
    /// The weapon with this number; the first if there is none.
    #[must_use]
    pub fn of(number: u8) -> Self {
        WEAPONS.get(usize::from(number)).copied().unwrap_or_default()
    }

    /// From one shot to the next.
    fn pause(self) -> u32 {
        match self {
            Self::Blaster => ticks(200),
            Self::Scatter => ticks(750),
            Self::Rocket => ticks(900),
        }
    }
}

/// What an avatar holds and carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arms {
    /// What it holds.
    pub weapon: Weapon,
    /// Shots in the blaster.
    pub loaded: u8,
    /// Shells of the scatter.
    pub shells: u8,
    /// Rockets.
    pub rockets: u8,
    /// The tick at which the blaster is loaded again; 0 while it needs not be.
    pub reload: u32,
    /// The first tick in which it may fire.
    pub ready: u32,
}

impl Arms {
    /// What an avatar has when it appears.
    #[must_use]
    pub fn first() -> Self {
        Self { loaded: LOADED_MOST, shells: 8, rockets: 2, ..Self::default() }
    }

    /// Lets a tick pass; says whether a shot is fired, which nobody does while the round is over.
    pub fn step(&mut self, controls: &Controls, now: u32, is_live: bool) -> bool {
        if controls.weapon != self.weapon {
            self.weapon = controls.weapon;
            self.ready = self.ready.max(now + CHANGE);
        }
        if self.reload != 0 && self.reload <= now {
            (self.loaded, self.reload) = (LOADED_MOST, 0);
        }
        let is_wanted = self.loaded == 0 || (controls.reload && self.loaded < LOADED_MOST);
        if self.reload == 0 && is_wanted {
            self.reload = now + RELOAD;
        }
        let is_ready = is_live && controls.fire && self.ready <= now;
        let is_loading = self.weapon == Weapon::Blaster && self.reload != 0;
        let left = match self.weapon {
            Weapon::Blaster => &mut self.loaded,
            Weapon::Scatter => &mut self.shells,
            Weapon::Rocket => &mut self.rockets,
        };
        let fires = is_ready && !is_loading && *left > 0;
        if fires {
            *left -= 1;
            self.ready = now + self.weapon.pause();
        }
        fires
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fired(arms: &mut Arms, weapon: Weapon, ticks: std::ops::Range<u32>) -> usize {
        let controls = Controls { fire: true, weapon, ..Controls::default() };
        ticks.filter(|now| arms.step(&controls, *now, true)).count()
    }

    #[test]
    fn the_blaster_fires_five_times_a_second_and_reloads_by_itself() {
        let mut arms = Arms::first();
        assert_eq!(fired(&mut arms, Weapon::Blaster, 1..46), 12);
        assert_eq!((arms.loaded, arms.reload), (0, 0));
        assert_eq!(fired(&mut arms, Weapon::Blaster, 46..72), 0);
        assert_eq!(fired(&mut arms, Weapon::Blaster, 72..73), 1);
    }

    #[test]
    fn what_is_carried_runs_out() {
        let mut arms = Arms::first();
        assert_eq!(fired(&mut arms, Weapon::Rocket, 1..200), 2);
        assert_eq!(fired(&mut arms, Weapon::Scatter, 200..600), 8);
        assert_eq!((arms.shells, arms.rockets, arms.loaded), (0, 0, 12));
    }

    #[test]
    fn nobody_fires_faster_by_changing_weapons_or_when_the_round_is_over() {
        let mut arms = Arms::first();
        let mut count = 0;
        for now in 1..41 {
            let weapon = Weapon::of((now % 3) as u8);
            count += fired(&mut arms, weapon, now..now + 1);
        }
        assert_eq!(count, 0, "who always changes never fires");
        let controls = Controls { fire: true, ..Controls::default() };
        assert!((50..90).all(|now| !arms.step(&controls, now, false)));
    }
}
