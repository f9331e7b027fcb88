//! What the hub waits for, by the time when waiting ends.

use super::link::LinkInner;
use super::namespace::NamespaceInner;
use super::socket::SocketInner;
use super::{Surroundings, acks::Gather, lock};
use std::collections::BTreeMap;
use std::sync::{Mutex, Weak};
use std::time::Duration;

/// What happens when nothing else did.
#[derive(Debug)]
pub(super) enum Alarm {
    /// A connection that joined no namespace is closed.
    Connect(Weak<LinkInner>),
    /// An acknowledgement is not waited for any longer.
    Ack(Weak<SocketInner>, u64),
    /// Nor are those of a broadcast.
    Gather(Weak<Gather>),
    /// What was kept for those who lost their connection is looked through.
    Recovery(Weak<NamespaceInner>),
}

/// One alarm, to call it off.
pub(super) type AlarmKey = (Duration, u64);

#[derive(Debug, Default)]
pub(super) struct Timers {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    alarms: BTreeMap<AlarmKey, Alarm>,
    count: u64,
}

impl Timers {
    pub(super) fn set(&self, of: &dyn Surroundings, after: Duration, alarm: Alarm) -> AlarmKey {
        let at = of.now().saturating_add(after);
        let (key, is_first) = {
            let mut state = lock(&self.state);
            state.count += 1;
            let key = (at, state.count);
            let is_first = state.alarms.first_key_value().is_none_or(|(first, _)| key < *first);
            state.alarms.insert(key, alarm);
            (key, is_first)
        };
        if is_first {
            of.wake_at(at);
        }
        key
    }

    pub(super) fn call_off(&self, key: AlarmKey) {
        lock(&self.state).alarms.remove(&key);
    }

    pub(super) fn next(&self) -> Option<Duration> {
        lock(&self.state).alarms.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn take_due(&self, now: Duration) -> Option<Alarm> {
        let mut state = lock(&self.state);
        let first = state.alarms.first_entry()?;
        if first.key().0 <= now { Some(first.remove()) } else { None }
    }
}
