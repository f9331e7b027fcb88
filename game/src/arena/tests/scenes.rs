//! Avatars, walls, shots and pickups.

use super::table::{Table, open, put};
use crate::arena::avatar::{Body, RADIUS};
use crate::arena::control::Buttons;
use crate::arena::field::{At, Field};
use crate::arena::health::{Health, Shield};
use crate::arena::pickup::{Gift, Pickup};
use crate::arena::projectile::Shot;
use crate::arena::weapon::{Arms, Grip, Kind};
use crate::arena::{Input, Options};
use arena_rules::Weapon;
use bevy_ecs::prelude::*;
use tickwire::prelude::*;
use tickwire::sim::{Controls, encode_input};

const NOTHING: Input = Input { move_x: 0, move_y: 0, aim: 0, buttons: Buttons(0) };
const FIRE: Input = Input { buttons: Buttons::FIRE, ..NOTHING };
const RIGHT: Input = Input { move_x: 127, ..NOTHING };

/// The left end of the first wall, halfway up.
fn first_wall(world: &World) -> [f32; 4] {
    let wall = world.resource::<Field>().walls().next().expect("a wall");
    [wall.x, wall.y + wall.height / 2.0, wall.width, wall.height]
}

#[test]
fn walls_stop_runners() {
    let mut table = Table::staged(Options::default(), 1, |world, tick| {
        if tick == 3 {
            let [x, y, ..] = first_wall(world);
            put(world, 1, x - 0.875, y);
        }
    });
    let [left, ..] = first_wall(table.game.world());
    table.play(40, &[(1, RIGHT)]);
    let body: Body = table.get(1).expect("alive");
    assert_eq!(body.x, left - RADIUS);
}

#[test]
fn walls_stop_shots() {
    let mut table = Table::staged(Options::default(), 2, |world, tick| {
        let [x, y, width, _] = first_wall(world);
        if tick == 3 {
            put(world, 1, x - 0.75, y);
        }
        if tick >= 3 {
            put(world, 2, x + width + 0.75, y);
        }
    });
    let [left, ..] = first_wall(table.game.world());
    let mut fired = 0;
    for _ in 0..30 {
        table.play(1, &[(1, FIRE)]);
        for (_, At([x, _])) in table.all::<At>().into_iter().filter(|(player, _)| *player == 1) {
            assert!(x <= left + 0.01, "something is in the wall, at {x}");
        }
        fired += table.all::<Shot>().len();
    }
    assert!(fired >= 5);
    assert_eq!(table.get::<Health>(2).map(|health| health.now), Some(100));
}

#[test]
fn running_straight_and_flying_straight_cost_next_to_nothing() {
    let mut table = Table::staged(open(), 2, |world, tick| {
        if tick == 3 {
            put(world, 1, 10.0, 10.0);
            put(world, 2, 10.0, 40.0);
        }
    });
    table.play(8, &[(1, RIGHT), (2, FIRE)]);
    let mut packet = Vec::new();
    let mut silent = 0;
    for _ in 0..12 {
        table.play(1, &[(1, RIGHT), (2, NOTHING)]);
        table.game.frame().delta.gather(PlayerId(1), &mut packet);
        silent += u32::from(packet.len() <= 3);
    }
    assert!(!table.all::<Shot>().is_empty());
    // Now and then a checksum or new tables come along; the rest are all but empty packets.
    assert!(silent >= 10, "{silent} of 12 ticks");
}

#[test]
fn a_shot_faster_than_any_does_not_pass_through_an_avatar() {
    let mut table = Table::staged(open(), 2, |world, tick| {
        if tick >= 3 {
            put(world, 1, 10.0, 20.0);
            put(world, 2, 16.0, 20.0);
        }
        for mut shot in world.query::<&mut Shot>().iter_mut(world) {
            (shot.vx, shot.vy) = (4.0, 0.0);
        }
    });
    table.play(1, &[(1, FIRE)]);
    table.play(3, &[]);
    assert!(table.get::<Health>(2).is_some_and(|health| health.now < 100));
    assert!(table.all::<Shot>().is_empty());
}

