//! What happened how often: one number for each reason for which somebody was refused or cut.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Count {
            $($(#[$doc])* $name,)*
        }

        impl Count {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As it is written in metrics.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)*
                }
            }
        }
    };
}

counts! {
    /// Connections that were accepted.
    Accepted = "accepted",
    /// Refused: too many connections in all.
    TooManyConnections = "too_many_connections",
    /// Refused: too many connections from one address.
    TooManyFromAddress = "too_many_from_address",
    /// Refused: too many rules were broken from that address.
    Unwelcome = "unwelcome",
    /// Accepting failed, for want of file descriptors for one.
    AcceptFailed = "accept_failed",
    /// No request in time after connecting.
    SlowHandshake = "slow_handshake",
    /// A page of another origin.
    BadOrigin = "bad_origin",
    /// The hook that looks at requests said no.
    NotAllowed = "not_allowed",
    /// Requests that make no sense.
    BadRequest = "bad_request",
    /// Answers that the client did not take.
    SlowReader = "slow_reader",
    /// Bodies of requests that are too long or too slow.
    BadBody = "bad_body",
    /// Sessions that began.
    Sessions = "sessions",
    /// Sessions that ended.
    SessionsEnded = "sessions_ended",
    /// Messages that came.
    Messages = "messages",
    /// Messages past what a connection may send in a second.
    Flood = "flood",
    /// Messages that are too long.
    TooLong = "too_long",
    /// WebSockets that broke the protocol.
    BadFrames = "bad_frames",
    /// Packets that could not be read.
    BadPackets = "bad_packets",
    /// Packets where they do not belong.
    Violations = "violations",
    /// Clients that let too much wait for them.
    Overflows = "overflows",
    /// Pings that were not answered.
    PingTimeouts = "ping_timeouts",
    /// Volatile events that were dropped.
    Dropped = "volatile_dropped",
    /// Handlers that panicked.
    Panics = "panics",
    /// Arguments that no handler takes.
    BadArgs = "bad_args",
    /// Events that could not be emitted.
    NotEmitted = "not_emitted",
    /// Limits of the hub that were met.
    HubLimits = "hub_limits",
}

/// How often each happened.
pub struct Counters([AtomicU64; Count::ALL.len()]);

impl Default for Counters {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; Count::ALL.len()])
    }
}

impl Counters {
    /// It happened once more.
    pub fn add(&self, count: Count) {
        self.0[count as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How often it happened.
    #[must_use]
    pub fn get(&self, count: Count) -> u64 {
        self.0[count as usize].load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Count::ALL.iter().map(|count| (count.label(), self.get(*count)));
        f.debug_map().entries(counts.filter(|(_, count)| *count > 0)).finish()
    }
}
