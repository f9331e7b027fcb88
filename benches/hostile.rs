//! What polite clients notice of hostile ones:
//! `cargo run --release --example hostile -- PATH_OF_CONTRACT`.
//!
//! Starts the program `contract` with the limits of a public server, lets a few clients measure how
//! long an acknowledged event takes: alone; while ten hostile clients are at another server on the
//! same machine, which shows what they cost as neighbours on its processors; and while they are at
//! this one. The three take turns, so that a noisy machine is noisy for all.
//!
//! Hostile clients have a process of their own, of the lowest priority, because they would have a
//! machine of their own; each has an address of its own, and goes on as soon as it is cut. All
//! processes need `ulimit -n 20000`.

use attacks::attack_all;
use clap::Parser;
use std::io::{self, BufRead};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use wire::{TEXT, Wire, frame};

#[path = "hostile/attacks.rs"]
mod attacks;
#[path = "../tests/doors/wire.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod wire;

/// Clients that measure.
const POLITE: usize = 4;
/// Each of them asks this often.
const PACE: Duration = Duration::from_millis(5);
/// After a change nothing is measured for this long.
const SETTLE: Duration = Duration::from_millis(500);

#[derive(Parser)]
struct Options {
    /// The program `contract`, or its address for those who attack.
    server: String,
    /// How long each turn takes.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// How often both are measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only this attack, by its number.
    #[arg(long)]
    only: Option<usize>,
    /// Attacks and measures nothing.
    #[arg(long, hide = true)]
    attacks: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if options.attacks {
        attack_all(&options.server, options.only).await;
        return Ok(());
    }
    let (server, address) = Process::server(&options.server)?;
    let (_other, elsewhere) = Process::server(&options.server)?;
    let turn = Duration::from_secs(options.seconds);
    measure(&address, SETTLE).await?;
    let before = server.memory("VmRSS:")?;
    let mut phases = [None, Some(elsewhere.as_str()), Some(address.as_str())].map(Phase::new);
    for _ in 0..options.rounds {
        for phase in &mut phases {
            let attack = phase.attacked.map(|attacked| Process::attack(attacked, options.only));
            tokio::time::sleep(SETTLE).await;
            let cpu = server.cpu()?;
            phase.times.extend(measure(&address, turn).await?);
            phase.cpu += server.cpu()? - cpu;
            drop(attack.transpose()?);
        }
        tokio::time::sleep(SETTLE).await;
    }
    let (peak, after) = (server.memory("VmHWM:")?, server.memory("VmRSS:")?);
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let seconds = (options.rounds as u64 * options.seconds) as f64;
    let cpu = phases.each_ref().map(|phase| phase.cpu / seconds);
    let [alone, elsewhere, beside] = phases.map(|phase| Summary::of(phase.times));
    println!("alone {alone} | elsewhere {elsewhere} | beside {beside}");
    println!(
        "p99 {:.2}x of alone, {:.2}x of elsewhere | rss {before}K -> {after}K, peak {peak}K | cpu {:.2} {:.2} {:.2}",
        beside.p99 / alone.p99,
        beside.p99 / elsewhere.p99,
        cpu[0],
        cpu[1],
        cpu[2],
    );
    Ok(())
}

/// What was measured while a server was attacked, or none.
struct Phase<'a> {
    attacked: Option<&'a str>,
    times: Vec<Duration>,
    cpu: f64,
}

impl<'a> Phase<'a> {
    fn new(attacked: Option<&'a str>) -> Self {
        Self { attacked, times: Vec::new(), cpu: 0.0 }
    }
}

/// A process that ends with this one.
struct Process(Child);

impl Process {
    /// The program, and where it listens.
    fn server(path: &str) -> anyhow::Result<(Self, String)> {
        let mut command = Command::new(path);
        let mut child = command.args(["--port", "0", "--public"]).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut line = String::new();
        io::BufReader::new(out).read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().unwrap_or_default().to_owned();
        Ok((Self(child), address))
    }

    fn attack(address: &str, only: Option<usize>) -> io::Result<Self> {
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).arg(std::env::current_exe()?).args([address, "--attacks"]);
        command.args(only.map(|only| format!("--only={only}")));
        command.spawn().map(Self)
    }

    /// What the kernel says of its memory, in KiB.
    fn memory(&self, what: &str) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(what));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.ok_or_else(|| io::Error::other("no such line"))?.parse()?)
    }

    /// The time of processors that it has used, in seconds.
    fn cpu(&self) -> anyhow::Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let ticks = stat.split_whitespace().skip(13).take(2);
        Ok(ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Milliseconds.
struct Summary {
    count: usize,
    p50: f64,
    p99: f64,
}

impl Summary {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |hundredth: usize| times[times.len() * hundredth / 100].as_secs_f64() * 1000.0;
        Self { count: times.len(), p50: at(50), p99: at(99) }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "n={} p50={:.3} p99={:.3} ms", self.count, self.p50, self.p99)
    }
}

/// How long events take until they are acknowledged, from sending on.
async fn measure(address: &str, turn: Duration) -> anyhow::Result<Vec<Duration>> {
    let mut clients = JoinSet::new();
    for _ in 0..POLITE {
        let address = address.to_owned();
        clients.spawn(async move {
            let mut wire = Wire::new(TcpStream::connect(address).await?);
            wire.upgrade("/socket.io/?EIO=4&transport=websocket").await?;
            wire.write(&frame(TEXT, b"40")).await?;
            wire.read_until("42").await?;
            let (mut times, end) = (Vec::new(), Instant::now() + turn);
            let mut pace = tokio::time::interval(PACE);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while Instant::now() < end {
                pace.tick().await;
                let sent = Instant::now();
                wire.write(&frame(TEXT, br#"421["message-with-ack",1]"#)).await?;
                wire.read_until("431[1]").await?;
                times.push(sent.elapsed());
            }
            io::Result::Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(client) = clients.join_next().await {
        times.extend(client??);
    }
    Ok(times)
}
