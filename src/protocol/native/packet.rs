//! Messages to packets and back: the one place that knows tags and the order of fields.

use super::VERSION;
use super::body::{Body, put, put_args};
use super::error::ProtocolError;
use super::limits::{Limits, PACKET_BYTES_LIMIT};
use super::message::{Applied, FromClient, Input, ToClient};
use crate::event::Event;
use crate::ids::Tick;
use bytes::Bytes;

/// The first byte of each packet.
pub(super) mod tag {
    pub(in super::super) const HELLO: u8 = 0x01;
    pub(in super::super) const JOIN: u8 = 0x02;
    pub(in super::super) const LEAVE: u8 = 0x03;
    pub(in super::super) const INPUT: u8 = 0x04;
    pub(in super::super) const EVENT: u8 = 0x05;
    pub(in super::super) const ACK: u8 = 0x06;
    pub(in super::super) const PING: u8 = 0x07;
    pub(in super::super) const KEYFRAME: u8 = 0x08;
    pub(in super::super) const LOOK: u8 = 0x09;

    pub(in super::super) const WELCOME: u8 = 0x81;
    pub(in super::super) const SCHEMA: u8 = 0x82;
    pub(in super::super) const JOINED: u8 = 0x83;
    pub(in super::super) const LEFT: u8 = 0x84;
    pub(in super::super) const STATE: u8 = 0x85;
    pub(in super::super) const STATE_AFTER: u8 = 0x86;
    pub(in super::super) const SERVER_EVENT: u8 = 0x87;
    pub(in super::super) const SERVER_ACK: u8 = 0x88;
    pub(in super::super) const PONG: u8 = 0x89;
    pub(in super::super) const ERROR: u8 = 0x8a;

    /// Whether a client says this only in a match.
    pub(in super::super) fn is_of_match(tag: u8) -> bool {
        matches!(tag, LEAVE | INPUT | KEYFRAME | LOOK)
    }
}

/// Begins a packet of the stream in `out`: the stream's bytes are appended as they are. One that
/// names an input is a [`ToClient::StateAfter`], another a [`ToClient::State`].
pub fn begin_state(out: &mut Vec<u8>, after: Option<Applied>) {
    match after {
        None => out.push(tag::STATE),
        Some(Applied { stamp, lead }) => {
            let [low, high] = stamp.to_le_bytes();
            out.extend_from_slice(&[tag::STATE_AFTER, low, high, lead as u8]);
        }
    }
}

impl<'a> FromClient<'a> {
    /// Whether a packet is heard by the match or the clock alone, whatever it says: no handler is
    /// asked, and nothing waits for it.
    #[must_use]
    pub fn is_light(packet: &[u8]) -> bool {
        // Leaving too: whoever says so and hangs up at once has left all the same.
        let light = [tag::INPUT, tag::PING, tag::KEYFRAME, tag::LOOK, tag::LEAVE];
        packet.first().is_some_and(|tag| light.contains(tag))
    }

    /// Reads a packet; all of its bytes must be used.
    pub fn decode(packet: &'a [u8], limits: &Limits) -> Result<Self, ProtocolError> {
        let mut body = Body::open(packet, limits)?;
        let message = match body.tag {
            tag::HELLO => {
                body.check_version(VERSION)?;
                Self::Hello(body.take()?)
            }
            tag::JOIN => Self::Join(body.take()?),
            tag::LEAVE => Self::Leave,
            tag::INPUT => {
                let (tick, seen, predicted) = body.take::<(Tick, Option<(Tick, u8)>, _)>()?;
                Self::Input(Input { tick, seen, predicted, controls: body.rest() })
            }
            tag::EVENT => {
                let (ack, name) = body.take::<(_, &str)>()?;
                let event = Event { name: name.into(), args: body.args(limits)? };
                Self::Event { ack, event }
            }
            tag::ACK => Self::Ack { id: body.take()?, args: body.args(limits)? },
            tag::PING => Self::Ping { sent_us: body.take()? },
            tag::KEYFRAME => Self::Keyframe,
            tag::LOOK => Self::Look { at: body.take()? },
            tag => return Err(ProtocolError::UnknownTag(tag)),
        };
        body.end()?;
        message.check(limits)?;
        Ok(message)
    }

