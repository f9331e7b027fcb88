//! To whom something goes: a sentence that ends in `emit`.

use super::acks::{Gather, Partial};
use super::namespace::Namespace;
use super::peers::{PeerAction, PeerMessage};
use super::reply::{Reply, promise};
use super::socket::Socket;
use super::timers::Alarm;
use crate::event::{Args, Event, ToArgs};
use crate::ids::{SocketId, UserId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// One or several rooms: `"a"`, `["a", "b"]`, a socket's id for its own room.
pub trait Rooms {
    /// Names each of them.
    fn each(&self, name: &mut dyn FnMut(&str));
}

impl Rooms for &str {
    fn each(&self, name: &mut dyn FnMut(&str)) {
        name(self);
    }
}

impl Rooms for String {
    fn each(&self, name: &mut dyn FnMut(&str)) {
        name(self);
    }
}

impl Rooms for Arc<str> {
    fn each(&self, name: &mut dyn FnMut(&str)) {
        name(self);
    }
}

impl Rooms for SocketId {
    fn each(&self, name: &mut dyn FnMut(&str)) {
        name(self.as_str());
    }
}

impl<R: Rooms> Rooms for [R] {
    fn each(&self, name: &mut dyn FnMut(&str)) {
        self.iter().for_each(|room| room.each(name));
    }
}

impl<R: Rooms, const N: usize> Rooms for [R; N] {
    fn each(&self, name: &mut dyn FnMut(&str)) {
        self.as_slice().each(name);
    }
}

impl<R: Rooms> Rooms for Vec<R> {
    fn each(&self, name: &mut dyn FnMut(&str)) {
        self.as_slice().each(name);
    }
}

impl<R: Rooms + ?Sized> Rooms for &R
where
    for<'a> &'a R: NotText,
{
    fn each(&self, name: &mut dyn FnMut(&str)) {
        (**self).each(name);
    }
}

/// All references but `&str`, which is a room itself.
#[doc(hidden)]
pub trait NotText {}
impl NotText for &String {}
impl NotText for &Arc<str> {}
impl NotText for &SocketId {}
impl<R> NotText for &[R] {}
impl<R, const N: usize> NotText for &[R; N] {}
impl<R> NotText for &Vec<R> {}
impl NotText for &&str {}

/// Whom a broadcast reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Audience {
    /// Those in any of these, if rooms or users are named; else all.
    pub(super) rooms: Vec<Arc<str>>,
    pub(super) users: Vec<UserId>,
    /// But not those in any of these.
    pub(super) except: Vec<Arc<str>>,
}

impl Audience {
    pub(super) fn one(id: SocketId) -> Self {
        Self { rooms: vec![id.as_str().into()], ..Self::default() }
    }

    pub(super) fn is_all(&self) -> bool {
        self.rooms.is_empty() && self.users.is_empty()
    }
}

/// Knows to whom, not yet what.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before `emit`"]
pub struct To<'a> {
    namespace: &'a Namespace,
    audience: Audience,
    /// Whether anybody was named, even if in vain: to no room is to nobody.
    is_narrow: bool,
    is_volatile: bool,
    is_local: bool,
    timeout: Option<Duration>,
}

impl<'a> To<'a> {
    pub(super) fn new(namespace: &'a Namespace) -> Self {
        Self {
            namespace,
            audience: Audience::default(),
            is_narrow: false,
            is_volatile: false,
            is_local: false,
            timeout: None,
        }
    }

    pub(super) fn without(mut self, socket: &Socket) -> Self {
        self.audience.except.push(socket.id().as_str().into());
        self
    }

    /// And to those in these rooms; nobody is reached twice.
    pub fn to(mut self, rooms: impl Rooms) -> Self {
        self.is_narrow = true;
        rooms.each(&mut |room| self.audience.rooms.push(room.into()));
        self
    }

    /// The same as [`Self::to`]; reads better before anything but `emit`.
    pub fn within(self, rooms: impl Rooms) -> Self {
        self.to(rooms)
    }

