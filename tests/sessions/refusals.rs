//! Packets that are refused, each kind of refusal by its name.

use super::attachments::session;
use super::goldens::bytes_of;
use super::*;
use tickwire::event::ArgsError;
use tickwire::protocol::socket_io::{Body, DecodeError, Format, Limits, Packet};

fn limits() -> Limits {
    Limits { depth: 3, attachments: 2, attachment_bytes: 4, name_bytes: 12, ..Limits::default() }
}

/// What comes of messages one after the other: of the last of them.
fn receive(format: Format, messages: &[Message<'_>]) -> Result<Option<Packet>, DecodeError> {
    let mut session = session(format, limits());
    let (last, before) = messages.split_last().expect("there is a message");
    for message in before {
        assert_eq!(session.receive(message.clone(), seconds(1)), Ok(None), "{message:?}");
    }
    session.receive(last.clone(), seconds(1))
}

fn receive_text(text: &str) -> Result<Option<Packet>, DecodeError> {
    receive(Format::Json, &[Message::Text(text)])
}

fn receive_hex(hex: &str) -> Result<Option<Packet>, DecodeError> {
    receive(Format::Msgpack, &[Message::Binary(bytes_of(hex))])
}

#[test]
fn each_refusal_of_text_has_its_name() {
    let one = || DecodeError::AttachmentCount(2);
    let cases = [
        ("", DecodeError::UnknownType),
        ("7[\"a\"]", DecodeError::UnknownType),
        ("x", DecodeError::UnknownType),
        ("é", DecodeError::UnknownType),
        ("5[\"a\"]", one()),
        ("50-[\"a\"]", one()),
        ("53-[\"a\"]", one()),
        ("5-[\"a\"]", one()),
        ("5+1-[\"a\"]", one()),
        ("51.0-[\"a\"]", one()),
        ("500001-[\"a\"]", one()),
        ("51[\"a\"]", one()),
        ("6", one()),
        ("0/namespaces--", DecodeError::NameTooLong(12)),
        ("2[\"events--------\"]", DecodeError::NameTooLong(12)),
        ("212345678901234567[\"a\"]", DecodeError::BadId),
        ("3[]", DecodeError::BadId),
        ("1[]", DecodeError::BadPayload),
        ("0[]", DecodeError::BadPayload),
        ("0\"a\"", DecodeError::BadPayload),
        ("0{", DecodeError::BadPayload),
        ("0{}{}", DecodeError::BadPayload),
        ("4{\"message\":\"a\"}", DecodeError::BadPayload),
        ("2", ArgsError::NotAnArray.into()),
        ("2{}", ArgsError::NotAnArray.into()),
        ("2[\"a\"", ArgsError::NotAnArray.into()),
        ("2[\"a\"]]", ArgsError::NotAnArray.into()),
        ("31{}", ArgsError::NotAnArray.into()),
        ("2[]", ArgsError::NoName.into()),
        ("2[null]", ArgsError::NoName.into()),
        ("2[[\"a\"]]", ArgsError::NoName.into()),
        ("2[\"a\",[[[1]]]]", ArgsError::TooDeep(3).into()),
        ("0{\"a\":[[[1]]]}", ArgsError::TooDeep(3).into()),
        ("31[[[[1]]]]", ArgsError::TooDeep(3).into()),
    ];
    for (text, expected) in cases {
        assert_eq!(receive_text(text), Err(expected), "{text}");
    }
    for name in
        ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]
    {
        let text = format!("2[\"{name}\"]");
        let mut session = session(Format::Json, Limits::default());
        let received = session.receive(Message::Text(&text), seconds(1));
        assert_eq!(received, Err(DecodeError::ReservedName), "{name}");
    }
}

#[test]
fn what_stands_at_the_limit_is_let_through() {
    let cases = [
        "0/namespace--,",
        "0",
        "0{}",
        "0/a,{\"token\":\"x\"}",
        "1",
        "1/a,",
        "2[\"events------\"]",
        "2[\"a\",[[1]]]",
        "21234567890123456[\"a\"]",
        "2[7,\"numbers are names\"]",
        "3/a,0[]",
        "30",
        "2[\"connection\"]",
    ];
    for text in cases {
        assert!(matches!(receive_text(text), Ok(Some(_))), "{text}");
    }
}

#[test]
fn a_namespace_ends_at_the_comma_and_a_number_at_the_payload() {
    let cases = [
        ("2/a,12[\"b\"]", "/a", Some(12)),
        ("2/a,[\"b\"]", "/a", None),
        ("20[\"b\"]", "/", Some(0)),
        ("2/a?b=c,[\"b\"]", "/a?b=c", None),
        ("2/,[\"b\"]", "/", None),
    ];
    for (text, namespace, number) in cases {
        let packet = receive_text(text).unwrap().expect(text);
        let Body::Event { ack, .. } = packet.body else { panic!("{text} is an event") };
        assert_eq!((&*packet.namespace, ack), (namespace, number), "{text}");
    }
    assert_eq!(&*receive_text("1/chat").unwrap().expect("leaves").namespace, "/chat");
}

