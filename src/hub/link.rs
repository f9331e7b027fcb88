//! A connection as the hub sees it: the sockets that it holds, one in each of its namespaces.

use super::io::Core;
use super::mailbox::Job;
use super::middleware::{Guard, Refused};
use super::namespace::Guest;
use super::recovery::Lost;
use super::socket::{Handshake, Socket, SocketInner};
use super::timers::{Alarm, AlarmKey};
use super::{Letter, Parcel, lock};
use crate::event::{Args, Event, Value};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// The connection outside: takes what the hub sends.
pub trait Outlet: Send + Sync {
    /// Sends it, in the order of the calls.
    fn deliver(&self, parcel: &Arc<Parcel>);
    /// Closes the connection once everything is sent.
    fn close(&self);
    /// Gives the connection up, for its client has come back on another one: its link is closed, as if
    /// it had broken, before this returns.
    fn supplant(&self);
    /// How the connection travels now.
    fn transport(&self) -> &'static str;
    /// How many bytes wait to be written.
    fn backlog(&self) -> usize;
    /// There is room for its events again.
    fn resume(&self);
    /// Whether a client that comes back keeps its secret, as those of Socket.IO must to see that
    /// they are back; else it is given another.
    fn keeps_secret(&self) -> bool;
}

/// What was known when the connection was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Names, in lower case, and values of the request's headers.
    pub headers: Vec<(String, String)>,
    /// Names and values of the request's query.
    pub query: Vec<(String, String)>,
    /// Where the client is.
    pub address: String,
    /// When it came, since the server started.
    pub time: Duration,
    /// When it came, in milliseconds since 1970.
    pub issued_ms: u64,
    /// Whether the connection is encrypted.
    pub is_secure: bool,
}

/// What a client may not do; its connection does not survive it.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Violation {
    /// It said something in a namespace that it is not in.
    #[error("the namespace was not joined")]
    NotJoined,
    /// It asked twice to join.
    #[error("the namespace was joined already")]
    JoinedTwice,
    /// It goes on while far too much waits for its handlers.
    #[error("too many events wait for their handlers")]
    Overrun,
}

/// A client that must be read because it owes an answer is cut when so many times more waits for its
/// handlers than may.
const HARD_FACTOR: usize = 8;

/// What brings a client back: the secret it was given and the offset of the last event it got.
pub type Return = (String, String);

/// The hub's end of a connection.
#[derive(Debug)]
pub struct Link(Arc<LinkInner>);

#[derive(Debug)]
pub(super) struct LinkInner {
    core: Arc<Core>,
    pub(super) outlet: Weak<dyn Outlet>,
    opening: Arc<Opening>,
    state: Mutex<LinkState>,
    /// Events that wait for handlers, and their bytes.
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
    /// Answers that handlers wait for: they come behind events, so the client must be read.
    owed: AtomicUsize,
}

#[derive(Debug, Default)]
struct LinkState {
    /// One in each namespace, by its name: few, and mostly a single one.
    sockets: Vec<Socket>,
    joining: Vec<Arc<str>>,
    is_closed: bool,
    /// The connection is closed then if it has joined nothing.
    join_by: Option<AlarmKey>,
}

impl LinkState {
    fn socket(&self, namespace: &str) -> Option<&Socket> {
        self.sockets.iter().find(|socket| socket.namespace().name() == namespace)
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hub")
    }
}

impl std::fmt::Debug for dyn Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.transport())
    }
}

impl Link {
    pub(super) fn open(core: &Arc<Core>, outlet: Weak<dyn Outlet>, opening: Arc<Opening>) -> Self {
        let link = Arc::new(LinkInner {
            core: core.clone(),
            outlet,
            opening,
            state: Mutex::default(),
            waiting: AtomicUsize::new(0),
            waiting_bytes: AtomicUsize::new(0),
            owed: AtomicUsize::new(0),
        });
        let alarm = Alarm::Connect(Arc::downgrade(&link));
        let key = core.timers.set(&*core.surroundings, core.options.connect_timeout, alarm);
        lock(&link.state).join_by = Some(key);
        Self(link)
    }

    /// The client asks to join a namespace, and says who it is.
    pub fn connect(
        &self,
        namespace: &str,
        auth: Value,
        returning: Option<Return>,
    ) -> Result<(), Violation> {
        self.0.connect(namespace, auth, returning)
    }

    /// The client says that something happened.
    pub fn event(&self, namespace: &str, event: Event, ack: Option<u64>) -> Result<(), Violation> {
        self.0.socket(namespace)?.take_event(Job { event, ack });
        if self.0.is_behind(HARD_FACTOR) { Err(Violation::Overrun) } else { Ok(()) }
    }

