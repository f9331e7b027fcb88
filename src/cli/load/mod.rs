//! Loads a server with simulated players, and says how they fared.

mod simulation;

use super::show::Show;
use crate::load::{Behaviour, Idle, Minds, Playing, Wandering, Weather};
use crate::sim::{Random, encode_input};
use clap::{Parser, ValueEnum};
use std::sync::Arc;
use std::time::Duration;

/// What can be chosen for a load.
#[derive(Debug, Parser)]
pub(super) struct Options {
    /// How many play [default: 100; in a simulation by chance].
    #[arg(long)]
    players: Option<u32>,
    /// Players of a match.
    #[arg(long, default_value_t = 20)]
    per_match: u32,
    /// For how long it is measured once all are in; of a simulation, how long it takes.
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration)]
    duration: Duration,
    /// Ticks in a second [default: as the game has it].
    #[arg(long)]
    hz: Option<u32>,
    /// What players do.
    #[arg(long, value_enum, default_value_t = Kind::Play)]
    behaviour: Kind,
    /// What the simulated network adds to a round trip.
    #[arg(long, default_value = "0ms", value_parser = humantime::parse_duration)]
    latency: Duration,
    /// By up to how much more, packet by packet; they stay in order.
    #[arg(long, default_value = "0ms", value_parser = humantime::parse_duration)]
    jitter: Duration,
    /// For how long nothing gets through, every ten seconds or so.
    #[arg(long, default_value = "0ms", value_parser = humantime::parse_duration)]
    stall: Duration,
    /// Of a hundred players so many leave or lose their connection in a minute, and come again.
    #[arg(long, default_value_t = 0.0)]
    leave_rate: f64,
    /// What chance starts from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Plays matches in virtual time, without sockets, seed after seed.
    #[arg(long)]
    simulate: bool,
    /// Ticks of each simulated match.
    #[arg(long, default_value_t = 2000)]
    ticks: u32,
    /// Turns a bit of one in so many packets of the stream: a fault that must be found.
    #[arg(long, default_value_t = 0, hide = true)]
    plant_desync: u32,
}

/// What players do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Play as the game's own bots do.
    Play,
    /// Run about without looking.
    Wander,
    /// Hold still.
    Idle,
    /// Play, while one in four does what no honest client does.
    Chaos,
}

impl From<Kind> for Behaviour {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Play => Self::Play,
            Kind::Wander => Self::Wander,
            Kind::Idle => Self::Idle,
            Kind::Chaos => Self::Chaos,
        }
    }
}

impl Options {
    fn weather(&self) -> Weather {
        Weather { latency: self.latency, jitter: self.jitter, stall: self.stall }
    }
}

pub(super) fn run<G: Show>(options: &Options) -> anyhow::Result<()> {
    anyhow::ensure!(options.simulate, "only --simulate");
    simulation::run::<G>(options)
}

/// Who plays.
fn minds<G: Show>(behaviour: Behaviour) -> Arc<Minds> {
    match behaviour {
        Behaviour::Play | Behaviour::Chaos => {
            Arc::new(|seed, player| Box::new(Playing(G::bot(seed, player))))
        }
        Behaviour::Wander => {
            Arc::new(|seed, _| Box::new(Wandering(Random::from_seed(seed), G::wander)))
        }
        Behaviour::Idle => Arc::new(|_, _| Box::new(Idle(encode_input(&G::Input::default())))),
    }
}
