//! Packets: one character that says what it is, and data. Binary messages are bare bytes on a
//! WebSocket and base64 after a `b` everywhere else.

use super::CloseReason;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

/// Between the packets of a payload.
const SEPARATOR: char = '\x1e';

/// What a client says, borrowed from what came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// The session is over.
    Close,
    /// A heartbeat, or the probe of a WebSocket.
    Ping(&'a str),
    /// The answer to one.
    Pong(&'a str),
    /// What the layer above is told.
    Message(Message<'a>),
    /// The WebSocket takes over.
    Upgrade,
    /// Nothing.
    Noop,
}

/// A message of the layer above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Text.
    Text(&'a str),
    /// Bytes.
    Binary(Bytes),
}

impl<'a> Packet<'a> {
    /// Reads a packet that came as text.
    pub fn parse(text: &'a str) -> Result<Self, CloseReason> {
        let mut chars = text.chars();
        let kind = chars.next().ok_or(CloseReason::ParseError)?;
        let rest = chars.as_str();
        Ok(match kind {
            '1' => Self::Close,
            '2' => Self::Ping(rest),
            '3' => Self::Pong(rest),
            '4' => Self::Message(Message::Text(rest)),
            '5' => Self::Upgrade,
            '6' => Self::Noop,
            'b' => {
                let bytes = BASE64.decode(rest).map_err(|_| CloseReason::ParseError)?;
                Self::Message(Message::Binary(bytes.into()))
            }
            _ => return Err(CloseReason::ParseError),
        })
    }
}

/// The packets of a polling payload, at most so many: one more is an error in their place.
pub fn split_payload(
    payload: &str,
    most: usize,
) -> impl Iterator<Item = Result<Packet<'_>, CloseReason>> {
    payload.split(SEPARATOR).enumerate().take(most + 1).map(move |(index, packet)| {
        if index < most { Packet::parse(packet) } else { Err(CloseReason::ParseError) }
    })
}

/// Appends a packet to a payload.
pub(super) fn append(payload: &mut String, packet: &Part) {
    if !payload.is_empty() {
        payload.push(SEPARATOR);
    }
    match packet {
        Part::Text(text) => payload.push_str(text),
        Part::Binary(bytes) => {
            payload.push('b');
            BASE64.encode_string(bytes, payload);
        }
    }
}

/// A packet on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// With the character that says what it is.
    Text(Box<str>),
    /// A binary message.
    Binary(Bytes),
}

impl Part {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// How long it is in a payload.
    pub(super) fn payload_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => 1 + bytes.len().div_ceil(3) * 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_told_by_their_first_character() {
        let cases = [
            ("1", Packet::Close),
            ("2probe", Packet::Ping("probe")),
            ("3", Packet::Pong("")),
            ("4", Packet::Message(Message::Text(""))),
            ("4é\u{1e}", Packet::Message(Message::Text("é\u{1e}"))),
            ("bAQID", Packet::Message(Message::Binary(Bytes::from_static(&[1, 2, 3])))),
            ("5", Packet::Upgrade),
            ("6", Packet::Noop),
        ];
        for (text, packet) in cases {
            assert_eq!(Packet::parse(text), Ok(packet));
        }
        for text in ["", "0", "7", "é", "b", "bAQ", "b!", "abc"] {
            let expected = if text == "b" {
                Ok(Packet::Message(Message::Binary(Bytes::new())))
            } else {
                Err(CloseReason::ParseError)
            };
            assert_eq!(Packet::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_payload_is_what_was_appended_and_no_longer_than_it_may_be() {
        let mut payload = String::new();
        append(&mut payload, &Part::Text("4a".into()));
        append(&mut payload, &Part::Binary(Bytes::from_static(&[1, 2, 3, 4])));
        append(&mut payload, &Part::Text("2".into()));
        assert_eq!(payload, "4a\u{1e}bAQIDBA==\u{1e}2");
        let packets: Vec<_> = split_payload(&payload, 3).collect();
        assert_eq!(packets.len(), 3);
        assert!(packets.iter().all(Result::is_ok));
        let packets: Vec<_> = split_payload(&payload, 2).collect();
        assert_eq!(packets[2], Err(CloseReason::ParseError));
    }
}
