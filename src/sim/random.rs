//! Chance that is the same on every machine and in every version.
//!
//! The bits come from ChaCha8, whose output is fixed by its definition; how bits become numbers is
//! written here, because libraries change that between versions.

use bevy_ecs::resource::Resource;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A seeded source of chance. The match's own is a resource; copies made with
/// [`Random::from_seed`] serve bots and tests.
#[derive(Resource, Debug)]
pub struct Random {
    /// Boxed: a world keeps room for many of each resource.
    bits: Box<ChaCha8Rng>,
}

impl Random {
    /// Starts a sequence that depends on the seed alone.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self { bits: Box::new(ChaCha8Rng::from_seed(bytes)) }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.bits.next_u64()
    }

    /// A number from 0 to below `end`, each as likely; 0 if `end` is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        if end == 0 {
            return 0;
        }
        // What would favour some numbers is thrown away.
        let unfair = end.wrapping_neg() % end;
        loop {
            let wide = u64::from(self.bits.next_u32()) * u64::from(end);
            if wide as u32 >= unfair {
                return (wide >> 32) as u32;
            }
        }
    }

    /// A number from 0 to below 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits.next_u32() >> 8) as f32 / (1u32 << 24) as f32
    }

    /// A number from `low` to below `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Yes, once in so many times.
    pub fn one_in(&mut self, times: u32) -> bool {
        self.below(times.max(1)) == 0
    }

    /// One of these, if there are any.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u32) as usize)
    }
}

impl Clone for Random {
    fn clone(&self) -> Self {
        State::of(self).into_random()
    }
}

/// Where a sequence is.
#[derive(Serialize, Deserialize)]
struct State {
    seed: [u8; 32],
    position: u128,
}

impl State {
    fn of(random: &Random) -> Self {
        Self { seed: random.bits.get_seed(), position: random.bits.get_word_pos() }
    }

    fn into_random(self) -> Random {
        let mut bits = ChaCha8Rng::from_seed(self.seed);
        bits.set_word_pos(self.position);
        Random { bits: Box::new(bits) }
    }
}

impl Serialize for Random {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        State::of(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Random {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(State::deserialize(deserializer)?.into_random())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_of_a_seed_never_changes() {
        let mut random = Random::from_seed(7);
        let bits: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        let below: Vec<u32> = (0..6).map(|_| random.below(100)).collect();
        let expected = "[14095323943061994099, 8595031940432502117, 104676313501531310] \
                        [5, 30, 84, 38, 84, 33] 0.6168652";
        assert_eq!(format!("{bits:?} {below:?} {}", random.unit()), expected);
    }

    #[test]
    fn it_goes_on_where_it_was_saved() {
        let mut random = Random::from_seed(1);
        let config = bincode::config::standard();
        for draws in 0..40 {
            let saved = bincode::serde::encode_to_vec(&random, config).expect("plain data");
            let (mut copy, _): (Random, _) =
                bincode::serde::decode_from_slice(&saved, config).expect("what was saved");
            let mut original = random.clone();
            (0..20).for_each(|_| assert_eq!(copy.below(1000), original.below(1000)));
            (0..=draws % 3).for_each(|_| assert_ne!(random.below(1 << 31), 0));
        }
    }

    #[test]
    fn below_is_fair_and_stays_below() {
        let mut random = Random::from_seed(3);
        let mut counts = [0; 6];
        (0..60_000).for_each(|_| counts[random.below(6) as usize] += 1);
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }
}
