//! What ends a connection: a goodbye, or one of many lies. After each the server must hang up.

use tickwire::load::wire::{CLOSE, PING, TEXT, Wire, request};
use tickwire::protocol::native::{FromClient, Hello};
use tickwire::sim::Random;

/// More messages or pings than a connection may send at once.
const FLOOD: usize = 3000;
/// Fragments of one byte that count as more than a connection may leave unfinished.
const FRAGMENTS: usize = 20_000;
/// First bytes of frames that are none.
const UNFINISHED: u8 = 0x02;
const RESERVED: u8 = 0xc2;
const UNKNOWN: u8 = 0x8b;
/// A length that no message has.
const GIANT: [u8; 8] = (1u64 << 40).to_be_bytes();

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Goodbye,
    UnknownTag,
    BadBody,
    HelloAgain,
    LongControls,
    Text,
    Unmasked,
    ReservedBit,
    UnknownFrame,
    Giant,
    Fragments,
    Flood,
    PingFlood,
    HalfFrame,
    Silence,
    HalfRequest,
    Mute,
    NoWebSocket,
}

impl Deed {
    pub(crate) const LIES: [Self; 17] = [
        Self::UnknownTag,
        Self::BadBody,
        Self::HelloAgain,
        Self::LongControls,
        Self::Text,
        Self::Unmasked,
        Self::ReservedBit,
        Self::UnknownFrame,
        Self::Giant,
        Self::Fragments,
        Self::Flood,
        Self::PingFlood,
        Self::HalfFrame,
        Self::Silence,
        Self::HalfRequest,
        Self::Mute,
        Self::NoWebSocket,
    ];

    /// Whether it is done on a connection of its own, on which nothing was said.
    pub(crate) fn is_at_door(self) -> bool {
        matches!(self, Self::HalfRequest | Self::Mute | Self::NoWebSocket)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Goodbye => "goodbye",
            Self::UnknownTag => "unknown tag",
            Self::BadBody => "bad body",
            Self::HelloAgain => "hello again",
            Self::LongControls => "long controls",
            Self::Text => "text frame",
            Self::Unmasked => "unmasked frame",
            Self::ReservedBit => "reserved bit",
            Self::UnknownFrame => "unknown frame",
            Self::Giant => "giant frame",
            Self::Fragments => "fragments",
            Self::Flood => "flood",
            Self::PingFlood => "flood of pings",
            Self::HalfFrame => "half a frame",
            Self::Silence => "silence",
            Self::HalfRequest => "half a request",
            Self::Mute => "no hello",
            Self::NoWebSocket => "no WebSocket",
        }
    }

    /// The code with which the server hangs up; 0: without any.
    fn code(self) -> u16 {
        match self {
            Self::Goodbye => 1000,
            Self::UnknownTag | Self::BadBody => 4101,
            Self::HelloAgain => 4102,
            Self::LongControls => 4103,
            Self::Text => 4107,
            Self::Unmasked | Self::ReservedBit | Self::UnknownFrame => 1002,
            Self::Giant => 1009,
            Self::Fragments => 1008,
            Self::Flood | Self::PingFlood => 4104,
            Self::HalfFrame | Self::Silence => 4105,
            Self::Mute => 4106,
            Self::HalfRequest | Self::NoWebSocket => 0,
        }
    }

    /// Whether the server may hang up like this: the network may swallow the last words.
    pub(crate) fn may_end_with(self, code: u16) -> bool {
        code == self.code() || code == 0
    }

    pub(crate) fn commit(self, wire: &mut Wire, random: &mut Random) {
        match self {
            Self::Goodbye => wire.frame(CLOSE, &1000u16.to_be_bytes()),
            Self::UnknownTag => wire.say(&noise(random, 0x10, 200)),
            // A join whose first text is longer than the packet.
            Self::BadBody => wire.say(&[&[2, 250][..], &noise(random, 0, 100)].concat()),
            Self::HelloAgain => {
                let mut packet = Vec::new();
                FromClient::Hello(Hello::default()).encode(&mut packet);
                wire.say(&packet);
            }
            Self::LongControls => {
                wire.say(&[&[4, 1, 0, 0][..], &noise(random, 0, 500), &[0; 1024]].concat());
            }
            Self::Text => wire.frame(TEXT, b"hello"),
            Self::Unmasked => wire.write(&[0x82, 1, 8]),
            Self::ReservedBit => wire.frame(RESERVED, &[8]),
            Self::UnknownFrame => wire.frame(UNKNOWN, &[]),
            Self::Giant => wire.write(&[&[0x82, 0xff][..], &GIANT].concat()),
            Self::Fragments => {
                wire.frame(UNFINISHED, b"x");
                (0..FRAGMENTS).for_each(|_| wire.frame(0, b"x"));
            }
            Self::Flood => (0..FLOOD).for_each(|_| wire.frame(0x82, &[7, 1])),
            Self::PingFlood => (0..FLOOD).for_each(|_| wire.frame(PING, b"?")),
            Self::HalfFrame => wire.write(&[0x82, 0x80 | 100, 0, 0, 0, 0, 4, 1]),
            Self::HalfRequest => {
                let request = request("/play", "soak");
                let most = request.len() as u32;
                wire.write(&request.as_bytes()[..random.below(most) as usize]);
            }
            Self::NoWebSocket => wire.write(&noise(random, 0, 2000)),
            Self::Silence => {}
            Self::Mute => wire.write(request("/play", "soak").as_bytes()),
        }
        wire.flush();
    }
}

/// So many random bytes or fewer, but for the first.
pub(crate) fn noise(random: &mut Random, first: u8, most: u32) -> Vec<u8> {
    let count = random.below(most) as usize;
    std::iter::once(first).chain((0..count).map(|_| random.bits() as u8)).collect()
}
