//! What an idle connection costs: `cargo run --release --example idle -- PATH_OF_CONTRACT`.
//!
//! Starts the program `contract` in a process of its own, connects many clients to the namespace
//! `/`, and compares the memory that the server has with what it had before the first of them.
//! Both processes need a file descriptor for each: `ulimit -n 20000`.

use clap::Parser;
use std::io::{self, BufRead};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wire::{TEXT, Wire, frame};

#[path = "../tests/doors/wire.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod wire;

/// So many clients connect at once.
const AT_ONCE: usize = 64;
/// Memory is looked at again after this, for the allocator to settle.
const SETTLE: Duration = Duration::from_millis(500);

#[derive(Parser)]
struct Options {
    /// The program `contract`.
    server: PathBuf,
    #[arg(long, default_value_t = 5000)]
    connections: usize,
    /// Sessions that poll instead of WebSockets.
    #[arg(long)]
    polling: bool,
    /// Looks again after so many seconds, in which each client is pinged every second.
    #[arg(long)]
    seconds: Option<u64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let server = Server::start(&options)?;
    // One client first, so that what is made once is not counted.
    connect(server.address.clone(), options.polling).await?;
    tokio::time::sleep(SETTLE).await;
    let before = server.memory()?;
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut connecting = JoinSet::new();
    for _ in 0..options.connections {
        let (turns, address, polling) = (turns.clone(), server.address.clone(), options.polling);
        connecting.spawn(async move {
            let _turn = turns.acquire().await;
            connect(address, polling).await
        });
    }
    let mut clients = JoinSet::new();
    while let Some(client) = connecting.join_next().await {
        clients.spawn(stay(client??, options.polling));
    }
    tokio::time::sleep(SETTLE).await;
    let joined = server.memory()?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let each = |memory: u64| memory.saturating_sub(before) as f64 / options.connections as f64;
    let kind = if options.polling { "polling" } else { "websocket" };
    let count = options.connections;
    println!("{kind} n={count} rss_before={before}K joined={joined}K each={:.2}K", each(joined));
    if let Some(seconds) = options.seconds {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let later = server.memory()?;
        println!("after {seconds} s of pings: rss={later}K each={:.2}K", each(later));
    }
    anyhow::ensure!(clients.try_join_next().is_none(), "a client was disconnected");
    Ok(())
}

/// The program in its process; it ends with this one.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(options: &Options) -> anyhow::Result<Self> {
        let mut command = Command::new(&options.server);
        command.args(["--port", "0"]).stdout(Stdio::piped());
        if options.seconds.is_some() {
            command.args(["--ping-interval", "1000"]);
        }
        let mut child = command.spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        io::BufReader::new(out).read_line(&mut line)?;
        let address = line.trim().rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self { child, address })
    }

    /// What is resident, in KiB.
    fn memory(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.ok_or_else(|| io::Error::other("no VmRSS"))?.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that has joined `/`, and the path of its session if it polls.
type Client = (Wire<TcpStream>, String);

async fn connect(address: String, polling: bool) -> io::Result<Client> {
    let mut wire = Wire::new(TcpStream::connect(address).await?);
    if !polling {
        wire.upgrade("/socket.io/?EIO=4&transport=websocket").await?;
        wire.read_until("0").await?;
        wire.write(&frame(TEXT, b"40")).await?;
        wire.read_until("42").await?;
        return Ok((wire, String::new()));
    }
    let path = "/socket.io/?EIO=4&transport=polling";
    let opened = ask(&mut wire, "GET", path, "").await?;
    let session = opened.split('"').nth(3).ok_or_else(|| io::Error::other("no session"))?;
    let path = format!("{path}&sid={session}");
    ask(&mut wire, "POST", &path, "40").await?;
    ask(&mut wire, "GET", &path, "").await?;
    Ok((wire, path))
}

/// Answers pings until the connection is lost.
async fn stay((mut wire, path): Client, polling: bool) -> io::Result<()> {
    if !polling {
        wire.read_until("nothing begins like this").await?;
        return Ok(());
    }
    loop {
        let payload = ask(&mut wire, "GET", &path, "").await?;
        if payload == "2" {
            ask(&mut wire, "POST", &path, "3").await?;
        }
    }
}

async fn ask(
    wire: &mut Wire<TcpStream>,
    method: &str,
    path: &str,
    body: &str,
) -> io::Result<String> {
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
    wire.write(format!("{head}{body}").as_bytes()).await?;
    let head = wire.read_head().await?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(io::Error::other(head));
    }
    String::from_utf8(wire.read_exact(length).await?).map_err(io::Error::other)
}
