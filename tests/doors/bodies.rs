//! Posts that are too long, too slow, too many, or no payload.

use super::client::{Door, NEVER, SOON, live};
use super::requests::{BAD, UNKNOWN};
use super::wire::Wire;
use tickwire::host::Count;
use tokio::net::TcpStream;

/// That a session is over: whoever asks for it is told so.
async fn is_over(door: &Door, target: &str) {
    let answer = door.connect().await.ask("GET", target, "", "").await;
    assert_eq!((answer.status, answer.text()), (400, UNKNOWN.into()));
    door.until_sessions(0).await;
}

/// That a post like this is refused at once, the rest of it unread.
async fn is_refused(door: &Door, post: &str, status: u16) {
    let before = door.count(Count::BadBody);
    let (_, target) = door.polling().await;
    let mut wire = door.connect().await;
    let head = format!("POST {target} HTTP/1.1\r\nhost: game.example\r\n{post}");
    wire.write(head.as_bytes()).await.expect("an open connection");
    let answer = wire.answer("POST").await;
    assert_eq!((answer.status, answer.header("connection")), (status, Some("close")));
    wire.hung_up().await;
    door.until(Count::BadBody, before + 1).await;
    is_over(door, &target).await;
}

#[test]
fn a_post_that_is_too_long_is_refused_and_ends_its_session() {
    live(async {
        let door = Door::open(|config| config.engine.max_payload = 1000).await;
        is_refused(&door, "content-length: 1001\r\n\r\n4", 413).await;
        is_refused(&door, "content-length: 99999999999999\r\n\r\n4", 413).await;
        let chunk = format!("{:x}\r\n{}\r\n", 600, "x".repeat(600));
        let chunked = format!("transfer-encoding: chunked\r\n\r\n{chunk}{chunk}");
        is_refused(&door, &chunked, 413).await;
        door.serves_others().await;
    });
}

#[test]
fn a_body_that_never_comes_is_not_waited_for() {
    live(async {
        let door = Door::open(|config| config.doors.body_timeout = SOON).await;
        is_refused(&door, "content-length: 10\r\n\r\n4", 408).await;
        is_refused(&door, "transfer-encoding: chunked\r\n\r\n5\r\n4", 408).await;
        door.serves_others().await;
    });
}

#[test]
fn a_body_that_is_no_body_ends_its_session() {
    live(async {
        let door = Door::open(|_| ()).await;
        is_refused(&door, "transfer-encoding: chunked\r\n\r\nnonsense\r\n", 400).await;
        door.serves_others().await;
    });
}

async fn post(door: &Door, headers: &str, body: &str) -> (Wire<TcpStream>, String, u16, String) {
    let (mut wire, target) = door.polling().await;
    let answer = wire.ask("POST", &target, headers, body).await;
    (wire, target, answer.status, answer.text())
}

#[test]
fn a_binary_post_is_answered_and_ends_its_session() {
    live(async {
        let door = Door::open(|_| ()).await;
        let binary = "content-type: application/octet-stream\r\n";
        let (mut wire, target, status, text) = post(&door, binary, "4hello").await;
        assert_eq!((status, text), (400, BAD.into()));
        is_over(&door, &target).await;
        // The connection is not left in the middle of anything.
        assert_eq!(wire.ask("GET", "/health", "", "").await.status, 200);
    });
}

#[test]
fn a_post_that_is_no_text_is_answered_and_ends_its_session() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (_, target) = door.polling().await;
        let mut wire = door.connect().await;
        let mut said =
            format!("POST {target} HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n").into_bytes();
        said.extend(b"4\xff\xfe");
        wire.write(&said).await.expect("an open connection");
        let answer = wire.answer("POST").await;
        assert_eq!((answer.status, answer.text()), (400, BAD.into()));
        is_over(&door, &target).await;
        door.until(Count::BadPackets, 1).await;
    });
}

#[test]
fn a_payload_has_as_many_packets_as_it_may() {
    live(async {
        let door = Door::open(|config| config.engine.payload_packets_received = 3).await;
        let (mut wire, target, status, _) = post(&door, "", "40\u{1e}3\u{1e}3").await;
        assert_eq!(status, 200);
        assert!(wire.ask("GET", &target, "", "").await.text().starts_with("40{"));
        wire.ask("POST", &target, "", "3\u{1e}3\u{1e}3\u{1e}3").await;
        is_over(&door, &target).await;
        door.until(Count::BadPackets, 1).await;
    });
}

#[test]
fn packets_that_cannot_be_read_end_a_polling_session_too() {
    live(async {
        let door = Door::open(|_| ()).await;
        let bodies = ["9", "4\u{1e}\u{1e}", "40\u{1e}42[", "40\u{1e}451-[\"a\"]\u{1e}b!!"];
        for (times, body) in (1..).zip(bodies) {
            let (mut wire, target) = door.polling().await;
            wire.ask("POST", &target, "", body).await;
            door.until(Count::BadPackets, times).await;
            // What is left is told, then the end.
            let mut answer = wire.ask("GET", &target, "", "").await;
            while answer.status == 200 {
                answer = wire.ask("GET", &target, "", "").await;
            }
            is_over(&door, &target).await;
        }
    });
}

#[test]
fn a_poll_is_answered_with_as_many_packets_as_strict_clients_take() {
    live(async {
        let door = Door::open(|config| {
            config.engine.payload_packets = 4;
            config.doors.body_timeout = NEVER;
        })
        .await;
        let (mut wire, target) = door.polling().await;
        wire.ask("POST", &target, "", "40\u{1e}42[\"burst\",9,\"x\"]").await;
        let mut packets = Vec::new();
        while packets.len() < 10 {
            let answer = wire.ask("GET", &target, "", "").await.text();
            let before = packets.len();
            packets.extend(answer.split('\u{1e}').map(String::from));
            assert!(packets.len() - before <= 4);
        }
        assert!(packets[0].starts_with("40{"));
        assert_eq!(packets[1..], vec!["42[\"said\",\"x\"]"; 9]);
    });
}
