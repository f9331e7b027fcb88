//! What an avatar holds, and firing it.

use super::avatar::Body;
use super::control::Will;
use super::field::Field;
use super::health::Health;
use super::projectile::{Aimed, shoot};
use super::round::Whistle;
use super::turn;
use arena_rules::Weapon;
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// How many shots a scatter fires at once.
const PELLETS: u32 = 5;

/// A weapon, as others see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Quick single shots.
    #[default]
    Blaster,
    /// A handful at once.
    Scatter,
    /// Slow, and it bursts.
    Rocket,
}

impl Kind {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Blaster, Self::Scatter, Self::Rocket];

    pub(super) fn of(weapon: Weapon) -> Self {
        Self::ALL[weapon as usize]
    }

    /// How far a shot strays to either side at most, in 1/65536 of a turn.
    fn stray(self) -> u32 {
        match self {
            Self::Blaster => 260,
            Self::Scatter => 1500,
            Self::Rocket => 0,
        }
    }
}

/// What an avatar holds in its hands.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grip {
    /// The weapon.
    pub weapon: Kind,
}

replicate! { Grip { weapon: choice(&Kind::ALL) } }

/// What an avatar has to fire.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arms {
    /// Shots in the blaster.
    pub loaded: u8,
    /// Shells of the scatter.
    pub shells: u8,
    /// Rockets.
    pub rockets: u8,
    /// When the blaster is loaded again; 0 while it needs not be.
    pub reload: Tick,
    /// The first tick in which it may fire.
    pub ready: Tick,
}

replicate! {
    Arms for owner {
        loaded: integer(0, 12),
        shells: integer(0, 24),
        rockets: integer(0, 8),
        reload: moment(),
        ready: moment(),
    }
}

impl Arms {
    /// What an avatar has when it appears.
    #[must_use]
    pub fn first() -> Self {
        Self::of(&arena_rules::Arms::first())
    }

    pub(super) fn of(arms: &arena_rules::Arms) -> Self {
        Self {
            loaded: arms.loaded,
            shells: arms.shells,
            rockets: arms.rockets,
            reload: Tick(arms.reload),
            ready: Tick(arms.ready),
        }
    }

    /// The same as the rules have it.
    pub(super) fn held(&self, grip: &Grip) -> arena_rules::Arms {
        arena_rules::Arms {
            weapon: arena_rules::WEAPONS[grip.weapon as usize],
            loaded: self.loaded,
            shells: self.shells,
            rockets: self.rockets,
            reload: self.reload.0,
            ready: self.ready.0,
        }
    }
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Grip>().replicate::<Arms>();
}

type Shooter<'a> =
    (Entity, &'a Owner, &'a Will, &'a Body, &'a mut Arms, &'a mut Grip, Option<&'a OnTeam>);

/// Fires what is to be fired.
pub(super) fn fire(
    mut commands: Commands,
    (time, whistle, field): (Res<Time>, Res<Whistle>, Res<Field>),
    mut random: ResMut<Random>,
    mut shooters: Query<(Shooter<'_>, &Health), With<Net>>,
) {
    let mut fired = Vec::new();
    // Whoever ended in this tick fires no more.
    let alive = shooters.iter_mut().filter(|(_, health)| health.now > 0);
    for ((entity, owner, will, body, mut arms, mut grip, team), _) in alive {
        let mut held = arms.held(&grip);
        if held.step(&will.input.controls(), time.tick().0, !whistle.is_blown) {
            fired.push((owner.0, entity, *will, body.at(), Kind::of(held.weapon), team.copied()));
        }
        grip.set_if_neq(Grip { weapon: Kind::of(held.weapon) });
        arms.set_if_neq(Arms::of(&held));
    }
    fired.sort_unstable_by_key(|(player, ..)| *player);
    for (player, shooter, Will { input, seen }, from, kind, team) in fired {
        for _ in 0..if kind == Kind::Scatter { PELLETS } else { 1 } {
            let stray = random.below(2 * kind.stray() + 1).wrapping_sub(kind.stray()) as u16;
            let towards = turn::direction(input.aim.wrapping_add(stray));
            let aimed = Aimed { shooter, from, towards, seen, kind };
            let mut shot = commands.spawn((shoot(&field, &time, aimed), Owner(player)));
            if let Some(team) = team {
                shot.insert(team);
            }
        }
    }
}
