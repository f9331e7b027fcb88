//! When which connection is to be looked at, and the one task that does.
//!
//! A connection has at most one entry, which may be too early but is never too late: a heartbeat
//! moves the deadline with each answer, and the entry only when it fires.

use super::hosting::Host;
use super::lock;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, Weak};
use std::time::Duration;
use tokio::sync::Notify;

/// Sessions that wait for nothing say this or more.
const NEVER: Duration = crate::protocol::native::NEVER;

/// Something that time ends or moves on.
pub(super) trait Timed: Send + Sync {
    /// Does what is due.
    fn handle_timeout(&self);
}

impl fmt::Debug for dyn Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection")
    }
}

/// An entry, to move it.
pub(super) type Key = (Duration, u64);

#[derive(Debug, Default)]
pub(super) struct Deadlines {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<Key, Weak<dyn Timed>>,
    count: u64,
}

impl Deadlines {
    fn set(&self, before: Option<Key>, at: Duration, of: Weak<dyn Timed>) -> Key {
        let mut state = lock(&self.state);
        before.into_iter().for_each(|before| drop(state.entries.remove(&before)));
        state.count += 1;
        let key = (at, state.count);
        let is_first = state.entries.first_key_value().is_none_or(|(first, _)| key < *first);
        state.entries.insert(key, of);
        drop(state);
        if is_first {
            self.wake();
        }
        key
    }

    /// Moves the entry of what is to be looked at then, if that is earlier or never.
    pub(super) fn follow(
        &self,
        entry: &mut Option<Key>,
        at: Duration,
        of: &Weak<impl Timed + 'static>,
    ) {
        if at >= NEVER {
            entry.take().into_iter().for_each(|before| self.remove(before));
        } else if entry.is_none_or(|(before, _)| at < before) {
            *entry = Some(self.set(*entry, at, of.clone()));
        }
    }

    fn remove(&self, key: Key) {
        lock(&self.state).entries.remove(&key);
    }

    /// Something is due earlier than before.
    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    fn next(&self) -> Option<Duration> {
        lock(&self.state).entries.first_key_value().map(|((at, _), _)| *at)
    }

    fn take_due(&self, now: Duration) -> Vec<Weak<dyn Timed>> {
        let mut state = lock(&self.state);
        let later = state.entries.split_off(&(now, u64::MAX));
        std::mem::replace(&mut state.entries, later).into_values().collect()
    }
}

/// Looks at connections and at the hub when it is time; ends with the host.
pub(super) async fn run(host: Weak<Host>) {
    loop {
        let Some(strong) = host.upgrade() else { return };
        let now = strong.clock().now();
        for connection in strong.deadlines().take_due(now) {
            connection.upgrade().into_iter().for_each(|connection| connection.handle_timeout());
        }
        strong.io().handle_timeout(now);
        let next = strong.deadlines().next().into_iter().chain(strong.io().poll_timeout()).min();
        let at = next.map(|next| strong.clock().instant(next).into());
        let around = strong.around().clone();
        drop(strong);
        let changed = around.deadlines.changed.notified();
        match at {
            Some(at) => drop(tokio::time::timeout_at(at, changed).await),
            None => changed.await,
        }
    }
}
