//! What comes into a match from outside: all of it, and nothing else changes a frame.

use super::SimError;
use crate::ids::{PlayerId, Tick};
use bevy_ecs::resource::Resource;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An encoded input has at most this many bytes.
pub const INPUT_BYTES_LIMIT: usize = 1024;
/// A name or other text about a player has at most this many bytes.
pub const JOIN_TEXT_LIMIT: usize = 256;
/// A missing input is repeated for at most this many ticks.
const REPEATS_MOST: u32 = 20;

/// Everything that comes into a match in one tick.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TickInputs {
    /// What happened to seats, in the order it happened.
    pub changes: Vec<Change>,
    /// What players' controls say, at most one for each, ascending by player.
    pub controls: Vec<Controls>,
}

/// Something that happened to a seat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// Someone takes a seat.
    Join(Join),
    /// The seat is given up.
    Leave(PlayerId),
    /// The connection is lost; the seat is kept.
    Away(PlayerId),
    /// The connection is there again.
    Back(PlayerId),
    /// A spectator looks somewhere else.
    Look(PlayerId, [f32; 2]),
}

/// How someone takes a seat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Join {
    /// The seat.
    pub player: PlayerId,
    /// What to call whoever sits there.
    pub name: String,
    /// Who it is, if that is known; the same for all their sockets.
    pub user: Option<String>,
    /// Whether they only watch.
    pub spectator: bool,
    /// Whether their client predicts its own entities.
    pub predicts: bool,
    /// What else is known of them, from whoever said who they are: a JSON object, or nothing.
    pub claims: String,
    /// What they wish for themselves, for the game to grant or not: JSON, or nothing.
    pub wishes: String,
}

/// What one player's controls say in one tick.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Controls {
    /// The seat.
    pub player: PlayerId,
    /// The game's input, encoded.
    pub input: Vec<u8>,
    /// The tick that the player saw, and how far on to the next, in 1/256.
    pub seen: Option<(Tick, u8)>,
    /// What the client predicted its own lanes to add up to after this tick.
    pub predicted: Option<u32>,
}

/// Encodes an input for [`Controls`].
#[must_use]
pub fn encode_input<I: Serialize>(input: &I) -> Vec<u8> {
    bincode::serde::encode_to_vec(input, bincode::config::standard())
        .expect("an input is plain data")
}

/// Decodes an input; all of the bytes must be used.
pub fn decode_input<I: DeserializeOwned>(bytes: &[u8]) -> Result<I, SimError> {
    let config = bincode::config::standard().with_limit::<INPUT_BYTES_LIMIT>();
    match bincode::serde::decode_from_slice(bytes, config) {
        Ok((input, used)) if used == bytes.len() => Ok(input),
        _ => Err(SimError::BadInput),
    }
}

/// What a player's controls are taken to say when nothing came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// What they said last, for up to 20 ticks, then nothing.
    #[default]
    Repeat,
    /// Nothing: the default input.
    Idle,
}

/// One player's controls as the game sees them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Held<I> {
    input: I,
    /// Ticks since it came.
    age: u32,
    seen: Option<(Tick, u8)>,
}

/// The controls of all players in this tick.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Inputs<I: Send + Sync + 'static> {
    held: BTreeMap<PlayerId, Held<I>>,
    idle: I,
}

impl<I: Clone + Default + Send + Sync + 'static> Inputs<I> {
    /// What a player's controls say; nothing for those who have no seat.
    #[must_use]
    pub fn of(&self, player: PlayerId) -> &I {
        self.held.get(&player).map_or(&self.idle, |held| &held.input)
    }

    /// All seats and what their controls say, ascending by player.
    pub fn iter(&self) -> impl Iterator<Item = (PlayerId, &I)> {
        self.held.iter().map(|(player, held)| (*player, &held.input))
    }

    /// Whether the player's controls came in this tick.
    #[must_use]
    pub fn is_fresh(&self, player: PlayerId) -> bool {
        self.held.get(&player).is_some_and(|held| held.age == 0)
    }

    /// The tick that the player saw when acting, and how far on to the next, in 1/256.
    #[must_use]
    pub fn seen(&self, player: PlayerId) -> Option<(Tick, u8)> {
        self.held.get(&player)?.seen
    }

    pub(super) fn seat(&mut self, player: PlayerId) {
        self.held.entry(player).or_insert_with(|| Held { age: REPEATS_MOST, ..Held::default() });
    }

    pub(super) fn unseat(&mut self, player: PlayerId) {
        self.held.remove(&player);
    }

    /// Lets a tick pass for all controls.
    pub(super) fn age(&mut self, missing: Missing) {
        for held in self.held.values_mut() {
            held.age = held.age.saturating_add(1);
            if missing == Missing::Idle || held.age > REPEATS_MOST {
                held.input = I::default();
            }
        }
    }

    /// Takes what came; says whether there is such a seat.
    pub(super) fn take(&mut self, player: PlayerId, input: I, seen: Option<(Tick, u8)>) -> bool {
        let held = self.held.get_mut(&player);
        let is_seated = held.is_some();
        if let Some(held) = held {
            *held = Held { input, age: 0, seen };
        }
        is_seated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_input_is_repeated_for_a_while_or_idle() {
        for (missing, expected) in [(Missing::Repeat, 20), (Missing::Idle, 0)] {
            let mut inputs = Inputs::<u8>::default();
            inputs.seat(PlayerId(1));
            assert!(inputs.take(PlayerId(1), 9, None));
            let mut repeated = 0;
            for _ in 0..40 {
                inputs.age(missing);
                repeated += u32::from(*inputs.of(PlayerId(1)) == 9);
            }
            assert_eq!(repeated, expected);
        }
    }

    #[test]
    fn an_input_with_other_bytes_behind_it_is_refused() {
        let mut bytes = encode_input(&(3u8, -4i32));
        assert_eq!(decode_input::<(u8, i32)>(&bytes), Ok((3, -4)));
        bytes.push(0);
        assert_eq!(decode_input::<(u8, i32)>(&bytes), Err(SimError::BadInput));
        assert_eq!(
            decode_input::<Vec<u64>>(&[0xfd, 255, 255, 255, 255, 255, 255, 255, 255]),
            Err(SimError::BadInput)
        );
    }
}
