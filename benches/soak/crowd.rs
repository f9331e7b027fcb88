//! All bots, on one thread.

use crate::bot::{Around, Bot, Shared};
use mio::{Events, Poll};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How often sockets are looked at.
const PACE: Duration = Duration::from_millis(2);
const EVENTS: usize = 4096;

pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    pub(crate) bots: Vec<Bot>,
    pub(crate) shared: Shared,
    address: SocketAddr,
    start: Instant,
    /// The longest that one look at all took.
    pub(crate) lag: Duration,
}

impl Crowd {
    pub(crate) fn new(address: SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            bots: Vec::new(),
            shared: Shared::default(),
            address,
            start: Instant::now(),
            lag: Duration::ZERO,
        })
    }

    pub(crate) fn add(&mut self, count: usize, seed: u64) -> anyhow::Result<()> {
        let now = self.start.elapsed();
        for _ in 0..count {
            self.bots.push(Bot::new(self.bots.len(), seed, now)?);
        }
        Ok(())
    }

    /// How long there have been bots.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Lets them do what they do for so long.
    pub(crate) fn run(&mut self, time: Duration) -> anyhow::Result<()> {
        self.run_until(self.now() + time)
    }

    /// Lets them do what they do until then, and at least once.
    pub(crate) fn run_until(&mut self, until: Duration) -> anyhow::Result<()> {
        loop {
            let now = self.now();
            self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
            let registry = self.poll.registry();
            let shared = &mut self.shared;
            let mut around = Around { address: self.address, registry, now, shared };
            for event in &self.events {
                // A bot that has been let go may have left an event behind.
                if let Some(bot) = self.bots.get_mut(event.token().0) {
                    bot.look(&mut around);
                }
            }
            self.bots.iter_mut().for_each(|bot| bot.pass(&mut around));
            let took = self.now() - now;
            self.lag = self.lag.max(took);
            if now + took >= until {
                return Ok(());
            }
            std::thread::sleep(PACE.saturating_sub(took));
        }
    }
}
