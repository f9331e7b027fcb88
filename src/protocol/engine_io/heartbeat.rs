//! The server pings, the client answers: a quiet client is asked, a silent one is gone.

use std::time::Duration;

/// A ping that leaves late by more than this gives the client more time.
const LATE_MOST: Duration = Duration::from_millis(10);

/// Where the heartbeat is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heartbeat {
    /// The next ping leaves then.
    PingAt(Duration),
    /// A ping was not answered yet; after this it is too late.
    AnswerBy(Duration),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Nothing,
    Ping,
    Silent,
}

impl Heartbeat {
    pub(super) fn new(interval: Duration, now: Duration) -> Self {
        Self::PingAt(now + interval)
    }

    pub(super) fn answered(&mut self, interval: Duration, now: Duration) {
        *self = Self::PingAt(now + interval);
    }

    pub(super) fn excuse(&mut self, timeout: Duration, now: Duration) {
        if let Self::AnswerBy(by) = self {
            *by = (now + timeout).max(*by);
        }
    }

    pub(super) fn timeout(self) -> Duration {
        match self {
            Self::PingAt(at) | Self::AnswerBy(at) => at,
        }
    }

    pub(super) fn handle_timeout(&mut self, timeout: Duration, now: Duration) -> Beat {
        match *self {
            Self::PingAt(at) if at <= now => {
                *self = Self::AnswerBy(at.max(now.saturating_sub(LATE_MOST)) + timeout);
                Beat::Ping
            }
            Self::AnswerBy(by) if by <= now => Beat::Silent,
            _ => Beat::Nothing,
        }
    }
}
