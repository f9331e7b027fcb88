//! Weapons that burst, and rounds that follow each other.

use super::table::{Table, open, put};
use crate::arena::avatar::Body;
use crate::arena::control::Buttons;
use crate::arena::health::Health;
use crate::arena::projectile::Shot;
use crate::arena::round::Round;
use crate::arena::score::Score;
use crate::arena::team::Side;
use crate::arena::{Input, Options};
use arena_rules::Weapon;
use bevy_ecs::prelude::*;
use tickwire::prelude::*;

fn firing(weapon: Weapon) -> Input {
    Input { buttons: Buttons::FIRE.holding(weapon), ..Input::default() }
}

fn health(table: &Table, player: u32) -> u8 {
    table.get::<Health>(player).map_or(0, |health| health.now)
}

#[test]
fn a_rocket_hurts_all_who_are_near_less_the_farther_they_are_and_its_owner_half() {
    let mut table = Table::staged(open(), 4, |world, tick| {
        if tick == 3 {
            put(world, 1, 20.0, 20.0);
            put(world, 2, 22.0, 20.0);
            put(world, 3, 22.0, 21.75);
            put(world, 4, 22.0, 30.0);
        }
    });
    // Changing the weapon takes five ticks.
    table.play(6, &[(1, firing(Weapon::Rocket))]);
    assert_eq!(table.all::<Shot>().len(), 1);
    table.play(4, &[]);
    let [own, hit, near, far] = [1, 2, 3, 4].map(|player| health(&table, player));
    assert_eq!((hit, far), (60, 100));
    assert!((1..100).contains(&near) && near > 60, "{near}");
    assert!(own > near && own < 100, "{own}");
    assert_eq!(table.all::<Shot>().len(), 0);
}

#[test]
fn a_scatter_fires_a_handful_for_one_shell() {
    let mut table = Table::staged(open(), 1, |_, _| ());
    table.play(6, &[(1, firing(Weapon::Scatter))]);
    assert_eq!(table.all::<Shot>().len(), 5);
    table.play(8, &[]);
    assert_eq!(table.all::<Shot>().len(), 0, "they do not fly far");
}

fn round(table: &Table) -> Round {
    let world = table.game.world();
    let query = world.try_query::<&Round>();
    query.and_then(|mut query| query.iter(world).next().copied()).expect("a round")
}

#[test]
fn after_a_round_there_is_a_pause_and_then_all_begins_anew() {
    let options = Options { goal: 10, rounds: 2, ..open() };
    let mut table = Table::staged(options, 2, |world, tick| {
        if matches!(tick, 3 | 250) {
            put(world, 1, 10.0, 20.0);
            put(world, 2, 14.0, 20.0);
        }
    });
    while !round(&table).is_over {
        table.play(1, &[(1, firing(Weapon::Blaster))]);
        assert!(table.game.tick_number() < Tick(80));
    }
    let payload = table.events.last().map(|event| event.payload.clone()).unwrap_or_default();
    assert!(payload.starts_with(r#"{"number":1,"winner":"Number 1","side":null,"#), "{payload}");
    let over = round(&table);
    assert_eq!(over.next, Some(Tick(table.game.tick_number().0 + 160)));
    assert!(over.winner.is_some() && table.game.frame().outcome.is_none());
    table.play(10, &[(1, firing(Weapon::Blaster))]);
    assert_eq!(table.all::<Shot>().len(), 0, "nobody fires in the pause");
    table.play(149, &[]);
    assert_eq!((round(&table).number, table.score(1).points), (1, 10));
    table.play(1, &[]);
    let next = round(&table);
    assert_eq!((next.number, next.is_over, next.winner), (2, false, None));
    assert_eq!((table.score(1), table.score(2)), (Score::default(), Score::default()));
    assert_eq!((table.all::<Body>().len(), health(&table, 1), health(&table, 2)), (2, 100, 100));
    while !round(&table).is_over {
        table.play(1, &[(1, firing(Weapon::Blaster))]);
        assert!(table.game.tick_number() < Tick(400));
    }
    assert!(table.game.frame().outcome.is_some(), "the second was the last");
}

/// How a round of four ends when it is time, and what is said of it: who has how many points.
fn verdict(teams: u8, hand: fn(&mut World, u32)) -> (Round, String) {
    let options = Options { seconds: 1, rounds: 2, teams, ..open() };
    let mut table = Table::staged(options, 4, hand);
    while !round(&table).is_over {
        table.play(1, &[]);
    }
    let payload = table.events.last().map(|event| event.payload.clone());
    (round(&table), payload.unwrap_or_default())
}

/// Players 1 and 3 are on the first side, 2 and 4 on the second.
fn give(world: &mut World, points: [u32; 4]) {
    for (owner, mut score) in world.query::<(&Owner, &mut Score)>().iter_mut(world) {
        score.points = points[owner.0.0 as usize - 1];
    }
}

#[test]
fn a_tie_is_nobodys_win() {
    let (over, said) = verdict(2, |world, _| give(world, [20, 10, 0, 10]));
    assert_eq!((over.side, over.winner), (None, None));
    assert!(said.starts_with(r#"{"number":1,"winner":null,"side":null,"#), "{said}");
    let (over, _) = verdict(2, |world, _| give(world, [10, 10, 0, 10]));
    assert_eq!((over.side, over.winner.is_some()), (Some(Side::Blue), true));
    let (over, _) = verdict(0, |world, _| give(world, [0, 20, 20, 10]));
    assert_eq!((over.side, over.winner), (None, None));
    let (_, said) = verdict(0, |world, _| give(world, [0, 20, 30, 10]));
    assert!(said.starts_with(r#"{"number":1,"winner":"Number 3","side":null,"#), "{said}");
    let (over, _) = verdict(0, |world, _| give(world, [0; 4]));
    assert_eq!((over.side, over.winner), (None, None));
}
