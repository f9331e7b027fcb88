//! Several threads at one thing, again and again: events in their turn, ways back, namespaces that
//! come and go.

use super::rushed::{Rushed, in_time};
use super::*;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;
use tickwire::hub::{Ack, HubOptions, Letter, Parcel, RecoveryOptions};

/// Lets another thread have a turn, or the same.
async fn rest() {
    let mut is_rested = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut is_rested, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[test]
fn whoever_carries_on_events_are_handled_one_after_the_other_in_their_order() {
    const COUNT: u32 = 20_000;
    in_time(|| {
        let rushed = Rushed::new(options());
        rushed.work(2);
        let handled = Arc::new(AtomicU32::new(0));
        let (count, is_at_work) = (handled.clone(), Arc::new(AtomicBool::new(false)));
        rushed.io.main().on_async("a", move |_, number: u32, _: Ack| {
            let (count, is_at_work) = (count.clone(), is_at_work.clone());
            async move {
                assert!(!is_at_work.swap(true, Ordering::AcqRel), "one after the other");
                if !number.is_multiple_of(3) {
                    rest().await;
                }
                is_at_work.store(false, Ordering::Release);
                assert_eq!(count.fetch_add(1, Ordering::AcqRel), number);
            }
        });
        let (client, _socket) = rushed.guest();
        for number in 0..COUNT {
            // Now and then nothing waits at the very moment when the next event comes.
            while number > handled.load(Ordering::Acquire) + 1 {
                thread::yield_now();
            }
            client.say("a", number);
        }
        while handled.load(Ordering::Acquire) < COUNT {
            thread::yield_now();
        }
    });
}

/// A client that loses its connection and comes back, and all that it heard.
struct Traveller<'a> {
    hall: &'a Hall,
    client: Client,
    /// The secret and the last offset.
    way: (String, String),
    parcels: Vec<Arc<Parcel>>,
}

impl<'a> Traveller<'a> {
    fn new(hall: &'a Hall) -> Self {
        let client = hall.client();
        client.enter("/").join("room");
        hall.io.emit("first", ());
        let (way, parcels) = (client.way_back("/"), client.parcels());
        Self { hall, client, way, parcels }
    }

    fn come_back(&mut self) {
        self.client.lose("transport close");
        self.parcels.extend(self.client.parcels());
        if let Some(offset) = self.client.last_offset("/") {
            self.way.1 = offset;
        }
        self.client = self.hall.client();
        self.client.connect_as("/", &(), Some(self.way.clone())).expect("it may ask");
    }

    /// What it heard of each who spoke; it was itself again this many times.
    fn heard(mut self, speakers: usize, times: usize) -> Vec<Vec<u32>> {
        self.parcels.extend(self.client.parcels());
        let (mut heard, mut is_again) = (vec![Vec::new(); speakers], Vec::new());
        for parcel in &self.parcels {
            match &parcel.letter {
                Letter::Connect { recovered, .. } => is_again.push(*recovered),
                Letter::Event { event, .. } => {
                    let said = event.args.to::<(usize, u32)>();
                    said.into_iter().for_each(|(who, number)| heard[who].push(number));
                }
                _ => {}
            }
        }
        assert_eq!(is_again, vec![true; times]);
        heard
    }
}

#[test]
fn who_comes_back_misses_nothing_of_what_many_say_at_once() {
    const SPEAKERS: usize = 3;
    const COUNT: u32 = 3_000;
    in_time(|| {
        let events = SPEAKERS * COUNT as usize + 1;
        let recovery = Some(RecoveryOptions { events, ..RecoveryOptions::default() });
        let hall = Hall::with(HubOptions { recovery, ..options() });
        let mut traveller = Traveller::new(&hall);
        let (start, done) = (&Barrier::new(SPEAKERS + 1), &AtomicUsize::new(0));
        let speak = |who: usize| {
            start.wait();
            for number in 0..COUNT {
                match number % 3 {
                    0 => hall.io.to("room").emit("said", (who, number)),
                    1 => hall.io.except("nobody").emit("said", (who, number)),
                    _ => hall.io.emit("said", (who, number)),
                }
            }
            done.fetch_add(1, Ordering::Release);
        };
        let mut times = 0;
        thread::scope(|scope| {
            for who in 0..SPEAKERS {
                scope.spawn(move || speak(who));
            }
            start.wait();
            while done.load(Ordering::Acquire) < SPEAKERS {
                traveller.come_back();
                times += 1;
            }
        });
        for numbers in traveller.heard(SPEAKERS, times) {
            assert!(numbers.iter().copied().eq(0..COUNT), "{numbers:?}");
        }
    });
}

#[test]
fn a_namespace_that_comes_and_goes_is_one_for_all_who_are_in_it() {
    const THREADS: usize = 3;
    const ROUNDS: usize = 3_000;
    in_time(|| {
        let hall = Hall::new();
        let made = hall.io.of_pattern("^/made$").expect("a pattern");
        // It takes its time between the moment when it is found and the one when somebody is in it.
        made.middleware(|_| {
            thread::yield_now();
            Ok(())
        });
        let all = Barrier::new(THREADS);
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let client = hall.client();
                    for _ in 0..ROUNDS {
                        client.connect("/made");
                        all.wait();
                        let count = hall.io.of("/made").sockets().len();
                        // Nobody leaves before all have counted.
                        all.wait();
                        assert_eq!(count, THREADS);
                        client.leave("/made");
                    }
                });
            }
        });
        assert_eq!(format!("{:?}", hall.io), "hub of 1 namespaces", "it is gone at the end");
    });
}
