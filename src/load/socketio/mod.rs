//! Simulated clients of Socket.IO: those who chat, and those who play as native players do.
//!
//! ```text
//! Chatters (thread, clock) ── carriers, polling ── Client ── Talker ── Line (the session)
//!                                                    │          └── Role: Chatter, or Play with its Seat
//!                                                    └── Company: Hall, Rooms, Felt
//! ```
//!
//! All are on one thread, whose timers are exact to a millisecond: what is felt is late by up to that,
//! and `own_late` says by how much.

mod error;
mod line;
mod rooms;
mod talker;
mod chatter;
mod play;
mod company;
mod carriers;
mod polling;
#[cfg(test)]
mod tests;

pub use carriers::Transport;

use super::hall::Hall;
use super::plan::Plan;
use super::tally::Felt;
use super::thread_clock::ThreadClock;
use carriers::{Target, carry};
use chatter::Chatter;
use company::{Client, Company, lock};
use play::Play;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;
use talker::{Role, Talker};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What clients do.
#[derive(Clone)]
pub enum Scenario {
    /// Talk in rooms, with a server that has the events of `benches/contract.rs`.
    Chatter {
        /// How often each says something in a second.
        hz: f64,
        /// How many are in a room.
        per_room: u32,
    },
    /// Play.
    Play(Arc<Plan>),
}

/// Who comes, from where, to do what.
#[derive(Clone)]
pub struct ChatOptions {
    /// The server.
    pub address: SocketAddr,
    /// How it is called.
    pub host: String,
    /// Where its Socket.IO is; begins and ends with `/`.
    pub path: String,
    /// How many come at first,
    pub count: usize,
    /// evenly within this time.
    pub within: Duration,
    /// How they travel.
    pub transport: Transport,
    /// What they do.
    pub scenario: Scenario,
    /// What chance starts from.
    pub seed: u64,
    /// The number of the first of them, where there are others.
    pub first_number: u32,
}

/// Clients on a thread of their own, which ends with this.
pub struct Chatters {
    options: ChatOptions,
    company: Arc<Mutex<Company>>,
    /// Those who are to be carried.
    calls: Option<UnboundedSender<Range<usize>>>,
    thread: Option<JoinHandle<()>>,
    /// How much the thread has run.
    clock: Arc<OnceLock<ThreadClock>>,
}

impl Chatters {
    /// Lets them come.
    pub fn start(options: ChatOptions) -> anyhow::Result<Self> {
        if let Scenario::Chatter { hz, per_room } = options.scenario {
            let is_right = hz > 0.0 && hz <= 1e6 && per_room > 0;
            anyhow::ensure!(is_right, "{hz} events a second in rooms of {per_room}");
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let company = Arc::new(Mutex::new(Company::new()));
        let (calls, called) = unbounded_channel();
        let clock = Arc::new(OnceLock::new());
        let thread = std::thread::Builder::new().name("chatters".into()).spawn({
            let (company, clock) = (company.clone(), clock.clone());
            let ChatOptions { address, host, path, transport, .. } = options.clone();
            let target = Arc::new(Target { address, host, path });
            move || {
                if let Some(own) = ThreadClock::own() {
                    let _ = clock.set(own);
                }
                run(&runtime, called, &company, &target, transport);
            }
        })?;
        let (count, within) = (options.count, options.within);
        let chatters = Self { options, company, calls: Some(calls), thread: Some(thread), clock };
        chatters.add(count, within);
        Ok(chatters)
    }

    /// So many more come, evenly within this time from now on.
    pub fn add(&self, count: usize, within: Duration) {
        let mut company = lock(&self.company);
        let (now, first) = (company.now(), company.talkers.len());
        for place in 0..count {
            let due = now + within.mul_f64(place as f64 / count as f64);
            let index = u32::try_from(first + place).unwrap_or(u32::MAX);
            let number = self.options.first_number.saturating_add(index);
            let role = self.role(number);
            company.talkers.push(Talker::new(number, self.options.seed, role, due));
        }
        if let Some(calls) = &self.calls {
            // It ends after this, and not before.
            let _ = calls.send(first..first + count);
        }
    }

    fn role(&self, number: u32) -> Box<dyn Role> {
        match &self.options.scenario {
            Scenario::Play(plan) => Box::new(Play::new(plan.clone())),
            Scenario::Chatter { hz, per_room } => {
                let period = Duration::from_secs_f64(hz.recip());
                let room = ((number - self.options.first_number) / per_room) as usize;
                Box::new(Chatter::new(room, self.options.seed, period))
            }
        }
    }

    /// What was felt since the last time.
    #[must_use]
    pub fn take_felt(&self) -> Felt {
        std::mem::take(&mut lock(&self.company).felt)
    }

    /// How many there are, and how many of them are in their rooms or matches.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let company = lock(&self.company);
        let are_in = company.talkers.iter().filter(|talker| talker.is_in()).count();
        (company.talkers.len(), are_in)
    }

    /// How many matches, or rooms, they are in.
    #[must_use]
    pub fn matches(&self) -> usize {
        self.matches_beside(&Hall::default())
    }

    /// How many matches, or rooms, they and those of a hall are in, together.
    #[must_use]
    pub fn matches_beside(&self, hall: &Hall) -> usize {
        let company = lock(&self.company);
        let matches: BTreeSet<_> = hall.open().chain(company.hall.open()).collect();
        matches.len() + company.rooms.count()
    }

    /// How often their matches tick; none as long as nobody is in one.
    #[must_use]
    pub fn hertz(&self) -> Option<f64> {
        let period = lock(&self.company).talkers.iter().find_map(Talker::period);
        period.map(|period| 1.0 / period.as_secs_f64())
    }

    /// All that was due until now is counted.
    pub fn settle(&self) {
        lock(&self.company).settle();
    }

    /// At the end: who waits for a packet has waited until now, and in rooms nobody says any more; what
    /// is on its way still comes.
    pub fn conclude(&self) {
        lock(&self.company).conclude();
    }

    /// How long their thread has run; nothing where the system does not say.
    #[must_use]
    pub fn cpu(&self) -> Duration {
        self.clock.get().map(ThreadClock::ran).unwrap_or_default()
    }
}

impl Drop for Chatters {
    fn drop(&mut self) {
        self.calls = None;
        if let Some(thread) = self.thread.take() {
            // If it panicked that was said.
            let _ = thread.join();
        }
    }
}

/// Carries all who are called, until nobody calls any more; then all connections are cut.
fn run(
    runtime: &Runtime,
    mut called: UnboundedReceiver<Range<usize>>,
    company: &Arc<Mutex<Company>>,
    target: &Arc<Target>,
    transport: Transport,
) {
    runtime.block_on(async {
        while let Some(range) = called.recv().await {
            for index in range {
                let client = Client::new(company.clone(), index);
                tokio::spawn(carry(client, target.clone(), transport, index));
            }
        }
    });
}
