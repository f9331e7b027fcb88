//! Clients that say too much, and clients that do not listen.

use super::client::{Door, live};
use super::requests::UNKNOWN;
use super::wire::{TEXT, frame};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tickwire::doors::Server;
use tickwire::event::Args;
use tickwire::host::{Config, Count};
use tickwire::hub::Socket;
use tokio::sync::Semaphore;

const TOO_MANY: (u16, &str) = (1008, "too many messages");

#[test]
fn who_sends_too_many_messages_is_disconnected() {
    live(async {
        let door = Door::open(|config| {
            config.doors.messages_per_second = 1;
            config.doors.messages_burst = 50;
        })
        .await;
        let ping = frame(0x89, b"");
        for (times, flood) in (1..).zip([frame(TEXT, b"42[\"nothing\"]"), ping]) {
            let (mut wire, _) = door.joined().await;
            wire.write(&flood.repeat(200)).await.expect("an open WebSocket");
            let (code, why) = wire.closed().await;
            assert_eq!((code, why.as_str()), TOO_MANY);
            door.until(Count::Flood, times).await;
        }
        let (mut wire, target) = door.polling().await;
        let flood = vec!["42[\"nothing\"]"; 200].join("\u{1e}");
        wire.ask("POST", &target, "", &format!("40\u{1e}{flood}")).await;
        door.until(Count::Flood, 3).await;
        door.serves_others().await;
    });
}

#[test]
fn a_client_that_does_not_read_is_disconnected_and_nobody_else_waits() {
    live(async {
        let door = Door::open(|config| config.engine.outbox_bytes = 256 << 10).await;
        let (stalled, _) = door.joined().await;
        let mut others = Vec::new();
        for _ in 0..4 {
            others.push(door.joined().await.0);
        }
        let state = "x".repeat(64 << 10);
        while door.count(Count::Overflows) == 0 {
            door.server.io().emit("state", &state);
            for other in &mut others {
                let said = other.read_until("42[\"state\"").await.expect("the state");
                assert_eq!(said.len(), 12 + state.len() + 2);
            }
        }
        door.until(Count::Overflows, 1).await;
        for other in &mut others {
            other.is_heard().await;
        }
        drop(stalled);
        door.until_sessions(4).await;
    });
}

#[test]
fn what_waits_for_a_client_is_bounded() {
    live(async {
        let door = Door::open(|config| config.engine.outbox_bytes = 64 << 10).await;
        let (mut wire, _) = door.joined().await;
        let text = "x".repeat(1000);
        wire.say(&format!("42[\"burst\",100,\"{text}\"]")).await;
        assert_eq!(wire.closed().await, (1008, "too much waits for this client".into()));
        door.until(Count::Overflows, 1).await;
        let (mut wire, target) = door.polling().await;
        wire.ask("POST", &target, "", &format!("40\u{1e}42[\"burst\",100,\"{text}\"]")).await;
        door.until(Count::Overflows, 2).await;
        let answer = wire.ask("GET", &target, "", "").await;
        assert_eq!((answer.status, answer.text()), (400, UNKNOWN.into()));
        door.until_sessions(0).await;
    });
}

#[test]
fn a_client_is_not_read_from_while_handlers_are_behind() {
    live(async {
        let mut config = Config::default();
        config.hub.waiting_events = 16;
        let server = Server::new(config);
        let (gate, handled) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let (waits, counts) = (gate.clone(), handled.clone());
        server.io().main().on_async("slow", move |_: Socket, item: usize, _| {
            let (waits, counts) = (waits.clone(), counts.clone());
            async move {
                let _ = waits.acquire().await;
                assert_eq!(counts.fetch_add(1, Ordering::Relaxed), item);
            }
        });
        let door = Door::serve(server).await;
        let (mut wire, _) = door.joined().await;
        for item in 0..1000 {
            wire.say(&format!("42[\"slow\",{item}]")).await;
        }
        for _ in 0..10 {
            door.serves_others().await;
        }
        let others = 2 * 10;
        assert!(door.count(Count::Messages) <= 1 + 1 + 16 + others);
        gate.close();
        wire.is_heard().await;
        assert_eq!(handled.load(Ordering::Relaxed), 1000);
        assert_eq!(door.count(Count::Panics), 0);
    });
}

#[test]
fn a_handler_that_panics_harms_nobody() {
    live(async {
        let server = Server::new(Config::default());
        server.io().main().on("bad", |_, _: Args, _| panic!("on purpose"));
        let door = Door::serve(server).await;
        let (mut wire, _) = door.joined().await;
        wire.say("42[\"bad\"]").await;
        wire.is_heard().await;
        door.until(Count::Panics, 1).await;
        door.serves_others().await;
    });
}
