//! A WebSocket that wants to take over from polling: it asks, is answered, and says when.

use super::Carrier;
use std::time::Duration;

/// Once the probe is answered, a pending poll is released this often, so that its client can stop.
const RELEASE_INTERVAL: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Probe {
    pub(super) carrier: Carrier,
    /// It must have taken over by then.
    pub(super) until: Duration,
    /// When a pending poll is released next; `None` until the probe was answered.
    release_at: Option<Duration>,
    /// Whether the answer has not left yet.
    owes_answer: bool,
}

impl Probe {
    pub(super) fn new(carrier: Carrier, until: Duration) -> Self {
        Self { carrier, until, release_at: None, owes_answer: false }
    }

    pub(super) fn asked(&mut self, now: Duration) {
        self.owes_answer = true;
        self.release_at = Some(now + RELEASE_INTERVAL);
    }

    pub(super) fn take_answer(&mut self) -> bool {
        std::mem::take(&mut self.owes_answer)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.release_at.unwrap_or(self.until).min(self.until)
    }

    /// Says whether a pending poll is to be released now.
    pub(super) fn is_release_due(&mut self, now: Duration) -> bool {
        let is_due = self.release_at.is_some_and(|at| at <= now);
        if is_due {
            self.release_at = Some(now + RELEASE_INTERVAL);
        }
        is_due
    }
}
