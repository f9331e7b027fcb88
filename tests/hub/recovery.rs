//! Who lost the connection and comes back in time is the same socket again and misses nothing.

use super::*;
use std::time::Duration;
use tickwire::hub::{HubOptions, Letter, RecoveryOptions, Refused};

fn keeping(recovery: RecoveryOptions) -> Hall {
    Hall::with(HubOptions { recovery: Some(recovery), ..options() })
}

/// Keeps everything for two minutes.
fn hall() -> Hall {
    keeping(RecoveryOptions::default())
}

/// A new connection of a client that knows its way back to `/`.
fn back(hall: &Hall, way: &(String, String)) -> Client {
    let client = hall.client();
    client.connect_as("/", &(), Some(way.clone())).expect("it may ask");
    client
}

#[test]
fn who_comes_back_is_the_same_socket_and_is_told_what_it_missed_once_and_in_order() {
    let hall = hall();
    let (mut client, socket) = hall.guest();
    let (other, other_socket) = hall.guest();
    socket.join(["room", "x"]);
    socket.set_data(7_u32);
    socket.set_user("ann".into());
    hall.io.emit("heard", 0);
    client.lose("transport close");
    let way = client.way_back("/");
    assert!(!socket.is_connected());
    hall.io.emit("all", 1);
    hall.io.to("room").emit("room", (2, "two"));
    hall.io.to("elsewhere").emit("elsewhere", ());
    hall.io.except("x").emit("not you", ());
    hall.io.to_users(["ann"]).emit("user", 3);
    hall.io.to_users(["bob"]).emit("not you", ());
    hall.io.to(socket.id()).emit("own room", 4);
    other_socket.broadcast().emit("broadcast", 5);
    socket.emit("alone", bytes::Bytes::from_static(b"6"));
    hall.io.main().volatile().emit("volatile", ());
    drop(hall.io.main().timeout(seconds(1)).emit_with_ack("asked", ()));
    hall.pass(seconds(60));
    let client = back(&hall, &way);
    assert_eq!(
        client.heard(),
        [
            "connect again",
            "all [1]",
            "room [2,\"two\"]",
            "user [3]",
            "own room [4]",
            "broadcast [5]",
            "alone [{\"_placeholder\":true,\"num\":0}] with 1 attachments"
        ]
    );
    let again = client.socket("/");
    assert!(again.is_recovered() && !socket.is_recovered() && again != socket);
    assert_eq!((again.id(), client.told_at_connect("/").1), (socket.id(), Some(way.0.clone())));
    assert_eq!(again.rooms().len(), 3);
    assert_eq!((again.data::<u32>().as_deref(), again.user()), (Some(&7), Some("ann".into())));
    hall.io.to_users(["ann"]).to("room").emit("later", ());
    assert_eq!(client.heard(), ["later []"]);
    assert_eq!(other.heard().len(), 5);
}

#[test]
fn the_way_back_leads_back_again_and_again_also_past_a_connection_that_looks_alive() {
    let hall = hall();
    let (mut client, _) = hall.guest();
    hall.io.emit("x", 0);
    for number in 1..4 {
        client.lose("ping timeout");
        hall.io.emit("x", number);
        let way = client.way_back("/");
        client = back(&hall, &way);
        assert_eq!(client.heard(), ["connect again".into(), format!("x [{number}]")]);
        let before = client.socket("/");
        let again = back(&hall, &way);
        assert_eq!(again.heard(), ["connect again".into(), format!("x [{number}]")]);
        assert!(again.socket("/").is_recovered() && !before.is_connected());
        client = again;
    }
    assert_eq!(hall.io.main().sockets().len(), 1);
}

#[test]
fn what_is_wrong_with_the_way_makes_a_socket_like_any_other() {
    let hall = hall();
    hall.io.of("/other");
    let (mut client, socket) = hall.guest();
    let elsewhere = hall.guest_in("/other").0;
    hall.io.emit("x", ());
    hall.io.of("/other").emit("x", ());
    client.lose("transport error");
    let (secret, offset) = client.way_back("/");
    let foreign = elsewhere.way_back("/other").1;
    let number = offset.rsplit('-').next().expect("it ends in a number");
    let future = offset.replace(&format!("-{number}"), "-99999");
    let ways = [
        ("unknown".to_owned(), offset.clone()),
        (String::new(), offset.clone()),
        (secret.clone(), foreign),
        (secret.clone(), "-1".into()),
        (secret.clone(), number.into()),
        (secret.clone(), future),
        (secret.clone(), format!("{offset}x")),
        (secret.clone(), format!("{offset}9999999999999999999999")),
    ];
    for way in ways {
        let client = back(&hall, &way);
        assert_eq!(client.heard(), ["connect"], "{way:?}");
        let fresh = client.socket("/");
        assert!(!fresh.is_recovered() && fresh.id() != socket.id() && fresh.rooms().len() == 1);
        assert_ne!(client.told_at_connect("/").1, Some(secret.clone()));
    }
    let client = back(&hall, &(secret, offset));
    assert_eq!(client.heard(), ["connect again"], "none of them spoiled the right one");
}

