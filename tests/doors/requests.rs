//! Requests that are slow, endless, or meant to be read in two ways.

use super::client::{Door, NEVER, POLLING, SOON, live, request, write_on};
use tickwire::host::Count;

pub(crate) const UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
pub(crate) const BAD: &str = r#"{"code":3,"message":"Bad request"}"#;

#[test]
fn who_says_nothing_is_cut() {
    live(async {
        let door = Door::open(|config| config.doors.handshake_timeout = SOON).await;
        door.connect().await.hung_up().await;
        door.until(Count::SlowHandshake, 1).await;
        door.serves_others().await;
    });
}

#[test]
fn who_says_a_byte_now_and_then_is_cut() {
    live(async {
        let door = Door::open(|config| config.doors.handshake_timeout = SOON).await;
        let mut wire = door.connect().await;
        wire.write(b"GET / HTTP/1.1\r\nhost: x\r\nx: ").await.expect("an open connection");
        while wire.write(b"a").await.is_ok() {
            tokio::time::sleep(SOON / 20).await;
        }
        door.until(Count::SlowHandshake, 1).await;
        door.serves_others().await;
    });
}

#[test]
fn a_connection_that_is_kept_for_nothing_is_closed() {
    live(async {
        let door = Door::open(|config| {
            config.doors.idle_timeout = SOON;
            config.doors.handshake_timeout = NEVER;
        })
        .await;
        let mut wire = door.connect().await;
        assert_eq!(wire.ask("GET", "/health", "", "").await.status, 200);
        wire.hung_up().await;
        // Nor is the next request waited for byte by byte.
        let mut wire = door.connect().await;
        assert_eq!(wire.ask("GET", "/health", "", "").await.status, 200);
        wire.write(b"GET /health HT").await.expect("an open connection");
        wire.hung_up().await;
    });
}

#[test]
fn a_head_is_as_long_as_it_may_be() {
    live(async {
        let door = Door::open(|config| config.doors.header_bytes = 8192).await;
        let mut wire = door.connect().await;
        let long = format!("x: {}\r\n", "a".repeat(7000));
        assert_eq!(wire.ask("GET", "/health", &long, "").await.status, 200);
        let cases = [
            format!("x: {}\r\n", "a".repeat(9000)),
            "x: a\r\n".repeat(2000),
            "x: a\r\n".repeat(101),
        ];
        for (times, headers) in (1..).zip(cases) {
            let mut wire = door.connect().await;
            let answer = wire.ask("GET", "/health", &headers, "").await;
            assert_eq!(answer.status, 431);
            wire.hung_up().await;
            door.until(Count::BadRequest, times).await;
        }
        let mut wire = door.connect().await;
        write_on(&mut wire, &[b'G'; 4096]).await;
        door.serves_others().await;
    });
}

#[test]
fn what_is_no_request_is_refused() {
    live(async {
        let door = Door::open(|_| ()).await;
        let cases: [&[u8]; 6] = [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET /health HTTP/1.1\r\nhost x\r\n\r\n",
            b"GET /health HTTP/1.1\r\nhost: x\r\n folded: x\r\n\r\n",
            b"GET /hea lth HTTP/1.1\r\nhost: x\r\n\r\n",
            b"GET /health HTTP/1.1\r\nhost: \x00\r\n\r\n",
        ];
        for (times, said) in (1..).zip(cases) {
            println!("{}", said.escape_ascii());
            let mut wire = door.connect().await;
            wire.write(said).await.expect("an open connection");
            wire.hung_up().await;
            door.until(Count::BadRequest, times).await;
        }
        door.serves_others().await;
    });
}

#[test]
fn a_request_that_could_be_read_in_two_ways_is_the_last_of_its_connection() {
    live(async {
        let door = Door::open(|_| ()).await;
        let hidden = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
        let length = hidden.len();
        let cases = [
            format!(
                "content-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"
            ),
            format!(
                "transfer-encoding: chunked\r\ncontent-length: {length}\r\n\r\n0\r\n\r\n{hidden}"
            ),
            format!("content-length: {length}\r\ncontent-length: 0\r\n\r\n{hidden}"),
            format!("content-length: +{length}\r\n\r\n{hidden}"),
            format!("content-length: 0, {length}\r\n\r\n{hidden}"),
            format!("transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n{hidden}"),
            format!("transfer-encoding: xchunked\r\n\r\n0\r\n\r\n{hidden}"),
        ];
        for rest in cases {
            println!("{}", rest.lines().next().unwrap());
            let (_, target) = door.polling().await;
            let mut wire = door.connect().await;
            let said = format!("POST {target} HTTP/1.1\r\nhost: x\r\n{rest}");
            wire.write(said.as_bytes()).await.expect("an open connection");
            wire.answer("POST").await;
            assert!(wire.read_head().await.is_err(), "the hidden request was answered");
        }
        door.serves_others().await;
    });
}

#[test]
fn requests_that_come_at_once_are_answered_in_turn() {
    live(async {
        let door = Door::open(|_| ()).await;
        let mut wire = door.connect().await;
        let both = request("GET", "/health", "", "") + &request("GET", "/nowhere", "", "");
        wire.write(both.as_bytes()).await.expect("an open connection");
        assert_eq!(wire.answer("GET").await.status, 200);
        assert_eq!(wire.answer("GET").await.status, 404);
    });
}

#[test]
fn a_session_begins_as_the_protocol_says_or_not_at_all() {
    live(async {
        let door = Door::open(|_| ()).await;
        let long = format!("{POLLING}&x={}", "a".repeat(3000));
        let cases = [
            ("GET", "/socket.io/?EIO=4", 0),
            ("GET", "/socket.io/?EIO=4&transport=carrier-pigeon", 0),
            ("GET", "/socket.io/?EIO=4&transport=webtransport", 0),
            ("GET", "/socket.io/?EIO=4&transport=webtransport&sid=AAAAAAAAAAAAAAAAAAAA", 0),
            ("GET", "/socket.io/?EIO=4&transport=__proto__", 0),
            ("GET", "/socket.io/?EIO=4&transport=polling&sid=__proto__", 1),
            ("GET", "/socket.io/?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", 1),
            ("GET", "/socket.io/?EIO=4&transport=polling&sid=%ff%00", 1),
            ("POST", POLLING, 2),
            ("PUT", POLLING, 2),
            ("GET", "/socket.io/?EIO=4&transport=websocket", 3),
            ("GET", &long, 3),
            ("GET", "/socket.io/?EIO=3&transport=polling", 5),
            ("GET", "/socket.io/?transport=polling", 5),
        ];
        let mut wire = door.connect().await;
        for (times, (method, target, code)) in (1..).zip(cases) {
            let answer = wire.ask(method, target, "", "").await;
            let begins = format!("{{\"code\":{code},");
            assert_eq!(answer.status, 400, "{target}");
            assert!(answer.text().starts_with(&begins), "{target}: {}", answer.text());
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            door.until(Count::BadRequest, times).await;
        }
        assert_eq!(door.server.host().sessions(), 0);
    });
}
