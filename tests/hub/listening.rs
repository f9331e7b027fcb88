//! Listeners: who hears what, how often and in which order.

use super::*;
use tickwire::event::Args;
use tickwire::hub::{Ack, Fault};

#[test]
fn a_listener_hears_its_event_each_time_and_no_other() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let notes = log.clone();
    socket.on("a", move |_, number: i32, _| notes.note(number));
    client.say("a", 1);
    client.say("b", 2);
    client.say("a", 3);
    assert_eq!(log.take(), ["1", "3"]);
    assert_eq!(client.heard(), [""; 0]);
}

#[test]
fn one_that_hears_once_hears_the_first() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let notes = log.clone();
    socket.once("a", move |_, number: i32, _| notes.note(number));
    client.say("b", 0);
    client.say("a", 1);
    client.say("a", 2);
    assert_eq!(log.take(), ["1"]);
}

#[test]
fn one_that_hears_once_is_gone_before_it_is_called() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let notes = log.clone();
    socket.once("a", move |socket, (): (), _| {
        notes.note("first");
        let notes = notes.clone();
        socket.once("a", move |_, (): (), _| notes.note("second"));
    });
    client.say("a", ());
    assert_eq!(log.take(), ["first"], "one that is added meanwhile hears the next");
    client.say("a", ());
    client.say("a", ());
    assert_eq!(log.take(), ["second"]);
}

#[test]
fn listeners_are_called_in_the_order_in_which_they_came_those_of_the_namespace_first() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let hear = |name: &'static str| {
        let notes = log.clone();
        move |_: &Socket, (): (), _: Ack| notes.note(name)
    };
    socket.on("a", hear("1"));
    socket.once("a", hear("2"));
    socket.on("a", hear("3"));
    hall.io.main().on("a", hear("all"));
    client.say("a", ());
    assert_eq!(log.take(), ["all", "1", "2", "3"]);
    client.say("a", ());
    assert_eq!(log.take(), ["all", "1", "3"]);
}

#[test]
fn those_that_hear_all_are_called_before_all_others() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let notes = log.clone();
    socket.on("a", move |_, (): (), _| notes.note("a of the socket"));
    let notes = log.clone();
    hall.io.main().on("a", move |_, (): (), _| notes.note("a of the namespace"));
    let notes = log.clone();
    socket.on_any(move |_, event| notes.note(format!("{} {:?}", event.name, event.args)));
    let notes = log.clone();
    hall.io.main().on_any(move |_, event| notes.note(&event.name));
    client.say("a", (1, "b"));
    assert_eq!(log.take(), ["a", "a [1,\"b\"]", "a of the namespace", "a of the socket"]);
    client.say("unknown", ());
    assert_eq!(log.take(), ["unknown", "unknown []"]);
}

/// As in Socket.IO, where middleware stands before listeners but not before these.
#[test]
fn those_that_hear_all_hear_what_middleware_refuses() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    socket.middleware(|_, _| Err(tickwire::hub::Refused::new("no")));
    let notes = log.clone();
    socket.on_any(move |_, event| notes.note(&event.name));
    let notes = log.clone();
    socket.on("a", move |_, (): (), _| notes.note("heard"));
    client.say("a", ());
    assert_eq!(log.take(), ["a"]);
}

#[test]
fn listeners_are_taken_off_by_name_one_by_one_and_all_at_once() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let hear = |name: &'static str| {
        let notes = log.clone();
        move |_: &Socket, (): (), _: Ack| notes.note(name)
    };
    let first = socket.on("a", hear("1"));
    socket.on("a", hear("2"));
    socket.on("b", hear("3"));
    let notes = log.clone();
    let any = socket.on_any(move |_, _| notes.note("any"));
    hall.io.main().on("a", hear("all"));
    let both = || {
        client.say("a", ());
        client.say("b", ());
        log.take().join(" ")
    };
    assert_eq!(both(), "any all 1 2 any 3");
    socket.off_listener(first);
    assert_eq!(both(), "any all 2 any 3");
    socket.off_listener(first);
    socket.off("a");
    assert_eq!(both(), "any all any 3");
    socket.off_listener(any);
    assert_eq!(both(), "all 3");
    socket.on("a", hear("again"));
    socket.off_all();
    assert_eq!(both(), "all");
    hall.io.main().off("a");
    assert_eq!(both(), "");
}

