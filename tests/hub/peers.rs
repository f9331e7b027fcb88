//! Two hubs that are one: what one of them does is told to the other.

use super::*;
use std::sync::Arc;
use tickwire::hub::{Io, PeerMessage, Peers};

/// The way to the other hub, through text as over a network.
struct Way {
    to: Io,
    log: Log,
}

impl Peers for Way {
    fn publish(&self, message: PeerMessage) {
        let text = serde_json::to_string(&message).expect("it can travel");
        self.log.note(message.namespace());
        let message: PeerMessage = serde_json::from_str(&text).expect("it travelled");
        self.to.receive_from_peer(message);
    }
}

/// Two halls that are each other's peers, and what is published.
fn pair() -> (Hall, Hall, Log) {
    let (a, b) = (Hall::new(), Hall::new());
    let log = Log::default();
    for (hall, other) in [(&a, &b), (&b, &a)] {
        hall.io.set_peers(Arc::new(Way { to: other.io.clone(), log: log.clone() }));
    }
    // Ids of different servers differ.
    let (client, _) = b.guest();
    drop(client);
    (a, b, log)
}

#[test]
fn a_broadcast_reaches_those_of_all_servers_whom_it_names() {
    let (a, b, log) = pair();
    let (here, here_socket) = a.guest();
    let (there, there_socket) = b.guest();
    let (also_there, also_socket) = b.guest();
    there_socket.join("room");
    let everyone = || (here.heard().len(), there.heard().len(), also_there.heard().len());
    a.io.emit("x", (1, bytes::Bytes::from_static(b"2")));
    assert_eq!(there.heard(), ["x [1,{\"_placeholder\":true,\"num\":0}] with 1 attachments"]);
    assert_eq!(everyone(), (1, 0, 1));
    a.io.to("room").emit("x", ());
    assert_eq!(everyone(), (0, 1, 0));
    a.io.except("room").emit("x", ());
    assert_eq!(everyone(), (1, 0, 1));
    here_socket.broadcast().emit("x", ());
    assert_eq!(everyone(), (0, 1, 1));
    a.io.to(also_socket.id()).emit("x", ());
    assert_eq!(everyone(), (0, 0, 1));
    assert_eq!(log.take().len(), 5);
    a.io.main().local().emit("x", ());
    here_socket.emit("x", ());
    a.io.to([""; 0]).emit("x", ());
    assert_eq!((everyone(), log.take()), ((2, 0, 0), vec![]));
    there.block(true);
    a.io.main().volatile().emit("x", ());
    assert_eq!(everyone(), (1, 0, 1));
}

#[test]
fn sockets_of_all_servers_join_leave_and_go() {
    let (a, b, _) = pair();
    let (_here, _) = a.guest();
    let (there, socket) = b.guest();
    a.io.main().sockets_join(["x", "y"]);
    assert_eq!(socket.rooms().len(), 3);
    a.io.to("x").sockets_leave("x");
    assert_eq!(socket.rooms().len(), 2);
    a.io.main().local().sockets_leave("y");
    assert_eq!(socket.rooms().len(), 2);
    a.io.to("y").disconnect_sockets();
    assert_eq!(there.heard(), ["disconnect"]);
    assert!(!there.is_closed() && !socket.is_connected());
    let (also_there, _) = b.guest();
    a.io.main().local().close_sockets();
    assert!(!also_there.is_closed());
    a.io.main().close_sockets_of_all();
    assert!(also_there.is_closed());
}

/// Closes all sockets of all servers.
trait CloseAll {
    fn close_sockets_of_all(&self);
}

impl CloseAll for tickwire::hub::Namespace {
    fn close_sockets_of_all(&self) {
        self.except([""; 0]).close_sockets();
    }
}

#[test]
fn what_is_said_among_servers_is_heard_by_the_others_only() {
    let (a, b, _) = pair();
    let log = Log::default();
    for (name, hall) in [("a", &a), ("b", &b)] {
        let notes = log.clone();
        hall.io.main().on_server_side("news", move |(number, text): (u8, String)| {
            notes.note(format!("{name} {number} {text}"));
        });
        let notes = log.clone();
        hall.io.of("/other").on_server_side("news", move |(): ()| notes.note("elsewhere"));
    }
    a.io.main().server_side_emit("news", (1, "x"));
    b.io.main().server_side_emit("news", (2, "y"));
    a.io.main().server_side_emit("other news", ());
    a.io.main().server_side_emit("news", "no number");
    assert_eq!(log.take(), ["b 1 x", "a 2 y"]);
    a.io.of("/other").server_side_emit("news", ());
    assert_eq!(log.take(), ["elsewhere"]);
}

#[test]
fn what_concerns_a_namespace_that_a_server_does_not_have_is_passed_over() {
    let (a, b, _) = pair();
    let (here, _) = {
        a.io.of("/only-here");
        a.guest_in("/only-here")
    };
    a.io.of("/only-here").emit("x", ());
    assert_eq!(here.heard(), ["/only-here x []"]);
    assert_eq!(format!("{:?}", b.io), "hub of 1 namespaces");
}

#[test]
fn answers_are_those_of_this_servers_clients() {
    let (a, b, log) = pair();
    let (here, _) = a.guest();
    let (there, _) = b.guest();
    let mut reply = a.io.main().timeout(seconds(1)).emit_with_ack("x", ());
    here.answer(0, 1);
    assert_eq!(ready(&mut reply).expect("all answered").map(|replies| replies.len()), Ok(1));
    assert_eq!((there.heard().len(), log.take().len()), (0, 0));
    assert_eq!(a.io.main().sockets().len(), 1);
}

#[test]
fn handlers_may_answer_peers_at_once() {
    let (a, b, _) = pair();
    let (here, _) = a.guest();
    let io = b.io.clone();
    b.io.main().on_server_side("ping", move |count: u32| {
        io.emit("pinged", count);
        io.main().server_side_emit("pong", count);
    });
    let io = a.io.clone();
    a.io.main().on_server_side("pong", move |count: u32| {
        if count < 3 {
            io.main().server_side_emit("ping", count + 1);
        }
    });
    a.io.main().server_side_emit("ping", 1);
    assert_eq!(here.heard(), ["pinged [1]", "pinged [2]", "pinged [3]"]);
}
