//! A hostile packet of Socket.IO as msgpack, after a byte that chooses the limits.
#![no_main]

use bytes::Bytes;
use std::time::Duration;
use tickwire::protocol::engine_io::Message;
use tickwire::protocol::socket_io::{Body, DecodeError, Format};
use tickwire_fuzz::wire::{check_packet, limits, session};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| msgpack(bytes));

fn msgpack(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let limits = limits(*choice);
    let mut session = session(Format::Msgpack, &limits);
    let text = String::from_utf8_lossy(bytes);
    let refused = session.receive(Message::Text(&text), Duration::ZERO);
    assert_eq!(refused, Err(DecodeError::UnknownType), "msgpack is no text");
    let message = Message::Binary(Bytes::copy_from_slice(bytes));
    if let Ok(packet) = session.receive(message, Duration::ZERO) {
        let packet = packet.expect("one message is one packet");
        if let Body::Event { ack: Some(id), .. } | Body::Ack { id, .. } = packet.body {
            assert!(id < 1 << 53, "{id} is a number in JavaScript");
        }
        check_packet(&packet, &limits);
    }
}
