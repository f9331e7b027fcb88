//! The shell around hub and protocols: it has the clock, the configuration and the connections.
//!
//! ```text
//! doors ──▶ Connection ──▶ protocol session ──▶ hub link ──▶ handlers
//!   ▲            │                                              │ emit
//!   └── frames ──┴────────────── outbox ◀── encoded once ◀──────┘
//! ```
//!
//! A connection is driven by whoever has something for it: a request, a WebSocket, the clock, the
//! hub. All of them meet in one short lock; nobody waits for the network under it.

mod clock;
mod config;
mod connection;
mod reception;
mod delivery;
mod counters;
mod deadlines;
mod hosting;
mod play;
pub mod settings;
pub mod matches;
pub mod metrics;
mod tokens;
pub mod users;
mod usage;
mod waiters;
mod cables;

pub use cables::NewCable;
pub use clock::Clock;
pub use config::{Config, Cookie, DoorLimits, Origins};
pub use connection::Connection;
pub use counters::{Count, Counters};
pub use hosting::{Host, NewSession, Place};
pub use play::{Matches, PlayConnection};
pub use tokens::Tokens;
pub use usage::{Usage, processor_time};

pub use crate::hub::{Io, Opening};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks; whoever panicked under it left nothing half done.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
