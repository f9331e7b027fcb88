//! Where players look, and on which side they are: what each of them may see.

use super::game::Interest;
use super::registry::cell_at;
use super::seats::Seats;
use crate::ids::{PlayerId, TeamId};
use crate::sync::{Cell, Stream, View};
use bevy_ecs::resource::Resource;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one player looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Look {
    at: [f32; 2],
    cell: Option<Cell>,
    team: Option<TeamId>,
}

/// What all players look at. A game with [`Interest`](super::Interest) moves the views along.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Views {
    looks: BTreeMap<PlayerId, Look>,
}

impl Views {
    /// Lets a player look at a place.
    pub fn look_at(&mut self, player: PlayerId, at: [f32; 2]) {
        if at.iter().all(|axis| axis.is_finite()) {
            self.looks.entry(player).or_default().at = at;
        }
    }

    /// Puts a player on a side, whose hidden components it then sees.
    pub fn set_team(&mut self, player: PlayerId, team: Option<TeamId>) {
        self.looks.entry(player).or_default().team = team;
    }

    /// Where a player looks.
    #[must_use]
    pub fn at(&self, player: PlayerId) -> [f32; 2] {
        self.looks.get(&player).map_or([0.0; 2], |look| look.at)
    }

    pub(super) fn forget(&mut self, player: PlayerId) {
        self.looks.remove(&player);
    }

    /// Tells the stream what everybody may see.
    pub(super) fn apply(&mut self, seats: &Seats, interest: Option<Interest>, stream: &mut Stream) {
        self.looks.retain(|player, _| seats.get(*player).is_some());
        for (player, seat) in seats.iter() {
            let look = self.looks.entry(player).or_default();
            let cell = interest.map(|interest| cell_at(look.at, interest.cell, look.cell));
            let is_same =
                cell == look.cell && stream.view(player).is_some_and(|view| view.team == look.team);
            look.cell = cell;
            if is_same {
                continue;
            }
            let cells = cell.map_or_else(Vec::new, |cell| around(cell, interest));
            let view = View { team: look.team, cells, predicts: seat.predicts };
            if stream.view(player).is_some() {
                stream.set_view(player, view);
            } else {
                stream.join(player, view);
            }
        }
    }
}

/// The cells that a view in this cell sees.
fn around(cell: Cell, interest: Option<Interest>) -> Vec<Cell> {
    let radius = interest.map_or(0, |interest| i16::from(interest.radius));
    let mut cells = Vec::new();
    for y in -radius..=radius {
        for x in -radius..=radius {
            cells.push(Cell { x: cell.x.saturating_add(x), y: cell.y.saturating_add(y) });
        }
    }
    cells
}
