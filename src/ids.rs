//! Typed ids: what one number means, said once.
//!
//! Ids are shown to others freely, so none of them grants anything.

use serde::{Deserialize, Serialize};
use std::fmt;

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
