//! A game that exists to have one of everything: all field kinds, all motions, components for an
//! owner and for a team, the interest grid, spawns, despawns, and components that come and go.

use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// Half the side of the field.
const EDGE: f32 = 60.0;
/// A bolt flies for so many ticks.
const BOLT_TICKS: u32 = 12;

/// What a player does in a tick.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Act {
    /// How far it turns.
    pub turn: i8,
    /// Whether it flies on.
    pub thrust: bool,
    /// Whether it shoots.
    pub fire: bool,
}

/// Something with a place.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Body {
    at: [f32; 2],
    heading: f32,
    speed: f32,
    weight: u8,
}

replicate! {
    Body {
        at: steady vector::<2>(-64.0, 64.0, 0.01),
        heading: steady angle(256),
        speed: auto float(0.0, 4.0, 0.125),
        ..Default::default()
    }
}

/// How something looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Mood {
    /// As always.
    #[default]
    Calm,
    /// After a shot.
    Angry,
    /// After a hit.
    Sad,
}

/// One field of each kind that [`Body`] has not.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Card {
    flag: bool,
    small: u8,
    middle: i16,
    wide: i64,
    mood: Mood,
    name: String,
    blob: Vec<u8>,
    #[entities]
    target: Option<Entity>,
    since: Tick,
    maybe: Option<i32>,
    spin: [f32; 4],
    place: [f32; 3],
}

replicate! {
    Card {
        flag: boolean(),
        small: integer(0, 9),
        middle: auto integer(-12, 12),
        wide: integer(-2_147_483_648, 2_147_483_647),
        mood: choice(&[Mood::Calm, Mood::Angry, Mood::Sad]),
        name: text(5),
        blob: bytes(3),
        target: entity(),
        since: moment(),
        maybe: optional(integer(-500, 500)),
        spin: rotation(9),
        place: auto vector::<3>(-100.0, 100.0, 0.5),
    }
}

/// What only its owner sees.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Purse(u32);

replicate! { Purse for owner { 0: integer(0, 100_000) } }

/// What only its team sees.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Plan {
    goal: [f32; 2],
}

replicate! { Plan for team { goal: vector::<2>(-64.0, 64.0, 1.0) } }

/// Comes and goes on entities that live on.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Shield(u8);

replicate! { Shield { 0: steady integer(0, 40) } }

/// Ends an entity; not sent.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Life(Timer);

/// The game.
#[derive(Clone, Copy, Debug)]
pub struct Zoo;

impl Game for Zoo {
    const NAME: &'static str = "zoo";
    const VERSION: u32 = 1;
    type Input = Act;
    type Options = u8;

    fn setup(&self, setup: &mut Setup<'_>, _: &u8) {
        setup
            .tick_rate(30)
            .replicate::<Body>()
            .replicate::<Card>()
            .replicate::<Purse>()
            .replicate::<Plan>()
            .replicate::<Shield>()
            .save::<Life>()
            .save_resource(History::reaching(200))
            .interest::<Body>(Interest { cell: 24.0, radius: 1 }, |body| body.at)
            .systems(Phase::Input, act)
            .systems(Phase::Move, fly)
            .systems(Phase::Resolve, (shield, end).chain())
            .systems(Phase::Late, (show, look, remember).chain());
    }

    fn start(&self, world: &mut World, stones: &u8) {
        for stone in 0..(*stones).min(12) {
            let at = [f32::from(stone) * 9.0 - 50.0, f32::from(stone % 3) * 30.0 - 40.0];
            world.spawn(Body { at, ..Body::default() });
        }
    }

    fn joined(&self, world: &mut World, join: &Join) {
        let team = TeamId((join.player.0 % 2) as u8);
        let at = [join.player.0 as f32 * 11.0 % EDGE, 0.0];
        let body = Body { at, weight: 1, ..Body::default() };
        let card = Card { name: join.name.clone(), ..Card::default() };
        let whose = (Owner(join.player), OnTeam(team));
        let mut avatar = world.spawn((body, card, Purse(10), Plan::default(), whose));
        if join.predicts {
            avatar.insert(Predicted);
        }
        world.resource_mut::<Views>().set_team(join.player, Some(team));
    }

