//! Several threads do everything at once with the same sockets: nothing locks up, nobody hears
//! anything twice or out of order, every question is answered once, and nothing is left behind.

use super::rushed::in_time;
use super::*;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use tickwire::event::Args;
use tickwire::hub::{Ack, AckError, Letter, Namespace, Parcel, Partial, Reply, RoomChange};
use tickwire::prelude::Random;

const SEEDS: u64 = 40;
const ACTORS: u32 = 4;
const CLIENTS: u32 = 3;
const STEPS: u32 = 1_000;
const ROOMS: [&str; 3] = ["r0", "r1", "r2"];
/// In it is who is never thrown out.
const KEPT: &str = "kept";

/// Counts how often it is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A question, and who waits for the answer.
struct Question<T> {
    number: u32,
    reply: Reply<T>,
    wakes: Arc<Wakes>,
    answer: Option<T>,
}

impl<T> Question<T> {
    /// Waits for the answer as a task would, unless it is there.
    fn new(number: u32, mut reply: Reply<T>) -> Self {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(wakes.clone());
        let answer = match std::pin::pin!(&mut reply).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        };
        Self { number, reply, wakes, answer }
    }

    /// The answer, which must be there by now; whoever waited for it was woken once.
    fn answer(&mut self) -> T {
        let wakes = self.wakes.0.load(Ordering::Relaxed);
        assert_eq!(wakes, usize::from(self.answer.is_none()), "question {}", self.number);
        let answer = self.answer.take().or_else(|| ready(&mut self.reply));
        assert!(ready(&mut self.reply).is_none(), "there is one answer");
        answer.expect("nobody is left who could answer")
    }
}

/// A client that comes back whenever it is out, and all that it heard.
struct Guest {
    number: u32,
    client: Client,
    heard: Vec<Arc<Parcel>>,
}

impl Guest {
    fn new(hall: &Hall, number: u32) -> Self {
        let client = hall.client();
        client.connect("/");
        Self { number, client, heard: Vec::new() }
    }

    /// Hears what there is, answers most of it, and comes back if it was thrown out.
    fn listen(&mut self) {
        let parcels = self.client.parcels();
        let mut is_in = true;
        for parcel in &parcels {
            match &parcel.letter {
                Letter::Connect { .. } => is_in = true,
                Letter::Disconnect => is_in = false,
                Letter::Event { event, ack: Some(id), .. } if id % 4 != 0 => {
                    let (who, number) = event.args.to::<(u32, u32)>().expect("a question");
                    let args = tickwire::event::ToArgs::to_args(&(who, number, self.number));
                    // It may be out by now.
                    let _ = self.client.link().ack("/", *id, args.expect("it can be sent"));
                }
                _ => {}
            }
        }
        self.heard.extend(parcels);
        if !is_in {
            assert_eq!(
                self.client.connect_as("/", &(), None),
                Ok(()),
                "it was told that it is out"
            );
        }
    }

    fn leave(&mut self, hall: &Hall) {
        let left = self.client.link().leave("/");
        // Somebody may be throwing it out at the same time, and not be done with it.
        if left.is_ok() && self.client.connect_as("/", &(), None).is_err() {
            self.lose(hall);
        }
    }

    fn lose(&mut self, hall: &Hall) {
        self.client.lose("transport close");
        self.heard.extend(self.client.parcels());
        self.client = hall.client();
        self.client.connect("/");
    }

    /// Nobody was heard twice, or out of order.
    fn check(&self) {
        let mut last = [0; ACTORS as usize];
        for (who, number) in said(&self.heard) {
            let last = &mut last[who as usize];
            assert!(number > *last, "{who} said {number} after {last}");
            *last = number;
        }
    }
}

/// Who said what, of what was told to many.
fn said(parcels: &[Arc<Parcel>]) -> impl Iterator<Item = (u32, u32)> {
    parcels.iter().filter_map(|parcel| match &parcel.letter {
        Letter::Event { event, ack: None, .. } => event.args.to().ok(),
        _ => None,
    })
}

/// What one thread does.
struct Actor<'a> {
    hall: &'a Hall,
    number: u32,
    random: Random,
    guests: Vec<Guest>,
    /// How much it has said.
    count: u32,
    /// What all were told.
    to_all: Vec<u32>,
    of_one: Vec<Question<Result<Args, AckError>>>,
    of_many: Vec<Question<Result<Vec<Args>, Partial>>>,
}

impl<'a> Actor<'a> {
    fn new(hall: &'a Hall, seed: u64, number: u32) -> Self {
        let numbers = number * CLIENTS..(number + 1) * CLIENTS;
        Self {
            hall,
            number,
            random: Random::from_seed(seed * u64::from(ACTORS) + u64::from(number)),
            guests: numbers.map(|number| Guest::new(hall, number)).collect(),
            count: 0,
            to_all: Vec::new(),
            of_one: Vec::new(),
            of_many: Vec::new(),
        }
    }

    fn act(mut self) -> Self {
        for _ in 0..STEPS {
            self.step();
            self.guests.iter_mut().for_each(Guest::listen);
        }
        self
    }

