//! One simulated client of Socket.IO: messages and time go in, messages come out. It has no socket and
//! no clock.
//!
//! Whether it is here or away is the same for all; what it does while it is here is its [`Role`].

use super::error::LineError;
use super::line::{About, Heard, Line, Way, Word};
use super::rooms::Rooms;
use crate::event::{Args, Event};
use crate::load::hall::Hall;
use crate::load::plan::{BACK_WITHIN, TRIES_AGAIN};
use crate::load::player::Around;
use crate::load::tally::Felt;
use crate::sim::Random;
use std::time::Duration;

/// What all have in common, and what time it is.
pub(super) struct Here<'a> {
    pub(super) now: Duration,
    pub(super) felt: &'a mut Felt,
    pub(super) hall: &'a mut Hall,
    pub(super) rooms: &'a mut Rooms,
}

/// What a role acts with.
pub(super) struct Desk<'a, 'b> {
    pub(super) number: u32,
    pub(super) line: &'a mut Line,
    pub(super) random: &'a mut Random,
    pub(super) here: &'a mut Here<'b>,
}

impl Desk<'_, '_> {
    /// The same for what all simulated players have in common.
    pub(super) fn around(&mut self) -> (Around<'_>, &mut Random) {
        let around =
            Around { now: self.here.now, felt: &mut *self.here.felt, hall: &mut *self.here.hall };
        (around, &mut *self.random)
    }
}

