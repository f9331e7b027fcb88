//! The commands of a game's binary. The only place that knows all others, a clock and a terminal.

mod canvas;
mod load;
mod serve;
mod show;
mod watch;

pub use crate::doors::Files;
pub use crate::load::{Bot, Own};
pub use canvas::{Canvas, Color};
pub use show::{Load, Offer, Show};

use anyhow::Context;
use clap::{Parser, Subcommand};
use std::io::Write;

/// Plays matches.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hosts matches for whoever connects (what is done without a command).
    Serve(serve::Options),
    /// Plays a match of bots in the terminal.
    Watch(watch::Options),
    /// Loads a server with simulated players and says how they fared.
    Load(Box<load::Options>),
}

/// Runs the command that the program was started with.
pub fn run<G: Show>() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        None => serve::run::<G>(&arguments.serve),
        Some(Command::Watch(options)) => watch::run::<G>(&options),
        Some(Command::Load(options)) => load::run::<G>(&options),
        Some(Command::Serve(options)) => serve::run::<G>(&options),
    }
}

/// Says something to whoever still listens: an output that is gone or full is no reason to stop.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Says what is of no use unless it is heard.
fn announce(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    write!(out, "{text}").and_then(|()| out.flush()).context("standard output")
}