    fn step(&mut self) {
        let room = *self.random.pick(&ROOMS).expect("some");
        let other = *self.random.pick(&ROOMS).expect("some");
        let main = self.hall.io.main();
        let chosen = self.random.below(CLIENTS) as usize;
        match self.random.below(20) {
            0..6 => self.say(room, other),
            6..10 => {
                let Some(socket) = self.somebody() else { return };
                if self.random.one_in(2) { socket.join(room) } else { socket.leave(room) }
            }
            10 => main.to(room).sockets_join(other),
            11 => main.to(room).sockets_leave(other),
            12..15 => self.ask(room),
            15 => self.somebody().into_iter().for_each(|socket| socket.disconnect()),
            16 if self.random.one_in(4) => main.to(room).except(other).disconnect_sockets(),
            17 => self.guests[chosen].leave(self.hall),
            18 => self.guests[chosen].lose(self.hall),
            19 if self.number == 0 => self.hall.skip(seconds(1)),
            _ => {}
        }
    }

    /// A socket of any client that may be thrown out.
    fn somebody(&mut self) -> Option<Socket> {
        self.random.pick(&self.hall.io.main().except(KEPT).fetch_sockets()).cloned()
    }

    fn say(&mut self, room: &str, other: &str) {
        self.count += 1;
        let main = self.hall.io.main();
        let words = (self.number, self.count);
        match self.random.below(5) {
            0 => {
                main.emit("said", words);
                self.to_all.push(self.count);
            }
            1 => main.to(room).emit("said", words),
            2 => main.to([room, other]).emit("said", words),
            3 => {
                if let Some(socket) = self.somebody() {
                    socket.broadcast().emit("said", words);
                    self.to_all.push(self.count);
                }
            }
            _ => {
                let event = tickwire::event::Event::new("tell", (room, self.number, self.count));
                // It may be out by now.
                let link = self.guests[0].client.link();
                let _ = link.event("/", event.expect("it can be sent"), None);
            }
        }
    }

    fn ask(&mut self, room: &str) {
        self.count += 1;
        let (number, words) = (self.count, (self.number, self.count));
        let after = seconds(u64::from(self.random.below(3)));
        if self.random.one_in(3) {
            let reply = self.hall.io.to(room).timeout(after).emit_with_ack("asked", words);
            self.of_many.push(Question::new(number, reply));
        } else if let Some(socket) = self.somebody() {
            let reply = match self.random.one_in(2) {
                true => socket.timeout(after).emit_with_ack("asked", words),
                false => socket.emit_with_ack("asked", words),
            };
            self.of_one.push(Question::new(number, reply));
        }
    }

    /// Everybody has gone, so every question has its answer.
    fn check(mut self) {
        let expected = |number, args: &Args| {
            let (who, what, by) = args.to::<(u32, u32, u32)>().expect("an answer");
            assert_eq!((who, what), (self.number, number), "it answers this question");
            by
        };
        for question in &mut self.of_one {
            question.answer().into_iter().for_each(|args| _ = expected(question.number, &args));
        }
        for question in &mut self.of_many {
            let replies = question.answer().unwrap_or_else(|partial| partial.replies);
            let mut by: Vec<_> =
                replies.iter().map(|args| expected(question.number, args)).collect();
            by.sort_unstable();
            assert!(by.is_sorted_by(|one, next| one < next), "each answers once: {by:?}");
        }
        self.guests.iter().for_each(Guest::check);
    }
}

/// Counts who is there and which rooms there are, as those are told who listen.
fn census(namespace: &Namespace) -> Arc<Mutex<[i64; 3]>> {
    let census: Arc<Mutex<[i64; 3]>> = Arc::default();
    let counts = census.clone();
    namespace.on_connection(move |socket| {
        counts.lock().unwrap()[0] += 1;
        let counts = counts.clone();
        socket.on_disconnect(move |_, _| counts.lock().unwrap()[0] -= 1);
    });
    let counts = census.clone();
    namespace.on_room_change(move |change| {
        let mut counts = counts.lock().unwrap();
        match change {
            RoomChange::Created(_) => counts[1] += 1,
            RoomChange::Deleted(_) => counts[1] -= 1,
            RoomChange::Joined(..) => counts[2] += 1,
            RoomChange::Left(..) => counts[2] -= 1,
        }
    });
    census
}

fn everything_at_once(seed: u64) {
    let hall = Hall::new();
    let census = census(hall.io.main());
    hall.io.main().on("tell", |socket, (room, who, number): (String, u32, u32), _: Ack| {
        socket.to(room).emit("said", (who, number));
    });
    let keepers = [hall.guest(), hall.guest()];
    hall.io.main().sockets_join(KEPT);
    let actors: Vec<Actor> = thread::scope(|scope| {
        let start = |number| {
            let hall = &hall;
            scope.spawn(move || Actor::new(hall, seed, number).act())
        };
        let acting: Vec<_> = (0..ACTORS).map(start).collect();
        let join = |acting: thread::ScopedJoinHandle<'_, _>| acting.join();
        acting.into_iter().map(|acting| join(acting).unwrap_or_else(|e| resume_unwind(e))).collect()
    });
    let [heard, same] = keepers.map(|(client, _)| said(&client.parcels()).collect::<Vec<_>>());
    assert!(heard == same, "all hear what is said to them in the same order");
    for actor in &actors {
        let by = |(who, number)| (who == actor.number).then_some(number);
        assert!(heard.iter().copied().filter_map(by).eq(actor.to_all.iter().copied()), "all of it");
    }
    hall.io.main().disconnect_sockets();
    assert_eq!((hall.io.main().sockets(), hall.io.main().rooms()), (vec![], vec![]));
    assert_eq!(*census.lock().unwrap(), [0; 3]);
    assert_eq!(hall.io.poll_timeout(), None, "nothing is waited for");
    actors.into_iter().for_each(Actor::check);
}

#[test]
fn whatever_threads_do_at_once_each_client_hears_it_once_and_in_order() {
    in_time(|| crate::simulation::for_seeds(SEEDS, everything_at_once));
}
