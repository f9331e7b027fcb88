//! `docs/native-protocol.md` against the code: its examples, tables and conversation.

use super::message::{FromClient, ToClient};
use super::order::{Order, Stage, Verdict};
use super::samples::{event, hello, joined, say, tell, welcome, welcome_with};
use super::*;
use crate::event::{Args, Event, ToArgs};
use crate::ids::{PlayerId, Tick};
use bincode::{BorrowDecode, Encode};
use bytes::Bytes;
use std::fmt::Debug;

const STANDARD: &str = include_str!("../../../docs/native-protocol.md");
const SCHEMA: u64 = 0x0123_4567_89ab_cdef;

/// The fenced blocks whose info string begins with `word`: the rest of it, and what is in them.
fn blocks(word: &str) -> Vec<(&'static str, &'static str)> {
    let parts = STANDARD.split("```").skip(1).step_by(2);
    let (blocks, word) = (parts.filter_map(|part| part.split_once('\n')), word.to_string());
    blocks.filter_map(|(info, inside)| Some((info.strip_prefix(&word)?.trim(), inside))).collect()
}

/// The bytes of each line, up to what is no byte.
fn bytes_of(lines: &str) -> Vec<u8> {
    let byte = |word: &str| u8::from_str_radix(word, 16).ok().filter(|_| word.len() == 2);
    lines.lines().flat_map(|line| line.split(' ').map_while(byte)).collect()
}

#[track_caller]
fn assert_value<'a, T>(value: T, bytes: &'a [u8])
where
    T: Encode + BorrowDecode<'a, ()> + PartialEq + Debug,
{
    let config = bincode::config::standard();
    assert_eq!(bincode::encode_to_vec(&value, config).unwrap(), bytes, "{value:?}");
    assert_eq!(bincode::borrow_decode_from_slice(bytes, config).unwrap(), (value, bytes.len()));
}

#[test]
fn each_value_is_written_as_its_example_says() {
    let mut kinds = Vec::new();
    for (info, inside) in blocks("hex") {
        let Some((kind, value)) = info.split_once(' ') else { panic!("{info}") };
        let bytes = &bytes_of(inside);
        match kind {
            "client" | "server" => continue,
            "u8" => assert_value(value.parse::<u8>().unwrap(), bytes),
            "i8" => assert_value(value.parse::<i8>().unwrap(), bytes),
            "u64" => assert_value(value.parse::<u64>().unwrap(), bytes),
            "bool" => assert_value(value.parse::<bool>().unwrap(), bytes),
            "f32" => assert_value(value.parse::<f32>().unwrap(), bytes),
            "text" => assert_value(value, bytes),
            "u32?" => assert_value(value.parse::<u32>().ok(), bytes),
            _ => panic!("{kind}"),
        }
        kinds.push(kind);
    }
    assert_eq!(kinds.len(), 13, "{kinds:?}");
}

/// What the examples of one direction say, in order.
#[track_caller]
fn assert_examples<M: Debug>(
    direction: &str,
    messages: &[M],
    encode: fn(&M, &mut Vec<u8>),
    decode: fn(&[u8]) -> String,
) {
    let examples = blocks(&format!("hex {direction}"));
    assert_eq!(examples.len(), messages.len());
    for ((name, inside), message) in examples.iter().zip(messages) {
        let (mut encoded, bytes) = (Vec::new(), bytes_of(inside));
        encode(message, &mut encoded);
        assert_eq!(encoded, bytes, "{message:?}");
        let said = decode(&bytes);
        assert_eq!(said, format!("{message:?}"));
        assert!(said.starts_with(name), "{name}: {said}");
    }
}

