//! An endpoint in a namespace, with an id and a room of its own.

use super::acks::{AckError, Waiting};
use super::audience::Rooms;
use super::io::Core;
use super::link::{LinkInner, Opening};
use super::listeners::Listeners;
use super::mailbox::Mailbox;
use super::middleware::{Filter, Refused};
use super::namespace::Namespace;
use super::recovery::Recovery;
use super::{Fault, Letter, LimitMet, Parcel, lock};
use crate::event::{Args, Event, ToArgs, Value};
use crate::ids::{SocketId, UserId};
use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// What was known when the socket connected.
#[derive(Clone, Debug, PartialEq)]
pub struct Handshake {
    /// What the client says about who it is: an object.
    pub auth: Value,
    /// About its connection.
    pub opening: Arc<Opening>,
}

impl Handshake {
    /// A header of the request, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.opening.headers, name)
    }

    /// A value of the request's query.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        find(&self.opening.query, name)
    }
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

/// A handle to a socket; all clones are the same socket.
#[derive(Clone)]
pub struct Socket(pub(super) Arc<SocketInner>);

/// A handle that does not keep a socket: for what the socket itself keeps.
#[derive(Clone)]
pub struct WeakSocket(Weak<SocketInner>);

impl WeakSocket {
    /// The socket, as long as somebody keeps it.
    #[must_use]
    pub fn upgrade(&self) -> Option<Socket> {
        self.0.upgrade().map(Socket)
    }
}

impl std::fmt::Debug for WeakSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("weak socket")
    }
}

/// One of each type: few.
pub(super) type Data = Vec<Arc<dyn Any + Send + Sync>>;
pub(super) type Farewell = Arc<dyn Fn(&Socket, &str) + Send + Sync>;
pub(super) type ErrorListener = Arc<dyn Fn(&Socket, &Event, &Refused) + Send + Sync>;
pub(super) type Overhearer = Arc<dyn Fn(&Event) + Send + Sync>;

pub(super) struct SocketInner {
    pub(super) id: SocketId,
    /// What brings it back after a loss, if anything does.
    pub(super) pid: Option<String>,
    pub(super) is_recovered: bool,
    pub(super) namespace: Namespace,
    pub(super) link: Arc<LinkInner>,
    pub(super) handshake: Handshake,
    /// Whether anybody hears what is emitted to it.
    pub(super) is_overheard: AtomicBool,
    pub(super) state: Mutex<SocketState>,
}

#[derive(Default)]
pub(super) struct SocketState {
    pub(super) is_connected: bool,
    /// Why it goes, once it does.
    pub(super) end: Option<Box<str>>,
    /// How many events were kept for those who come back before it came.
    pub(super) since: u64,
    pub(super) mailbox: Mailbox,
    pub(super) listeners: Listeners,
    pub(super) filters: Vec<Filter>,
    pub(super) acks: BTreeMap<u64, Waiting>,
    pub(super) user: Option<UserId>,
    pub(super) data: Data,
    pub(super) outgoing: Vec<Overhearer>,
    pub(super) disconnecting: Vec<Farewell>,
    pub(super) disconnected: Vec<Farewell>,
    pub(super) errors: Vec<ErrorListener>,
}

impl SocketState {
    pub(super) fn is_gone(&self) -> bool {
        self.end.is_some() && !self.is_connected
    }
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "socket {} of {}", self.0.id, self.0.namespace.name())
    }
}

impl std::fmt::Debug for SocketInner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "socket {}", self.id)
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Socket {}

impl Socket {
    /// A handle that does not keep it.
    #[must_use]
    pub fn downgrade(&self) -> WeakSocket {
        WeakSocket(Arc::downgrade(&self.0))
    }

    /// Whether it may come back after an end for this reason.
    #[must_use]
    pub fn may_come_back(&self, reason: &str) -> bool {
        self.0.pid.is_some() && Recovery::is_recoverable(reason)
    }

