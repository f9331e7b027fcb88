//! Matches that run by the clock.
//!
//! ```text
//! connection ── Directory ── Entry (seats, mailbox) ── Worker: Live ── Match
//!      ▲                                                  │ each tick
//!      └─────────────── Client (stream, events) ◀─────────┘
//! ```
//!
//! A match belongs to one worker thread from its first tick to its last. Nobody else touches it:
//! whoever wants something of it finds a seat under a short lock and puts mail into its box.

mod catalog;
mod client;
mod directory;
mod entry;
mod live;
mod native;
mod pace;
mod rehearsal;
mod seated;
mod seating;
mod sight;
mod socketio;
mod tally;
pub(super) mod talk;
mod window;
mod worker;

pub use catalog::{Catalog, Mode};
pub use client::{Person, SeatOf};
pub use directory::{Created, Directory, Wish};
pub use entry::Listing;
pub use rehearsal::{Rehearsal, Stand};
pub use seating::Reserved;
pub use talk::TalkOptions;
pub use tally::{Spread, Sum, Tally};

use super::lock;
use crate::ids::PlayerId;
use entry::{Entry, Mail};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How matches are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchOptions {
    /// At most so many matches at once.
    pub matches: usize,
    /// A match that nobody is in ends after this.
    pub empty_for: Duration,
    /// Whether those may begin matches of their own who are nobody's users.
    pub guests_create: bool,
    /// A seat is kept so long for whoever was told a ticket to it.
    pub reserved_for: Duration,
    /// Those who still play may go on for so long when the server is to stop.
    pub drain_timeout: Duration,
    /// A seat is kept so long for a player whose connection was lost.
    pub seat_kept: Duration,
    /// A client that takes nothing for so long is cut.
    pub stall_timeout: Duration,
    /// A thread with more connections than this reads players with the tick of their match only; one
    /// with fewer listens to them.
    pub listens_to: usize,
    /// How much people may say to each other.
    pub talk: TalkOptions,
    /// How many threads run matches; none: as many as the machine has cores.
    pub threads: usize,
}

impl MatchOptions {
    fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        if self.threads == 0 { cores() } else { self.threads }
    }
}

impl Default for MatchOptions {
    fn default() -> Self {
        Self {
            matches: 2000,
            empty_for: Duration::from_secs(30),
            guests_create: true,
            reserved_for: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(30),
            seat_kept: Duration::from_secs(60),
            stall_timeout: Duration::from_secs(15),
            listens_to: 256,
            talk: TalkOptions::default(),
            threads: 0,
        }
    }
}

/// Seats of those whose connection was lost, by the socket that they had.
#[derive(Default)]
struct Away(Mutex<HashMap<Arc<str>, (Arc<Entry>, PlayerId)>>);

impl Away {
    /// Keeps a seat, and tells its match that its connection is gone. Nobody takes the seat in between:
    /// else the match would hear first that somebody is back, and then take that one for gone.
    fn keep(&self, socket: &Arc<str>, entry: &Arc<Entry>, player: PlayerId) {
        let mut kept = lock(&self.0);
        kept.insert(socket.clone(), (entry.clone(), player));
        entry.post(Mail::Gone(player, socket.clone()));
    }

    fn take(&self, socket: &str) -> Option<(Arc<Entry>, PlayerId)> {
        lock(&self.0).remove(socket)
    }

    fn forget(&self, socket: &str) {
        lock(&self.0).remove(socket);
    }
}
