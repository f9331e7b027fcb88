//! To whom things go: each sentence reaches those whom it names, once.

use super::*;
use std::sync::Arc;
use tickwire::event::{Args, Value};
use tickwire::hub::{Fault, Io, Letter};

/// Clients a, b, c and d in `/`: a and b are in room 1, b and c in room 2, d in none.
struct Party {
    hall: Hall,
    clients: Vec<(Client, Socket)>,
}

impl Party {
    fn new() -> Self {
        let hall = Hall::new();
        let clients: Vec<_> = (0..4).map(|_| hall.guest()).collect();
        for (client, rooms) in [(0, &["1"][..]), (1, &["1", "2"]), (2, &["2"])] {
            clients[client].1.join(rooms);
        }
        Self { hall, clients }
    }

    /// The names of those who heard something, which nobody heard twice.
    fn heard(&self) -> String {
        let names = ["a", "b", "c", "d"].into_iter().zip(&self.clients);
        names.map(|(name, (client, _))| name.repeat(client.heard().len())).collect()
    }
}

#[track_caller]
fn check(expected: &str, emit: impl FnOnce(&Io, [&Socket; 4])) {
    let party = Party::new();
    let [(_, a), (_, b), (_, c), (_, d)] = &party.clients[..] else { panic!("there are four") };
    emit(&party.hall.io, [a, b, c, d]);
    assert_eq!(party.heard(), expected);
}

#[test]
fn each_sentence_reaches_those_whom_it_names_once() {
    check("abcd", |io, _| io.emit("x", ()));
    check("ab", |io, _| io.to("1").emit("x", ()));
    check("abc", |io, _| io.to("1").to("2").emit("x", ()));
    check("abc", |io, _| io.to(["1", "2"]).emit("x", ()));
    check("abc", |io, _| io.to(vec!["2".to_owned(), "1".to_owned(), "2".to_owned()]).emit("x", ()));
    check("abc", |io, _| io.main().within("1").within("2").emit("x", ()));
    check("a", |io, _| io.to("1").except("2").emit("x", ()));
    check("a", |io, _| io.except("2").to("1").emit("x", ()));
    check("ad", |io, _| io.except("2").emit("x", ()));
    check("d", |io, _| io.except(["1", "2"]).emit("x", ()));
    check("d", |io, _| io.except("1").except("2").emit("x", ()));
    check("", |io, _| io.to("1").except("1").emit("x", ()));
    check("", |io, _| io.to("3").emit("x", ()));
    check("ab", |io, _| io.to(["3", "1"]).emit("x", ()));
    check("abcd", |io, _| io.except("3").emit("x", ()));
    check("", |io, _| io.to([""; 0]).emit("x", ()));
    check("ab", |io, _| io.to("1").local().volatile().emit("x", ()));
}

#[test]
fn a_socket_speaks_to_itself_or_to_others() {
    check("b", |_, [_, b, ..]| b.emit("x", ()));
    check("acd", |_, [_, b, ..]| b.broadcast().emit("x", ()));
    check("a", |_, [_, b, ..]| b.to("1").emit("x", ()));
    check("ac", |_, [_, b, ..]| b.to("1").to("2").emit("x", ()));
    check("ab", |_, [_, _, _, d]| d.to("1").emit("x", ()));
    check("d", |_, [a, ..]| a.except("2").emit("x", ()));
    check("cd", |_, [_, b, ..]| b.broadcast().except("1").emit("x", ()));
    check("bc", |_, [_, b, c, _]| {
        b.emit("x", ());
        c.emit("x", ());
    });
}

#[test]
fn every_socket_has_a_room_of_its_own() {
    check("c", |io, [_, _, c, _]| io.to(c.id()).emit("x", ()));
    check("c", |io, [_, _, c, _]| io.to(c.id().as_str()).emit("x", ()));
    check("ac", |io, [a, _, c, _]| io.to([a.id(), c.id(), a.id()]).emit("x", ()));
    check("abd", |io, [_, _, c, _]| io.except(c.id()).emit("x", ()));
    check("b", |_, [a, b, ..]| a.to(b.id()).emit("x", ()));
    check("", |_, [a, ..]| a.to(a.id()).emit("x", ()));
    check("cd", |io, [_, _, c, d]| {
        d.join(c.id());
        io.to(c.id()).emit("x", ());
    });
    check("", |io, [a, ..]| {
        a.leave(a.id().as_str());
        io.to(a.id()).emit("x", ());
    });
}

