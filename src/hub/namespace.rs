//! A namespace: its sockets, who may come in, and what all of them hear.

use super::acks::Ack;
use super::audience::{Audience, Rooms, To};
use super::given::Given;
use super::hearing::{detached, in_turn, now};
use super::io::{Core, FAMILY};
use super::listeners::{Handler, ListenerId, Listeners};
use super::peers::{PeerAction, PeerMessage};
use super::recovery::Recovery;
use super::rooms::Places;
use super::socket::Socket;
use super::{Fault, lock};
use crate::event::{Args, Event, FromArgs, ToArgs};
use crate::ids::{SocketId, UserId};
use std::borrow::Cow;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Something that happened to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomChange {
    /// Its first socket is about to join.
    Created(Arc<str>),
    /// A socket joined.
    Joined(Arc<str>, SocketId),
    /// A socket left.
    Left(Arc<str>, SocketId),
    /// Its last socket left.
    Deleted(Arc<str>),
}

/// Who is in a namespace, and what is kept for those who lost their connection.
#[derive(Debug)]
pub(super) struct Inhabitants {
    pub(super) places: Places,
    pub(super) recovery: Option<Recovery>,
}

pub(super) struct NamespaceInner {
    name: Arc<str>,
    core: Arc<Core>,
    /// Of a dynamic namespace: what is given to all of its kind.
    pub(super) parent: Option<Namespace>,
    pub(super) given: Mutex<Given>,
    listeners: Mutex<Listeners>,
    pub(super) inhabitants: Mutex<Inhabitants>,
    pub(super) acks: AtomicU64,
    /// Sockets that are about to be in it.
    pub(super) guests: AtomicUsize,
}

/// Somebody who is about to be in a namespace, which does not go meanwhile.
#[derive(Debug)]
pub(super) struct Guest(Namespace);

impl Guest {
    pub(super) fn of(namespace: &Namespace) -> Self {
        namespace.0.guests.fetch_add(1, Ordering::AcqRel);
        Self(namespace.clone())
    }

    pub(super) fn namespace(&self) -> &Namespace {
        &self.0
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.0.0.guests.fetch_sub(1, Ordering::AcqRel);
        self.0.clean();
    }
}

/// A handle to a namespace; all clones are the same namespace.
#[derive(Clone)]
pub struct Namespace(pub(super) Arc<NamespaceInner>);

impl std::fmt::Debug for Namespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "namespace {}", self.0.name)
    }
}

impl std::fmt::Debug for NamespaceInner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "namespace {}", self.name)
    }
}

impl Namespace {
    pub(super) fn new(name: &str, core: Arc<Core>, parent: Option<Namespace>) -> Self {
        let recovery = core.options.recovery.clone();
        let recovery = recovery.map(|options| Recovery::new(options, core.new_secret()));
        Self(Arc::new(NamespaceInner {
            name: name.into(),
            core,
            parent,
            given: Mutex::default(),
            listeners: Mutex::default(),
            inhabitants: Mutex::new(Inhabitants { places: Places::default(), recovery }),
            acks: AtomicU64::new(0),
            guests: AtomicUsize::new(0),
        }))
    }

