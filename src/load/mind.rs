//! What a simulated player does with its controls.

use crate::sim::{Random, encode_input};
use crate::sync::Seen;
use serde::Serialize;

/// Plays for someone: sees what a client sees, says what a client's controls say.
pub trait Bot<I> {
    /// What its controls say after what it sees.
    fn think(&mut self, view: Seen<'_>) -> I;
}

/// A bot whatever its game, or somebody who needs no eyes.
pub trait Mind: Send {
    /// What its controls say after what it sees, encoded.
    fn controls(&mut self, view: Seen<'_>) -> Vec<u8>;
}

/// A bot of a game.
pub struct Playing<I>(pub Box<dyn Bot<I> + Send>);

impl<I: Serialize> Mind for Playing<I> {
    fn controls(&mut self, view: Seen<'_>) -> Vec<u8> {
        encode_input(&self.0.think(view))
    }
}

/// Somebody whose controls come from chance alone.
pub struct Wandering<I>(pub Random, pub fn(&mut Random) -> I);

impl<I: Serialize> Mind for Wandering<I> {
    fn controls(&mut self, _: Seen<'_>) -> Vec<u8> {
        encode_input(&(self.1)(&mut self.0))
    }
}

/// Somebody who says the same all the time.
pub struct Idle(pub Vec<u8>);

impl Mind for Idle {
    fn controls(&mut self, _: Seen<'_>) -> Vec<u8> {
        self.0.clone()
    }
}
