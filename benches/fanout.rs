//! What a player costs: `ulimit -n 20000; cargo run --release --example fanout -- --matches 250`.
//!
//! Starts the demo's server in a process of its own, on one core, and fills matches with native
//! clients that all run about and shoot, from another core. Each takes a packet of the stream and
//! sends an input in each tick; one in `--checked` holds the match in a replica, which verifies the
//! checksums. Reads at a fixed pace, so that the server never pays for waking this process.

#[path = "fanout/client.rs"]
mod client;

use clap::Parser;
use client::Client;
use mio::{Events, Poll};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tickwire::load::server::{Server, pin_self};

/// So many clients connect at once.
const CONNECTING_MOST: usize = 64;
const CONNECTING_WITHIN: Duration = Duration::from_secs(60);
/// How often sockets are looked at.
const PACE: Duration = Duration::from_micros(200);

#[derive(Parser)]
struct Options {
    /// The demo's binary.
    #[arg(long, default_value = "target/release/game")]
    server: PathBuf,
    #[arg(long, default_value_t = 50)]
    matches: usize,
    /// Players of a match.
    #[arg(long, default_value_t = 20)]
    players: usize,
    /// Inputs in a second.
    #[arg(long, default_value_t = 20)]
    hz: u32,
    #[arg(long, default_value_t = 3)]
    warmup: u64,
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// One client in so many decodes what it gets; 0: none.
    #[arg(long, default_value_t = 100)]
    checked: usize,
    /// In each match one client takes nothing once it is in.
    #[arg(long)]
    stalled: bool,
    /// Nobody joins a match: what a connection takes by itself.
    #[arg(long)]
    lobby: bool,
    /// Cores for the server, as taskset has them; empty: all.
    #[arg(long, default_value = "0")]
    cores: String,
    /// The core of this process; empty: any.
    #[arg(long, default_value = "1")]
    own_core: String,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    rlimit::increase_nofile_limit(100_000)?;
    pin_self(&options.own_core)?;
    // Rounds do not end while they are measured.
    let mode = format!(
        "modes=[{{name=\"arena\",players={},options={{seconds=60000,goal=0,bots=0}}}}]",
        options.players
    );
    let settings = ["doors.connections_per_address=100000", "log.filter=warn", &mode];
    let server = Server::start(&options.server, &options.cores, &settings, Stdio::inherit())?;
    let before = server.usage()?;
    let mut crowd = Crowd::new(&options, server.address)?;
    crowd.connect()?;
    if options.lobby {
        std::thread::sleep(Duration::from_secs(1));
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let each =
            (server.usage()?.memory_kib as f64 - before.memory_kib as f64) / crowd.count as f64;
        println!("connections={} rss_each={each:.2}K", crowd.count);
        return Ok(());
    }
    if options.stalled {
        let first_of_each = crowd.clients.iter_mut().step_by(options.players);
        first_of_each.for_each(|client| client.is_stalled = true);
    }
    crowd.run(Duration::from_secs(options.warmup));
    crowd.begin_to_measure();
    let start = (server.usage()?, Instant::now());
    crowd.run(Duration::from_secs(options.seconds));
    let end = server.usage()?;
    report(
        &options,
        &mut crowd,
        start.1.elapsed(),
        end.cpu - start.0.cpu,
        end.memory_kib as i64 - before.memory_kib as i64,
    );
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "rates")]
fn report(options: &Options, crowd: &mut Crowd, took: Duration, cpu: Duration, memory_kib: i64) {
    crowd.clients.retain(|client| !client.is_stalled);
    let count = crowd.clients.len();
    let states: u64 = crowd.clients.iter().map(|client| client.states).sum();
    let bytes: u64 = crowd.clients.iter().map(|client| client.state_bytes).sum();
    let lost = crowd.clients.iter().filter(|client| client.is_lost()).count();
    let failed = crowd.clients.iter().filter(|client| client.has_desync).count();
    let expected = count as f64 * f64::from(options.hz) * took.as_secs_f64();
    let mut gaps: Vec<u32> =
        crowd.clients.iter().flat_map(|client| client.gaps_us.iter().copied()).collect();
    gaps.sort_unstable();
    let gap = |share: f64| {
        f64::from(gaps.get((gaps.len() as f64 * share) as usize).copied().unwrap_or(0)) / 1e3
    };
    println!(
        "matches={} players={count} lost={lost} desync={failed} delivered={:.4} payload={:.1} \
         us_per_player_tick={:.2} server_cores={:.2} gap_ms p50={:.1} p99={:.1} p999={:.1} max={:.1} \
         own_lag_ms={:.1} rss_each={:.1}K",
        options.matches,
        states as f64 / expected,
        bytes as f64 / states.max(1) as f64,
        cpu.as_secs_f64() * 1e6 / states.max(1) as f64,
        cpu.as_secs_f64() / took.as_secs_f64(),
        gap(0.5),
        gap(0.99),
        gap(0.999),
        gap(0.999_999),
        crowd.lag.as_secs_f64() * 1e3,
        memory_kib as f64 / count as f64,
    );
}

