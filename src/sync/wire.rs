//! One description of the stream for both ways.
//!
//! Everything that is coded is written once, as a function over a [`Wire`]: the sender's wire
//! writes the values it is given and gives them back, the receiver's ignores them and gives what
//! it read. So the two sides cannot drift apart.

use super::bits::BitBuffer;
use super::fit::Counts;
use super::layout::TableId;
use super::model::Model;
use super::range::{RangeDecoder, RangeEncoder};
use super::token;

/// One code word, being written or read.
pub(crate) trait Wire {
    /// Whether values go in; else they come out.
    const SENDS: bool;

    /// One symbol of a table.
    fn symbol(&mut self, model: &Model, table: TableId, symbol: usize) -> usize;

    /// Bits that no table knows anything of.
    fn raw(&mut self, value: u32, bits: u32) -> u32;

    /// A yes or no.
    fn flag(&mut self, model: &Model, table: TableId, flag: bool) -> bool {
        self.symbol(model, table, usize::from(flag)) == 1
    }

    /// A signed number by a table of residuals.
    #[inline]
    fn residual(&mut self, model: &Model, table: TableId, value: i64) -> i64 {
        let token = token::signed(value);
        let symbol = self.symbol(model, table, token.symbol);
        if symbol == 0 {
            return 0;
        }
        let bits = token::signed_start(symbol).1;
        let extra = if bits > 0 { self.raw(token.extra, bits) } else { 0 };
        token::signed_value(symbol, extra)
    }

    /// A count, gap or id by a table of numbers.
    fn number(&mut self, model: &Model, table: TableId, value: u32) -> u32 {
        let token = token::unsigned(value);
        let symbol = self.symbol(model, table, token.symbol);
        let (start, bits) = token::unsigned_start(symbol);
        let extra = if bits > 0 { self.raw(token.extra, bits) } else { 0 };
        start.wrapping_add(extra)
    }
}

/// Writes one code word.
pub(crate) struct Sending<'a> {
    pub(crate) coder: RangeEncoder<'a>,
    /// How often each symbol was used, if that is to be learned from.
    counts: Option<&'a mut Counts>,
}

impl<'a> Sending<'a> {
    /// A word that the model learns from.
    pub(crate) fn counted(out: &'a mut BitBuffer, counts: &'a mut Counts) -> Self {
        Self { coder: RangeEncoder::new(out), counts: Some(counts) }
    }

    /// A word that the model does not learn from.
    pub(crate) fn uncounted(out: &'a mut BitBuffer) -> Self {
        Self { coder: RangeEncoder::new(out), counts: None }
    }
}

impl Wire for Sending<'_> {
    const SENDS: bool = true;

    #[inline]
    fn symbol(&mut self, model: &Model, table: TableId, symbol: usize) -> usize {
        let (start, end) = model.share(table, symbol);
        self.coder.encode(start, end);
        if let Some(counts) = &mut self.counts {
            counts.add(table, symbol);
        }
        symbol
    }

    fn raw(&mut self, value: u32, bits: u32) -> u32 {
        self.coder.raw(value, bits);
        value
    }
}

/// Reads one code word.
pub(crate) struct Receiving<'a>(pub(crate) RangeDecoder<'a>);

impl Wire for Receiving<'_> {
    const SENDS: bool = false;

    #[inline]
    fn symbol(&mut self, model: &Model, table: TableId, _: usize) -> usize {
        let symbol = model.find(table, self.0.peek());
        let (start, end) = model.share(table, symbol);
        self.0.take(start, end);
        symbol
    }

    fn raw(&mut self, _: u32, bits: u32) -> u32 {
        self.0.raw(bits)
    }
}

/// Says nothing: what both sides do with a chunk that is not there.
pub(crate) struct Silent;

impl Wire for Silent {
    const SENDS: bool = false;

    #[inline]
    fn symbol(&mut self, _: &Model, _: TableId, _: usize) -> usize {
        0
    }

    fn raw(&mut self, _: u32, _: u32) -> u32 {
        0
    }
}

/// Says nothing to one who knows the goal.
pub(crate) struct Known;

impl Wire for Known {
    const SENDS: bool = true;

    #[inline]
    fn symbol(&mut self, _: &Model, _: TableId, symbol: usize) -> usize {
        symbol
    }

    fn raw(&mut self, value: u32, _: u32) -> u32 {
        value
    }
}