/// What a client does while it is here.
pub(super) trait Role: Send {
    /// The session is joined.
    fn welcomed(&mut self, desk: &mut Desk<'_, '_>);
    /// Something happened.
    fn hear(&mut self, event: &Event, desk: &mut Desk<'_, '_>);
    /// It has an answer about its place.
    fn placed(&mut self, answer: &Args, desk: &mut Desk<'_, '_>);
    /// Does what is due.
    fn act(&mut self, desk: &mut Desk<'_, '_>);
    /// When something is due.
    fn due(&self) -> Duration;
    /// From tick to tick of its match, if it is in one.
    fn period(&self) -> Option<Duration> {
        None
    }
    /// Whether it has its place, and all that belongs to it.
    fn is_in(&self) -> bool;
    /// The connection is cut, and soon gone.
    fn cut(&mut self, _: &mut Here<'_>) {}
    /// The connection is gone.
    fn gone(&mut self, here: &mut Here<'_>);
    /// All that was due until now is counted.
    fn settle(&mut self, _: &mut Here<'_>) {}
    /// The run is at its end; who is welcome and has no place waits for one.
    fn conclude(&mut self, is_welcome: bool, here: &mut Here<'_>);
}

/// A simulated client.
pub(super) struct Talker {
    number: u32,
    random: Random,
    line: Line,
    /// When it is back; none: it is here.
    away_until: Option<Duration>,
    /// Whether the session is joined.
    is_welcome: bool,
    role: Box<dyn Role>,
    /// Since when a connection is due.
    wanted: Duration,
}

impl Talker {
    /// One that is due to connect then.
    pub(super) fn new(number: u32, seed: u64, role: Box<dyn Role>, due: Duration) -> Self {
        Self {
            number,
            random: Random::from_seed(seed ^ (u64::from(number) << 32)),
            line: Line::new(Way::Frames, due),
            away_until: Some(due),
            is_welcome: false,
            role,
            wanted: due,
        }
    }

    /// Whether it has its place.
    pub(super) fn is_in(&self) -> bool {
        self.role.is_in()
    }

    /// From tick to tick of its match, if it is in one.
    pub(super) fn period(&self) -> Option<Duration> {
        self.role.period()
    }

    /// Whether its connection is to be closed.
    pub(super) fn is_over(&self) -> bool {
        self.line.is_ended()
    }

    /// The id of its session.
    pub(super) fn sid(&self) -> &str {
        self.line.sid()
    }

    /// When [`Self::pass`] is to be called at the latest, or when it connects.
    pub(super) fn due(&self) -> Duration {
        let acts = if self.is_welcome { self.role.due() } else { Duration::MAX };
        self.away_until.unwrap_or_else(|| acts.min(self.line.due()))
    }

    /// A connection was opened for it.
    pub(super) fn opened(&mut self, way: Way, here: &Here<'_>) {
        self.line = Line::new(way, here.now);
        self.away_until = None;
    }

    /// A connection could not be opened.
    pub(super) fn refused(&mut self, why: &str, here: &mut Here<'_>) {
        here.felt.refused(why);
        self.away_until = Some(here.now + TRIES_AGAIN);
    }

    /// Its connection is gone.
    pub(super) fn closed(&mut self, here: &mut Here<'_>) {
        if self.away_until.is_some() {
            return;
        }
        if !self.line.is_ended() {
            self.lose(here);
        }
        let away = BACK_WITHIN.mul_f32(self.random.unit());
        // Who was not let in would not be a moment later.
        let away = if self.is_welcome { away } else { away.max(TRIES_AGAIN) };
        self.role.gone(here);
        self.is_welcome = false;
        self.wanted = here.now + away;
        self.away_until = Some(self.wanted);
    }

    /// The next message to send.
    pub(super) fn poll_word(&mut self) -> Option<Word> {
        self.line.poll_word()
    }

    /// A message came.
    pub(super) fn receive(&mut self, word: &Word, here: &mut Here<'_>) {
        if self.is_over() {
            return;
        }
        match self.line.receive(word, here.now, here.felt) {
            Ok(Some(heard)) => self.hear(heard, here),
            Ok(None) => {}
            Err(error) => self.fail(&error, here),
        }
    }

    /// Lets time pass, and does what is due.
    pub(super) fn pass(&mut self, here: &mut Here<'_>) {
        if self.away_until.is_some() || self.is_over() {
            return;
        }
        if let Err(error) = self.line.pass(here.now, here.felt) {
            return self.fail(&error, here);
        }
        if self.is_welcome && here.now >= self.role.due() {
            self.with_role(here, |role, desk| role.act(desk));
        }
    }

    /// All that was due until now is counted.
    pub(super) fn settle(&mut self, here: &mut Here<'_>) {
        self.role.settle(here);
    }

    /// The run is at its end.
    pub(super) fn conclude(&mut self, here: &mut Here<'_>) {
        self.role.settle(here);
        if self.is_welcome {
            self.line.conclude(here.now, here.felt);
        } else {
            self.wanted = here.felt.connect.note_wait(self.wanted, here.now);
        }
        let is_welcome = self.is_welcome;
        self.with_role(here, |role, desk| role.conclude(is_welcome, desk.here));
    }

    fn hear(&mut self, heard: Heard, here: &mut Here<'_>) {
        match heard {
            Heard::Welcome => {
                here.felt.connect.note(here.now.saturating_sub(self.wanted));
                here.felt.counts.connected += 1;
                self.is_welcome = true;
                self.with_role(here, |role, desk| role.welcomed(desk));
            }
            Heard::Event(event) => self.with_role(here, |role, desk| role.hear(&event, desk)),
            Heard::Answer(About::Place, answer) => {
                self.with_role(here, |role, desk| role.placed(&answer, desk));
            }
            Heard::Answer(About::Question, _) => {}
        }
    }

    fn with_role(
        &mut self,
        here: &mut Here<'_>,
        act: impl FnOnce(&mut dyn Role, &mut Desk<'_, '_>),
    ) {
        let Self { number, line, random, role, .. } = self;
        act(&mut **role, &mut Desk { number: *number, line, random, here });
    }

    fn fail(&mut self, error: &LineError, here: &mut Here<'_>) {
        here.felt.refused(&error.to_string());
        if self.is_welcome {
            self.lose(here);
        }
        self.line.end();
    }

    fn lose(&mut self, here: &mut Here<'_>) {
        here.felt.counts.lost += 1;
        self.line.lose(here.now, here.felt);
        self.role.cut(here);
    }
}
