//! Connections of native clients, carried by the threads that run matches.
//!
//! ```text
//! door ── Cables::take ──▶ Reactor (one for each thread of matches) ──▶ PlayConnection
//!                            ▲ every few milliseconds                     │
//!                            └──────────── nudge: something waits ◀───────┘
//! ```
//!
//! A tick writes to the sockets of its match itself. What comes is read in batches: a thread that has
//! looked at its sockets does not listen again for [`PAUSE`], so that many inputs cost one wake-up, and
//! a server that nobody talks to sleeps. A thread with many players does not listen to them at all: each
//! tick reads the sockets of its match just before it needs what came.

mod reactor;
mod slot;

pub(super) use reactor::Reactor;

use super::PlayConnection;
use super::lock;
use slot::Slot;
use std::any::Any;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Wake;
use std::time::Duration;

/// So long nothing is heard after a look at all sockets.
const PAUSE: Duration = Duration::from_millis(4);
/// The network keeps so many bytes for a client that does not take them; with more than that it is
/// seen to be slow.
const SEND_BUFFER: usize = 64 << 10;

/// A WebSocket that was just opened by a native client.
pub struct NewCable {
    /// Its bytes, unencrypted.
    pub stream: TcpStream,
    /// What was read of it already.
    pub begun: Vec<u8>,
    /// Whose it is.
    pub client: Arc<PlayConnection>,
    /// What is dropped when it is closed.
    pub guard: Box<dyn Any + Send>,
}

impl std::fmt::Debug for NewCable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cable of {:?}", self.client)
    }
}

/// All threads that carry connections.
#[derive(Clone, Debug)]
pub(super) struct Cables {
    threads: Arc<[Arc<Shared>]>,
    taken: Arc<AtomicUsize>,
}

impl Cables {
    /// Threads of which each runs one of these reactors.
    pub(super) fn new(
        count: usize,
        listens_to: usize,
        goodbye: Duration,
    ) -> std::io::Result<(Self, Vec<Reactor>)> {
        let polls: Vec<_> = (0..count).map(|_| mio::Poll::new()).collect::<Result<_, _>>()?;
        let threads = polls.iter().map(Shared::new).collect::<std::io::Result<Arc<[_]>>>()?;
        let cables = Self { threads, taken: Arc::default() };
        let reactor =
            |(index, poll)| Reactor::new(poll, index, cables.threads.clone(), listens_to, goodbye);
        let reactors = polls.into_iter().enumerate().map(reactor).collect();
        Ok((cables, reactors))
    }

    /// Carries a connection until it is over; which thread does is settled when it joins a match.
    pub(super) fn take(&self, new: NewCable, longest: usize) {
        let _ = socket2::SockRef::from(&new.stream).set_send_buffer_size(SEND_BUFFER);
        new.client.attach(mio::net::TcpStream::from_std(new.stream), longest);
        let slot = Slot::new(new.client, new.begun, new.guard);
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        self.threads[number % self.threads.len()].bring(slot);
    }

    /// What others have of a thread.
    pub(super) fn thread(&self, index: usize) -> Arc<Shared> {
        self.threads[index].clone()
    }
}

/// A thread that carries connections, as others have it.
pub(super) struct Shared {
    new: Mutex<Vec<Slot>>,
    /// Keys of connections that have something to be written, or have ended.
    nudged: Mutex<Vec<usize>>,
    waker: mio::Waker,
    is_awake: AtomicBool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("thread of connections")
    }
}

impl Shared {
    fn new(poll: &mio::Poll) -> std::io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            new: Mutex::default(),
            nudged: Mutex::default(),
            waker: mio::Waker::new(poll.registry(), reactor::WAKER)?,
            is_awake: AtomicBool::new(false),
        }))
    }

    fn bring(&self, slot: Slot) {
        lock(&self.new).push(slot);
        self.wake();
    }

    fn nudge(&self, key: usize) {
        lock(&self.nudged).push(key);
        self.wake();
    }

    /// Has the thread look around soon.
    pub(super) fn wake(&self) {
        if !self.is_awake.swap(true, Ordering::AcqRel) {
            // Without it the thread looks around a little later.
            let _ = self.waker.wake();
        }
    }
}

/// Whom a connection tells that it has something to be written.
struct Nudge {
    thread: Arc<Shared>,
    key: usize,
}

impl Wake for Nudge {
    fn wake(self: Arc<Self>) {
        self.thread.nudge(self.key);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.thread.nudge(self.key);
    }
}