    /// The client answers. An answer that nobody waits for is ignored.
    pub fn ack(&self, namespace: &str, id: u64, args: Args) -> Result<(), Violation> {
        self.0.socket(namespace)?.acknowledged(id, Ok(args));
        Ok(())
    }

    /// The client leaves a namespace.
    pub fn leave(&self, namespace: &str) -> Result<(), Violation> {
        self.0.socket(namespace)?.gone("client namespace disconnect");
        Ok(())
    }

    /// The connection is gone.
    pub fn closed(&self, reason: &str) {
        let (sockets, key) = {
            let mut state = lock(&self.0.state);
            state.is_closed = true;
            (std::mem::take(&mut state.sockets), state.join_by.take())
        };
        key.into_iter().for_each(|key| self.0.core.timers.call_off(key));
        sockets.iter().for_each(|socket| socket.gone(reason));
    }

    /// Its socket in a namespace.
    #[must_use]
    pub fn socket(&self, namespace: &str) -> Option<Socket> {
        self.0.socket(namespace).ok()
    }

    /// Whether so many events wait for handlers that no more should be read.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.0.is_busy()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.closed("transport close");
    }
}

impl LinkInner {
    fn socket(&self, namespace: &str) -> Result<Socket, Violation> {
        lock(&self.state).socket(namespace).cloned().ok_or(Violation::NotJoined)
    }

    pub(super) fn note_waiting(&self, bytes: usize) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.waiting_bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    pub(super) fn note_handled(&self, count: usize, bytes: usize) {
        let options = &self.core.options;
        let waiting = self.waiting.fetch_sub(count, Ordering::AcqRel);
        let waiting_bytes = self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
        // Whether an answer was owed just then says nothing: it may have come meanwhile.
        let was_behind =
            waiting >= options.waiting_events || waiting_bytes >= options.waiting_bytes;
        if was_behind && !self.is_behind(1) {
            self.resume();
        }
    }

    /// A handler waits for an answer.
    pub(super) fn note_asked(&self) {
        if self.owed.fetch_add(1, Ordering::AcqRel) == 0 && self.is_behind(1) {
            self.resume();
        }
    }

    /// It waits no longer.
    pub(super) fn note_answered(&self) {
        self.owed.fetch_sub(1, Ordering::AcqRel);
    }

    fn resume(&self) {
        self.outlet.upgrade().into_iter().for_each(|outlet| outlet.resume());
    }

    fn is_busy(&self) -> bool {
        self.is_behind(1) && self.owed.load(Ordering::Acquire) == 0
    }

    /// Whether more waits than so many times what may.
    fn is_behind(&self, times: usize) -> bool {
        let options = &self.core.options;
        self.waiting.load(Ordering::Acquire) >= times * options.waiting_events
            || self.waiting_bytes.load(Ordering::Acquire) >= times * options.waiting_bytes
    }

    /// Time to join a namespace is over.
    pub(super) fn too_late(&self) {
        let is_idle = lock(&self.state).sockets.is_empty();
        if is_idle {
            self.outlet.upgrade().into_iter().for_each(|outlet| outlet.close());
        }
    }

    /// Disconnects all sockets and closes the connection.
    pub(super) fn close_all(&self) {
        let sockets = lock(&self.state).sockets.clone();
        sockets.iter().for_each(Socket::disconnect);
        self.outlet.upgrade().into_iter().for_each(|outlet| outlet.close());
    }

    /// Takes a socket out and tells the client so at the same moment: from then on it may come
    /// again, and what it is told of the new socket comes later.
    pub(super) fn remove(&self, socket: &Socket, last: Option<Parcel>) {
        let last = last.map(Arc::new);
        // It may be the last to hold the connection, and is let go of under no lock.
        let outlet = self.outlet.upgrade();
        let mut state = lock(&self.state);
        state.sockets.retain(|other| other != socket);
        outlet.iter().zip(&last).for_each(|(outlet, last)| outlet.deliver(last));
    }

    fn connect(
        self: &Arc<Self>,
        name: &str,
        auth: Value,
        returning: Option<Return>,
    ) -> Result<(), Violation> {
        let has_room = {
            let mut state = lock(&self.state);
            if state.socket(name).is_some() || state.joining.iter().any(|other| &**other == name) {
                return Err(Violation::JoinedTwice);
            }
            let has_room = state.sockets.len() + state.joining.len() < self.core.options.namespaces;
            state.joining.extend(has_room.then(|| name.into()));
            has_room
        };
        if !has_room {
            self.refuse(name, &Refused::new("too many namespaces"));
            return Ok(());
        }
        let io = self.core.io().filter(|_| !self.core.is_closed());
        let Some(guest) = io.and_then(|io| io.find(name, &auth)) else {
            lock(&self.state).joining.retain(|other| &**other != name);
            self.refuse(name, &Refused::new("Invalid namespace"));
            return Ok(());
        };
        self.let_in(guest, auth, returning);
        Ok(())
    }

