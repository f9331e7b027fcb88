//! What is sent at once and encoded once, whoever and however many will be sent it.

use super::packet::Part;
use crate::protocol::websocket::{Opcode, frame};
use bytes::Bytes;
use std::sync::OnceLock;

/// One message of the layer above as packets: text, then its attachments, or bytes alone.
#[derive(Debug)]
pub struct Bundle {
    parts: Vec<Part>,
    bytes: usize,
    frames: OnceLock<Bytes>,
}

impl Bundle {
    /// What the text of a message must begin with.
    pub const TEXT: &'static str = "4";

    /// A message of text, which already begins with [`Self::TEXT`], and its attachments.
    #[must_use]
    pub fn text(text: String, attachments: &[Bytes]) -> Self {
        debug_assert!(text.starts_with(Self::TEXT), "the text of a message begins with its type");
        let mut parts = vec![Part::Text(text.into())];
        parts.extend(attachments.iter().cloned().map(Part::Binary));
        Self::new(parts)
    }

    /// A message of bytes.
    #[must_use]
    pub fn binary(bytes: Bytes) -> Self {
        Self::new(vec![Part::Binary(bytes)])
    }

    fn new(parts: Vec<Part>) -> Self {
        let bytes = parts.iter().map(Part::bytes).sum();
        Self { parts, bytes, frames: OnceLock::new() }
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// All of it as WebSocket frames, made when they are first asked for.
    pub(super) fn frames(&self) -> Bytes {
        self.frames.get_or_init(|| frames(&self.parts)).clone()
    }
}

/// Packets as WebSocket frames, one after the other.
pub(super) fn frames(parts: &[Part]) -> Bytes {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.bytes() + 10).sum());
    for part in parts {
        match part {
            Part::Text(text) => frame(Opcode::Text, text.as_bytes(), &mut out),
            Part::Binary(bytes) => frame(Opcode::Binary, bytes, &mut out),
        }
    }
    out.into()
}
