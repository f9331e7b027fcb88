//! From messages to packets: text waits for its attachments, for a while.

use super::text::Head;
use super::{DecodeError, Format, Limits, Packet, msgpack};
use crate::protocol::engine_io::Message;
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

/// Puts one client's packets together.
#[derive(Debug)]
pub struct Decoder {
    format: Format,
    limits: Arc<Limits>,
    partial: Option<Box<Partial>>,
}

impl Decoder {
    /// For a client that writes like this.
    #[must_use]
    pub fn new(format: Format, limits: Arc<Limits>) -> Self {
        Self { format, limits, partial: None }
    }

    /// How the client's packets are written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Takes a message; gives the packet that it completes.
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

    /// When [`Self::handle_timeout`] is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        self.partial.as_ref().map_or(Duration::MAX, |partial| partial.until)
    }

    /// Gives up a packet whose attachments are late; that is the end of the connection.
    pub fn handle_timeout(&mut self, now: Duration) -> Result<(), DecodeError> {
        match self.partial.take_if(|partial| partial.until <= now) {
            Some(_) => Err(DecodeError::AttachmentsLate),
            None => Ok(()),
        }
    }
}
