//! What a game adds to be watched.

use super::Files;
use super::canvas::Canvas;
use crate::ids::PlayerId;
use crate::sim::Game;
use crate::sync::Replica;

/// Plays for someone: sees what a client sees, says what a client's controls say.
pub trait Bot<I> {
    /// What its controls say after what it sees.
    fn think(&mut self, view: &Replica) -> I;
}

/// A way in which a game is hosted unless an operator says otherwise.
#[derive(Clone, Debug)]
pub struct Offer<O> {
    /// What it is called.
    pub name: &'static str,
    /// At most so many play.
    pub players: u32,
    /// The game's options.
    pub options: O,
}

/// A game that can be watched and hosted.
pub trait Show: Game {
    /// The rules.
    fn game() -> Self;
    /// The options for a match of so many players.
    fn options(players: u32) -> Self::Options;
    /// How it is hosted; the first way is what is played unless told. None: as for so many players
    /// as usual.
    fn offers() -> Vec<Offer<Self::Options>> {
        Vec::new()
    }
    /// What browsers find at the server's address.
    fn pages() -> Files {
        Files::default()
    }
    /// A player to watch.
    fn bot(seed: u64, player: PlayerId) -> Box<dyn Bot<Self::Input>>;
    /// The name of a bot.
    fn name(player: PlayerId) -> String;
    /// Draws what is seen.
    fn draw(view: &Replica, canvas: &mut Canvas);
}