struct Crowd {
    poll: Poll,
    events: Events,
    clients: Vec<Client>,
    count: usize,
    checked: usize,
    joins: bool,
    address: std::net::SocketAddr,
    start: Instant,
    /// How many inputs were due so far.
    said: u64,
    period: Duration,
    lag: Duration,
}

impl Crowd {
    fn new(options: &Options, address: std::net::SocketAddr) -> anyhow::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(4096),
            clients: Vec::new(),
            count: options.matches * options.players,
            checked: options.checked,
            joins: !options.lobby,
            address,
            start: Instant::now(),
            said: 0,
            period: Duration::from_secs(1) / options.hz,
            lag: Duration::ZERO,
        })
    }

    fn connect(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        loop {
            let waiting = self.clients.iter().filter(|client| !client.is_in()).count();
            if waiting == 0 && self.clients.len() == self.count {
                break;
            }
            for _ in waiting..CONNECTING_MOST.min(self.count - self.clients.len() + waiting) {
                let number = self.clients.len();
                let is_checked = self.checked > 0 && number.is_multiple_of(self.checked);
                let client =
                    Client::connect(self.address, number, is_checked, self.poll.registry())?;
                let client = if self.joins { client } else { client.staying_out() };
                self.clients.push(client);
            }
            self.look();
            std::thread::sleep(PACE);
            anyhow::ensure!(start.elapsed() < CONNECTING_WITHIN, "{waiting} clients are not in");
        }
        eprintln!("{} clients are in after {:.1} s", self.count, start.elapsed().as_secs_f64());
        Ok(())
    }

    fn begin_to_measure(&mut self) {
        self.lag = Duration::ZERO;
        self.clients.iter_mut().for_each(Client::begin_to_measure);
    }

    fn look(&mut self) {
        let now = self.start.elapsed();
        if self.poll.poll(&mut self.events, Some(Duration::ZERO)).is_err() {
            return;
        }
        for event in &self.events {
            self.clients[event.token().0].read(now);
        }
    }

    /// Plays for so long; inputs are spread evenly over the time.
    fn run(&mut self, time: Duration) {
        let until = self.start.elapsed() + time;
        let begun = self.start.elapsed();
        self.said = 0;
        let count = self.clients.len() as u64;
        loop {
            let now = self.start.elapsed();
            if now >= until {
                return;
            }
            let due =
                ((now - begun).as_nanos() * u128::from(count) / self.period.as_nanos()) as u64;
            let late = u32::try_from(due - self.said).unwrap_or(u32::MAX);
            self.lag = self.lag.max(self.period * late / count as u32);
            while self.said < due {
                // A stride that is prime to most counts: neighbours do not speak one after another.
                let who = (self.said * 7919) % count;
                self.said += 1;
                self.clients[who as usize].say_input();
            }
            self.look();
            std::thread::sleep(PACE.saturating_sub(self.start.elapsed() - now));
        }
    }
}
