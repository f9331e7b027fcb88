//! A match with its players, as tests play it.

use crate::arena::avatar::{Body, Dash, Velocity, moved, mover};
use crate::arena::bot::Bot;
use crate::arena::field::{At, Field};
use crate::arena::health::Shield;
use crate::arena::player::{Profile, Standing};
use crate::arena::score::Score;
use crate::arena::weapon::{Arms, Grip, Kind};
use crate::arena::{Arena, Input, Options};
use bevy_ecs::prelude::*;
use std::collections::BTreeMap;
use tickwire::prelude::*;
use tickwire::sim::{Change, Controls, Emitted, encode_input};
use tickwire::sync::replicate::{Packer, Replicate};
use tickwire::sync::{Prediction, Replica};

/// The arena, with a hand that may move things before each tick.
pub(super) struct Staged(pub(super) fn(&mut World, u32));

impl Game for Staged {
    const NAME: &'static str = "staged arena";
    const VERSION: u32 = 1;
    type Input = Input;
    type Options = Options;

    fn setup(&self, setup: &mut Setup<'_>, options: &Options) {
        Arena.setup(setup, options);
        let hand = self.0;
        let stage = move |world: &mut World| {
            let tick = world.resource::<Time>().tick().0;
            hand(world, tick);
        };
        setup.systems(Phase::Input, stage);
    }

    fn start(&self, world: &mut World, options: &Options) {
        Arena.start(world, options);
    }

    fn joined(&self, world: &mut World, join: &Join) {
        Arena.joined(world, join);
    }

    fn left(&self, world: &mut World, player: PlayerId) {
        Arena.left(world, player);
    }

    fn away(&self, world: &mut World, player: PlayerId) {
        Arena.away(world, player);
    }

    fn back(&self, world: &mut World, player: PlayerId) {
        Arena.back(world, player);
    }

    fn outcome(&self, world: &mut World) -> Option<serde_json::Value> {
        Arena.outcome(world)
    }
}

/// Puts a player's avatar somewhere, standing and without shield.
pub(super) fn put(world: &mut World, player: u32, x: f32, y: f32) {
    let mut bodies = world.query::<(Entity, &Owner, &mut Body, &mut Velocity, &mut At)>();
    let found = bodies.iter_mut(world).find(|(_, owner, ..)| owner.0.0 == player);
    let (entity, _, mut body, mut velocity, mut at) = found.expect("an avatar");
    (body.x, body.y, *velocity, at.0) = (x, y, Velocity::default(), [x, y]);
    world.entity_mut(entity).remove::<Shield>();
}

/// An open field, without limits of time and points.
pub(super) fn open() -> Options {
    Options { walls: false, goal: 0, seconds: 0, ..Options::default() }
}

/// What a client that predicts believes its avatar to be after the tick: that it runs as it is
/// told, and that nothing else happens to it.
fn predict(replica: &Replica, input: &Input, field: &Field) -> Prediction {
    let mut prediction = Prediction::default();
    let mut lanes = Vec::new();
    for id in replica.entities().filter(|id| replica.is_own(*id)) {
        for component in replica.components(id) {
            replica.lanes(id, component, &mut lanes);
            prediction.set(id, component, &lanes);
        }
        let now = replica.tick().0 + 1;
        let motion = (replica.get(id), replica.get(id), replica.get(id));
        if let (Some(body), Some(velocity), Some(dash)) = motion {
            let mut mover = mover(&body, &velocity, &dash);
            mover.step(&input.controls(), now, field.ground());
            let (body, velocity, dash) = moved(&mover);
            predict_one::<Body>(&mut prediction, replica, id, &body);
            predict_one::<Velocity>(&mut prediction, replica, id, &velocity);
            predict_one::<Dash>(&mut prediction, replica, id, &dash);
        }
        if let (Some(arms), Some(grip)) = (replica.get::<Arms>(id), replica.get::<Grip>(id)) {
            let mut held = arms.held(&grip);
            held.step(&input.controls(), now, true);
            let grip = Grip { weapon: Kind::of(held.weapon) };
            predict_one(&mut prediction, replica, id, &Arms::of(&held));
            predict_one(&mut prediction, replica, id, &grip);
        }
    }
    prediction
}

fn predict_one<C: Replicate>(made: &mut Prediction, replica: &Replica, id: NetId, value: &C) {
    let mut lanes = Vec::new();
    value.pack(&mut Packer::new(&mut lanes, &|_| NetId(0)));
    made.set(id, replica.schema().find(C::NAME).expect("it is registered"), &lanes);
}

/// A match and what its players know.
pub(super) struct Table {
    pub(super) game: Match,
    pub(super) replicas: BTreeMap<PlayerId, Replica>,
    pub(super) bots: BTreeMap<PlayerId, Bot>,
    /// What was emitted in the last tick.
    pub(super) events: Vec<Emitted>,
    pub(super) changes: Vec<Change>,
    /// Whether those who join predict their own avatars.
    pub(super) predicts: bool,
    /// How many bytes all players were sent, keyframes not counted.
    pub(super) bytes: usize,
    predictions: BTreeMap<PlayerId, Prediction>,
    newcomers: Vec<PlayerId>,
}

impl Table {
    pub(super) fn of(game: Match) -> Self {
        let (replicas, bots) = (BTreeMap::new(), BTreeMap::new());
        Self {
            game,
            replicas,
            bots,
            events: Vec::new(),
            changes: Vec::new(),
            predicts: false,
            bytes: 0,
            predictions: BTreeMap::new(),
            newcomers: Vec::new(),
        }
    }

