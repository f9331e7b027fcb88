//! What a game author types. Everything else is reached by its one path.

pub use crate::ids::{NetId, PlayerId, TeamId, Tick};
pub use crate::replicate;
pub use crate::sim::{
    Events, Game, History, Inputs, Interest, Join, Match, Missing, Net, OnTeam, Owner, Phase,
    Predicted, Random, Seats, Setup, TickInputs, Time, Timer, Views,
};
pub use crate::sync::codec::{
    angle, boolean, bytes, choice, entity, float, integer, moment, optional, text, vector,
};
pub use crate::sync::rotation::rotation;
