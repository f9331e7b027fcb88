//! What the targets of Socket.IO and of events share: a bundle as its client gets it, the same packet
//! read again, and what holds of every packet and of all arguments that were accepted.

use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tickwire::event::{Args, Event, Value};
use tickwire::protocol::engine_io::{self, Bundle, Message, Settings, Transport};
use tickwire::protocol::socket_io::{
    Body, DecodeError, Format, Limits, Outgoing, Packet, Session, encode,
};

/// Limits as they are, and some that a short input meets.
#[must_use]
pub fn limits(choice: u8) -> Limits {
    if choice.is_multiple_of(2) {
        return Limits::default();
    }
    Limits { depth: 4, attachments: 3, attachment_bytes: 24, name_bytes: 8, ..Limits::default() }
}

/// A connection that speaks this format, over a WebSocket.
#[must_use]
pub fn session(format: Format, limits: &Limits) -> Session {
    let settings = Arc::new(Settings::default());
    let engine = engine_io::Session::new(settings, "engine", Transport::WebSocket, Duration::ZERO);
    Session::new(engine, format, Arc::new(limits.clone()))
}

/// Cuts what a server writes to a WebSocket into its messages.
#[must_use]
pub fn cut_frames(mut frames: &[u8]) -> Vec<Message<'_>> {
    let mut messages = Vec::new();
    while let [mark, length, rest @ ..] = frames {
        let (bytes, start) = match *length {
            127 => (8, &rest[..8]),
            126 => (2, &rest[..2]),
            _ => (0, std::slice::from_ref(length)),
        };
        let length = start.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        let (payload, next) = rest[bytes..].split_at(length);
        messages.push(match mark {
            0x81 => Message::Text(std::str::from_utf8(payload).expect("text is UTF-8")),
            0x82 => Message::Binary(Bytes::copy_from_slice(payload)),
            other => panic!("a server has no frame {other:#x}"),
        });
        frames = next;
    }
    assert!(frames.is_empty(), "no half of a frame");
    messages
}

/// What a client is sent for a bundle.
#[must_use]
pub fn frames(bundle: Bundle) -> Bytes {
    let mut engine = session(Format::Json, &Limits::default()).engine;
    let carrier = engine.carrier();
    engine.poll_frames(carrier).expect("it introduces itself");
    engine.send(Arc::new(bundle));
    engine.poll_frames(carrier).expect("what is sent leaves")
}

/// What becomes of a packet of the server's that comes back.
pub fn decode(
    format: Format,
    bundle: Bundle,
    limits: &Limits,
) -> Result<Option<Packet>, DecodeError> {
    let mut session = session(format, limits);
    let mut packet = None;
    for message in cut_frames(&frames(bundle)) {
        assert_eq!(packet, None, "a packet ends with its last attachment");
        let message = match message {
            Message::Text(text) => {
                Message::Text(text.strip_prefix(Bundle::TEXT).expect("a message"))
            }
            binary @ Message::Binary(_) => binary,
        };
        packet = session.receive(message, Duration::ZERO)?;
    }
    Ok(packet)
}

/// The limits are held, and both formats can carry the packet on.
pub fn check_packet(packet: &Packet, limits: &Limits) {
    assert!(packet.namespace.len() <= limits.name_bytes, "a namespace's name is bounded");
    match &packet.body {
        Body::Connect(Some(auth)) => {
            let auth: serde_json::Value = serde_json::from_str(auth).expect("JSON");
            assert!(auth.is_object(), "who a client is is an object");
        }
        Body::Connect(None) | Body::Disconnect => {}
        Body::Event { event, .. } => {
            assert!(event.name.len() <= limits.name_bytes, "an event's name is bounded");
            check_args(&event.args, limits);
        }
        Body::Ack { args, .. } => check_args(args, limits),
    }
    let Some(packet_again) = outgoing(packet) else { return };
    // Only msgpack has other namespaces, and only text has longer numbers.
    let is_plain = packet.namespace.starts_with('/') && !packet.namespace.contains(',');
    if is_plain {
        let again =
            decode(Format::Json, encode(Format::Json, &packet.namespace, &packet_again), limits);
        assert_eq!(again, Ok(Some(packet.clone())), "as text it is the same");
    }
    let is_short = !matches!(packet_again,
        Outgoing::Event { ack: Some(id), .. } | Outgoing::Ack { id, .. } if id >= 1 << 53);
    if is_short {
        let bundle = encode(Format::Msgpack, &packet.namespace, &packet_again);
        let again = decode(Format::Msgpack, bundle, limits).expect("a packet that was written");
        assert_alike(packet, &again.expect("msgpack is one message"));
    }
    check_offset(packet, limits);
}

