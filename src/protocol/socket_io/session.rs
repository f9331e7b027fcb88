//! A connection of Socket.IO: the Engine.IO session and the packet that is being put together.

use super::text::Head;
use super::{DecodeError, Format, Limits, Packet, msgpack};
use crate::protocol::engine_io::{self, Message};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// A packet whose attachments have not all come.
#[derive(Debug)]
struct Partial {
    head: Head,
    attachments: Vec<Bytes>,
    bytes: usize,
    until: Duration,
}

/// One connection of one client, with all its sockets.
#[derive(Debug)]
pub struct Session {
    /// How its packets travel.
    pub engine: engine_io::Session,
    format: Format,
    limits: Arc<Limits>,
    partial: Option<Box<Partial>>,
}

impl Session {
    /// A connection over this Engine.IO session.
    #[must_use]
    pub fn new(engine: engine_io::Session, format: Format, limits: Arc<Limits>) -> Self {
        Self { engine, format, limits, partial: None }
    }

    /// How the client's packets are written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Takes a message of the Engine.IO session; gives the packet that it completes.
    pub fn receive(
        &mut self,
        message: Message<'_>,
        now: Duration,
    ) -> Result<Option<Packet>, DecodeError> {
        match (self.format, message) {
            (Format::Json, Message::Text(text)) => self.receive_text(text, now),
            (Format::Json, Message::Binary(bytes)) => self.receive_attachment(bytes),
            (Format::Msgpack, Message::Binary(bytes)) => {
                msgpack::decode(&bytes, &self.limits).map(Some)
            }
            (Format::Msgpack, Message::Text(_)) => Err(DecodeError::UnknownType),
        }
    }

    fn receive_text(&mut self, text: &str, now: Duration) -> Result<Option<Packet>, DecodeError> {
        if self.partial.is_some() {
            return Err(DecodeError::MissingBinary);
        }
        let head = Head::parse(text, &self.limits)?;
        if head.attachments == 0 {
            return head.finish(Vec::new(), &self.limits).map(Some);
        }
        let until = now + self.limits.attachment_wait;
        self.partial = Some(Box::new(Partial { head, attachments: Vec::new(), bytes: 0, until }));
        Ok(None)
    }

    fn receive_attachment(&mut self, bytes: Bytes) -> Result<Option<Packet>, DecodeError> {
        let mut partial = self.partial.take().ok_or(DecodeError::UnexpectedBinary)?;
        partial.bytes += bytes.len();
        if partial.bytes > self.limits.attachment_bytes {
            return Err(DecodeError::AttachmentBytes(self.limits.attachment_bytes));
        }
        partial.attachments.push(bytes);
        if partial.attachments.len() < partial.head.attachments {
            self.partial = Some(partial);
            return Ok(None);
        }
        partial.head.finish(partial.attachments, &self.limits).map(Some)
    }

    /// When [`Self::handle_timeout`] is to be called, unless something else happens first.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        let of_partial = self.partial.as_ref().map_or(Duration::MAX, |partial| partial.until);
        self.engine.poll_timeout().min(of_partial)
    }

    /// Does what is due; an error is the end of the connection.
    pub fn handle_timeout(&mut self, now: Duration) -> Result<(), DecodeError> {
        self.engine.handle_timeout(now);
        match &self.partial {
            Some(partial) if partial.until <= now => Err(DecodeError::AttachmentsLate),
            _ => Ok(()),
        }
    }
}
