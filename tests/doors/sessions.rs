//! Sessions of others, and sessions that are asked for two things at once.

use super::client::{Door, POLLING, SOON, WEBSOCKET, live, quoted, request};
use super::requests::{BAD, UNKNOWN};
use super::wire::{TEXT, UPGRADE, frame};
use std::collections::BTreeSet;
use tickwire::host::Count;

#[test]
fn names_of_sessions_are_long_and_new() {
    live(async {
        let door = Door::open(|_| ()).await;
        let mut names = BTreeSet::new();
        let mut wire = door.connect().await;
        for _ in 0..100 {
            let opened = wire.ask("GET", POLLING, "", "").await.text();
            let name = quoted(&opened, 1).to_owned();
            assert_eq!(name.len(), 20, "120 bits in base64");
            names.insert(name);
        }
        assert_eq!(names.len(), 100);
    });
}

#[test]
fn the_public_name_of_a_socket_opens_no_session() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (mut victim, public) = door.joined().await;
        let (mut polled, session) = door.polling().await;
        polled.ask("POST", &session, "", "40").await;
        let joined = polled.ask("GET", &session, "", "").await.text();
        let mut refused = 0;
        for name in [public.as_str(), quoted(&joined, 1)] {
            let (poll, upgrade) =
                (format!("{POLLING}&sid={name}"), format!("{WEBSOCKET}&sid={name}"));
            let attempts =
                [("GET", &poll, "", ""), ("POST", &poll, "", "41"), ("GET", &upgrade, UPGRADE, "")];
            for (method, target, headers, body) in attempts {
                let answer = door.connect().await.ask(method, target, headers, body).await;
                assert_eq!((answer.status, answer.text()), (400, UNKNOWN.into()));
                refused += 1;
                door.until(Count::BadRequest, refused).await;
            }
        }
        victim.is_heard().await;
        polled.ask("POST", &session, "", "421[\"echo\",2]").await;
        assert_eq!(polled.ask("GET", &session, "", "").await.text(), "431[2]");
    });
}

#[test]
fn a_websocket_that_has_not_taken_over_says_nothing_in_a_session_s_name() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (mut wire, target) = door.polling().await;
        wire.ask("POST", &target, "", "40").await;
        wire.ask("GET", &target, "", "").await;
        let mut probe = door.connect().await;
        probe.upgrade(&target.replace("polling", "websocket")).await.expect("an upgrade");
        probe.write(&frame(TEXT, b"421[\"echo\",\"injected\"]")).await.expect("open");
        probe.hung_up().await;
        wire.ask("POST", &target, "", "422[\"echo\",\"own\"]").await;
        assert_eq!(wire.ask("GET", &target, "", "").await.text(), "432[\"own\"]");
        door.until(Count::Messages, 3).await;
    });
}

#[test]
fn a_websocket_that_never_takes_over_is_closed_and_polling_goes_on() {
    live(async {
        let door = Door::open(|config| config.engine.upgrade_timeout = SOON).await;
        let (mut wire, target) = door.polling().await;
        let upgrade = target.replace("polling", "websocket");
        for said in ["", "2probe"] {
            let mut probe = door.connect().await;
            probe.upgrade(&upgrade).await.expect("an upgrade");
            if !said.is_empty() {
                probe.say(said).await;
                probe.read_until("3probe").await.expect("an answer");
            }
            probe.hung_up().await;
        }
        wire.ask("POST", &target, "", "40").await;
        assert!(wire.ask("GET", &target, "", "").await.text().starts_with("40{"));
    });
}

#[test]
fn a_second_websocket_beside_the_first_is_closed() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (_, target) = door.polling().await;
        let upgrade = target.replace("polling", "websocket");
        let mut first = door.connect().await;
        first.upgrade(&upgrade).await.expect("an upgrade");
        let mut second = door.connect().await;
        second.upgrade(&upgrade).await.expect("an upgrade");
        second.hung_up().await;
        first.say("2probe").await;
        first.read_until("3probe").await.expect("an answer");
        first.say("5").await;
        first.say("40").await;
        first.read_until("40{").await.expect("a socket");
        let mut third = door.connect().await;
        third.upgrade(&upgrade).await.expect("an upgrade");
        third.hung_up().await;
        first.is_heard().await;
    });
}

#[test]
fn two_polls_at_once_end_the_session_and_both_are_answered() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (mut first, target) = door.polling().await;
        first.write(request("GET", &target, "", "").as_bytes()).await.expect("open");
        let mut second = door.connect().await;
        // The first poll is surely there once another request of its connection would be read.
        while door.server.host().sessions() > 0 {
            let answer = second.ask("GET", &target, "", "").await;
            assert_eq!(answer.status, 400);
        }
        assert_eq!(first.answer("GET").await.text(), "1");
        let answer = second.ask("GET", &target, "", "").await;
        assert_eq!((answer.status, answer.text()), (400, UNKNOWN.into()));
    });
}

#[test]
fn two_posts_at_once_end_the_session_and_both_are_answered() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (mut poll, target) = door.polling().await;
        poll.write(request("GET", &target, "", "").as_bytes()).await.expect("open");
        let mut first = door.connect().await;
        let head = format!("POST {target} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n4");
        first.write(head.as_bytes()).await.expect("open");
        let mut second = door.connect().await;
        let answer = loop {
            let answer = second.ask("POST", &target, "", "3").await;
            if answer.status != 200 {
                break answer;
            }
        };
        assert_eq!((answer.status, answer.text()), (400, BAD.into()));
        assert_eq!(poll.answer("GET").await.text(), "1");
        first.write(b"0").await.expect("open");
        first.answer("POST").await;
        door.until_sessions(0).await;
    });
}

#[test]
fn who_lets_go_of_a_poll_ends_the_session() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (mut wire, target) = door.polling().await;
        wire.write(request("GET", &target, "", "").as_bytes()).await.expect("open");
        drop(wire);
        door.until_sessions(0).await;
        door.until(Count::SessionsEnded, 1).await;
    });
}

#[test]
fn who_never_answers_a_ping_is_disconnected() {
    live(async {
        let door = Door::open(|config| {
            config.engine.ping_interval = SOON;
            config.engine.ping_timeout = SOON;
        })
        .await;
        let (mut wire, _) = door.joined().await;
        assert_eq!(wire.read_frame().await.expect("a ping").1, b"2");
        wire.closed().await;
        door.until(Count::PingTimeouts, 1).await;
        let (_, _) = door.polling().await;
        door.until(Count::PingTimeouts, 2).await;
        door.until_sessions(0).await;
    });
}

#[test]
fn a_connection_that_joins_nothing_is_closed() {
    live(async {
        let door = Door::open(|config| config.hub.connect_timeout = SOON).await;
        let mut wire = door.websocket().await;
        assert_eq!(wire.closed().await, (1000, String::new()));
        let (mut wire, target) = door.polling().await;
        assert_eq!(wire.ask("GET", &target, "", "").await.text(), "1");
        door.until_sessions(0).await;
    });
}
