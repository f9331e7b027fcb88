//! An avatar: the body of a player. It speeds up, slows down, slides along walls and looks around.
//!
//! Places and steps are multiples of [`QUANTUM`], which is what travels, and its floats are exact.
//! So a client that predicts comes to the same lanes, and who walks straight costs nothing.

use super::Input;
use super::field::{At, Field};
use super::health::{Health, Shield};
use super::turn;
use super::weapon::Weapon;
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// What places and steps of avatars are multiples of, in units.
pub const QUANTUM: f64 = 1.0 / 128.0;
/// How far an avatar reaches from its middle, in units.
pub const RADIUS: f32 = 0.5;
/// How fast it runs, in quanta per tick: 8 units per second at 20 Hz.
const SPEED: f32 = 51.0;
/// How much faster or slower it gets in a tick along each axis, in quanta per tick.
const GAIN: f32 = 13.0;

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

/// On the avatar of a player whose connection is lost.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Away;

replicate! { Away {} }

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Body>().replicate::<Velocity>().replicate::<Away>();
}

/// All that an avatar has from the start, but for its side.
pub(super) fn avatar(player: PlayerId, at: [f32; 2], shield: Shield) -> impl Bundle {
    let body = Body { x: at[0], y: at[1], aim: 0.0 };
    let weapon = Weapon::full();
    (Owner(player), Predicted, body, Velocity::default(), At(at), Health::full(), weapon, shield)
}

/// The velocity in the next tick, for one that is asked to move so.
fn steered(velocity: Velocity, [x, y]: [i8; 2]) -> Velocity {
    let wish = [f32::from(x), f32::from(y)];
    let share = SPEED / turn::length(wish).max(127.0);
    let axis = |now: f32, wish: f32| {
        let now = now / QUANTUM as f32;
        let by = ((wish * share).round() - now).clamp(-GAIN, GAIN);
        (now + by) * QUANTUM as f32
    };
    Velocity { x: axis(velocity.x, wish[0]), y: axis(velocity.y, wish[1]) }
}

/// An avatar one tick later: what the match does, and what a client that predicts does ahead.
#[must_use]
pub fn run(body: Body, velocity: Velocity, input: &Input, field: &Field) -> (Body, Velocity) {
    let step = steered(velocity, [input.move_x, input.move_y]);
    let [x, y] = field.slide(body.at(), [step.x, step.y], RADIUS);
    let velocity = Velocity { x: x - body.x, y: y - body.y };
    (Body { x, y, aim: turn::radians(input.aim) }, velocity)
}

type Walker<'a> = (&'a Owner, &'a mut Body, &'a mut Velocity, &'a mut At, Has<Away>);

/// Moves avatars as their players say; who is away comes to a stop.
pub(super) fn walk(inputs: Res<Inputs<Input>>, field: Res<Field>, mut avatars: Query<Walker<'_>>) {
    for (owner, mut body, mut velocity, mut at, is_away) in &mut avatars {
        let (mut moved, stepped) = if is_away {
            run(*body, *velocity, &Input::default(), &field)
        } else {
            run(*body, *velocity, inputs.of(owner.0), &field)
        };
        if is_away {
            moved.aim = body.aim;
        }
        velocity.set_if_neq(stepped);
        at.set_if_neq(At(moved.at()));
        body.set_if_neq(moved);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_velocity_is_reached_in_steps_and_is_the_same_in_all_directions() {
        let run = |wish: [i8; 2]| {
            let mut velocity = Velocity::default();
            let mut ticks = 0;
            while steered(velocity, wish) != velocity {
                velocity = steered(velocity, wish);
                ticks += 1;
            }
            (velocity, ticks)
        };
        let (straight, ticks) = run([127, 0]);
        assert_eq!((straight.x, straight.y, ticks), (51.0 / 128.0, 0.0, 4));
        let (slanting, _) = run([127, -127]);
        let speed = turn::length([slanting.x, slanting.y]);
        assert!((speed - straight.x).abs() < 0.01, "{speed}");
        assert_eq!(run([0, 0]).1, 0);
    }
}
