//! A day of a server's life in minutes: `cargo run --release --example soak -- --seconds 600`.
//!
//! Starts the demo's server in a process of its own and lets a thousand native bots do at random what
//! clients do: play, watch, leave, lose their connections and come back or not, stall, ask for
//! keyframes, and lie. Each verifies what it is sent. It succeeds if nobody who did nothing wrong lost
//! the thread or was cut, all others were, the server logged no error and its memory stayed flat; and
//! if it is quiet and whole once they are gone. `ulimit -n` must allow for all of them.

#[path = "soak/bot.rs"]
mod bot;
#[path = "soak/crowd.rs"]
mod crowd;
#[path = "soak/deeds.rs"]
mod deeds;
#[path = "soak/tally.rs"]
mod tally;

use clap::Parser;
use crowd::Crowd;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tickwire::load::server::{Server, pin_self};

const SECOND: Duration = Duration::from_secs(1);
/// Seats are kept, and matches go on without players, this long, in seconds.
const KEPT: u32 = 5;
/// From then on memory must be flat: lost sockets are kept for two minutes.
const SETTLED_AFTER: usize = 120;
/// So many seconds are one figure.
const SMOOTHED: usize = 10;
const GROWTH_MOST: f64 = 0.05;
/// Once all are gone: seats, then matches, then goodbyes and silence take their time.
const QUIET_AFTER: Duration = Duration::from_secs(2 * KEPT as u64 + 20);
const QUIET_FOR: Duration = Duration::from_secs(3);
/// Of one core.
const IDLE_MOST: f64 = 0.02;
/// Those who come then play for so long, and are sent at least so much.
const PLAYED_AGAIN: Duration = Duration::from_secs(5);
const STATES_LEAST: u64 = 40;

#[derive(Parser)]
struct Options {
    /// The demo's binary.
    #[arg(long, default_value = "target/release/game")]
    server: PathBuf,
    #[arg(long, default_value_t = 600)]
    seconds: usize,
    /// Bots.
    #[arg(long, default_value_t = 1000)]
    players: usize,
    /// About so many matches at once.
    #[arg(long, default_value_t = 60)]
    matches: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the server logs.
    #[arg(long, default_value = "/tmp/tickwire-soak.log")]
    log: PathBuf,
    /// Cores for the server, as taskset has them; empty: all.
    #[arg(long, default_value = "")]
    cores: String,
    /// The core of this process; empty: any.
    #[arg(long, default_value = "")]
    own_core: String,
}

