//! What a game adds to be watched.

use super::canvas::Canvas;
use crate::ids::PlayerId;
use crate::sim::Game;
use crate::sync::Replica;

/// Plays for someone: sees what a client sees, says what a client's controls say.
pub trait Bot<I> {
    /// What its controls say after what it sees.
    fn think(&mut self, view: &Replica) -> I;
}

/// A game that can be watched.
pub trait Show: Game {
    /// The rules.
    fn game() -> Self;
    /// The options for a match of so many players.
    fn options(players: u32) -> Self::Options;
    /// A player to watch.
    fn bot(seed: u64, player: PlayerId) -> Box<dyn Bot<Self::Input>>;
    /// The name of a bot.
    fn name(player: PlayerId) -> String;
    /// Draws what is seen.
    fn draw(view: &Replica, canvas: &mut Canvas);
}
