//! Messages that tests begin with.

use super::message::{FromClient, Hello, Joined, Secret, ToClient, Welcome};
use super::{Limits, VERSION};
use crate::event::Event;
use crate::ids::{PlayerId, Tick};
use bytes::Bytes;

pub(super) fn hello() -> FromClient<'static> {
    FromClient::Hello(Hello { software: "test", ..Hello::default() })
}

pub(super) fn welcome() -> ToClient<'static> {
    ToClient::Welcome(welcome_with("r1", false))
}

pub(super) fn welcome_with(resume: &str, resumed: bool) -> Welcome<'_> {
    Welcome {
        version: VERSION,
        socket: "s1",
        resume: Secret(resume),
        resumed,
        silence_ms: 15_000,
        now_us: 1_000_000,
    }
}

pub(super) fn joined(schema: u64) -> ToClient<'static> {
    ToClient::Joined(Joined {
        match_id: "m1",
        player: PlayerId(1),
        spectator: false,
        tick: Tick(9),
        tick_rate: 30,
        schema,
    })
}

pub(super) fn event<'a>(name: &str, offset: Option<&'a str>) -> ToClient<'a> {
    ToClient::Event { ack: None, offset, event: Event::new(name, ()).expect("no arguments") }
}

/// A packet as a client writes it, whatever the limits.
pub(super) fn say(message: &FromClient<'_>) -> Vec<u8> {
    let mut packet = Vec::new();
    message.encode(&mut packet);
    packet
}

/// A packet as a server writes it.
pub(super) fn tell(message: &ToClient<'_>) -> Bytes {
    message.to_packet(&Limits::TO_CLIENT).expect("it keeps to the limits")
}
