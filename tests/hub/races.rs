//! Two things at the same moment: whichever is first, it comes out right.

use super::rushed::{Rounds, Rushed, in_time};
use super::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Wake, Waker};
use std::thread;
use tickwire::event::Args;
use tickwire::hub::{AckError, HubOptions, Partial, Reply, RoomChange};

const ROUNDS: u32 = 10_000;

#[test]
fn time_that_is_over_before_anybody_was_asked_is_over() {
    let rushed = Rushed::new(options());
    let (io, (client, socket)) = (&rushed.io, rushed.guest());
    rushed.ring_at_once();
    let mut one = socket.timeout(seconds(5)).emit_with_ack("a", ());
    assert_eq!(ready(&mut one), Some(Err(AckError::Timeout)));
    let mut many = io.timeout(seconds(5)).emit_with_ack("b", ());
    assert_eq!(ready(&mut many), Some(Err(Partial { replies: vec![], missing: 1 })));
    assert_eq!(client.heard(), ["a [] #0", "b [] #1"], "they are told all the same");
    client.answer(0, "late");
    client.answer(1, "late");
    assert_eq!(io.poll_timeout(), None);
}

#[test]
fn a_socket_that_two_throw_out_at_once_is_told_once() {
    in_time(|| {
        let hall = Hall::new();
        let client = hall.client();
        let enter = || client.enter("/");
        Rounds::run(ROUNDS, enter, Socket::disconnect, Socket::disconnect, |_| {
            assert_eq!(client.heard(), ["disconnect"]);
        });
    });
}

#[test]
fn who_is_told_to_leave_is_out_and_may_come_back() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    let log = Log::default();
    let (client, notes) = (Arc::new(client), log.clone());
    let seen = client.clone();
    socket.on_disconnecting(move |socket, _| {
        notes.note(seen.heard().len());
        socket.namespace().emit("the last", ());
    });
    socket.disconnect();
    assert_eq!(log.take(), ["0"], "it is still in its rooms");
    assert_eq!(client.heard(), ["the last []", "disconnect"]);
    client.enter("/");
}

#[test]
fn who_asks_again_while_it_is_being_answered_is_let_in_once() {
    let hall = Hall::new();
    let client = Arc::new(hall.client());
    let (asking, log, is_asked) = (client.clone(), Log::default(), AtomicBool::new(false));
    let notes = log.clone();
    hall.io.of_matching(move |name, _| {
        if !is_asked.swap(true, Ordering::Relaxed) {
            notes.note(format!("{:?}", asking.connect_as(name, &(), None)));
        }
        name == "/made"
    });
    client.connect("/made");
    assert_eq!(log.take(), ["Err(JoinedTwice)"]);
    assert_eq!(client.heard(), ["/made connect"]);
    assert_eq!(hall.io.of("/made").sockets().len(), 1);
    client.connect("/none");
    client.connect("/none");
    assert_eq!(client.heard(), ["/none refused: Invalid namespace"; 2], "it may ask again");
}

#[test]
fn a_connection_that_goes_takes_the_socket_along_that_just_comes_in() {
    in_time(|| {
        let hall = Hall::new();
        let count = Arc::new(AtomicI32::new(0));
        let present = count.clone();
        hall.io.on_connection(move |socket| {
            present.fetch_add(1, Ordering::Relaxed);
            let present = present.clone();
            socket.on_disconnect(move |_, _| _ = present.fetch_sub(1, Ordering::Relaxed));
        });
        let connect = |client: &Client| client.connect("/");
        let close = |client: &Client| client.link().closed("transport close");
        Rounds::run(
            ROUNDS,
            || hall.client(),
            connect,
            close,
            |_| {
                assert_eq!((hall.io.main().sockets(), hall.io.main().rooms()), (vec![], vec![]));
                assert_eq!(count.load(Ordering::Relaxed), 0);
            },
        );
        assert_eq!(hall.io.poll_timeout(), None);
    });
}

#[test]
fn a_hub_that_closes_lets_nobody_in_who_just_comes() {
    in_time(|| {
        let make = || {
            let hall = Hall::new();
            let client = hall.client();
            (hall, client)
        };
        let (connect, close) = (
            |(_, client): &(_, Client)| client.connect("/"),
            |(hall, _): &(Hall, _)| hall.io.close(),
        );
        Rounds::run(ROUNDS, make, connect, close, |(hall, client)| {
            assert_eq!(hall.io.main().sockets(), [], "{:?}", client.heard());
        });
    });
}

