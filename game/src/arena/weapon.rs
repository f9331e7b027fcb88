//! A weapon: what it holds, how often it fires, how it is filled again.

use super::Input;
use super::avatar::{Away, Body};
use super::field::Field;
use super::projectile::{Aimed, shoot};
use super::score::Whistle;
use super::turn;
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// How many shots are loaded at most.
pub const LOADED_MOST: u8 = 12;
/// How many more can be carried.
pub const SPARE_MOST: u8 = 72;
/// How many of them there are at first.
const SPARE_FIRST: u8 = 36;
/// From one shot to the next, in milliseconds.
const PAUSE: u32 = 200;
/// How long it takes to reload, in milliseconds.
const RELOAD: u32 = 1300;
/// How far a shot strays to either side at most, in 1/65536 of a turn.
const STRAY: u32 = 260;

/// The shots of an avatar.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Weapon {
    /// Those that can be fired.
    pub loaded: u8,
    /// Those that can be loaded.
    pub spare: u8,
    /// When it will be loaded, while it is not.
    pub reload: Option<Tick>,
    /// Runs from one shot to the next.
    pub pause: Timer,
}

replicate! {
    Weapon for owner {
        loaded: integer(0, 12),
        spare: integer(0, 72),
        reload: optional(moment()),
        ..Weapon::default()
    }
}

impl Weapon {
    /// One that is loaded, and a few shots more.
    #[must_use]
    pub fn full() -> Self {
        Self { loaded: LOADED_MOST, spare: SPARE_FIRST, ..Self::default() }
    }

    /// Lets a tick pass, with the trigger held or not; says whether a shot is fired.
    fn step(&mut self, input: &Input, time: &Time) -> bool {
        let now = time.tick();
        if self.reload.is_some_and(|due| due <= now) {
            let more = (LOADED_MOST - self.loaded).min(self.spare);
            self.loaded += more;
            self.spare -= more;
            self.reload = None;
        }
        let is_wanted = self.loaded == 0 || (input.reload && self.loaded < LOADED_MOST);
        if self.reload.is_none() && is_wanted && self.spare > 0 {
            self.reload = Some(Tick(now.0 + time.ticks(RELOAD)));
        }
        let fires =
            input.fire && self.loaded > 0 && self.reload.is_none() && !self.pause.is_running(now);
        if fires {
            self.loaded -= 1;
            self.pause = Timer::after(now, time.ticks(PAUSE));
        }
        fires
    }
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Weapon>();
}

type Shooter<'a> = (Entity, &'a Owner, &'a Body, &'a mut Weapon, Option<&'a OnTeam>);

/// Fires what is to be fired.
pub(super) fn fire(
    mut commands: Commands,
    (time, inputs, whistle): (Res<Time>, Res<Inputs<Input>>, Res<Whistle>),
    field: Res<Field>,
    mut random: ResMut<Random>,
    mut shooters: Query<Shooter<'_>, (With<Net>, Without<Away>)>,
) {
    if whistle.is_blown {
        return;
    }
    let mut fired = Vec::new();
    for (entity, owner, body, mut weapon, team) in &mut shooters {
        let mut next = *weapon;
        if next.step(inputs.of(owner.0), &time) {
            fired.push((owner.0, entity, body.at(), team.copied()));
        }
        weapon.set_if_neq(next);
    }
    fired.sort_unstable_by_key(|(player, ..)| *player);
    for (player, shooter, from, team) in fired {
        let stray = (random.below(2 * STRAY + 1)).wrapping_sub(STRAY) as u16;
        let towards = turn::direction(inputs.of(player).aim.wrapping_add(stray));
        let seen = inputs.seen(player);
        let mut shot = commands.spawn(shoot(&field, &time, Aimed { shooter, from, towards, seen }));
        shot.insert(Owner(player));
        if let Some(team) = team {
            shot.insert(team);
        }
    }
}