/// The same packet as the server says it, if it can.
fn outgoing(packet: &Packet) -> Option<Outgoing<'_>> {
    match &packet.body {
        Body::Connect(_) => None,
        Body::Disconnect => Some(Outgoing::Disconnect),
        Body::Event { event, ack } => Some(Outgoing::Event { event, ack: *ack, offset: None }),
        Body::Ack { id, args } => Some(Outgoing::Ack { id: *id, args }),
    }
}

fn assert_alike(packet: &Packet, again: &Packet) {
    assert_eq!(packet.namespace, again.namespace);
    match (&packet.body, &again.body) {
        (Body::Event { event, ack }, Body::Event { event: event_again, ack: ack_again }) => {
            assert_eq!((&event.name, ack), (&event_again.name, ack_again));
            assert_same_args(&event.args, &event_again.args);
        }
        (Body::Ack { id, args }, Body::Ack { id: id_again, args: args_again }) => {
            assert_eq!(id, id_again);
            assert_same_args(args, args_again);
        }
        (body, again) => assert_eq!(body, again),
    }
}

/// What recovery puts behind an event is one more argument in both formats.
fn check_offset(packet: &Packet, limits: &Limits) {
    let Body::Event { event, .. } = &packet.body else { return };
    let outgoing = Outgoing::Event { event, ack: None, offset: Some("\"7") };
    for format in [Format::Json, Format::Msgpack] {
        let again = decode(format, encode(format, "/", &outgoing), limits);
        let Ok(Some(Packet { body: Body::Event { event: again, .. }, .. })) = again else {
            panic!("{again:?} for an event with an offset");
        };
        assert_same_args(&event.args.with_text("\"7"), &again.args);
    }
}

/// What holds of arguments that came from outside.
pub fn check_args(args: &Args, limits: &Limits) {
    assert!(args.attachments().len() <= limits.attachments, "attachments are bounded");
    let bytes: usize = args.attachments().iter().map(Bytes::len).sum();
    assert!(bytes <= limits.attachment_bytes, "their bytes are bounded");
    assert_eq!(args.bytes(), args.json().len() + bytes);
    let values = args.values().expect("arguments that were accepted are values");
    let values = Value::Array(values);
    let mut binaries = 0;
    let depth = measure(&values, &mut binaries);
    assert!(depth <= limits.depth, "{depth} deep");
    assert_eq!(binaries, args.attachments().len(), "an attachment has one place");
    let again = Event::new("e", &values).expect("values can be written").args;
    assert!(same(&values, &again.to().expect("what was written can be read")));
}

/// How deep a value is nested; counts its binary values.
fn measure(value: &Value, binaries: &mut usize) -> usize {
    match value {
        Value::Array(values) => {
            1 + values.iter().map(|value| measure(value, binaries)).max().unwrap_or(0)
        }
        Value::Object(entries) => {
            1 + entries.iter().map(|(_, value)| measure(value, binaries)).max().unwrap_or(0)
        }
        Value::Binary(_) => {
            *binaries += 1;
            0
        }
        _ => 0,
    }
}

fn assert_same_args(args: &Args, again: &Args) {
    let values = [args, again].map(|args| Value::Array(args.values().expect("values")));
    assert!(same(&values[0], &values[1]), "{args:?} became {again:?}");
}

/// Whether values are the same to JavaScript, to which 1.0 is 1.
#[must_use]
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|((left_name, left), (right_name, right))| {
                    left_name == right_name && same(left, right)
                })
        }
        (left, right) => left == right,
    }
}