#[test]
fn shots_run_out_and_weapons_are_loaded_again() {
    let mut table = Table::staged(open(), 2, |world, tick| {
        if tick == 3 {
            put(world, 1, 10.0, 10.0);
            put(world, 2, 10.0, 40.0);
        }
    });
    table.play(45, &[(1, FIRE)]);
    assert_eq!(table.get::<Arms>(1).map(|arms| arms.loaded), Some(0));
    table.play(1, &[(1, FIRE)]);
    assert!(table.get::<Arms>(1).is_some_and(|arms| arms.reload > Tick(0)));
    table.play(26, &[]);
    assert_eq!(table.get::<Arms>(1).map(|a| (a.loaded, a.reload)), Some((12, Tick(0))));
    let scatter = Input { buttons: Buttons::FIRE.holding(Weapon::Scatter), ..NOTHING };
    table.play(400, &[(1, scatter)]);
    let arms: Arms = table.get(1).expect("alive");
    assert_eq!((arms.loaded, arms.shells, arms.rockets), (12, 0, 2));
    assert_eq!(table.get::<Grip>(1).map(|grip| grip.weapon), Some(Kind::Scatter));
    // Each sees what its own avatar carries, and what all hold.
    assert_eq!((table.seen::<Arms>(1), table.seen::<Arms>(2)), (1, 1));
    assert_eq!((table.seen::<Grip>(1), table.seen::<Body>(1)), (2, 2));
}

#[test]
fn a_pickup_is_taken_by_who_needs_it_and_comes_back() {
    let mut table = Table::staged(Options::default(), 1, |world, tick| {
        let mut pickups = world.query::<&Pickup>();
        let health = pickups.iter(world).find(|pickup| pickup.gift == Gift::Health).copied();
        let Pickup { x, y, .. } = health.expect("a pickup");
        match tick {
            5 => put(world, 1, x, y),
            10 => world.query::<&mut Health>().iter_mut(world).for_each(|mut h| h.now = 30),
            20 => put(world, 1, 1.0, 1.0),
            _ => {}
        }
    });
    let gone = |table: &Table| {
        let world = table.game.world();
        let mut pickups = world.try_query::<&Pickup>().expect("known");
        pickups.iter(world).filter(|pickup| !pickup.is_there).count()
    };
    table.play(6, &[]);
    assert_eq!(gone(&table), 0);
    table.play(4, &[]);
    assert_eq!(gone(&table), 1);
    assert_eq!(table.get::<Health>(1).map(|health| health.now), Some(70));
    assert_eq!(table.score(1).points, 1);
    table.play(157, &[]);
    assert_eq!(gone(&table), 1);
    table.play(1, &[]);
    assert_eq!(gone(&table), 0);
}

#[test]
fn of_two_shields_at_once_one_is_left() {
    let mut table = Table::staged(Options::default(), 1, |world, tick| {
        if tick == 3 {
            let mut pickups = world.query::<&mut Pickup>();
            let mut place = None;
            for mut pickup in pickups.iter_mut(world).take(2) {
                pickup.gift = Gift::Shield;
                (pickup.x, pickup.y) = *place.get_or_insert((pickup.x, pickup.y));
            }
            let (x, y) = place.expect("a pickup");
            put(world, 1, x, y);
        }
    });
    let shields = |table: &Table| {
        let world = table.game.world();
        let mut pickups = world.try_query::<&Pickup>().expect("known");
        let is_shield = |it: &&Pickup| it.gift == Gift::Shield && it.is_there;
        pickups.iter(world).filter(is_shield).count()
    };
    table.play(1, &[]);
    assert!(table.get::<Shield>(1).is_some());
    assert_eq!(shields(&table), 1);
    table.play(5, &[]);
    assert_eq!(shields(&table), 1);
}

