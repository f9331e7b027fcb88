//! Bots play whole matches, seen only through replicas.

use super::table::Table;
use crate::arena::avatar::Body;
use crate::arena::health::Health;
use crate::arena::pickup::Pickup;
use crate::arena::projectile::Shot;
use crate::arena::score::Score;
use crate::arena::team::Marker;
use crate::arena::weapon::Arms;
use crate::arena::{Arena, Options};
use bevy_ecs::prelude::*;
use tickwire::prelude::*;
use tickwire::sim::Change;
use tickwire::sync::replicate::{Packer, Replicate};

/// Compares all that replicas have of a component with the match; says how much that was.
fn verify<C: Component + Replicate>(table: &Table) -> usize {
    let world = table.game.world();
    let Some(mut query) = world.try_query::<(&Net, &C)>() else { return 0 };
    let mut compared = 0;
    let id_of = |entity| world.get::<Net>(entity).map_or(NetId(0), |net: &Net| net.id);
    for replica in table.replicas.values() {
        let component = replica.schema().find(C::NAME).expect("it is registered");
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for (net, value) in query.iter(world) {
            if replica.lanes(net.id, component, &mut found) {
                expected.clear();
                value.pack(&mut Packer::new(&mut expected, &id_of));
                assert_eq!(found, expected, "{} of {} at {}", C::NAME, net.id, replica.tick());
                compared += 1;
            }
        }
    }
    compared
}

fn verify_all(table: &Table) -> usize {
    verify::<Shot>(table)
        + verify::<Health>(table)
        + verify::<Pickup>(table)
        + verify::<Score>(table)
        + verify::<Arms>(table)
        + verify::<Marker>(table)
        + verify::<Body>(table)
}

#[test]
fn eight_bots_play_a_minute_and_someone_scores() {
    let mut table = Table::of_bots(Options::default(), 5, 8);
    let (mut shots, mut way) = (0, 0.0);
    for _ in 0..1200 {
        let before: Vec<(u32, Body)> = table.all();
        table.play(1, &[]);
        let after: Vec<(u32, Body)> = table.all();
        for (player, body) in after {
            let old = before.iter().find(|(other, _)| *other == player);
            way += old
                .map_or(0.0, |(_, old)| crate::arena::turn::distance(old.at(), body.at()).min(1.0));
        }
        shots += table.all::<Shot>().len();
        verify_all(&table);
    }
    let scores: Vec<(u32, Score)> = table.all();
    println!("{scores:?}\n{shots} shot ticks, {:.1} units per bot and second", way / 8.0 / 60.0);
    let kills: u32 = scores.iter().map(|(_, score)| score.kills).sum();
    assert!(kills >= 8, "{kills} kills in a minute of eight");
    assert!(scores.iter().filter(|(_, score)| score.kills > 0).count() >= 4);
    assert!(way / 8.0 / 60.0 > 2.0, "they stand about");
}

#[test]
fn on_a_large_field_bots_see_and_fight_what_is_around_them() {
    let options = Options { teams: 2, ..Options::large() };
    let mut table = Table::of_bots(options, 9, 20);
    let mut hidden = 0;
    for _ in 0..1200 {
        table.play(1, &[]);
        assert!(verify_all(&table) > 100);
        let bodies: Vec<(u32, Body)> = table.all();
        for (player, _) in &bodies {
            let replica = &table.replicas[&PlayerId(*player)];
            let own = replica.entities().filter(|id| replica.is_own(*id)).count();
            assert_eq!(own, 1, "{player} sees itself");
            hidden += bodies.len() - table.seen::<Body>(*player);
        }
    }
    assert!(hidden > 10_000, "only {hidden} were out of sight");
    let kills: u32 = table.all::<Score>().iter().map(|(_, score)| score.kills).sum();
    assert!(kills >= 10, "{kills} kills in a minute of twenty");
}

#[test]
fn who_predicts_its_avatar_sees_the_same_match_in_fewer_bytes() {
    let options = Options { side: 64, ..Options::large() };
    let mut plain = Table::of_bots(options, 4, 8);
    let mut ahead = Table::of(Match::new(Arena, options, 4));
    ahead.predicts = true;
    let mut ahead = ahead.with_bots(4, 8);
    for _ in 0..600 {
        plain.play(1, &[]);
        ahead.play(1, &[]);
        verify_all(&ahead);
        let (mut these, mut those) = (plain.all::<Body>(), ahead.all::<Body>());
        these.sort_by_key(|(player, _)| *player);
        those.sort_by_key(|(player, _)| *player);
        assert_eq!(these, those);
    }
    println!("{} bytes, {} without prediction", ahead.bytes, plain.bytes);
    assert!(ahead.bytes < plain.bytes, "{} {}", ahead.bytes, plain.bytes);
}

/// Whether clients predict.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Predicts {
    Yes,
    No,
}

/// Plays bots who also come, go and are away; restores at some ticks and compares what follows.
fn goes_on_after_a_restore(options: Options, seed: u64, predicts: Predicts) {
    let mut table = Table::of(Match::new(Arena, options, seed));
    table.predicts = predicts == Predicts::Yes;
    let mut table = table.with_bots(seed, 10);
    let mut copies: Vec<(Tick, Match)> = Vec::new();
    for tick in 1..=700u32 {
        match tick % 100 {
            20 => table.changes.push(Change::Away(PlayerId(3))),
            35 => {
                table.changes.push(Change::Leave(PlayerId(4)));
                table.bots.remove(&PlayerId(4));
            }
            60 => table.changes.push(Change::Back(PlayerId(3))),
            70 => table.join(4, "returned"),
            _ => {}
        }
        let inputs = table.inputs(&[]);
        table.tick(&inputs);
        let hash = table.game.frame().hash();
        for (at, copy) in &mut copies {
            let copied = copy.tick(&inputs).hash();
            assert_eq!(copied, hash, "seed {seed}, restored at {at}, differs at {tick}");
        }
        copies.retain(|(at, _)| tick < at.0 + 100);
        if tick % 83 == 1 || tick % 97 == 40 {
            let bytes = table.game.checkpoint();
            let mut copy = Match::restore(Arena, &bytes).expect("what was saved");
            assert_eq!(copy.state_hash(), table.game.state_hash());
            assert!(copy.checkpoint() == bytes, "saved again at {tick} it is not the same");
            copies.push((Tick(tick), copy));
        }
    }
}

#[test]
fn a_restored_match_goes_on_byte_for_byte() {
    goes_on_after_a_restore(Options::default(), 1, Predicts::No);
    goes_on_after_a_restore(Options { teams: 2, ..Options::default() }, 2, Predicts::Yes);
}

#[test]
fn a_restored_match_with_interest_goes_on_byte_for_byte() {
    goes_on_after_a_restore(Options { side: 64, ..Options::large() }, 3, Predicts::No);
    goes_on_after_a_restore(Options { teams: 3, ..Options::large() }, 4, Predicts::Yes);
}

#[test]
fn a_match_restored_before_its_first_tick_starts_the_same() {
    let mut table = Table::of_bots(Options::default(), 6, 3);
    let bytes = table.game.checkpoint();
    let mut copy = Match::restore(Arena, &bytes).expect("what was saved");
    for _ in 0..20 {
        let inputs = table.inputs(&[]);
        table.tick(&inputs);
        copy.tick(&inputs);
        assert_eq!(copy.keyframe(PlayerId(1)), table.game.keyframe(PlayerId(1)));
        assert_eq!(copy.frame().hash(), table.game.frame().hash());
    }
}