    /// And to all sockets of these users.
    pub fn to_users<U: Into<UserId>>(mut self, users: impl IntoIterator<Item = U>) -> Self {
        self.is_narrow = true;
        self.audience.users.extend(users.into_iter().map(Into::into));
        self
    }

    /// But not to those in these rooms.
    pub fn except(mut self, rooms: impl Rooms) -> Self {
        rooms.each(&mut |room| self.audience.except.push(room.into()));
        self
    }

    /// It is dropped where the connection is not writable.
    pub fn volatile(self) -> Self {
        Self { is_volatile: true, ..self }
    }

    /// Only to sockets of this server.
    pub fn local(self) -> Self {
        Self { is_local: true, ..self }
    }

    /// Answers are waited for no longer than this.
    pub fn timeout(self, after: Duration) -> Self {
        Self { timeout: Some(after), ..self }
    }

    fn is_nobody(&self) -> bool {
        self.is_narrow && self.audience.is_all()
    }

    /// Emits an event.
    pub fn emit(self, name: &str, args: impl ToArgs) {
        let Some(args) = self.namespace.core().checked_args(name, &args) else { return };
        if self.is_nobody() {
            return;
        }
        let event = Event { name: name.into(), args };
        self.publish(|| PeerAction::Emit {
            name: event.name.clone(),
            json: event.args.json().into(),
            attachments: event.args.attachments().to_vec(),
            is_volatile: self.is_volatile,
        });
        self.namespace.broadcast(&self.audience, event, self.is_volatile);
    }

    /// Emits an event and gathers the answers of all clients that it reaches.
    pub fn emit_with_ack(self, name: &str, args: impl ToArgs) -> Reply<Result<Vec<Args>, Partial>> {
        let (promise, reply) = promise();
        let core = self.namespace.core();
        let args = core.checked_args(name, &args).filter(|_| !self.is_nobody());
        let Some(args) = args else {
            promise.keep(Ok(Vec::new()));
            return reply;
        };
        let gather = Arc::new(Gather::new(core.clone(), promise));
        let event = Event { name: name.into(), args };
        self.namespace.ask(&self.audience, event, self.is_volatile, &gather);
        let after = self.timeout.unwrap_or(core.options.ack_timeout);
        let alarm = Alarm::Gather(Arc::downgrade(&gather));
        gather.all_are_asked(core.timers.set(&*core.surroundings, after, alarm));
        reply
    }

    /// Makes all of them join rooms.
    pub fn sockets_join(self, rooms: impl Rooms) {
        self.publish(|| PeerAction::Join(names(&rooms)));
        self.namespace.join_all(&self.fetch_sockets(), &rooms);
    }

    /// Makes all of them leave rooms.
    pub fn sockets_leave(self, rooms: impl Rooms) {
        self.publish(|| PeerAction::Leave(names(&rooms)));
        self.namespace.leave(&self.fetch_sockets(), &rooms);
    }

    /// Disconnects all of them.
    pub fn disconnect_sockets(self) {
        self.publish(|| PeerAction::Disconnect { closes: false });
        self.fetch_sockets().iter().for_each(Socket::disconnect);
    }

    /// Disconnects all of them and closes their connections.
    pub fn close_sockets(self) {
        self.publish(|| PeerAction::Disconnect { closes: true });
        self.fetch_sockets().iter().for_each(Socket::close);
    }

    /// Those of them that are connected to this server.
    #[must_use]
    pub fn fetch_sockets(&self) -> Vec<Socket> {
        if self.is_nobody() { Vec::new() } else { self.namespace.select(&self.audience) }
    }

    fn publish(&self, action: impl FnOnce() -> PeerAction) {
        let peers = self.namespace.core().peers.get().filter(|_| !self.is_local);
        if let Some(peers) = peers.filter(|_| !self.is_nobody()) {
            peers.publish(PeerMessage::new(self.namespace, &self.audience, action()));
        }
    }
}

fn names(rooms: &impl Rooms) -> Vec<Arc<str>> {
    let mut names = Vec::new();
    rooms.each(&mut |room| names.push(room.into()));
    names
}