#[test]
fn who_is_shot_ends_comes_back_and_is_counted() {
    let mut table = Table::staged(open(), 2, |world, tick| {
        if tick == 3 {
            put(world, 1, 10.0, 20.0);
            put(world, 2, 14.0, 20.0);
        }
    });
    let mut hits = 0;
    while table.is_alive(2) {
        table.play(1, &[(1, FIRE)]);
        hits += table.heard().iter().filter(|e| *e == "hit Some([PlayerId(2)])").count();
        assert!(table.game.tick_number() < Tick(60));
    }
    assert_eq!(
        (hits, table.heard()),
        (6, vec!["hit Some([PlayerId(2)])".into(), "kill All".into()])
    );
    let kill = table.events.last().map(|event| event.payload.clone());
    let expected = r#"{"victim":"Number 2","killer":"Number 1","players":[2,1],"at":[14.0,20.0]}"#;
    assert_eq!(kill.as_deref(), Some(expected));
    assert_eq!((table.score(1).kills, table.score(1).points, table.score(2).deaths), (1, 10, 1));
    assert_eq!(table.seen::<Body>(1), 1);
    table.play(39, &[]);
    assert!(!table.is_alive(2));
    table.play(1, &[]);
    assert!(table.is_alive(2));
    assert!(table.get::<Shield>(2).is_some());
    assert_eq!((table.seen::<Shield>(1), table.seen::<Body>(1)), (1, 2));
    table.play(30, &[]);
    assert_eq!((table.get::<Shield>(2), table.seen::<Shield>(1)), (None, 0));
}

#[test]
fn where_somebody_ended_is_not_told_to_those_who_see_but_a_part_of_the_field() {
    let mut table = Table::staged(Options { interest: true, ..open() }, 2, |world, tick| {
        if tick == 3 {
            put(world, 1, 10.0, 20.0);
            put(world, 2, 14.0, 20.0);
        }
    });
    while table.is_alive(2) {
        table.play(1, &[(1, FIRE)]);
        assert!(table.game.tick_number() < Tick(60));
    }
    let kill = table.events.last().map(|event| event.payload.clone());
    let expected = r#"{"victim":"Number 2","killer":"Number 1","players":[2,1]}"#;
    assert_eq!(kill.as_deref(), Some(expected));
}

#[test]
fn a_shield_keeps_from_harm() {
    let mut table = Table::staged(open(), 2, |world, tick| {
        if tick == 3 {
            put(world, 1, 10.0, 20.0);
            put(world, 2, 14.0, 20.0);
            let mut bodies = world.query::<(Entity, &Owner, &Body)>();
            let (entity, ..) = bodies.iter(world).find(|(_, o, _)| o.0.0 == 2).expect("there");
            world.entity_mut(entity).insert(Shield { until: Tick(60) });
        }
    });
    table.play(50, &[(1, FIRE)]);
    assert_eq!(table.get::<Health>(2).map(|health| health.now), Some(100));
}

/// The health of one who dodges sideways, shot at by one who saw it where it was.
fn dodged(behind: Option<u32>) -> u8 {
    let mut table = Table::staged(open(), 2, |world, tick| {
        if tick >= 3 {
            put(world, 1, 10.0, 20.0);
            // It is gone from the line of fire at the tick the shot is fired.
            put(world, 2, 12.0, if tick < 20 { 20.0 } else { 21.5 });
        }
    });
    table.play(17, &[]);
    let seen = behind.map(|behind| (Tick(table.game.tick_number().0 + 1 - behind), 0));
    let input = encode_input(&FIRE);
    let controls = Controls { player: PlayerId(1), input, seen, predicted: None };
    table.tick(&TickInputs { controls: vec![controls], changes: Vec::new() });
    table.play(4, &[(1, NOTHING)]);
    table.get::<Health>(2).expect("alive").now
}

#[test]
fn a_shot_hits_what_its_shooter_saw_but_not_the_far_past() {
    assert_eq!(dodged(None), 100);
    assert_eq!(dodged(Some(1)), 100);
    assert_eq!(dodged(Some(4)), 82);
    assert_eq!(dodged(Some(19)), 82);
}
