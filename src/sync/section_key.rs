//! The names of sections: a square of the grid, and who hears what is in it.

use crate::ids::{PlayerId, TeamId};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A square of the interest grid.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Cell {
    /// Column.
    pub x: i16,
    /// Row.
    pub y: i16,
}

/// Who hears a section, of those who see its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Hearers {
    Everyone,
    Team(TeamId),
    Owner(PlayerId),
}

/// Names a section. No cell is everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SectionKey {
    pub(crate) cell: Option<Cell>,
    pub(crate) hearers: Hearers,
}

impl SectionKey {
    /// Its place among all, by cell and then by hearers: one number is soon compared.
    pub(super) fn rank(self) -> u128 {
        // Of signed numbers the negative ones come first.
        let up = |signed: i16| u64::from(signed as u16 ^ 0x8000);
        let cell = self.cell.map_or(0, |cell| 1 << 32 | up(cell.x) << 16 | up(cell.y));
        let hearers = match self.hearers {
            Hearers::Everyone => 0,
            Hearers::Team(team) => 1 << 32 | u64::from(team.0),
            Hearers::Owner(player) => 2 << 32 | u64::from(player.0),
        };
        u128::from(cell) << 64 | u128::from(hearers)
    }
}

impl Ord for SectionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for SectionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_ordered_by_cell_and_then_by_hearers() {
        let ends = [i16::MIN, -1, 0, 1, i16::MAX];
        let cells = ends.iter().flat_map(|x| ends.map(|y| Some(Cell { x: *x, y })));
        let hearers = [
            Hearers::Everyone,
            Hearers::Team(TeamId(0)),
            Hearers::Team(TeamId(u8::MAX)),
            Hearers::Owner(PlayerId(0)),
            Hearers::Owner(PlayerId(u32::MAX)),
        ];
        let cells = std::iter::once(None).chain(cells);
        let keys: Vec<_> =
            cells.flat_map(|cell| hearers.map(|hearers| SectionKey { cell, hearers })).collect();
        for (at, key) in keys.iter().enumerate() {
            for (other_at, other) in keys.iter().enumerate() {
                assert_eq!(key.cmp(other), at.cmp(&other_at), "{key:?} beside {other:?}");
            }
        }
    }
}