#[test]
fn what_is_kept_is_kept_for_so_long() {
    for (away, expected) in [(119, "connect again"), (120, "connect"), (500, "connect")] {
        let hall = hall();
        let (mut client, _) = hall.guest();
        hall.io.emit("x", ());
        hall.pass(seconds(1000));
        client.lose("transport close");
        let way = client.way_back("/");
        hall.pass(seconds(away));
        assert_eq!(back(&hall, &way).heard(), [expected], "after {away} s");
    }
}

#[test]
fn who_missed_more_than_is_kept_begins_anew() {
    let limits = [
        RecoveryOptions { events: 3, ..RecoveryOptions::default() },
        RecoveryOptions { bytes: 3 * 10, ..RecoveryOptions::default() },
    ];
    for limit in limits {
        for (missed, expected) in [(0, 1), (3, 4), (4, 1)] {
            let hall = keeping(limit.clone());
            let (mut client, _) = hall.guest();
            hall.io.emit("x", ());
            client.lose("transport close");
            (0..missed).for_each(|number| hall.io.emit("missed", number));
            let client = back(&hall, &client.way_back("/"));
            let is_recovered = expected > 1 || missed == 0;
            assert_eq!(client.heard().len(), expected, "{missed} of {limit:?}");
            assert_eq!(client.socket("/").is_recovered(), is_recovered);
        }
    }
}

#[test]
fn at_most_so_many_sockets_are_kept_the_last_ones() {
    let hall = keeping(RecoveryOptions { sockets: 2, ..RecoveryOptions::default() });
    let mut clients: Vec<Client> = (0..3).map(|_| hall.guest().0).collect();
    hall.io.emit("x", ());
    for client in &mut clients {
        hall.pass(seconds(1));
        client.lose("transport close");
    }
    let back: Vec<Client> =
        clients.iter().map(|client| back(&hall, &client.way_back("/"))).collect();
    let heard: Vec<_> = back.iter().map(Client::heard).collect();
    assert_eq!(heard, [["connect"], ["connect again"], ["connect again"]]);
}

#[test]
fn who_left_or_was_thrown_out_is_not_kept() {
    let ends: [fn(&Client, &Socket); 3] = [
        |client, _| client.leave("/"),
        |_, socket| socket.disconnect(),
        |_, socket| socket.close(),
    ];
    for end in ends {
        let hall = hall();
        let (client, socket) = hall.guest();
        hall.io.emit("x", ());
        end(&client, &socket);
        assert_eq!(back(&hall, &client.way_back("/")).heard(), ["connect"]);
    }
    for reason in ["transport error", "transport close", "forced close", "ping timeout"] {
        let hall = hall();
        let (mut client, _) = hall.guest();
        hall.io.emit("x", ());
        client.lose(reason);
        assert_eq!(back(&hall, &client.way_back("/")).heard(), ["connect again"], "{reason}");
    }
}

#[test]
fn without_recovery_there_is_no_secret_and_no_offset() {
    let hall = Hall::new();
    let client = hall.client();
    client.connect_as("/", &(), Some(("secret".into(), "offset-1".into()))).unwrap();
    assert_eq!(client.told_at_connect("/").1, None);
    client.socket("/").emit("x", ());
    hall.io.emit("x", ());
    let offsets = client
        .parcels()
        .iter()
        .any(|parcel| matches!(&parcel.letter, Letter::Event { offset: Some(_), .. }));
    assert!(!offsets);
    let hall = self::hall();
    let (client, socket) = hall.guest();
    socket.volatile().emit("volatile", ());
    drop(socket.emit_with_ack("asked", ()));
    let offsets = client
        .parcels()
        .iter()
        .any(|parcel| matches!(&parcel.letter, Letter::Event { offset: Some(_), .. }));
    assert!(!offsets, "what is not kept has none either");
}

