//! The match: seats, controls, events, checkpoints.

use crate::first_game::{Paddle, Pond};
use crate::zoo::{Options, Zoo};
use tickwire::ids::PlayerId;
use tickwire::prelude::*;
use tickwire::sim::{Change, Controls, Hearers, Refused, SimError, encode_input};

fn join(player: u32) -> Change {
    Change::Join(Join { player: PlayerId(player), ..Join::default() })
}

fn changes(changes: &[Change]) -> TickInputs {
    TickInputs { changes: changes.to_vec(), ..TickInputs::default() }
}

fn controls(player: u32, input: Vec<u8>) -> TickInputs {
    let controls = Controls { player: PlayerId(player), input, ..Controls::default() };
    TickInputs { controls: vec![controls], ..TickInputs::default() }
}

fn x_of_duck(pond: &mut Match) -> u32 {
    pond.inspect().values().next().map_or(0, |lanes| lanes[0])
}

#[test]
fn what_cannot_be_is_refused_and_said() {
    let mut pond = Match::new(Pond, (), 1);
    let mut refused = |inputs: &TickInputs| pond.tick(inputs).refused.to_vec();
    assert_eq!(refused(&changes(&[join(1)])), []);
    let player = Refused::Change(PlayerId(1));
    let nobody = Refused::Change(PlayerId(5));
    assert_eq!(refused(&changes(&[join(1)])), [player]);
    assert_eq!(refused(&changes(&[Change::Back(PlayerId(1))])), [player]);
    assert_eq!(refused(&changes(&[Change::Look(PlayerId(1), [0.0; 2])])), [player]);
    assert_eq!(refused(&changes(&[Change::Leave(PlayerId(5))])), [nobody]);
    let input = encode_input(&Paddle::toward(1, 0));
    assert_eq!(refused(&controls(1, input.clone())), []);
    assert_eq!(refused(&controls(5, input)), [Refused::Input(PlayerId(5))]);
    assert_eq!(refused(&controls(1, vec![1, 2, 3, 4])), [Refused::Input(PlayerId(1))]);
    let long = Join { player: PlayerId(9), name: "n".repeat(999), ..Join::default() };
    assert_eq!(refused(&changes(&[Change::Join(long)])), [Refused::Change(PlayerId(9))]);
}

#[test]
fn a_missing_input_is_the_last_one_for_a_while() {
    let mut pond = Match::new(Pond, (), 1);
    pond.tick(&changes(&[join(1)]));
    pond.tick(&controls(1, encode_input(&Paddle::toward(1, 0))));
    let start = x_of_duck(&mut pond);
    (0..60).for_each(|_| {
        let _ = pond.tick(&TickInputs::default()).hash();
    });
    // 20 ticks of 0.1 metres in steps of a centimetre.
    assert_eq!(x_of_duck(&mut pond) - start, 200);
}

#[test]
fn a_seat_outlives_its_connection_and_not_its_leaving() {
    let mut pond = Match::new(Pond, (), 1);
    pond.tick(&changes(&[join(1), join(2), Change::Away(PlayerId(1))]));
    let away = |pond: &Match| pond.seats().get(PlayerId(1)).map(|seat| seat.away_since.is_some());
    assert_eq!(away(&pond), Some(true));
    assert_eq!(pond.seats().players(), 2);
    pond.tick(&changes(&[Change::Back(PlayerId(1))]));
    assert_eq!(away(&pond), Some(false));
    pond.tick(&changes(&[Change::Leave(PlayerId(1))]));
    assert_eq!(away(&pond), None);
    assert_eq!(pond.inspect().len(), 1, "its duck is gone");
}

#[test]
fn events_leave_with_the_frame_of_their_tick() {
    let mut zoo = Match::new(Zoo::default(), Options::default(), 1);
    let named = Join { player: PlayerId(3), name: "Ann".into(), ..Join::default() };
    let frame = zoo.tick(&changes(&[Change::Join(named)]));
    let event = &frame.events[0];
    assert_eq!(event.to, Hearers::AllBut(PlayerId(3)));
    assert_eq!((event.name.as_str(), event.payload.as_str()), ("came", "\"Ann\""));
    assert!(zoo.tick(&TickInputs::default()).events.is_empty());
}

#[test]
fn a_spectator_sees_where_it_looks_and_plays_no_part() {
    let mut zoo = Match::new(Zoo::default(), Options { grid: true, teams: false }, 3);
    let player = PlayerId(1);
    let watcher = Join { player, spectator: true, ..Join::default() };
    let before = zoo.inspect().len();
    zoo.tick(&changes(&[Change::Join(watcher), Change::Look(player, [-999.0, -999.0])]));
    assert!(zoo.inspect().len() >= before && zoo.seats().players() == 0);
    assert!(zoo.visible_to(player).is_empty(), "nothing is out there");
    let mut seen = 0;
    for x in 0..8u8 {
        for y in 0..8u8 {
            let at = [f32::from(x) * 8.0 + 4.0, f32::from(y) * 8.0 + 4.0];
            zoo.tick(&changes(&[Change::Look(player, at)]));
            seen = seen.max(zoo.visible_to(player).len());
        }
    }
    assert!(seen > 0);
}

#[test]
fn a_checkpoint_restores_at_every_age_also_before_the_first_tick() {
    for age in 0..4 {
        let mut pond = Match::new(Pond, (), 1);
        for tick in 0..age {
            pond.tick(&changes(&[join(tick)]));
        }
        let mut copy = Match::restore(Pond, &pond.checkpoint()).expect("a checkpoint");
        for tick in age..age + 40 {
            let inputs = changes(&[join(tick)]);
            assert_eq!(copy.tick(&inputs).hash(), pond.tick(&inputs).hash(), "tick {tick}");
        }
        assert_eq!(copy.state_hash(), pond.state_hash());
    }
}

#[test]
fn a_damaged_checkpoint_is_refused_wherever_it_is_damaged() {
    let mut zoo = Match::new(Zoo::default(), Options { grid: true, teams: true }, 3);
    (0..30).for_each(|tick| {
        let _ = zoo.tick(&changes(&[join(tick)])).hash();
    });
    let bytes = zoo.checkpoint();
    for at in (0..bytes.len()).step_by(bytes.len() / 300) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        assert!(Match::restore(Zoo::default(), &damaged).is_err(), "byte {at}");
        assert!(Match::restore(Zoo::default(), &bytes[..at]).is_err(), "cut at {at}");
        // With the checksum made right again it may be another match, but it does not panic.
        let end = damaged.len() - 4;
        let crc = crc32fast::hash(&damaged[..end]).to_le_bytes();
        damaged[end..].copy_from_slice(&crc);
        if let Ok(mut other) = Match::restore(Zoo::default(), &damaged) {
            other.tick(&changes(&[join(77)]));
        }
    }
    let other = Match::restore(Pond, &bytes).expect_err("another game's");
    assert!(matches!(other, SimError::OtherGame { .. }));
}

#[test]
fn the_same_seed_is_the_same_match_and_another_seed_is_another() {
    let play = |seed| {
        let mut zoo = Match::new(Zoo::default(), Options::default(), seed);
        let hashes: Vec<u64> =
            (0..50).map(|tick| zoo.tick(&changes(&[join(tick)])).hash()).collect();
        hashes
    };
    assert_eq!(play(4), play(4));
    assert_ne!(play(4), play(5));
}
