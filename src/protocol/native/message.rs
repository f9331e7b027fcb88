//! What a client and the server say to each other.
//!
//! A message borrows its texts and raw bytes from its packet, so reading one costs no memory but the
//! arguments of an event.

use super::VERSION;
use super::refusal::Refusal;
use crate::event::{Args, Event};
use crate::ids::{PlayerId, Tick};
use bincode::{BorrowDecode, Encode};
use std::fmt;

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub enum FromClient<'a> {
    /// Who it is; the first message, and only that.
    Hello(Hello<'a>),
    /// Let me into a match. Answered by [`ToClient::Joined`] or [`ToClient::Left`].
    Join(Join<'a>),
    /// Let me out. Answered by [`ToClient::Left`].
    Leave,
    /// What the player's controls say in one tick.
    Input(Input<'a>),
    /// Something happened.
    Event {
        /// Answer with an [`ToClient::Ack`] of this id.
        ack: Option<u32>,
        /// What.
        event: Event,
    },
    /// The answer to an event.
    Ack {
        /// The id in the event.
        id: u32,
        /// The answer.
        args: Args,
    },
    /// What time is it? Answered by [`ToClient::Pong`] once it was read, with the next tick at the
    /// latest.
    Ping {
        /// When it was sent, in microseconds of the client's clock.
        sent_us: u64,
    },
    /// The client lost the thread of the stream and needs a keyframe.
    Keyframe,
    /// Where a spectator looks.
    Look {
        /// The place; finite numbers.
        at: [f32; 2],
    },
}

/// What the server says.
#[derive(Clone, Debug, PartialEq)]
pub enum ToClient<'a> {
    /// The answer to [`FromClient::Hello`].
    Welcome(Welcome<'a>),
    /// The schema of the match that the client is about to join, if it lacks it.
    Schema {
        /// The schema's hash.
        hash: u64,
        /// The schema, as JSON.
        bytes: &'a [u8],
    },
    /// The client is in a match from now on.
    Joined(Joined<'a>),
    /// The client is in no match: it left, the match ended, or it was not let in.
    Left {
        /// 0 if the client asked for it, else the code of a [`Refusal`].
        code: u16,
        /// One sentence for humans.
        reason: &'a str,
    },
    /// A packet of the stream, as it is.
    State(&'a [u8]),
    /// A packet of the stream, and which of the client's inputs is in it.
    StateAfter {
        /// The client's last input that was applied.
        applied: Applied,
        /// The packet, as it is.
        packet: &'a [u8],
    },
    /// Something happened.
    Event {
        /// Answer with an [`FromClient::Ack`] of this id.
        ack: Option<u32>,
        /// Where a client goes on that comes back.
        offset: Option<&'a str>,
        /// What.
        event: Event,
    },
    /// The answer to an event.
    Ack {
        /// The id in the event.
        id: u32,
        /// The answer.
        args: Args,
    },
    /// The answer to [`FromClient::Ping`].
    Pong(Pong),
    /// Something is wrong.
    Error {
        /// The code of a [`Refusal`], or one that is newer than this client.
        code: u16,
        /// One sentence for humans.
        sentence: &'a str,
        /// Whether the connection is closed after it.
        fatal: bool,
    },
}

/// Who a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Hello<'a> {
    /// The version it speaks; always [`VERSION`], others are refused.
    pub version: u16,
    /// Its name and version, for logs; at most 64 bytes.
    pub software: &'a str,
    /// The hash of the schema that it has already.
    pub schema: Option<u64>,
    /// Who its user is: JSON or a JWT, at most 4096 bytes.
    pub token: Option<Secret<&'a str>>,
    /// What it comes back to.
    pub resume: Option<Resume<'a>>,
}

impl Default for Hello<'_> {
    fn default() -> Self {
        Self { version: VERSION, software: "", schema: None, token: None, resume: None }
    }
}

/// What a client that was here before comes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Resume<'a> {
    /// What the last [`Welcome`] gave it; at most 64 bytes.
    pub token: Secret<&'a str>,
    /// The offset of the last event it received; at most 32 bytes.
    pub offset: Option<&'a str>,
}

/// Which match a client wants, and as what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Join<'a> {
    /// A match's id, a short code or a ticket, at most 128 bytes; empty: any open match.
    pub place: &'a str,
    /// What to call the player; at most 64 bytes.
    pub name: &'a str,
    /// The game's own options as JSON, at most 4096 bytes, or nothing.
    pub options: &'a str,
    /// Whether it only watches.
    pub spectator: bool,
    /// Whether it predicts its own entities.
    pub predicts: bool,
}

