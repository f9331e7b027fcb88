//! Sockets go: by whom, in which order it is told, and what is left of them.

use super::*;
use std::sync::{Arc, Weak};
use tickwire::hub::{Ack, Refused, Violation};

/// Notes what is told of a socket's end.
fn watch(socket: &Socket, log: &Log) {
    let notes = log.clone();
    socket.on_disconnecting(move |socket, reason| {
        let rooms = socket.rooms().len();
        notes.note(format!("disconnecting {reason} {} {rooms}", socket.is_connected()));
    });
    let notes = log.clone();
    socket.on_disconnect(move |socket, reason| {
        let rooms = socket.rooms().len();
        notes.note(format!("disconnect {reason} {} {rooms}", socket.is_connected()));
    });
}

#[test]
fn the_end_is_told_before_the_rooms_are_left_and_after() {
    type End = fn(&Hall, &mut Client, &Socket);
    let ends: [(&str, End); 6] = [
        ("client namespace disconnect", |_, client, _| client.leave("/")),
        ("server namespace disconnect", |_, _, socket| socket.disconnect()),
        ("server namespace disconnect", |_, _, socket| socket.close()),
        ("transport close", |_, client, _| client.lose("transport close")),
        ("ping timeout", |_, client, _| client.lose("ping timeout")),
        ("server shutting down", |hall, _, _| hall.io.close()),
    ];
    for (reason, end) in ends {
        let hall = Hall::new();
        let (mut client, socket) = hall.guest();
        let log = Log::default();
        watch(&socket, &log);
        socket.join(["a", "b"]);
        end(&hall, &mut client, &socket);
        let expected =
            [format!("disconnecting {reason} true 3"), format!("disconnect {reason} false 0")];
        assert_eq!(log.take(), expected);
        assert_eq!((hall.io.main().sockets(), hall.io.main().rooms()), (vec![], vec![]));
    }
}

#[test]
fn the_end_is_told_once() {
    let hall = Hall::new();
    let (mut client, socket) = hall.guest();
    let log = Log::default();
    watch(&socket, &log);
    socket.disconnect();
    socket.disconnect();
    client.lose("transport close");
    assert_eq!(log.take().len(), 2);
    assert_eq!(client.heard(), ["disconnect"]);
}

#[test]
fn what_is_said_goodbye_with_still_works() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let (other, _) = hall.guest();
    socket.join("room");
    socket.on_disconnecting(|socket, _| {
        socket.emit("still there", ());
        socket.to("room").emit("nobody else", ());
        for room in socket.rooms() {
            socket.to(room).emit("goodbye", ());
        }
        socket.disconnect();
        socket.join("one more");
    });
    let late = socket.clone();
    hall.io.main().sockets_join("room");
    socket.on_disconnect(move |socket, _| {
        assert_eq!(*socket, late);
        socket.broadcast().emit("left", ());
        socket.disconnect();
    });
    client.leave("/");
    assert_eq!(client.heard(), ["still there []"], "who leaves is not told to leave");
    assert_eq!(other.heard(), ["nobody else []", "goodbye []", "left []"]);
}

#[test]
fn who_left_may_come_again_as_another_socket() {
    let hall = Hall::new();
    let (client, first) = hall.guest();
    client.leave("/");
    assert_eq!(client.link().leave("/"), Err(Violation::NotJoined));
    let second = client.enter("/");
    assert_ne!(first.id(), second.id());
    first.disconnect();
    first.close();
    assert!(second.is_connected() && !client.is_closed(), "the one before it is no longer it");
    assert_eq!(client.heard(), [""; 0]);
}

#[test]
fn who_is_in_no_namespace_may_say_nothing_there() {
    let hall = Hall::new();
    hall.io.of("/other");
    let client = hall.client();
    let event = || tickwire::event::Event::new("a", ()).unwrap();
    assert_eq!(client.link().event("/", event(), None), Err(Violation::NotJoined));
    assert_eq!(client.link().ack("/", 0, Default::default()), Err(Violation::NotJoined));
    assert_eq!(client.link().leave("/"), Err(Violation::NotJoined));
    client.enter("/");
    assert_eq!(client.connect_as("/", &(), None), Err(Violation::JoinedTwice));
    assert_eq!(client.link().event("/other", event(), None), Err(Violation::NotJoined));
    hall.io.of("/slow").middleware_async(|_| std::future::pending());
    client.connect("/slow");
    assert_eq!(client.connect_as("/slow", &(), None), Err(Violation::JoinedTwice));
    assert_eq!(client.link().event("/slow", event(), None), Err(Violation::NotJoined));
}

