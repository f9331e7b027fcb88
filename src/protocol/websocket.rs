//! WebSocket frames as a server writes them: unmasked, in one piece, a header of 2 to 10 bytes.
//!
//! Written here and not by the library that reads, so that a packet for many is framed once.

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// UTF-8 text.
    Text = 1,
    /// Bytes.
    Binary = 2,
    /// The end, with a code and a reason.
    Close = 8,
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
        assert_eq!(close(CloseCode::TooBig, "no"), [0x88, 4, 0x03, 0xf1, b'n', b'o']);
        assert_eq!(close(CloseCode::Policy, &"ä".repeat(99)).len(), 2 + 2 + 122);
    }
}
