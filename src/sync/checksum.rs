//! Sums that two sides compare.
//!
//! A lane checksum is a sum over entities in no order, made of 32-bit multiplications that every
//! language has.

use super::schema::ComponentId;
use crate::ids::NetId;

/// Spreads the bits of `value` over all others.
#[inline]
fn mix(value: u32) -> u32 {
    let value = (value ^ (value >> 16)).wrapping_mul(0x7feb_352d);
    let value = (value ^ (value >> 15)).wrapping_mul(0x846c_a68b);
    value ^ (value >> 16)
}

/// The part of a checksum that comes from one component of one entity.
#[inline]
#[must_use]
pub fn lanes_checksum(id: NetId, component: ComponentId, lanes: impl Iterator<Item = u32>) -> u32 {
    let mut sum = mix(id.0 ^ 0x9e37_79b9) ^ u32::from(component.0);
    for lane in lanes {
        sum = (sum ^ lane).wrapping_mul(0x0100_0193).rotate_left(5);
    }
    mix(sum)
}

/// A hash of bytes, the same on every machine: for schemas and whole states, not for secrets.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ (bytes.len() as u64);
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^= hash >> 29;
    }
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_bit_changes_the_sums() {
        let lanes = [3, 0, 77];
        let sum = lanes_checksum(NetId(1), ComponentId(0), lanes.into_iter());
        assert_ne!(sum, lanes_checksum(NetId(2), ComponentId(0), lanes.into_iter()));
        for at in 0..3 {
            for bit in 0..32 {
                let mut other = lanes;
                other[at] ^= 1 << bit;
                assert_ne!(sum, lanes_checksum(NetId(1), ComponentId(0), other.into_iter()));
            }
        }
        assert_ne!(hash_bytes(b"a"), hash_bytes(b"a\0"));
    }
}