#[test]
fn each_message_of_the_client_is_as_its_example_says() {
    let token = Some(Secret(r#"{"id":"ann"}"#));
    let resume = Some(Resume { token: Secret("abc123"), offset: Some("41") });
    let back = Hello { software: "bot", schema: Some(SCHEMA), token, resume, ..Hello::default() };
    let options = r#"{"team":"red"}"#;
    let join = Join { place: "K7Q2", name: "Ann", options, spectator: false, predicts: true };
    let seen = Some((Tick(995), 128));
    let input =
        Input { tick: Tick(1000), seen, predicted: Some(0x1234_5678), controls: &[1, 2, 5] };
    let paint = Event::new("paint", (Bytes::from_static(&[255, 0, 128]),)).unwrap();
    let messages = [
        FromClient::Hello(Hello { software: "demo 1.0", ..Hello::default() }),
        FromClient::Hello(back),
        FromClient::Join(join),
        FromClient::Leave,
        FromClient::Input(input),
        FromClient::Event { ack: None, event: Event::new("chat", "hi").unwrap() },
        FromClient::Event { ack: Some(7), event: paint },
        FromClient::Ack { id: 42, args: true.to_args().unwrap() },
        FromClient::Ping { sent_us: 1_000_000 },
        FromClient::Keyframe,
        FromClient::Look { at: [-12.5, 0.5] },
    ];
    assert_examples("client", &messages, FromClient::encode, |bytes| {
        format!("{:?}", FromClient::decode(bytes, &Limits::default()).unwrap())
    });
}

#[test]
fn each_message_of_the_server_is_as_its_example_says() {
    let welcome = Welcome { socket: "s-173", now_us: 100_000_000, ..welcome_with("abc124", false) };
    let joined = Joined {
        match_id: "m1",
        player: PlayerId(3),
        spectator: false,
        tick: Tick(990),
        tick_rate: 30,
        schema: SCHEMA,
    };
    let pong = Pong { sent_us: 1_000_000, now_us: 100_014_160, tick: Tick(1001), phase: 64 };
    let malformed = ProtocolError::Malformed(0x02);
    let (code, sentence) = (malformed.refusal().code(), malformed.to_string());
    let event = Event::new("score", (3, 1)).unwrap();
    let messages = [
        ToClient::Welcome(welcome),
        ToClient::Schema { hash: SCHEMA, bytes: br#"{"components":[]}"# },
        ToClient::Joined(joined),
        ToClient::left(Refusal::Full),
        ToClient::State(&[0, 0]),
        ToClient::StateAfter { applied: Applied::new(Tick(1000), -3), packet: &[0, 0] },
        ToClient::Event { ack: None, offset: Some("42"), event },
        ToClient::Ack { id: 7, args: Args::default() },
        ToClient::Pong(pong),
        ToClient::Error { code, sentence: &sentence, fatal: true },
    ];
    assert_examples("server", &messages, ToClient::encode, |bytes| {
        format!("{:?}", ToClient::decode(bytes, &Limits::TO_CLIENT).unwrap())
    });
}

const STAGES: [Stage; 7] = {
    use Stage::{Free, Greeted, Joined, Joining, Leaving, Left, Opened};
    [Opened, Greeted, Free, Joining, Joined, Leaving, Left]
};

/// A row of the standard's tables: what becomes of a message in each stage.
fn row(name: &str, say: impl Fn(&mut Order) -> Result<Verdict, ProtocolError>) -> String {
    let cells = STAGES.map(|stage| {
        let mut order = Order { stage, schema: Some(7) };
        match say(&mut order) {
            Ok(Verdict::PassedOver) => "drop".into(),
            Ok(Verdict::Heard) if order.stage == stage => "=".into(),
            Ok(Verdict::Heard) => format!("{:?}", order.stage),
            Err(_) => "–".to_string(),
        }
    });
    format!("| {name} | {} |", cells.join(" | "))
}

#[test]
fn the_order_is_the_one_in_the_tables() {
    let args = Args::default;
    let input = FromClient::Input(Input::default());
    let client: [(&str, &[FromClient<'_>]); 5] = [
        ("Hello", &[hello()]),
        ("Join", &[FromClient::Join(Join::default())]),
        ("Leave", &[FromClient::Leave]),
        (
            "Input, Keyframe, Look",
            &[input, FromClient::Keyframe, FromClient::Look { at: [0.0; 2] }],
        ),
        (
            "Event, Ack, Ping",
            &[
                FromClient::Event { ack: None, event: Event::new("e", ()).unwrap() },
                FromClient::Ack { id: 1, args: args() },
                FromClient::Ping { sent_us: 1 },
            ],
        ),
    ];
    let state = ToClient::StateAfter { applied: Applied::default(), packet: b"" };
    let complaint = ToClient::complaint(Refusal::Busy);
    let pong = ToClient::Pong(Pong::default());
    let server: [(&str, &[ToClient<'_>]); 8] = [
        ("Welcome, resumed false", &[welcome()]),
        ("Welcome, resumed true", &[ToClient::Welcome(welcome_with("r", true))]),
        ("Schema", &[ToClient::Schema { hash: 1, bytes: b"" }]),
        ("Joined", &[joined(7)]),
        ("Left", &[ToClient::left(Refusal::Ended)]),
        ("State, StateAfter", &[ToClient::State(b""), state]),
        (
            "Event, Ack, Pong, Error not fatal",
            &[event("e", None), ToClient::Ack { id: 1, args: args() }, pong, complaint],
        ),
        ("Error fatal", &[ToClient::farewell(Refusal::Busy)]),
    ];
    let of_client = client.iter().flat_map(|(name, messages)| {
        messages.iter().map(|message| row(name, |order| order.client_says(message)))
    });
    let of_server = server.iter().flat_map(|(name, messages)| {
        messages.iter().map(|message| row(name, |order| order.server_says(message)))
    });
    for row in of_client.chain(of_server) {
        assert!(STANDARD.contains(&format!("\n{row}\n")), "the standard lacks\n{row}");
    }
}

#[test]
fn codes_and_limits_are_those_in_the_tables() {
    for refusal in Refusal::ALL {
        let row = format!("| {} | {refusal:?} | {} |", refusal.code(), refusal.sentence());
        assert!(STANDARD.contains(&row), "the standard lacks\n{row}");
    }
    let codes = STANDARD.lines().filter(|line| line.starts_with("| ") && line.ends_with(". |"));
    assert_eq!(codes.count(), Refusal::ALL.len());
    let limits = [
        ("software", SOFTWARE_BYTES_LIMIT),
        ("token", TOKEN_BYTES_LIMIT),
        ("resume token", RESUME_BYTES_LIMIT),
        ("offset", OFFSET_BYTES_LIMIT),
        ("place", PLACE_BYTES_LIMIT),
        ("name of a player", NAME_BYTES_LIMIT),
        ("options", OPTIONS_BYTES_LIMIT),
        ("name of an event", EVENT_NAME_BYTES_LIMIT),
        ("controls", CONTROLS_BYTES_LIMIT),
        ("id of a socket or match", ID_BYTES_LIMIT),
        ("reason, sentence", SENTENCE_BYTES_LIMIT),
        ("packet of the server", Limits::TO_CLIENT.packet_bytes),
        ("packet of the client", Limits::FROM_CLIENT.packet_bytes),
        ("attachments of the server's event", Limits::TO_CLIENT.attachments),
        ("attachments of the client's event", Limits::FROM_CLIENT.attachments),
    ];
    for (what, most) in limits {
        assert!(STANDARD.contains(&format!("\n| {what} | {most} |\n")), "{what}: {most}");
    }
}

#[test]
fn the_conversation_goes_as_it_is_told() {
    let now = Duration::from_secs(1);
    let mut server = ServerSession::new(Limits::default(), now);
    let mut client: Option<ClientSession> = None;
    let [("", conversation)] = blocks("conversation")[..] else { panic!("there is one") };
    for line in conversation.lines() {
        let packet = bytes_of(&line[2..]);
        assert!(packet.len() > 1, "{line}");
        if line.starts_with('>') {
            let message = FromClient::decode(&packet, server.limits()).unwrap();
            match (&mut client, &message) {
                (None, FromClient::Hello(hello)) => {
                    client = Some(ClientSession::new(hello, now).unwrap());
                }
                (client, message) => client.as_mut().unwrap().send(message).unwrap(),
            }
            let is_sent = client.as_mut().unwrap().poll_packet() == Some(say(&message).into());
            assert_eq!(is_sent, !line.ends_with("passed over"), "{line}");
            let is_heard = server.receive(&packet, now).unwrap().is_some();
            assert_eq!(is_heard, is_sent, "{line}");
        } else {
            let message = ToClient::decode(&packet, &Limits::TO_CLIENT).unwrap();
            server.send(&message).unwrap();
            assert_eq!(server.poll_packet(), Some(tell(&message)), "{line}");
            client.as_mut().unwrap().receive(&packet, now).unwrap();
        }
    }
    let client = client.unwrap();
    assert_eq!((client.stage(), server.stage()), (Stage::Free, Stage::Free));
}
