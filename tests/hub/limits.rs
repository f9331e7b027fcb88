//! What one client may make the hub hold, and what becomes of more.

use super::*;
use tickwire::event::ArgsError;
use tickwire::hub::{Ack, Fault, HubOptions};

#[test]
fn a_socket_is_in_at_most_so_many_rooms() {
    let hall = Hall::with(HubOptions { rooms: 3, ..options() });
    let (_client, socket) = hall.guest();
    socket.join(["a", "b"]);
    assert_eq!(hall.faults(), []);
    socket.join(["a", "c", "d", "b"]);
    assert_eq!(socket.rooms().len(), 3, "its own among them");
    assert_eq!(hall.faults(), [Fault::Limit("rooms of a socket")]);
    socket.leave("a");
    socket.join("c");
    assert!(socket.rooms().contains(&"c".into()));
}

#[test]
fn a_handler_can_tell_its_client_that_it_did_not_join() {
    let hall = Hall::with(HubOptions { rooms: 2, ..options() });
    let (_client, socket) = hall.guest();
    assert_eq!(socket.try_join("a"), Ok(()));
    let refused = socket.try_join(["b", "c"]).unwrap_err();
    assert_eq!(refused.to_string(), "limit met: rooms of a socket");
    assert_eq!(socket.rooms().len(), 2);
    assert_eq!(hall.faults(), []);
}

#[test]
fn the_name_of_a_room_is_at_most_so_long() {
    let hall = Hall::with(HubOptions { room_bytes: 20, ..options() });
    let (_client, socket) = hall.guest();
    socket.join(["x".repeat(20), "ä".repeat(10)]);
    assert_eq!((hall.faults(), socket.rooms().len()), (vec![], 3));
    socket.join("x".repeat(21));
    assert_eq!(hall.faults(), [Fault::Limit("length of a room's name")]);
    assert_eq!(socket.rooms().len(), 3);
}

#[test]
fn a_socket_has_at_most_so_many_listeners() {
    let hall = Hall::with(HubOptions { listeners: 2, ..options() });
    let (client, socket) = hall.guest();
    let log = Log::default();
    let hear = |name: &'static str| {
        let notes = log.clone();
        move |_: &Socket, (): (), _: Ack| notes.note(name)
    };
    let first = socket.on("a", hear("1"));
    socket.once("a", hear("2"));
    let refused = socket.on("a", hear("3"));
    assert_eq!(hall.faults(), [Fault::Limit("listeners")]);
    client.say("a", ());
    assert_eq!(log.take(), ["1", "2"]);
    socket.on("a", hear("4"));
    socket.off_listener(refused);
    socket.off_listener(first);
    client.say("a", ());
    assert_eq!(log.take(), ["4"]);
}

#[test]
fn a_connection_is_in_at_most_so_many_namespaces() {
    let hall = Hall::with(HubOptions { namespaces: 2, ..options() });
    for name in ["/a", "/b", "/c"] {
        hall.io.of(name);
    }
    let gate = Gate::default();
    let waiting = gate.clone();
    hall.io.of("/b").middleware_async(move |_| {
        let gate = waiting.clone();
        async move {
            gate.pass().await;
            Ok(())
        }
    });
    let client = hall.client();
    client.connect("/a");
    client.connect("/b");
    client.connect("/c");
    assert_eq!(client.heard(), ["/a connect", "/c refused: too many namespaces"]);
    gate.open();
    hall.run();
    client.connect("/c");
    assert_eq!(client.heard(), ["/b connect", "/c refused: too many namespaces"]);
    client.leave("/a");
    client.connect("/c");
    assert_eq!(client.heard(), ["/c connect"]);
}

#[test]
fn an_event_has_at_most_so_many_attachments() {
    let hall = Hall::with(HubOptions { attachments: 2, ..options() });
    let (client, socket) = hall.guest();
    let bytes = bytes::Bytes::from_static(b"x");
    socket.emit("two", vec![bytes.clone(); 2]);
    socket.emit("three", vec![bytes.clone(); 3]);
    hall.io.emit("three", vec![bytes; 3]);
    assert_eq!(client.heard().len(), 1);
    let fault = Fault::Emit { event: "three".into(), error: ArgsError::Attachments };
    assert_eq!(hall.faults(), [fault.clone(), fault]);
}

#[test]
fn a_connection_whose_events_wait_is_not_read_from() {
    let hall = Hall::with(HubOptions { waiting_events: 3, ..options() });
    hall.io.of("/other");
    let (client, socket) = hall.guest();
    let other = client.enter("/other");
    let gates: Vec<Gate> = (0..6).map(|_| Gate::default()).collect();
    for socket in [&socket, &other] {
        let waiting = gates.clone();
        socket.on_async("a", move |_, which: usize, _| waiting[which].clone().pass());
    }
    client.say("a", 0);
    client.say("a", 1);
    client.say_in("/other", "a", 5);
    client.say_in("/other", "a", 2);
    assert!(!client.link().is_busy(), "two are at work, two wait");
    client.say("a", 3);
    assert!(client.link().is_busy());
    client.say("a", 4);
    hall.run();
    gates[0].open();
    hall.run();
    assert!(client.link().is_busy(), "three still wait");
    assert_eq!(client.resumed(), 0);
    gates[1].open();
    hall.run();
    assert!(!client.link().is_busy());
    assert_eq!(client.resumed(), 1);
    gates[3].open();
    gates[4].open();
    hall.run();
    assert_eq!(client.resumed(), 1, "once is enough");
}

#[test]
fn what_waits_is_forgotten_with_its_socket() {
    let hall = Hall::with(HubOptions { waiting_events: 2, ..options() });
    hall.io.of("/other");
    let (client, socket) = hall.guest();
    client.enter("/other");
    let gate = Gate::default();
    let waiting = gate.clone();
    socket.on_async("a", move |_, (): (), _| waiting.clone().pass());
    (0..4).for_each(|_| client.say("a", ()));
    assert!(client.link().is_busy());
    client.leave("/");
    assert!(!client.link().is_busy());
    assert_eq!(client.resumed(), 1);
    gate.open();
    hall.run();
    assert_eq!(hall.tasks(), 0);
}

#[test]
fn events_that_come_before_the_connection_handlers_are_done_are_handled_after_them() {
    let hall = Hall::new();
    let log = Log::default();
    let notes = log.clone();
    hall.io.on_connection(move |socket| {
        let notes = notes.clone();
        socket.on("a", move |_, number: u8, _| notes.note(number));
    });
    let client = hall.client();
    client.connect("/");
    client.say("a", 1);
    assert_eq!(log.take(), ["1"]);
}
