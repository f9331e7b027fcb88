//! A connection of Socket.IO: the Engine.IO session and the packet that is being put together.

use super::{DecodeError, Decoder, Format, Limits, Packet};
use crate::protocol::engine_io::{self, Message};
use std::sync::Arc;
use std::time::Duration;

/// One connection of one client, with all its sockets.
#[derive(Debug)]
pub struct Session {
    /// How its packets travel.
    pub engine: engine_io::Session,
    /// How they are put together.
    pub decoder: Decoder,
}

impl Session {
    /// A connection over this Engine.IO session.
    #[must_use]
    pub fn new(engine: engine_io::Session, format: Format, limits: Arc<Limits>) -> Self {
        Self { engine, decoder: Decoder::new(format, limits) }
    }

    /// How the client's packets are written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.decoder.format()
    }

    /// Takes a message of the Engine.IO session; gives the packet that it completes.
    pub fn receive(
        &mut self,
        message: Message<'_>,
        now: Duration,
    ) -> Result<Option<Packet>, DecodeError> {
        self.decoder.receive(message, now)
    }

    /// When [`Self::handle_timeout`] is to be called, unless something else happens first.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        self.engine.poll_timeout().min(self.decoder.poll_timeout())
    }

    /// Does what is due; an error is the end of the connection.
    pub fn handle_timeout(&mut self, now: Duration) -> Result<(), DecodeError> {
        self.engine.handle_timeout(now);
        self.decoder.handle_timeout(now)
    }
}
