//! One player's inputs on their way into the match: taken in order, at most one for each tick.
//!
//! A client stamps each input with the tick it is meant for. One that comes too late is used in the
//! next tick, one that is meant for a far future waits no longer than the window; of several for the
//! same tick the newest counts.

use crate::ids::Tick;
use std::collections::VecDeque;
use std::time::Duration;

/// At most so many inputs wait; nobody is ahead by more.
pub(super) const WINDOW: u32 = 8;

/// An input as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamped {
    /// The tick it is meant for.
    pub(super) tick: Tick,
    /// When it came.
    pub(super) came: Duration,
    pub(super) seen: Option<(Tick, u8)>,
    pub(super) predicted: Option<u32>,
    pub(super) controls: Vec<u8>,
}

/// Inputs that wait for their tick.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    /// Ascending, each with the tick at which it will be used.
    waiting: VecDeque<(Tick, Stamped)>,
    /// The highest stamp that came, within the window: time does not go back.
    newest: Option<Tick>,
}

impl Window {
    /// Takes what came before the tick `next`; says whether it is of use.
    pub(super) fn put(&mut self, input: Stamped, next: Tick) -> bool {
        if self.newest.is_some_and(|newest| input.tick <= newest) {
            return false;
        }
        let last = Tick(next.0.saturating_add(WINDOW - 1));
        // A match that was late lets ticks go: whoever was ahead by those is to be heard again soon.
        self.newest = Some(input.tick.min(last));
        let used_at = input.tick.clamp(next, last);
        match self.waiting.back_mut() {
            Some(back) if back.0 >= used_at => *back = (used_at.max(back.0), input),
            _ => self.waiting.push_back((used_at, input)),
        }
        true
    }

    /// What the player's controls say in this tick, if anything came for it.
    pub(super) fn take(&mut self, tick: Tick) -> Option<Stamped> {
        let mut taken = None;
        while self.waiting.front().is_some_and(|(used_at, _)| *used_at <= tick) {
            taken = self.waiting.pop_front().map(|(_, input)| input);
        }
        // What was predicted for another tick says nothing about this one.
        if let Some(input) = taken.as_mut().filter(|input| input.tick != tick) {
            input.predicted = None;
        }
        taken
    }

    /// The client is another one, or has lost count: stamps begin anew.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(tick: u32) -> Stamped {
        Stamped { tick: Tick(tick), predicted: Some(tick), ..Stamped::default() }
    }

    fn used(window: &mut Window, tick: u32) -> Option<(u32, bool)> {
        let taken = window.take(Tick(tick));
        taken.map(|input| (input.tick.0, input.predicted.is_some()))
    }

    #[test]
    fn each_input_is_used_in_its_tick() {
        let mut window = Window::default();
        for tick in [10, 11, 13] {
            assert!(window.put(input(tick), Tick(10)));
        }
        let used: Vec<_> = (10..15).map(|tick| used(&mut window, tick)).collect();
        assert_eq!(used, [Some((10, true)), Some((11, true)), None, Some((13, true)), None]);
    }

    #[test]
    fn late_inputs_are_used_at_once_and_the_newest_counts() {
        let mut window = Window::default();
        assert!(window.put(input(7), Tick(10)));
        assert!(window.put(input(9), Tick(10)));
        assert_eq!(used(&mut window, 10), Some((9, false)), "its prediction was for tick 9");
        assert_eq!(used(&mut window, 11), None);
    }

    #[test]
    fn what_came_before_is_not_heard_again() {
        let mut window = Window::default();
        assert!(window.put(input(10), Tick(10)));
        assert!(!window.put(input(10), Tick(10)));
        assert!(!window.put(input(9), Tick(10)));
        window.clear();
        assert!(window.put(input(3), Tick(4)));
    }

    #[test]
    fn after_ticks_were_let_go_who_was_ahead_by_those_is_heard_within_the_window() {
        let mut window = Window::default();
        (10..70).for_each(|tick| assert!(window.put(input(tick), Tick(10))));
        for tick in 10..=17 {
            assert!(window.take(Tick(tick)).is_some());
        }
        assert!(!window.put(input(17), Tick(18)) && window.put(input(18), Tick(18)));
        assert_eq!(used(&mut window, 18), Some((18, true)));
    }

    #[test]
    fn the_far_future_comes_soon_and_takes_no_room() {
        let mut window = Window::default();
        for tick in 0..1000 {
            assert!(window.put(input(1_000_000 + tick), Tick(10)));
        }
        assert_eq!(window.waiting.len(), 1);
        assert_eq!(used(&mut window, 16), None);
        assert_eq!(used(&mut window, 17), Some((1_000_999, false)));
        let mut window = Window::default();
        (10..5000).for_each(|tick| assert!(window.put(input(tick), Tick(10))));
        assert_eq!(window.waiting.len(), WINDOW as usize);
        assert!(window.put(input(u32::MAX), Tick(u32::MAX)));
    }
}