#[test]
fn a_listener_of_the_namespace_hears_all_its_sockets_and_those_that_come_later() {
    let hall = Hall::new();
    let (early, _) = hall.guest();
    hall.io.of("/other");
    let (elsewhere, _) = hall.guest_in("/other");
    let log = Log::default();
    let notes = log.clone();
    hall.io.main().on("a", move |socket: &Socket, text: String, _| {
        notes.note(text);
        socket.emit("heard", ());
    });
    let (late, _) = hall.guest();
    early.say("a", "early");
    late.say("a", "late");
    elsewhere.say_in("/other", "a", "elsewhere");
    assert_eq!(log.take(), ["early", "late"]);
    assert_eq!((early.heard(), late.heard()), (vec!["heard []".into()], vec!["heard []".into()]));
}

#[test]
fn what_is_emitted_to_a_socket_can_be_overheard() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let (other, _) = hall.guest();
    let log = Log::default();
    let notes = log.clone();
    socket.on_any_outgoing(move |event| notes.note(format!("{} {:?}", event.name, event.args)));
    socket.emit("alone", 1);
    hall.io.emit("all", 2);
    hall.io.to(socket.id()).emit("room", 3);
    socket.broadcast().emit("others", 4);
    drop(socket.emit_with_ack("ask", 5));
    drop(hall.io.main().timeout(seconds(1)).emit_with_ack("ask all", 6));
    client.block(true);
    socket.volatile().emit("dropped", 7);
    assert_eq!(
        log.take(),
        ["alone [1]", "all [2]", "room [3]", "ask [5]", "ask all [6]", "dropped [7]"]
    );
    client.ask(1, "silence", ());
    assert_eq!(log.take(), [""; 0], "an answer is no event");
    assert_eq!(other.heard().len(), 3);
}

#[test]
fn arguments_are_taken_by_their_types() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let notes = log.clone();
    socket.on("pair", move |_, (text, number): (String, f64), _| {
        notes.note(format!("{text} {number}"));
    });
    let notes = log.clone();
    socket.on("first", move |_, text: String, _| notes.note(text));
    let notes = log.clone();
    socket.on("maybe", move |_, (first, second): (u8, Option<u8>), _| {
        notes.note(format!("{first} {second:?}"));
    });
    let notes = log.clone();
    socket.on("raw", move |_, args: Args, _| notes.note(args.json()));
    let notes = log.clone();
    socket.on("list", move |_, list: Vec<i32>, _| notes.note(list.len()));
    let notes = log.clone();
    socket.on("bytes", move |_, (bytes, name): (bytes::Bytes, String), _| {
        notes.note(format!("{} {name}", bytes.len()));
    });
    client.say("pair", ("a", 1));
    client.say("pair", ("b", 2.5, "too many"));
    client.say("first", ("c", "ignored"));
    client.say("maybe", 1);
    client.say("maybe", (1, 2));
    client.say("maybe", (1, ()));
    client.say("raw", (1, "x", serde_json::json!({"a": []})));
    client.say("raw", ());
    client.say("list", vec![1, 2, 3]);
    client.say("bytes", (bytes::Bytes::from_static(&[0; 9]), "nine"));
    assert_eq!(
        log.take(),
        [
            "a 1",
            "b 2.5",
            "c",
            "1 None",
            "1 Some(2)",
            "1 None",
            "[1,\"x\",{\"a\":[]}]",
            "[]",
            "3",
            "9 nine"
        ]
    );
}

#[test]
fn arguments_that_no_handler_takes_are_reported_and_reach_none() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let notes = log.clone();
    socket.on("a", move |_, (first, second): (u8, String), _| {
        notes.note(format!("{first} {second}"));
    });
    let notes = log.clone();
    socket.on_async("a", move |_, number: u8, _| {
        let notes = notes.clone();
        async move { notes.note(number) }
    });
    let notes = log.clone();
    socket.on_error(move |_, event, refused| {
        notes.note(format!("{} is wrong: {}", event.name, !refused.message.is_empty()));
    });
    client.say("a", (1, "fits"));
    hall.run();
    assert_eq!(log.take(), ["1 fits", "1"]);
    client.ask(7, "a", ("no number", "text"));
    hall.run();
    assert_eq!(log.take(), ["a is wrong: true", "a is wrong: true"]);
    client.say("a", 2);
    hall.run();
    assert_eq!(log.take(), ["a is wrong: true", "2"], "each handler takes what it can");
    client.say("a", 256);
    client.say("a", -1);
    client.say("a", ());
    let faults = hall.faults();
    assert_eq!(faults.len(), 2 + 1 + 2 + 2 + 2);
    for fault in faults {
        let Fault::Args { event, socket: whose, .. } = fault else { panic!("{fault}") };
        assert_eq!((&*event, whose), ("a", socket.id()));
    }
    assert_eq!(client.heard(), [""; 0], "nobody answered for the handlers");
    client.say("a", (1, "still there"));
    hall.run();
    assert_eq!(log.take().last().map(String::as_str), Some("1"));
}
