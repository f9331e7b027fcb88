//! Packets byte by byte, as `socket.io-parser` 4.2 and `socket.io-msgpack-parser` 3.0 write them.

use super::attachments::session;
use super::*;
use tickwire::event::{Args, Event, ToArgs, Value};
use tickwire::protocol::socket_io::{Body, Format, Limits, Outgoing, Packet, encode};

/// The bytes that hexadecimal digits stand for.
pub(super) fn bytes_of(hex: &str) -> Bytes {
    let digits: Vec<u8> =
        hex.chars().map(|digit| digit.to_digit(16).expect("a digit") as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// What a client of this format is written.
fn packets(format: Format, namespace: &str, packet: &Outgoing<'_>) -> Vec<String> {
    let (mut session, carrier) = websocket(Settings::default());
    session.send(Arc::new(encode(format, namespace, packet)));
    written(&mut session, carrier)
}

#[track_caller]
fn check(namespace: &str, packet: &Outgoing<'_>, json: &[&str], msgpack: &str) {
    assert_eq!(packets(Format::Json, namespace, packet), json);
    let expected = format!("b{}", BASE64.encode(bytes_of(msgpack)));
    assert_eq!(packets(Format::Msgpack, namespace, packet), [expected], "{}", json[0]);
}

fn plain(event: &Event) -> Outgoing<'_> {
    Outgoing::Event { event, ack: None, offset: None }
}

fn event(name: &str, args: impl ToArgs) -> Event {
    Event::new(name, args).expect("it can be sent")
}

#[test]
fn who_comes_in_is_told_its_id_and_its_secret() {
    check(
        "/",
        &Outgoing::Connect { sid: "abc", pid: None },
        &[r#"40{"sid":"abc"}"#],
        "83a47479706500a36e7370a12fa46461746181a3736964a3616263",
    );
    check(
        "/chat",
        &Outgoing::Connect { sid: "abc", pid: Some("xyz") },
        &[r#"40/chat,{"sid":"abc","pid":"xyz"}"#],
        "83a47479706500a36e7370a52f63686174a46461746182a3736964a3616263a3706964a378797a",
    );
}

#[test]
fn who_does_not_is_told_why() {
    check(
        "/",
        &Outgoing::ConnectError { message: "no \"way\"", data: None },
        &[r#"44{"message":"no \"way\""}"#],
        "83a47479706504a36e7370a12fa46461746181a76d657373616765a86e6f202277617922",
    );
    check(
        "/chat",
        &Outgoing::ConnectError { message: "no", data: Some(r#"{"code":7}"#) },
        &[r#"44/chat,{"message":"no","data":{"code":7}}"#],
        "83a47479706504a36e7370a52f63686174a46461746182a76d657373616765a26e6fa46461746181a4636f646507",
    );
}

#[test]
fn who_goes_is_told_so() {
    check("/", &Outgoing::Disconnect, &["41"], "82a47479706501a36e7370a12f");
    let msgpack = "82a47479706501a36e7370a52f63686174";
    check("/chat", &Outgoing::Disconnect, &["41/chat,"], msgpack);
}

#[test]
fn events_have_a_name_arguments_a_number_and_an_offset() {
    check(
        "/",
        &plain(&event("hi", ())),
        &[r#"42["hi"]"#],
        "83a47479706502a36e7370a12fa46461746191a26869",
    );
    let args = (1, -1, 1.5, (), true, "é", Vec::<u8>::new(), serde_json::json!({}));
    check(
        "/chat",
        &Outgoing::Event { event: &event("hi", args), ack: Some(12), offset: None },
        &[r#"42/chat,12["hi",1,-1,1.5,null,true,"é",[],{}]"#],
        "84a47479706502a36e7370a52f63686174a46461746199a2686901ffcb3ff8000000000000c0c3a2c3a99080a269640c",
    );
    check(
        "/",
        &Outgoing::Event { event: &event("hi", 2), ack: None, offset: Some("o-1") },
        &[r#"42["hi",2,"o-1"]"#],
        "83a47479706502a36e7370a12fa46461746193a2686902a36f2d31",
    );
    check(
        "/",
        &Outgoing::Event { event: &event("hi", ()), ack: None, offset: Some("o") },
        &[r#"42["hi","o"]"#],
        "83a47479706502a36e7370a12fa46461746192a26869a16f",
    );
}

#[test]
fn bytes_are_attached() {
    let args = (
        Bytes::from_static(&[1, 2, 3]),
        Value::Object(vec![("a".into(), Value::Binary(Bytes::new()))]),
    );
    check(
        "/chat",
        &Outgoing::Event { event: &event("pic", args), ack: Some(0), offset: None },
        &[
            r#"452-/chat,0["pic",{"_placeholder":true,"num":0},{"a":{"_placeholder":true,"num":1}}]"#,
            "bAQID",
            "b",
        ],
        "84a47479706502a36e7370a52f63686174a46461746193a3706963c40301020381a161c400a2696400",
    );
    let args = Bytes::from_static(&[255]).to_args().unwrap();
    check(
        "/",
        &Outgoing::Ack { id: 5, args: &args },
        &[r#"461-5[{"_placeholder":true,"num":0}]"#, "b/w=="],
        "84a47479706503a36e7370a12fa46461746191c401ffa2696405",
    );
}

#[test]
fn answers_have_a_number() {
    let none = Args::default();
    let msgpack = "84a47479706503a36e7370a12fa46461746190a2696400";
    check("/", &Outgoing::Ack { id: 0, args: &none }, &["430[]"], msgpack);
    let args = serde_json::json!({"ok": true}).to_args().unwrap();
    check(
        "/chat",
        &Outgoing::Ack { id: 99, args: &args },
        &[r#"43/chat,99[{"ok":true}]"#],
        "84a47479706503a36e7370a52f63686174a4646174619181a26f6bc3a2696463",
    );
}

#[test]
fn numbers_take_as_few_bytes_as_they_need() {
    let large: (u64, u64, u64, u64, u64, u64, u64, u64, u64) =
        (127, 128, 255, 256, 65535, 65536, 4_294_967_295, 4_294_967_296, 9_007_199_254_740_991);
    check(
        "/",
        &plain(&event("n", large)),
        &[r#"42["n",127,128,255,256,65535,65536,4294967295,4294967296,9007199254740991]"#],
        "83a47479706502a36e7370a12fa4646174619aa16e7fcc80ccffcd0100cdffffce00010000ceffffffffcf00000001\
         00000000cf001fffffffffffff",
    );
    let small: (i64, i64, i64, i64, i64, i64, i64, i64) =
        (-32, -33, -128, -129, -32768, -32769, -2_147_483_648, -2_147_483_649);
    check(
        "/",
        &plain(&event("n", small)),
        &[r#"42["n",-32,-33,-128,-129,-32768,-32769,-2147483648,-2147483649]"#],
        "83a47479706502a36e7370a12fa46461746199a16ee0d0dfd080d1ff7fd18000d2ffff7fffd280000000d3ffffffff\
         7fffffff",
    );
}

fn decoded(hex: &str) -> Packet {
    let mut session = session(Format::Msgpack, Limits::default());
    let message = Message::Binary(bytes_of(hex));
    session.receive(message, seconds(1)).expect("it can be read").expect("it is whole")
}

#[test]
fn what_the_official_client_writes_in_msgpack_is_understood() {
    let packet = decoded(
        "85a47479706502a46461746199a2686901ffcb3ff8000000000000c0c3a2c3a99081a161d40000a76f7074696f6e73\
         81a8636f6d7072657373c3a269640ca36e7370a52f63686174",
    );
    let expected =
        Event::parse(r#"["hi",1,-1,1.5,null,true,"é",[],{"a":null}]"#, vec![], 9).unwrap();
    let body = Body::Event { event: expected, ack: Some(12) };
    assert_eq!(packet, Packet { namespace: "/chat".into(), body });

    let Body::Event { event, .. } =
        decoded("84a47479706502a46461746192a3706963c403010203a76f7074696f6e7381a8636f6d7072657373c3a36e7370a12f")
            .body
    else {
        panic!("an event")
    };
    assert_eq!(event.args.to::<Bytes>().unwrap(), [1, 2, 3][..]);

    let date = decoded("84a47479706503a2696400a46461746191d7000000000000000000a36e7370a12f").body;
    let args = "1970-01-01T00:00:00.000Z".to_args().unwrap();
    assert_eq!(date, Body::Ack { id: 0, args });

    let connect = decoded("83a47479706500a46461746181a5746f6b656ea178a36e7370a12f").body;
    assert_eq!(connect, Body::Connect(Some(r#"{"token":"x"}"#.into())));
    let connect = decoded("83a47479706500a464617461d40000a36e7370a52f63686174").body;
    assert_eq!(connect, Body::Connect(None));
    let leave = decoded("83a47479706501a36e7370a52f63686174a76f7074696f6e7381a8636f6d7072657373c3");
    assert_eq!(leave, Packet { namespace: "/chat".into(), body: Body::Disconnect });
}
