//! Typed ids: what one number means, said once.
//!
//! Ids are shown to others freely, so none of them grants anything.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// The number of a step of a match. Tick 0 is the match before its first step.
    Tick(u32)
}

impl Tick {
    /// A match ends before this tick: after more than a year at 128 Hz.
    pub const LIMIT: Self = Self(u32::MAX - (1 << 16));

    /// The step after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// How many ticks have passed since `earlier`; 0 if it has not come yet.
    #[must_use]
    pub fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }
}

id! {
    /// A seat in a match. Unique within its match; outlives connections.
    PlayerId(u32)
}

id! {
    /// A replicated entity, as everyone outside the match names it. Counted up from 1 and never
    /// reused within a match; 0 means no entity.
    NetId(u32)
}

id! {
    /// A side in a match. Components hidden to a team are seen by those who are on it.
    TeamId(u8)
}

/// An endpoint in a namespace, as everyone may know it. It names a session to nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId([u8; Self::LENGTH]);

impl SocketId {
    /// How many characters it has.
    pub const LENGTH: usize = 20;

    /// An id made of these bytes, which nobody could guess.
    #[must_use]
    pub fn new(random: [u8; 15]) -> Self {
        let mut id = [0; Self::LENGTH];
        let text = URL_SAFE_NO_PAD.encode_slice(random, &mut id);
        debug_assert_eq!(text, Ok(Self::LENGTH), "fifteen bytes are twenty characters");
        Self(id)
    }

    /// The id that this text would be.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        text.as_bytes().try_into().ok().map(Self)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for SocketId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A match, as everyone may know it; also the name of its room. Nobody could guess it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MatchId(pub Arc<str>);

impl fmt::Display for MatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who someone is, from a token. A user may hold several sockets, on several devices.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UserId(pub Arc<str>);

impl From<&str> for UserId {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
