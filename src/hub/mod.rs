//! Events and rooms, with the words and the semantics of Socket.IO: `on`, `emit`, `to`, `except`,
//! `join`, `leave`, acknowledgements, namespaces.
//!
//! ```text
//! Io ── Namespace ── rooms ── Socket ── Link ── Outlet (a connection, outside)
//! ```
//!
//! The hub has no threads, clocks or chance of its own: it is given its [`Surroundings`]. It calls
//! nobody's code while it holds a lock. Locks are taken in one order: namespace, socket, connection.
//!
//! The handlers of one socket run in the order in which its events arrived, one after the other.

mod io;
mod namespace;
mod given;
mod inhabit;
mod rooms;
mod audience;
mod socket;
mod hearing;
mod emit;
mod mailbox;
mod listeners;
mod middleware;
mod acks;
mod reply;
mod recovery;
mod timers;
mod parcel;
mod link;
mod peers;

pub use acks::{Ack, AckError, Partial};
pub use audience::{Rooms, To};
pub use emit::Emit;
pub use io::Io;
pub use link::{Link, Opening, Outlet, Return, Violation};
pub use listeners::ListenerId;
pub use middleware::Refused;
pub use namespace::{Namespace, RoomChange};
pub use parcel::{Letter, Parcel};
pub use peers::{PeerMessage, Peers};
pub use reply::Reply;
pub use socket::{Handshake, Socket, WeakSocket};

use crate::event::ArgsError;
use crate::ids::SocketId;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Work that the surroundings carry on with.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the hub is given: time, chance, somebody who carries on with its tasks, and an ear.
pub trait Surroundings: Send + Sync + 'static {
    /// Time since the server started.
    fn now(&self) -> Duration;
    /// Fills the bytes so that nobody can guess them.
    fn fill(&self, bytes: &mut [u8]);
    /// Carries on with a task.
    fn spawn(&self, task: Task);
    /// [`Io::handle_timeout`] is to be called then, or earlier.
    fn wake_at(&self, at: Duration);
    /// Hears what went wrong.
    fn report(&self, fault: &Fault);
}

/// A limit that was met: what went past it was not done.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("limit met: {0}")]
pub struct LimitMet(&'static str);

/// What went wrong without harm to anyone else.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Fault {
    /// A handler panicked: a bug in it.
    #[error("a handler of `{event}` panicked in {namespace} for socket {socket}")]
    Panic {
        /// The namespace.
        namespace: String,
        /// The event whose handler it was.
        event: String,
        /// Whose event.
        socket: SocketId,
    },
    /// A client's arguments are not what the handler takes.
    #[error("socket {socket} sent arguments that no handler of `{event}` takes: {error}")]
    Args {
        /// The event.
        event: String,
        /// Whose.
        socket: SocketId,
        /// Why not.
        error: ArgsError,
    },
    /// Something could not be emitted: a bug in the server's code.
    #[error("`{event}` was not emitted: {error}")]
    Emit {
        /// The event.
        event: String,
        /// Why not.
        error: ArgsError,
    },
    /// A limit was met; what went past it was not done.
    #[error("limit met: {0}")]
    Limit(&'static str),
}

/// How much one client may make the hub hold, and how the hub behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubOptions {
    /// A connection that has not joined a namespace after this long is closed.
    pub connect_timeout: Duration,
    /// A connection is in at most this many namespaces.
    pub namespaces: usize,
    /// A socket is in at most this many rooms.
    pub rooms: usize,
    /// A room's name has at most this many bytes.
    pub room_bytes: usize,
    /// A socket has at most this many listeners.
    pub listeners: usize,
    /// A socket owes at most this many acknowledgements.
    pub acks: usize,
    /// At most this many events of a connection wait for handlers; then it is not read from, unless it
    /// owes an answer. One that goes on all the same is cut at eight times as much.
    pub waiting_events: usize,
    /// At most this many bytes of such events.
    pub waiting_bytes: usize,
    /// An event has at most this many attachments: what clients take.
    pub attachments: usize,
    /// A broadcast waits so long for acknowledgements if nothing else is said.
    pub ack_timeout: Duration,
    /// Whether a dynamic namespace goes when its last socket leaves. Its handlers are its parent's,
    /// so nothing is lost but what was given to this one alone.
    pub cleans_empty_namespaces: bool,
    /// What is kept for those who lost their connection; `None`: nothing.
    pub recovery: Option<RecoveryOptions>,
}

/// What is kept for those who lost their connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryOptions {
    /// For how long.
    pub keeps: Duration,
    /// At most this many events of a namespace.
    pub events: usize,
    /// At most this many bytes of a namespace's events.
    pub bytes: usize,
    /// At most this many sockets of a namespace.
    pub sockets: usize,
    /// Whether those who come back are asked by middleware again.
    pub asks_middleware: bool,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(45),
            namespaces: 64,
            rooms: 1024,
            room_bytes: 256,
            listeners: 1024,
            acks: 1024,
            waiting_events: 256,
            waiting_bytes: 1 << 20,
            attachments: 10,
            ack_timeout: Duration::from_secs(10),
            cleans_empty_namespaces: true,
            recovery: None,
        }
    }
}

impl Default for RecoveryOptions {
    fn default() -> Self {
        Self {
            keeps: Duration::from_secs(120),
            events: 10_000,
            bytes: 16 << 20,
            sockets: 10_000,
            asks_middleware: false,
        }
    }
}

/// Locks; a panic elsewhere poisons nothing here, because no code of others runs under a lock.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
