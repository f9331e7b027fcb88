//! Engine.IO, revision 4: one connection over long-polling or a WebSocket, and from one to the other.
//!
//! A [`Session`] outlives its carriers: requests come and go, a WebSocket takes over. Whatever it is
//! told to send waits in its queue, which is bounded, and leaves once and in order over the carrier
//! of that moment. Who upgrades, who polls and who may do what when stands in `session.rs`; the two
//! clocks have a file each.

mod packet;
mod bundle;
mod queue;
mod heartbeat;
mod probe;
mod session;

pub use bundle::Bundle;
pub use packet::{Message, Packet, split_payload};
pub use session::{Carrier, Session};

use std::fmt;
use std::time::Duration;

/// How sessions behave; all that a client is told when it connects, and more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Time between a pong and the next ping, and before the first.
    pub ping_interval: Duration,
    /// A client that does not answer a ping for this long is gone.
    pub ping_timeout: Duration,
    /// A WebSocket that probes must take over within this.
    pub upgrade_timeout: Duration,
    /// A session that is being closed waits this long for its client to fetch the rest.
    pub close_timeout: Duration,
    /// A message and a polling payload from the client have at most this many bytes.
    pub max_payload: usize,
    /// A polling payload to the client has at most this many packets: what strict clients take.
    pub payload_packets: usize,
    /// A polling payload from the client has at most this many packets.
    pub payload_packets_received: usize,
    /// What waits for a client has at most this many bytes.
    pub outbox_bytes: usize,
    /// Whether polling clients are offered a WebSocket.
    pub upgrades: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(30),
            max_payload: 1_000_000,
            payload_packets: 16,
            payload_packets_received: 16_384,
            outbox_bytes: 4 << 20,
            upgrades: true,
        }
    }
}

/// The way a session travels now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// HTTP long-polling.
    Polling,
    /// A WebSocket.
    WebSocket,
}

impl Transport {
    /// As clients call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The connection was closed by the client or lost.
    TransportClose,
    /// The client broke the rules of the transport.
    TransportError,
    /// A ping was not answered.
    PingTimeout,
    /// A packet could not be read.
    ParseError,
    /// The server closed it.
    ForcedClose,
    /// More waited for the client than may.
    Overflow,
}

impl CloseReason {
    /// As handlers of `disconnect` are told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::Overflow => "outbox overflow",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a request is refused: the numbers and words that clients know.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// Neither `polling` nor `websocket`.
    #[error("Transport unknown")]
    UnknownTransport = 0,
    /// No such session, or no longer.
    #[error("Session ID unknown")]
    UnknownSession = 1,
    /// A session begins with GET.
    #[error("Bad handshake method")]
    BadHandshakeMethod = 2,
    /// Not now, or not like that.
    #[error("Bad request")]
    BadRequest = 3,
    /// The server does not want this client.
    #[error("Forbidden")]
    Forbidden = 4,
    /// Not revision 4.
    #[error("Unsupported protocol version")]
    UnsupportedVersion = 5,
}

impl Refusal {
    /// The body of the answer.
    #[must_use]
    pub fn to_json(self) -> String {
        format!("{{\"code\":{},\"message\":\"{self}\"}}", self as u8)
    }
}
