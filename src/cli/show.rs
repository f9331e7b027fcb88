//! What a game adds to be watched.

use super::Files;
use super::canvas::Canvas;
use crate::ids::PlayerId;
use crate::load::Bot;
use crate::sim::{Game, Random};
use crate::sync::Replica;

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

/// A match as simulated players need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How many play in it.
    pub players: u32,
    /// Ticks in a second; none: as the game has it.
    pub hertz: Option<u32>,
    /// Whether players see only what is around them; for games that can do that.
    pub interest: bool,
}

/// A game that can be watched, hosted and put under load.
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
    /// A player to watch, and to load servers with.
    fn bot(seed: u64, player: PlayerId) -> Box<dyn Bot<Self::Input> + Send>;
    /// Whether its bots foresee what becomes of what is their own, as clients do that predict.
    const FORESEES: bool = false;
    /// What the controls of somebody say who runs about without looking.
    fn wander(random: &mut Random) -> Self::Input {
        let _ = random;
        Self::Input::default()
    }
    /// The options of a match that does not end while it is under load; none if the game has no such.
    fn under_load(load: Load) -> Option<Self::Options> {
        load.hertz.is_none().then(|| Self::options(load.players))
    }
    /// Options for a match of so many players by chance, for simulations to meet what there is.
    fn by_chance(players: u32, random: &mut Random) -> Self::Options {
        let _ = random;
        Self::options(players)
    }
    /// The name of a bot.
    fn name(player: PlayerId) -> String;
    /// Draws what is seen.
    fn draw(view: &Replica, canvas: &mut Canvas);
}
