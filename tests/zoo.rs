//! A game made to be hard on the engine: every kind of field, hidden components, components that
//! come and go, moves from cell to cell, references, saved state that nobody is sent.

use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

pub(crate) const SIZE: f32 = 64.0;

#[derive(Component, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) heading: f32,
    /// Not sent.
    speed: f32,
}

replicate! {
    Body {
        x: steady float(0.0, 64.0, 0.001),
        y: steady float(0.0, 64.0, 0.001),
        heading: steady angle(512),
        ..Body { x: 0.0, y: 0.0, heading: 0.0, speed: 0.0 }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Mood {
    #[default]
    Calm,
    Hungry,
    Angry,
}

#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Traits {
    name: String,
    tag: Vec<u8>,
    mood: Mood,
    asleep: bool,
    age: u16,
    debt: i32,
    spin: [f32; 4],
    home: [f32; 2],
    top: [f32; 3],
    #[entities]
    friend: Option<Entity>,
    born: Tick,
    goal: Option<u8>,
}

replicate! {
    Traits {
        name: text(12),
        tag: bytes(5),
        mood: choice(&[Mood::Calm, Mood::Hungry, Mood::Angry]),
        asleep: boolean(),
        age: integer(0, 9999),
        debt: steady integer(-100_000, 100_000),
        spin: rotation(9),
        home: steady vector::<2>(0.0, 64.0, 0.5),
        top: vector::<3>(-1.0, 1.0, 0.01),
        friend: entity(),
        born: moment(),
        goal: optional(integer(0, 200)),
    }
}

/// Comes and goes on live entities.
#[derive(Component, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Glow(pub(crate) u8);

replicate! { Glow { 0: integer(0, 40) } }

#[derive(Component, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Purse {
    pub(crate) coins: u32,
    /// The greatest lane there can be.
    pub(crate) serial: u32,
}

replicate! { Purse for owner { coins: auto integer(0, 1_000_000), serial: integer(0, 0xffff_ffff) } }

#[derive(Component, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

replicate! { Plan for team { x: auto float(0.0, 64.0, 0.25), y: auto float(0.0, 64.0, 0.25) } }

/// First seen late in a match.
#[derive(Component, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Relic(i32);

replicate! { Relic { 0: auto integer(-5, 70_000) } }

/// Saved, not sent.
#[derive(Component, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fate {
    timer: Timer,
    #[entities]
    rival: Option<Entity>,
}

/// Whose body it is.
#[derive(Component, Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Keeper(pub(crate) PlayerId);

#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
struct Tally {
    births: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Input {
    pub(crate) turn: i8,
    pub(crate) go: bool,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Options {
    pub(crate) grid: bool,
    pub(crate) teams: bool,
}

/// The game. What is planted is a fault that the tests must find.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Zoo {
    pub(crate) planted_clock: bool,
}

#[derive(Resource, Clone, Copy)]
struct Planted {
    clock: bool,
}

impl Game for Zoo {
    const NAME: &'static str = "zoo";
    const VERSION: u32 = 1;
    type Input = Input;
    type Options = Options;

    fn setup(&self, setup: &mut Setup<'_>, options: &Options) {
        setup.world.insert_resource(Planted { clock: self.planted_clock });
        setup
            .tick_rate(20)
            // First, so that where it comes and goes all other lanes move.
            .replicate::<Glow>()
            .replicate::<Body>()
            .replicate::<Traits>()
            .replicate::<Purse>()
            .replicate::<Plan>()
            .replicate::<Relic>()
            .save::<Fate>()
            .save::<Keeper>()
            .save_resource(Tally::default())
            .systems(Phase::Input, steer)
            .systems(Phase::Move, walk)
            .systems(Phase::Resolve, (live, mingle).chain())
            .systems(Phase::Late, (breed, watch).chain());
        if options.grid {
            setup.interest(Interest { cell: 8.0, radius: 2 }, |body: &Body| [body.x, body.y]);
        }
    }

    fn start(&self, world: &mut World, _: &Options) {
        for index in 0..6u32 {
            let animal = animal(world.resource_mut::<Random>().into_inner(), Tick(0));
            let mut entity = world.spawn(animal);
            if index % 2 == 0 {
                entity.insert(OnTeam(TeamId(1 + (index % 4 / 2) as u8)));
                entity.insert(Plan { x: 1.0, y: 2.0 });
            }
        }
    }

    fn joined(&self, world: &mut World, join: &Join) {
        let player = join.player;
        let team = TeamId(1 + (player.0 % 2) as u8);
        let body = animal(world.resource_mut::<Random>().into_inner(), Tick(0));
        let purse = Purse { coins: player.0, serial: u32::MAX - player.0 };
        world.spawn((body, Keeper(player), Owner(player), OnTeam(team), purse, Predicted));
        world.resource_mut::<Views>().set_team(player, Some(team));
        world.resource_mut::<Events>().to_all_but(player).emit("came", &join.name);
    }

