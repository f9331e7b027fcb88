//! What both sides believe about the numbers to come: a table of likelihoods for each question,
//! and for each lane how it moves.
//!
//! A model changes only by what is said in the stream to all, never by chunks that some receiver
//! did not get. So every receiver of a room has the same one.

use super::layout::{Alphabet, Layout, TableId};
use super::range::SCALE_BITS;
use super::schema::{Motion, Schema};
use std::collections::BTreeMap;
use std::sync::Arc;

const SCALE: u32 = 1 << SCALE_BITS;
/// The code length, in half bits, of what has not been seen.
pub(crate) const LENGTH_MAX: u8 = 31;
/// A driver's gain is below this, in 1/65536.
pub(crate) const GAIN_LIMIT: i32 = 1 << 24;

/// A lane that changes the velocity of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Driver {
    pub(crate) component: u16,
    pub(crate) lane: u16,
    /// Change of velocity for each step of the driver, in 1/65536.
    pub(crate) gain: i32,
}

/// How one lane moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LaneMode {
    pub(crate) steady: bool,
    pub(crate) driver: Option<Driver>,
    /// The value that new ones are told against.
    pub(crate) home: u32,
}

/// Tables one behind the other: how likely each symbol of each is.
#[derive(Clone, Debug, Default)]
struct Tables {
    /// Code lengths in half bits, and a 0 behind each table.
    lengths: Vec<u8>,
    /// Where each symbol's share starts, of `SCALE`, and `SCALE` behind each table.
    shares: Vec<u16>,
}

impl Tables {
    /// Adds a table; says where it starts.
    fn add(&mut self, lengths: &[u8]) -> u32 {
        let start = self.lengths.len();
        self.lengths.resize(start + lengths.len() + 1, 0);
        self.shares.resize(start + lengths.len() + 1, SCALE as u16);
        self.set(start, lengths);
        start as u32
    }

    fn set(&mut self, start: usize, lengths: &[u8]) {
        let range = start..start + lengths.len();
        self.lengths[range.clone()].copy_from_slice(lengths);
        share(lengths, &mut self.shares[range]);
    }
}

/// The tables and modes in force.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) layout: Arc<Layout>,
    /// By table: where it starts. Tables that were never told are shared with all of their alphabet.
    starts: Vec<u32>,
    tables: Tables,
    /// Tables that start below this are shared.
    shared: u32,
    /// By component and lane.
    pub(crate) modes: Vec<Vec<LaneMode>>,
}

impl Model {
    /// What is believed before anything was seen.
    pub(crate) fn new(schema: &Schema, layout: Arc<Layout>) -> Self {
        let modes = schema
            .components()
            .iter()
            .map(|component| {
                let mode =
                    |motion| LaneMode { steady: motion == Motion::Steady, ..Default::default() };
                component.lanes().iter().map(|lane| mode(lane.motion)).collect()
            })
            .collect();
        let mut tables = Tables::default();
        let mut priors: BTreeMap<Alphabet, u32> = BTreeMap::new();
        let mut prior = |alphabet: Alphabet| {
            let lengths: Vec<u8> =
                (0..alphabet.symbols()).map(|symbol| alphabet.prior(symbol)).collect();
            tables.add(&lengths)
        };
        let starts = (0..layout.tables() as TableId)
            .map(|table| layout.alphabet(table))
            .map(|alphabet| *priors.entry(alphabet).or_insert_with(|| prior(alphabet)))
            .collect();
        let shared = tables.lengths.len() as u32;
        Self { layout, starts, tables, shared, modes }
    }

    /// The code lengths of a table, in half bits, as they were set.
    pub(crate) fn lengths(&self, table: TableId) -> &[u8] {
        let start = self.starts[table as usize] as usize;
        &self.tables.lengths[start..start + self.layout.alphabet(table).symbols()]
    }

    /// Replaces a table.
    pub(crate) fn set_lengths(&mut self, table: TableId, lengths: &[u8]) {
        let start = &mut self.starts[table as usize];
        if *start < self.shared {
            *start = self.tables.add(lengths);
        } else {
            self.tables.set(*start as usize, lengths);
        }
    }

    /// The share of a symbol: its start and end.
    #[inline]
    pub(crate) fn share(&self, table: TableId, symbol: usize) -> (u32, u32) {
        let at = self.starts[table as usize] as usize + symbol;
        let [start, end] = [self.tables.shares[at], self.tables.shares[at + 1]];
        (start.into(), end.into())
    }

    /// The symbol in whose share `at` lies.
    #[inline]
    pub(crate) fn find(&self, table: TableId, at: u32) -> usize {
        let start = self.starts[table as usize] as usize;
        // The likeliest symbols come first, and the end of a table is above all that is sought.
        self.tables.shares[start + 1..].iter().take_while(|end| u32::from(**end) <= at).count()
    }
}

/// Shares out `SCALE` by code lengths; everything gets at least one part.
pub(crate) fn share(lengths: &[u8], shares: &mut [u16]) {
    let weight = |length: u8| {
        let whole = if length.is_multiple_of(2) { 1u64 << 20 } else { 741_455 };
        whole >> (length / 2)
    };
    let total: u64 = lengths.iter().map(|length| weight(*length)).sum();
    let to_share = u64::from(SCALE) - lengths.len() as u64;
    let part = |length: u8| 1 + (weight(length) * to_share / total) as u32;
    let given: u32 = lengths.iter().map(|length| part(*length)).sum();
    // What rounding left over goes to the likeliest.
    let likeliest = (0..lengths.len()).min_by_key(|symbol| lengths[*symbol]).unwrap_or(0);
    let mut start = 0;
    for (symbol, length) in lengths.iter().enumerate() {
        shares[symbol] = start as u16;
        start += part(*length) + if symbol == likeliest { SCALE - given } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_symbol_gets_a_share_and_all_is_shared(lengths in prop::collection::vec(0u8..=31, 1..200)) {
            let mut shares = vec![0; lengths.len()];
            share(&lengths, &mut shares);
            prop_assert_eq!(shares[0], 0);
            for (symbol, start) in shares.iter().enumerate() {
                let end = shares.get(symbol + 1).map_or(SCALE, |next| u32::from(*next));
                prop_assert!(u32::from(*start) < end);
            }
        }
    }
}
