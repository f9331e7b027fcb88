//! Random players at random matches: whatever happens, views agree, journals replay, checkpoints
//! restore. A failure prints its seed.

use crate::table::Table;
use crate::zoo::{Input, Options, Zoo};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tickwire::ids::Tick;
use tickwire::journal::{Journal, replay};
use tickwire::prelude::*;
use tickwire::sim::Change;

const SEEDS: u64 = 200;
const TICKS: u32 = 100;

/// Runs a check for many seeds, and names the seed that fails. `SEED=n` runs one.
pub(crate) fn for_seeds(count: u64, check: impl Fn(u64)) {
    if let Some(seed) = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) {
        return check(seed);
    }
    for seed in 0..count {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(seed))) {
            eprintln!("failed at seed {seed}: repeat with SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

pub(crate) fn options(seed: u64) -> Options {
    Options { grid: seed % 2 == 1, teams: seed % 3 == 1 }
}

pub(crate) fn restore_zoo(bytes: &[u8]) -> Match {
    Match::restore(Zoo::default(), bytes).expect("a checkpoint of this game")
}

/// Those who are at a table, and who comes next.
#[derive(Default)]
pub(crate) struct Seated {
    seats: Vec<u32>,
    came: u32,
}

fn play(table: &mut Table, random: &mut Random, ticks: u32) {
    let mut seated = Seated::default();
    (0..ticks).for_each(|_| play_tick(table, random, &mut seated));
}

/// Everything that can happen to a table in a tick, at random.
pub(crate) fn play_tick(table: &mut Table, random: &mut Random, seated: &mut Seated) {
    let Seated { seats, came } = seated;
    if seats.len() < 5 && random.one_in(6) {
        *came += 1;
        table.join(*came, random.one_in(2), random.one_in(5));
        seats.push(*came);
    }
    if random.one_in(40)
        && let Some(player) = random.pick(seats).copied()
    {
        table.leave(player);
        seats.retain(|seat| *seat != player);
    }
    for player in &*seats {
        match random.below(60) {
            0 => table.change(Change::Away(PlayerId(*player))),
            1 => table.change(Change::Back(PlayerId(*player))),
            2..9 => {
                let at = [random.between(-9.0, 70.0), random.between(-9.0, 70.0)];
                table.change(Change::Look(PlayerId(*player), at));
            }
            _ => {}
        }
        if !random.one_in(10) {
            let turn = random.below(200) as i8;
            table.control(*player, &Input { turn, go: random.one_in(2) });
        }
    }
    let lost: Vec<u32> = seats.iter().copied().filter(|_| random.one_in(25)).collect();
    table.tick(&lost).expect("an honest packet is accepted");
    table.check();
}

#[test]
fn every_view_agrees_and_journals_and_checkpoints_lead_to_the_same_frames() {
    for_seeds(SEEDS, |seed| {
        let mut random = Random::from_seed(seed ^ 0x5eed);
        let game = Match::new(Zoo::default(), options(seed), seed);
        let mut table = Table::new(game, restore_zoo);
        let stop = random.below(TICKS);
        play(&mut table, &mut random, stop);
        table.journal.note_hash(&mut table.game);
        let checkpoint = table.game.checkpoint();
        if seed % 4 == 0 {
            table.journal.note_checkpoint(&mut table.game);
        }
        // From here on the match is one that was restored.
        if seed % 2 == 0 {
            table.game = restore_zoo(&checkpoint);
        }
        assert_eq!(table.game.checkpoint(), checkpoint, "a restored match saves the same bytes");
        play_on(&mut table, &mut random);
        check_replay(&table, stop, &checkpoint);
    });
}

fn play_on(table: &mut Table, random: &mut Random) {
    let from = table.game.tick_number().0;
    let seats: Vec<u32> = table.clients.keys().map(|player| player.0).collect();
    for _ in from..TICKS {
        for player in &seats {
            table.control(*player, &Input { turn: random.below(9) as i8, go: random.one_in(2) });
        }
        table.tick(&[]).expect("an honest packet is accepted");
        table.check();
    }
    table.journal.note_hash(&mut table.game);
}

/// The journal, read from bytes, leads to the same frames from the start and from a checkpoint.
fn check_replay(table: &Table, stop: u32, checkpoint: &[u8]) {
    let journal = Journal::from_bytes(&table.journal.to_bytes()).expect("what was written");
    assert_eq!(journal, table.journal);
    let inputs: Vec<&TickInputs> = journal
        .records()
        .iter()
        .filter_map(|record| match record {
            tickwire::journal::Record::Inputs { inputs, .. } => Some(inputs),
            _ => None,
        })
        .collect();
    let mut again = replay(Zoo::default(), &journal, Tick(0)).expect("it starts");
    for (inputs, hash) in inputs.iter().zip(&table.hashes) {
        assert_eq!(again.tick(inputs).hash(), *hash, "tick {}", again.tick_number());
    }
    let mut restored = restore_zoo(checkpoint);
    for (inputs, hash) in inputs.iter().zip(&table.hashes).skip(stop as usize) {
        assert_eq!(restored.tick(inputs).hash(), *hash, "tick {}", restored.tick_number());
    }
    let mut end = replay(Zoo::default(), &journal, journal.last_tick()).expect("it replays");
    assert_eq!(end.state_hash(), again.state_hash());
}

#[test]
fn a_clock_that_is_read_in_a_system_is_noticed() {
    let game = Match::new(Zoo { planted_clock: true }, options(0), 1);
    let mut table = Table::new(game, restore_zoo);
    play(&mut table, &mut Random::from_seed(1), 60);
    table.journal.note_hash(&mut table.game);
    let replayed = replay(Zoo { planted_clock: true }, &table.journal, Tick(60));
    assert!(replayed.is_err(), "two runs that read a clock came to the same state");
}
