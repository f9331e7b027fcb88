//! All that can be set, with defaults for a public server.

use super::matches::MatchOptions;
use crate::hub::HubOptions;
use crate::protocol::engine_io::Settings;
use crate::protocol::native;
use crate::protocol::socket_io::{Format, Limits};
use ipnet::IpNet;
use std::time::Duration;

/// How a server behaves and what it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where Socket.IO is; begins and ends with `/`.
    pub path: String,
    /// Engine.IO: heartbeats, payloads, outbox.
    pub engine: Settings,
    /// Socket.IO: what a packet may be.
    pub packets: Limits,
    /// How packets are written.
    pub format: Format,
    /// Namespaces, rooms, acknowledgements, recovery.
    pub hub: HubOptions,
    /// What strangers may do.
    pub doors: DoorLimits,
    /// Pages of which origins may connect.
    pub origins: Origins,
    /// The cookie that a polling session gets, for those who balance load by it.
    pub cookie: Option<Cookie>,
    /// Where native clients are.
    pub play_path: String,
    /// What native clients may do.
    pub native: native::Limits,
    /// How matches are run.
    pub matches: MatchOptions,
    /// Whether there is only Engine.IO: what comes goes back as it came.
    pub echoes: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/socket.io/".into(),
            engine: Settings::default(),
            packets: Limits::default(),
            format: Format::default(),
            hub: HubOptions::default(),
            doors: DoorLimits::default(),
            origins: Origins::default(),
            cookie: None,
            play_path: "/play".into(),
            native: native::Limits::default(),
            matches: MatchOptions::default(),
            echoes: false,
        }
    }
}

/// What strangers may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorLimits {
    /// At most this many connections.
    pub connections: usize,
    /// At most this many connections from one address; of IPv6, from one network of 64 bits.
    pub connections_per_address: usize,
    /// Proxies in front of this server, as networks: what they say about a client's address is
    /// believed, and they may hold any number of connections and make any number of requests.
    pub trusted_proxies: Vec<IpNet>,
    /// The first request is here this long after connecting, encryption included.
    pub handshake_timeout: Duration,
    /// A connection that is kept for the next request is closed after this.
    pub idle_timeout: Duration,
    /// A request's body comes within this.
    pub body_timeout: Duration,
    /// The head of a request has at most this many bytes; at least 8192.
    pub header_bytes: usize,
    /// An answer that its client takes no byte of for so long is given up.
    pub write_timeout: Duration,
    /// An address from which so many rules were broken is not let in any more; each second forgives
    /// one. None: addresses are not judged.
    pub misdeeds: u32,
    /// A connection makes at most this many requests a second that belong to no session,
    pub requests_per_second: u32,
    /// and this many at once.
    pub requests_burst: u32,
    /// A connection sends at most this many messages a second,
    pub messages_per_second: u32,
    /// and this many at once.
    pub messages_burst: u32,
    /// A WebSocket that says goodbye is waited for this long.
    pub goodbye_timeout: Duration,
    /// Once the server is closed, those who are still there are waited for so long.
    pub closing_timeout: Duration,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            connections: 50_000,
            connections_per_address: 1024,
            trusted_proxies: Vec::new(),
            handshake_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(60),
            body_timeout: Duration::from_secs(15),
            header_bytes: 16 << 10,
            write_timeout: Duration::from_secs(30),
            misdeeds: 30,
            requests_per_second: 100,
            requests_burst: 400,
            messages_per_second: 1000,
            messages_burst: 4000,
            goodbye_timeout: Duration::from_secs(2),
            closing_timeout: Duration::from_secs(5),
        }
    }
}

/// Pages of which origins may connect. A page of the server itself always may, and so may clients
/// that are no browsers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// Only the server's own.
    #[default]
    Own,
    /// Those of these origins, such as `https://example.com`.
    These(Vec<String>),
    /// Any. Cookies are not accepted from them.
    Any,
}

/// A cookie for polling sessions. It grants nothing: the server never reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// What follows the value, such as `; Path=/; HttpOnly; SameSite=Strict`.
    pub attributes: String,
}

impl Default for Cookie {
    fn default() -> Self {
        Self { name: "io".into(), attributes: "; Path=/; HttpOnly; SameSite=Strict".into() }
    }
}
