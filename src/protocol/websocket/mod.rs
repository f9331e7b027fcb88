//! WebSocket frames: as a server writes them, unmasked and in one piece, so that a packet for many is
//! framed once; and as it reads them, without a task or a buffer for each connection.

mod reader;

pub use reader::{FrameError, Heard, Reader};

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// UTF-8 text.
    Text = 1,
    /// Bytes.
    Binary = 2,
    /// The end, with a code and a reason.
    Close = 8,
    /// The answer to a ping.
    Pong = 10,
}

/// Why a connection is closed, as WebSocket numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCode {
    /// All is said.
    Normal,
    /// What came cannot be understood.
    Protocol,
    /// A rule was broken.
    Policy,
    /// A message is too long.
    TooBig,
    /// A reason of a protocol's own; from 4000.
    Own(u16),
}

impl CloseCode {
    /// Its number.
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Protocol => 1002,
            Self::Policy => 1008,
            Self::TooBig => 1009,
            Self::Own(number) => number,
        }
    }
}

/// Appends a frame.
pub fn frame(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    header(opcode, payload.len(), out);
    out.extend_from_slice(payload);
}

/// Appends the header of a frame whose payload of so many bytes follows.
pub fn header(opcode: Opcode, length: usize, out: &mut Vec<u8>) {
    out.push(0x80 | opcode as u8);
    match length {
        0..126 => out.push(length as u8),
        126..0x1_0000 => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

/// Room for the header of most frames.
pub const HEADER: usize = 4;

/// Makes a frame of what stands in `out` from `start` on, after [`HEADER`] bytes that are free.
pub fn seal(opcode: Opcode, start: usize, out: &mut Vec<u8>) {
    let length = out.len() - start - HEADER;
    let free = start..start + HEADER;
    match length {
        0..126 => {
            out[start + 2] = 0x80 | opcode as u8;
            out[start + 3] = length as u8;
            out.drain(start..start + 2);
        }
        126..0x1_0000 => {
            out[start] = 0x80 | opcode as u8;
            out[start + 1] = 126;
            out[start + 2..start + HEADER].copy_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            let mut head = Vec::with_capacity(10);
            header(opcode, length, &mut head);
            out.splice(free, head);
        }
    }
}

/// A closing frame.
#[must_use]
pub fn close(code: CloseCode, reason: &str) -> Vec<u8> {
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = code.number().to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    let mut out = Vec::new();
    frame(Opcode::Close, &payload, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_as_short_as_the_length_allows() {
        let cases: [(usize, &[u8]); 5] = [
            (0, &[0x82, 0]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (0xffff, &[0x82, 126, 0xff, 0xff]),
            (0x1_0000, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ];
        for (length, expected) in cases {
            let mut out = Vec::new();
            header(Opcode::Binary, length, &mut out);
            assert_eq!(out, expected);
        }
        for length in [0, 1, 125, 126, 0xffff, 0x1_0000] {
            let payload = vec![7; length];
            let mut expected = b"before".to_vec();
            frame(Opcode::Binary, &payload, &mut expected);
            let mut out = [b"before", &[0; HEADER][..], &payload].concat();
            seal(Opcode::Binary, 6, &mut out);
            assert_eq!(out, expected);
        }
        assert_eq!(close(CloseCode::TooBig, "no"), [0x88, 4, 0x03, 0xf1, b'n', b'o']);
        assert_eq!(close(CloseCode::Policy, &"ä".repeat(99)).len(), 2 + 2 + 122);
    }
}
