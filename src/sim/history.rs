//! Where things were, as a player saw them: lag compensation.
//!
//! A player who shoots sees the others where they were some ticks ago. The game records positions
//! each tick, and asks where they were at the tick that the player's input names. How far back is
//! bounded, so that nobody profits from a bad connection beyond that.

use super::input::Inputs;
use super::timer::Time;
use crate::ids::{NetId, PlayerId, Tick};
use bevy_ecs::resource::Resource;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A history reaches back at most this many ticks.
const HISTORY_TICKS_LIMIT: u32 = 128;

/// Positions of the last ticks.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct History {
    /// How far back it reaches, in milliseconds.
    reach: u32,
    /// By tick, oldest first; within a tick ascending by id.
    ticks: VecDeque<(Tick, Vec<(NetId, [f32; 3])>)>,
}

impl History {
    /// One that reaches back so many milliseconds.
    #[must_use]
    pub fn reaching(milliseconds: u32) -> Self {
        Self { reach: milliseconds, ticks: VecDeque::new() }
    }

    fn ticks_back(&self, time: &Time) -> u32 {
        time.ticks(self.reach).clamp(1, HISTORY_TICKS_LIMIT)
    }

    /// Records where things are in this tick.
    pub fn record(&mut self, time: &Time, positions: impl Iterator<Item = (NetId, [f32; 3])>) {
        let keep = self.ticks_back(time) as usize + 1;
        let mut positions: Vec<_> = positions.collect();
        positions.sort_unstable_by_key(|(id, _)| *id);
        self.ticks.push_back((time.tick(), positions));
        while self.ticks.len() > keep {
            self.ticks.pop_front();
        }
    }

    /// Where a thing was as a player saw it when acting in this tick: between two ticks where the
    /// player's view was, no further back than the history reaches. A player whose input does not
    /// say what it saw, saw the last tick.
    #[must_use]
    pub fn seen_by<I: Clone + Default + Send + Sync + 'static>(
        &self,
        player: PlayerId,
        inputs: &Inputs<I>,
        time: &Time,
        id: NetId,
    ) -> Option<[f32; 3]> {
        let newest = self.ticks.back()?.0;
        let (tick, part) = inputs.seen(player).unwrap_or((newest, 0));
        let oldest = Tick(time.tick().0.saturating_sub(self.ticks_back(time)));
        let (tick, part) = match tick {
            tick if tick >= newest => (newest, 0),
            tick if tick < oldest => (oldest, 0),
            tick => (tick, part),
        };
        self.at(tick, part, id)
    }

    /// Where a thing was at a tick, and on to the next by so many 1/256. Where it was not yet
    /// recorded, its oldest position counts.
    #[must_use]
    pub fn at(&self, tick: Tick, part: u8, id: NetId) -> Option<[f32; 3]> {
        let from = self.ticks.partition_point(|(recorded, _)| *recorded < tick);
        let mut known = self.ticks.range(from..).filter_map(|(tick, positions)| {
            let at = positions.binary_search_by_key(&id, |(id, _)| *id).ok()?;
            Some((*tick, positions[at].1))
        });
        let (first_tick, first) = known.next()?;
        match known.next() {
            Some((_, second)) if first_tick == tick && part > 0 => {
                let share = f32::from(part) / 256.0;
                Some(std::array::from_fn(|axis| first[axis] + (second[axis] - first[axis]) * share))
            }
            _ => Some(first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thing 1 at x = tick, for ticks 1 to 20 at 10 Hz, reaching back 500 ms.
    fn recorded() -> (History, Time) {
        let mut history = History::reaching(500);
        let mut time = Time::new(10);
        for tick in 1..=20u32 {
            time.advance();
            let late = (tick >= 19).then_some((NetId(2), [0.5, 0.0, 0.0]));
            let positions = [(NetId(1), [tick as f32, 0.0, 0.0])].into_iter().chain(late);
            history.record(&time, positions);
        }
        time.advance();
        (history, time)
    }

    fn seen(seen: Option<(u32, u8)>, id: u32) -> Option<f32> {
        let (history, time) = recorded();
        let mut inputs = Inputs::<u8>::default();
        inputs.seat(PlayerId(1));
        inputs.take(PlayerId(1), 0, seen.map(|(tick, part)| (Tick(tick), part)));
        Some(history.seen_by(PlayerId(1), &inputs, &time, NetId(id))?[0])
    }

    #[test]
    fn a_thing_is_where_the_player_saw_it() {
        assert_eq!(seen(Some((18, 0)), 1), Some(18.0));
        assert_eq!(seen(Some((18, 128)), 1), Some(18.5));
        assert_eq!(seen(None, 1), Some(20.0));
    }

    #[test]
    fn nobody_sees_the_future_or_the_far_past() {
        assert_eq!(seen(Some((900, 9)), 1), Some(20.0));
        assert_eq!(seen(Some((2, 99)), 1), Some(16.0));
    }

    #[test]
    fn a_thing_that_was_not_there_yet_is_where_it_came() {
        assert_eq!(seen(Some((17, 0)), 2), Some(0.5));
        assert_eq!(seen(Some((17, 0)), 3), None);
    }
}
