//! From polling to a WebSocket: the probe, who is released when, and what becomes of one that fails.

use super::*;
use tickwire::protocol::engine_io::{CloseReason, Refusal};

/// A session that polls, and a WebSocket that has asked to take over at second 1.
fn probed() -> (Session, Carrier) {
    let mut session = polling(Settings::default());
    let carrier = session.begin_probe(seconds(1)).expect("it may");
    assert_eq!(session.receive_text(carrier, "2probe", seconds(1)), None);
    (session, carrier)
}

#[test]
fn a_websocket_asks_is_answered_and_takes_over() {
    let mut session = polling(Settings::default());
    assert!(!session.is_probed());
    let carrier = session.begin_probe(seconds(1)).unwrap();
    assert!(session.is_probed() && !session.is_over(carrier));
    assert_eq!(written(&mut session, carrier), [""; 0]);
    session.receive_text(carrier, "2probe", seconds(1));
    assert_eq!(written(&mut session, carrier), ["3probe"]);
    session.send(bundle("by polling", &[]));
    assert_eq!(written(&mut session, carrier), [""; 0]);
    assert_eq!(poll(&mut session).as_deref(), Some("4by polling"));
    session.begin_poll().unwrap();
    session.receive_text(carrier, "5", seconds(2));
    assert!(!session.is_probed());
    assert_eq!((session.transport(), session.carrier()), (Transport::WebSocket, carrier));
    assert_eq!(session.poll_payload().as_deref(), Some("6"), "the pending poll is released");
    session.send(bundle("by WebSocket", &[]));
    assert_eq!(written(&mut session, carrier), ["4by WebSocket"]);
    assert_eq!(session.begin_poll(), Err(Refusal::BadRequest));
    assert_eq!(session.begin_post(), Err(Refusal::BadRequest));
    let message = session.receive_text(carrier, "4hi", seconds(3));
    assert_eq!(message, Some(Message::Text("hi")));
    assert_eq!(session.receive_text(carrier, "5", seconds(3)), None);
    assert!(session.is_open(), "a second time means nothing");
}

#[test]
fn a_pending_poll_is_released_again_and_again_once_the_probe_was_answered() {
    let mut session = polling(Settings::default());
    let carrier = session.begin_probe(seconds(1)).unwrap();
    session.begin_poll().unwrap();
    session.handle_timeout(seconds(2));
    assert_eq!(session.poll_payload(), None, "nobody has asked yet");
    session.receive_text(carrier, "2probe", seconds(2));
    let mut now = seconds(2);
    for _ in 0..3 {
        assert_eq!(session.poll_timeout(), now + millis(100));
        session.handle_timeout(now + millis(99));
        assert_eq!(session.poll_payload(), None);
        now += millis(100);
        session.handle_timeout(now);
        assert_eq!(session.poll_payload().as_deref(), Some("6"));
        session.begin_poll().unwrap();
    }
}

#[test]
fn only_a_poll_that_is_pending_is_released() {
    let (mut session, _) = probed();
    session.handle_timeout(seconds(1) + millis(100));
    assert_eq!(poll(&mut session), None, "this one came later");
    session.send(bundle("news", &[]));
    session.handle_timeout(seconds(1) + millis(200));
    assert_eq!(session.poll_payload().as_deref(), Some("4news"), "no release beside a packet");
    assert_eq!(poll(&mut session), None);
}

#[test]
fn a_probe_has_a_time_to_take_over() {
    let (mut session, carrier) = probed();
    assert_eq!(written(&mut session, carrier), ["3probe"]);
    session.handle_timeout(seconds(11) - millis(1));
    assert!(session.is_probed());
    session.handle_timeout(seconds(11));
    assert!(!session.is_probed() && session.is_over(carrier));
    session.receive_text(carrier, "5", seconds(11));
    assert_eq!(session.transport(), Transport::Polling, "too late");
    session.send(bundle("still here", &[]));
    assert_eq!(poll(&mut session).as_deref(), Some("4still here"));
    assert!(session.begin_probe(seconds(12)).is_ok(), "another may try");
}

#[test]
fn a_probe_that_never_asks_is_over_in_time() {
    let mut session = polling(Settings::default());
    let carrier = session.begin_probe(seconds(1)).unwrap();
    assert_eq!(session.poll_timeout(), seconds(11));
    session.handle_timeout(seconds(11));
    assert!(session.is_over(carrier) && session.is_open());
}

#[test]
fn a_lost_probe_leaves_polling_as_it_was() {
    let (mut session, carrier) = probed();
    session.begin_poll().unwrap();
    session.lose(carrier, CloseReason::TransportClose);
    assert!(session.is_open() && !session.is_probed() && session.is_over(carrier));
    session.send(bundle("a", &[]));
    assert_eq!(session.poll_payload().as_deref(), Some("4a"));
    assert_eq!(written(&mut session, carrier), [""; 0]);
    let second = session.begin_probe(seconds(2)).unwrap();
    assert_ne!(second, carrier);
    session.receive_text(carrier, "5", seconds(2));
    assert_eq!(session.transport(), Transport::Polling, "that one is gone");
    session.receive_text(second, "5", seconds(2));
    assert_eq!(session.carrier(), second);
    session.lose(carrier, CloseReason::TransportClose);
    assert!(session.is_open());
}

