//! Frames as a client sends them: masked, perhaps in fragments, cut anywhere by the network.
//!
//! Between two messages a reader keeps nothing. What it keeps of one that is not all there yet is
//! bounded by the longest message, and no length is believed before the bytes are there.

use std::fmt;
use std::ops::{ControlFlow, Range};

const HEADER_MOST: usize = 14;
const CONTROL_MOST: usize = 125;
/// Fragments and control frames between them may take so much beyond the longest message.
const OVERHEAD: usize = 64 << 10;

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// A message that should be UTF-8; whether it is, is not looked at.
    Text(&'a [u8]),
    /// A message.
    Binary(&'a [u8]),
    /// To be answered with the same bytes.
    Ping(&'a [u8]),
    /// The answer to a ping.
    Pong,
    /// The client says goodbye.
    Close,
}

/// Why a connection must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A message is longer than allowed.
    #[error("the message is too long")]
    TooLong,
    /// Fragments that never become a message.
    #[error("too many fragments")]
    Fragments,
    /// A frame as there is none.
    #[error("no proper WebSocket frame: {0}")]
    Improper(&'static str),
}

/// Reads one connection.
pub struct Reader {
    most: usize,
    /// A frame that is not all there.
    partial: Vec<u8>,
    /// Fragments so far, and whether they are text.
    message: Vec<u8>,
    fragments: Option<bool>,
    /// Bytes of frames since the last message.
    unfinished: usize,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reader with {} bytes", self.held())
    }
}

struct Frame {
    is_last: bool,
    opcode: u8,
    payload: Range<usize>,
}

impl Reader {
    /// A reader of messages of at most so many bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, partial: Vec::new(), message: Vec::new(), fragments: None, unfinished: 0 }
    }

    /// How many bytes it keeps.
    #[must_use]
    pub fn held(&self) -> usize {
        self.partial.len() + self.message.len()
    }

    /// Takes bytes as they came; `hear` is told what they are, until it breaks off: then the rest is
    /// kept and heard with the next bytes, of which there may be none.
    pub fn take(
        &mut self,
        bytes: &mut [u8],
        hear: &mut dyn FnMut(Heard<'_>) -> ControlFlow<()>,
    ) -> Result<(), FrameError> {
        if self.partial.is_empty() {
            let used = self.read(bytes, hear)?;
            if used < bytes.len() {
                self.partial = bytes[used..].to_vec();
            }
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(bytes);
        let used = self.read(&mut all, hear)?;
        if used < all.len() {
            all.drain(..used);
            self.partial = all;
        }
        Ok(())
    }

    /// Hears all frames that are there; says how many bytes they took.
    fn read(
        &mut self,
        bytes: &mut [u8],
        hear: &mut dyn FnMut(Heard<'_>) -> ControlFlow<()>,
    ) -> Result<usize, FrameError> {
        let mut used = 0;
        while let Some(frame) = self.next(&mut bytes[used..])? {
            let end = frame.payload.end;
            let goes_on = self.hear(&frame, &bytes[used..][frame.payload.clone()], hear)?;
            used += end;
            if goes_on.is_break() {
                break;
            }
        }
        Ok(used)
    }

    /// The next frame if all of it is there, unmasked.
    fn next(&self, bytes: &mut [u8]) -> Result<Option<Frame>, FrameError> {
        let Some((header, length, mask)) = self.header(bytes)? else { return Ok(None) };
        let Some(payload) = bytes.get_mut(header..header + length) else { return Ok(None) };
        unmask(payload, mask);
        let payload = header..header + length;
        Ok(Some(Frame { is_last: bytes[0] & 0x80 != 0, opcode: bytes[0] & 15, payload }))
    }

    /// How long the next frame's header and payload are, and its mask.
    fn header(&self, bytes: &[u8]) -> Result<Option<(usize, usize, [u8; 4])>, FrameError> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        let improper = |why| Err(FrameError::Improper(why));
        if first & 0x70 != 0 {
            return improper("a reserved bit");
        }
        if second & 0x80 == 0 {
            return improper("it is not masked");
        }
        let (wide, length) = match second & 0x7f {
            126 => (2, rest.first_chunk().map(|bytes| u64::from(u16::from_be_bytes(*bytes)))),
            127 => (8, rest.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))),
            length => (0, Some(u64::from(length))),
        };
        let Some(length) = length else { return Ok(None) };
        let opcode = first & 15;
        if opcode >= 8 {
            if length > CONTROL_MOST as u64 || first & 0x80 == 0 {
                return improper("a control frame that is long or in pieces");
            }
        } else if length > (self.most - self.message.len().min(self.most)) as u64 {
            return Err(FrameError::TooLong);
        }
        match opcode {
            0 if self.fragments.is_none() => improper("a fragment of nothing"),
            1 | 2 if self.fragments.is_some() => improper("a message within another"),
            0..=2 | 8..=10 => {
                let mask = rest.get(wide..).and_then(|rest| rest.first_chunk());
                Ok(mask.map(|mask| (2 + wide + 4, length as usize, *mask)))
            }
            _ => improper("an unknown kind"),
        }
    }

    fn hear(
        &mut self,
        frame: &Frame,
        payload: &[u8],
        hear: &mut dyn FnMut(Heard<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, FrameError> {
        self.unfinished += HEADER_MOST + payload.len();
        if self.unfinished > 2 * self.most + OVERHEAD {
            return Err(FrameError::Fragments);
        }
        let message = |is_text: bool, payload| {
            if is_text { Heard::Text(payload) } else { Heard::Binary(payload) }
        };
        let heard = match frame.opcode {
            8 if payload.len() == 1 => return Err(FrameError::Improper("half a closing code")),
            8 => Heard::Close,
            9 => Heard::Ping(payload),
            10 => Heard::Pong,
            opcode => {
                let is_text = self.fragments.unwrap_or(opcode == 1);
                if !frame.is_last {
                    self.message.extend_from_slice(payload);
                    self.fragments = Some(is_text);
                    return Ok(ControlFlow::Continue(()));
                }
                if self.fragments.take().is_none() {
                    self.unfinished = 0;
                    return Ok(hear(message(is_text, payload)));
                }
                let mut whole = std::mem::take(&mut self.message);
                whole.extend_from_slice(payload);
                self.unfinished = 0;
                return Ok(hear(message(is_text, &whole)));
            }
        };
        Ok(hear(heard))
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([mask, mask].concat().try_into().unwrap_or_default());
    let mut chunks = payload.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let word = u64::from_ne_bytes((&*chunk).try_into().unwrap_or_default()) ^ wide;
        chunk.copy_from_slice(&word.to_ne_bytes());
    }
    for (byte, mask) in chunks.into_remainder().iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 1000;

    /// A frame as a client sends it.
    fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0xa5, 0, 0x17, payload.len() as u8];
        let mut frame = vec![first];
        match payload.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..0x1_0000 => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                frame.push(0xff);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frame
    }

    /// What a reader hears of bytes that come in pieces of such lengths.
    fn heard(bytes: &[u8], pieces: &[usize], breaks: bool) -> Result<Vec<String>, FrameError> {
        let mut reader = Reader::new(MOST);
        let mut all = Vec::new();
        let mut hear = |heard: Heard<'_>| {
            all.push(format!("{heard:?}"));
            if breaks { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let (mut rest, mut pieces) = (bytes, pieces.iter().cycle());
        while !rest.is_empty() {
            let (piece, left) = rest.split_at((*pieces.next().unwrap()).clamp(1, rest.len()));
            reader.take(&mut piece.to_vec(), &mut hear)?;
            rest = left;
        }
        for _ in 0..if breaks { 99 } else { 0 } {
            reader.take(&mut [], &mut hear)?;
        }
        assert!(reader.held() <= 2 * MOST + HEADER_MOST);
        Ok(all)
    }

    fn frames() -> impl Strategy<Value = Vec<u8>> {
        let payload = prop::collection::vec(any::<u8>(), 0..300);
        let message = (1..=2u8, prop::collection::vec(payload, 1..4)).prop_map(|(kind, parts)| {
            let mut bytes = Vec::new();
            for (at, part) in parts.iter().enumerate() {
                let opcode = if at == 0 { kind } else { 0 };
                let last = if at + 1 == parts.len() { 0x80 } else { 0 };
                bytes.extend(sent(opcode | last, part));
                bytes.extend(sent(0x8a, &part[..part.len().min(CONTROL_MOST)]));
            }
            bytes
        });
        prop::collection::vec(message, 1..6).prop_map(|messages| messages.concat())
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_cut_the_same_is_heard(
            bytes in frames(),
            pieces in prop::collection::vec(1..200usize, 1..5),
        ) {
            let whole = heard(&bytes, &[bytes.len()], false);
            prop_assert!(whole.is_ok());
            prop_assert_eq!(&heard(&bytes, &pieces, false), &whole);
            prop_assert_eq!(&heard(&bytes, &pieces, true), &whole);
        }

        #[test]
        fn no_bytes_make_it_panic_or_keep_much(bytes in prop::collection::vec(any::<u8>(), 0..99)) {
            let _ = heard(&bytes, &[7], false);
        }
    }

    #[test]
    fn messages_are_unmasked_and_put_together() {
        let bytes = [
            sent(0x82, b"hello world"),
            sent(0x01, b"one "),
            sent(0x89, b"?"),
            sent(0x00, b""),
            sent(0x80, b"message"),
            sent(0x82, &[7; 1000]),
            sent(0x88, &[3, 0xe8]),
        ];
        let expected = [
            Heard::Binary(b"hello world"),
            Heard::Ping(b"?"),
            Heard::Text(b"one message"),
            Heard::Binary(&[7; 1000]),
            Heard::Close,
        ];
        let expected: Vec<_> = expected.iter().map(|heard| format!("{heard:?}")).collect();
        assert_eq!(heard(&bytes.concat(), &[5000], false).unwrap(), expected);
    }

    #[test]
    fn what_is_no_frame_or_too_much_ends_it() {
        let mut unmasked = sent(0x82, b"x");
        unmasked[1] = 1;
        let announced = |length: u64| [&[0x82, 0xff][..], &length.to_be_bytes()].concat();
        let improper: [Vec<u8>; 8] = [
            unmasked,
            sent(0xc2, b"x"),
            sent(0x83, b"x"),
            sent(0x80, b"x"),
            sent(0x09, b"x"),
            sent(0x89, &[0; 126]),
            sent(0x88, &[3]),
            [sent(0x02, b"x"), sent(0x82, b"x")].concat(),
        ];
        for bytes in improper {
            assert!(
                matches!(heard(&bytes, &[1], false), Err(FrameError::Improper(_))),
                "{bytes:?}"
            );
        }
        let too_long = [
            announced(1001),
            announced(u64::MAX),
            [sent(0x02, &[0; 600]), sent(0x00, &[0; 401])].concat(),
        ];
        for bytes in too_long {
            assert_eq!(heard(&bytes, &[1], false), Err(FrameError::TooLong));
        }
        let empty = [sent(0x02, b""), sent(0x00, b"").repeat(10_000)].concat();
        assert_eq!(heard(&empty, &[999], false), Err(FrameError::Fragments));
    }
}
