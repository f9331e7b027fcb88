//! The events of one socket are handled in their order, and those of others do not wait for it.

use super::*;
use tickwire::hub::Ack;

#[test]
fn a_slow_handler_holds_back_the_later_events_of_its_socket_and_of_no_other() {
    let hall = Hall::new();
    hall.io.of("/other");
    let (client, socket) = hall.guest();
    let same_client = client.enter("/other");
    let (other, other_socket) = hall.guest();
    let (gate, log) = (Gate::default(), Log::default());
    let (waiting, notes) = (gate.clone(), log.clone());
    socket.on_async("slow", move |_, (): (), _| {
        let (gate, notes) = (waiting.clone(), notes.clone());
        notes.note("begins");
        async move {
            gate.pass().await;
            notes.note("ends");
        }
    });
    for (name, socket) in [("a", &socket), ("b", &other_socket), ("c", &same_client)] {
        let notes = log.clone();
        socket.on("x", move |_, number: u8, _| notes.note(format!("{name}{number}")));
    }
    client.say("x", 0);
    client.say("slow", ());
    client.say("x", 1);
    client.say("slow", ());
    client.say("x", 2);
    other.say("x", 3);
    client.say_in("/other", "x", 4);
    hall.run();
    assert_eq!(log.take(), ["a0", "begins", "b3", "c4"]);
    gate.open();
    hall.run();
    assert_eq!(log.take(), ["ends", "a1", "begins", "ends", "a2"]);
    client.say("x", 5);
    assert_eq!(log.take(), ["a5"], "at once again, without a task");
    assert_eq!(hall.tasks(), 0);
}

#[test]
fn a_detached_handler_holds_back_nothing() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let (gate, log) = (Gate::default(), Log::default());
    let (waiting, notes) = (gate.clone(), log.clone());
    hall.io.main().on_detached("slow", move |_, number: u8, ack: Ack| {
        let (gate, notes) = (waiting.clone(), notes.clone());
        async move {
            gate.pass().await;
            notes.note(format!("slow {number}"));
            ack.send(number);
        }
    });
    let notes = log.clone();
    socket.on("slow", move |_, number: u8, _| notes.note(format!("heard {number}")));
    client.ask(1, "slow", 1);
    client.ask(2, "slow", 2);
    hall.run();
    assert_eq!(log.take(), ["heard 1", "heard 2"]);
    gate.open();
    hall.run();
    assert_eq!(log.take(), ["slow 1", "slow 2"]);
    assert_eq!(client.heard(), ["ack [1] #1", "ack [2] #2"]);
}

#[test]
fn the_handlers_of_one_event_wait_for_each_other() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let (gate, log) = (Gate::default(), Log::default());
    let notes = log.clone();
    socket.on("a", move |_, (): (), _| notes.note("1"));
    let (waiting, notes) = (gate.clone(), log.clone());
    socket.on_async("a", move |_, (): (), _| {
        let (gate, notes) = (waiting.clone(), notes.clone());
        async move {
            gate.pass().await;
            notes.note("2");
        }
    });
    let notes = log.clone();
    socket.on("a", move |_, (): (), _| notes.note("3"));
    let notes = log.clone();
    socket.on_async("a", move |_, (): (), _| {
        let notes = notes.clone();
        async move { notes.note("4") }
    });
    client.say("a", ());
    hall.run();
    assert_eq!(log.take(), ["1"]);
    gate.open();
    hall.run();
    assert_eq!(log.take(), ["2", "3", "4"]);
}

#[test]
fn what_the_server_says_leaves_in_its_order() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    hall.io.on_connection(|socket| {
        socket.emit("welcome", ());
        socket.join("room");
        socket.namespace().to("room").emit("to the room", ());
    });
    hall.io.main().middleware(|socket| {
        socket.set_data(1_u8);
        Ok(())
    });
    let late = hall.client();
    late.connect("/");
    assert_eq!(late.heard(), ["connect", "welcome []", "to the room []"]);
    for number in 0..50 {
        match number % 4 {
            0 => socket.emit("x", number),
            1 => hall.io.emit("x", number),
            2 => hall.io.to(socket.id()).emit("x", number),
            _ => drop(socket.emit_with_ack("x", number)),
        }
    }
    let heard = client.heard();
    let numbers: Vec<&str> =
        heard.iter().map(|told| &told[3..told.find(']').expect("an array")]).collect();
    let expected: Vec<String> = (0..50).map(|number: u32| number.to_string()).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn an_event_is_not_heard_by_a_socket_that_went_while_it_waited() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let (gate, log) = (Gate::default(), Log::default());
    let (waiting, notes) = (gate.clone(), log.clone());
    hall.io.main().on_async("a", move |_, number: u8, _| {
        let (gate, notes) = (waiting.clone(), notes.clone());
        async move {
            gate.pass().await;
            notes.note(number);
        }
    });
    client.say("a", 1);
    client.say("a", 2);
    hall.run();
    socket.disconnect();
    let again = client.enter("/");
    gate.open();
    client.say("a", 3);
    hall.run();
    assert!(again.is_connected());
    assert_eq!(log.take(), ["1", "3"], "what had begun goes on");
}

#[test]
fn a_handler_may_wait_for_what_another_socket_does() {
    let hall = Hall::new();
    let (a, a_socket) = hall.guest();
    let (b, b_socket) = hall.guest();
    let log = Log::default();
    let (asked, notes) = (b_socket.clone(), log.clone());
    a_socket.on_async("start", move |_, (): (), _| {
        let (asked, notes) = (asked.clone(), notes.clone());
        async move { notes.note(format!("{:?}", asked.emit_with_ack("who", ()).await)) }
    });
    let notes = log.clone();
    b_socket.on("x", move |_, (): (), _| notes.note("x"));
    a.say("start", ());
    hall.run();
    b.say("x", ());
    assert_eq!(log.take(), ["x"]);
    b.answer(0, "b");
    hall.run();
    assert_eq!(log.take(), ["Ok([\"b\"])"]);
}

#[test]
fn what_a_client_says_waits_for_connection_handlers_that_take_their_time() {
    let hall = Hall::new();
    let (log, gate) = (Log::default(), Gate::default());
    let (notes, waits) = (log.clone(), gate.clone());
    hall.io.on_connection_async(move |socket| {
        let (notes, waits) = (notes.clone(), waits.clone());
        async move {
            waits.pass().await;
            notes.note("connected");
            socket.on("a", move |_, number: i32, _| notes.note(number));
        }
    });
    let notes = log.clone();
    hall.io.on_connection(move |_| notes.note("the next handler"));
    let (client, socket) = hall.guest();
    client.say("a", 1);
    hall.run();
    assert_eq!(log.take(), [""; 0]);
    gate.open();
    hall.run();
    assert_eq!(log.take(), ["connected", "the next handler", "1"]);
    let notes = log.clone();
    socket.once_async("b", move |_, number: i32, _| {
        let notes = notes.clone();
        async move { notes.note(number) }
    });
    client.say("b", 2);
    client.say("b", 3);
    hall.run();
    assert_eq!(log.take(), ["2"]);
}