#[test]
fn a_probe_that_says_anything_else_is_over_and_polling_goes_on() {
    for text in ["2", "2other", "3probe", "4hi", "1", "6", "", "x"] {
        let (mut session, carrier) = probed();
        assert_eq!(session.receive_text(carrier, text, seconds(2)), None, "{text}");
        assert!(session.is_over(carrier) && session.is_open(), "{text}");
        assert_eq!(session.transport(), Transport::Polling);
    }
    let (mut session, carrier) = probed();
    assert_eq!(session.receive_binary(carrier, Bytes::from_static(b"4")), None);
    assert!(session.is_over(carrier) && session.is_open());
}

#[test]
fn one_websocket_tries_at_a_time_and_only_where_it_may() {
    let (mut session, _) = probed();
    assert_eq!(session.begin_probe(seconds(2)), Err(Refusal::BadRequest));
    assert!(session.is_probed() && session.is_open());
    let (mut session, _) = websocket(Settings::default());
    assert_eq!(session.begin_probe(seconds(2)), Err(Refusal::BadRequest));
    let mut session = polling(Settings { upgrades: false, ..Settings::default() });
    assert_eq!(session.begin_probe(seconds(2)), Err(Refusal::BadRequest));
    let mut session = polling(Settings::default());
    session.close(seconds(1));
    assert_eq!(session.begin_probe(seconds(2)), Err(Refusal::BadRequest));
    session.fail(CloseReason::TransportError);
    assert_eq!(session.begin_probe(seconds(2)), Err(Refusal::BadRequest));
    assert!(session.is_over(Carrier::STRAY));
    assert_eq!(session.receive_text(Carrier::STRAY, "5", seconds(2)), None);
}

#[test]
fn a_websocket_may_take_over_without_asking() {
    let mut session = polling(Settings::default());
    session.send(bundle("a", &[]));
    let carrier = session.begin_probe(seconds(1)).unwrap();
    session.receive_text(carrier, "5", seconds(1));
    assert_eq!(written(&mut session, carrier), ["4a"]);
}

#[test]
fn the_answer_to_the_probe_comes_before_everything_else() {
    let (mut session, carrier) = probed();
    session.send(bundle("a", &[]));
    session.receive_text(carrier, "5", seconds(2));
    session.send(bundle("b", &[]));
    assert_eq!(written(&mut session, carrier), ["3probe", "4a", "4b"]);
}

#[test]
fn a_message_that_is_half_fetched_goes_on_by_the_websocket() {
    let mut session = polling(Settings { payload_packets: 2, ..Settings::default() });
    session.send(bundle("pic", &[b"1", b"2", b"3"]));
    session.send(bundle("next", &[]));
    assert_eq!(poll(&mut session).map(|payload| split(&payload)).unwrap(), ["4pic", "bMQ=="]);
    let carrier = session.begin_probe(seconds(1)).unwrap();
    session.receive_text(carrier, "2probe", seconds(1));
    session.receive_text(carrier, "5", seconds(1));
    assert_eq!(written(&mut session, carrier), ["3probe", "bMg==", "bMw==", "4next"]);
}

#[test]
fn a_session_that_is_closed_while_a_websocket_takes_over_says_the_rest_by_it() {
    let (mut session, carrier) = probed();
    assert_eq!(written(&mut session, carrier), ["3probe"]);
    session.send(bundle("rest", &[]));
    session.close(seconds(2));
    assert!(!session.is_over(carrier), "it may still take over");
    session.receive_text(carrier, "5", seconds(3));
    assert!(!session.is_over(carrier));
    assert_eq!(written(&mut session, carrier), ["4rest"]);
    assert!(session.is_over(carrier));
    session.lose(carrier, CloseReason::TransportClose);
    assert_eq!(session.closed(), Some(CloseReason::ForcedClose), "as was wanted");
}

#[test]
fn a_session_that_is_closed_and_not_taken_over_ends_by_polling() {
    let (mut session, carrier) = probed();
    session.close(seconds(2));
    session.handle_timeout(seconds(11));
    assert!(session.is_over(carrier));
    assert_eq!(session.closed(), None);
    assert_eq!(poll(&mut session).as_deref(), Some("1"));
    assert_eq!(session.closed(), Some(CloseReason::ForcedClose));
    let (mut session, carrier) = probed();
    session.fail(CloseReason::PingTimeout);
    assert!(session.is_over(carrier), "no session, no probe");
}

#[test]
fn a_poll_that_is_let_go_of_after_the_take_over_ends_nothing() {
    let (mut session, carrier) = probed();
    session.begin_poll().unwrap();
    session.receive_text(carrier, "5", seconds(2));
    session.cancel_poll();
    assert!(session.is_open());
}