/// What a player's controls say in one tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input<'a> {
    /// The server's tick that it is meant for.
    pub tick: Tick,
    /// The tick on the player's screen, and how far on to the next, in 1/256.
    pub seen: Option<(Tick, u8)>,
    /// What the client predicts its own lanes to add up to after that tick.
    pub predicted: Option<u32>,
    /// The game's input, encoded; at most 1024 bytes.
    pub controls: &'a [u8],
}

/// Who a client is here, and how to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Welcome<'a> {
    /// The version that is spoken; always [`VERSION`].
    pub version: u16,
    /// The socket's id, which others may know; at most 128 bytes.
    pub socket: &'a str,
    /// What to come back with; a new one each time, at most 64 bytes.
    pub resume: Secret<&'a str>,
    /// Whether it goes on where it was. Then [`Joined`] or [`ToClient::Left`] follows unasked.
    pub resumed: bool,
    /// The client must send something at least this often, in milliseconds.
    pub silence_ms: u32,
    /// The server's clock, in microseconds.
    pub now_us: u64,
}

/// The match that a client is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Joined<'a> {
    /// The match's id; at most 128 bytes.
    pub match_id: &'a str,
    /// Its seat.
    pub player: PlayerId,
    /// Whether it only watches.
    pub spectator: bool,
    /// The match's last tick.
    pub tick: Tick,
    /// Ticks in a second.
    pub tick_rate: u16,
    /// The hash of the match's schema, which the client has.
    pub schema: u64,
}

/// What time it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Pong {
    /// The client's time, as it came.
    pub sent_us: u64,
    /// The server's clock, in microseconds.
    pub now_us: u64,
    /// The last tick of the client's match; 0 in none.
    pub tick: Tick,
    /// How far on to the next tick, in 1/256.
    pub phase: u8,
}

/// A client's last input that was applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The low bits of the tick it was meant for.
    pub stamp: u16,
    /// How long before it was needed it came, in 1/8 tick; negative: after.
    pub lead: i8,
}

/// Text that is not shown in logs.
#[derive(Clone, Copy, PartialEq, Eq, Encode, BorrowDecode)]
pub struct Secret<T>(pub T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl Applied {
    /// The input for a tick that came this early, in 1/8 tick; more than 16 ticks count as 16.
    #[must_use]
    pub fn new(tick: Tick, lead_eighths: i64) -> Self {
        let lead = lead_eighths.clamp(i64::from(i8::MIN), i64::from(i8::MAX));
        Self { stamp: tick.0 as u16, lead: lead as i8 }
    }

    /// The tick of that input, for a client whose newest input is for `newest`.
    #[must_use]
    pub fn tick(self, newest: Tick) -> Tick {
        let behind = (newest.0 as u16).wrapping_sub(self.stamp);
        Tick(newest.0.wrapping_sub(u32::from(behind)))
    }
}

impl ToClient<'static> {
    /// The client is in no match, for a reason.
    #[must_use]
    pub fn left(refusal: Refusal) -> Self {
        Self::Left { code: refusal.code(), reason: refusal.sentence() }
    }

    /// Something went wrong, and the connection goes on.
    #[must_use]
    pub fn complaint(refusal: Refusal) -> Self {
        Self::Error { code: refusal.code(), sentence: refusal.sentence(), fatal: false }
    }

    /// Something went wrong, and the connection is closed.
    #[must_use]
    pub fn farewell(refusal: Refusal) -> Self {
        Self::Error { code: refusal.code(), sentence: refusal.sentence(), fatal: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_low_bits_of_a_tick_are_enough_to_know_it() {
        for newest in [0, 5, 65_535, 65_536, 70_000, u32::MAX] {
            for behind in [0, 1, 200, 65_535] {
                let tick = Tick(u32::wrapping_sub(newest, behind));
                assert_eq!(Applied::new(tick, 0).tick(Tick(newest)), tick);
            }
        }
        assert_eq!(Applied::new(Tick(1), 500).lead, 127);
        assert_eq!(Applied::new(Tick(1), -500).lead, -128);
    }

    #[test]
    fn secrets_are_not_shown_in_logs() {
        let hello = Hello { token: Some(Secret("eyJhbGci")), ..Hello::default() };
        let text = format!("{:?}", FromClient::Hello(hello));
        assert!(!text.contains("eyJhbGci") && text.contains("(secret)"), "{text}");
    }
}
