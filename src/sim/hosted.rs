//! The match itself.

use super::SimError;
use super::capture::{Births, Capture};
use super::checkpoint::{self, Checkpoint};
use super::emit::{Emitted, Events};
use super::game::{Game, Interest, Setup};
use super::input::{Change, JOIN_TEXT_LIMIT, Join, Missing, TickInputs};
use super::registry::Registry;
use super::rules::{Chosen, Rules, decode_options, engine_resources};
use super::seats::Seats;
use super::timer::Time;
use super::views::Views;
use crate::ids::{PlayerId, Tick};
use crate::sync::schema::Schema;
use crate::sync::{Delta, Stream, hash_bytes};
use bevy_ecs::prelude::{Schedule, World};
use std::sync::Arc;

/// Something that came in and was not heeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// An input that is not one of the game's, or from nobody with a seat.
    Input(PlayerId),
    /// A change of a seat that cannot be: taken twice, say, or not taken at all.
    Change(PlayerId),
}

/// What one tick produced for the room.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The tick.
    pub tick: Tick,
    /// What changed, to be gathered for each viewer.
    pub delta: &'a Delta,
    /// What the game emitted, in this order.
    pub events: &'a [Emitted],
    /// How many events were dropped because there were too many.
    pub events_dropped: u32,
    /// What was not heeded.
    pub refused: &'a [Refused],
    /// The match's result, if it is over.
    pub outcome: Option<&'a serde_json::Value>,
}

impl Frame<'_> {
    /// A hash of all that anybody is sent.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut all = self.tick.0.to_le_bytes().to_vec();
        let mut packet = Vec::new();
        for viewer in self.delta.viewers() {
            self.delta.gather(viewer, &mut packet);
            all.extend(viewer.0.to_le_bytes());
            all.extend((packet.len() as u32).to_le_bytes());
            all.extend(&packet);
        }
        all.extend(format!("{:?}{:?}{:?}", self.events, self.refused, self.outcome).bytes());
        hash_bytes(&all)
    }
}

/// A match: a world that ticks.
pub struct Match {
    rules: Box<dyn Rules>,
    pub(super) world: World,
    systems: Schedule,
    pub(super) registry: Registry,
    capture: Capture,
    pub(super) stream: Stream,
    missing: Missing,
    interest: Option<Interest>,
    refused: Vec<Refused>,
    bad_inputs: Vec<PlayerId>,
    outcome: Option<serde_json::Value>,
    seed: u64,
}

impl std::fmt::Debug for Match {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Match({} at tick {})", self.rules.name(), self.tick_number())
    }
}

impl Match {
    /// A new match. Nobody is in it.
    pub fn new<G: Game>(game: G, options: G::Options, seed: u64) -> Self {
        let rules = Box::new(Chosen { game, options });
        let mut new = Self::empty(rules, seed);
        new.rules.start(&mut new.world);
        Capture::name_births(&mut new.world, &mut new.stream);
        new
    }

    /// A new match with options as a journal has them.
    pub fn recorded<G: Game>(game: G, options: &[u8], seed: u64) -> Result<Self, SimError> {
        Ok(Self::new(game, decode_options::<G>(options)?, seed))
    }

    /// A match with its world set up and nothing in it.
    fn empty(rules: Box<dyn Rules>, seed: u64) -> Self {
        let mut world = World::new();
        world.init_resource::<Births>();
        let mut setup = Setup::new(&mut world);
        engine_resources(&mut setup, seed);
        rules.setup(&mut setup);
        let (missing, interest) = (setup.missing, setup.interest);
        let (mut registry, systems, time) = setup.into_parts();
        world.insert_resource(time);
        let schema = Arc::new(registry.schema());
        let capture = Capture::new(&mut world);
        Self {
            stream: Stream::new(schema, interest.is_some()),
            rules,
            world,
            systems,
            registry,
            capture,
            missing,
            interest,
            refused: Vec::new(),
            bad_inputs: Vec::new(),
            outcome: None,
            seed,
        }
    }