    /// Appends the packet to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        match self {
            Self::Hello(hello) => put(out, hello),
            Self::Join(join) => put(out, join),
            Self::Leave | Self::Keyframe => {}
            Self::Input(input) => {
                put(out, &(input.tick, input.seen, input.predicted));
                out.extend_from_slice(input.controls);
            }
            Self::Event { ack, event } => {
                put(out, &(ack, &*event.name));
                put_args(out, &event.args);
            }
            Self::Ack { id, args } => {
                put(out, id);
                put_args(out, args);
            }
            Self::Ping { sent_us } => put(out, sent_us),
            Self::Look { at } => put(out, at),
        }
    }

    /// The packet, if it keeps to the limits.
    pub fn to_packet(&self, limits: &Limits) -> Result<Bytes, ProtocolError> {
        self.check(limits)?;
        packet_of(|out| self.encode(out), limits)
    }

    pub(super) fn tag(&self) -> u8 {
        match self {
            Self::Hello(_) => tag::HELLO,
            Self::Join(_) => tag::JOIN,
            Self::Leave => tag::LEAVE,
            Self::Input(_) => tag::INPUT,
            Self::Event { .. } => tag::EVENT,
            Self::Ack { .. } => tag::ACK,
            Self::Ping { .. } => tag::PING,
            Self::Keyframe => tag::KEYFRAME,
            Self::Look { .. } => tag::LOOK,
        }
    }
}

impl<'a> ToClient<'a> {
    /// Reads a packet; all of its bytes must be used.
    pub fn decode(packet: &'a [u8], limits: &Limits) -> Result<Self, ProtocolError> {
        let mut body = Body::open(packet, limits)?;
        let message = match body.tag {
            tag::WELCOME => {
                body.check_version(VERSION)?;
                Self::Welcome(body.take()?)
            }
            tag::SCHEMA => Self::Schema { hash: body.take()?, bytes: body.rest() },
            tag::JOINED => Self::Joined(body.take()?),
            tag::LEFT => Self::Left { code: body.take()?, reason: body.take()? },
            tag::STATE => Self::State(body.rest()),
            tag::STATE_AFTER => {
                let [low, high, lead] = body.array()?;
                let stamp = u16::from_le_bytes([low, high]);
                let applied = Applied { stamp, lead: lead as i8 };
                Self::StateAfter { applied, packet: body.rest() }
            }
            tag::SERVER_EVENT => {
                let (ack, offset, name) = body.take::<(_, _, &str)>()?;
                let event = Event { name: name.into(), args: body.args(limits)? };
                Self::Event { ack, offset, event }
            }
            tag::SERVER_ACK => Self::Ack { id: body.take()?, args: body.args(limits)? },
            tag::PONG => Self::Pong(body.take()?),
            tag::ERROR => {
                let (code, sentence, fatal) = body.take()?;
                Self::Error { code, sentence, fatal }
            }
            tag => return Err(ProtocolError::UnknownTag(tag)),
        };
        body.end()?;
        message.check(limits)?;
        Ok(message)
    }

    /// Appends the packet to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::State(packet) => {
                begin_state(out, None);
                return out.extend_from_slice(packet);
            }
            Self::StateAfter { applied, packet } => {
                begin_state(out, Some(*applied));
                return out.extend_from_slice(packet);
            }
            _ => out.push(self.tag()),
        }
        match self {
            Self::Welcome(welcome) => put(out, welcome),
            Self::Schema { hash, bytes } => {
                put(out, hash);
                out.extend_from_slice(bytes);
            }
            Self::Joined(joined) => put(out, joined),
            Self::Left { code, reason } => put(out, &(code, reason)),
            Self::State(_) | Self::StateAfter { .. } => {}
            Self::Event { ack, offset, event } => {
                put(out, &(ack, offset, &*event.name));
                put_args(out, &event.args);
            }
            Self::Ack { id, args } => {
                put(out, id);
                put_args(out, args);
            }
            Self::Pong(pong) => put(out, pong),
            Self::Error { code, sentence, fatal } => put(out, &(code, sentence, fatal)),
        }
    }

    /// The packet, if it keeps to the limits. An event for many is made a packet once.
    pub fn to_packet(&self, limits: &Limits) -> Result<Bytes, ProtocolError> {
        self.check(limits)?;
        packet_of(|out| self.encode(out), limits)
    }

    pub(super) fn tag(&self) -> u8 {
        match self {
            Self::Welcome(_) => tag::WELCOME,
            Self::Schema { .. } => tag::SCHEMA,
            Self::Joined(_) => tag::JOINED,
            Self::Left { .. } => tag::LEFT,
            Self::State(_) => tag::STATE,
            Self::StateAfter { .. } => tag::STATE_AFTER,
            Self::Event { .. } => tag::SERVER_EVENT,
            Self::Ack { .. } => tag::SERVER_ACK,
            Self::Pong(_) => tag::PONG,
            Self::Error { .. } => tag::ERROR,
        }
    }
}

