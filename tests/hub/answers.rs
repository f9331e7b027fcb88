//! Acknowledgements: what handlers answer, and what clients answer to one socket.

use super::*;
use std::collections::BTreeMap;
use tickwire::event::{Args, ToArgs};
use tickwire::hub::{Ack, AckError, Fault};

fn args(of: impl ToArgs) -> Args {
    of.to_args().expect("it can be sent")
}

#[test]
fn a_handler_answers_under_the_number_it_was_asked_with() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    socket.on("add", |_, (a, b): (i32, i32), ack: Ack| {
        assert!(ack.is_expected());
        ack.send(a + b);
    });
    socket.on("nothing", |_, (): (), ack: Ack| ack.send(()));
    socket.on("bytes", |_, (): (), ack: Ack| ack.send(bytes::Bytes::from_static(b"x")));
    client.ask(3, "add", (1, 2));
    client.ask(0, "add", (2, 2));
    client.ask(9_007_199_254_740_991, "nothing", ());
    client.ask(4, "bytes", ());
    assert_eq!(
        client.heard(),
        [
            "ack [3] #3",
            "ack [4] #0",
            "ack [] #9007199254740991",
            "ack [{\"_placeholder\":true,\"num\":0}] with 1 attachments #4"
        ]
    );
}

#[test]
fn an_event_is_answered_at_most_once_whoever_hears_it() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    for name in ["first", "second"] {
        socket.on("a", move |_, (): (), ack: Ack| ack.send(name));
    }
    hall.io.main().on_async("b", |_, (): (), ack: Ack| async move { ack.send("first") });
    socket.on("b", |_, (): (), ack: Ack| ack.send("second"));
    client.ask(1, "a", ());
    client.ask(2, "b", ());
    hall.run();
    assert_eq!(client.heard(), ["ack [\"first\"] #1", "ack [\"first\"] #2"]);
}

#[test]
fn an_answer_that_nobody_expects_is_not_sent() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    socket.on("a", |_, (): (), ack: Ack| {
        assert!(!ack.is_expected());
        ack.send("unwanted");
    });
    client.say("a", ());
    assert_eq!(client.heard(), [""; 0]);
}

#[test]
fn an_answer_may_come_later_and_out_of_order() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let gates = [Gate::default(), Gate::default()];
    let waiting = gates.clone();
    socket.on_detached("a", move |_, which: usize, ack: Ack| {
        let gate = waiting[which].clone();
        async move {
            gate.pass().await;
            ack.send(which);
        }
    });
    client.ask(10, "a", 0);
    client.ask(11, "a", 1);
    hall.run();
    gates[1].open();
    hall.run();
    gates[0].open();
    hall.run();
    assert_eq!(client.heard(), ["ack [1] #11", "ack [0] #10"]);
}

#[test]
fn an_answer_that_cannot_be_written_is_reported() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    socket.on("a", |_, (): (), ack: Ack| ack.send(BTreeMap::from([((1, 2), 3)])));
    client.ask(1, "a", ());
    assert_eq!(client.heard(), [""; 0]);
    assert!(matches!(&hall.faults()[..], [Fault::Emit { .. }]));
}

#[test]
fn a_client_answers_what_it_was_asked() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let mut first = socket.emit_with_ack("a", 1);
    let mut second = socket.emit_with_ack("b", 2);
    assert_eq!(client.heard(), ["a [1] #0", "b [2] #1"]);
    assert_eq!(ready(&mut first), None);
    client.answer(1, ("x", 2));
    assert_eq!((ready(&mut first), ready(&mut second)), (None, Some(Ok(args(("x", 2))))));
    client.answer(0, ());
    assert_eq!(ready(&mut first), Some(Ok(args(()))));
}

#[test]
fn an_answer_wakes_the_handler_that_waits_for_it() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let notes = log.clone();
    socket.on_async("start", move |socket: Socket, (): (), ack: Ack| {
        let notes = notes.clone();
        async move {
            let answer = socket.emit_with_ack("question", ()).await;
            notes.note(answer.expect("it answers").to::<u8>().expect("a number"));
            ack.send("done");
        }
    });
    client.ask(5, "start", ());
    hall.run();
    assert_eq!(client.heard(), ["question [] #0"]);
    client.answer(0, 42);
    hall.run();
    assert_eq!(log.take(), ["42"]);
    assert_eq!(client.heard(), ["ack [\"done\"] #5"]);
}