#[test]
fn attachments_must_be_what_the_text_announced() {
    let binary = |bytes: &'static [u8]| Message::Binary(Bytes::from_static(bytes));
    let one = Message::Text(r#"51-["a",{"_placeholder":true,"num":0}]"#);
    let cases = [
        (vec![binary(b"1")], DecodeError::UnexpectedBinary),
        (vec![one.clone(), one.clone()], DecodeError::MissingBinary),
        (vec![one, binary(b"12345")], DecodeError::AttachmentBytes(4)),
        (
            vec![Message::Text(r#"51-["a",{"_placeholder":true,"num":1}]"#), binary(b"1")],
            ArgsError::Attachments.into(),
        ),
        (vec![Message::Text(r#"51-["a"]"#), binary(b"1")], ArgsError::Attachments.into()),
        (vec![Message::Text(r#"51-["connect"]"#), binary(b"1")], ArgsError::Attachments.into()),
        (
            vec![Message::Text(r#"61-[{"_placeholder":true,"num":0}]"#), binary(b"1")],
            DecodeError::BadId,
        ),
    ];
    for (messages, expected) in cases {
        assert_eq!(receive(Format::Json, &messages), Err(expected), "{messages:?}");
    }
}

#[test]
fn each_refusal_of_msgpack_has_its_name() {
    let long = format!("83a47479706502a46461746191ad{}a36e7370a12f", "61".repeat(13));
    let binary = |count: usize, length: usize| {
        let bytes = format!("c4{length:02x}{}", "00".repeat(length)).repeat(count);
        format!("83a47479706502a4646174619{}a161{bytes}a36e7370a12f", count + 1)
    };
    let cases = [
        ("9101", DecodeError::UnknownType),
        ("80", DecodeError::BadPayload),
        ("81a36e7370a12f", DecodeError::UnknownType),
        ("82a47479706502a46461746191a161", DecodeError::BadPayload),
        ("83a47479706505a46461746191a161a36e7370a12f", DecodeError::UnknownType),
        ("83a47479706504a46461746191a161a36e7370a12f", DecodeError::UnknownType),
        ("83a47479706501a4646174619101a36e7370a12f", DecodeError::BadPayload),
        ("83a47479706500a4646174619101a36e7370a12f", DecodeError::BadPayload),
        ("83a47479706500a46461746181a161c40101a36e7370a12f", DecodeError::BadPayload),
        ("82a47479706502a36e7370a12f", DecodeError::BadPayload),
        ("83a47479706503a46461746190a36e7370a12f", DecodeError::BadId),
        ("83a47479706502a46461746190a36e7370a12f", ArgsError::NoName.into()),
        ("83a47479706502a46461746180a36e7370a12f", ArgsError::NotAnArray.into()),
        ("83a47479706502a46461746192a16191919101a36e7370a12f", ArgsError::TooDeep(3).into()),
        (&long, DecodeError::NameTooLong(12)),
        (&binary(3, 1), DecodeError::AttachmentCount(2)),
        (&binary(2, 3), DecodeError::AttachmentBytes(4)),
        ("83a47479706502a46461746191a161a36e7370a12f00", DecodeError::BadPayload),
        ("83a47479706502a46461746191a161a36e7370a1", DecodeError::BadPayload),
        ("83a47479706502a464617461ddffffffffa36e7370a12f", DecodeError::BadPayload),
        ("c1", DecodeError::BadPayload),
        ("", DecodeError::BadPayload),
        ("84a47479706502a26964ffa46461746191a161a36e7370a12f", DecodeError::BadPayload),
        (
            "84a47479706502a26964cb3ff8000000000000a46461746191a161a36e7370a12f",
            DecodeError::BadPayload,
        ),
    ];
    for (hex, expected) in cases {
        assert_eq!(receive_hex(hex), Err(expected), "{hex}");
    }
    let reserved = "83a47479706502a46461746191aa646973636f6e6e656374a36e7370a12f";
    assert_eq!(receive_hex(reserved), Err(DecodeError::ReservedName));
    let text = receive(Format::Msgpack, &[Message::Text("2[\"a\"]")]);
    assert_eq!(text, Err(DecodeError::UnknownType));
}

#[test]
fn a_refusal_says_the_numbers_that_matter() {
    let expected = [
        (DecodeError::AttachmentCount(10), "a packet has 1 to 10 attachments"),
        (DecodeError::AttachmentBytes(9), "attachments of more than 9 bytes"),
        (DecodeError::NameTooLong(8), "a name is longer than 8 bytes"),
        (ArgsError::TooDeep(7).into(), "the payload is nested deeper than 7"),
    ];
    for (error, words) in expected {
        assert_eq!(error.to_string(), words);
    }
}
