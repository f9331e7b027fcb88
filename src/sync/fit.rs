//! The sender's side of the model: it counts what it says, and when a new table would have saved
//! more than telling it costs, it tells it.
//!
//! All of it is integer arithmetic on what was said to the room, so two runs of a match come to
//! the same tables at the same ticks.

use super::bits::BitBuffer;
use super::layout::TableId;
use super::model::{LENGTH_MAX, Model, share};
use super::motion_fit::MotionFit;
use super::range::SCALE_BITS;
use super::room::{Room, RoomNews, code_lengths, expected_length};
use super::schema::Schema;
use super::wire::Sending;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Each table is looked at once in so many ticks, more often at first.
const PERIOD_EARLY: u32 = 16;
const PERIOD: u32 = 64;
const EARLY: u32 = 128;
/// A table used less often than this is not looked at.
const USES_LEAST: u32 = 12;
/// Counts are halved when they are together above this, so that old habits fade.
const USES_MOST: u32 = 1 << 13;
/// As many uses as the old table weighs in the new one.
const PRIOR_WEIGHT: u64 = 6;
/// A code length that wastes less than this, in bits, is as good as the best, if it is cheaper to
/// tell.
const NEAR_ENOUGH: u32 = 4;
/// What else a new table costs, in bits.
const OVERHEAD: u64 = 12;
/// Savings are expected to go on for so many times as long as they were seen.
const PERSISTENCE: u64 = 1;

/// How often each symbol of each table was used.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// By table: where its symbols start in `counts`, or [`UNUSED`] while nothing has its component.
    starts: Vec<u32>,
    counts: Vec<u16>,
    /// A bit for each table: whether it was used, or anything else about it is new, since it was
    /// looked at.
    #[serde(skip)]
    news: Vec<u64>,
}

const UNUSED: u32 = u32::MAX;

impl Counts {
    fn new(model: &Model) -> Self {
        let starts = vec![UNUSED; model.layout.tables()];
        let mut counts = Self { starts, ..Self::default() };
        counts.prepare(model, 0..model.layout.of_parts());
        counts
    }

    /// Makes room for some tables, so that counting needs none.
    pub(crate) fn prepare(&mut self, model: &Model, tables: Range<TableId>) {
        for table in
            tables.filter(|table| self.starts[*table as usize] == UNUSED).collect::<Vec<_>>()
        {
            self.starts[table as usize] = self.counts.len() as u32;
            let end = self.counts.len() + model.layout.alphabet(table).symbols();
            self.counts.resize(end, 0);
        }
    }

    /// Counts one use of a symbol.
    #[inline]
    pub(crate) fn add(&mut self, table: TableId, symbol: usize) {
        let start = self.starts[table as usize] as usize;
        if let Some(count) = self.counts.get_mut(start + symbol) {
            *count = count.saturating_add(1);
        }
        self.note(table);
    }

    fn note(&mut self, table: TableId) {
        if let Some(bits) = self.news.get_mut(table as usize / 64) {
            *bits |= 1 << (table % 64);
        }
    }

    /// Whether anything about a table is new since this was asked last.
    fn take_news(&mut self, table: TableId) -> bool {
        let bits = &mut self.news[table as usize / 64];
        let is_new = *bits >> (table % 64) & 1 == 1;
        *bits &= !(1 << (table % 64));
        is_new
    }

    /// The counts of a table, if it was prepared.
    fn of(&mut self, model: &Model, table: TableId) -> &mut [u16] {
        let start = self.starts[table as usize] as usize;
        let symbols = model.layout.alphabet(table).symbols();
        self.counts.get_mut(start..start + symbols).unwrap_or_default()
    }

    fn fit(&self, model: &Model) -> bool {
        let sizes = (0..).map(|table| model.layout.alphabet(table).symbols());
        let fits = |(start, size): (&u32, usize)| {
            *start == UNUSED || *start as usize + size <= self.counts.len()
        };
        self.starts.len() == model.layout.tables() && self.starts.iter().zip(sizes).all(fits)
    }
}

/// What the sender has counted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Fit {
    pub(crate) counts: Counts,
    pub(crate) motion: MotionFit,
    #[serde(skip)]
    lengths: Vec<u8>,
    #[serde(skip)]
    shares: Vec<u16>,
    #[serde(skip)]
    trial: BitBuffer,
}

impl Fit {
    pub(crate) fn new(schema: &Schema, model: &Model) -> Self {
        Self {
            counts: Counts::new(model),
            motion: MotionFit::new(schema),
            lengths: Vec::new(),
            shares: Vec::new(),
            trial: BitBuffer::default(),
        }
    }

