//! The native protocol: what a client that knows Tickwire speaks, over binary WebSocket messages.
//!
//! A packet is one tag byte and a body, and there is exactly one packet for each message: what was
//! decoded encodes to the same bytes. `docs/native-protocol.md` is the standard, and its examples are
//! test cases.
//!
//! | tag | from the client | | tag | to the client | |
//! |---|---|---|---|---|---|
//! | 0x01 | `Hello` | who I am | 0x81 | `Welcome` | who you are here |
//! | 0x02 | `Join` | let me into a match | 0x82 | `Schema` | what lanes the match has |
//! | 0x03 | `Leave` | let me out | 0x83 | `Joined` | you are in |
//! | 0x04 | `Input` | what my controls say | 0x84 | `Left` | you are in none |
//! | 0x05 | `Event` | something happened | 0x85 | `State` | what changed in a tick |
//! | 0x06 | `Ack` | to an event of yours | 0x86 | `StateAfter` | and which input it follows |
//! | 0x07 | `Ping` | what time is it? | 0x87 | `Event` | something happened |
//! | 0x08 | `Keyframe` | I lost the thread | 0x88 | `Ack` | to an event of yours |
//! | 0x09 | `Look` | where I watch | 0x89 | `Pong` | the time, and the tick |
//! | | | | 0x8a | `Error` | what is wrong |
//!
//! [`ServerSession`] and [`ClientSession`] are the two ends of a connection. Both hold one table of
//! who may say what when (`order`), so neither can drift from the other. State packets are the hot
//! path: a host writes them with [`begin_state`] straight to its outboxes, past the session.

mod message;
mod refusal;
mod error;
mod limits;
mod body;
mod packet;
mod order;
mod allowance;
mod outbox;
mod server;
mod clock;
mod client;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod standard;
#[cfg(test)]
mod crossing;

pub use client::ClientSession;
pub use error::ProtocolError;
pub use limits::{
    CONTROLS_BYTES_LIMIT, EVENT_NAME_BYTES_LIMIT, ID_BYTES_LIMIT, Limits, NAME_BYTES_LIMIT,
    OFFSET_BYTES_LIMIT, OPTIONS_BYTES_LIMIT, PACKET_BYTES_LIMIT, PLACE_BYTES_LIMIT,
    RESUME_BYTES_LIMIT, SENTENCE_BYTES_LIMIT, SOFTWARE_BYTES_LIMIT, TOKEN_BYTES_LIMIT,
};
pub use message::{
    Applied, FromClient, Hello, Input, Join, Joined, Pong, Resume, Secret, ToClient, Welcome,
};
pub use order::Stage;
pub use packet::begin_state;
pub use refusal::Refusal;
pub use server::ServerSession;

use std::time::Duration;

/// The version of the protocol that is spoken here.
pub const VERSION: u16 = 1;

/// When a session wants to be woken that waits for nothing: after 136 years.
pub const NEVER: Duration = Duration::from_secs(1 << 32);
