//! The arena, played by its bots: players who see only what they are sent, come and go, lose their
//! streams. A failure prints its seed.

use crate::simulation::for_seeds;
use crate::table::Table;
use game::arena::bot::Bot;
use game::arena::{Arena, Options};
use std::collections::BTreeMap;
use tickwire::ids::Tick;
use tickwire::journal::{Journal, replay};
use tickwire::prelude::*;
use tickwire::sim::Change;

const SEEDS: u64 = 200;
const TICKS: u32 = 60;

pub(crate) fn restore(bytes: &[u8]) -> Match {
    Match::restore(Arena, bytes).expect("a checkpoint of the arena")
}

pub(crate) fn options(seed: u64) -> Options {
    let options = if seed % 2 == 1 { Options::large() } else { Options::default() };
    Options { teams: (seed % 3) as u8, ..options }
}

/// One tick of everybody: a bot for each seat, and what can happen to a seat.
pub(crate) fn tick(
    table: &mut Table,
    bots: &mut BTreeMap<u32, Bot>,
    next: &mut u32,
    chance: &mut Random,
) {
    let seed = table.game.seed();
    if bots.len() < 6 && chance.one_in(4) {
        table.join(*next, seed % 8 == 7, false);
        bots.insert(*next, Bot::new(seed, PlayerId(*next)));
        *next += 1;
    }
    let seats: Vec<u32> = bots.keys().copied().collect();
    for player in &seats {
        match chance.below(120) {
            0 => table.change(Change::Away(PlayerId(*player))),
            1..4 => table.change(Change::Back(PlayerId(*player))),
            4 => {
                table.leave(*player);
                bots.remove(player);
            }
            5..12 => {}
            _ => {
                let view = &table.clients[&PlayerId(*player)].replica;
                let input = bots.get_mut(player).expect("it has a seat").think(view.seen());
                table.control(*player, &input);
            }
        }
    }
    let lost: Vec<u32> = seats.into_iter().filter(|_| chance.one_in(30)).collect();
    table.tick(&lost).expect("an honest packet is accepted");
    table.check();
}

#[test]
fn bots_see_what_is_there_and_their_matches_can_be_played_again() {
    for_seeds(SEEDS, |seed| {
        let mut table = Table::new(Match::new(Arena, options(seed), seed), restore);
        let (mut bots, mut next) = (BTreeMap::new(), 1);
        let mut chance = Random::from_seed(seed ^ 0xa4e4a);
        let stop = chance.below(TICKS);
        for now in 0..TICKS {
            if now == stop {
                let checkpoint = table.game.checkpoint();
                table.game = restore(&checkpoint);
                table.journal.note_hash(&mut table.game);
            }
            tick(&mut table, &mut bots, &mut next, &mut chance);
        }
        table.journal.note_hash(&mut table.game);
        let journal = Journal::from_bytes(&table.journal.to_bytes()).expect("what was written");
        let mut again = replay(Arena, &journal, Tick(TICKS)).expect("it replays");
        assert_eq!(again.checkpoint(), table.game.checkpoint(), "another match");
        assert_eq!(Some(&again.frame().hash()), table.hashes.last(), "another last frame");
    });
}
