//! Bits in a byte buffer, most significant first.
//!
//! Chunks are joined at bits, not at bytes, so everything here works at any bit position.

/// A growing string of bits. Its memory is kept when it is cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BitBuffer {
    bytes: Vec<u8>,
    /// Bits not yet in `bytes`, the newest lowest; always fewer than 32.
    tail: u64,
    tail_bits: u32,
}

impl BitBuffer {
    /// A buffer that goes on where `bytes` end.
    #[must_use]
    pub fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, tail: 0, tail_bits: 0 }
    }

    /// The bits as bytes, the last one filled with zeros.
    #[must_use]
    pub fn into_bytes(mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.bytes);
        let tail = (self.tail as u32).checked_shl(32 - self.tail_bits).unwrap_or(0).to_be_bytes();
        bytes.extend_from_slice(&tail[..self.tail_bits.div_ceil(8) as usize]);
        bytes
    }

    /// Forgets all bits.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.tail = 0;
        self.tail_bits = 0;
    }

    /// How many bits it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() * 8 + self.tail_bits as usize
    }

    /// Whether it holds no bit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the low `count` bits of `value`; `count` is at most 32.
    #[inline]
    pub fn push(&mut self, value: u32, count: u32) {
        debug_assert!(count <= 32 && (count == 32 || value >> count == 0));
        self.tail = (self.tail << count) | u64::from(value);
        self.tail_bits += count;
        if self.tail_bits >= 32 {
            self.tail_bits -= 32;
            let word = (self.tail >> self.tail_bits) as u32;
            self.bytes.extend_from_slice(&word.to_be_bytes());
            self.tail &= (1 << self.tail_bits) - 1;
        }
    }

    /// Adds one to the bits as a binary number: the carry of an arithmetic coder.
    pub fn carry(&mut self) {
        self.tail += 1;
        if self.tail >> self.tail_bits != 0 {
            self.tail = 0;
            for byte in self.bytes.iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        }
    }

    /// Appends `count` bits of `source` from bit `start`.
    pub fn append(&mut self, source: &BitBuffer, start: usize, count: usize) {
        debug_assert!(start + count <= source.len());
        let mut at = start;
        let end = start + count;
        let words = count / 32 * 4;
        if let Some(bytes) = source.bytes.get(start / 8..start / 8 + words + 1) {
            self.append_words(bytes, start % 8);
            at += words * 8;
        }
        while at < end {
            let step = (end - at).min(32) as u32;
            self.push(source.window(at) >> (32 - step), step);
            at += step as usize;
        }
    }

    /// Appends all of `bytes` but the first `skipped` bits, fewer than 8, and as many at the end as
    /// make it whole words: packets are gathered here, word by word.
    fn append_words(&mut self, bytes: &[u8], skipped: usize) {
        self.bytes.reserve(bytes.len());
        let mut before = u64::from(bytes[0]);
        for word in bytes[1..].chunks_exact(4) {
            let word = u32::from_be_bytes(word.try_into().expect("four bytes"));
            self.push((((before << 32) | u64::from(word)) >> (8 - skipped)) as u32, 32);
            before = u64::from(word & 255);
        }
    }

    /// The 32 bits from bit `at`; zeros where it has ended.
    fn window(&self, at: usize) -> u32 {
        let split = self.bytes.len() * 8;
        if at + 32 <= split {
            return window(&self.bytes, at);
        }
        let tail = (self.tail as u32).checked_shl(32 - self.tail_bits).unwrap_or(0);
        if at >= split {
            return tail.checked_shl((at - split) as u32).unwrap_or(0);
        }
        window(&self.bytes, at) | (tail >> (split - at))
    }
}

/// The 32 bits of `bytes` from bit `at`, most significant first; zeros past the end.
#[inline]
#[must_use]
pub fn window(bytes: &[u8], at: usize) -> u32 {
    let byte = at >> 3;
    let shift = (at & 7) as u32;
    let word = match bytes.get(byte..byte + 8) {
        Some(eight) => u64::from_be_bytes(eight.try_into().expect("eight bytes")),
        None => {
            let mut word = [0; 8];
            let rest = bytes.get(byte..).unwrap_or(&[]);
            word[..rest.len()].copy_from_slice(rest);
            u64::from_be_bytes(word)
        }
    };
    ((word << shift) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits_of(buffer: &BitBuffer) -> String {
        (0..buffer.len()).map(|at| if buffer.window(at) >> 31 == 1 { '1' } else { '0' }).collect()
    }

    #[test]
    fn what_is_pushed_is_read_at_every_position() {
        let mut buffer = BitBuffer::default();
        let mut expected = String::new();
        for count in 0..=32u32 {
            let value = 0xdead_beef_u32.rotate_left(count).checked_shr(32 - count).unwrap_or(0);
            buffer.push(value, count);
            expected += &format!("{value:032b}")[32 - count as usize..];
        }
        assert_eq!(bits_of(&buffer), expected);
        let packet = buffer.clone().into_bytes();
        assert_eq!(packet.len(), expected.len().div_ceil(8));
        assert_eq!(window(&packet, 5), buffer.window(5));
    }

    #[test]
    fn an_appended_range_is_the_same_bits() {
        let mut source = BitBuffer::default();
        (0..40).for_each(|i| source.push(i * 3 % 32, 5));
        for start in 0..70 {
            let mut target = BitBuffer::default();
            target.push(1, 3);
            target.append(&source, start, 101);
            assert_eq!(bits_of(&target)[3..], bits_of(&source)[start..start + 101]);
        }
    }

    #[test]
    fn a_carry_runs_through_bytes_and_tail() {
        let mut buffer = BitBuffer::default();
        buffer.push(0b01, 2);
        (0..5).for_each(|_| buffer.push(u32::MAX, 32));
        buffer.carry();
        assert_eq!(bits_of(&buffer), format!("10{}", "0".repeat(160)));
    }
}
