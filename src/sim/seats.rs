//! Who sits in a match. A seat outlives connections.

use super::input::Join;
use crate::ids::{PlayerId, Tick};
use bevy_ecs::resource::Resource;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A match has at most this many seats, spectators included.
pub const SEATS_LIMIT: usize = 1024;

/// One seat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seat {
    /// What to call whoever sits there.
    pub name: String,
    /// Who it is, if that is known.
    pub user: Option<String>,
    /// Whether they only watch.
    pub spectator: bool,
    /// Since when the connection is lost, if it is.
    pub away_since: Option<Tick>,
    pub(super) predicts: bool,
}

/// All seats of a match.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seats {
    seats: BTreeMap<PlayerId, Seat>,
}

impl Seats {
    /// The seat of a player.
    #[must_use]
    pub fn get(&self, player: PlayerId) -> Option<&Seat> {
        self.seats.get(&player)
    }

    /// All seats, ascending by player.
    pub fn iter(&self) -> impl Iterator<Item = (PlayerId, &Seat)> {
        self.seats.iter().map(|(player, seat)| (*player, seat))
    }

    /// How many players there are, spectators not counted.
    #[must_use]
    pub fn players(&self) -> usize {
        self.seats.values().filter(|seat| !seat.spectator).count()
    }

    /// Takes a seat, if it is free and there is room.
    pub(super) fn take(&mut self, join: &Join) -> bool {
        if self.seats.len() >= SEATS_LIMIT || self.seats.contains_key(&join.player) {
            return false;
        }
        let seat = Seat {
            name: join.name.clone(),
            user: join.user.clone(),
            spectator: join.spectator,
            away_since: None,
            predicts: join.predicts,
        };
        self.seats.insert(join.player, seat);
        true
    }

    pub(super) fn give_up(&mut self, player: PlayerId) -> Option<Seat> {
        self.seats.remove(&player)
    }

    /// Notes that a connection is lost or there again; says whether that is new.
    pub(super) fn set_away(&mut self, player: PlayerId, since: Option<Tick>) -> bool {
        let Some(seat) = self.seats.get_mut(&player) else { return false };
        let is_new = seat.away_since.is_some() != since.is_some();
        if is_new {
            seat.away_since = since;
        }
        is_new
    }
}
