//! Playing a journal again.

use super::{Journal, Record, ReplayError};
use crate::ids::Tick;
use crate::sim::{Game, Match};

/// The match of a journal as it was after a tick, by way of the newest checkpoint before it. Each
/// hash on the way must be what it was.
pub fn replay<G: Game>(game: G, journal: &Journal, tick: Tick) -> Result<Match, ReplayError> {
    let header = journal.header();
    if header.game != G::NAME || header.version != G::VERSION {
        return Err(ReplayError::OtherGame {
            found: format!("{} {}", header.game, header.version),
            expected: format!("{} {}", G::NAME, G::VERSION),
        });
    }
    if tick > journal.last_tick() {
        return Err(ReplayError::TooShort { last: journal.last_tick(), asked: tick });
    }
    let records = journal.records();
    let checkpoint = records.iter().enumerate().rev().find_map(|(at, record)| match record {
        Record::Checkpoint { tick: then, bytes } if *then <= tick => Some((at, bytes)),
        _ => None,
    });
    let (mut replayed, start) = match checkpoint {
        Some((at, bytes)) => (Match::restore(game, bytes)?, at + 1),
        None if matches!(records.first(), Some(Record::Checkpoint { .. })) => {
            return Err(ReplayError::TooEarly { asked: tick });
        }
        None => (Match::recorded(game, &header.options, header.seed)?, 0),
    };
    for record in records[start..].iter().take_while(|record| record.tick() <= tick) {
        match record {
            Record::Inputs { inputs, .. } => {
                replayed.tick(inputs);
            }
            Record::Hash { tick, hash } if replayed.state_hash() != *hash => {
                return Err(ReplayError::Diverged { tick: *tick });
            }
            Record::Hash { .. } | Record::Checkpoint { .. } => {}
        }
    }
    Ok(replayed)
}
