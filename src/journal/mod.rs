//! What happened in a match, and how to play it again.
//!
//! A journal holds what a match was made of and everything that came into it; frames follow from
//! that. It is a value: whoever keeps it on a disk appends records as they come. Replay, recovery
//! after a crash, a move to another node and "what happened at 3:12?" are all [`replay`].

mod error;
mod record;
mod replay;

pub use error::{JournalError, ReplayError};
pub use record::{Header, RECORD_BYTES_LIMIT, Record};
pub use replay::replay;

use crate::ids::Tick;
use crate::sim::{Match, TickInputs};

const MAGIC: &[u8; 4] = b"TWjl";
const VERSION: u8 = 1;

/// What happened in a match.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    header: Header,
    records: Vec<Record>,
    last: Tick,
}

impl Journal {
    /// The journal of a match from now on: of one that has ticked already it begins with a
    /// checkpoint.
    #[must_use]
    pub fn new(of: &mut Match) -> Self {
        let mut journal =
            Self { header: Header::of(of), records: Vec::new(), last: of.tick_number() };
        if journal.last > Tick(0) {
            journal.note_checkpoint(of);
        }
        journal
    }

    /// What the match was made of.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What happened, in order.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The last tick whose inputs it holds.
    #[must_use]
    pub fn last_tick(&self) -> Tick {
        self.last
    }

    /// Notes what comes into the next tick; do so before the match takes it.
    pub fn note_inputs(&mut self, inputs: &TickInputs) -> &Record {
        self.last = self.last.next();
        self.push(Record::Inputs { tick: self.last, inputs: inputs.clone() })
    }

    /// Notes the hash of the state after the last tick.
    pub fn note_hash(&mut self, of: &mut Match) -> &Record {
        self.push(Record::Hash { tick: of.tick_number(), hash: of.state_hash() })
    }

    /// Notes the whole match after the last tick.
    pub fn note_checkpoint(&mut self, of: &mut Match) -> &Record {
        self.push(Record::Checkpoint { tick: of.tick_number(), bytes: of.checkpoint() })
    }

    fn push(&mut self, record: Record) -> &Record {
        self.records.push(record);
        &self.records[self.records.len() - 1]
    }

    /// The journal as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Self::start_bytes(&self.header);
        self.records.iter().for_each(|record| record.append_to(&mut bytes));
        bytes
    }

    /// How the bytes of a journal start; records are appended to them.
    #[must_use]
    pub fn start_bytes(header: &Header) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        header.append_to(&mut bytes);
        bytes
    }

    /// Reads a journal. A record at the end that is not whole was being written when the writer
    /// died, and is left out: see [`Journal::read`] for where the whole ones end.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, JournalError> {
        Ok(Self::read(bytes)?.0)
    }

    /// Reads a journal, and says how many of the bytes are whole: a writer goes on there.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), JournalError> {
        let start = MAGIC.len() + 1;
        if !bytes.starts_with(MAGIC) {
            return Err(JournalError::NoJournal);
        }
        if bytes.get(start - 1) != Some(&VERSION) {
            return Err(JournalError::OtherVersion);
        }
        let (header, mut at) =
            record::read::<Header>(bytes, start)?.ok_or(JournalError::NoHeader)?;
        let mut journal = Self { header, records: Vec::new(), last: Tick(0) };
        while let Some((record, end)) = record::read::<Record>(bytes, at)? {
            journal.accept(record, at)?;
            at = end;
        }
        Ok((journal, at))
    }

    /// Takes a record that was read, if it follows the one before.
    fn accept(&mut self, record: Record, at: usize) -> Result<(), JournalError> {
        let expected = match record {
            Record::Inputs { .. } => self.last.next(),
            Record::Checkpoint { tick, .. } if self.records.is_empty() => tick,
            Record::Hash { .. } | Record::Checkpoint { .. } => self.last,
        };
        if record.tick() != expected {
            return Err(JournalError::OutOfOrder { at });
        }
        self.last = expected;
        self.records.push(record);
        Ok(())
    }
}
