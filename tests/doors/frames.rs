//! WebSockets that break the rules of WebSockets.

use super::client::{Door, WEBSOCKET, closes_with, live};
use super::wire::{TEXT, UPGRADE, frame, header};
use tickwire::host::Count;

const TOO_LONG: (u16, &str) = (1009, "the message is too long");
const IMPROPER: (u16, &str) = (1002, "no proper WebSocket frame");
/// The first part of a text, and what follows.
const BEGUN: u8 = 0x01;
const MORE: u8 = 0x00;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

#[test]
fn a_frame_that_announces_too_much_is_refused_before_it_comes() {
    live(async {
        let door = Door::open(|_| ()).await;
        for length in [1_000_001, 1 << 40, u64::MAX >> 1] {
            closes_with(&door, &header(TEXT, length), TOO_LONG, Count::TooLong).await;
        }
        door.serves_others().await;
    });
}

#[test]
fn a_message_in_fragments_is_as_long_as_all_of_them() {
    live(async {
        let door = Door::open(|config| config.engine.max_payload = 4096).await;
        let mut said = frame(BEGUN, b"4");
        (0..4096).for_each(|_| said.extend(frame(MORE, b"x")));
        closes_with(&door, &said, TOO_LONG, Count::TooLong).await;
        door.serves_others().await;
    });
}

#[test]
fn fragments_of_nothing_do_not_go_on_for_ever() {
    live(async {
        let door = Door::open(|config| config.engine.max_payload = 4096).await;
        let mut said = frame(BEGUN, b"");
        (0..20_000).for_each(|_| said.extend(frame(MORE, b"")));
        let why = (1008, "too many fragments");
        closes_with(&door, &said, why, Count::BadFrames).await;
        door.serves_others().await;
    });
}

#[test]
fn what_is_no_proper_frame_ends_the_connection() {
    live(async {
        let door = Door::open(|_| ()).await;
        let mut unmasked = frame(TEXT, b"42[]");
        unmasked[1] &= 0x7f;
        let cases: [(&str, Vec<u8>); 9] = [
            ("text that is no UTF-8", frame(TEXT, b"42[\"\xff\xfe\"]")),
            ("text that ends within a character", frame(TEXT, b"4\xe2\x82")),
            ("no mask", unmasked),
            ("a reserved bit", frame(0xc1, b"42[]")),
            ("an unknown kind", frame(0x83, b"")),
            ("an unknown kind of control", frame(0x8b, b"")),
            ("control in fragments", frame(0x09, b"")),
            ("control that is too long", frame(PING, &[0; 126])),
            ("the rest of nothing", frame(MORE, b"")),
        ];
        for (what, said) in cases {
            println!("{what}");
            closes_with(&door, &said, IMPROPER, Count::BadFrames).await;
        }
        let mut said = frame(BEGUN, b"42");
        said.extend(frame(TEXT, b"42"));
        closes_with(&door, &said, IMPROPER, Count::BadFrames).await;
        door.serves_others().await;
    });
}

#[test]
fn control_between_fragments_is_answered_and_the_message_is_whole() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (mut wire, _) = door.joined().await;
        wire.write(&frame(BEGUN, br#"421["ec"#)).await.expect("open");
        wire.write(&frame(PING, b"here?")).await.expect("open");
        assert_eq!(wire.read_frame().await.expect("a pong"), (PONG, b"here?".to_vec()));
        wire.write(&frame(0x80, br#"ho",1]"#)).await.expect("open");
        wire.read_until("431[1]").await.expect("an answer");
    });
}

#[test]
fn no_compression_of_websockets_is_agreed_upon() {
    live(async {
        let door = Door::open(|_| ()).await;
        let mut wire = door.connect().await;
        let offer = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";
        let answer = wire.ask("GET", WEBSOCKET, &format!("{UPGRADE}{offer}"), "").await;
        assert_eq!(answer.status, 101);
        assert_eq!(answer.header("sec-websocket-extensions"), None);
        assert_eq!(answer.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    });
}

#[test]
fn a_handshake_that_is_none_is_refused() {
    live(async {
        let door = Door::open(|_| ()).await;
        let upgrade = "connection: keep-alive, Upgrade\r\nupgrade: websocket\r\n";
        let cases = [
            "sec-websocket-version: 13\r\n",
            "sec-websocket-version: 8\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "sec-websocket-version: 13\r\nsec-websocket-key: short\r\n",
        ];
        for (refused, wrong) in (1..).zip(cases) {
            let mut wire = door.connect().await;
            let answer = wire.ask("GET", WEBSOCKET, &format!("{upgrade}{wrong}"), "").await;
            assert_eq!((answer.status, answer.text()), (400, super::requests::BAD.into()));
            door.until(Count::BadRequest, refused).await;
        }
        assert_eq!(door.server.host().sessions(), 0);
    });
}