#[test]
fn who_comes_back_is_asked_by_middleware_only_if_that_is_wanted() {
    for asks_middleware in [false, true] {
        let hall = keeping(RecoveryOptions { asks_middleware, ..RecoveryOptions::default() });
        let log = Log::default();
        let notes = log.clone();
        hall.io.main().middleware(move |socket| {
            notes.note(socket.is_recovered());
            Ok(())
        });
        let notes = log.clone();
        hall.io.on_connection(move |socket| notes.note(format!("in {}", socket.is_recovered())));
        let (mut client, _) = hall.guest();
        hall.io.emit("x", ());
        client.lose("transport close");
        assert_eq!(back(&hall, &client.way_back("/")).heard(), ["connect again"]);
        let expected = ["false", "in false", "true", "in true"];
        let expected = expected.into_iter().filter(|note| asks_middleware || *note != "true");
        assert_eq!(log.take(), expected.collect::<Vec<_>>());
    }
}

#[test]
fn who_is_lost_again_on_the_way_back_may_try_again() {
    let hall = keeping(RecoveryOptions { asks_middleware: true, ..RecoveryOptions::default() });
    let gates: Vec<Gate> = (0..3).map(|_| Gate::default()).collect();
    gates[0].open();
    let waiting = gates.clone();
    let count = std::sync::atomic::AtomicUsize::new(0);
    hall.io.main().middleware_async(move |socket: Socket| {
        let gate = waiting[count.fetch_add(1, std::sync::atomic::Ordering::Relaxed)].clone();
        async move {
            gate.pass().await;
            if socket.handshake().auth.get("bad").is_some() {
                Err(Refused::new("no"))
            } else {
                Ok(())
            }
        }
    });
    let mut client = hall.client();
    client.connect("/");
    hall.run();
    client.socket("/").join("room");
    hall.io.emit("x", ());
    client.lose("transport close");
    let way = client.way_back("/");
    let mut second = back(&hall, &way);
    hall.run();
    second.lose("transport close");
    gates[1].open();
    hall.run();
    hall.io.to("room").emit("missed", ());
    gates[2].open();
    let third = back(&hall, &way);
    hall.run();
    assert_eq!(third.heard(), ["connect again", "missed []"]);
}

#[test]
fn what_comes_while_middleware_takes_its_time_is_not_missed() {
    let hall = keeping(RecoveryOptions { asks_middleware: true, ..RecoveryOptions::default() });
    let (mut client, _) = hall.guest();
    hall.io.emit("x", ());
    client.lose("transport close");
    let gate = Gate::default();
    let waiting = gate.clone();
    hall.io.main().middleware_async(move |_| {
        let gate = waiting.clone();
        async move {
            gate.pass().await;
            Ok(())
        }
    });
    hall.io.emit("before", ());
    let client = back(&hall, &client.way_back("/"));
    hall.run();
    hall.io.emit("meanwhile", ());
    gate.open();
    hall.run();
    hall.io.emit("after", ());
    assert_eq!(client.heard(), ["connect again", "before []", "meanwhile []", "after []"]);
}

#[test]
fn each_namespace_keeps_its_own() {
    let hall = hall();
    hall.io.of("/other");
    let (mut client, _) = hall.guest();
    client.enter("/other");
    hall.io.emit("x", ());
    hall.io.of("/other").emit("x", ());
    client.lose("transport close");
    hall.io.of("/other").emit("missed", ());
    let again = hall.client();
    for name in ["/", "/other"] {
        again.connect_as(name, &(), Some(client.way_back(name))).unwrap();
    }
    assert_eq!(again.heard(), ["connect again", "/other connect again", "/other missed []"]);
}

/// What is kept is looked through now and then, by one alarm however many come and go.
#[test]
fn the_clock_is_not_kept_busy_by_those_who_were_lost() {
    let keeps = RecoveryOptions::default().keeps;
    let hall = hall();
    for _ in 0..50 {
        let (mut client, _) = hall.guest();
        hall.io.emit("x", ());
        client.lose("transport close");
        hall.pass(seconds(1));
    }
    let mut alarms = 0;
    for _ in 0..50 {
        alarms += hall.pass(keeps / 10);
        hall.io.emit("x", ());
    }
    assert!(alarms <= 6, "{alarms} alarms in five times as long as is kept");
    hall.pass(2 * keeps);
    assert_eq!(hall.io.poll_timeout(), None, "nothing is left");
    let _: Duration = keeps;
}

#[test]
fn who_got_no_event_yet_comes_back_to_all_that_came_since_it_came() {
    let hall = hall();
    hall.io.emit("before", ());
    let (mut client, socket) = hall.guest();
    client.lose("transport error");
    hall.io.emit("missed", ());
    let secret = client.last_secret("/").expect("a secret");
    let mut client = back(&hall, &(secret.clone(), String::new()));
    assert_eq!(client.heard(), ["connect again", "missed []"]);
    assert_eq!(client.socket("/").id(), socket.id());
    // Lost again before it said that it got that.
    client.lose("transport error");
    let client = back(&hall, &(secret, String::new()));
    assert_eq!(client.heard(), ["connect again", "missed []"]);
}