    /// A match in which players 1 to `count` have their avatars, after two ticks.
    pub(super) fn staged(options: Options, count: u32, hand: fn(&mut World, u32)) -> Self {
        let mut table = Self::of(Match::new(Staged(hand), options, 1));
        (1..=count).for_each(|player| table.join(player, &format!("Number {player}")));
        table.play(2, &[]);
        table
    }

    /// A match of bots.
    pub(super) fn of_bots(options: Options, seed: u64, count: u32) -> Self {
        Self::of(Match::new(Arena, options, seed)).with_bots(seed, count)
    }

    pub(super) fn with_bots(self, seed: u64, count: u32) -> Self {
        let mut table = self;
        for player in 1..=count {
            table.join(player, &format!("Bot {player}"));
            table.bots.insert(PlayerId(player), Bot::new(seed, PlayerId(player)));
        }
        table
    }

    pub(super) fn join(&mut self, player: u32, name: &str) {
        let player = PlayerId(player);
        let predicts = self.predicts;
        let join = Join { player, name: name.into(), predicts, ..Join::default() };
        self.changes.push(Change::Join(join));
        self.replicas.insert(player, Replica::new(self.game.schema().clone(), player, predicts));
        self.newcomers.push(player);
    }

    /// What comes in next: the bots' controls and these.
    pub(super) fn inputs(&mut self, inputs: &[(u32, Input)]) -> TickInputs {
        let mut said: BTreeMap<PlayerId, (Input, Option<(Tick, u8)>)> =
            inputs.iter().map(|(player, input)| (PlayerId(*player), (*input, None))).collect();
        for (player, bot) in &mut self.bots {
            let replica = &self.replicas[player];
            if replica.tick() > Tick(0) {
                said.insert(*player, (bot.think(replica.seen()), Some((replica.tick(), 0))));
            }
        }
        self.predictions.clear();
        if self.predicts {
            let field = self.game.world().resource::<Field>();
            let predict = |(player, (input, _)): (&PlayerId, &(Input, _))| {
                (*player, predict(&self.replicas[player], input, field))
            };
            self.predictions = said.iter().map(predict).collect();
        }
        let controls = said.into_iter().map(|(player, (input, seen))| Controls {
            player,
            input: encode_input(&input),
            seen,
            predicted: self.predictions.get(&player).map(Prediction::checksum),
        });
        TickInputs { controls: controls.collect(), changes: std::mem::take(&mut self.changes) }
    }

    /// Ticks with these inputs and brings everybody what they are told.
    pub(super) fn tick(&mut self, inputs: &TickInputs) {
        let frame = self.game.tick(inputs);
        assert_eq!((frame.refused, frame.events_dropped), (&[][..], 0));
        self.events = frame.events.to_vec();
        let newcomers = std::mem::take(&mut self.newcomers);
        let seated: Vec<PlayerId> = self.game.seats().iter().map(|(player, _)| player).collect();
        self.replicas.retain(|player, _| seated.contains(player));
        let mut packet = Vec::new();
        for (player, replica) in &mut self.replicas {
            if newcomers.contains(player) {
                packet = self.game.keyframe(*player);
            } else {
                self.game.frame().delta.gather(*player, &mut packet);
                self.bytes += packet.len();
            }
            let prediction = self.predictions.remove(player).unwrap_or_default();
            let tick = self.game.tick_number();
            replica
                .receive_predicted(&packet, &prediction)
                .unwrap_or_else(|error| panic!("{player} at {tick}: {error}"));
        }
    }

    /// Plays so many ticks, with the same controls in each.
    pub(super) fn play(&mut self, ticks: u32, inputs: &[(u32, Input)]) {
        for _ in 0..ticks {
            let inputs = self.inputs(inputs);
            self.tick(&inputs);
        }
    }

    /// All components of a type, with their owners.
    pub(super) fn all<C: Component + Clone>(&self) -> Vec<(u32, C)> {
        let world = self.game.world();
        let query = world.try_query::<(&Owner, &C)>();
        let found = query.map(|mut query| {
            query.iter(world).map(|(owner, component)| (owner.0.0, component.clone())).collect()
        });
        found.unwrap_or_default()
    }

    pub(super) fn get<C: Component + Clone>(&self, player: u32) -> Option<C> {
        self.all::<C>().into_iter().find(|(owner, _)| *owner == player).map(|(_, found)| found)
    }

    pub(super) fn score(&self, player: u32) -> Score {
        self.get(player).expect("a score")
    }

    pub(super) fn profile(&self, player: u32) -> Profile {
        self.get(player).expect("a profile")
    }

    pub(super) fn is_alive(&self, player: u32) -> bool {
        self.get::<Standing>(player).is_some_and(|standing| standing.avatar.is_some())
    }

    /// The names of the events of the last tick and who heard them.
    pub(super) fn heard(&self) -> Vec<String> {
        self.events.iter().map(|event| format!("{} {:?}", event.name, event.to)).collect()
    }

    /// How many of a component a player's replica has.
    pub(super) fn seen<C: tickwire::sync::replicate::Replicate>(&self, player: u32) -> usize {
        let replica = &self.replicas[&PlayerId(player)];
        replica.entities().filter(|id| replica.get::<C>(*id).is_some()).count()
    }
}