type Answers = (Mutex<Option<Reply<Result<Args, AckError>>>>, Mutex<Option<Reply<Gathered>>>);
type Gathered = Result<Vec<Args>, Partial>;

#[test]
fn who_is_asked_and_goes_is_not_waited_for() {
    in_time(|| {
        let hall = Hall::new();
        let client = hall.client();
        let ask = |(socket, (one, many)): &(Socket, Answers)| {
            *one.lock().unwrap() = Some(socket.emit_with_ack("a", ()));
            *many.lock().unwrap() = Some(hall.io.timeout(seconds(1)).emit_with_ack("b", ()));
        };
        let go = |(socket, _): &(Socket, Answers)| socket.disconnect();
        Rounds::run(
            ROUNDS,
            || (client.enter("/"), Answers::default()),
            ask,
            go,
            |(_, answers)| {
                let one = answers.0.lock().unwrap().as_mut().and_then(ready);
                assert_eq!(one, Some(Err(AckError::Disconnected)));
                let many = answers.1.lock().unwrap().as_mut().and_then(ready);
                match many.expect("there is an answer") {
                    Ok(replies) => assert_eq!(replies, [], "it was out already"),
                    Err(partial) => assert_eq!((partial.replies, partial.missing), (vec![], 1)),
                }
                client.heard();
            },
        );
        assert_eq!(hall.io.poll_timeout(), None);
    });
}

/// What came of it when a client was not to be read any more.
struct Stop {
    gate: Gate,
    number: u64,
    is_busy: AtomicBool,
    resumed: AtomicUsize,
}

#[test]
fn whoever_stopped_reading_is_told_when_there_is_room() {
    in_time(|| {
        let hall = Hall::with(HubOptions { waiting_events: 1, ..options() });
        let (client, socket) = hall.guest();
        let gates: Arc<Mutex<VecDeque<Gate>>> = Arc::default();
        let waiting = gates.clone();
        socket.on_async("a", move |_, (): (), _| {
            let gate = Gate::default();
            waiting.lock().unwrap().push_back(gate.clone());
            gate.pass()
        });
        client.say("a", ());
        hall.run();
        let number = AtomicU64::new(0);
        let make = || {
            // One event is handled, one waits; the client is read as long as it owes an answer.
            client.say("a", ());
            drop(socket.emit_with_ack("b", ()));
            let gate = gates.lock().unwrap().pop_front().expect("one is handled");
            let number = number.fetch_add(1, Ordering::Relaxed);
            Stop { gate, number, is_busy: false.into(), resumed: 0.into() }
        };
        let answer = |stop: &Stop| {
            client.answer(stop.number, ());
            stop.resumed.store(client.resumed(), Ordering::Relaxed);
            stop.is_busy.store(client.link().is_busy(), Ordering::Relaxed);
        };
        let handle = |stop: &Stop| {
            stop.gate.open();
            hall.run();
        };
        Rounds::run(ROUNDS, make, answer, handle, |stop| {
            assert!(!client.link().is_busy());
            let is_told = client.resumed() > stop.resumed.load(Ordering::Relaxed);
            assert!(is_told || !stop.is_busy.load(Ordering::Relaxed), "it would wait for ever");
            client.heard();
        });
    });
}

/// What a socket is given to keep, and whether it is let go of.
fn keeps_nothing(socket: &Socket) -> Weak<()> {
    let held = Arc::new(());
    let (a, b, c, d) = (held.clone(), held.clone(), held.clone(), held.clone());
    socket.on("a", move |_, (): (), _| drop(a.clone()));
    socket.on_error(move |_, _, _| drop(b.clone()));
    socket.on_any_outgoing(move |_| drop(c.clone()));
    socket.middleware(move |_, _| {
        drop(d.clone());
        Ok(())
    });
    Arc::downgrade(&held)
}

