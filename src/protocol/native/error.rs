//! What goes wrong between two ends of a connection. On the server each error ends the session, and
//! its last packet tells the client.

use super::order::Stage;
use super::packet::tag;
use super::refusal::Refusal;
use super::{SENTENCE_BYTES_LIMIT, VERSION};
use crate::event::ArgsError;

/// Why a session does not go on, or a message is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// A packet without bytes.
    #[error("the packet is empty")]
    Empty,
    /// No message has this tag, in this direction.
    #[error("no message begins with {0:#04x}")]
    UnknownTag(u8),
    /// Bytes that are not what the tag says.
    #[error("the body of message {0:#04x} cannot be read")]
    Malformed(u8),
    /// A number that is written with more bytes than it needs.
    #[error("message {0:#04x} has a number that is longer than it must be")]
    NotShortest(u8),
    /// Bytes behind the message.
    #[error("message {tag:#04x} has {left} bytes too many")]
    Trailing {
        /// The message's.
        tag: u8,
        /// How many bytes.
        left: usize,
    },
    /// Arguments that are none.
    #[error(transparent)]
    Args(#[from] ArgsError),
    /// Options that are not JSON.
    #[error("the options are not JSON")]
    Options,
    /// A place to look at that is nowhere.
    #[error("a place must be two finite numbers")]
    NotFinite,
    /// More bytes than the limit.
    #[error("a packet of {bytes} bytes is longer than {most}")]
    PacketTooLong {
        /// The packet's.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// A text or other bytes within a message with more than the limit.
    #[error("{what} of {bytes} bytes is longer than {most}")]
    FieldTooLong {
        /// Which one.
        what: &'static str,
        /// Its bytes.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// More attachments than the limit.
    #[error("{count} attachments are more than {most}")]
    TooManyAttachments {
        /// How many the packet says it has.
        count: u64,
        /// The limit.
        most: usize,
    },
    /// More messages than the limit.
    #[error("messages come faster than {0} in a second")]
    TooManyMessages(u32),
    /// The other side speaks another version.
    #[error("version {0} of the protocol is not spoken here, only {VERSION}")]
    UnknownVersion(u16),
    /// A message where the order has no place for it.
    #[error("message {tag:#04x} does not belong {stage}")]
    OutOfOrder {
        /// The message's.
        tag: u8,
        /// Where the connection was.
        stage: Stage,
    },
    /// A match was joined whose schema the client lacks.
    #[error("the schema {0:016x} of the match was not sent")]
    SchemaMissing(u64),
    /// Nothing came for too long.
    #[error("nothing was heard for {0} ms")]
    Silent(u32),
    /// No hello and welcome in time.
    #[error("the handshake took longer than {0} ms")]
    HandshakeTimeout(u32),
    /// The WebSocket message was text. Only the carrier can see that.
    #[error("a text message came where only binary ones go")]
    TextMessage,
    /// Too much waits to be sent.
    #[error("more than {0} bytes wait to be sent")]
    OutboxFull(usize),
    /// The session was over before.
    #[error("the session has ended")]
    Ended,
}

impl ProtocolError {
    /// What the client is told.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Empty
            | Self::UnknownTag(_)
            | Self::Malformed(_)
            | Self::NotShortest(_)
            | Self::Trailing { .. }
            | Self::Args(_)
            | Self::Options
            | Self::NotFinite => Refusal::BadPacket,
            Self::PacketTooLong { .. } | Self::FieldTooLong { .. } => Refusal::TooLong,
            Self::TooManyAttachments { .. } | Self::TooManyMessages(_) => Refusal::TooMany,
            Self::UnknownVersion(_) => Refusal::UnknownVersion,
            Self::OutOfOrder { tag: tag::JOIN, stage: Stage::Joined } => Refusal::AlreadyInMatch,
            Self::OutOfOrder { tag, stage: Stage::Free } if tag::is_of_match(*tag) => {
                Refusal::NotInMatch
            }
            Self::OutOfOrder { .. } | Self::Ended => Refusal::OutOfOrder,
            Self::SchemaMissing(_) => Refusal::Internal,
            Self::Silent(_) => Refusal::Silent,
            Self::HandshakeTimeout(_) => Refusal::HandshakeTimeout,
            Self::TextMessage => Refusal::TextMessage,
            Self::OutboxFull(_) => Refusal::OutboxFull,
        }
    }

    /// What is wrong, in a sentence that fits into a packet.
    pub(super) fn sentence(&self) -> String {
        let mut sentence = self.to_string();
        sentence.truncate(sentence.floor_char_boundary(SENTENCE_BYTES_LIMIT));
        sentence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_cut_between_letters() {
        let long = ProtocolError::Args(ArgsError::Shape(format!("x{}", "é".repeat(400))));
        assert_eq!(long.sentence().len(), SENTENCE_BYTES_LIMIT - 1);
    }
}