    /// Whether it can go on with this model: one that was read from bytes might not.
    pub(crate) fn fits(&self, schema: &Schema, model: &Model) -> bool {
        self.counts.fit(model) && self.motion.fits(schema)
    }

    /// A new word, learned from or not.
    pub(crate) fn wire<'a>(&'a mut self, out: &'a mut BitBuffer, learns: bool) -> Sending<'a> {
        if learns { Sending::counted(out, &mut self.counts) } else { Sending::uncounted(out) }
    }

    /// Decides which tables and motions shall be new.
    pub(crate) fn propose(&mut self, room: &Room, news: &mut RoomNews) {
        let (model, tick) = (&room.model, room.tick);
        let period = if tick.0 <= EARLY { PERIOD_EARLY } else { PERIOD };
        // A match that was just restored has seen nothing yet.
        self.counts.news.resize(model.layout.tables().div_ceil(64), u64::MAX);
        let mut table = tick.0 % period;
        while (table as usize) < model.layout.tables() {
            if self.counts.take_news(table) {
                self.consider(model, table, news);
            }
            table += period;
        }
        let length = model.layout.length;
        if news.tables.iter().any(|(table, _)| (length..length + 2).contains(table)) {
            // What it costs to tell any table is another.
            self.counts.news.fill(u64::MAX);
        }
        self.motion.propose(model, &room.shapes, &room.schema, tick, news);
    }

    fn consider(&mut self, model: &Model, table: TableId, news: &mut RoomNews) {
        let counts = &*self.counts.of(model, table);
        let uses: u32 = counts.iter().map(|count| u32::from(*count)).sum();
        if uses < USES_LEAST {
            return;
        }
        self.lengths.clear();
        self.shares.clear();
        self.shares.resize(counts.len(), 0);
        let weight = |symbol: usize, count: u16| {
            let (start, end) = model.share(table, symbol);
            (u64::from(count) << 8) + (((u64::from(end - start) * PRIOR_WEIGHT) << 8) >> SCALE_BITS)
        };
        let total: u64 = counts.iter().enumerate().map(|(s, count)| weight(s, *count)).sum();
        for (symbol, count) in counts.iter().enumerate() {
            let half_bits = (log2(total) - log2(weight(symbol, *count).max(1)) + 64) / 128;
            let best = half_bits.clamp(0, i64::from(LENGTH_MAX)) as u8;
            let expected = expected_length(&self.lengths, symbol);
            let is_near = waste(expected, best, *count, uses) < NEAR_ENOUGH;
            self.lengths.push(if is_near { expected } else { best });
        }
        share(&self.lengths, &mut self.shares);
        let mut saved = 0;
        for (symbol, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let (start, end) = model.share(table, symbol);
            let next = self.shares.get(symbol + 1).map_or(1 << SCALE_BITS, |next| u32::from(*next));
            let new = next - u32::from(self.shares[symbol]);
            saved += i64::from(*count) * (log2(new.into()) - log2((end - start).into()));
        }
        if saved > 0 && saved as u64 * PERSISTENCE > self.cost(model) * 256 {
            news.tables.push((table, self.lengths.clone()));
            self.counts.note(table);
        }
        if uses > USES_MOST {
            self.counts.of(model, table).iter_mut().for_each(|count| *count /= 2);
            self.counts.note(table);
        }
    }

    /// What it takes to tell the new lengths, in bits.
    fn cost(&mut self, model: &Model) -> u64 {
        self.trial.clear();
        let mut wire = Sending::uncounted(&mut self.trial);
        code_lengths(&mut wire, model, &mut self.lengths);
        wire.coder.finish();
        self.trial.len() as u64 + OVERHEAD
    }
}

/// What it costs, in bits, to give a symbol another code length than its best: its own uses grow,
/// or those of all others do.
fn waste(length: u8, best: u8, count: u16, uses: u32) -> u32 {
    if length >= best {
        return u32::from(count) * u32::from(length - best) / 2;
    }
    let share = |length: u8| (uses << 1) >> (length / 2).min(31);
    share(length) - share(best)
}

/// The binary logarithm in 1/256, near enough.
fn log2(value: u64) -> i64 {
    let whole = value.max(1).ilog2();
    let mantissa = ((value.max(1) << (63 - whole)) >> 55) as i64 & 255;
    i64::from(whole) * 256 + mantissa + (mantissa * (256 - mantissa) * 88) / 65536
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_near_enough() {
        for value in (1..5000u64).chain([1 << 40, (1 << 40) + (1 << 38), u64::MAX >> 1]) {
            let exact = (value as f64).log2() * 256.0;
            assert!((log2(value) as f64 - exact).abs() < 5.0, "{value}");
        }
    }
}
