//! What a simulated player does with its controls.

use super::foresight::Own;
use crate::ids::Tick;
use crate::sim::{Random, decode_input, encode_input};
use crate::sync::Seen;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Plays for someone: sees what a client sees, says what a client's controls say.
pub trait Bot<I> {
    /// What its controls say after what it sees.
    fn think(&mut self, view: Seen<'_>) -> I;
    /// What becomes of an own entity in this tick if its controls say this, by the game's rules. Only bots
    /// of games that say so are asked.
    fn foresee(&mut self, own: &mut Own, input: &I, tick: Tick, view: Seen<'_>) {
        let _ = (own, input, tick, view);
    }
}

/// A bot whatever its game, or somebody who needs no eyes.
pub trait Mind: Send {
    /// What its controls say after what it sees, encoded.
    fn controls(&mut self, view: Seen<'_>) -> Vec<u8>;
    /// What they say if nothing is said, encoded.
    fn idle(&self) -> Vec<u8> {
        Vec::new()
    }
    /// What becomes of an own entity in this tick if its controls say this.
    fn foresee(&mut self, own: &mut Own, controls: &[u8], tick: Tick, view: Seen<'_>) {
        let _ = (own, controls, tick, view);
    }
}

/// A bot of a game.
pub struct Playing<I>(pub Box<dyn Bot<I> + Send>);

impl<I: Serialize + DeserializeOwned + Default> Mind for Playing<I> {
    fn controls(&mut self, view: Seen<'_>) -> Vec<u8> {
        encode_input(&self.0.think(view))
    }

    fn idle(&self) -> Vec<u8> {
        encode_input(&I::default())
    }

    fn foresee(&mut self, own: &mut Own, controls: &[u8], tick: Tick, view: Seen<'_>) {
        if let Ok(input) = decode_input(controls) {
            self.0.foresee(own, &input, tick, view);
        }
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
