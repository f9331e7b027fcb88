//! The server pings and the client answers, whatever the transport.

use super::*;
use tickwire::protocol::engine_io::CloseReason;

/// Pings after 25 s, waits 20 s for the answer.
fn settings() -> Settings {
    let settings = Settings::default();
    assert_eq!((settings.ping_interval, settings.ping_timeout), (seconds(25), seconds(20)));
    settings
}

#[test]
fn a_client_is_pinged_after_the_interval_and_again_after_each_answer() {
    let (mut session, carrier) = websocket(settings());
    let mut answered = seconds(0);
    for wait in [1, 19, 0, 7] {
        let due = answered + seconds(25);
        assert_eq!(session.poll_timeout(), due);
        session.handle_timeout(due - millis(1));
        assert_eq!(written(&mut session, carrier), [""; 0]);
        session.handle_timeout(due);
        assert_eq!(written(&mut session, carrier), ["2"]);
        session.handle_timeout(due + millis(1));
        assert_eq!(written(&mut session, carrier), [""; 0], "one ping is enough");
        assert_eq!(session.poll_timeout(), due + seconds(20));
        answered = due + seconds(wait);
        assert_eq!(session.receive_text(carrier, "3", answered), None);
    }
    assert_eq!(session.closed(), None);
}

#[test]
fn a_poll_is_answered_with_the_ping() {
    let mut session = polling(settings());
    assert_eq!(poll(&mut session), None);
    session.handle_timeout(seconds(25));
    assert_eq!(session.poll_payload().as_deref(), Some("2"));
    assert_eq!(post(&mut session, "3", seconds(26)), []);
    assert_eq!(session.poll_timeout(), seconds(26 + 25));
}

#[test]
fn silence_ends_the_session_and_nothing_else_does() {
    for (transport, payload) in [(Transport::Polling, Some("1")), (Transport::WebSocket, None)] {
        let mut session = match transport {
            Transport::Polling => polling(settings()),
            Transport::WebSocket => websocket(settings()).0,
        };
        session.handle_timeout(seconds(25));
        session.handle_timeout(seconds(45) - millis(1));
        assert!(session.is_open());
        if transport == Transport::Polling {
            assert_eq!(poll(&mut session).as_deref(), Some("2"));
            assert_eq!(poll(&mut session), None);
        }
        session.handle_timeout(seconds(45));
        assert_eq!(session.closed(), Some(CloseReason::PingTimeout));
        assert_eq!(session.poll_payload().as_deref(), payload, "a pending poll is told");
        assert_eq!(session.poll_timeout(), Duration::MAX);
        session.handle_timeout(seconds(99));
        assert_eq!(session.closed(), Some(CloseReason::PingTimeout));
    }
}

#[test]
fn messages_are_no_answer() {
    let (mut session, carrier) = websocket(settings());
    session.handle_timeout(seconds(25));
    let message = session.receive_text(carrier, "4hi", seconds(30));
    assert_eq!(message, Some(Message::Text("hi")));
    session.handle_timeout(seconds(45));
    assert_eq!(session.closed(), Some(CloseReason::PingTimeout));
}

#[test]
fn an_answer_to_no_ping_puts_the_next_one_off() {
    let (mut session, carrier) = websocket(settings());
    session.receive_text(carrier, "3", seconds(10));
    session.handle_timeout(seconds(25));
    assert_eq!(written(&mut session, carrier), [""; 0]);
    assert_eq!(session.poll_timeout(), seconds(35));
}

#[test]
fn a_ping_that_leaves_late_gives_the_client_its_time() {
    for late in [millis(0), millis(5), seconds(1), seconds(60)] {
        let (mut session, carrier) = websocket(settings());
        let sent = seconds(25) + late;
        session.handle_timeout(sent);
        assert_eq!(written(&mut session, carrier), ["2"]);
        let until = session.poll_timeout();
        assert!(until <= sent + seconds(20), "never longer than it may");
        assert!(until >= sent + seconds(20) - millis(10), "{late:?} late took the client's time");
        session.handle_timeout(until - millis(1));
        assert!(session.is_open());
    }
}

#[test]
fn a_client_that_pings_ends_its_session() {
    for ping in ["2", "2probe", "2hi"] {
        let (mut session, carrier) = websocket(settings());
        assert_eq!(session.receive_text(carrier, ping, seconds(1)), None);
        assert_eq!(session.closed(), Some(CloseReason::TransportError));
        let mut session = polling(settings());
        assert_eq!(post(&mut session, &format!("{ping}{SEPARATOR}4hi"), seconds(1)), []);
        assert_eq!(session.closed(), Some(CloseReason::TransportError));
    }
}

#[test]
fn a_ping_that_waited_in_the_queue_leaves_by_the_websocket_that_took_over() {
    let mut session = polling(settings());
    session.handle_timeout(seconds(25));
    let carrier = session.begin_probe(seconds(25)).expect("it may");
    session.receive_text(carrier, "2probe", seconds(26));
    session.receive_text(carrier, "5", seconds(27));
    assert_eq!(written(&mut session, carrier), ["3probe", "2"]);
    assert_eq!(session.poll_timeout(), seconds(45), "the answer is still owed");
    session.receive_text(carrier, "3", seconds(44));
    assert_eq!(session.poll_timeout(), seconds(44 + 25));
}

#[test]
fn who_is_being_closed_is_not_pinged() {
    let (mut session, carrier) = websocket(settings());
    session.send(bundle("rest", &[]));
    session.close(seconds(20));
    session.handle_timeout(seconds(25));
    assert_eq!(written(&mut session, carrier), ["4rest"]);
}
