//! A hub with everything around it that a test needs to see and to move.

use super::client::Client;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;
use tickwire::hub::{Fault, HubOptions, Io, Opening, Socket, Surroundings, Task};

pub(super) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What a hub is given unless a test wants something else: no recovery.
pub(super) fn options() -> HubOptions {
    HubOptions::default()
}

/// A task, and whether it is to be carried on with.
struct Started {
    task: Task,
    is_woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A clock, a counter for chance, and lists of what the hub wanted.
#[derive(Default)]
pub(super) struct Around {
    now: Mutex<Duration>,
    chance: AtomicU64,
    tasks: Mutex<Vec<Started>>,
    faults: Mutex<Vec<Fault>>,
    /// When the hub asked to be woken last.
    wake_at: Mutex<Option<Duration>>,
}

struct HubAround(Arc<Around>);

impl Surroundings for HubAround {
    fn now(&self) -> Duration {
        *self.0.now.lock().unwrap()
    }

    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.chance.fetch_add(1, Ordering::Relaxed) + 1;
        let number = number.to_be_bytes();
        bytes.fill(0);
        let length = bytes.len();
        bytes[..8].copy_from_slice(&number);
        bytes[length - 8..].copy_from_slice(&number);
    }

    fn spawn(&self, task: Task) {
        let is_woken = Arc::new(Woken(true.into()));
        self.0.tasks.lock().unwrap().push(Started { task, is_woken });
    }

    fn wake_at(&self, at: Duration) {
        *self.0.wake_at.lock().unwrap() = Some(at);
    }

    fn report(&self, fault: &Fault) {
        self.0.faults.lock().unwrap().push(fault.clone());
    }
}

/// A hub in surroundings that do nothing by themselves.
pub(super) struct Hall {
    pub(super) io: Io,
    around: Arc<Around>,
}

impl Hall {
    pub(super) fn new() -> Self {
        Self::with(options())
    }

    pub(super) fn with(options: HubOptions) -> Self {
        let around = Arc::new(Around::default());
        Self { io: Io::new(HubAround(around.clone()), options), around }
    }

    pub(super) fn now(&self) -> Duration {
        *self.around.now.lock().unwrap()
    }

    /// A connection that has joined nothing yet.
    pub(super) fn client(&self) -> Client {
        self.client_from(Opening { time: self.now(), ..Opening::default() })
    }

    pub(super) fn client_from(&self, opening: Opening) -> Client {
        Client::open(&self.io, opening)
    }

    /// A client in `/`, which has heard that it is in, and its socket.
    pub(super) fn guest(&self) -> (Client, Socket) {
        self.guest_in("/")
    }

    pub(super) fn guest_in(&self, namespace: &str) -> (Client, Socket) {
        let client = self.client();
        let socket = client.enter(namespace);
        (client, socket)
    }

    /// Carries on with all tasks until none can go on.
    pub(super) fn run(&self) {
        let mut waiting = Vec::new();
        loop {
            waiting.append(&mut self.around.tasks.lock().unwrap());
            let woken = waiting
                .iter()
                .position(|started: &Started| started.is_woken.0.swap(false, Ordering::Relaxed));
            let Some(at) = woken else { break };
            let Started { mut task, is_woken } = waiting.remove(at);
            let waker = Waker::from(is_woken.clone());
            if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                waiting.insert(at, Started { task, is_woken });
            }
        }
        let mut tasks = self.around.tasks.lock().unwrap();
        assert!(tasks.is_empty());
        *tasks = waiting;
    }

    /// How many tasks have not ended.
    pub(super) fn tasks(&self) -> usize {
        self.around.tasks.lock().unwrap().len()
    }

    /// Lets time pass and tasks go on; gives how often the hub had something to do in between.
    pub(super) fn pass(&self, time: Duration) -> usize {
        let end = self.now() + time;
        let mut count = 0;
        self.run();
        while let Some(next) = self.io.poll_timeout().filter(|next| *next <= end) {
            let asked = self.around.wake_at.lock().unwrap().expect("the hub asked to be woken");
            assert!(asked <= next || asked > self.now(), "it would have been woken too late");
            *self.around.now.lock().unwrap() = next;
            self.io.handle_timeout(next);
            self.run();
            count += 1;
        }
        *self.around.now.lock().unwrap() = end;
        count
    }

    /// Lets time pass at one stroke, whoever else is at work.
    pub(super) fn skip(&self, time: Duration) {
        let now = {
            let mut now = self.around.now.lock().unwrap();
            *now += time;
            *now
        };
        self.io.handle_timeout(now);
    }

    /// What went wrong since the last time that somebody asked.
    pub(super) fn faults(&self) -> Vec<Fault> {
        std::mem::take(&mut self.around.faults.lock().unwrap())
    }
}

impl Drop for Hall {
    /// No fault goes unseen.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.faults(), []);
        }
    }
}