    /// Steps the world once and says what everyone must be told.
    pub fn tick(&mut self, inputs: &TickInputs) -> Frame<'_> {
        self.refused.clear();
        self.world.resource_mut::<Time>().advance();
        self.world.resource_mut::<Events>().clear();
        inputs.changes.iter().for_each(|change| self.change(change));
        self.control(inputs);
        self.systems.run(&mut self.world);
        if self.outcome.is_none() {
            self.outcome = self.rules.outcome(&mut self.world);
        }
        self.apply_views();
        self.capture.run(&mut self.world, &mut self.registry, &mut self.stream);
        self.stream.encode();
        self.frame()
    }

    /// The last frame.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        let events = self.world.resource::<Events>();
        Frame {
            tick: self.tick_number(),
            delta: self.stream.delta(),
            events: &events.emitted,
            events_dropped: events.dropped,
            refused: &self.refused,
            outcome: self.outcome.as_ref(),
        }
    }

    /// The number of the last tick.
    #[must_use]
    pub fn tick_number(&self) -> Tick {
        self.world.resource::<Time>().tick()
    }

    /// Ticks in a second.
    #[must_use]
    pub fn hertz(&self) -> u32 {
        self.world.resource::<Time>().hertz()
    }

    /// What is replicated: for [`Replica`](crate::sync::Replica)s and clients.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        self.stream.schema()
    }

    /// Who sits in it.
    #[must_use]
    pub fn seats(&self) -> &Seats {
        self.world.resource::<Seats>()
    }

    /// Its world, to look at; what changes it is an input.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// All that a player sees after the last tick, for one who has nothing.
    #[must_use]
    pub fn keyframe(&self, player: PlayerId) -> Vec<u8> {
        self.stream.keyframe(player)
    }

    /// The name of its game.
    #[must_use]
    pub fn game(&self) -> &'static str {
        self.rules.name()
    }

    /// The version of its game.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.rules.version()
    }

    /// What its chance started from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Its options, encoded.
    #[must_use]
    pub fn options(&self) -> Vec<u8> {
        self.rules.options()
    }

    /// The whole match as bytes. A match restored from them goes on as if it had never stopped.
    #[must_use]
    pub fn checkpoint(&mut self) -> Vec<u8> {
        let entities = checkpoint::save_entities(&mut self.world, &self.registry);
        let checkpoint = Checkpoint {
            game: self.rules.name().into(),
            version: self.rules.version(),
            schema: self.schema().hash(),
            options: self.rules.options(),
            seed: self.seed,
            outcome: self.outcome.as_ref().map(ToString::to_string),
            stream: self.stream.state(),
            entities,
            resources: checkpoint::save_resources(&self.world, &self.registry),
        };
        checkpoint.to_bytes()
    }

    /// The match that a checkpoint is of.
    pub fn restore<G: Game>(game: G, bytes: &[u8]) -> Result<Self, SimError> {
        let checkpoint = Checkpoint::from_bytes(bytes)?;
        if checkpoint.game != G::NAME || checkpoint.version != G::VERSION {
            return Err(SimError::OtherGame {
                found: format!("{} {}", checkpoint.game, checkpoint.version),
                expected: format!("{} {}", G::NAME, G::VERSION),
            });
        }
        let options = decode_options::<G>(&checkpoint.options)?;
        let mut new = Self::empty(Box::new(Chosen { game, options }), checkpoint.seed);
        if checkpoint.schema != new.schema().hash() {
            return Err(SimError::Damaged("its schema is not the game's"));
        }
        let schema = new.schema().clone();
        let grid = new.interest.is_some();
        new.stream = Stream::restore(schema, grid, checkpoint.stream.clone())?;
        let hertz = new.hertz();
        checkpoint::load(&mut new.world, &new.registry, &new.stream, &checkpoint)?;
        if new.tick_number() != new.stream.tick() || new.hertz() != hertz {
            return Err(SimError::Damaged("its time"));
        }
        if let Some(outcome) = &checkpoint.outcome {
            let outcome = serde_json::from_str(outcome);
            new.outcome = Some(outcome.map_err(|_| SimError::Damaged("its outcome"))?);
        }
        Ok(new)
    }

    /// A hash of everything that the match's future depends on: its own state, not who watches.
    #[must_use]
    pub fn state_hash(&mut self) -> u64 {
        let entities = checkpoint::save_entities(&mut self.world, &self.registry);
        let resources = checkpoint::save_resources(&self.world, &self.registry);
        let next = self.stream.next_id();
        let outcome = self.outcome.as_ref().map(ToString::to_string);
        let config = bincode::config::standard();
        let bytes = bincode::serde::encode_to_vec((entities, resources, next, outcome), config);
        hash_bytes(&bytes.expect("a state is plain data"))
    }

    fn change(&mut self, change: &Change) {
        let tick = self.tick_number();
        let (player, heeded) = match change {
            Change::Join(join) => (join.player, self.join(join)),
            Change::Leave(player) => (*player, self.leave(*player)),
            Change::Away(player) => {
                let new = self.world.resource_mut::<Seats>().set_away(*player, Some(tick));
                if new && self.plays(*player) {
                    self.rules.away(&mut self.world, *player);
                }
                (*player, new)
            }
            Change::Back(player) => {
                let new = self.world.resource_mut::<Seats>().set_away(*player, None);
                if new && self.plays(*player) {
                    self.rules.back(&mut self.world, *player);
                }
                (*player, new)
            }
            Change::Look(player, at) => {
                let watches = self.seats().get(*player).is_some_and(|seat| seat.spectator);
                if watches {
                    self.world.resource_mut::<Views>().look_at(*player, *at);
                }
                (*player, watches)
            }
        };
        if !heeded {
            self.refused.push(Refused::Change(player));
        }
    }

    fn plays(&self, player: PlayerId) -> bool {
        self.seats().get(player).is_some_and(|seat| !seat.spectator)
    }

    fn join(&mut self, join: &Join) -> bool {
        let user = join.user.as_deref().unwrap_or_default();
        let texts = [join.name.as_str(), user, &join.wishes];
        let fits = texts.iter().all(|text| text.len() <= JOIN_TEXT_LIMIT);
        let taken = fits && self.world.resource_mut::<Seats>().take(join);
        if taken {
            self.rules.joined(&mut self.world, join);
        }
        taken
    }

    fn leave(&mut self, player: PlayerId) -> bool {
        let seat = self.world.resource_mut::<Seats>().give_up(player);
        if let Some(seat) = &seat {
            if !seat.spectator {
                self.rules.left(&mut self.world, player);
            }
            self.world.resource_mut::<Views>().forget(player);
            self.stream.leave(player);
        }
        seat.is_some()
    }

    fn control(&mut self, inputs: &TickInputs) {
        self.bad_inputs.clear();
        self.rules.control(&mut self.world, &inputs.controls, self.missing, &mut self.bad_inputs);
        self.refused.extend(self.bad_inputs.iter().map(|player| Refused::Input(*player)));
        for controls in &inputs.controls {
            if !self.bad_inputs.contains(&controls.player) {
                self.stream.claim(controls.player, controls.predicted);
            }
        }
    }

    fn apply_views(&mut self) {
        // Taken out by hand: a resource is an entity, and a scope moves it twice.
        let mut views = std::mem::take(&mut *self.world.resource_mut::<Views>());
        views.apply(self.world.resource::<Seats>(), self.interest, &mut self.stream);
        *self.world.resource_mut::<Views>() = views;
    }
}
