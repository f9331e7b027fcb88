//! Somebody who talks in a room, asks the server, and now and then tells all: the load of a program
//! that is made of events.
//!
//! The server is the one of `benches/contract.rs`, or any with its events `join`, `to-room`,
//! `message-with-ack` and `broadcast`.

use super::line::{ANSWER_WITHIN, About};
use super::talker::{Desk, Here, Role};
use crate::event::{Args, Event};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One in so many things that are said is for all.
const FOR_ALL_EVERY: u32 = 50;
/// Who cannot keep up lets go what is older.
const BEHIND_MOST: Duration = Duration::from_secs(1);
/// What is said beside the measure: about what people say.
const TEXT: &str = "anyone at the north gate? two of them are coming through the trees";

/// What is said in a room: who hears it knows when it was due, for all are one process.
#[derive(Serialize, Deserialize)]
struct Message<T> {
    number: u64,
    due_us: u64,
    text: T,
}

/// Somebody who talks.
pub(super) struct Chatter {
    room: usize,
    name: String,
    period: Duration,
    turn: u32,
    is_in: bool,
    /// The number of the first message that it must hear.
    first: u64,
    /// Since when its place is due.
    wanted: Duration,
    next: Duration,
    /// Whether it says no more.
    is_quiet: bool,
}

impl Chatter {
    /// One who says something once in each period, in a room of this run.
    pub(super) fn new(room: usize, seed: u64, period: Duration) -> Self {
        Self {
            room,
            name: format!("load {seed} {room}"),
            period,
            turn: 0,
            is_in: false,
            first: 0,
            wanted: Duration::ZERO,
            next: Duration::MAX,
            is_quiet: false,
        }
    }

    fn join(&mut self, desk: &mut Desk<'_, '_>) {
        let now = desk.here.now;
        desk.line.ask("join", &*self.name, (About::Place, now), now, desk.here.felt);
        self.next = now + ANSWER_WITHIN;
    }

    /// Says the next thing, which was due then.
    fn say(&mut self, due: Duration, desk: &mut Desk<'_, '_>) {
        let Desk { line, here, .. } = desk;
        let due_us = u64::try_from(due.as_micros()).unwrap_or(u64::MAX);
        let about = (About::Question, due);
        let message = |number| Message { number, due_us, text: TEXT };
        self.turn = self.turn.wrapping_add(1);
        match self.turn {
            turn if turn.is_multiple_of(FOR_ALL_EVERY) => {
                line.ask("broadcast", TEXT, about, here.now, here.felt);
            }
            turn if turn.is_multiple_of(2) => {
                line.ask("message-with-ack", message(0), about, here.now, here.felt);
            }
            _ => {
                let (number, others) = here.rooms.say(self.room);
                here.felt.counts.expected += others as u64;
                line.ask("to-room", (&*self.name, message(number)), about, here.now, here.felt);
            }
        }
    }
}

impl Role for Chatter {
    fn welcomed(&mut self, desk: &mut Desk<'_, '_>) {
        self.wanted = desk.here.now;
        self.join(desk);
    }

    fn hear(&mut self, event: &Event, desk: &mut Desk<'_, '_>) {
        if &*event.name != "room-msg" || !self.is_in {
            return;
        }
        let felt = &mut *desk.here.felt;
        let Ok((_, message)) = event.args.to::<(IgnoredAny, Message<IgnoredAny>)>() else {
            felt.counts.broken += 1;
            return;
        };
        // What was said before it was in may come nevertheless, but nobody counts on it.
        if message.number >= self.first {
            felt.counts.packets += 1;
            let due = Duration::from_micros(message.due_us);
            felt.visible.note(desk.here.now.saturating_sub(due));
        }
    }

    fn placed(&mut self, _: &Args, desk: &mut Desk<'_, '_>) {
        if self.is_in {
            return;
        }
        let here = &mut *desk.here;
        self.is_in = true;
        self.first = here.rooms.enter(self.room);
        here.felt.join.note(here.now.saturating_sub(self.wanted));
        here.felt.counts.joined += 1;
        self.turn = desk.random.below(FOR_ALL_EVERY);
        self.next = here.now + self.period.mul_f32(desk.random.unit());
    }

    fn act(&mut self, desk: &mut Desk<'_, '_>) {
        if !self.is_in {
            return self.join(desk);
        }
        let (now, due) = (desk.here.now, self.next);
        desk.here.felt.own_late.note(now.saturating_sub(due));
        self.next += self.period;
        if now > self.next + BEHIND_MOST {
            let late = now - self.next;
            let missed = late.div_duration_f64(self.period).ceil() as u32;
            desk.here.felt.own_late.note_due(late, self.period);
            self.next += self.period * missed;
        }
        self.say(due, desk);
    }

    fn due(&self) -> Duration {
        if self.is_quiet && self.is_in { Duration::MAX } else { self.next }
    }

    fn is_in(&self) -> bool {
        self.is_in
    }

    fn gone(&mut self, here: &mut Here<'_>) {
        if std::mem::take(&mut self.is_in) {
            here.rooms.leave(self.room);
        }
    }

    fn conclude(&mut self, is_welcome: bool, here: &mut Here<'_>) {
        self.is_quiet = true;
        if is_welcome && !self.is_in {
            self.wanted = here.felt.join.note_wait(self.wanted, here.now);
        }
    }
}
