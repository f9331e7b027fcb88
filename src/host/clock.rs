//! The one clock: time since the server started. It never goes back.

use std::time::{Duration, Instant};

/// Tells the time since it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Default for Clock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock {
    /// Time since the server started.
    #[must_use]
    pub fn now(self) -> Duration {
        self.0.elapsed()
    }

    /// The moment of a time.
    pub(super) fn instant(self, at: Duration) -> Instant {
        self.0 + at
    }
}
