//! Native clients over real WebSockets: matches, events, coming back, and what is refused.

mod desk;
mod finding;
mod guest;
mod hosting;
mod mixed;
mod users;
mod cables;

use crate::first_game::{Duck, Paddle};
use bytes::Bytes;
use desk::Desk;
use guest::Guest;
use std::net::SocketAddr;
use std::sync::Arc;
use tickwire::doors::Server;
use tickwire::event::Event;
use tickwire::host::{Config, Count};
use tickwire::hub::{RecoveryOptions, Refused};
use tickwire::ids::Tick;
use tickwire::protocol::native::{FromClient, Input, Join, Refusal};
use tickwire::sim::encode_input;

async fn serve(config: Config) -> (Server, SocketAddr) {
    let server = Server::new(config);
    let open = server.open("127.0.0.1:0").await.unwrap();
    let address = open.address();
    tokio::spawn(open.serve());
    (server, address)
}

fn swim(x: i8, tick: u32) -> Vec<u8> {
    let controls = encode_input(&Paddle { x, y: 0 });
    let mut packet = Vec::new();
    let input = Input { tick: Tick(tick), controls: &controls, ..Input::default() };
    FromClient::Input(input).encode(&mut packet);
    packet
}

#[tokio::test]
async fn clients_join_a_match_play_it_and_hold_what_it_holds() {
    let (server, address) = serve(Config::default()).await;
    let desk = Arc::new(Desk::default());
    server.host().set_matches(desk.clone());
    let mut ann = Guest::greeted(address).await;
    let mut bob = Guest::greeted(address).await;
    for guest in [&mut ann, &mut bob] {
        guest.say(&FromClient::Join(Join { place: "pond", ..Join::default() })).await;
        guest.until_joined().await;
    }
    let mut x = 0.0;
    for tick in 0..60 {
        ann.send(&swim(1, tick)).await;
        ann.round_trip().await;
        desk.tick();
        ann.until_tick(desk.tick_number()).await;
        bob.until_tick(desk.tick_number()).await;
        let seen = |guest: &Guest| {
            let replica = guest.replica.as_ref().unwrap();
            replica.entities().map(|id| replica.get::<Duck>(id).unwrap().x).collect::<Vec<_>>()
        };
        assert_eq!(seen(&ann), seen(&bob));
        assert_eq!(seen(&ann).len(), 2);
        x = seen(&bob).into_iter().fold(0.0, f32::max);
    }
    assert!((x - 6.0).abs() < 0.02, "sixty strokes of ten centimetres: {x}");
    assert_eq!(ann.applied.unwrap().tick(desk.tick_number()), Tick(59), "the last input counts");
    assert_eq!(bob.applied, None, "who says nothing is told of no input");
}

#[tokio::test]
async fn who_lost_the_thread_asks_for_a_keyframe_and_has_it_again() {
    let (server, address) = serve(Config::default()).await;
    let desk = Arc::new(Desk::default());
    server.host().set_matches(desk.clone());
    let mut ann = Guest::greeted(address).await;
    ann.say(&FromClient::Join(Join { place: "pond", ..Join::default() })).await;
    ann.until_joined().await;
    desk.tick();
    ann.until_tick(desk.tick_number()).await;
    ann.send(&swim(1, 1)).await;
    ann.round_trip().await;
    ann.loses_next = true;
    desk.tick();
    ann.until_lost().await;
    let mut ticks = 0;
    desk.tick();
    while !ann.next_state_fails().await {
        desk.tick();
        ticks += 1;
        assert!(ticks < 300, "a checksum tells that a packet is missing");
    }
    ann.say(&FromClient::Keyframe).await;
    ann.round_trip().await;
    desk.tick();
    ann.until_tick(desk.tick_number()).await;
    assert_eq!(ann.replica.as_ref().unwrap().entities().count(), 1);
}

#[tokio::test]
async fn who_leaves_is_out_and_may_join_again() {
    let (server, address) = serve(Config::default()).await;
    let desk = Arc::new(Desk::default());
    server.host().set_matches(desk.clone());
    let mut ann = Guest::greeted(address).await;
    for _ in 0..3 {
        ann.say(&FromClient::Join(Join { place: "pond", ..Join::default() })).await;
        ann.until_joined().await;
        ann.say(&FromClient::Leave).await;
        assert_eq!(ann.until_left().await, 0);
    }
    ann.say(&FromClient::Join(Join { place: "lake", ..Join::default() })).await;
    assert_eq!(ann.until_left().await, Refusal::NoSuchMatch.code());
}

#[tokio::test]
async fn without_matches_there_is_none_to_join() {
    let (_server, address) = serve(Config::default()).await;
    let mut ann = Guest::greeted(address).await;
    ann.say(&FromClient::Join(Join::default())).await;
    assert_eq!(ann.until_left().await, Refusal::NoSuchMatch.code());
}