    /// Its name, which begins with `/`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(super) fn shared_name(&self) -> &Arc<str> {
        &self.0.name
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        &self.0.core
    }

    pub(super) fn is_child_of(&self, parent: &Namespace) -> bool {
        self.0.parent.as_ref().is_some_and(|other| Arc::ptr_eq(&other.0, &parent.0))
    }

    /// Those of its family, if it stands for one: what it emits goes to them.
    pub(super) fn children(&self) -> Vec<Namespace> {
        let is_family = self.name() == FAMILY;
        let io = self.core().io().filter(|_| is_family);
        io.map(|io| io.children(self)).unwrap_or_default()
    }

    /// Itself after its parent, if it has one.
    pub(super) fn lineage(&self) -> impl Iterator<Item = &Namespace> {
        self.0.parent.iter().chain([self])
    }

    // What it is given.

    /// Hears an event of all its sockets: one listener for all, where `Socket::on` makes one each.
    pub fn on<T, F>(&self, name: impl Into<Cow<'static, str>>, handler: F) -> ListenerId
    where
        T: FromArgs,
        F: Fn(&Socket, T, Ack) + Send + Sync + 'static,
    {
        lock(&self.0.listeners).add(Some(name.into()), false, now(handler))
    }

    /// The same, and takes its time; later events of the socket wait for it.
    pub fn on_async<T, F, R>(&self, name: impl Into<Cow<'static, str>>, handler: F) -> ListenerId
    where
        T: FromArgs,
        F: Fn(Socket, T, Ack) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        lock(&self.0.listeners).add(Some(name.into()), false, in_turn(handler))
    }

    /// The same, and later events of the socket do not wait: they may overtake it.
    pub fn on_detached<T, F, R>(&self, name: impl Into<Cow<'static, str>>, handler: F) -> ListenerId
    where
        T: FromArgs,
        F: Fn(Socket, T, Ack) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        lock(&self.0.listeners).add(Some(name.into()), false, detached(handler))
    }

    /// Hears all events of all its sockets.
    pub fn on_any<F>(&self, handler: F) -> ListenerId
    where
        F: Fn(&Socket, &Event) + Send + Sync + 'static,
    {
        let handler = Handler::Now(Arc::new(move |socket, event, _| handler(socket, event)));
        lock(&self.0.listeners).add(None, false, handler)
    }

    /// Takes off one listener that the namespace itself has.
    pub fn off_listener(&self, id: ListenerId) {
        let _taken_off = lock(&self.0.listeners).remove(id);
    }

    /// Takes off all listeners of an event that the namespace itself has.
    pub fn off(&self, name: &str) {
        let _taken_off = lock(&self.0.listeners).remove_named(name);
    }

    pub(super) fn hear(&self, name: &str, handlers: &mut Vec<Handler>) {
        for namespace in self.lineage() {
            lock(&namespace.0.listeners).hear(name, handlers);
        }
    }

    pub(super) fn hear_all(&self, handlers: &mut Vec<Handler>) {
        for namespace in self.lineage() {
            lock(&namespace.0.listeners).hear_all(handlers);
        }
    }

    // Whom it reaches.

    /// Emits an event to all its sockets.
    pub fn emit(&self, name: &str, args: impl ToArgs) {
        To::new(self).emit(name, args);
    }

    /// Emits an event and gathers the answers of all clients.
    pub fn timeout(&self, after: Duration) -> To<'_> {
        To::new(self).timeout(after)
    }

    /// All sockets in these rooms.
    pub fn to(&self, rooms: impl Rooms) -> To<'_> {
        To::new(self).to(rooms)
    }

    /// The same as [`Self::to`]; reads better before anything but `emit`.
    pub fn within(&self, rooms: impl Rooms) -> To<'_> {
        self.to(rooms)
    }

    /// All sockets of these users, on all their devices.
    pub fn to_users<U: Into<UserId>>(&self, users: impl IntoIterator<Item = U>) -> To<'_> {
        To::new(self).to_users(users)
    }

    /// All sockets but those in these rooms.
    pub fn except(&self, rooms: impl Rooms) -> To<'_> {
        To::new(self).except(rooms)
    }

    /// What is emitted next is dropped where the connection is not writable.
    pub fn volatile(&self) -> To<'_> {
        To::new(self).volatile()
    }

    /// What comes next is about this server's sockets only.
    pub fn local(&self) -> To<'_> {
        To::new(self).local()
    }

    /// All sockets of this server.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        To::new(self).fetch_sockets()
    }

    /// Makes all sockets join rooms.
    pub fn sockets_join(&self, rooms: impl Rooms) {
        To::new(self).sockets_join(rooms);
    }

    /// Makes all sockets leave rooms.
    pub fn sockets_leave(&self, rooms: impl Rooms) {
        To::new(self).sockets_leave(rooms);
    }

    /// Disconnects all sockets.
    pub fn disconnect_sockets(&self) {
        To::new(self).disconnect_sockets();
    }

    /// The names of all rooms, those of single sockets among them.
    #[must_use]
    pub fn rooms(&self) -> Vec<Arc<str>> {
        lock(&self.0.inhabitants).places.room_names()
    }

    // Other servers.

    /// Emits an event to the namespace of this name on all other servers.
    pub fn server_side_emit(&self, name: &str, args: impl ToArgs) {
        let Some(args) = self.core().checked_args(name, &args) else { return };
        if let Some(peers) = self.core().peers.get() {
            let (name, json) = (name.into(), args.json().into());
            let attachments = args.attachments().to_vec();
            let action = PeerAction::ServerSide { name, json, attachments };
            peers.publish(PeerMessage::new(self, &Audience::default(), action));
        }
    }

    pub(super) fn take_from_peer(&self, message: &PeerMessage) {
        let audience = message.audience();
        let event = |name: &str, json: &str, attachments: &[bytes::Bytes]| {
            let args = Args::parse(json, attachments.to_vec(), crate::event::DEPTH_LIMIT).ok()?;
            Some(Event { name: name.into(), args })
        };
        match message.action() {
            PeerAction::Emit { name, json, attachments, is_volatile } => {
                let event = event(name, json, attachments);
                event.into_iter().for_each(|event| self.broadcast(audience, event, *is_volatile));
            }
            PeerAction::Join(rooms) => self.join_all(&self.select(audience), rooms),
            PeerAction::Leave(rooms) => self.leave(&self.select(audience), rooms),
            PeerAction::Disconnect { closes } => {
                let end = if *closes { Socket::close } else { Socket::disconnect };
                self.select(audience).iter().for_each(end);
            }
            PeerAction::ServerSide { name, json, attachments } => {
                let Some(event) = event(name, json, attachments) else { return };
                let listeners = lock(&self.0.given).server_listeners.clone();
                for (_, listener) in listeners.iter().filter(|(other, _)| **other == **name) {
                    self.guarded(name, || listener(&event));
                }
            }
        }
    }

    /// Runs code that belongs to no socket; a panic in it is reported and goes no further.
    pub(super) fn guarded(&self, event: &str, run: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            self.report_panic(event);
        }
    }

    pub(super) fn report_panic(&self, event: &str) -> bool {
        let socket = SocketId::new([0; 15]);
        let (namespace, event) = (self.name().into(), event.into());
        self.core().surroundings.report(&Fault::Panic { namespace, event, socket });
        false
    }
}
