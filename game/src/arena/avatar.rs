//! An avatar: the body of a player. It speeds up, slows down, dashes, slides along walls and looks
//! around, as [`arena_rules`] has it.
//!
//! Places and steps are multiples of [`QUANTUM`], which is what travels. So a client that predicts
//! comes to the same lanes, and who walks straight costs nothing.

use super::control::Will;
use super::field::{At, Field};
use super::health::{Health, Shield};
use super::weapon::{Arms, Grip};
use arena_rules::{Mover, UNIT};
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// What places and steps of avatars are multiples of, in units.
pub const QUANTUM: f64 = 1.0 / UNIT as f64;
/// How far an avatar reaches from its middle, in units.
pub const RADIUS: f32 = arena_rules::RADIUS as f32 / UNIT as f32;

/// Where an avatar is and which way it looks.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Its middle along x, in units.
    pub x: f32,
    /// Its middle along y, in units.
    pub y: f32,
    /// Which way it looks, in radians.
    pub aim: f32,
}

replicate! {
    Body {
        x: steady float(0.0, 128.0, QUANTUM),
        y: steady float(0.0, 128.0, QUANTUM),
        aim: auto angle(256),
    }
}

impl Body {
    /// Its middle, in units.
    #[must_use]
    pub fn at(&self) -> [f32; 2] {
        [self.x, self.y]
    }
}

/// How an avatar moves, in units per tick; others see it from its places.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Velocity {
    /// Along x.
    pub x: f32,
    /// Along y.
    pub y: f32,
}

replicate! {
    Velocity for owner { x: float(-1.0, 1.0, QUANTUM), y: float(-1.0, 1.0, QUANTUM) }
}

/// When an avatar dashes, and when it may again.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dash {
    /// The first tick in which it does not any more.
    pub until: Tick,
    /// The first tick in which it may again.
    pub ready: Tick,
}

replicate! { Dash for owner { until: moment(), ready: moment() } }

/// On the avatar of a player whose connection is lost.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Away {
    /// Until when it is spared for that; none if it is safe for longer anyway.
    pub spared: Option<Tick>,
}

replicate! { Away { ..Away::default() } }

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Body>().replicate::<Velocity>().replicate::<Dash>().replicate::<Away>();
}

/// All that an avatar has from the start, but for its side.
pub(super) fn avatar(player: PlayerId, at: [f32; 2], shield: Shield) -> impl Bundle {
    let body = Body { x: at[0], y: at[1], aim: 0.0 };
    let motion = (body, Velocity::default(), Dash::default(), At(at));
    (Owner(player), Will::default(), motion, Health::full(), Grip::default(), Arms::first(), shield)
}

/// Lengths in quanta; they are whole.
pub(super) fn quanta(units: [f32; 2]) -> [i32; 2] {
    units.map(|axis| (axis * UNIT as f32).round() as i32)
}

/// Quanta in units.
pub(super) fn units(quanta: [i32; 2]) -> [f32; 2] {
    quanta.map(|axis| axis as f32 / UNIT as f32)
}

/// An avatar's motion as the rules have it.
pub(super) fn mover(body: &Body, velocity: &Velocity, dash: &Dash) -> Mover {
    Mover {
        at: quanta(body.at()),
        velocity: quanta([velocity.x, velocity.y]),
        aim: 0,
        dash_until: dash.until.0,
        dash_ready: dash.ready.0,
    }
}

/// The same as it is replicated.
pub(super) fn moved(mover: &Mover) -> (Body, Velocity, Dash) {
    let ([x, y], [vx, vy]) = (units(mover.at), units(mover.velocity));
    let aim = f32::from(mover.aim) * (std::f32::consts::TAU / 256.0);
    let dash = Dash { until: Tick(mover.dash_until), ready: Tick(mover.dash_ready) };
    (Body { x, y, aim }, Velocity { x: vx, y: vy }, dash)
}

type Walker<'a> = (&'a Will, &'a mut Body, &'a mut Velocity, &'a mut Dash, &'a mut At);

/// Moves avatars as they will.
pub(super) fn walk(time: Res<Time>, field: Res<Field>, mut avatars: Query<Walker<'_>>) {
    for (will, mut body, mut velocity, mut dash, mut at) in &mut avatars {
        let mut mover = mover(&body, &velocity, &dash);
        mover.step(&will.input.controls(), time.tick().0, field.ground());
        let (body_now, velocity_now, dash_now) = moved(&mover);
        velocity.set_if_neq(velocity_now);
        dash.set_if_neq(dash_now);
        at.set_if_neq(At(body_now.at()));
        body.set_if_neq(body_now);
    }
}

/// Remembers where avatars were.
pub(super) fn remember(
    time: Res<Time>,
    mut history: ResMut<History>,
    avatars: Query<(&Net, &Body)>,
) {
    history.record(&time, avatars.iter().map(|(net, body)| (net.id, [body.x, body.y, 0.0])));
}

/// Lets players look at where their avatars are.
pub(super) fn follow(mut views: ResMut<Views>, avatars: Query<(&Owner, &Body)>) {
    avatars.iter().for_each(|(owner, body)| views.look_at(owner.0, body.at()));
}
