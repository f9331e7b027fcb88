//! What simulated players have in common: schemas, and who has seen which tick of which match when.

use super::tally::Times;
use crate::ids::Tick;
use crate::sync::Chorus;
use crate::sync::schema::Schema;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// So many ticks of a match are remembered.
const ROWS: usize = 32;
/// So many kinds of match are told apart.
const SCHEMAS_MOST: usize = 256;

/// All matches as their simulated players know them.
#[derive(Default)]
pub struct Hall {
    schemas: BTreeMap<u64, Arc<Schema>>,
    boards: Vec<Board>,
    by_match: BTreeMap<Box<str>, Place>,
}

/// A match, as the hall numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize);

/// Who saw which of the last ticks.
#[derive(Default)]
struct Board {
    rows: [Row; ROWS],
    /// How many players it has.
    players: usize,
    /// What they hold in common.
    chorus: Chorus,
}

#[derive(Default)]
struct Row {
    tick: Tick,
    /// Who had it last, and when.
    heard: Option<(u32, Duration)>,
    /// Whose inputs are in it and when they were due, until somebody else has it.
    waiting: Vec<(u32, Duration)>,
}

impl Hall {
    /// The schema of this hash; read only once.
    pub fn schema(&mut self, hash: u64, bytes: &[u8]) -> Option<Arc<Schema>> {
        if let Some(schema) = self.schemas.get(&hash) {
            return Some(schema.clone());
        }
        let schema = Arc::new(Schema::from_bytes(bytes).ok()?);
        if self.schemas.len() < SCHEMAS_MOST {
            self.schemas.insert(hash, schema.clone());
        }
        Some(schema)
    }

    /// A player is in this match from now on.
    pub fn enter(&mut self, name: &str) -> Place {
        let place = self.by_match.get(name).copied().unwrap_or_else(|| {
            let empty = self.boards.iter().position(|board| board.players == 0);
            let place = Place(empty.unwrap_or(self.boards.len()));
            if empty.is_none() {
                self.boards.push(Board::default());
            }
            self.by_match.retain(|_, other| *other != place);
            self.by_match.insert(name.into(), place);
            self.boards[place.0] = Board::default();
            place
        });
        self.boards[place.0].players += 1;
        place
    }

    /// A player is there no more.
    pub fn leave(&mut self, place: Place) {
        let board = &mut self.boards[place.0];
        board.players = board.players.saturating_sub(1);
    }

    /// What the players of a match hold in common.
    pub fn chorus(&mut self, place: Place) -> &mut Chorus {
        &mut self.boards[place.0].chorus
    }

    /// How many matches have players.
    #[must_use]
    pub fn matches(&self) -> usize {
        self.boards.iter().filter(|board| board.players > 0).count()
    }

    /// A player has a tick: what others did in it is seen.
    pub fn heard(
        &mut self,
        place: Place,
        player: u32,
        tick: Tick,
        now: Duration,
        seen: &mut Times,
    ) {
        let Some(row) = self.row(place, tick) else { return };
        row.heard = Some((player, now));
        row.waiting.retain(|(other, due)| {
            let is_other = *other != player;
            if is_other {
                seen.note(now.saturating_sub(*due));
            }
            !is_other
        });
    }

    /// A player's input that was due then is in a tick.
    pub fn applied(
        &mut self,
        place: Place,
        player: u32,
        tick: Tick,
        due: Duration,
        seen: &mut Times,
    ) {
        let Some(row) = self.row(place, tick) else { return };
        match row.heard {
            Some((other, at)) if other != player => seen.note(at.saturating_sub(due)),
            _ => row.waiting.push((player, due)),
        }
    }

    /// What is known of a tick; nothing if it is too long ago.
    fn row(&mut self, place: Place, tick: Tick) -> Option<&mut Row> {
        let row = &mut self.boards[place.0].rows[tick.0 as usize % ROWS];
        if row.tick > tick {
            return None;
        }
        if row.tick != tick {
            (row.tick, row.heard) = (tick, None);
            row.waiting.clear();
        }
        Some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn an_input_is_seen_when_somebody_else_has_its_tick() {
        let (mut hall, mut seen) = (Hall::default(), Times::default());
        let place = hall.enter("m");
        // The one who did it has the tick first, and is nobody else.
        hall.applied(place, 1, Tick(7), MS(100), &mut seen);
        hall.heard(place, 1, Tick(7), MS(150), &mut seen);
        assert_eq!(seen.count(), 0);
        hall.heard(place, 2, Tick(7), MS(160), &mut seen);
        assert_eq!((seen.count(), seen.longest_ms().round()), (1, 60.0));
        // Another one has it already.
        hall.applied(place, 3, Tick(7), MS(60), &mut seen);
        assert_eq!((seen.count(), seen.longest_ms().round()), (2, 100.0));
        // A tick of long ago is forgotten.
        hall.heard(place, 2, Tick(7 + ROWS as u32), MS(900), &mut seen);
        hall.applied(place, 3, Tick(7 + ROWS as u32), MS(890), &mut seen);
        assert_eq!(seen.count(), 3);
    }

    #[test]
    fn matches_that_are_over_make_room() {
        let mut hall = Hall::default();
        for number in 0..1000 {
            let places = [hall.enter(&format!("match {number}")), hall.enter("stays")];
            assert!(places[0] != places[1] && hall.matches() == 2);
            hall.leave(places[0]);
        }
        assert!(hall.boards.len() <= 3, "{}", hall.boards.len());
    }
}
