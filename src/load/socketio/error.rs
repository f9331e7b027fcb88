//! Why a session of a simulated client ended although it did not wish so.

use crate::protocol::socket_io::DecodeError;

/// Why a session ended.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum LineError {
    /// The server closed it, or the namespace.
    #[error("the server closed the session")]
    Closed,
    /// The server does not want this client.
    #[error("{0}")]
    NotLetIn(String),
    /// The handshake took too long.
    #[error("the server did not let the client in in time")]
    NoWelcome,
    /// No ping came for longer than the server itself had said.
    #[error("the server did not ping")]
    Silent,
    /// Not a packet of Engine.IO.
    #[error("not a packet of Engine.IO")]
    BadPacket,
    /// Not a packet of Socket.IO.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The network takes nothing.
    #[error("more than {0} messages wait for the network")]
    Full(usize),
}
