//! Packets that are put together from text and what follows it.

use super::*;
use tickwire::event::Value;
use tickwire::prelude::Random;
use tickwire::protocol::socket_io::{Body, DecodeError, Format, Limits, Packet, Session};

pub(super) fn session(format: Format, limits: Limits) -> Session {
    Session::new(websocket(Settings::default()).0, format, Arc::new(limits))
}

fn json() -> Session {
    session(Format::Json, Limits::default())
}

fn text(session: &mut Session, text: &str) -> Result<Option<Packet>, DecodeError> {
    session.receive(Message::Text(text), seconds(1))
}

fn bytes(session: &mut Session, bytes: &[u8]) -> Result<Option<Packet>, DecodeError> {
    session.receive(Message::Binary(Bytes::copy_from_slice(bytes)), seconds(1))
}

#[test]
fn a_packet_is_complete_with_its_last_attachment() {
    let mut session = json();
    let placeholder = |index| format!(r#"{{"_placeholder":true,"num":{index}}}"#);
    let packet = format!(r#"52-/chat,7["pic",{},{{"a":{}}}]"#, placeholder(1), placeholder(0));
    assert_eq!(text(&mut session, &packet), Ok(None));
    assert_eq!(bytes(&mut session, b"one"), Ok(None));
    let packet = bytes(&mut session, b"two").unwrap().expect("it is complete");
    assert_eq!(&*packet.namespace, "/chat");
    let Body::Event { event, ack } = packet.body else { panic!("an event") };
    assert_eq!((&*event.name, ack), ("pic", Some(7)));
    assert_eq!(event.args.attachments(), [&b"one"[..], b"two"]);
    let (first, second): (Bytes, Value) = event.args.to().unwrap();
    assert_eq!((&first[..], second.get("a")), (&b"two"[..], Some(&Value::Binary("one".into()))));
    assert!(text(&mut session, r#"2["next"]"#).unwrap().is_some(), "all is as before");

    assert_eq!(text(&mut session, &format!("61-3[{}]", placeholder(0))), Ok(None));
    let packet = bytes(&mut session, b"").unwrap().expect("it is complete");
    let Body::Ack { id, args } = packet.body else { panic!("an answer") };
    assert_eq!((id, args.attachments().len()), (3, 1));
}

#[test]
fn attachments_are_counted_weighed_and_timed() {
    let limits = Limits { attachments: 2, attachment_bytes: 10, ..Limits::default() };
    let mut session = session(Format::Json, limits);
    assert_eq!(text(&mut session, r#"53-["a"]"#), Err(DecodeError::AttachmentCount(2)));
    let two = r#"52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    assert_eq!(text(&mut session, two), Ok(None));
    assert_eq!(bytes(&mut session, b"12345"), Ok(None));
    assert!(bytes(&mut session, b"67890").unwrap().is_some(), "ten are not too many");
    assert_eq!(text(&mut session, two), Ok(None));
    assert_eq!(bytes(&mut session, b"12345"), Ok(None));
    assert_eq!(bytes(&mut session, b"678901"), Err(DecodeError::AttachmentBytes(10)));
}

#[test]
fn attachments_that_do_not_come_in_time_are_waited_for_once() {
    let mut session = json();
    assert_eq!(session.poll_timeout(), seconds(25), "that of the heartbeat");
    assert_eq!(text(&mut session, r#"51-["a",{"_placeholder":true,"num":0}]"#), Ok(None));
    assert_eq!(session.poll_timeout(), seconds(11));
    assert_eq!(session.handle_timeout(seconds(11) - millis(1)), Ok(()));
    assert_eq!(session.handle_timeout(seconds(11)), Err(DecodeError::AttachmentsLate));
    assert!(session.poll_timeout() > seconds(11), "the clock is not asked for ever");
    assert_eq!(session.handle_timeout(seconds(12)), Ok(()));
}

#[test]
fn an_attachment_does_not_prolong_the_wait_for_the_next() {
    let mut session = json();
    let two = r#"52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
    assert_eq!(text(&mut session, two), Ok(None));
    let one = Message::Binary(Bytes::from_static(b"1"));
    assert_eq!(session.receive(one, seconds(10)), Ok(None));
    assert_eq!(session.poll_timeout(), seconds(11));
    assert!(session.receive(Message::Binary(Bytes::new()), seconds(10)).unwrap().is_some());
    assert_eq!(session.poll_timeout(), seconds(25));
}

#[test]
fn the_engines_time_passes_within_that_of_the_packets() {
    let (engine, carrier) = websocket(Settings::default());
    let mut session = Session::new(engine, Format::Json, Arc::default());
    assert_eq!(session.handle_timeout(seconds(25)), Ok(()));
    assert_eq!(written(&mut session.engine, carrier), ["2"]);
    assert_eq!(session.poll_timeout(), seconds(45));
}

#[test]
fn text_and_bytes_come_only_where_they_belong() {
    let mut session = json();
    assert_eq!(bytes(&mut session, b"stray"), Err(DecodeError::UnexpectedBinary));
    assert_eq!(text(&mut session, r#"51-["a",{"_placeholder":true,"num":0}]"#), Ok(None));
    assert_eq!(text(&mut session, r#"2["b"]"#), Err(DecodeError::MissingBinary));
}

#[test]
fn binary_comes_by_polling_as_by_websocket() {
    let mut session = Session::new(polling(Settings::default()), Format::Json, Arc::default());
    let payload = "451-[\"pic\",{\"_placeholder\":true,\"num\":0}]\x1ebAQID";
    let messages = post(&mut session.engine, payload, seconds(1));
    let mut packets: Vec<_> =
        messages.into_iter().flat_map(|m| session.receive(m, seconds(1)).unwrap()).collect();
    let Some(Packet { body: Body::Event { event, .. }, .. }) = packets.pop() else {
        panic!("an event")
    };
    assert_eq!(event.args.to::<Bytes>().unwrap(), [1, 2, 3][..]);
}

/// Whatever is said after it, a session answers with packets or an error and never holds more than
/// it may.
#[test]
fn no_nonsense_makes_a_session_panic() {
    let pieces = [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "6",
        "7",
        "-",
        "1-",
        "2-",
        "/",
        "/chat",
        ",",
        "12",
        "[",
        "]",
        "{",
        "}",
        "\"a\"",
        "\"",
        "null",
        ":",
        "é",
        "_placeholder",
        "{\"_placeholder\":true,\"num\":0}",
        "99999999999999999",
        " ",
        "\\u0000",
        "\u{1e}",
    ];
    crate::simulation::for_seeds(3000, |seed| {
        let mut random = Random::from_seed(seed);
        let format = if random.one_in(2) { Format::Json } else { Format::Msgpack };
        let mut session = session(format, Limits { depth: 3, ..Limits::default() });
        for _ in 0..20 {
            let length = random.below(8);
            let said: String =
                (0..length).map(|_| *random.pick(&pieces).expect("there are some")).collect();
            let raw: Vec<u8> = (0..random.below(12)).map(|_| random.below(256) as u8).collect();
            let result = match random.below(3) {
                0 => text(&mut session, &said),
                1 => bytes(&mut session, said.as_bytes()),
                _ => bytes(&mut session, &raw),
            };
            if let Ok(Some(packet)) = result {
                assert!(packet.namespace.len() <= 256);
            }
        }
    });
}
