//! Journals as bytes: a torn tail is cut, damage is found, replay goes by the newest checkpoint.

use crate::first_game::{Paddle, Pond};
use tickwire::ids::{PlayerId, Tick};
use tickwire::journal::{Journal, JournalError, Record, ReplayError, replay};
use tickwire::sim::{Change, Controls, Join, Match, TickInputs, encode_input};

/// 60 ticks of one duck, with a hash at 20 and 50 and a checkpoint at 40.
fn recorded() -> (Match, Journal) {
    let mut pond = Match::new(Pond, (), 7);
    let mut journal = Journal::new(&mut pond);
    let player = PlayerId(1);
    for tick in 1..=60u32 {
        let mut inputs = TickInputs::default();
        if tick == 3 {
            inputs.changes.push(Change::Join(Join { player, ..Join::default() }));
        }
        if tick % 4 == 0 {
            let paddle = Paddle::toward(if tick % 8 == 0 { 1 } else { -1 }, 1);
            inputs.controls.push(Controls {
                player,
                input: encode_input(&paddle),
                ..Default::default()
            });
        }
        journal.note_inputs(&inputs);
        pond.tick(&inputs);
        match tick {
            20 | 50 => drop(journal.note_hash(&mut pond).clone()),
            40 => drop(journal.note_checkpoint(&mut pond).clone()),
            _ => {}
        }
    }
    (pond, journal)
}

#[test]
fn it_comes_back_from_its_bytes_and_leads_to_the_same_match() {
    let (mut pond, journal) = recorded();
    let back = Journal::from_bytes(&journal.to_bytes()).expect("what was written");
    assert_eq!(back, journal);
    for tick in [0, 1, 39, 40, 41, 60] {
        let replayed = replay(Pond, &back, Tick(tick)).expect("it replays");
        assert_eq!(replayed.tick_number(), Tick(tick));
    }
    let mut end = replay(Pond, &back, Tick(60)).expect("it replays");
    assert_eq!(end.checkpoint(), pond.checkpoint());
}

#[test]
fn a_tail_that_is_torn_anywhere_is_cut_at_the_last_whole_record() {
    let (_, journal) = recorded();
    let bytes = journal.to_bytes();
    let header = Journal::start_bytes(journal.header()).len();
    let mut ends = vec![header];
    for record in journal.records() {
        let mut one = Vec::new();
        record.append_to(&mut one);
        ends.push(ends[ends.len() - 1] + one.len());
    }
    for cut in header..=bytes.len() {
        let (read, whole) = Journal::read(&bytes[..cut]).expect("a torn tail is no damage");
        let kept = ends.iter().rposition(|end| *end <= cut).expect("the header is whole");
        assert_eq!((read.records(), whole), (&journal.records()[..kept], ends[kept]));
        // A file that was made longer before it was written.
        let mut zeros = bytes[..cut].to_vec();
        zeros.resize(bytes.len() + 40, 0);
        // A record that ends in zeros is whole with them.
        let kept = ends.iter().rposition(|end| bytes[..*end] == zeros[..*end]).expect("some");
        assert_eq!(Journal::read(&zeros).expect("zeros are a torn tail").1, ends[kept]);
    }
    for cut in 0..header {
        assert!(Journal::from_bytes(&bytes[..cut]).is_err());
    }
}

#[test]
fn one_damaged_bit_is_found_and_its_record_named() {
    let (_, journal) = recorded();
    let bytes = journal.to_bytes();
    let mut start = Journal::start_bytes(journal.header()).len();
    let last = journal.records().len() - 1;
    for record in &journal.records()[..last] {
        let mut one = Vec::new();
        record.append_to(&mut one);
        for at in (start..start + one.len()).step_by(one.len().div_ceil(40)) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            let error = Journal::from_bytes(&damaged).expect_err("damage in the middle");
            assert_eq!(error, JournalError::Damaged { at: start });
        }
        start += one.len();
    }
}

#[test]
fn records_that_do_not_follow_each_other_are_refused() {
    let (_, journal) = recorded();
    let mut bytes = Journal::start_bytes(journal.header());
    let at = bytes.len();
    Record::Inputs { tick: Tick(2), inputs: TickInputs::default() }.append_to(&mut bytes);
    assert_eq!(Journal::from_bytes(&bytes), Err(JournalError::OutOfOrder { at }));
}

#[test]
fn a_replay_that_goes_another_way_is_noticed_at_the_first_hash() {
    let (_, journal) = recorded();
    let mut bytes = Journal::start_bytes(journal.header());
    for record in journal.records() {
        match record {
            // One dropped input.
            Record::Inputs { tick: Tick(8), .. } => {
                Record::Inputs { tick: Tick(8), inputs: TickInputs::default() }
                    .append_to(&mut bytes);
            }
            record => record.append_to(&mut bytes),
        }
    }
    let journal = Journal::from_bytes(&bytes).expect("whole records");
    let error = replay(Pond, &journal, Tick(30)).expect_err("an input is missing");
    assert_eq!(error, ReplayError::Diverged { tick: Tick(20) });
}

#[test]
fn a_journal_of_another_game_or_too_short_is_refused() {
    let (_, journal) = recorded();
    let zoo = replay(crate::zoo::Zoo::default(), &journal, Tick(0));
    assert!(matches!(zoo, Err(ReplayError::OtherGame { .. })));
    let far = replay(Pond, &journal, Tick(61));
    assert!(matches!(far, Err(ReplayError::TooShort { .. })));
}