    fn left(&self, world: &mut World, player: PlayerId) {
        let mut keepers = world.query::<(Entity, &Keeper)>();
        let kept: Vec<Entity> =
            keepers.iter(world).filter(|(_, k)| k.0 == player).map(|(entity, _)| entity).collect();
        kept.into_iter().for_each(|entity| {
            let _ = world.despawn(entity);
        });
    }
}

type Animal = (Body, Traits, Fate);

fn animal(random: &mut Random, now: Tick) -> Animal {
    let body = Body {
        x: random.between(0.0, SIZE),
        y: random.between(0.0, SIZE),
        heading: random.between(0.0, 6.0),
        speed: random.between(0.0, 0.4),
    };
    let traits = Traits {
        name: format!("beast {}", random.below(99)),
        tag: vec![random.below(256) as u8; random.below(6) as usize],
        spin: [0.0, 0.0, 0.0, 1.0],
        born: now,
        ..Traits::default()
    };
    (body, traits, Fate { timer: Timer::every(now, 5 + random.below(30)), rival: None })
}

fn steer(inputs: Res<Inputs<Input>>, mut bodies: Query<(&Keeper, &mut Body)>) {
    for (keeper, mut body) in &mut bodies {
        let input = inputs.of(keeper.0);
        body.heading += f32::from(input.turn) / 500.0;
        body.speed = if input.go { 0.3 } else { 0.0 };
    }
}

fn walk(mut bodies: Query<&mut Body>) {
    for mut body in &mut bodies {
        if body.speed == 0.0 {
            continue;
        }
        // A diamond instead of a circle: no sine that differs between machines.
        let turn = body.heading / std::f32::consts::TAU;
        let turn = (turn - turn.floor()) * 4.0;
        let wave = |turn: f32| 1.0 - (turn - 2.0).abs();
        let (x, y) = (wave(turn), wave((turn + 1.0) % 4.0));
        body.x = (body.x + x * body.speed).clamp(0.0, SIZE);
        body.y = (body.y + y * body.speed).clamp(0.0, SIZE);
    }
}

/// Sorted by name: the order of tables is not the same after a restore.
fn sorted<'a, T>(items: impl Iterator<Item = (&'a Net, T)>) -> Vec<T> {
    let mut items: Vec<(NetId, T)> = items.map(|(net, item)| (net.id, item)).collect();
    items.sort_unstable_by_key(|(id, _)| *id);
    items.into_iter().map(|(_, item)| item).collect()
}

fn live(
    time: Res<Time>,
    planted: Res<Planted>,
    mut random: ResMut<Random>,
    mut animals: Query<(&Net, (&mut Body, &mut Traits, &mut Fate))>,
) {
    for (mut body, mut traits, mut fate) in sorted(animals.iter_mut()) {
        if !fate.timer.ring(time.tick()) {
            continue;
        }
        body.heading = random.between(-7.0, 7.0);
        body.speed = if random.one_in(3) { 0.0 } else { random.between(0.0, 1.5) };
        match random.below(10) {
            0 => traits.name = "x".repeat(random.below(15) as usize),
            1 => traits.mood = [Mood::Calm, Mood::Hungry, Mood::Angry][random.below(3) as usize],
            2 => traits.asleep = !traits.asleep,
            3 => traits.spin = std::array::from_fn(|_| random.between(-1.0, 1.0)),
            4 => traits.home = [body.x, body.y],
            5 => traits.top = std::array::from_fn(|_| random.between(-1.2, 1.2)),
            6 => traits.goal = if random.one_in(2) { None } else { Some(random.below(201) as u8) },
            7 => traits.tag.push(1),
            8 => traits.debt = random.bits() as i32,
            _ => traits.age = traits.age.saturating_add(random.below(400) as u16),
        }
        traits.tag.truncate(5);
        if planted.clock {
            let now = std::time::SystemTime::now();
            let since = now.duration_since(std::time::UNIX_EPOCH).expect("after 1970");
            body.x = (since.subsec_nanos() % 64) as f32;
        }
    }
}

/// Friends are made and lost; components come and go.
fn mingle(
    mut commands: Commands,
    mut random: ResMut<Random>,
    mut animals: Query<(&Net, (Entity, &mut Traits, &mut Fate, Has<Glow>, Has<Plan>))>,
    mut purses: Query<(&Net, &mut Purse)>,
) {
    let all: Vec<Entity> = sorted(animals.iter().map(|(net, (entity, ..))| (net, entity)));
    for (entity, mut traits, mut fate, glows, plans) in sorted(animals.iter_mut()) {
        match random.below(60) {
            0 => traits.friend = random.pick(&all).copied(),
            1 => fate.rival = random.pick(&all).copied(),
            2 if glows => drop(commands.entity(entity).remove::<Glow>()),
            2 => drop(commands.entity(entity).insert(Glow(random.below(41) as u8))),
            3 if plans => drop(commands.entity(entity).remove::<Plan>()),
            3 => {
                let plan = Plan { x: random.between(0.0, SIZE), y: random.between(0.0, SIZE) };
                commands.entity(entity).insert(plan);
            }
            4 => drop(commands.entity(entity).insert(OnTeam(TeamId(1 + random.below(2) as u8)))),
            5 => drop(commands.entity(entity).remove::<OnTeam>()),
            _ => {}
        }
    }
    for mut purse in sorted(purses.iter_mut()) {
        if random.one_in(4) {
            purse.coins += random.below(50);
        }
    }
}

fn breed(
    time: Res<Time>,
    mut commands: Commands,
    mut tally: ResMut<Tally>,
    mut random: ResMut<Random>,
    animals: Query<(&Net, (Entity, Has<Keeper>))>,
) {
    let animals = sorted(animals.iter());
    for (entity, is_kept) in &animals {
        if !is_kept && random.below(150) == 0 {
            commands.entity(*entity).despawn();
        }
    }
    for _ in 0..2 {
        if animals.len() < 30 && random.one_in(8) {
            tally.births += 1;
            let mut born = commands.spawn(animal(&mut random, time.tick()));
            if time.tick().0 > 40 && random.one_in(3) {
                born.insert(Relic(random.below(60_000) as i32));
            }
        }
    }
}

fn watch(mut views: ResMut<Views>, bodies: Query<(&Keeper, &Body)>) {
    for (keeper, body) in &bodies {
        views.look_at(keeper.0, [body.x, body.y]);
    }
}
