//! What is done when there are no file descriptors left.

use super::Server;
use super::accept::turn_away;
use futures_util::FutureExt;
use std::fs::File;
use std::io;
use std::time::Duration;
use tokio::net::TcpListener;

/// What keeps failing is said again after this.
const WARNED_EVERY: Duration = Duration::from_secs(60);

/// A file descriptor that is kept back: with none left, those who knock would wait for ever.
pub(super) struct Spare {
    file: Option<File>,
    warned: Option<Duration>,
}

impl Spare {
    pub(super) fn new() -> Self {
        Self { file: open_nothing(), warned: None }
    }

    /// Somebody could not be accepted: is told so, if it was for want of descriptors.
    pub(super) fn turn_away(&mut self, server: &Server, listener: &TcpListener, error: &io::Error) {
        let now = server.host().clock().now();
        if self.warned.is_none_or(|before| now >= before + WARNED_EVERY) {
            self.warned = Some(now);
            tracing::warn!("cannot accept connections: {error}; is `ulimit -n` too low?");
        }
        if self.file.take().is_some()
            && let Some(Ok((stream, _))) = listener.accept().now_or_never()
        {
            turn_away(server, &stream, "the server is full");
        }
        self.file = open_nothing();
    }
}

fn open_nothing() -> Option<File> {
    File::open("/dev/null").ok()
}
