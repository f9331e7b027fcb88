//! A small game: a pond with a duck for each player, as in the README.

use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// A duck on a pond, ten metres each way.
#[derive(Component, Clone, Serialize, Deserialize)]
pub(crate) struct Duck {
    pub(crate) x: f32,
    y: f32,
    player: PlayerId,
}

impl Duck {
    /// A player's, in the middle.
    pub(crate) fn of(player: PlayerId) -> Self {
        Self { x: 0.0, y: 0.0, player }
    }
}

replicate! {
    Duck {
        x: steady float(-10.0, 10.0, 0.01),
        y: steady float(-10.0, 10.0, 0.01),
        player: integer(0, 0xffff),
    }
}

/// What a player's controls say in one tick.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Paddle {
    pub(crate) x: i8,
    pub(crate) y: i8,
}

pub(crate) struct Pond;

impl Game for Pond {
    const NAME: &'static str = "pond";
    const VERSION: u32 = 1;
    type Input = Paddle;
    type Options = ();

    fn setup(&self, setup: &mut Setup<'_>, _: &()) {
        setup.tick_rate(20).replicate::<Duck>().systems(Phase::Move, swim);
    }

    fn joined(&self, world: &mut World, join: &Join) {
        world.spawn((Duck::of(join.player), Owner(join.player)));
    }

    fn left(&self, world: &mut World, player: PlayerId) {
        let mut ducks = world.query::<(Entity, &Duck)>();
        let gone = ducks.iter(world).find(|(_, duck)| duck.player == player);
        gone.map(|(entity, _)| entity).map(|entity| world.despawn(entity));
    }
}

fn swim(inputs: Res<Inputs<Paddle>>, mut ducks: Query<&mut Duck>) {
    for mut duck in &mut ducks {
        let paddle = inputs.of(duck.player).clone();
        duck.x = (duck.x + 0.1 * f32::from(paddle.x.signum())).clamp(-10.0, 10.0);
        duck.y = (duck.y + 0.1 * f32::from(paddle.y.signum())).clamp(-10.0, 10.0);
    }
}

impl Paddle {
    pub(crate) fn toward(x: i8, y: i8) -> Self {
        Self { x, y }
    }
}
