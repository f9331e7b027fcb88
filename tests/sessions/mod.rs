//! Sessions of Engine.IO and Socket.IO without a network: bytes in, bytes out, time passed in.

mod heartbeat;
mod polling;
mod upgrade;
mod carriers;
mod outbox;
mod attachments;
mod refusals;
mod goldens;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tickwire::protocol::engine_io::{Bundle, Carrier, Message, Session, Settings, Transport};

/// Between the packets of a payload.
const SEPARATOR: char = '\x1e';

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A session that began with polling at time 0; its first packet is taken.
fn polling(settings: Settings) -> Session {
    let mut session = Session::new(Arc::new(settings), "id", Transport::Polling, seconds(0));
    assert!(poll(&mut session).is_some_and(|payload| payload.starts_with("0{")));
    session
}

/// A session that began with a WebSocket at time 0; its first packet is taken.
fn websocket(settings: Settings) -> (Session, Carrier) {
    let mut session = Session::new(Arc::new(settings), "id", Transport::WebSocket, seconds(0));
    let carrier = session.carrier();
    assert!(written(&mut session, carrier)[0].starts_with("0{"));
    (session, carrier)
}

/// A message of text, and attachments behind it.
fn bundle(text: &str, attachments: &[&'static [u8]]) -> Arc<Bundle> {
    let attachments: Vec<Bytes> =
        attachments.iter().map(|bytes| Bytes::from_static(bytes)).collect();
    Arc::new(Bundle::text(format!("{}{text}", Bundle::TEXT), &attachments))
}

/// What a poll that comes now is answered with at once, if with anything.
fn poll(session: &mut Session) -> Option<String> {
    session.begin_poll().expect("a poll is taken");
    session.poll_payload()
}

/// A post with this payload; gives what it brought.
fn post<'a>(session: &mut Session, payload: &'a str, now: Duration) -> Vec<Message<'a>> {
    session.begin_post().expect("a post is taken");
    let messages = session.receive_payload(payload, now);
    session.end_post();
    messages
}

/// All that is written to a WebSocket now, packets as polling would write them.
fn written(session: &mut Session, carrier: Carrier) -> Vec<String> {
    let mut packets = Vec::new();
    while let Some(frames) = session.poll_frames(carrier) {
        packets.extend(unframed(&frames));
    }
    packets
}

/// The packets of WebSocket frames, as polling would write them.
fn unframed(mut frames: &[u8]) -> Vec<String> {
    let mut packets = Vec::new();
    while let [opcode, length, rest @ ..] = frames {
        let (length, rest) = match length {
            126 => (u16::from_be_bytes([rest[0], rest[1]]).into(), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().expect("eight")) as usize, &rest[8..]),
            length => (usize::from(*length), rest),
        };
        let (payload, rest) = rest.split_at(length);
        packets.push(match opcode {
            0x81 => String::from_utf8(payload.to_vec()).expect("text"),
            0x82 => format!("b{}", BASE64.encode(payload)),
            other => panic!("an opcode {other:#x}"),
        });
        frames = rest;
    }
    packets
}

/// The packets of a payload.
fn split(payload: &str) -> Vec<String> {
    payload.split(SEPARATOR).map(String::from).collect()
}
