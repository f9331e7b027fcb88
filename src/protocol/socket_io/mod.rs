//! Socket.IO, revision 5: events, acknowledgements and namespaces over an Engine.IO session.
//!
//! A [`Session`] contains the Engine.IO session of its connection and puts packets together from
//! its messages: text as it is, binary attachments behind it, or msgpack. Outgoing packets are
//! encoded once for all who speak the same [`Format`].

mod packet;
mod text;
mod msgpack;
mod pack;
mod decoder;
mod session;

pub use decoder::Decoder;
pub use packet::{Body, Outgoing, Packet};
pub use session::Session;

use crate::event::{ArgsError, RESERVED};
use crate::protocol::engine_io::Bundle;
use std::time::Duration;

/// How packets are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// JSON with attachments behind it: what clients speak unless told otherwise.
    #[default]
    Json,
    /// One binary message of msgpack.
    Msgpack,
}

/// What a client may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// JSON and msgpack are nested at most this deep.
    pub depth: usize,
    /// A packet has at most this many attachments.
    pub attachments: usize,
    /// The attachments of a packet have at most this many bytes together.
    pub attachment_bytes: usize,
    /// Attachments come within this, or the connection is closed.
    pub attachment_wait: Duration,
    /// Names of events and namespaces have at most this many bytes.
    pub name_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: crate::event::DEPTH_LIMIT,
            attachments: 10,
            attachment_bytes: 1_000_000,
            attachment_wait: Duration::from_secs(10),
            name_bytes: 256,
        }
    }
}

/// Why a packet was refused; the connection does not survive it.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DecodeError {
    /// No packet begins like that.
    #[error("no packet has that type")]
    UnknownType,
    /// Attachments where none are, or text while they are waited for.
    #[error("binary data does not belong there")]
    UnexpectedBinary,
    /// Text came before all attachments of the packet before it.
    #[error("attachments are missing")]
    MissingBinary,
    /// More than the limit, or none where some must be.
    #[error("a packet has 1 to {0} attachments")]
    AttachmentCount(usize),
    /// Together too long.
    #[error("attachments of more than {0} bytes")]
    AttachmentBytes(usize),
    /// They did not come in time.
    #[error("attachments did not come in time")]
    AttachmentsLate,
    /// An event's or a namespace's name.
    #[error("a name is longer than {0} bytes")]
    NameTooLong(usize),
    /// A name that only the protocol itself uses.
    #[error("the name is reserved")]
    ReservedName,
    /// Its number is no number.
    #[error("an acknowledgement without a number")]
    BadId,
    /// The content does not suit the type.
    #[error("the payload does not suit the packet")]
    BadPayload,
    /// Arguments.
    #[error(transparent)]
    Args(#[from] ArgsError),
}

/// Encodes a packet, once for all who speak the format.
#[must_use]
pub fn encode(format: Format, namespace: &str, packet: &Outgoing<'_>) -> Bundle {
    match format {
        Format::Json => text::encode(namespace, packet),
        Format::Msgpack => pack::encode(namespace, packet),
    }
}

/// Refuses names of events that are too long or reserved.
fn check_name(name: &str, limits: &Limits) -> Result<(), DecodeError> {
    if name.len() > limits.name_bytes {
        return Err(DecodeError::NameTooLong(limits.name_bytes));
    }
    if RESERVED.contains(&name) { Err(DecodeError::ReservedName) } else { Ok(()) }
}
