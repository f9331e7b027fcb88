//! Why a journal cannot be read or replayed.

use crate::ids::Tick;
use crate::sim::SimError;

/// Bytes that are not a journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It starts otherwise.
    #[error("not a journal")]
    NoJournal,
    /// It was written by another version of the format.
    #[error("a journal of another version of the format")]
    OtherVersion,
    /// It ends within its header: nothing can be known of the match.
    #[error("the journal ends within its header")]
    NoHeader,
    /// A record in its middle is not as it was written.
    #[error("the journal is damaged at byte {at}")]
    Damaged {
        /// Where the record starts.
        at: usize,
    },
    /// A record is not of the tick that follows.
    #[error("the record at byte {at} is out of order")]
    OutOfOrder {
        /// Where the record starts.
        at: usize,
    },
}

/// A journal that does not lead to the match that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It is of another game, or of another version of it.
    #[error("a journal of {found}, not of {expected}")]
    OtherGame {
        /// The game that it is of.
        found: String,
        /// The game that was asked for.
        expected: String,
    },
    /// It does not reach so far.
    #[error("the journal ends at tick {last}, before tick {asked}")]
    TooShort {
        /// The last tick it has.
        last: Tick,
        /// The tick that was asked for.
        asked: Tick,
    },
    /// It begins later.
    #[error("the journal begins after tick {asked}")]
    TooEarly {
        /// The tick that was asked for.
        asked: Tick,
    },
    /// The match came to another state than it did when it was recorded.
    #[error("the replay is not what was recorded at tick {tick}: the game or the machine differs")]
    Diverged {
        /// When that was seen first.
        tick: Tick,
    },
    /// A checkpoint or the options cannot be used.
    #[error(transparent)]
    Match(#[from] SimError),
}
