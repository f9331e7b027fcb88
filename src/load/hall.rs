//! What simulated players have in common: schemas, and who has seen which tick of which match when.

use super::tally::Times;
use crate::ids::Tick;
use crate::sync::Chorus;
use crate::sync::schema::Schema;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// So many ticks of a match are remembered.
const ROWS: usize = 128;
/// So many inputs of a match wait until somebody sees them.
const WAITING_MOST: usize = 4096;
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
    rows: Rows,
    /// Whose inputs are in which tick, and when they were due, until somebody else has it.
    waiting: VecDeque<(Tick, u32, Duration)>,
    /// How many players it has.
    players: usize,
    /// What they hold in common.
    chorus: Chorus,
}

/// Who had a tick last, and when.
#[derive(Clone, Copy, Default)]
struct Row {
    tick: Tick,
    heard: Option<(u32, Duration)>,
}

struct Rows([Row; ROWS]);

impl Default for Rows {
    fn default() -> Self {
        Self([Row::default(); ROWS])
    }
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
        if board.players < 2 {
            // There is nobody who could see them.
            board.waiting.clear();
        }
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

    /// Which.
    pub fn open(&self) -> impl Iterator<Item = &str> {
        let open = self.by_match.iter().filter(|(_, place)| self.boards[place.0].players > 0);
        open.map(|(name, _)| &**name)
    }

    /// A player has a tick: what others did in it, and before, is seen.
    pub fn heard(
        &mut self,
        place: Place,
        player: u32,
        tick: Tick,
        now: Duration,
        seen: &mut Times,
    ) {
        let board = &mut self.boards[place.0];
        if !board.waiting.is_empty() {
            board.waiting.retain(|(at, other, due)| {
                let is_seen = *at <= tick && *other != player;
                if is_seen {
                    seen.note(now.saturating_sub(*due));
                }
                !is_seen
            });
        }
        let row = &mut board.rows.0[tick.0 as usize % ROWS];
        if row.tick <= tick {
            *row = Row { tick, heard: Some((player, now)) };
        }
    }

    /// A player's input that was due then is in a tick, as it knows now.
    pub fn applied(
        &mut self,
        place: Place,
        player: u32,
        (tick, due): (Tick, Duration),
        now: Duration,
        seen: &mut Times,
    ) {
        let board = &mut self.boards[place.0];
        if board.players < 2 {
            return;
        }
        let row = board.rows.0[tick.0 as usize % ROWS];
        match row.heard {
            // If the tick was so long ago that it is forgotten, others had it before they had this one.
            Some((other, at)) if row.tick >= tick && other != player => {
                seen.note(at.saturating_sub(due));
            }
            _ => board.waiting.push_back((tick, player, due)),
        }
        if board.waiting.len() > WAITING_MOST
            && let Some((_, _, due)) = board.waiting.pop_front()
        {
            seen.note_wait(due, now);
        }
    }

    /// Whether somebody else could see what a player of this match does.
    #[must_use]
    pub fn is_watched(&self, place: Place) -> bool {
        self.boards[place.0].players > 1
    }

    /// At the end of a run: what nobody has seen yet has waited until now.
    pub fn conclude(&mut self, now: Duration, seen: &mut Times) {
        for (_, _, due) in self.boards.iter_mut().flat_map(|board| &mut board.waiting) {
            *due = seen.note_wait(*due, now);
        }
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
        hall.applied(place, 1, (Tick(6), MS(10)), MS(90), &mut seen);
        hall.heard(place, 1, Tick(6), MS(90), &mut seen);
        // Who comes later had no part in that.
        hall.enter("m");
        // The one who did it has the tick first, and is nobody else.
        hall.applied(place, 1, (Tick(7), MS(100)), MS(150), &mut seen);
        hall.heard(place, 1, Tick(7), MS(150), &mut seen);
        assert_eq!(seen.count(), 0);
        hall.heard(place, 2, Tick(7), MS(160), &mut seen);
        assert_eq!((seen.count(), seen.longest_ms().round()), (1, 60.0));
        // Another one has it already.
        hall.applied(place, 3, (Tick(7), MS(60)), MS(200), &mut seen);
        assert_eq!((seen.count(), seen.longest_ms().round()), (2, 100.0));
        // A tick of long ago is forgotten: it was seen before this one was.
        hall.heard(place, 2, Tick(7 + ROWS as u32), MS(900), &mut seen);
        hall.applied(place, 3, (Tick(7), MS(60)), MS(950), &mut seen);
        assert_eq!((seen.count(), seen.longest_ms().round()), (3, 840.0));
    }

    #[test]
    fn what_others_never_had_is_seen_with_a_later_tick_or_has_waited_until_the_end() {
        let (mut hall, mut seen) = (Hall::default(), Times::default());
        let place = hall.enter("m");
        assert!(!hall.is_watched(place));
        hall.enter("m");
        hall.applied(place, 1, (Tick(7), MS(100)), MS(150), &mut seen);
        hall.applied(place, 1, (Tick(8), MS(150)), MS(200), &mut seen);
        hall.heard(place, 1, Tick(8), MS(200), &mut seen);
        hall.heard(place, 2, Tick(7), MS(250), &mut seen);
        assert_eq!((seen.count(), seen.longest_ms().round()), (1, 150.0));
        // The packet of tick 8 was held back; that of tick 90 tells what it would have told.
        hall.applied(place, 1, (Tick(9), MS(900)), MS(2100), &mut seen);
        hall.heard(place, 2, Tick(8 + 2 * ROWS as u32), MS(2150), &mut seen);
        assert_eq!((seen.count(), (seen.longest_ms() / 10.0).round()), (3, 200.0));
        for tick in 0..WAITING_MOST as u32 + 2 {
            hall.applied(place, 1, (Tick(1000 + tick), MS(3000)), MS(5000), &mut seen);
        }
        assert_eq!(seen.count(), 5, "what is not kept has waited until then");
        for _ in 0..2 {
            hall.conclude(MS(6000), &mut seen);
            assert_eq!(seen.count(), 5 + WAITING_MOST as u64, "once");
        }
        assert_eq!((seen.longest_ms() / 10.0).round(), 300.0);
        hall.leave(place);
        hall.conclude(MS(9000), &mut seen);
        assert_eq!(seen.count(), 5 + WAITING_MOST as u64, "nobody could see it");
    }

    #[test]
    fn matches_that_are_over_make_room() {
        let mut hall = Hall::default();
        for number in 0..1000 {
            let places = [hall.enter(&format!("match {number}")), hall.enter("stays")];
            assert!(places[0] != places[1] && hall.matches() == 2);
            let open: Vec<_> = hall.open().map(String::from).collect();
            assert_eq!(open, [format!("match {number}"), "stays".into()]);
            hall.leave(places[0]);
        }
        assert!(hall.boards.len() <= 3, "{}", hall.boards.len());
    }
}