    /// Its id, which may be shown to others; it is also the name of its own room.
    #[must_use]
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// The namespace that it is in.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.0.namespace
    }

    /// What was known when it connected.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.0.handshake
    }

    /// Whether it is back, with its rooms and data, after its connection was lost.
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.0.is_recovered
    }

    /// Whether it is still there.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        lock(&self.0.state).is_connected
    }

    /// How its connection travels now: `polling`, `websocket` or `native`.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        self.0.link.outlet.upgrade().map_or("", |outlet| outlet.transport())
    }

    /// How many bytes wait to be sent to its client.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.0.link.outlet.upgrade().map_or(0, |outlet| outlet.backlog())
    }

    /// Who it belongs to.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        lock(&self.0.state).user.clone()
    }

    /// Says who it belongs to; [`Namespace::to_users`] reaches it then.
    pub fn set_user(&self, user: UserId) {
        self.0.namespace.set_user(self, user);
    }

    /// Keeps a value with the socket, one of each type.
    pub fn set_data<T: Any + Send + Sync>(&self, value: T) {
        let value: Arc<dyn Any + Send + Sync> = Arc::new(value);
        let before = {
            let data = &mut lock(&self.0.state).data;
            match data.iter_mut().find(|other| other.is::<T>()) {
                Some(other) => Some(std::mem::replace(other, value)),
                None => {
                    data.reserve_exact(1);
                    data.push(value);
                    None
                }
            }
        };
        // Under no lock: it may do anything when it goes.
        drop(before);
    }

    /// The value of this type that was kept.
    #[must_use]
    pub fn data<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let state = lock(&self.0.state);
        state.data.iter().find_map(|value| value.clone().downcast().ok())
    }

    pub(super) fn deliver(&self, letter: Letter) {
        self.hand_over(&Arc::new(Parcel::new(self.namespace().shared_name(), letter)));
    }

    pub(super) fn hand_over(&self, parcel: &Arc<Parcel>) {
        if let Some(outlet) = self.0.link.outlet.upgrade() {
            outlet.deliver(parcel);
        }
    }

    pub(super) fn is_overheard(&self) -> bool {
        self.0.is_overheard.load(Ordering::Relaxed)
    }

    /// Lets those hear an event who hear all that is emitted.
    pub(super) fn overhear(&self, parcel: &Parcel) {
        if !self.is_overheard() {
            return;
        }
        let Letter::Event { event, .. } = &parcel.letter else { return };
        let listeners = lock(&self.0.state).outgoing.clone();
        for listener in listeners {
            self.guarded(&event.name, || listener(event));
        }
    }

    // Rooms.

    /// Joins rooms. Past the limits a room is not joined, and that is reported.
    pub fn join(&self, rooms: impl Rooms) {
        if let Err(limit) = self.try_join(rooms) {
            self.core().surroundings.report(&Fault::Limit(limit.0));
        }
    }

    /// Joins rooms; an error says which limit kept it out of some of them, so that the client can be
    /// told.
    pub fn try_join(&self, rooms: impl Rooms) -> Result<(), LimitMet> {
        self.namespace().join(std::slice::from_ref(self), &rooms).map_or(Ok(()), Err)
    }

    /// Leaves a room.
    pub fn leave(&self, room: &str) {
        self.namespace().leave(std::slice::from_ref(self), &room);
    }

    /// The rooms that it is in, sorted; its own among them.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        self.namespace().rooms_of(self)
    }

    // Leaving.

    /// Leaves the namespace.
    pub fn disconnect(&self) {
        self.end("server namespace disconnect", Some(Letter::Disconnect));
    }

    /// Leaves the namespace and closes the connection, with all its other sockets.
    pub fn close(&self) {
        if self.is_connected() {
            self.0.link.close_all();
        }
    }

    /// The socket is no longer there.
    pub(super) fn gone(&self, reason: &str) {
        self.end(reason, None);
    }

    /// The socket goes, once, whoever says so at the same time. The last that its client is told,
    /// if anything, comes when it is out of all rooms: the client may be back at once.
    fn end(&self, reason: &str, last: Option<Letter>) {
        let farewells = {
            let mut state = lock(&self.0.state);
            if !state.is_connected || state.end.is_some() {
                return;
            }
            state.end = Some(reason.into());
            std::mem::take(&mut state.disconnecting)
        };
        self.say(&farewells, reason);
        self.namespace().remove(self, reason);
        let last = last.map(|letter| Parcel::new(self.namespace().shared_name(), letter));
        self.0.link.remove(self, last);
        let (farewells, acks, forgotten) = {
            let mut state = lock(&self.0.state);
            state.is_connected = false;
            let forgotten = state.mailbox.clear();
            let farewells = std::mem::take(&mut state.disconnected);
            (farewells, std::mem::take(&mut state.acks), forgotten)
        };
        self.0.link.note_handled(forgotten.0, forgotten.1);
        for waiting in acks.into_values() {
            self.0.link.note_answered();
            if let Waiting::One(_, Some(key)) = &waiting {
                self.core().timers.call_off(*key);
            }
            waiting.answered(Err(AckError::Disconnected));
        }
        self.say(&farewells, reason);
        self.forget_listeners();
    }

    /// Lets go of all that was given to it: listeners may hold the socket itself.
    pub(super) fn forget_listeners(&self) {
        let given = {
            let mut state = lock(&self.0.state);
            let listeners = std::mem::take(&mut state.listeners);
            let filters = std::mem::take(&mut state.filters);
            let outgoing = std::mem::take(&mut state.outgoing);
            let errors = std::mem::take(&mut state.errors);
            let goodbyes =
                (std::mem::take(&mut state.disconnecting), std::mem::take(&mut state.disconnected));
            (listeners, filters, outgoing, errors, goodbyes)
        };
        // Under no lock: what others gave may do anything when it goes.
        drop(given);
    }

    pub(super) fn say(&self, farewells: &[Farewell], reason: &str) {
        for farewell in farewells {
            self.guarded("disconnect", || farewell(self, reason));
        }
    }

    /// The client answered.
    pub(super) fn acknowledged(&self, id: u64, answer: Result<Args, AckError>) {
        let waiting = lock(&self.0.state).acks.remove(&id);
        if let Some(waiting) = waiting {
            self.0.link.note_answered();
            if let Waiting::One(_, Some(key)) = &waiting {
                self.core().timers.call_off(*key);
            }
            waiting.answered(answer);
        }
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        self.0.namespace.core()
    }

    /// The arguments, if they can be sent; else the fault is reported.
    pub(super) fn checked_args(&self, name: &str, args: &impl ToArgs) -> Option<Args> {
        self.core().checked_args(name, args)
    }
}
