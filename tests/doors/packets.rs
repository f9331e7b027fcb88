//! Packets past what a packet may be.

use super::client::{Door, SOON, closes_with, live};
use super::wire::{TEXT, frame};
use std::time::Duration;
use tickwire::host::Count;
use tickwire::protocol::socket_io::Format;

const BINARY: u8 = 0x82;
const UNREADABLE: (u16, &str) = (1002, "the packet could not be read");

#[test]
fn a_packet_that_cannot_be_read_ends_the_connection() {
    live(async {
        let door = Door::open(|config| {
            config.packets.depth = 8;
            config.packets.name_bytes = 16;
        })
        .await;
        let deep = |depth| format!("42[\"echo\",{}{}]", "[".repeat(depth), "]".repeat(depth));
        let long = "x".repeat(17);
        let cases = [
            "42".into(),
            "42[".into(),
            "42{}".into(),
            "42[true]".into(),
            "48".into(),
            "43[]".into(),
            "4299999999999999999[\"echo\"]".into(),
            "42[\"connect\"]".into(),
            format!("42[\"{long}\"]"),
            format!("40/{long},"),
            deep(8),
            deep(300_000),
            format!("42[\"echo\"{}", ",{\"a\":[".repeat(100_000)),
        ];
        for text in cases {
            println!("{}", &text[..text.len().min(40)]);
            let said = frame(TEXT, text.as_bytes());
            closes_with(&door, &said, UNREADABLE, Count::BadPackets).await;
        }
        let (mut wire, _) = door.joined().await;
        wire.say(&deep(6)).await;
        wire.is_heard().await;
    });
}

#[test]
fn a_packet_that_is_none_of_engine_io_ends_the_connection() {
    live(async {
        let door = Door::open(|_| ()).await;
        for text in ["", "7", "nonsense", "\u{fffd}", "b!", "2"] {
            closes_with(&door, &frame(TEXT, text.as_bytes()), UNREADABLE, Count::BadPackets).await;
        }
        door.serves_others().await;
    });
}

#[test]
fn attachments_are_as_many_and_as_long_as_they_may_be() {
    live(async {
        let door = Door::open(|config| config.packets.attachment_bytes = 1000).await;
        let text = |text: &str| frame(TEXT, text.as_bytes());
        let begun = text(r#"451-["echo",{"_placeholder":true,"num":0}]"#);
        let cases = [
            text(r#"4511-["echo"]"#),
            text(r#"45100000000-["echo"]"#),
            text(r#"450-["echo"]"#),
            text(r#"45-["echo"]"#),
            [begun.clone(), frame(BINARY, &[0; 1001])].concat(),
            [begun.clone(), text(r#"42["echo"]"#)].concat(),
            [text(r#"451-["echo",{"_placeholder":true,"num":7}]"#), frame(BINARY, b"a")].concat(),
            frame(BINARY, b"nobody asked"),
        ];
        for said in cases {
            closes_with(&door, &said, UNREADABLE, Count::BadPackets).await;
        }
        let (mut wire, _) = door.joined().await;
        wire.say(r#"451-7["echo",{"_placeholder":true,"num":0}]"#).await;
        wire.write(&frame(BINARY, &[7; 1000])).await.expect("open");
        wire.read_until("461-7[").await.expect("an answer");
        assert_eq!(wire.read_frame().await.expect("bytes"), (BINARY, vec![7; 1000]));
    });
}

#[test]
fn attachments_that_never_come_are_not_waited_for() {
    live(async {
        let door = Door::open(|config| config.packets.attachment_wait = SOON).await;
        let said = frame(TEXT, br#"451-["echo",{"_placeholder":true,"num":0}]"#);
        let why = (1008, "attachments did not come in time");
        closes_with(&door, &said, why, Count::BadPackets).await;
        let (mut wire, target) = door.polling().await;
        wire.ask("POST", &target, "", "40\u{1e}451-[\"echo\"]").await;
        door.until(Count::BadPackets, 2).await;
        assert!(wire.ask("GET", &target, "", "").await.text().starts_with("40{"));
        assert_eq!(wire.ask("GET", &target, "", "").await.text(), "1");
        assert_eq!(door.count(Count::BadPackets), 2);
        door.serves_others().await;
    });
}

#[test]
fn msgpack_that_announces_more_than_it_has_ends_the_connection() {
    live(async {
        let door = Door::open(|config| config.format = Format::Msgpack).await;
        let data = |data: &[u8]| {
            let mut packet = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data".to_vec();
            packet.extend_from_slice(data);
            frame(BINARY, &packet)
        };
        let cases = [
            frame(BINARY, b""),
            frame(BINARY, b"\xc1"),
            data(b"\xdd\xff\xff\xff\xff"),
            data(b"\xdf\xff\xff\xff\xff"),
            data(b"\x92\xa4echo\xc6\xff\xff\xff\xff"),
            data(b"\x92\xa4echo\xdb\xff\xff\xff\xff"),
            data(&[0x91; 500_000]),
            frame(TEXT, br#"42["echo"]"#),
        ];
        for said in cases {
            let before = door.count(Count::BadPackets);
            let mut wire = door.websocket().await;
            wire.write(&said).await.expect("open");
            let (code, why) = wire.closed().await;
            assert_eq!((code, why.as_str()), UNREADABLE);
            door.until(Count::BadPackets, before + 1).await;
        }
    });
}

#[test]
fn who_speaks_where_it_did_not_join_is_disconnected() {
    live(async {
        let door = Door::open(|_| ()).await;
        let twice = (1008, "that namespace was joined already");
        closes_with(&door, &frame(TEXT, b"40"), twice, Count::Violations).await;
        let why = (1008, "that namespace was not joined");
        for text in ["42/other,[\"echo\"]", "41/other,", "43/other,1[]"] {
            closes_with(&door, &frame(TEXT, text.as_bytes()), why, Count::Violations).await;
        }
        door.serves_others().await;
    });
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (mut wire, _) = door.joined().await;
        for id in [0, 1, 99, u64::from(u32::MAX), 9_999_999_999_999_999] {
            wire.say(&format!("43{id}[1]")).await;
        }
        wire.is_heard().await;
        let socket = door.server.io().main().sockets().pop().expect("a socket");
        let asked = tokio::spawn(async move {
            socket.timeout(Duration::from_secs(30)).emit_with_ack("question", ()).await
        });
        wire.read_until("420[").await.expect("a question");
        wire.say("431[\"wrong\"]").await;
        wire.say("430[\"right\"]").await;
        wire.say("430[\"again\"]").await;
        let answer = asked.await.expect("no panic").expect("an answer");
        assert_eq!(answer.json(), "[\"right\"]");
        wire.is_heard().await;
    });
}
