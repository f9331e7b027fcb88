//! Native connections on the threads of matches: read when something comes, or with the tick.

use super::guest::Guest;
use super::hosting::{QUACK, Sea, control, ducks};
use crate::doors::wire::{Wire, frame};
use std::time::Duration;
use tickwire::event::Event;
use tickwire::host::{Config, Count};
use tickwire::protocol::native::{FromClient, Refusal};
use tokio::net::TcpStream;

const PING: u8 = 0x89;
const BINARY: u8 = 0x82;

/// Both ways of reading.
async fn seas(change: impl Fn(&mut Config)) -> [Sea; 2] {
    let with = |listens_to: usize| {
        let change = &change;
        Sea::open(move |config| {
            config.matches.listens_to = listens_to;
            change(config);
        })
    };
    [with(1000).await, with(0).await]
}

#[tokio::test]
async fn it_is_the_same_match_whichever_way_its_players_are_read() {
    for sea in seas(|_| ()).await {
        let (mut ann, mut bob) = (sea.player().await, sea.player().await);
        control(&mut ann, 100).await;
        while ducks(&bob) != [0.0, 1.0] {
            bob.until_state().await;
        }
        control(&mut bob, QUACK).await;
        ann.until_event("quack").await;
        let ann = ann.lose();
        while sea.server.io().main().sockets().len() > 1 {
            tokio::task::yield_now().await;
        }
        let mut ann = ann.come_back(sea.address).await;
        ann.until_joined().await;
        ann.until_state().await;
        control(&mut ann, 100).await;
        ann.say(&FromClient::Leave).await;
        assert_eq!(ann.until_left().await, 0);
        // Out of the match it is heard as before.
        ann.round_trip().await;
        assert_eq!(sea.players(), [1]);
    }
}

#[tokio::test]
async fn what_handlers_are_slow_with_waits_in_its_order_and_holds_up_no_match() {
    for sea in seas(|_| ()).await {
        sea.server.io().on_async("count", async |_, number: u32, ack| {
            tokio::task::yield_now().await;
            ack.send(number);
        });
        let mut ann = sea.player().await;
        for number in 0..500 {
            let event = Event::new("count", number).unwrap();
            ann.say(&FromClient::Event { ack: Some(number), event }).await;
        }
        for number in 0..500 {
            let (id, json) = ann.until_ack().await;
            assert_eq!((id, json), (number, format!("[{number}]")));
        }
        control(&mut ann, 100).await;
    }
}

#[tokio::test]
async fn frames_that_break_the_rules_end_a_native_connection_too() {
    let ping = frame(PING, &[7; 125]);
    let mut unmasked = frame(BINARY, b"x");
    unmasked[1] &= 0x7f;
    let cases: [(&[u8], u16, Count); 3] = [
        (&unmasked, 1002, Count::BadFrames),
        (&[0xc2, 0x80, 0, 0, 0, 0], 1002, Count::BadFrames),
        (&[BINARY, 0xff, 0, 0, 0, 0, 0, 1, 0, 1], 1009, Count::TooLong),
    ];
    for sea in seas(|config| config.doors.misdeeds = 0).await {
        for (bytes, code, count) in &cases {
            let mut wire = Wire::new(TcpStream::connect(sea.address).await.unwrap());
            wire.upgrade("/play").await.unwrap();
            wire.write(&ping).await.unwrap();
            assert_eq!(
                wire.read_frame().await.unwrap(),
                (0x8a, vec![7; 125]),
                "a ping is answered"
            );
            let before = sea.server.host().counters().get(*count);
            wire.write(bytes).await.unwrap();
            let close = loop {
                let (first, payload) = wire.read_frame().await.unwrap();
                if first == crate::doors::wire::CLOSE {
                    break payload;
                }
            };
            assert_eq!(close[..2], code.to_be_bytes());
            assert_eq!(sea.server.host().counters().get(*count), before + 1);
            assert!(wire.read_frame().await.is_err(), "and it is hung up");
        }
    }
}

// Threats 5 and 3: one who takes nothing is let go of; what waits for it is bounded; others notice nothing.
#[tokio::test]
async fn who_takes_nothing_is_held_back_then_cut_and_the_match_goes_on() {
    let soon = Duration::from_millis(300);
    for sea in seas(|config| {
        (config.matches.stall_timeout, config.matches.seat_kept) = (soon, soon);
    })
    .await
    {
        let mut bob = sea.player().await;
        let stalled = sea.player().await;
        let flood = "x".repeat(16_000);
        let id = sea.directory.list()[0].id.clone();
        while sea.directory.tally().held_back.get() == 0 {
            sea.directory.tell(&id, &flood).unwrap();
            bob.until_event("announcement").await;
            bob.round_trip().await;
            assert_eq!(sea.server.host().counters().get(Count::Overflows), 0, "not yet");
        }
        sea.until_players(&[1]).await;
        assert_eq!(sea.server.host().counters().get(Count::Overflows), 1);
        control(&mut bob, 100).await;
        drop(stalled);
    }
}

#[tokio::test]
async fn who_was_silent_may_come_back_to_its_seat_and_who_lied_may_not() {
    for sea in seas(|config| {
        config.native.silence_ms = 1000;
        config.doors.misdeeds = 0;
    })
    .await
    {
        let mut ann = sea.player().await;
        assert_eq!(ann.until_closed().await, 4000 + Refusal::Silent.code());
        assert_eq!(sea.players(), [1]);
        let mut ann = ann.lose().come_back(sea.address).await;
        ann.until_joined().await;
        ann.send(&[0x42]).await;
        ann.until_closed().await;
        sea.until_players(&[0]).await;
    }
}

#[tokio::test]
async fn who_comes_back_while_the_lost_connection_looks_alive_has_the_seat_at_once() {
    for sea in seas(|_| ()).await {
        let (mut ann, mut bob) = (sea.player().await, sea.player().await);
        let mut again = ann.again(sea.address).await;
        again.until_joined().await;
        assert_eq!(ann.until_closed().await, 4000 + Refusal::Replaced.code());
        control(&mut again, 100).await;
        control(&mut bob, 100).await;
        assert_eq!((sea.players(), &again.socket), (vec![2], &ann.socket));
    }
}

#[tokio::test]
async fn a_server_that_closes_says_so_to_all_whom_its_threads_carry() {
    for sea in seas(|_| ()).await {
        let (mut ann, mut bob) = (sea.player().await, Guest::greeted(sea.address).await);
        sea.server.close();
        for guest in [&mut ann, &mut bob] {
            assert_eq!(guest.until_error().await.0, Refusal::ShuttingDown.code());
            assert!(guest.until_closed().await >= 4000);
        }
    }
}