    fn refuse(&self, namespace: &str, refused: &Refused) {
        let Refused { message, data } = refused.clone();
        let parcel = Parcel::new(&namespace.into(), Letter::ConnectError { message, data });
        if let Some(outlet) = self.outlet.upgrade() {
            outlet.deliver(&Arc::new(parcel));
        }
    }

    fn let_in(self: &Arc<Self>, guest: Guest, auth: Value, returning: Option<Return>) {
        let namespace = guest.namespace();
        let lost = returning
            .and_then(|(pid, offset)| namespace.restore(&pid, &offset).map(|lost| (pid, lost)));
        let is_recovered = lost.is_some();
        let (id, pid) = match &lost {
            Some((pid, lost)) => {
                let keeps = self.outlet.upgrade().is_some_and(|outlet| outlet.keeps_secret());
                let pid = if keeps { pid.clone() } else { self.core.new_return(lost.id) };
                (lost.id, Some(pid))
            }
            None => {
                let id = self.core.new_id();
                (id, namespace.has_recovery().then(|| self.core.new_return(id)))
            }
        };
        let handshake = Handshake { auth, opening: self.opening.clone() };
        let socket = Socket(Arc::new(SocketInner {
            id,
            pid,
            is_recovered,
            namespace: namespace.clone(),
            link: self.clone(),
            handshake,
            is_overheard: false.into(),
            state: Mutex::default(),
        }));
        if let Some((_, lost)) = &lost {
            let mut state = lock(&socket.0.state);
            (state.user, state.data) = (lost.user.clone(), lost.data.clone());
        }
        let recovery = &self.core.options.recovery;
        let is_asked =
            !is_recovered || recovery.as_ref().is_some_and(|options| options.asks_middleware);
        let guards = if is_asked { namespace.guards() } else { Vec::new() };
        if guards.iter().any(|guard| matches!(guard, Guard::Later(_))) {
            let link = self.clone();
            self.core.surroundings.spawn(Box::pin(async move {
                let verdict = ask_all(&socket, guards).await;
                link.decide(&socket, verdict, lost);
                drop(guest);
            }));
            return;
        }
        let verdict = guards.iter().try_for_each(|guard| match guard {
            Guard::Now(guard) => socket.guarded("connect", || guard(&socket)).unwrap_or_else(bug),
            Guard::Later(_) => Ok(()),
        });
        self.decide(&socket, verdict, lost);
    }

    fn decide(&self, socket: &Socket, verdict: Result<(), Refused>, lost: Option<(String, Lost)>) {
        let namespace = socket.namespace();
        let verdict = match verdict {
            Ok(()) if self.core.is_closed() => Err(Refused::new("the server is shutting down")),
            verdict => verdict,
        };
        let (is_closed, key) = {
            let mut state = lock(&self.state);
            state.joining.retain(|other| &**other != namespace.name());
            state.joining.shrink_to_fit();
            if verdict.is_ok() && !state.is_closed {
                let before = |other: &Socket| other.namespace().name() < namespace.name();
                let at = state.sockets.partition_point(before);
                state.sockets.reserve_exact(1);
                state.sockets.insert(at, socket.clone());
            }
            let key = if verdict.is_ok() { state.join_by.take() } else { None };
            (state.is_closed, key)
        };
        key.into_iter().for_each(|key| self.core.timers.call_off(key));
        if is_closed || verdict.is_err() {
            socket.forget_listeners();
            lost.into_iter().for_each(|(pid, lost)| namespace.keep_lost(&pid, lost));
            let refused = verdict.err().filter(|_| !is_closed);
            return refused.into_iter().for_each(|refused| self.refuse(namespace.name(), &refused));
        }
        namespace.admit(socket, lost.as_ref().map(|(_, lost)| lost));
        if lock(&self.state).is_closed {
            // The connection went away while its socket came in.
            return socket.gone("transport close");
        }
        match namespace.welcome(socket) {
            None => socket.work(None),
            Some(rest) => {
                let socket = socket.clone();
                self.core.surroundings.spawn(Box::pin(async move {
                    rest.await;
                    socket.work(None);
                }));
            }
        }
        if self.core.is_closed() {
            socket.gone("server shutting down");
        }
    }
}

async fn ask_all(socket: &Socket, guards: Vec<Guard>) -> Result<(), Refused> {
    for guard in guards {
        let verdict = match guard {
            Guard::Now(guard) => socket.guarded("connect", || guard(socket)),
            Guard::Later(guard) => socket.caught("connect", || guard(socket.clone())).await,
        };
        verdict.unwrap_or_else(bug)?;
    }
    Ok(())
}

/// What a client is told when middleware panicked.
fn bug() -> Result<(), Refused> {
    Err(Refused::new("internal error"))
}
