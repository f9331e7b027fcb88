//! Long-polling: who may ask when, and what the answers hold.

use super::*;
use tickwire::prelude::Random;
use tickwire::protocol::engine_io::{CloseReason, Refusal};

#[test]
fn the_first_packet_tells_the_client_all_it_must_know() {
    let settings = Arc::new(Settings {
        ping_interval: millis(300),
        ping_timeout: millis(200),
        max_payload: 1234,
        ..Settings::default()
    });
    let rest = r#""pingInterval":300,"pingTimeout":200,"maxPayload":1234}"#;
    let mut session = Session::new(settings.clone(), "secret", Transport::Polling, seconds(0));
    let expected = format!(r#"0{{"sid":"secret","upgrades":["websocket"],{rest}"#);
    assert_eq!(poll(&mut session), Some(expected));
    let expected = format!(r#"0{{"sid":"secret","upgrades":[],{rest}"#);
    let mut session = Session::new(settings.clone(), "secret", Transport::WebSocket, seconds(0));
    let carrier = session.carrier();
    assert_eq!(written(&mut session, carrier), [&*expected]);
    let settings = Arc::new(Settings { upgrades: false, ..(*settings).clone() });
    let mut session = Session::new(settings, "secret", Transport::Polling, seconds(0));
    assert_eq!(poll(&mut session), Some(expected));
}

#[test]
fn a_poll_waits_until_there_is_something_and_takes_all_of_it() {
    let mut session = polling(Settings::default());
    assert_eq!(session.poll_payload(), None, "nobody asks");
    assert_eq!(poll(&mut session), None);
    session.send(bundle("a", &[]));
    session.send(bundle("b", &[&[1, 2, 3], &[]]));
    assert_eq!(
        session.poll_payload().map(|payload| split(&payload)).unwrap(),
        ["4a", "4b", "bAQID", "b"]
    );
    assert_eq!(session.poll_payload(), None, "a poll is answered once");
    assert_eq!(poll(&mut session), None, "a packet is sent once");
}

#[test]
fn a_second_poll_at_once_fails_the_session_for_both() {
    let mut session = polling(Settings::default());
    session.begin_poll().unwrap();
    assert_eq!(session.begin_poll(), Err(Refusal::BadRequest));
    assert_eq!(session.closed(), Some(CloseReason::TransportError));
    assert_eq!(session.poll_payload().as_deref(), Some("1"));
    assert_eq!(session.begin_poll(), Err(Refusal::UnknownSession));
    assert_eq!(session.begin_post(), Err(Refusal::UnknownSession));
}

#[test]
fn a_second_post_at_once_fails_the_session() {
    let mut session = polling(Settings::default());
    session.begin_post().unwrap();
    session.end_post();
    session.begin_post().unwrap();
    assert_eq!(session.begin_post(), Err(Refusal::BadRequest));
    assert_eq!(session.closed(), Some(CloseReason::TransportError));
    assert_eq!(session.receive_payload("4late", seconds(1)), []);
}

#[test]
fn who_lets_go_of_a_poll_is_gone() {
    let mut session = polling(Settings::default());
    session.cancel_poll();
    assert!(session.is_open(), "there was none");
    session.begin_poll().unwrap();
    session.cancel_poll();
    assert_eq!(session.closed(), Some(CloseReason::TransportError));
    assert_eq!(session.poll_payload(), None);
}

#[test]
fn a_post_brings_its_messages_in_order_and_ignores_what_says_nothing() {
    let mut session = polling(Settings::default());
    let payload = ["4a", "6", "bAQID", "5", "4", "3", "4ä"].join("\x1e");
    let expected = [
        Message::Text("a"),
        Message::Binary(Bytes::from_static(&[1, 2, 3])),
        Message::Text(""),
        Message::Text("ä"),
    ];
    assert_eq!(post(&mut session, &payload, seconds(1)), expected);
    assert!(session.is_open());
    assert_eq!(session.transport(), Transport::Polling, "a post upgrades nothing");
}

#[test]
fn a_packet_that_cannot_be_read_ends_the_session_after_those_before_it() {
    for bad in ["", "7", "0{}", "b!", "bAQ", "é", "x"] {
        let mut session = polling(Settings::default());
        let payload = ["4a", bad, "4b"].join("\x1e");
        assert_eq!(post(&mut session, &payload, seconds(1)), [Message::Text("a")], "{bad}");
        assert_eq!(session.closed(), Some(CloseReason::ParseError));
    }
}

#[test]
fn a_post_has_at_most_so_many_packets() {
    let settings = Settings { payload_packets_received: 3, ..Settings::default() };
    let mut session = polling(settings);
    assert_eq!(post(&mut session, "4a\x1e4b\x1e4c", seconds(1)).len(), 3);
    assert!(session.is_open());
    assert_eq!(post(&mut session, "4a\x1e4b\x1e4c\x1e4d", seconds(1)).len(), 3);
    assert_eq!(session.closed(), Some(CloseReason::ParseError));
}

#[test]
fn a_close_packet_ends_the_session_and_its_pending_poll_hears_nothing_else() {
    let mut session = polling(Settings::default());
    session.begin_poll().unwrap();
    assert_eq!(post(&mut session, "4last\x1e1\x1e4late", seconds(1)), [Message::Text("last")]);
    assert_eq!(session.closed(), Some(CloseReason::TransportClose));
    assert_eq!(session.poll_payload().as_deref(), Some("6"));
    assert_eq!(session.begin_poll(), Err(Refusal::UnknownSession));
}

#[test]
fn a_session_that_is_being_closed_delivers_the_rest_and_then_the_end() {
    let settings = Settings { payload_packets: 2, ..Settings::default() };
    let mut session = polling(settings);
    for text in ["a", "b", "c"] {
        session.send(bundle(text, &[]));
    }
    session.close(seconds(1));
    session.send(bundle("late", &[]));
    assert!(!session.is_open());
    assert_eq!(post(&mut session, "4unheard", seconds(2)), []);
    assert_eq!(poll(&mut session).as_deref(), Some("4a\x1e4b"));
    assert_eq!(poll(&mut session).as_deref(), Some("4c"));
    assert_eq!(session.closed(), None);
    assert_eq!(poll(&mut session).as_deref(), Some("1"));
    assert_eq!(session.closed(), Some(CloseReason::ForcedClose));
    assert_eq!(session.begin_poll(), Err(Refusal::UnknownSession));
}

#[test]
fn a_pending_poll_is_told_of_the_end_at_once() {
    let mut session = polling(Settings::default());
    assert_eq!(poll(&mut session), None);
    session.close(seconds(1));
    assert_eq!(session.poll_payload().as_deref(), Some("1"));
    assert_eq!(session.closed(), Some(CloseReason::ForcedClose));
}

#[test]
fn who_does_not_fetch_the_rest_is_forgotten_in_the_end() {
    let mut session = polling(Settings::default());
    session.close(seconds(1));
    assert_eq!(session.poll_timeout(), seconds(31));
    session.handle_timeout(seconds(31) - millis(1));
    assert_eq!(session.closed(), None);
    session.handle_timeout(seconds(31));
    assert_eq!(session.closed(), Some(CloseReason::ForcedClose));
}

#[test]
fn a_client_that_says_it_goes_while_it_is_being_closed_is_gone() {
    let mut session = polling(Settings::default());
    session.send(bundle("rest", &[]));
    session.close(seconds(1));
    assert_eq!(post(&mut session, "1", seconds(2)), []);
    assert_eq!(session.closed(), Some(CloseReason::TransportClose));
}

#[test]
fn a_payload_is_split_by_packets_and_by_bytes_and_loses_nothing() {
    crate::simulation::for_seeds(300, |seed| {
        let mut random = Random::from_seed(seed);
        let most = 20 + random.below(200) as usize;
        let packets = 1 + random.below(8) as usize;
        let settings =
            Settings { max_payload: most, payload_packets: packets, ..Settings::default() };
        let mut session = polling(settings);
        let mut sent = Vec::new();
        for _ in 0..random.below(40) {
            let text = "x".repeat(random.below(90) as usize);
            let attachments: Vec<Bytes> =
                (0..random.below(3)).map(|_| vec![7; random.below(90) as usize].into()).collect();
            sent.push(format!("4{text}"));
            sent.extend(attachments.iter().map(|bytes| format!("b{}", BASE64.encode(bytes))));
            session.send(Arc::new(Bundle::text(format!("4{text}"), &attachments)));
        }
        let mut received = Vec::new();
        session.begin_poll().unwrap();
        while let Some(payload) = session.poll_payload() {
            let of_payload = split(&payload);
            assert!(of_payload.len() <= packets, "{} packets", of_payload.len());
            let is_short = payload.len() <= most || of_payload.len() == 1;
            assert!(is_short, "{} bytes are more than {most}", payload.len());
            received.extend(of_payload);
            session.begin_poll().unwrap();
        }
        assert_eq!(received, sent);
    });
}

#[test]
fn a_payload_takes_all_that_fits() {
    let mut session = polling(Settings { max_payload: 2 * 61 + 1, ..Settings::default() });
    for _ in 0..3 {
        session.send(bundle(&"x".repeat(60), &[]));
    }
    assert_eq!(poll(&mut session).map(|payload| split(&payload).len()), Some(2));
    assert_eq!(poll(&mut session).map(|payload| split(&payload).len()), Some(1));
}

#[test]
fn who_came_by_websocket_may_neither_poll_nor_post() {
    let (mut session, _) = websocket(Settings::default());
    assert_eq!(session.begin_poll(), Err(Refusal::BadRequest));
    assert_eq!(session.begin_post(), Err(Refusal::BadRequest));
    assert!(session.is_open());
}

#[test]
fn refusals_are_told_in_the_words_that_clients_know() {
    let expected = [
        (Refusal::UnknownTransport, r#"{"code":0,"message":"Transport unknown"}"#),
        (Refusal::UnknownSession, r#"{"code":1,"message":"Session ID unknown"}"#),
        (Refusal::BadHandshakeMethod, r#"{"code":2,"message":"Bad handshake method"}"#),
        (Refusal::BadRequest, r#"{"code":3,"message":"Bad request"}"#),
        (Refusal::Forbidden, r#"{"code":4,"message":"Forbidden"}"#),
        (Refusal::UnsupportedVersion, r#"{"code":5,"message":"Unsupported protocol version"}"#),
    ];
    for (refusal, json) in expected {
        assert_eq!(refusal.to_json(), json);
    }
    assert_eq!(CloseReason::Overflow.to_string(), "outbox overflow");
}