#[test]
fn an_answer_that_nobody_waits_for_is_ignored() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let (stranger, _) = hall.guest();
    client.answer(7, "to nothing");
    let mut reply = socket.emit_with_ack("a", ());
    stranger.answer(0, "for another");
    assert_eq!(ready(&mut reply), None);
    client.answer(0, "right");
    client.answer(0, "twice");
    assert_eq!(ready(&mut reply), Some(Ok(args("right"))));
    drop(socket.emit_with_ack("b", ()));
    client.answer(1, "to nobody any more");
}

#[test]
fn an_answer_is_waited_for_until_its_time_is_over() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let mut timely = socket.timeout(seconds(2)).emit_with_ack("a", ());
    let mut late = socket.timeout(seconds(5)).emit_with_ack("b", ());
    let mut patient = socket.emit_with_ack("c", ());
    hall.pass(seconds(1));
    client.answer(0, "in time");
    assert_eq!(hall.pass(seconds(3)), 0, "an alarm that was called off does not ring");
    assert_eq!(ready(&mut late), None);
    assert_eq!(hall.pass(seconds(1)), 1);
    assert_eq!(ready(&mut timely), Some(Ok(args("in time"))));
    assert_eq!(ready(&mut late), Some(Err(AckError::Timeout)));
    client.answer(1, "too late");
    hall.pass(seconds(100_000));
    assert_eq!(ready(&mut patient), None, "no time was set");
}

#[test]
fn no_time_at_all_is_over_at_once() {
    let hall = Hall::new();
    let (_client, socket) = hall.guest();
    let mut reply = socket.timeout(seconds(0)).emit_with_ack("a", ());
    hall.pass(seconds(0));
    assert_eq!(ready(&mut reply), Some(Err(AckError::Timeout)));
}

#[test]
fn a_socket_that_goes_answers_nothing_more() {
    let hall = Hall::new();
    let (mut client, socket) = hall.guest();
    let mut before = socket.emit_with_ack("a", ());
    let mut timed = socket.timeout(seconds(9)).emit_with_ack("a", ());
    client.lose("transport close");
    let mut after = socket.emit_with_ack("b", ());
    for reply in [&mut before, &mut timed, &mut after] {
        assert_eq!(ready(reply), Some(Err(AckError::Disconnected)));
    }
    assert_eq!(hall.io.poll_timeout(), None, "its alarm is called off");
}

#[test]
fn a_socket_owes_at_most_so_many_answers() {
    let hall = Hall::with(tickwire::hub::HubOptions { acks: 2, ..options() });
    let (client, socket) = hall.guest();
    let (other, _) = hall.guest();
    let mut replies: Vec<_> =
        (0..3).map(|_| socket.timeout(seconds(1)).emit_with_ack("a", ())).collect();
    assert_eq!(ready(&mut replies[2]), Some(Err(AckError::TooMany(2))));
    assert_eq!(client.heard(), ["a [] #0", "a [] #1"]);
    let mut all = hall.io.main().timeout(seconds(9)).emit_with_ack("b", ());
    assert_eq!(client.heard(), ["b [] #3"], "it is told all the same");
    let asked = other.heard();
    assert_eq!(asked, ["b [] #3"]);
    other.answer(3, "here");
    let partial = ready(&mut all).expect("complete").expect_err("one could not be asked");
    assert_eq!((partial.replies, partial.missing), (vec![args("here")], 1));
    client.answer(0, ());
    let mut reply = socket.emit_with_ack("a", ());
    assert_eq!(ready(&mut reply), None, "there is room again");
}

#[test]
fn what_cannot_be_asked_is_said_at_once() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let mut reply = socket.emit_with_ack("a", BTreeMap::from([((1, 2), 3)]));
    assert_eq!(ready(&mut reply), Some(Err(AckError::NotSent)));
    assert_eq!((hall.faults().len(), client.heard().len()), (1, 0));
}

#[test]
fn what_is_volatile_and_dropped_is_answered_by_nobody() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    client.block(true);
    let mut reply = socket.volatile().timeout(seconds(1)).emit_with_ack("a", ());
    hall.pass(seconds(1));
    assert_eq!(ready(&mut reply), Some(Err(AckError::Timeout)));
}
