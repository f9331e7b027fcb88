//! Code of others panics: that is reported, and nobody else notices.

use super::*;
use tickwire::hub::{Ack, Fault, Refused, RoomChange};

/// The events in whose handlers somebody panicked.
fn panics(hall: &Hall) -> Vec<String> {
    let events = hall.faults().into_iter().map(|fault| match fault {
        Fault::Panic { event, .. } => event,
        other => panic!("{other}"),
    });
    events.collect()
}

fn boom<T>() -> T {
    std::panic::resume_unwind(Box::new("planted"))
}

#[test]
fn handlers_that_panic_leave_the_socket_as_it_was() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    socket.on("now", |_, (): (), _: Ack| boom());
    socket.on_async("making", |_, (): (), _: Ack| boom::<std::future::Ready<()>>());
    socket.on_async("later", |_, (): (), _: Ack| async { boom() });
    socket.on_detached("detached", |_, (): (), _: Ack| async { boom() });
    socket.on_any(|_, event| {
        if &*event.name == "any" {
            boom()
        }
    });
    socket.on_any_outgoing(|event| {
        if &*event.name == "outgoing" {
            boom()
        }
    });
    hall.io.main().on("of all", |_, (): (), _: Ack| boom());
    for name in ["now", "making", "later", "detached", "any", "of all"] {
        let notes = log.clone();
        socket.on(name, move |_, (): (), ack: Ack| {
            notes.note("next");
            ack.send("fine");
        });
        client.ask(1, name, ());
        hall.run();
        assert_eq!(panics(&hall), [name]);
        assert_eq!(log.take(), ["next"], "the next one hears {name}");
        assert_eq!(client.heard(), ["ack [\"fine\"] #1"]);
    }
    socket.emit("outgoing", ());
    hall.io.emit("outgoing", ());
    assert_eq!(panics(&hall), ["outgoing", "outgoing"]);
    assert_eq!(client.heard().len(), 2);
}

#[test]
fn a_fault_says_where_it_was() {
    let hall = Hall::new();
    hall.io.of("/other");
    let (client, socket) = hall.guest_in("/other");
    socket.on("a", |_, (): (), _: Ack| boom());
    client.say_in("/other", "a", ());
    let expected =
        Fault::Panic { namespace: "/other".into(), event: "a".into(), socket: socket.id() };
    assert_eq!(hall.faults(), [expected]);
}

#[test]
fn middleware_that_panics_refuses() {
    let hall = Hall::new();
    for name in ["/now", "/later", "/making"] {
        hall.io.of(name).on_connection(|_| unreachable!("nobody comes in"));
    }
    hall.io.of("/now").middleware(|_| boom());
    hall.io.of("/later").middleware_async(|_| async { boom() });
    let make = |_| boom::<std::future::Ready<Result<(), Refused>>>();
    hall.io.of("/making").middleware_async(make);
    let client = hall.client();
    for name in ["/now", "/later", "/making"] {
        client.connect(name);
        hall.run();
        assert_eq!(client.heard(), [format!("{name} refused: internal error")]);
        assert_eq!(panics(&hall), ["connect"]);
        assert!(client.connect_as(name, &(), None).is_ok(), "it may try again");
        hall.run();
        assert_eq!((panics(&hall).len(), client.heard().len()), (1, 1));
    }
}

#[test]
fn middleware_of_a_socket_that_panics_refuses_the_event() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    socket.middleware(|_, event| if &*event.name == "now" { boom() } else { Ok(()) });
    let notes = log.clone();
    socket.on_error(move |_, event, refused| notes.note(format!("{}: {refused}", event.name)));
    let notes = log.clone();
    socket.on_any(move |_, event| notes.note(&event.name));
    socket.on("now", |_, (): (), _: Ack| unreachable!("it was refused"));
    client.say("now", ());
    client.say("fine", ());
    assert_eq!(log.take(), ["now", "now: internal error", "fine"]);
    socket.middleware_async(|_, event| {
        if &*event.name == "making" { boom() } else { std::future::ready(Ok(())) }
    });
    socket.middleware_async(|_, event| async move {
        if &*event.name == "later" { boom() } else { Ok(()) }
    });
    for name in ["making", "later", "fine", "now"] {
        client.say(name, ());
    }
    hall.run();
    let expected = [
        "making",
        "making: internal error",
        "later",
        "later: internal error",
        "fine",
        "now",
        "now: internal error",
    ];
    assert_eq!(log.take(), expected);
    assert_eq!(panics(&hall), ["now", "making", "later", "now"]);
}

#[test]
fn listeners_of_other_things_may_panic_too() {
    let hall = Hall::new();
    let log = Log::default();
    hall.io.on_connection(|_| boom());
    let notes = log.clone();
    hall.io.on_connection(move |_| notes.note("connection"));
    hall.io.main().on_room_change(|change| {
        if matches!(change, RoomChange::Joined(..)) {
            boom()
        }
    });
    let (client, socket) = hall.guest();
    assert_eq!(panics(&hall), ["room change", "connection"]);
    socket.on_error(|_, _, _| boom());
    let notes = log.clone();
    socket.on_error(move |_, _, _| notes.note("error"));
    socket.middleware(|_, _| Err(Refused::new("no")));
    client.say("a", ());
    assert_eq!(panics(&hall), ["error"]);
    socket.on_disconnecting(|_, _| boom());
    let notes = log.clone();
    socket.on_disconnecting(move |_, _| notes.note("disconnecting"));
    socket.on_disconnect(|_, _| boom());
    let notes = log.clone();
    socket.on_disconnect(move |_, _| notes.note("disconnect"));
    client.leave("/");
    assert_eq!(panics(&hall), ["disconnect", "disconnect"]);
    assert_eq!(log.take(), ["connection", "error", "disconnecting", "disconnect"]);
    assert_eq!(hall.io.main().rooms(), []);
    client.enter("/");
    assert_eq!(panics(&hall).len(), 2);
}

#[test]
fn a_panic_while_many_are_served_is_the_harm_of_one() {
    let hall = Hall::new();
    let guests: Vec<_> = (0..3).map(|_| hall.guest()).collect();
    guests[1].1.on_any_outgoing(|_| boom());
    guests[1].1.on_disconnect(|_, _| boom());
    hall.io.emit("x", ());
    assert!(guests.iter().all(|(client, _)| client.heard().len() == 1));
    hall.io.main().disconnect_sockets();
    assert!(guests.iter().all(|(_, socket)| !socket.is_connected()));
    assert_eq!(panics(&hall).len(), 2);
}

#[test]
fn those_who_hear_other_servers_may_panic() {
    struct Nowhere;
    impl tickwire::hub::Peers for Nowhere {
        fn publish(&self, _: tickwire::hub::PeerMessage) {}
    }
    let (a, b) = (Hall::new(), Hall::new());
    a.io.set_peers(std::sync::Arc::new(To(b.io.clone())));
    b.io.set_peers(std::sync::Arc::new(Nowhere));
    let log = Log::default();
    b.io.main().on_server_side("a", |(): ()| boom());
    let notes = log.clone();
    b.io.main().on_server_side("a", move |(): ()| notes.note("next"));
    a.io.main().server_side_emit("a", ());
    assert_eq!((log.take(), panics(&b)), (vec!["next".into()], vec!["a".into()]));
}

/// Tells another hub.
struct To(tickwire::hub::Io);

impl tickwire::hub::Peers for To {
    fn publish(&self, message: tickwire::hub::PeerMessage) {
        self.0.receive_from_peer(message);
    }
}
