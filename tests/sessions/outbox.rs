//! What waits for a client: how much of it may, and when something volatile is let in.

use super::*;
use tickwire::protocol::engine_io::{CloseReason, Refusal};

#[test]
fn a_client_that_lets_too_much_wait_is_gone_and_nothing_is_kept_for_it() {
    let settings = Settings { outbox_bytes: 1000, ..Settings::default() };
    let (mut session, carrier) = websocket(settings.clone());
    session.send(bundle(&"x".repeat(400), &[]));
    session.send(bundle(&"y".repeat(400), &[]));
    assert!(session.is_open());
    session.send(bundle(&"z".repeat(400), &[]));
    assert_eq!(session.closed(), Some(CloseReason::Overflow));
    assert!(session.is_over(carrier));
    assert_eq!(written(&mut session, carrier), [""; 0]);
    session.send(bundle("late", &[]));
    assert_eq!(written(&mut session, carrier), [""; 0]);

    let mut session = polling(settings);
    (0..100).for_each(|_| session.send(bundle("", &[])));
    assert_eq!(session.closed(), Some(CloseReason::Overflow), "small packets cost something too");
    assert_eq!(session.begin_poll(), Err(Refusal::UnknownSession));
}

#[test]
fn what_was_fetched_makes_room() {
    let (mut session, carrier) = websocket(Settings { outbox_bytes: 1000, ..Settings::default() });
    for _ in 0..100 {
        session.send(bundle(&"x".repeat(400), &[b"attached"]));
        session.send(bundle(&"x".repeat(400), &[]));
        assert_eq!(written(&mut session, carrier).len(), 3);
    }
    assert!(session.is_open());
    let mut session =
        polling(Settings { outbox_bytes: 1000, payload_packets: 1, ..Settings::default() });
    for _ in 0..100 {
        session.send(bundle(&"x".repeat(400), &[b"attached"]));
        assert!(poll(&mut session).is_some() && poll(&mut session).is_some());
    }
    assert!(session.is_open());
}

#[test]
fn an_empty_outbox_has_room_for_anything() {
    let (mut session, carrier) = websocket(Settings { outbox_bytes: 1000, ..Settings::default() });
    session.send(bundle(&"x".repeat(5000), &[]));
    assert_eq!(written(&mut session, carrier)[0].len(), 5001);
}

#[test]
fn polling_is_writable_while_a_poll_is_pending() {
    let mut session = polling(Settings::default());
    assert!(!session.is_writable());
    assert_eq!(poll(&mut session), None);
    assert!(session.is_writable());
    session.send(bundle("a", &[]));
    assert!(session.poll_payload().is_some());
    assert!(!session.is_writable());
    session.begin_poll().unwrap();
    session.close(seconds(1));
    assert!(!session.is_writable());
}

#[test]
fn a_websocket_is_writable_unless_it_is_blocked_or_much_waits() {
    let (mut session, carrier) = websocket(Settings::default());
    assert!(session.is_writable());
    session.set_blocked(true);
    assert!(!session.is_writable());
    session.set_blocked(false);
    assert!(session.is_writable());
    session.send(bundle(&"x".repeat(100_000), &[]));
    assert!(!session.is_writable());
    written(&mut session, carrier);
    assert!(session.is_writable());
    session.fail(CloseReason::TransportError);
    assert!(!session.is_writable());
}

#[test]
fn nothing_volatile_fills_an_outbox() {
    let (websocket, _) = websocket(Settings::default());
    let mut polling = polling(Settings::default());
    polling.begin_poll().unwrap();
    for mut session in [websocket, polling] {
        let volatile = bundle(&"x".repeat(1000), &[]);
        for _ in 0..10_000 {
            if session.is_writable() {
                session.send(volatile.clone());
            }
        }
        assert_eq!(session.closed(), None);
    }
}

#[test]
fn bytes_are_bare_on_a_websocket_and_base64_in_a_payload() {
    let bytes = Arc::new(Bundle::binary(Bytes::from_static(&[0, 1, 255])));
    let (mut session, carrier) = websocket(Settings::default());
    session.send(bytes.clone());
    assert_eq!(session.poll_frames(carrier).unwrap(), [0x82, 3, 0, 1, 255][..]);
    let message = session.receive_binary(carrier, Bytes::from_static(b"4b"));
    assert_eq!(message, Some(Message::Binary(Bytes::from_static(b"4b"))), "no character is read");
    let mut session = polling(Settings::default());
    session.send(bytes);
    assert_eq!(poll(&mut session).as_deref(), Some("bAAH/"));
}

#[test]
fn a_message_leaves_a_websocket_as_one_piece_that_all_receivers_share() {
    let message = bundle("pic", &[b"12"]);
    let mut pieces = Vec::new();
    for _ in 0..2 {
        let (mut session, carrier) = websocket(Settings::default());
        session.send(message.clone());
        pieces.extend(session.poll_frames(carrier));
        assert_eq!(session.poll_frames(carrier), None);
    }
    assert_eq!(pieces[0], [0x81, 4, b'4', b'p', b'i', b'c', 0x82, 2, b'1', b'2'][..]);
    assert_eq!(pieces[0].as_ptr(), pieces[1].as_ptr());
}

#[test]
fn a_websocket_that_is_lost_or_speaks_nonsense_ends_its_session() {
    let (mut session, carrier) = websocket(Settings::default());
    session.lose(carrier, CloseReason::TransportError);
    assert_eq!(session.closed(), Some(CloseReason::TransportError));
    assert!(session.is_over(carrier));
    for text in ["", "7", "0{}", "x"] {
        let (mut session, carrier) = websocket(Settings::default());
        assert_eq!(session.receive_text(carrier, text, seconds(1)), None);
        assert_eq!(session.closed(), Some(CloseReason::ParseError), "{text}");
        assert_eq!(session.receive_text(carrier, "4late", seconds(1)), None);
        assert_eq!(session.receive_binary(carrier, Bytes::new()), None);
    }
    let (mut session, carrier) = websocket(Settings::default());
    session.receive_text(carrier, "1", seconds(1));
    assert_eq!(session.closed(), Some(CloseReason::TransportClose));
}

#[test]
fn a_websocket_says_the_rest_before_it_is_over() {
    let (mut session, carrier) = websocket(Settings::default());
    session.send(bundle("rest", &[b"1"]));
    session.close(seconds(1));
    assert!(!session.is_over(carrier));
    assert_eq!(session.receive_text(carrier, "4unheard", seconds(1)), None);
    assert_eq!(written(&mut session, carrier), ["4rest", "bMQ=="]);
    assert!(session.is_over(carrier));
    session.lose(carrier, CloseReason::TransportClose);
    assert_eq!(session.closed(), Some(CloseReason::ForcedClose));
}