#[test]
fn who_is_thrown_out_before_it_is_welcomed_is_heard_to_go_all_the_same() {
    let hall = Hall::new();
    let (main, log) = (hall.io.main().clone(), Log::default());
    hall.io.main().on_room_change(move |change| {
        if let RoomChange::Joined(..) = change {
            main.disconnect_sockets();
        }
    });
    let (notes, kept) = (log.clone(), Arc::new(Mutex::new(Weak::new())));
    let keeps = kept.clone();
    hall.io.on_connection(move |socket| {
        *keeps.lock().unwrap() = keeps_nothing(socket);
        notes.note("welcome");
        let (first, second) = (notes.clone(), notes.clone());
        socket.on_disconnecting(move |_, reason| first.note(format!("disconnecting {reason}")));
        socket.on_disconnect(move |_, reason| second.note(format!("disconnect {reason}")));
        notes.note("welcomed");
    });
    let client = hall.client();
    client.connect("/");
    assert_eq!(client.heard(), ["connect", "disconnect"]);
    let reason = "server namespace disconnect";
    let told = [format!("disconnecting {reason}"), format!("disconnect {reason}")];
    assert_eq!(log.take(), ["welcome", &told[0], &told[1], "welcomed"]);
    assert_eq!(kept.lock().unwrap().upgrade(), None);
}

#[test]
fn a_namespace_that_goes_twice_takes_no_other_of_its_name_along() {
    let hall = Hall::new();
    let (first, second, third) = (hall.client(), hall.client(), Arc::new(hall.client()));
    let (next, is_left) = (third.clone(), AtomicBool::new(false));
    hall.io.of_pattern("^/made$").unwrap().on_room_change(move |change| {
        if matches!(change, RoomChange::Left(..)) && !is_left.swap(true, Ordering::Relaxed) {
            // Nobody is in it, and it is still there; then it goes, and another comes.
            second.enter("/made");
            second.leave("/made");
            next.enter("/made");
        }
    });
    first.enter("/made");
    first.leave("/made");
    assert_eq!(hall.io.of("/made").sockets().len(), 1);
    hall.io.of("/made").emit("a", ());
    assert_eq!(third.heard(), ["/made a []"]);
}

#[test]
fn a_waker_that_goes_may_take_the_connection_with_it() {
    /// A task that holds what it waits for.
    struct Holder {
        _client: Client,
    }

    impl Wake for Holder {
        fn wake(self: Arc<Self>) {}
    }

    in_time(|| {
        let hall = Hall::new();
        let (client, socket) = hall.guest();
        let mut reply = socket.emit_with_ack("a", ());
        let waker = Waker::from(Arc::new(Holder { _client: client }));
        let polled = std::pin::pin!(&mut reply).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        drop(waker);
        assert_eq!(ready(&mut reply), None, "the waker of before goes here");
        assert_eq!(ready(&mut reply), Some(Err(AckError::Disconnected)));
    });
}

#[test]
fn whoever_is_woken_may_wait_for_whoever_lets_time_pass() {
    /// Waits for a lock when its own thread wakes it.
    struct Waiter(Arc<Mutex<()>>, thread::ThreadId);

    impl Wake for Waiter {
        fn wake(self: Arc<Self>) {
            if thread::current().id() == self.1 {
                drop(self.0.lock());
            }
        }
    }

    in_time(|| {
        let hall = Hall::new();
        let (client, _) = hall.guest();
        let (clock, rounds) = (Arc::new(Mutex::new(())), [AtomicU32::new(0), AtomicU32::new(0)]);
        let waker = Waker::from(Arc::new(Waiter(clock.clone(), thread::current().id())));
        let await_round = |of: usize, round| {
            while rounds[of].load(Ordering::Acquire) < round {
                std::hint::spin_loop();
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    await_round(0, round);
                    let held = clock.lock().unwrap();
                    hall.io.handle_timeout(seconds(1));
                    drop(held);
                    rounds[1].store(round, Ordering::Release);
                }
            });
            for round in 1..=ROUNDS {
                let mut reply = hall.io.timeout(seconds(1)).emit_with_ack("a", ());
                let polled = std::pin::pin!(&mut reply).poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
                rounds[0].store(round, Ordering::Release);
                client.answer(u64::from(round - 1), ());
                await_round(1, round);
                assert!(ready(&mut reply).is_some());
            }
        });
    });
}