#[test]
fn a_lost_connection_takes_all_its_sockets_with_it() {
    let hall = Hall::new();
    let log = Log::default();
    let mut client = hall.client();
    for name in ["/", "/a", "/b"] {
        hall.io.of(name);
        watch(&client.enter(name), &log);
    }
    client.lose("transport error");
    assert_eq!(log.take().len(), 6);
    let (client, socket) = hall.guest();
    watch(&socket, &log);
    drop(client);
    assert_eq!(log.take()[1], "disconnect transport close false 0");
}

#[test]
fn who_joins_nothing_in_time_is_closed() {
    let hall = Hall::new();
    let time = options().connect_timeout;
    let idle = hall.client();
    let (busy, _) = hall.guest();
    let refused = hall.client();
    refused.connect("/none");
    hall.pass(time - seconds(1));
    assert!(!idle.is_closed());
    let left = hall.client();
    left.enter("/");
    left.leave("/");
    hall.pass(seconds(1));
    assert!(idle.is_closed() && refused.is_closed() && !busy.is_closed());
    hall.pass(time);
    assert!(!left.is_closed(), "it was in one");
    let mut gone = hall.client();
    gone.lose("transport close");
    assert_eq!(hall.io.poll_timeout(), None, "nobody is waited for");
}

#[test]
fn a_hub_that_is_closed_disconnects_all_and_lets_nobody_in() {
    let hall = Hall::new();
    hall.io.of("/other");
    let (client, socket) = hall.guest();
    client.enter("/other");
    let (second, _) = hall.guest_in("/other");
    let gate = Gate::default();
    let waiting = gate.clone();
    hall.io.of("/slow").middleware_async(move |_| {
        let gate = waiting.clone();
        async move {
            gate.pass().await;
            Ok(())
        }
    });
    let slow = hall.client();
    slow.connect("/slow");
    hall.run();
    let idle = hall.client();
    hall.io.close();
    assert!(!socket.is_connected() && client.is_closed() && second.is_closed());
    assert_eq!(client.heard(), [""; 0], "so that it comes back by itself");
    gate.open();
    hall.run();
    assert_eq!(hall.io.of("/slow").sockets(), [], "who was about to come in does not");
    idle.connect("/");
    assert_eq!(idle.heard(), ["refused: Invalid namespace"]);
    hall.io.emit("nobody", ());
    hall.io.close();
}

/// Closures that hold their own socket are common, and must not hold it for ever.
#[test]
fn nothing_is_left_of_a_socket_that_is_gone() {
    let hall = Hall::new();
    let refuse = |socket: &Socket| match socket.handshake().auth.get("bad") {
        Some(_) => Err(Refused::new("no")),
        None => Ok(()),
    };
    let alive: Arc<std::sync::Mutex<Vec<Weak<()>>>> = Arc::default();
    let watched = alive.clone();
    hall.io.main().middleware(move |socket| {
        let life = Arc::new(());
        watched.lock().unwrap().push(Arc::downgrade(&life));
        hold(socket, &life);
        refuse(socket)
    });
    let mut lost = hall.client();
    lost.enter("/");
    let (left, _) = hall.guest();
    let (_thrown, thrown) = hall.guest();
    let refused = hall.client();
    refused.connect_as("/", &serde_json::json!({"bad": true}), None).unwrap();
    lost.lose("ping timeout");
    left.leave("/");
    thrown.disconnect();
    drop(thrown);
    let left = alive.lock().unwrap().iter().filter(|life| life.upgrade().is_some()).count();
    assert_eq!(left, 0, "of {}", alive.lock().unwrap().len());
}

/// The socket and a life, held by a closure.
#[derive(Clone)]
struct Held {
    _socket: Socket,
    _life: Arc<()>,
}

impl Held {
    fn pass(&self) -> Result<(), Refused> {
        Ok(())
    }
}

/// Gives a socket one closure of each kind that holds the socket and a life.
fn hold(socket: &Socket, life: &Arc<()>) {
    let held = || Held { _socket: socket.clone(), _life: life.clone() };
    let it = held();
    socket.on("a", move |_, (): (), _: Ack| drop(it.clone()));
    let it = held();
    socket.on_async("a", move |_, (): (), _: Ack| {
        let it = it.clone();
        async move { drop(it) }
    });
    let it = held();
    socket.on_any(move |_, _| drop(it.clone()));
    let it = held();
    socket.on_any_outgoing(move |_| drop(it.clone()));
    let it = held();
    socket.on_error(move |_, _, _| drop(it.clone()));
    let it = held();
    socket.on_disconnecting(move |_, _| drop(it.clone()));
    let it = held();
    socket.on_disconnect(move |_, _| drop(it.clone()));
    let it = held();
    socket.middleware(move |_, _| it.pass());
}
