//! Simulated clients of Socket.IO, over each transport, against a server that talks and one that plays.

use crate::doors::client::{Door, live};
use game::arena::{Arena, Options};
use std::sync::Arc;
use std::time::Duration;
use tickwire::cli::Show;
use tickwire::event::{Args, Value};
use tickwire::host::matches::{Catalog, Directory};
use tickwire::load::socketio::{ChatOptions, Chatters, Scenario, Transport};
use tickwire::load::{Felt, Hall, Plan, Playing};

/// How often it is looked at what was felt.
const GLANCE: Duration = Duration::from_millis(5);
const CLIENTS: usize = 8;
const TRANSPORTS: [Transport; 3] = [Transport::WebSocket, Transport::Polling, Transport::Mixed];
const TALK: Scenario = Scenario::Chatter { hz: 40.0, per_room: 4 };

/// A server with the events that chatters need, which pings often.
async fn talking() -> Door {
    let door = Door::open(|config| config.engine.ping_interval = GLANCE * 20).await;
    let main = door.server.io().main().clone();
    main.on("join", |socket, room: String, ack| {
        socket.join(room);
        ack.send(socket.rooms());
    });
    main.on("to-room", |socket, (room, payload): (String, Value), ack| {
        socket.to(&room).emit("room-msg", (&room, payload, socket.id()));
        ack.send("ok");
    });
    main.on("broadcast", |socket, payload: Value, ack| {
        socket.broadcast().emit("bcast", (payload, socket.id()));
        ack.send("ok");
    });
    main.on("message-with-ack", |_, args: Args, ack| ack.send(args));
    door
}

/// A server with matches of four; they end with what this gives.
async fn playing() -> (Door, Arc<Directory>) {
    let door = Door::open(|config| config.matches.threads = 1).await;
    let catalog = Catalog::default().with("arena", 4, 0, || Arena, Options::default());
    let directory = Directory::start(door.server.host(), catalog).expect("threads");
    (door, directory)
}

fn plan(planted_one_in: u32) -> Arc<Plan> {
    Arc::new(Plan {
        place: String::new(),
        options: r#"{"mode":"arena"}"#.into(),
        minds: Arc::new(|seed, player| Box::new(Playing(Arena::bot(seed, player)))),
        seed: 3,
        leave_rate: 0.0,
        shares: true,
        predicting: 0,
        planted_one_in,
    })
}

fn start(door: &Door, transport: Transport, scenario: Scenario) -> Chatters {
    let options = ChatOptions {
        address: door.address,
        host: door.address.to_string(),
        path: "/socket.io/".into(),
        count: CLIENTS,
        within: Duration::from_millis(50),
        transport,
        scenario,
        seed: 3,
        first_number: 0,
    };
    Chatters::start(options).expect("a thread")
}

/// Adds up what is felt until that is enough.
async fn until(chatters: &Chatters, all: &mut Felt, is_enough: impl Fn(&Felt) -> bool) {
    loop {
        all.absorb(&mut chatters.take_felt());
        if is_enough(all) {
            return;
        }
        tokio::time::sleep(GLANCE).await;
    }
}

async fn until_all_are_in(chatters: &Chatters, count: usize) {
    while chatters.count() != (count, count) {
        tokio::time::sleep(GLANCE).await;
    }
}

#[track_caller]
fn assert_well(felt: &Felt) {
    let counts = felt.counts;
    assert_eq!((counts.lost, counts.acks_lost, counts.desyncs, counts.broken), (0, 0, 0, 0));
    assert!(felt.refusals.is_empty(), "{:?}", felt.refusals);
}

