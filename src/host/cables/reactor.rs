//! What one thread does for its connections, between the ticks of its matches.

use super::slot::Slot;
use super::{Nudge, PAUSE, Shared};
use crate::host::clock::Clock;
use crate::host::lock;
use crate::host::play::{Fate, Flow, Pulled};
use mio::{Events, Interest, Poll, Token};
use slab::Slab;
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;
use std::time::Duration;

pub(super) const WAKER: Token = Token(usize::MAX);
/// All connections of a thread share what they are read into.
const READ_BUFFER: usize = 16 << 10;
/// After so much of one connection others have their turn.
const READS_AT_ONCE: usize = 4;
const EVENTS: usize = 1024;
/// Of a client that was told goodbye so many bytes are read, until it hangs up.
const IGNORED_MOST: usize = 256 << 10;

/// The connections of one thread.
pub(in crate::host) struct Reactor {
    poll: Poll,
    events: Option<Events>,
    index: usize,
    threads: Arc<[Arc<Shared>]>,
    slots: Slab<Slot>,
    buffer: Vec<u8>,
    /// Those that may have more to read.
    unread: Vec<usize>,
    /// When those are given up who were told goodbye.
    ends: VecDeque<(Duration, usize, u64)>,
    /// With more connections than this players are read with the tick only.
    listens_to: usize,
    goodbye: Duration,
    looked_at: Duration,
    count: u64,
}

impl Reactor {
    pub(super) fn new(
        poll: Poll,
        index: usize,
        threads: Arc<[Arc<Shared>]>,
        listens_to: usize,
        goodbye: Duration,
    ) -> Self {
        Self {
            poll,
            events: Some(Events::with_capacity(EVENTS)),
            index,
            threads,
            slots: Slab::new(),
            buffer: vec![0; READ_BUFFER],
            unread: Vec::new(),
            ends: VecDeque::new(),
            listens_to,
            goodbye,
            looked_at: Duration::ZERO,
            count: 0,
        }
    }

    /// Looks at all connections, unless it did so a moment ago. Waits for none of them.
    pub(in crate::host) fn look(&mut self, clock: Clock, now: Duration) {
        if now >= self.looked_at + PAUSE {
            self.listen(Duration::ZERO, now);
            self.looked_at = clock.now();
        }
    }

    /// Nothing else is to be done for so long.
    pub(in crate::host) fn rest(&mut self, clock: Clock, now: Duration, until: Duration) {
        let pause = (self.looked_at + PAUSE).min(until);
        if now < pause {
            return std::thread::sleep(pause - now);
        }
        let until = self.ends.front().map_or(until, |(end, ..)| until.min(*end));
        let wait = if self.unread.is_empty() { until.saturating_sub(now) } else { Duration::ZERO };
        self.listen(wait, now);
        self.looked_at = clock.now();
    }

