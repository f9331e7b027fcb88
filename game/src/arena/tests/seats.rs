//! Who comes, goes, is away, and on whose side they are.

use super::table::{Table, open, put};
use crate::arena::avatar::{Away, Body};
use crate::arena::control::Buttons;
use crate::arena::health::{Health, Shield};
use crate::arena::player::Standing;
use crate::arena::team::{Marker, Side};
use crate::arena::{Input, Options};
use tickwire::prelude::*;
use tickwire::sim::Change;

#[test]
fn who_joins_appears_and_the_others_hear_of_it() {
    let mut table = Table::staged(open(), 1, |_, _| {});
    table.join(2, "Someone with a very long name");
    table.play(1, &[]);
    assert_eq!(table.heard(), ["came AllBut(PlayerId(2))"]);
    assert_eq!(table.events[0].payload, r#"{"player":2,"name":"Someone with a v"}"#);
    assert_eq!(table.profile(2).name, "Someone with a v");
    assert!(table.is_alive(2));
    // The avatar came in the same tick; the reference to it is right for those who see it.
    let replica = &table.replicas[&PlayerId(1)];
    let mut standings = replica.entities().filter_map(|id| replica.get::<Standing>(id));
    assert!(standings.all(|standing| standing.avatar.is_some()));
    assert_eq!(table.seen::<Body>(2), 2);
}

#[test]
fn who_leaves_is_gone() {
    let mut table = Table::staged(open(), 2, |_, _| {});
    table.changes.push(Change::Leave(PlayerId(2)));
    table.play(1, &[]);
    assert_eq!(table.heard(), ["went All"]);
    assert_eq!((table.all::<Standing>().len(), table.all::<Body>().len()), (1, 1));
    assert_eq!((table.seen::<Standing>(1), table.seen::<Body>(1)), (1, 1));
    table.join(2, "again");
    table.play(1, &[]);
    assert!(table.is_alive(2));
}

#[test]
fn who_is_away_stands_still_and_is_spared_until_back() {
    let mut table = Table::staged(open(), 1, |world, tick| {
        if tick == 3 {
            put(world, 1, 20.0, 20.0);
        }
    });
    let runs = Input { move_x: 127, ..Input::default() };
    table.play(10, &[(1, runs)]);
    table.changes.push(Change::Away(PlayerId(1)));
    table.play(5, &[]);
    let before: Body = table.get(1).expect("there");
    assert!(table.get::<Shield>(1).is_some());
    assert_eq!(table.seen::<Away>(1), 1);
    table.play(60, &[]);
    assert_eq!(table.get::<Body>(1), Some(before));
    assert!(table.get::<Shield>(1).is_none());
    table.changes.push(Change::Back(PlayerId(1)));
    table.play(10, &[(1, runs)]);
    assert!(table.get::<Body>(1).is_some_and(|body| body.x > before.x));
    assert_eq!(table.seen::<Away>(1), 0);
}

#[test]
fn whoever_is_cut_again_and_again_is_not_safe_for_it() {
    let mut table = Table::staged(open(), 1, |_, _| ());
    table.play(60, &[]);
    assert_eq!(table.get::<Shield>(1), None);
    table.changes.extend([Change::Away(PlayerId(1)), Change::Back(PlayerId(1))]);
    table.play(1, &[]);
    assert_eq!(table.get::<Shield>(1), None);
}

#[test]
fn no_controls_make_anybody_faster_than_the_rules() {
    let mut table = Table::staged(open(), 1, |_, _| ());
    let mut before: Body = table.get(1).expect("there");
    for tick in 0..200_u8 {
        let buttons = Buttons(tick.wrapping_mul(37) | Buttons::DASH.0);
        let move_x = if tick % 50 < 25 { i8::MIN } else { i8::MAX };
        let wild = Input { move_x, move_y: i8::MIN, aim: u16::MAX, buttons };
        table.play(1, &[(1, wild)]);
        let Some(body) = table.get::<Body>(1) else { continue };
        let way = crate::arena::turn::distance(before.at(), body.at());
        assert!(way <= 0.97, "{way} units in a tick");
        before = body;
    }
}

#[test]
fn the_dead_come_back_when_their_connection_does() {
    let mut table = Table::staged(open(), 1, |world, tick| {
        if tick == 10 {
            let mut healths = world.query::<&mut Health>();
            healths.iter_mut(world).for_each(|mut health| health.now = 0);
        }
    });
    table.play(8, &[]);
    assert!(!table.is_alive(1));
    table.changes.push(Change::Away(PlayerId(1)));
    table.play(100, &[]);
    assert!(!table.is_alive(1));
    table.changes.push(Change::Back(PlayerId(1)));
    table.play(1, &[]);
    assert!(table.is_alive(1));
    assert!(table.get::<Away>(1).is_none());
}

#[test]
fn teams_are_even_do_not_hurt_themselves_and_share_marks() {
    let options = Options { teams: 2, ..open() };
    let mut table = Table::staged(options, 3, |world, tick| {
        if tick >= 3 {
            put(world, 1, 10.0, 20.0);
            put(world, 2, 10.0, 40.0);
            put(world, 3, 14.0, 20.0);
        }
    });
    let side = |player| table.profile(player).side;
    assert_eq!([1, 2, 3].map(side), [Some(Side::Red), Some(Side::Blue), Some(Side::Red)]);
    let buttons = Buttons::FIRE.with(Buttons::MARK, true);
    let input = Input { buttons, ..Input::default() };
    table.play(20, &[(1, input)]);
    assert_eq!(table.get::<Health>(3).map(|health| health.now), Some(100));
    let marker: Marker = table.get(1).expect("a mark");
    assert_eq!((marker.x, marker.y), (22.0, 20.0));
    assert_eq!([1, 2, 3].map(|player| table.seen::<Marker>(player)), [1, 0, 1]);
    table.play(60, &[]);
    assert_eq!([1, 2, 3].map(|player| table.seen::<Marker>(player)), [0, 0, 0]);
}

#[test]
fn a_round_and_with_the_last_the_match_ends_when_someone_has_the_points_or_the_time_is_over() {
    let shoot = |options| {
        let mut table = Table::staged(options, 2, |world, tick| {
            if tick == 3 {
                put(world, 1, 10.0, 20.0);
                put(world, 2, 14.0, 20.0);
            }
        });
        table.play(45, &[(1, Input { buttons: Buttons::FIRE, ..Input::default() })]);
        table.game.frame().outcome.map(ToString::to_string)
    };
    assert_eq!(shoot(open()), None);
    let expected = concat!(
        r#"{"players":[{"deaths":0,"kills":1,"name":"Number 1","player":1,"points":10,"side":null},"#,
        r#"{"deaths":1,"kills":0,"name":"Number 2","player":2,"points":0,"side":null}],"sides":[]}"#
    );
    assert_eq!(shoot(Options { goal: 10, ..open() }).as_deref(), Some(expected));
    assert_eq!(shoot(Options { seconds: 2, ..open() }).as_deref(), Some(expected));
    let sides = shoot(Options { goal: 10, teams: 2, ..open() });
    let expected = r#""sides":[{"points":10,"side":"red"},{"points":0,"side":"blue"}]"#;
    assert!(sides.is_some_and(|outcome| outcome.contains(expected)));
}
