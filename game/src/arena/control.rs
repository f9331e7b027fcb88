//! Controls: what players say, and what their avatars are about to do.

use super::avatar::Away;
use arena_rules::{Controls, Weapon};
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// What a player's controls say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// How much to run along x, from -127 to 127.
    pub move_x: i8,
    /// How much to run along y, from -127 to 127.
    pub move_y: i8,
    /// Which way to look, in 1/65536 of a turn.
    pub aim: u16,
    /// Which buttons are held, and above them the number of the weapon.
    pub buttons: Buttons,
}

/// Buttons, one bit for each, and the number of the weapon to hold in the upper four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buttons(pub u8);

impl Buttons {
    /// The trigger.
    pub const FIRE: Self = Self(1);
    /// A dash.
    pub const DASH: Self = Self(2);
    /// Reload.
    pub const RELOAD: Self = Self(4);
    /// Show the team what is ahead.
    pub const MARK: Self = Self(8);

    /// Whether all of these are held.
    #[must_use]
    pub const fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// These as well, if so.
    #[must_use]
    pub const fn with(self, others: Self, is_so: bool) -> Self {
        if is_so { Self(self.0 | others.0) } else { self }
    }

    /// With this weapon.
    #[must_use]
    pub const fn holding(self, weapon: Weapon) -> Self {
        Self((self.0 & 15) | ((weapon as u8) << 4))
    }

    /// The weapon to hold.
    #[must_use]
    pub fn weapon(self) -> Weapon {
        Weapon::of(self.0 >> 4)
    }
}

impl Input {
    /// The same as the rules have it.
    #[must_use]
    pub fn controls(&self) -> Controls {
        Controls {
            run: [self.move_x, self.move_y],
            aim: self.aim,
            fire: self.buttons.has(Buttons::FIRE),
            dash: self.buttons.has(Buttons::DASH),
            reload: self.buttons.has(Buttons::RELOAD),
            weapon: self.buttons.weapon(),
        }
    }
}

/// What an avatar is about to do in this tick; saved, not sent.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Will {
    /// What its controls say.
    pub input: Input,
    /// What its player saw: a tick, and how far on to the next, in 1/256.
    pub seen: Option<(Tick, u8)>,
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.save::<Will>();
}

/// Avatars do what their players say; who is away does nothing, and looks where it looked.
pub(super) fn obey(inputs: Res<Inputs<Input>>, mut avatars: Query<(&Owner, &mut Will, Has<Away>)>) {
    for (owner, mut will, is_away) in &mut avatars {
        let said = Will { input: *inputs.of(owner.0), seen: inputs.seen(owner.0) };
        let buttons = Buttons::default().holding(will.input.buttons.weapon());
        let idle = Input { aim: will.input.aim, buttons, ..Input::default() };
        *will = if is_away { Will { input: idle, seen: None } } else { said };
    }
}
