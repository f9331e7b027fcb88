//! Bots that fill empty seats.

use super::table::{Table, open, put};
use crate::arena::avatar::Body;
use crate::arena::bot::Mind;
use crate::arena::player::{Entrant, Profile};
use crate::arena::score::Score;
use crate::arena::{Arena, Options};
use bevy_ecs::prelude::*;
use tickwire::prelude::*;
use tickwire::sim::Change;

/// How many bots and how many others sit there.
fn seated(table: &Table) -> (usize, usize) {
    let profiles: Vec<(u32, Profile)> = table.all();
    let bots = profiles.iter().filter(|(_, profile)| profile.is_bot).count();
    (bots, profiles.len() - bots)
}

#[test]
fn bots_come_when_there_is_room_and_go_when_people_come() {
    let options = Options { bots: 4, teams: 2, ..open() };
    let mut table = Table::of(Match::new(Arena, options, 3));
    table.play(1, &[]);
    assert_eq!((seated(&table), table.all::<Body>().len()), ((4, 0), 4));
    for player in 1..=6 {
        table.join(player, "person");
        table.play(1, &[]);
        let player = player as usize;
        assert_eq!(seated(&table), (4_usize.saturating_sub(player), player));
    }
    for player in 1..=6 {
        table.changes.push(Change::Leave(PlayerId(player)));
        table.play(1, &[]);
    }
    assert_eq!(seated(&table), (4, 0));
    let sides: Vec<_> = table.all::<Profile>().into_iter().map(|(_, it)| it.side).collect();
    assert!(sides.iter().all(|side| sides.iter().filter(|other| *other == side).count() == 2));
}

#[test]
fn bots_in_a_match_fight_each_other_and_restored_they_go_on_byte_for_byte() {
    let options = Options { bots: 8, rounds: 0, goal: 60, ..Options::default() };
    let mut game = Match::new(Arena, options, 11);
    let mut copies: Vec<Match> = Vec::new();
    let (mut kills, mut rounds) = (0, 0);
    for tick in 1..=1800u32 {
        let frame = game.tick(&TickInputs::default());
        kills += frame.events.iter().filter(|event| event.name == "kill").count();
        rounds += frame.events.iter().filter(|event| event.name == "round").count();
        let hash = frame.hash();
        for copy in &mut copies {
            assert_eq!(copy.tick(&TickInputs::default()).hash(), hash, "at {tick}");
        }
        if tick % 450 == 0 {
            copies.push(Match::restore(Arena, &game.checkpoint()).expect("what was saved"));
        }
    }
    println!("{kills} kills, {rounds} rounds");
    assert!(kills >= 12, "{kills} kills in a minute and a half of eight");
    assert!(rounds >= 1);
}

#[test]
fn a_spectator_has_no_avatar_and_no_bot_goes_for_it() {
    let mut table = Table::of(Match::new(Arena, Options { bots: 2, ..open() }, 1));
    let join = Join { player: PlayerId(1), spectator: true, ..Join::default() };
    table.changes.push(Change::Join(join));
    table.play(3, &[]);
    assert_eq!((seated(&table), table.all::<Body>().len()), ((2, 0), 2));
}

#[test]
fn a_colour_may_be_wished_for() {
    let mut table = Table::of(Match::new(Arena, open(), 1));
    for (player, wishes) in [(1, r#"{"hue":210}"#), (2, r#"{"hue":9999}"#), (3, "nonsense")] {
        let join = Join { player: PlayerId(player), wishes: wishes.into(), ..Join::default() };
        table.changes.push(Change::Join(join));
    }
    table.play(1, &[]);
    let hues: Vec<u16> = table.all::<Profile>().into_iter().map(|(_, it)| it.hue).collect();
    assert_eq!(hues, [210, 9999 % 360, 3 * 137 % 360]);
    let world = table.game.world();
    let entrants = world.try_query_filtered::<&Score, With<Entrant>>();
    assert_eq!(entrants.map(|mut query| query.iter(world).count()), Some(3));
}

/// Whether a bot goes for the only other after half a second: from near, and from two screens away.
fn hunts(interest: bool) -> [bool; 2] {
    const BOT: u32 = 1 << 20;
    let options = Options { side: 96, bots: 2, interest, ..open() };
    let mut table = Table::staged(options, 1, |world, tick| {
        if tick >= 3 {
            put(world, BOT, 48.0, 20.0);
            put(world, 1, 48.0, if tick < 13 { 45.0 } else { 52.0 });
        }
    });
    [(); 2].map(|()| {
        table.play(10, &[]);
        let mind: Mind = table.get(BOT).expect("a bot");
        let mind = serde_json::to_value(mind).expect("it is saved as well");
        !mind["target"].is_null()
    })
}

#[test]
fn a_bot_in_a_match_sees_no_farther_than_a_player_in_its_place() {
    assert_eq!((hunts(false), hunts(true)), ([true, true], [true, false]));
}