#[tokio::test]
async fn native_sockets_are_in_rooms_and_hear_events_like_all_others() {
    let (server, address) = serve(Config::default()).await;
    server.io().on_connection(|socket| {
        socket.on("say", |socket, (text, proof): (String, Bytes), ack| {
            socket.broadcast().emit("said", (&text, &proof, socket.transport()));
            ack.send(text.len());
        });
        socket.on("ask", |socket, (), _| {
            let reply = socket.emit_with_ack("question", 7);
            let socket = socket.clone();
            tokio::spawn(async move {
                let answer: u32 = reply.await.unwrap().to().unwrap();
                socket.emit("answered", answer);
            });
        });
    });
    let mut ann = Guest::greeted(address).await;
    let mut bob = Guest::greeted(address).await;
    let proof = Bytes::from_static(&[1, 2, 3]);
    let event = Event::new("say", ("hello", &proof)).unwrap();
    ann.say(&FromClient::Event { ack: Some(9), event }).await;
    assert_eq!(ann.until_ack().await, (9, "[5]".into()));
    let said = bob.until_event("said").await;
    assert_eq!(said.args.to(), Ok(("hello".to_owned(), proof, "native".to_owned())));
    bob.say(&FromClient::Event { ack: None, event: Event::new("ask", ()).unwrap() }).await;
    let question = bob.until_question().await;
    let args = Event::new("", 8).unwrap().args;
    bob.say(&FromClient::Ack { id: question, args }).await;
    assert_eq!(bob.until_event("answered").await.args.to(), Ok(8));
}

#[tokio::test]
async fn who_comes_back_is_the_same_socket_and_hears_what_it_missed() {
    let mut config = Config::default();
    config.hub.recovery = Some(RecoveryOptions::default());
    let (server, address) = serve(config).await;
    server.io().on_connection(|socket| socket.emit("hello", socket.is_recovered()));
    let mut ann = Guest::greeted(address).await;
    assert_eq!(ann.until_event("hello").await.args.to(), Ok(false));
    let (id, secret) = (ann.socket.clone(), ann.secret());
    let ann = ann.lose();
    while !server.io().main().sockets().is_empty() {
        tokio::task::yield_now().await;
    }
    server.io().emit("missed", 1);
    server.io().emit("missed", 2);
    let mut ann = ann.come_back(address).await;
    assert_eq!(ann.until_event("missed").await.args.to(), Ok(1));
    assert_eq!(ann.until_event("missed").await.args.to(), Ok(2));
    assert_eq!(ann.until_event("hello").await.args.to(), Ok(true));
    assert_eq!(ann.socket, id);
    assert_ne!(ann.secret(), secret, "it is given another secret for the next time");
    let mut again = ann.again(address).await;
    assert_eq!(again.until_event("hello").await.args.to(), Ok(true));
    assert_eq!(again.socket, id, "the other connection is there only as far as the server knows");
    assert_eq!(ann.until_closed().await, 4000 + Refusal::Replaced.code());
    let mut used = ann.again(address).await;
    assert_eq!(
        used.until_event("hello").await.args.to(),
        Ok(false),
        "its secret was good for once"
    );
    assert_eq!(server.io().main().sockets().len(), 2);
}

#[tokio::test]
async fn who_is_not_let_in_is_told_why() {
    let (server, address) = serve(Config::default()).await;
    server.io().main().middleware(|socket| {
        let token = socket.handshake().auth.get("token").and_then(|token| token.as_str());
        if token == Some("secret") { Ok(()) } else { Err(Refused::new("you are not on the list")) }
    });
    let mut stranger = Guest::connect(address, None).await;
    let (code, sentence) = stranger.until_error().await;
    assert_eq!((code, &*sentence), (Refusal::Forbidden.code(), "you are not on the list"));
    assert_eq!(stranger.until_closed().await, 4201);
    let mut friend = Guest::connect(address, Some("secret")).await;
    friend.until_welcome().await;
}

#[tokio::test]
async fn what_breaks_the_protocol_is_answered_with_its_code_and_the_end() {
    let (server, address) = serve(Config::default()).await;
    let long = vec![0x05; 70_000];
    let cases: [(&[u8], u16); 4] = [
        (&[0x42], Refusal::BadPacket.code()),
        (&[], Refusal::BadPacket.code()),
        (&swim(1, 1), Refusal::NotInMatch.code()),
        (&[0x05, 0, 253, 255, 255, 255, 255, 255, 255, 255, 255], Refusal::BadPacket.code()),
    ];
    for (packet, code) in cases {
        let mut guest = Guest::greeted(address).await;
        guest.send(packet).await;
        assert_eq!(guest.until_error().await.0, code);
        assert_eq!(guest.until_closed().await, 4000 + code);
    }
    let mut guest = Guest::greeted(address).await;
    guest.send(&long).await;
    assert_eq!(guest.until_closed().await, 1009);
    let mut guest = Guest::greeted(address).await;
    guest.send_text("hello").await;
    assert_eq!(guest.until_error().await.0, Refusal::TextMessage.code());
    assert_eq!(guest.until_closed().await, 4107);
    assert!(server.host().counters().get(Count::BadPackets) >= 4);
    assert_eq!(server.host().counters().get(Count::TooLong), 1);
}

#[tokio::test]
async fn the_first_word_must_come_in_time() {
    let mut config = Config::default();
    config.native.handshake_ms = 50;
    let (server, address) = serve(config).await;
    let mut guest = Guest::silent(address).await;
    assert_eq!(guest.until_closed().await, 4106);
    assert_eq!(server.host().counters().get(Count::SlowHandshake), 1);
}