#[test]
fn rooms_are_joined_and_left() {
    let hall = Hall::new();
    let (_client, socket) = hall.guest();
    let own: Arc<str> = socket.id().as_str().into();
    let rooms = |rooms: &[&str]| {
        let mut rooms: Vec<Arc<str>> = rooms.iter().map(|room| Arc::from(*room)).collect();
        rooms.push(own.clone());
        rooms.sort();
        rooms
    };
    assert_eq!(socket.rooms(), rooms(&[]));
    socket.join("b");
    socket.join(["a", "b", "c"]);
    assert_eq!(socket.rooms(), rooms(&["a", "b", "c"]));
    assert_eq!(hall.io.main().rooms(), socket.rooms());
    socket.leave("b");
    socket.leave("b");
    socket.leave("never");
    assert_eq!(socket.rooms(), rooms(&["a", "c"]));
    socket.disconnect();
    assert_eq!(socket.rooms(), []);
    socket.join("late");
    assert_eq!((socket.rooms(), hall.io.main().rooms()), (vec![], vec![]));
}

#[test]
fn namespaces_know_nothing_of_each_other() {
    let hall = Hall::new();
    let other = hall.io.of("other");
    assert_eq!(other.name(), "/other");
    let (client, here) = hall.guest();
    let there = client.enter("/other");
    assert_ne!(here.id(), there.id());
    here.join("room");
    other.to("room").emit("nobody", ());
    other.to(here.id()).emit("nobody", ());
    there.join("room");
    hall.io.to("room").emit("here", ());
    hall.io.of("/other").to("room").emit("there", ());
    assert_eq!(client.heard(), ["here []", "/other there []"]);
    assert_eq!((hall.io.main().sockets().len(), other.sockets().len()), (1, 1));
}

#[test]
fn what_is_volatile_is_dropped_where_it_cannot_leave_at_once() {
    let hall = Hall::new();
    let (blocked, socket) = hall.guest();
    let (free, _) = hall.guest();
    blocked.block(true);
    hall.io.main().volatile().emit("a", ());
    hall.io.main().to(socket.id()).volatile().emit("b", ());
    socket.volatile().emit("c", ());
    socket.broadcast().volatile().emit("d", ());
    hall.io.emit("e", ());
    assert_eq!(blocked.heard(), ["e []"]);
    assert_eq!(free.heard(), ["a []", "d []", "e []"]);
    blocked.block(false);
    socket.volatile().emit("f", ());
    assert_eq!(blocked.heard(), ["f []"]);
}

#[test]
fn what_is_for_many_is_one_parcel_that_is_encoded_once() {
    let party = Party::new();
    party.hall.io.emit("x", (1, "two"));
    let parcels: Vec<_> = party.clients.iter().flat_map(|(client, _)| client.parcels()).collect();
    let mut times = 0;
    for parcel in &parcels {
        assert!(Arc::ptr_eq(parcel, &parcels[0]));
        let length: Arc<usize> = parcel.encoded(0, |parcel| {
            times += 1;
            format!("{parcel:?}").len()
        });
        assert!(*length > 0);
    }
    assert_eq!((parcels.len(), times), (4, 1));
}

#[test]
fn arguments_travel_as_they_are() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let bytes = bytes::Bytes::from_static(b"abc");
    socket.emit("none", ());
    socket.emit("one", "text");
    socket.emit("list", vec![1, 2]);
    socket.emit("many", (1, Some("x"), None::<u8>, bytes.clone()));
    socket.emit("raw", Args::parse("[1, [2]]", vec![], 9).unwrap());
    socket.emit("value", Value::Array(vec![Value::Binary(bytes)]));
    let parcels = client.parcels();
    let events = parcels.iter().map(|parcel| match &parcel.letter {
        Letter::Event { event, .. } => (event.args.json(), event.args.attachments().len()),
        other => panic!("{other:?}"),
    });
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let expected = [
        ("[]".to_owned(), 0),
        (r#"["text"]"#.to_owned(), 0),
        ("[[1,2]]".to_owned(), 0),
        (format!(r#"[1,"x",null,{placeholder}]"#), 1),
        ("[1, [2]]".to_owned(), 0),
        (format!("[[{placeholder}]]"), 1),
    ];
    let events: Vec<_> = events.map(|(json, count)| (json.to_owned(), count)).collect();
    assert_eq!(events, expected);
}

#[test]
fn what_cannot_be_sent_is_reported_and_not_sent() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let broken = std::collections::BTreeMap::from([((1, 2), "keys must be text")]);
    socket.emit("a", &broken);
    hall.io.emit("b", &broken);
    assert_eq!(ready(&mut hall.io.to("x").emit_with_ack("c", &broken)), Some(Ok(vec![])));
    hall.io.main().server_side_emit("d", &broken);
    assert_eq!(client.heard(), [""; 0]);
    let events: Vec<String> = hall
        .faults()
        .into_iter()
        .map(|fault| match fault {
            Fault::Emit { event, .. } => event,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(events, ["a", "b", "c", "d"]);
}

/// Clients close the connection when they are sent one.
#[test]
fn names_that_the_protocol_uses_itself_are_not_emitted() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let names = [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ];
    for name in names {
        socket.emit(name, ());
        hall.io.emit(name, ());
        drop(socket.emit_with_ack(name, ()));
        assert_eq!(hall.faults().len(), 3, "{name}");
    }
    socket.emit("message", ());
    assert_eq!(client.heard(), ["message []"]);
}