fn packet_of(encode: impl FnOnce(&mut Vec<u8>), limits: &Limits) -> Result<Bytes, ProtocolError> {
    let mut packet = Vec::new();
    encode(&mut packet);
    let (bytes, most) = (packet.len(), limits.packet_bytes.min(PACKET_BYTES_LIMIT));
    if bytes > most {
        return Err(ProtocolError::PacketTooLong { bytes, most });
    }
    Ok(packet.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ArgsError;

    #[track_caller]
    fn assert_refused(packet: &[u8], expected: ProtocolError) {
        assert_eq!(FromClient::decode(packet, &Limits::default()), Err(expected), "{packet:02x?}");
    }

    #[test]
    fn what_no_client_sends_is_refused() {
        use ProtocolError as Is;
        let nan = [&[tag::LOOK, 0, 0, 0, 0][..], &f32::NAN.to_le_bytes()].concat();
        let event = |rest: &[u8]| [&[tag::EVENT, 0, 1, b'e'][..], rest].concat();
        assert_refused(&[], Is::Empty);
        assert_refused(&[tag::WELCOME], Is::UnknownTag(tag::WELCOME));
        assert_refused(&[tag::LEAVE, 0], Is::Trailing { tag: tag::LEAVE, left: 1 });
        assert_refused(&[tag::PING], Is::Malformed(tag::PING));
        assert_refused(&[tag::PING, 254], Is::Malformed(tag::PING));
        assert_refused(&[tag::PING, 252, 1, 0, 0, 0], Is::NotShortest(tag::PING));
        assert_refused(&[tag::INPUT, 1, 2, 0], Is::Malformed(tag::INPUT));
        assert_refused(&[tag::INPUT, 1, 0, 1, 251, 1, 0], Is::NotShortest(tag::INPUT));
        assert_refused(&[tag::JOIN, 0, 0, 0, 2, 0], Is::Malformed(tag::JOIN));
        assert_refused(&[tag::JOIN, 0, 0, 1, b'{', 0, 0], Is::Options);
        assert_refused(&nan, Is::NotFinite);
        assert_refused(&event(b"\x02{}\0"), Is::Args(ArgsError::NotAnArray));
        assert_refused(&event(b"\x02[]\x01\0"), Is::Args(ArgsError::Attachments));
    }

    #[test]
    fn no_length_is_believed_before_its_bytes_are_there() {
        let huge = [253, 255, 255, 255, 255, 255, 255, 255, 127];
        let behind = |start: &[u8]| [start, &huge].concat();
        assert_refused(&behind(&[tag::JOIN]), ProtocolError::Malformed(tag::JOIN));
        let event = [tag::EVENT, 0, 1, b'e'];
        assert_refused(&behind(&event), ProtocolError::Malformed(tag::EVENT));
        let event = [&event[..], &[2, b'[', b']']].concat();
        let (count, most) = (i64::MAX as u64, 10);
        assert_refused(&behind(&event), ProtocolError::TooManyAttachments { count, most });
        assert_refused(&[&event[..], &[10, 0]].concat(), ProtocolError::Malformed(tag::EVENT));
        let attachment = behind(&[&event[..], &[1]].concat());
        assert_refused(&attachment, ProtocolError::Malformed(tag::EVENT));
    }

    #[test]
    fn another_version_is_refused_whatever_it_has_behind_its_number() {
        assert_refused(&[tag::HELLO, 2, 255, 255], ProtocolError::UnknownVersion(2));
        assert_refused(&[tag::HELLO, 251, 44, 1], ProtocolError::UnknownVersion(300));
        assert_refused(&[tag::HELLO, 1, 255], ProtocolError::Malformed(tag::HELLO));
        let welcome = ToClient::decode(&[tag::WELCOME, 2], &Limits::TO_CLIENT);
        assert_eq!(welcome, Err(ProtocolError::UnknownVersion(2)));
    }
}
