//! A game behind a door without generics, so that one type of match serves all games.

use super::SimError;
use super::game::{Game, Setup};
use super::input::{Controls, Inputs, Join, Missing, decode_input};
use super::random::Random;
use crate::ids::PlayerId;
use bevy_ecs::prelude::World;

/// A [`Game`] whose options are chosen.
pub(super) trait Rules: Send + Sync {
    fn name(&self) -> &'static str;
    fn version(&self) -> u32;
    fn options(&self) -> Vec<u8>;
    fn setup(&self, setup: &mut Setup<'_>);
    fn start(&self, world: &mut World);
    fn joined(&self, world: &mut World, join: &Join);
    fn left(&self, world: &mut World, player: PlayerId);
    fn away(&self, world: &mut World, player: PlayerId);
    fn back(&self, world: &mut World, player: PlayerId);
    fn outcome(&self, world: &mut World) -> Option<serde_json::Value>;
    /// Gives the game its controls; says whose could not be used.
    fn control(
        &self,
        world: &mut World,
        controls: &[Controls],
        missing: Missing,
        refused: &mut Vec<PlayerId>,
    );
}

/// The one implementation.
pub(super) struct Chosen<G: Game> {
    pub(super) game: G,
    pub(super) options: G::Options,
}

impl<G: Game> Rules for Chosen<G> {
    fn name(&self) -> &'static str {
        G::NAME
    }

    fn version(&self) -> u32 {
        G::VERSION
    }

    fn options(&self) -> Vec<u8> {
        bincode::serde::encode_to_vec(&self.options, bincode::config::standard())
            .expect("options are plain data")
    }

    fn setup(&self, setup: &mut Setup<'_>) {
        setup.save_resource(Inputs::<G::Input>::default());
        self.game.setup(setup, &self.options);
    }

    fn start(&self, world: &mut World) {
        self.game.start(world, &self.options);
    }

    fn joined(&self, world: &mut World, join: &Join) {
        if !join.spectator {
            world.resource_mut::<Inputs<G::Input>>().seat(join.player);
            self.game.joined(world, join);
        }
    }

    fn left(&self, world: &mut World, player: PlayerId) {
        world.resource_mut::<Inputs<G::Input>>().unseat(player);
        self.game.left(world, player);
    }

    fn away(&self, world: &mut World, player: PlayerId) {
        self.game.away(world, player);
    }

    fn back(&self, world: &mut World, player: PlayerId) {
        self.game.back(world, player);
    }

    fn outcome(&self, world: &mut World) -> Option<serde_json::Value> {
        self.game.outcome(world)
    }

    fn control(
        &self,
        world: &mut World,
        controls: &[Controls],
        missing: Missing,
        refused: &mut Vec<PlayerId>,
    ) {
        let mut inputs = world.resource_mut::<Inputs<G::Input>>();
        inputs.age(missing);
        let mut last = None;
        for controls in controls {
            // One for each player, ascending.
            let follows = last.is_none_or(|last| last < controls.player);
            last = last.max(Some(controls.player));
            let taken = follows
                && decode_input(&controls.input)
                    .is_ok_and(|input| inputs.take(controls.player, input, controls.seen));
            if !taken {
                refused.push(controls.player);
            }
        }
    }
}

/// Reads a game's options.
pub(super) fn decode_options<G: Game>(bytes: &[u8]) -> Result<G::Options, SimError> {
    let config = bincode::config::standard().with_limit::<{ 1 << 16 }>();
    match bincode::serde::decode_from_slice(bytes, config) {
        Ok((options, used)) if used == bytes.len() => Ok(options),
        Ok(_) => Err(SimError::BadOptions("bytes are left over".into())),
        Err(error) => Err(SimError::BadOptions(error.to_string())),
    }
}

/// The resources of each match that are the engine's own, beside the controls.
pub(super) fn engine_resources(setup: &mut Setup<'_>, seed: u64) {
    use super::{emit::Events, seats::Seats, timer::Time, views::Views};
    setup.save_resource(Random::from_seed(seed));
    setup.save_resource(Seats::default());
    setup.save_resource(Views::default());
    setup.save_resource(Time::new(1));
    setup.world.init_resource::<Events>();
}
