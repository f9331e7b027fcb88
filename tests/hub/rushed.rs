//! Surroundings for several threads: tasks go to workers, and alarms ring at once if they are told to.

use super::*;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;
use tickwire::hub::{Fault, HubOptions, Io, Opening, Surroundings, Task};

/// Does something beside the test, which fails if it takes a minute: then it is locked up.
pub(super) fn in_time(act: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel();
    let acting = thread::spawn(move || {
        act();
        let _ = done.send(());
    });
    if ended.recv_timeout(seconds(60)) == Err(RecvTimeoutError::Timeout) {
        panic!("it is locked up");
    }
    acting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

/// Two threads that do something with the same thing at the same moment, again and again.
pub(super) struct Rounds {
    /// How far each of them is.
    steps: [AtomicU32; 2],
    is_over: AtomicBool,
}

impl Rounds {
    /// The second begins a little later each time, up to some microseconds, and then anew. At the
    /// end of each round the first looks what came of it.
    pub(super) fn run<T: Send + Sync>(
        count: u32,
        make: impl Fn() -> T,
        one: impl Fn(&T),
        other: impl Fn(&T) + Sync,
        look: impl Fn(&T),
    ) {
        let rounds = Self { steps: Default::default(), is_over: false.into() };
        let thing: Mutex<Option<Arc<T>>> = Mutex::new(None);
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..count {
                    rounds.meet(1);
                    let Some(thing) = thing.lock().unwrap().clone() else { return };
                    rounds.meet(1);
                    if rounds.is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    (0..round % 256).for_each(|_| std::hint::spin_loop());
                    other(&thing);
                    rounds.meet(1);
                }
            });
            let _over = Over(&rounds.is_over);
            for _ in 0..count {
                let it = Arc::new(make());
                *thing.lock().unwrap() = Some(it.clone());
                rounds.meet(0);
                rounds.meet(0);
                one(&it);
                rounds.meet(0);
                look(&it);
                thing.lock().unwrap().take();
            }
        });
    }

    /// Waits for the other, unless it is gone.
    fn meet(&self, me: usize) {
        let step = self.steps[me].fetch_add(1, Ordering::AcqRel) + 1;
        let mut looks: u32 = 0;
        while self.steps[1 - me].load(Ordering::Acquire) < step {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            looks += 1;
            // It may wait for this core.
            if looks.is_multiple_of(1024) { thread::yield_now() } else { std::hint::spin_loop() }
        }
    }
}

/// Says that it is over, whatever ends it.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A hub that has no time.
pub(super) struct Rushed {
    pub(super) io: Io,
    around: Arc<Around>,
}

#[derive(Default)]
struct Around {
    io: OnceLock<Io>,
    rings: AtomicBool,
    ids: AtomicU32,
    tasks: OnceLock<Sender<Task>>,
}

struct HubAround(Arc<Around>);

impl Surroundings for HubAround {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn fill(&self, bytes: &mut [u8]) {
        let id = self.0.ids.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.iter_mut().zip(id.into_iter().cycle()).for_each(|(to, from)| *to = from);
    }

    fn spawn(&self, task: Task) {
        self.0.tasks.get().expect("somebody carries on with it").send(task).expect("it is there");
    }

    fn wake_at(&self, at: Duration) {
        if self.0.rings.load(Ordering::Relaxed) {
            self.0.io.get().expect("the hub is there").handle_timeout(at);
        }
    }

    fn report(&self, fault: &Fault) {
        panic!("{fault}");
    }
}

impl Rushed {
    pub(super) fn new(options: HubOptions) -> Self {
        let around = Arc::new(Around::default());
        let io = Io::new(HubAround(around.clone()), options);
        assert!(around.io.set(io.clone()).is_ok());
        Self { io, around }
    }

    /// From now on alarms ring as soon as they are set.
    pub(super) fn ring_at_once(&self) {
        self.around.rings.store(true, Ordering::Relaxed);
    }

    /// Has tasks carried on with by this many threads.
    pub(super) fn work(&self, count: usize) {
        let (tasks, waiting) = channel();
        assert!(self.around.tasks.set(tasks).is_ok(), "once");
        let waiting: Arc<Mutex<Receiver<Task>>> = Arc::new(Mutex::new(waiting));
        for _ in 0..count {
            let waiting = waiting.clone();
            thread::spawn(move || {
                while let Some(task) = { waiting.lock().unwrap().recv().ok() } {
                    finish(task);
                }
            });
        }
    }

    /// A client in `/` and its socket.
    pub(super) fn guest(&self) -> (Client, Socket) {
        let client = Client::open(&self.io, Opening::default());
        let socket = client.enter("/");
        (client, socket)
    }
}

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Carries on with a task until it is done.
fn finish(mut task: Task) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    while task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        thread::park();
    }
}
