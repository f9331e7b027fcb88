//! The score: what a player achieved in this round.

use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// More points are not counted.
pub(super) const POINTS_MOST: u32 = 99_999;
/// What a kill brings.
const KILL_POINTS: u32 = 10;
/// What a kill brings more for each one before it in the same life, five at most.
const STREAK_POINTS: u32 = 2;
/// What a pickup brings.
pub(super) const PICKUP_POINTS: u32 = 1;

/// What a player achieved.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How many others it ended.
    pub kills: u32,
    /// How often it was ended.
    pub deaths: u32,
    /// Kills since it appeared.
    pub streak: u32,
    /// What decides the round.
    pub points: u32,
}

replicate! {
    Score {
        kills: integer(0, 999),
        deaths: integer(0, 999),
        streak: integer(0, 99),
        points: integer(0, 99_999),
    }
}

impl Score {
    /// Its avatar ended.
    pub(super) fn lose(&mut self, counts: bool) {
        self.deaths += u32::from(counts);
        self.streak = 0;
    }

    /// It ended another's avatar.
    pub(super) fn win(&mut self, counts: bool) {
        if counts {
            self.points += KILL_POINTS + STREAK_POINTS * self.streak.min(5);
            self.kills += 1;
            self.streak += 1;
        }
    }
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Score>();
}
