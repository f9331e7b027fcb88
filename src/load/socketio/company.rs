//! All clients of a run and what they have in common, for whoever carries their messages and whoever
//! asks how they are.

use super::line::{Way, Word};
use super::rooms::Rooms;
use super::talker::{Here, Talker};
use crate::load::hall::Hall;
use crate::load::tally::Felt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// All clients.
pub(super) struct Company {
    start: Instant,
    pub(super) talkers: Vec<Talker>,
    pub(super) hall: Hall,
    pub(super) rooms: Rooms,
    pub(super) felt: Felt,
}

impl Company {
    /// Nobody yet.
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            talkers: Vec::new(),
            hall: Hall::default(),
            rooms: Rooms::default(),
            felt: Felt::default(),
        }
    }

    /// The time since there is a company.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// All that was due until now is counted.
    pub(super) fn settle(&mut self) {
        let Self { talkers, hall, rooms, felt, start } = self;
        let mut here = Here { now: start.elapsed(), felt, hall, rooms };
        talkers.iter_mut().for_each(|talker| talker.settle(&mut here));
    }

    /// At the end of a run.
    pub(super) fn conclude(&mut self) {
        let Self { talkers, hall, rooms, felt, start } = self;
        let mut here = Here { now: start.elapsed(), felt, hall, rooms };
        talkers.iter_mut().for_each(|talker| talker.conclude(&mut here));
        here.hall.conclude(here.now, &mut here.felt.visible);
    }
}

/// Who has nothing to do is looked at after this nevertheless.
const GLANCE: Duration = Duration::from_secs(3600);

/// Nobody panics while they have it; and if, the others go on.
pub(super) fn lock(company: &Mutex<Company>) -> MutexGuard<'_, Company> {
    company.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of them, for whoever carries its messages.
#[derive(Clone)]
pub(super) struct Client {
    company: Arc<Mutex<Company>>,
    index: usize,
    start: Instant,
}

/// When a client is to be looked at again.
pub(super) enum Next {
    /// Then, unless something comes before.
    At(Instant),
    /// Its connection is to be closed.
    Over,
}

impl Client {
    /// The one of this index.
    pub(super) fn new(company: Arc<Mutex<Company>>, index: usize) -> Self {
        let start = lock(&company).start;
        Self { company, index, start }
    }

    fn with<R>(&self, act: impl FnOnce(&mut Talker, &mut Here<'_>) -> R) -> R {
        let mut company = lock(&self.company);
        let Company { talkers, hall, rooms, felt, start } = &mut *company;
        act(&mut talkers[self.index], &mut Here { now: start.elapsed(), felt, hall, rooms })
    }

    fn at(&self, due: Duration, now: Duration) -> Instant {
        self.start + due.min(now + GLANCE)
    }

    /// When it is to connect.
    pub(super) fn connects(&self) -> Instant {
        self.with(|talker, here| self.at(talker.due(), here.now))
    }

    /// A connection was opened for it.
    pub(super) fn opened(&self, way: Way) {
        self.with(|talker, here| talker.opened(way, here));
    }

    /// No connection could be opened.
    pub(super) fn refused(&self, why: &str) {
        self.with(|talker, here| talker.refused(why, here));
    }

    /// Its connection is gone.
    pub(super) fn closed(&self) {
        self.with(|talker, here| talker.closed(here));
    }

    /// A message came.
    pub(super) fn receive(&self, word: &Word) {
        self.with(|talker, here| talker.receive(word, here));
    }

    /// Lets it do what is due.
    pub(super) fn pass(&self) -> Next {
        self.with(|talker, here| {
            talker.pass(here);
            if talker.is_over() { Next::Over } else { Next::At(self.at(talker.due(), here.now)) }
        })
    }

    /// What it says, as far as a network that takes so many bytes at once takes it.
    pub(super) fn words(&self, bytes_most: usize) -> Vec<Word> {
        self.with(|talker, _| {
            let (mut words, mut bytes) = (Vec::new(), 0);
            while bytes < bytes_most
                && let Some(word) = talker.poll_word()
            {
                bytes += match &word {
                    Word::Text(text) => text.len(),
                    Word::Binary(bytes) => bytes.len(),
                };
                words.push(word);
            }
            words
        })
    }

    /// The id of its session.
    pub(super) fn sid(&self) -> String {
        self.with(|talker, _| talker.sid().to_owned())
    }
}
