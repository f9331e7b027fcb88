//! An arithmetic coder whose code words know where they end.
//!
//! A chunk is one code word: the shortest string of bits that stands for its symbols whatever
//! follows it. Both sides keep the same interval, so the reader finds the end of a word by itself,
//! and words are joined at bits with nothing between them. The price of ending a word is 1 to 2
//! bits. All arithmetic is on 32-bit integers, so that any language can follow.

use super::bits::{BitBuffer, window};

/// Symbols of a table share `1 << SCALE_BITS`.
pub(crate) const SCALE_BITS: u32 = 15;
const TOP: u32 = 1 << 31;

/// Writes one code word to the end of a buffer.
pub(crate) struct RangeEncoder<'a> {
    out: &'a mut BitBuffer,
    low: u32,
    range: u32,
}

impl<'a> RangeEncoder<'a> {
    pub(crate) fn new(out: &'a mut BitBuffer) -> Self {
        Self { out, low: 0, range: u32::MAX }
    }

    /// Narrows the interval to a symbol's share: `start..end` of `1 << SCALE_BITS`.
    #[inline]
    pub(crate) fn encode(&mut self, start: u32, end: u32) {
        let unit = self.range >> SCALE_BITS;
        self.narrow(unit * start, unit, start, end, 1 << SCALE_BITS);
    }

    /// Writes the low `count` bits of `value` as they are; `count` is at most 32.
    pub(crate) fn raw(&mut self, value: u32, count: u32) {
        let mut left = count;
        while left > 0 {
            let step = left.min(16);
            left -= step;
            let part = (value >> left) & ((1 << step) - 1);
            let unit = self.range >> step;
            self.narrow(unit * part, unit, part, part + 1, 1 << step);
        }
    }

    #[inline]
    fn narrow(&mut self, offset: u32, unit: u32, start: u32, end: u32, scale: u32) {
        let (low, over) = self.low.overflowing_add(offset);
        if over {
            self.out.carry();
        }
        self.low = low;
        // The last symbol also gets what the division left over.
        self.range = if end == scale { self.range - offset } else { unit * (end - start) };
        let shift = self.range.leading_zeros();
        if shift > 0 {
            self.out.push(self.low >> (32 - shift), shift);
            self.low <<= shift;
            self.range <<= shift;
        }
    }

    /// Ends the word.
    pub(crate) fn finish(self) {
        let (value, count) = ending(self.low, self.range);
        if value >> count != 0 {
            self.out.carry();
        }
        self.out.push(value & ((1 << count) - 1), count);
    }
}

/// The shortest bits that stay within the interval whatever follows: value and count. A value
/// that does not fit its count is a carry.
fn ending(low: u32, range: u32) -> (u32, u32) {
    let end = u64::from(low) + u64::from(range);
    (1..=2)
        .find_map(|count| {
            let step = 1u64 << (32 - count);
            let value = u64::from(low).div_ceil(step);
            ((value + 1) * step <= end).then_some((value as u32, count))
        })
        .expect("a range of at least half holds an aligned quarter")
}

/// Reads one code word from the middle of a packet.
pub(crate) struct RangeDecoder<'a> {
    bytes: &'a [u8],
    /// The bit after the 32 that are in the window.
    next: usize,
    low: u32,
    range: u32,
    /// How far the bits lie above `low`; below `range` for every word an encoder writes.
    offset: u32,
}

impl<'a> RangeDecoder<'a> {
    pub(crate) fn new(bytes: &'a [u8], start: usize) -> Self {
        let offset = window(bytes, start);
        Self { bytes, next: start + 32, low: 0, range: u32::MAX, offset }
    }

    /// Where in `1 << SCALE_BITS` the next symbol lies.
    #[inline]
    pub(crate) fn peek(&self) -> u32 {
        (self.offset / (self.range >> SCALE_BITS)).min((1 << SCALE_BITS) - 1)
    }

    /// Takes the symbol with the share `start..end`.
    #[inline]
    pub(crate) fn take(&mut self, start: u32, end: u32) {
        let unit = self.range >> SCALE_BITS;
        self.narrow(unit * start, unit, start, end, 1 << SCALE_BITS);
    }

    pub(crate) fn raw(&mut self, count: u32) -> u32 {
        let mut value = 0;
        let mut left = count;
        while left > 0 {
            let step = left.min(16);
            left -= step;
            let unit = self.range >> step;
            let part = (self.offset / unit).min((1 << step) - 1);
            self.narrow(unit * part, unit, part, part + 1, 1 << step);
            value = (value << step) | part;
        }
        value
    }

    #[inline]
    fn narrow(&mut self, offset: u32, unit: u32, start: u32, end: u32, scale: u32) {
        self.low = self.low.wrapping_add(offset);
        self.offset -= offset;
        self.range = if end == scale { self.range - offset } else { unit * (end - start) };
        let shift = self.range.leading_zeros();
        if shift > 0 {
            let bits = window(self.bytes, self.next) >> (32 - shift);
            self.next += shift as usize;
            self.low <<= shift;
            self.offset = (self.offset << shift) | bits;
            self.range <<= shift;
        }
    }

    /// The bit after this word.
    pub(crate) fn finish(self) -> usize {
        debug_assert!(self.range >= TOP);
        self.next - 32 + ending(self.low, self.range).1 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A symbol's share, or raw bits.
    #[derive(Clone, Debug)]
    enum Step {
        Share(u32, u32),
        Raw(u32, u32),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0u32..1 << SCALE_BITS, 1u32..=1 << SCALE_BITS)
                .prop_filter("a share", |(start, end)| start < end)
                .prop_map(|(start, end)| Step::Share(start, end)),
            (1u32..=32, any::<u32>())
                .prop_map(|(count, value)| Step::Raw(value >> (32 - count), count)),
            Just(Step::Share(0, (1 << SCALE_BITS) - 1)),
            Just(Step::Share((1 << SCALE_BITS) - 1, 1 << SCALE_BITS)),
        ]
    }

    proptest! {
        #[test]
        fn joined_words_are_read_back_and_end_where_they_ended(
            words in prop::collection::vec(prop::collection::vec(step(), 0..60), 1..8),
        ) {
            let mut out = BitBuffer::default();
            let mut ends = Vec::new();
            for word in &words {
                let mut encoder = RangeEncoder::new(&mut out);
                for step in word {
                    match *step {
                        Step::Share(start, end) => encoder.encode(start, end),
                        Step::Raw(value, count) => encoder.raw(value, count),
                    }
                }
                encoder.finish();
                ends.push(out.len());
            }
            let mut packet = out.into_bytes();
            packet.extend([0xa5; 3]);
            let mut at = 0;
            for (word, end) in words.iter().zip(ends) {
                let mut decoder = RangeDecoder::new(&packet, at);
                for step in word {
                    match *step {
                        Step::Share(start, end) => {
                            prop_assert!((start..end).contains(&decoder.peek()));
                            decoder.take(start, end);
                        }
                        Step::Raw(value, count) => prop_assert_eq!(decoder.raw(count), value),
                    }
                }
                at = decoder.finish();
                prop_assert_eq!(at, end);
            }
        }

        #[test]
        fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..40), steps in prop::collection::vec(step(), 0..80)) {
            let mut decoder = RangeDecoder::new(&bytes, 3);
            for step in steps {
                match step {
                    Step::Share(middle, _) => {
                        let at = decoder.peek();
                        if at < middle { decoder.take(0, middle) } else { decoder.take(middle, 1 << SCALE_BITS) }
                    }
                    Step::Raw(_, count) => { decoder.raw(count); }
                }
            }
            decoder.finish();
        }
    }
}