fn main() -> ExitCode {
    match soak(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn soak(options: &Options) -> anyhow::Result<()> {
    rlimit::increase_nofile_limit(options.players as u64 + 100)?;
    pin_self(&options.own_core)?;
    let mut soak = Soak::start(options)?;
    let run = soak.run(options.seconds).and_then(|()| soak.look_at_memory());
    println!("{}", soak.crowd.shared.tally);
    run.and_then(|()| soak.rest()).and_then(|()| soak.play_again())?;
    soak.conclude()
}

struct Soak {
    server: Server,
    crowd: Crowd,
    log: PathBuf,
    /// Seats of a match.
    seats: usize,
    seed: u64,
    descriptors: u64,
    /// Each second.
    memory_kib: Vec<i64>,
}

impl Soak {
    fn start(options: &Options) -> anyhow::Result<Self> {
        let seats = options.players.div_ceil(options.matches).max(1);
        // Rounds end, so that matches begin and end; the second kind hides much from its players.
        let modes = format!(
            "modes=[{{name=\"arena\",players={seats},options={{seconds=75,goal=0,rounds=1,bots=0}}}},\
             {{name=\"wide\",players={seats},\
             options={{seconds=95,goal=0,rounds=1,side=96,interest=true,teams=2}}}}]"
        );
        let kept = ["seat_kept", "empty_for", "stall_timeout"];
        let kept = kept.map(|setting| format!("matches.{setting}={KEPT}s"));
        let mut settings = vec![
            "doors.connections_per_address=100000",
            "doors.misdeeds=0",
            "log.filter=warn",
            &modes,
        ];
        settings.extend(kept.iter().map(String::as_str));
        let log = std::fs::File::create(&options.log)?;
        let server = Server::start(&options.server, &options.cores, &settings, log.into())?;
        let mut crowd = Crowd::new(server.address)?;
        crowd.add(options.players, options.seed)?;
        Ok(Self {
            descriptors: server.usage()?.descriptors,
            server,
            crowd,
            log: options.log.clone(),
            seats,
            seed: options.seed,
            memory_kib: Vec::new(),
        })
    }

    fn run(&mut self, seconds: usize) -> anyhow::Result<()> {
        let mut cpu = self.server.usage()?.cpu;
        let mut until = self.crowd.now();
        for second in 1..=seconds {
            until += SECOND;
            self.crowd.run_until(until)?;
            anyhow::ensure!(self.server.is_alive(), "the server died after {second} s");
            let usage = self.server.usage()?;
            self.memory_kib.push(usage.memory_kib as i64);
            if second.is_multiple_of(60) || second == seconds {
                let tally = &self.crowd.shared.tally;
                let places: Vec<_> = self.crowd.bots.iter().filter_map(bot::Bot::place).collect();
                let matches = places.iter().collect::<BTreeSet<_>>().len();
                println!(
                    "{second} s: memory {} KiB, descriptors {}, server {:.2} cores, {} in \
                     {matches} matches; so far {} joins, {} packets, {} wrongs; own lag {:.0} ms",
                    usage.memory_kib,
                    usage.descriptors,
                    (usage.cpu - cpu).as_secs_f64() / ((second - 1) % 60 + 1) as f64,
                    places.len(),
                    tally.joins,
                    tally.packets,
                    tally.wrongs.values().sum::<u64>(),
                    std::mem::take(&mut self.crowd.lag).as_secs_f64() * 1e3,
                );
                cpu = usage.cpu;
            }
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for humans")]
    fn look_at_memory(&mut self) -> anyhow::Result<()> {
        let mean = |from: usize| {
            let part = self.memory_kib[from..].iter().take(SMOOTHED);
            part.clone().sum::<i64>() as f64 / part.count().max(1) as f64
        };
        let last = self.memory_kib.len().saturating_sub(SMOOTHED);
        let settled = SETTLED_AFTER.min(last);
        let (before, after) = (mean(settled), mean(last));
        let growth = after / before - 1.0;
        println!(
            "memory           {before:.0} KiB after {settled} s, {after:.0} KiB at the end: {:+.1} %",
            growth * 100.0
        );
        if growth > GROWTH_MOST {
            let about = format!("{:+.1} %", growth * 100.0);
            self.crowd.shared.tally.wrong("memory grew", &about);
        }
        Ok(())
    }

    /// All bots go; then the server must have nothing left of them and nothing to do.
    fn rest(&mut self) -> anyhow::Result<()> {
        self.crowd.bots.clear();
        self.crowd.run(QUIET_AFTER)?;
        let before = self.server.usage()?.cpu;
        self.crowd.run(QUIET_FOR)?;
        let usage = self.server.usage()?;
        let cores = (usage.cpu - before).as_secs_f64() / QUIET_FOR.as_secs_f64();
        let descriptors = usage.descriptors;
        println!(
            "at rest          memory {} KiB, descriptors {descriptors} ({} at first), {cores:.3} cores",
            usage.memory_kib, self.descriptors
        );
        let tally = &mut self.crowd.shared.tally;
        if descriptors > self.descriptors {
            tally.wrong("descriptors are left", &(descriptors - self.descriptors));
        }
        if cores > IDLE_MOST {
            tally.wrong("the server is busy with nobody", &cores);
        }
        Ok(())
    }

    /// Those who come now play as ever.
    fn play_again(&mut self) -> anyhow::Result<()> {
        self.crowd.add(self.seats, self.seed + 1)?;
        self.crowd.bots.iter_mut().for_each(bot::Bot::behave);
        self.crowd.run(PLAYED_AGAIN)?;
        let least = self.crowd.bots.iter().map(bot::Bot::states).min().unwrap_or_default();
        println!("afterwards       {} bots were sent at least {least} packets", self.seats);
        if least < STATES_LEAST {
            self.crowd.shared.tally.wrong("who comes afterwards does not play", &least);
        }
        Ok(())
    }

    fn conclude(mut self) -> anyhow::Result<()> {
        anyhow::ensure!(self.server.is_alive(), "the server died");
        let tally = &mut self.crowd.shared.tally;
        for line in std::fs::read_to_string(&self.log)?.lines() {
            if ["ERROR", "a bug ", "panicked"].iter().any(|word| line.contains(word)) {
                tally.wrong("the server logged an error", &line);
            }
        }
        anyhow::ensure!(tally.wrongs.is_empty(), "{:?}", tally.wrongs);
        println!("all is well");
        Ok(())
    }
}
