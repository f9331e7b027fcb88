//! Threads that run matches, each match on one of them for all its life, and carry the connections of
//! those who play in them.

use super::entry::Entry;
use super::live::{Live, Verdict};
use super::tally::Tally;
use crate::host::cables::{self, Cables, Reactor};
use crate::host::{Clock, lock};
use crate::protocol::native::Refusal;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Spreads numbers evenly over the unit interval, however many there are.
const GOLDEN: f64 = 0.618_033_988_749_895;
/// A thread without matches looks around this often.
const IDLE: Duration = Duration::from_secs(1);

/// The threads.
pub(super) struct Workers {
    workers: Vec<Worker>,
    begun: AtomicUsize,
}

/// A thread, from outside.
struct Worker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    cables: Arc<cables::Shared>,
    new: Mutex<Vec<Live>>,
    /// How many matches it has.
    load: AtomicUsize,
    is_over: AtomicBool,
}

impl Workers {
    /// Starts threads, within a runtime of tokio; who is told of matches that are over is `forget`.
    pub(super) fn start(
        cables: &Cables,
        reactors: Vec<Reactor>,
        clock: Clock,
        tally: &Arc<Tally>,
        forget: impl Fn(&Entry) + Clone + Send + 'static,
    ) -> Self {
        let start = |(number, reactor)| {
            let shared = Arc::new(Shared {
                cables: cables.thread(number),
                new: Mutex::default(),
                load: AtomicUsize::new(0),
                is_over: AtomicBool::new(false),
            });
            let (runtime, own) = (tokio::runtime::Handle::current(), shared.clone());
            let (tally, forget) = (tally.clone(), forget.clone());
            let run = move || {
                // What a tick sets off (handlers, ends of connections) runs there.
                let _within = runtime.enter();
                let matches = BTreeMap::new();
                Round { shared: own, reactor, clock, tally, forget, matches, count: 0 }.run();
            };
            let thread = thread::Builder::new().name(format!("matches-{number}")).spawn(run);
            Worker { shared, thread: Some(thread.expect("the machine has threads")) }
        };
        let workers = reactors.into_iter().enumerate().map(start).collect();
        Self { workers, begun: AtomicUsize::new(0) }
    }

    /// The thread with the fewest matches; one more is to follow.
    pub(super) fn choose(&self) -> usize {
        let load = |at: &usize| self.workers[*at].shared.load.load(Ordering::Relaxed);
        let at = (0..self.workers.len()).min_by_key(load).unwrap_or_default();
        self.workers[at].shared.load.fetch_add(1, Ordering::Relaxed);
        at
    }

    /// The match that was to follow does not.
    pub(super) fn give_back(&self, thread: usize) {
        self.workers[thread].shared.load.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes a match to its thread; its ticks fall between those of others.
    pub(super) fn take(&self, live: Live) {
        let count = self.begun.fetch_add(1, Ordering::Relaxed);
        let worker = &self.workers[live.entry().thread];
        #[expect(clippy::cast_precision_loss, reason = "any even spread will do")]
        let share = (count as f64 * GOLDEN).fract();
        let pause = live.period().mul_f64(share);
        let live = live.begin_after(pause);
        lock(&worker.shared.new).push(live);
        worker.shared.cables.wake();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            worker.shared.is_over.store(true, Ordering::Release);
            if let Some(thread) = worker.thread.take() {
                worker.shared.cables.wake();
                // One of them may be who drops this.
                if thread.thread().id() != thread::current().id() {
                    let _ = thread.join();
                }
            }
        }
    }
}

/// What one thread does.
struct Round<F> {
    shared: Arc<Shared>,
    reactor: Reactor,
    clock: Clock,
    tally: Arc<Tally>,
    forget: F,
    /// By when they are due.
    matches: BTreeMap<(Duration, u64), Live>,
    count: u64,
}

impl<F: Fn(&Entry)> Round<F> {
    fn run(mut self) {
        while !self.shared.is_over.load(Ordering::Acquire) {
            let new = std::mem::take(&mut *lock(&self.shared.new));
            for live in new {
                self.put(live);
            }
            let now = self.clock.now();
            match self.matches.first_entry() {
                Some(first) if first.key().0 <= now => {
                    let live = first.remove();
                    // What comes just before a tick is in it.
                    self.reactor.look(self.clock, now);
                    self.step(live, now);
                }
                Some(first) => {
                    let due = first.key().0;
                    self.reactor.rest(self.clock, now, due);
                }
                None => self.reactor.rest(self.clock, now, now + IDLE),
            }
        }
        for (_, mut live) in std::mem::take(&mut self.matches) {
            live.end(Refusal::ShuttingDown);
        }
    }

    fn put(&mut self, live: Live) {
        self.count += 1;
        self.matches.insert((live.due(), self.count), live);
    }

    fn step(&mut self, mut live: Live, now: Duration) {
        let stepped = catch_unwind(AssertUnwindSafe(|| live.step(now)));
        self.tally.ticks.note(self.clock.now().saturating_sub(now));
        match stepped {
            Ok(Verdict::GoesOn) => return self.put(live),
            Ok(Verdict::Over) => {}
            Err(_) => {
                self.tally.crashed.add(1);
                let _ = catch_unwind(AssertUnwindSafe(|| live.mourn()));
                let _ = catch_unwind(AssertUnwindSafe(|| live.end(Refusal::Internal)));
            }
        }
        self.shared.load.fetch_sub(1, Ordering::Relaxed);
        (self.forget)(live.entry());
        // What others wrote may do anything when it goes.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(live)));
    }
}