#[test]
fn what_chatters_say_is_answered_and_heard_by_all_others_in_their_room() {
    for transport in TRANSPORTS {
        live(async {
            let door = talking().await;
            let chatters = start(&door, transport, TALK);
            let mut felt = Felt::default();
            until_all_are_in(&chatters, CLIENTS).await;
            assert_eq!(chatters.matches(), 2, "rooms of four");
            until(&chatters, &mut felt, |felt| felt.counts.acks >= 600).await;
            // What is on its way still comes; anything that does not would be waited for in vain.
            chatters.conclude();
            until(&chatters, &mut felt, |felt| felt.counts.packets >= felt.counts.expected).await;
            assert_well(&felt);
            let counts = felt.counts;
            assert_eq!(counts.packets, counts.expected, "once each");
            assert!(counts.packets > 600, "each is heard by three: {}", counts.packets);
            assert!(counts.events > counts.packets, "and some by all");
            assert_eq!((counts.connected, counts.joined), (8, 8));
            assert_eq!(felt.visible.count(), counts.packets);
            assert!(felt.ack.count() >= counts.acks);
            assert!(felt.received.events > 0 && felt.sent.events > 0);
            drop(chatters);
            door.until_sessions(0).await;
        });
    }
}

#[test]
fn players_verify_every_packet_and_see_what_others_do_over_each_transport() {
    for transport in TRANSPORTS {
        live(async {
            let (door, directory) = playing().await;
            let players = start(&door, transport, Scenario::Play(plan(0)));
            let mut felt = Felt::default();
            until_all_are_in(&players, CLIENTS).await;
            assert_eq!((players.matches(), directory.list().len()), (2, 2));
            let mut hall = Hall::default();
            hall.enter("elsewhere");
            hall.enter(&directory.list()[0].id.0);
            assert_eq!(players.matches_beside(&hall), 3, "one of them is the same");
            assert_eq!(players.hertz().map(f64::round), Some(20.0));
            let is_enough = |felt: &Felt| felt.counts.packets >= 400 && felt.visible.count() >= 40;
            until(&players, &mut felt, is_enough).await;
            players.conclude();
            assert_well(&felt);
            let counts = felt.counts;
            assert_eq!((counts.connected, counts.joined), (8, 8));
            assert!(counts.keyframes >= 8 && felt.join.count() == 8);
            assert!(counts.inputs > 0 && counts.applied > 0 && counts.applied <= counts.packets);
            assert!(felt.gap.count() >= counts.packets - 8);
            assert!(felt.received.state > 0 && felt.sent.state > 0);
        });
    }
}

#[test]
fn a_packet_that_is_not_as_it_was_sent_is_found_and_the_thread_is_taken_up_again() {
    live(async {
        let (door, _directory) = playing().await;
        let players = start(&door, Transport::Mixed, Scenario::Play(plan(20)));
        let mut felt = Felt::default();
        let is_enough = |felt: &Felt| {
            let counts = felt.counts;
            counts.desyncs + counts.broken >= 5 && counts.keyframes >= 8 + 5
        };
        until(&players, &mut felt, is_enough).await;
        assert_eq!(felt.counts.lost, 0);
    });
}

#[test]
fn who_is_cut_off_comes_back_to_its_room_and_others_may_follow() {
    for transport in TRANSPORTS {
        live(async {
            let door = talking().await;
            let chatters = start(&door, transport, TALK);
            until_all_are_in(&chatters, CLIENTS).await;
            let sockets = door.server.io().main().sockets();
            sockets.iter().for_each(tickwire::hub::Socket::close);
            let mut felt = Felt::default();
            until(&chatters, &mut felt, |felt| felt.counts.joined >= 16).await;
            assert_eq!(felt.counts.lost, 8);
            chatters.add(4, Duration::ZERO);
            until_all_are_in(&chatters, 12).await;
            assert_eq!(chatters.matches(), 3);
            let heard = felt.counts.packets;
            until(&chatters, &mut felt, |felt| felt.counts.packets >= heard + 100).await;
            assert_eq!((felt.counts.lost, felt.counts.broken), (8, 0));
        });
    }
}

#[test]
fn who_cannot_connect_says_why_and_tries_again() {
    for transport in TRANSPORTS {
        live(async {
            let door = Door::open(|config| config.path = "/elsewhere/".into()).await;
            let chatters = start(&door, transport, TALK);
            let mut felt = Felt::default();
            until(&chatters, &mut felt, |felt| felt.refusals() > CLIENTS as u64).await;
            assert_eq!((chatters.count(), felt.counts.lost), ((CLIENTS, 0), 0));
            let reasons: Vec<_> = felt.refusals.keys().collect();
            assert_eq!(reasons, ["answered 404 Not Found"]);
        });
    }
}
