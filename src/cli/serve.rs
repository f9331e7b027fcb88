//! Hosts matches until told to stop.

use super::show::Show;
use crate::doors::Server;
use crate::host::Config;
use crate::host::matches::{Catalog, Directory};
use crate::hub::RecoveryOptions;
use anyhow::Context;
use clap::Parser;
use std::net::SocketAddr;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Seats of a match, and of those who watch it.
const PLAYERS: u32 = 20;
const SPECTATORS: usize = 64;

/// What can be chosen for serving.
#[derive(Debug, Parser)]
pub(super) struct Options {
    /// Where to listen; nobody else's machine comes in unless this says so.
    #[arg(long, default_value = "127.0.0.1:7777")]
    listen: SocketAddr,
}

pub(super) fn run<G: Show>(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve::<G>(options))
}

async fn serve<G: Show>(options: &Options) -> anyhow::Result<()> {
    let mut config = Config::default();
    config.hub.recovery = Some(RecoveryOptions::default());
    let server = Server::new(config);
    let players = PLAYERS as usize;
    let catalog =
        Catalog::default().with(G::NAME, players, SPECTATORS, G::game, G::options(PLAYERS));
    let directory = Directory::start(server.host(), catalog)
        .context("the machine gives no more threads or descriptors")?;
    let open = server.open(options.listen).await;
    let open = open.with_context(|| format!("--listen {}", options.listen))?;
    let address = open.address();
    println!("{} is hosted at {address}", G::NAME);
    println!("  native clients   ws://{address}/play");
    println!("  Socket.IO        http://{address}/socket.io/ (emit `join-match`)");
    println!("Ctrl-C ends all matches, tells their players and stops; again stops at once.");
    let mut ends = Ends::new()?;
    let mut serving = std::pin::pin!(open.serve());
    tokio::select! {
        () = &mut serving => return Ok(()),
        () = ends.next() => {}
    }
    println!("stopping");
    directory.close();
    server.close();
    tokio::select! {
        () = &mut serving => {}
        () = ends.next() => println!("stopped at once"),
    }
    Ok(())
}

/// What ends a server.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    fn new() -> std::io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { interrupt, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