    fn left(&self, world: &mut World, player: PlayerId) {
        let mut owned = world.query::<(Entity, &Owner)>();
        let gone: Vec<Entity> = owned
            .iter(world)
            .filter(|(_, owner)| owner.0 == player)
            .map(|(entity, _)| entity)
            .collect();
        for entity in gone {
            world.despawn(entity);
        }
    }

    fn away(&self, world: &mut World, _: PlayerId) {
        world.resource_mut::<Events>().to_all().emit("away", "someone");
    }
}

fn act(
    mut commands: Commands<'_, '_>,
    inputs: Res<'_, Inputs<Act>>,
    time: Res<'_, Time>,
    mut avatars: Query<'_, '_, (&Owner, &mut Body, &mut Card, &mut Purse)>,
) {
    for (owner, mut body, mut card, mut purse) in &mut avatars {
        let act = inputs.of(owner.0);
        body.heading += f32::from(act.turn) * 0.01;
        body.speed = if act.thrust { (body.speed + 0.25).min(2.0) } else { 0.0 };
        if act.fire {
            let bolt = Body { speed: 3.5, weight: 0, ..body.clone() };
            commands.spawn((bolt, Owner(owner.0), Life(Timer::after(time.tick(), BOLT_TICKS))));
            card.mood = Mood::Angry;
            card.since = time.tick();
            purse.0 = purse.0.saturating_add(7);
        }
    }
}

fn fly(mut bodies: Query<'_, '_, &mut Body>) {
    for mut body in &mut bodies {
        if body.speed > 0.0 {
            let Body { heading, speed, .. } = *body;
            // No sine: its last bits differ between machines.
            let step = [1.0 - heading.abs() % 2.0, heading % 1.5];
            body.at =
                std::array::from_fn(|axis| (body.at[axis] + step[axis] * speed).clamp(-EDGE, EDGE));
        }
    }
}

fn shield(
    mut commands: Commands<'_, '_>,
    time: Res<'_, Time>,
    mut shields: Query<'_, '_, (Entity, Option<&mut Shield>, &Net), With<Body>>,
) {
    for (entity, shield, net) in &mut shields {
        match shield {
            Some(shield) if shield.0 == 0 => {
                commands.entity(entity).remove::<Shield>();
            }
            Some(mut shield) => shield.0 -= 1,
            None if (time.tick().0.wrapping_add(net.id.0)).is_multiple_of(9) => {
                commands.entity(entity).insert(Shield((net.id.0 % 8) as u8));
            }
            None => {}
        }
    }
}

fn end(
    mut commands: Commands<'_, '_>,
    time: Res<'_, Time>,
    mut lives: Query<'_, '_, (Entity, &mut Life)>,
) {
    for (entity, mut life) in &mut lives {
        if life.0.ring(time.tick()) {
            commands.entity(entity).despawn();
        }
    }
}

fn show(
    time: Res<'_, Time>,
    mut random: ResMut<'_, Random>,
    mut cards: Query<'_, '_, (Entity, &mut Card, &Body)>,
) {
    let tick = time.tick().0;
    let mut order: Vec<_> = cards.iter_mut().collect();
    order.sort_by(|a, b| a.1.name.cmp(&b.1.name));
    for (entity, mut card, body) in order {
        card.place = [body.at[0], body.at[1], body.speed];
        match tick % 11 {
            0 => card.target = Some(entity).filter(|_| random.one_in(2)),
            1 => card.spin = [random.unit(), random.unit(), random.unit(), 0.1],
            2 => card.maybe = random.one_in(2).then_some(tick as i32 % 300),
            3 => card.blob = vec![tick as u8; random.below(5) as usize],
            4 => card.wide = random.bits() as i32 as i64,
            5 => card.flag = !card.flag,
            6 => card.small = random.below(12) as u8,
            7 => card.middle += 1,
            8 => card.mood = Mood::Sad,
            9 => card.name.truncate(3),
            _ => {}
        }
    }
}

fn look(mut views: ResMut<'_, Views>, mut avatars: Query<'_, '_, (&Owner, &Body, &mut Plan)>) {
    for (owner, body, mut plan) in &mut avatars {
        views.look_at(owner.0, body.at);
        plan.goal = body.at;
    }
}

fn remember(
    time: Res<'_, Time>,
    mut history: ResMut<'_, History>,
    bodies: Query<'_, '_, (&Net, &Body)>,
) {
    let places = bodies.iter().map(|(net, body)| (net.id, [body.at[0], body.at[1], 0.0]));
    history.record(&time, places);
}
