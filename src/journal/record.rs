//! The records of a journal and their bytes.
//!
//! Each record is a frame of its own: the length of its body, a check of that length, a CRC of the
//! body, and the body. A length that is wrong is told from a record that is not whole, so damage
//! is never taken for the end.

use super::JournalError;
use crate::ids::Tick;
use crate::sim::{Match, TickInputs};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A record has at most this many bytes.
pub const RECORD_BYTES_LIMIT: usize = 1 << 26;
/// Length, check of the length, CRC of the body.
const PREFIX: usize = 12;

/// What a match was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name of its game.
    pub game: String,
    /// The version of its game.
    pub version: u32,
    /// What chance started from.
    pub seed: u64,
    /// The chosen options, encoded.
    pub options: Vec<u8>,
}

/// Something that happened in a match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// What came into a tick.
    Inputs {
        /// The tick.
        tick: Tick,
        /// What came in.
        inputs: TickInputs,
    },
    /// What a match added up to after a tick.
    Hash {
        /// The tick.
        tick: Tick,
        /// Its state hash.
        hash: u64,
    },
    /// The whole match after a tick.
    Checkpoint {
        /// The tick.
        tick: Tick,
        /// Its checkpoint.
        bytes: Vec<u8>,
    },
}

impl Header {
    pub(super) fn of(of: &Match) -> Self {
        Self {
            game: of.game().into(),
            version: of.version(),
            seed: of.seed(),
            options: of.options(),
        }
    }

    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) {
        append(self, bytes);
    }
}

impl Record {
    /// The tick it is of.
    #[must_use]
    pub fn tick(&self) -> Tick {
        match self {
            Self::Inputs { tick, .. } | Self::Hash { tick, .. } | Self::Checkpoint { tick, .. } => {
                *tick
            }
        }
    }

    /// Writes it to the end of a journal's bytes.
    pub fn append_to(&self, bytes: &mut Vec<u8>) {
        append(self, bytes);
    }
}

fn append<T: Serialize>(record: &T, bytes: &mut Vec<u8>) {
    let body = bincode::serde::encode_to_vec(record, bincode::config::standard())
        .expect("a record is plain data");
    let length = (body.len() as u32).to_le_bytes();
    bytes.extend(length);
    bytes.extend(crc32fast::hash(&length).to_le_bytes());
    bytes.extend(crc32fast::hash(&body).to_le_bytes());
    bytes.extend(body);
}

/// Whether there is nothing but zeros.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Reads the record at a byte, and where it ends; none where no whole record follows.
pub(super) fn read<T: DeserializeOwned>(
    bytes: &[u8],
    at: usize,
) -> Result<Option<(T, usize)>, JournalError> {
    let rest = &bytes[at.min(bytes.len())..];
    // Where a file was made longer before it was written, zeros follow.
    if rest.len() < PREFIX || is_zero(rest) {
        return Ok(None);
    }
    let (prefix, body) = rest.split_at(PREFIX);
    let (length_bytes, checks) = prefix.split_at(4);
    let (length_check, body_check) = checks.split_at(4);
    let length = u32::from_le_bytes(length_bytes.try_into().expect("four bytes")) as usize;
    let is_length = length_check == crc32fast::hash(length_bytes).to_le_bytes();
    if !is_length || length > RECORD_BYTES_LIMIT {
        let is_torn = is_zero(body);
        return if is_torn { Ok(None) } else { Err(JournalError::Damaged { at }) };
    }
    let Some(body) = body.get(..length) else { return Ok(None) };
    let end = at + PREFIX + length;
    if body_check != crc32fast::hash(body).to_le_bytes() {
        // The last one may have been written in part.
        return if is_zero(&bytes[end..]) { Ok(None) } else { Err(JournalError::Damaged { at }) };
    }
    let config = bincode::config::standard().with_limit::<RECORD_BYTES_LIMIT>();
    match bincode::serde::decode_from_slice(body, config) {
        Ok((record, used)) if used == length => Ok(Some((record, end))),
        _ => Err(JournalError::Damaged { at }),
    }
}