    fn listen(&mut self, wait: Duration, now: Duration) {
        let Some(mut events) = self.events.take() else { return };
        let own = self.threads[self.index].clone();
        match self.poll.poll(&mut events, Some(wait)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
            Err(error) => {
                tracing::error!("a thread of connections cannot listen: {error}");
                events.clear();
                std::thread::sleep(PAUSE);
            }
        }
        own.is_awake.store(false, Ordering::Release);
        // Under no lock: what is done for one may bring or nudge another.
        let new = std::mem::take(&mut *lock(&own.new));
        for slot in new {
            self.bring_in(slot, now);
        }
        let nudged = std::mem::take(&mut *lock(&own.nudged));
        for key in nudged {
            self.guarded(key, now, Self::settle);
        }
        for key in std::mem::take(&mut self.unread) {
            self.guarded(key, now, Self::read);
        }
        for event in events.iter().filter(|event| event.token() != WAKER) {
            let key = event.token().0;
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.guarded(key, now, Self::read);
            }
            if event.is_read_closed() {
                // A last word and the end may come together, and that is told but once.
                self.unread.push(key);
            }
            if event.is_writable()
                && self.slots.get(key).is_some_and(|slot| slot.client.is_blocked())
            {
                self.guarded(key, now, Self::settle);
            }
        }
        self.events = Some(events);
        self.give_up(now);
    }

    /// Does something for a connection; a bug in that ends this connection alone.
    fn guarded(&mut self, key: usize, now: Duration, act: fn(&mut Self, usize, Duration)) {
        if !self.slots.contains(key) {
            return;
        }
        if catch_unwind(AssertUnwindSafe(|| act(self, key, now))).is_err() {
            tracing::error!("a bug ended a connection");
            self.remove(key);
        }
    }

    fn bring_in(&mut self, mut slot: Slot, now: Duration) {
        let client = slot.client.clone();
        let entry = self.slots.vacant_entry();
        let key = entry.key();
        self.count += 1;
        slot.serial = self.count;
        slot.waker =
            Some(Waker::from(Arc::new(Nudge { thread: self.threads[self.index].clone(), key })));
        entry.insert(slot);
        client.set_lazy(false);
        if !self.register(key) {
            return self.remove(key);
        }
        self.guarded(key, now, Self::hear_begun);
        self.guarded(key, now, Self::settle);
        self.guarded(key, now, Self::read);
    }

    /// Hears what had come before the connection was here.
    fn hear_begun(&mut self, key: usize, _: Duration) {
        let slot = &mut self.slots[key];
        let mut begun = std::mem::take(&mut slot.begun);
        if !begun.is_empty() {
            slot.client.hear_bytes(&mut begun);
        }
    }

    fn register(&mut self, key: usize) -> bool {
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registry = self.poll.registry();
        let client = &self.slots[key].client;
        let done = client.with_stream(|stream| registry.register(stream, Token(key), interest));
        matches!(done, Some(Ok(())))
    }

    fn deregister(&mut self, key: usize) {
        let registry = self.poll.registry();
        let _ = self.slots[key].client.with_stream(|stream| registry.deregister(stream));
    }

    /// Writes what waits, and does what follows from that and from what was read.
    fn settle(&mut self, key: usize, now: Duration) {
        let slot = &mut self.slots[key];
        let Some(waker) = &slot.waker else { return };
        match slot.client.flush(waker) {
            Flow::Gone => return self.remove(key),
            Flow::Ended => return self.say_goodbye(key, now),
            Flow::Open => {}
        }
        match slot.client.fate() {
            Fate::Lost => return self.remove(key),
            Fate::Left => {
                slot.client.lose();
                return self.say_goodbye(key, now);
            }
            Fate::Paused if slot.client.go_on() => return self.guarded(key, now, Self::read),
            Fate::Paused | Fate::Open => {}
        }
        self.go_home(key);
    }

    /// A player's connection belongs to the thread of its match, which may read it with the tick.
    fn go_home(&mut self, key: usize) {
        let home = self.slots[key].client.home();
        if let Some(home) = home.filter(|home| *home != self.index) {
            self.deregister(key);
            let mut slot = self.slots.remove(key);
            slot.waker = None;
            return self.threads[home].bring(slot);
        }
        let is_lazy = home.is_some() && self.slots.len() > self.listens_to;
        if self.slots[key].client.set_lazy(is_lazy) {
            if is_lazy {
                self.deregister(key);
            } else if !self.register(key) {
                self.remove(key);
            } else {
                self.unread.push(key);
            }
        }
    }

    fn read(&mut self, key: usize, now: Duration) {
        for _ in 0..READS_AT_ONCE {
            let slot = &mut self.slots[key];
            match slot.client.pull(&mut self.buffer) {
                // What comes from now on is told anew.
                Pulled::All => return,
                Pulled::More => {}
                Pulled::Ignored(bytes) => {
                    slot.ignored += bytes;
                    if slot.ignored > IGNORED_MOST {
                        return self.remove(key);
                    }
                }
                Pulled::Stopped if slot.is_closing => return self.remove(key),
                Pulled::Stopped => return self.settle(key, now),
            }
        }
        self.unread.push(key);
    }

    /// The client is told that it is over, and has some time to hang up.
    fn say_goodbye(&mut self, key: usize, now: Duration) {
        let slot = &mut self.slots[key];
        if std::mem::replace(&mut slot.is_closing, true) {
            return;
        }
        self.ends.push_back((now + self.goodbye, key, slot.serial));
        if slot.client.say_goodbye() == Flow::Gone {
            return self.remove(key);
        }
        if slot.client.set_lazy(false) && !self.register(key) {
            return self.remove(key);
        }
        self.unread.push(key);
    }

    fn give_up(&mut self, now: Duration) {
        while let Some((_, key, serial)) = self.ends.pop_front_if(|(end, ..)| *end <= now) {
            if self.slots.get(key).is_some_and(|slot| slot.serial == serial) {
                self.remove(key);
            }
        }
    }

    fn remove(&mut self, key: usize) {
        if let Some(slot) = self.slots.try_remove(key) {
            slot.client.detach();
        }
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        // Whoever is on the way here is gone as well.
        let new = std::mem::take(&mut *lock(&self.threads[self.index].new));
        new.iter().chain(self.slots.iter().map(|(_, slot)| slot)).for_each(|slot| {
            slot.client.say_goodbye();
            slot.client.detach();
        });
    }
}
