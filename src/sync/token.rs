//! Numbers as a symbol from a table and a few plain bits.
//!
//! Small magnitudes have a symbol of their own; greater ones share a symbol with those that have
//! the same two leading bits, and the rest of the bits follows as it is.

/// A symbol, and the plain bits behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) symbol: usize,
    pub(crate) extra: u32,
    pub(crate) extra_bits: u32,
}

/// The bucket of a magnitude from 1: its number, how far into it, and how many bits that takes.
#[inline]
fn bucket(magnitude: u32) -> (usize, u32, u32) {
    if magnitude <= 3 {
        return (magnitude as usize - 1, 0, 0);
    }
    let log = magnitude.ilog2();
    let half = (magnitude >> (log - 1)) & 1;
    let bits = log - 1;
    (3 + 2 * (log as usize - 2) + half as usize, magnitude & ((1 << bits) - 1), bits)
}

/// The first magnitude of a bucket, and its bits.
#[inline]
fn bucket_start(bucket: usize) -> (u32, u32) {
    if bucket < 3 {
        return (bucket as u32 + 1, 0);
    }
    let log = (bucket as u32 - 3) / 2 + 2;
    let half = (bucket as u32 - 3) % 2;
    ((2 + half) << (log - 1), log - 1)
}

/// How many symbols signed numbers up to a magnitude need.
pub(crate) fn signed_symbols(magnitude: u32) -> usize {
    if magnitude == 0 { 1 } else { 3 + 2 * bucket(magnitude).0 }
}

/// How many symbols unsigned numbers up to `most` need.
pub(crate) fn unsigned_symbols(most: u32) -> usize {
    if most == 0 { 1 } else { 2 + bucket(most).0 }
}

/// A residual; its magnitude is at most 2^31.
#[inline]
pub(crate) fn signed(residual: i64) -> Token {
    if residual == 0 {
        return Token { symbol: 0, extra: 0, extra_bits: 0 };
    }
    let (bucket, extra, extra_bits) = bucket(residual.unsigned_abs() as u32);
    Token { symbol: 1 + 2 * bucket + usize::from(residual < 0), extra, extra_bits }
}

/// The least magnitude that a signed symbol stands for, and how many plain bits follow it.
#[inline]
pub(crate) fn signed_start(symbol: usize) -> (u32, u32) {
    if symbol == 0 { (0, 0) } else { bucket_start((symbol - 1) / 2) }
}

/// The number of a signed symbol and its plain bits.
#[inline]
pub(crate) fn signed_value(symbol: usize, extra: u32) -> i64 {
    let magnitude = i64::from(signed_start(symbol).0 + extra);
    if symbol.is_multiple_of(2) { -magnitude } else { magnitude }
}

/// A count, gap or id.
pub(crate) fn unsigned(value: u32) -> Token {
    if value == 0 {
        return Token { symbol: 0, extra: 0, extra_bits: 0 };
    }
    let (bucket, extra, extra_bits) = bucket(value);
    Token { symbol: 1 + bucket, extra, extra_bits }
}

/// The least number that an unsigned symbol stands for, and how many plain bits follow it.
pub(crate) fn unsigned_start(symbol: usize) -> (u32, u32) {
    if symbol == 0 { (0, 0) } else { bucket_start(symbol - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_token_and_comes_back() {
        let edges = (0..32).flat_map(|shift| {
            let power = 1i64 << shift;
            [power - 1, power, power + 1, power + power / 2]
        });
        for value in (0..5000).chain(edges).filter(|value| *value <= 1 << 31) {
            for residual in [value, -value] {
                let token = signed(residual);
                assert_eq!(signed_value(token.symbol, token.extra), residual);
                assert_eq!(signed_start(token.symbol).1, token.extra_bits);
                assert!(token.symbol < signed_symbols(value as u32));
            }
            let token = unsigned(value as u32);
            let (start, bits) = unsigned_start(token.symbol);
            assert_eq!((start + token.extra, bits), (value as u32, token.extra_bits));
            assert!(token.symbol < unsigned_symbols(value as u32));
        }
    }
}
