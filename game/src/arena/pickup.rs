//! Pickups: they lie at their stores, are taken by who needs them, and come back after a while.

use super::avatar::{Body, RADIUS};
use super::field::{At, Field};
use super::health::{HEALTH_MOST, Health, Shield};
use super::round::Whistle;
use super::score::{PICKUP_POINTS, Score};
use super::turn;
use super::weapon::Arms;
use arena_rules::{ROCKETS_MOST, SHELLS_MOST};
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// How near its middle an avatar must come, in units.
const REACH: f32 = RADIUS + 0.5;
/// How much health one gives.
const HEALTH: u8 = 40;
/// How many shells one gives.
const SHELLS: u8 = 8;
/// How many rockets one gives.
const ROCKETS: u8 = 3;
/// How long a shield holds, in milliseconds.
const SHIELD: u32 = 5000;

/// What a pickup gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gift {
    /// Some health.
    #[default]
    Health,
    /// Safety for a while.
    Shield,
    /// Some shells.
    Shells,
    /// Some rockets.
    Rockets,
}

impl Gift {
    /// All of them; of twins both are the same.
    const ALL: [Self; 4] = [Self::Health, Self::Shells, Self::Shield, Self::Rockets];

    /// How long it is gone when it was taken, in milliseconds.
    fn absence(self) -> u32 {
        match self {
            Self::Health => 8000,
            Self::Shield => 20_000,
            Self::Shells => 6000,
            Self::Rockets => 10_000,
        }
    }
}

/// Something to take.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pickup {
    /// Where it lies along x, in units.
    pub x: f32,
    /// Where it lies along y, in units.
    pub y: f32,
    /// What it gives.
    pub gift: Gift,
    /// Whether it is there.
    pub is_there: bool,
    /// Runs while it is not.
    pub absence: Timer,
}

replicate! {
    Pickup {
        x: float(0.0, 128.0, 0.5),
        y: float(0.0, 128.0, 0.5),
        gift: choice(&Gift::ALL),
        is_there: boolean(),
        ..Pickup::default()
    }
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Pickup>();
}

/// Puts a pickup at each store.
pub(super) fn stock(world: &mut World) {
    let stores = world.resource::<Field>().stores().to_vec();
    for (index, [x, y]) in stores.into_iter().enumerate() {
        let gift = Gift::ALL[index / 2 % Gift::ALL.len()];
        let pickup = Pickup { x, y, gift, is_there: true, absence: Timer::off() };
        world.spawn((pickup, At([x, y])));
    }
}

/// Who can take pickups.
type Taker<'a> = (&'a Net, Entity, &'a Owner, &'a Body, &'a mut Health, &'a mut Arms, Has<Shield>);

/// Gives a gift; says whether it was of use.
fn give(gift: Gift, health: &mut Mut<Health>, arms: &mut Mut<Arms>, is_safe: bool) -> bool {
    let is_of_use = match gift {
        _ if health.now == 0 => false,
        Gift::Health => health.now < HEALTH_MOST,
        Gift::Shield => !is_safe,
        Gift::Shells => arms.shells < SHELLS_MOST,
        Gift::Rockets => arms.rockets < ROCKETS_MOST,
    };
    match gift {
        _ if !is_of_use => {}
        Gift::Health => health.now = (health.now + HEALTH).min(HEALTH_MOST),
        Gift::Shield => {}
        Gift::Shells => arms.shells = (arms.shells + SHELLS).min(SHELLS_MOST),
        Gift::Rockets => arms.rockets = (arms.rockets + ROCKETS).min(ROCKETS_MOST),
    }
    is_of_use
}

/// Lets avatars take what they touch, and brings back what was gone for long enough.
pub(super) fn take(
    mut commands: Commands,
    (time, whistle): (Res<Time>, Res<Whistle>),
    mut pickups: Query<(&Net, Entity, &mut Pickup)>,
    mut takers: Query<Taker<'_>>,
    mut scores: Query<(&Owner, &mut Score)>,
) {
    let mut touches = Vec::new();
    for (net, entity, mut pickup) in &mut pickups {
        if !pickup.is_there {
            if !pickup.absence.is_running(time.tick()) {
                (pickup.is_there, pickup.absence) = (true, Timer::off());
            }
            continue;
        }
        let near = |body: &Body| turn::distance(body.at(), [pickup.x, pickup.y]) <= REACH;
        for (taker_net, taker, _, body, ..) in &takers {
            if near(body) {
                touches.push((net.id, taker_net.id, entity, taker));
            }
        }
    }
    touches.sort_unstable();
    // Commands come later: who takes a shield now does not have it yet.
    let mut shielded = Vec::new();
    for (_, _, entity, taker) in touches {
        let Ok((.., mut pickup)) = pickups.get_mut(entity) else { continue };
        let Ok((_, _, owner, _, mut health, mut arms, is_safe)) = takers.get_mut(taker) else {
            continue;
        };
        let gift = pickup.gift;
        let is_safe = is_safe || shielded.contains(&taker);
        if !pickup.is_there || !give(gift, &mut health, &mut arms, is_safe) {
            continue;
        }
        if gift == Gift::Shield {
            commands.entity(taker).insert(Shield::lasting(SHIELD, &time));
            shielded.push(taker);
        }
        pickup.is_there = false;
        pickup.absence = Timer::after(time.tick(), time.ticks(gift.absence()));
        let score = scores.iter_mut().find(|(other, _)| other.0 == owner.0);
        if let Some((_, mut score)) = score.filter(|_| !whistle.is_blown) {
            score.points += PICKUP_POINTS;
        }
    }
}
