//! What is kept for those who lost their connection: who they were, and what they missed.
//!
//! An event that is kept has an offset, which its receivers remember. Who comes back in time with
//! the offset of the last event is the same socket again, and is sent what came after.

use super::audience::Audience;
use super::parcel::Parcel;
use super::socket::Data;
use super::{RecoveryOptions, lock};
use crate::ids::{SocketId, UserId};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Reasons after which a socket may come back.
const RECOVERABLE: [&str; 6] = [
    "transport error",
    "transport close",
    "forced close",
    "ping timeout",
    "server shutting down",
    "forced server close",
];

/// An offset, which is this and a number, is short: it travels with each event.
const ORIGIN_LENGTH: usize = 8;

/// A socket that lost its connection.
pub(super) struct Lost {
    pub(super) id: SocketId,
    pub(super) rooms: Vec<Arc<str>>,
    pub(super) user: Option<UserId>,
    pub(super) data: Data,
    at: Duration,
    /// The last event that it got: as it says, or, as long as it says nothing, the last before it
    /// came.
    offset: u64,
}

struct Kept {
    offset: u64,
    parcel: Arc<Parcel>,
    audience: Audience,
    bytes: usize,
    at: Duration,
}

pub(super) struct Recovery {
    options: RecoveryOptions,
    /// Offsets of another server, or of one before this, are never ours.
    origin: String,
    lost: BTreeMap<String, Lost>,
    kept: VecDeque<Kept>,
    bytes: usize,
    count: u64,
    /// Whether somebody will look through all this when time has passed.
    is_watched: bool,
    /// What users kept with those who are forgotten: it is dropped under no lock.
    dropped: Vec<Lost>,
}

impl std::fmt::Debug for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} events for {} sockets", self.kept.len(), self.lost.len())
    }
}

impl Recovery {
    pub(super) fn new(options: RecoveryOptions, mut secret: String) -> Self {
        let origin = secret.split_off(secret.len() - ORIGIN_LENGTH);
        Self {
            options,
            origin,
            lost: BTreeMap::new(),
            kept: VecDeque::new(),
            bytes: 0,
            count: 0,
            is_watched: false,
            dropped: Vec::new(),
        }
    }

    pub(super) fn is_recoverable(reason: &str) -> bool {
        RECOVERABLE.contains(&reason)
    }

    /// How many events were kept so far: whoever comes now misses none of them.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The offset of the next event.
    pub(super) fn next_offset(&mut self) -> Box<str> {
        self.count += 1;
        format!("{}-{}", self.origin, self.count).into()
    }

    /// Keeps an event whose offset was the last that [`Self::next_offset`] gave.
    pub(super) fn keep(
        &mut self,
        parcel: Arc<Parcel>,
        audience: Audience,
        bytes: usize,
        now: Duration,
    ) {
        self.bytes += bytes;
        self.kept.push_back(Kept { offset: self.count, parcel, audience, bytes, at: now });
        while self.kept.len() > self.options.events || self.bytes > self.options.bytes {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(kept) = self.kept.pop_front() {
            self.bytes -= kept.bytes;
        }
    }

    /// Keeps who somebody was; says whether somebody must be told to look through them later.
    pub(super) fn lose(&mut self, pid: &str, lost: Lost) -> bool {
        if self.lost.len() >= self.options.sockets {
            let oldest = self.lost.iter().min_by_key(|(_, lost)| lost.at);
            let oldest = oldest.map(|(pid, _)| pid.clone());
            let oldest = oldest.and_then(|pid| self.lost.remove(&pid));
            self.dropped.extend(oldest);
        }
        let before = self.lost.insert(pid.into(), lost);
        self.dropped.extend(before);
        !std::mem::replace(&mut self.is_watched, true)
    }

    /// Gives back who somebody was, once, if all that they missed since is still here.
    pub(super) fn restore(&mut self, pid: &str, offset: &str, now: Duration) -> Option<Lost> {
        self.forget(now);
        let offset = match offset {
            // It got none.
            "" => self.lost.get(pid)?.offset,
            offset => offset.strip_prefix(&*self.origin)?.strip_prefix('-')?.parse().ok()?,
        };
        let first = self.kept.front().map_or(self.count + 1, |kept| kept.offset);
        if offset > self.count || offset + 1 < first {
            return None;
        }
        let lost = self.lost.remove(pid)?;
        Some(Lost { offset, ..lost })
    }

    /// What somebody missed who came back.
    pub(super) fn missed_by(&self, lost: &Lost) -> impl Iterator<Item = &Arc<Parcel>> {
        let missed = self.kept.iter().filter(|kept| kept.offset > lost.offset);
        missed.filter(|kept| lost.hears(&kept.audience)).map(|kept| &kept.parcel)
    }

    /// Forgets what is too old; says whether anything is left.
    pub(super) fn forget(&mut self, now: Duration) -> bool {
        let keeps = self.options.keeps;
        let old = self.lost.extract_if(.., |_, lost| lost.at + keeps <= now);
        self.dropped.extend(old.map(|(_, lost)| lost));
        while self.kept.front().is_some_and(|kept| kept.at + keeps <= now) {
            self.drop_oldest();
        }
        self.is_watched &= self.is_kept() || !self.kept.is_empty();
        self.is_watched
    }

    /// What is to be dropped once no lock is held.
    pub(super) fn take_dropped(&mut self) -> Vec<Lost> {
        std::mem::take(&mut self.dropped)
    }

    /// Whether anybody may come back.
    pub(super) fn is_kept(&self) -> bool {
        !self.lost.is_empty()
    }
}

impl Lost {
    pub(super) fn new(
        id: SocketId,
        rooms: Vec<Arc<str>>,
        state: &std::sync::Mutex<super::socket::SocketState>,
        at: Duration,
    ) -> Self {
        let state = lock(state);
        let (user, data) = (state.user.clone(), state.data.clone());
        Self { id, rooms, user, data, at, offset: state.since }
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    fn hears(&self, audience: &Audience) -> bool {
        let is_in = |rooms: &[Arc<str>]| self.rooms.iter().any(|room| rooms.contains(room));
        let is_user = self.user.as_ref().is_some_and(|user| audience.users.contains(user));
        (audience.is_all() || is_in(&audience.rooms) || is_user) && !is_in(&audience.except)
    }
}
