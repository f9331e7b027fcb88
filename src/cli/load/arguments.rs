//! What can be chosen for a load.

use crate::load::socketio::{Scenario, Transport};
use crate::load::{Plan, SocketIo, Weather};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Players unless told.
const PLAYERS: u32 = 100;
/// Players of a match unless told.
const PER_MATCH: u32 = 20;
/// Everybody leaves a thousand times a minute: more is none.
const LEAVE_RATE_MOST: f64 = 100_000.0;
/// How often who chats says something in a second unless told.
const SAYINGS: f64 = 2.0;
/// So many come in a second unless told.
const COME_IN_A_SECOND: u32 = 500;

/// What can be chosen for a load.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Options {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// A server that runs already, such as `http://127.0.0.1:7777` [default: one of its own, in a second
    /// process].
    #[arg(long)]
    pub(super) url: Option<String>,
    /// Where that server's metrics are, such as `http://127.0.0.1:7778/metrics`.
    #[arg(long, requires = "url")]
    pub(super) metrics: Option<String>,
    /// The token of its operator.
    #[arg(long, requires = "metrics", env = "LOAD_METRICS_TOKEN", hide_env_values = true)]
    pub(super) metrics_token: Option<String>,
    /// The match to join there: an id or a code [default: any].
    #[arg(long, default_value = "", requires = "url")]
    pub(super) place: String,
    /// The mode to join there [default: the first].
    #[arg(long, requires = "url")]
    pub(super) mode: Option<String>,
    /// How many play [default: 100; in a simulation by chance].
    #[arg(long)]
    pub(super) players: Option<u32>,
    /// In how many matches.
    #[arg(long, conflicts_with = "per_match")]
    matches: Option<u32>,
    /// Players of a match [default: 20].
    #[arg(long)]
    per_match: Option<u32>,
    /// Players see only what is around them.
    #[arg(long)]
    pub(super) interest: bool,
    /// For how long it is measured once all are in; of a simulation, for how long it goes on.
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration)]
    pub(super) duration: Duration,
    /// The time within which all come [default: 500 a second].
    #[arg(long, value_parser = humantime::parse_duration)]
    ramp: Option<Duration>,
    /// Ticks in a second [default: as the game has it].
    #[arg(long)]
    pub(super) hz: Option<u32>,
    /// What players do.
    #[arg(long, value_enum, default_value_t = Kind::Play)]
    pub(super) behaviour: Kind,
    /// How players speak with the server.
    #[arg(long, value_enum, default_value_t = Protocol::Native)]
    protocol: Protocol,
    /// How those travel who speak Socket.IO.
    #[arg(long, value_enum, default_value_t = Travel::Websocket)]
    transport: Travel,
    /// Where the server's Socket.IO is.
    #[arg(long, default_value = "/socket.io/")]
    socketio_path: String,
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
    pub(super) leave_rate: f64,
    /// What chance starts from.
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Writes what the run came to, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Writes a page with charts, in one file.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Fails unless these hold, such as `delta_p99<60ms, desync=0`.
    #[arg(long, default_value = "")]
    pub(super) assert: String,
    /// More and more players come until an assertion does not hold.
    #[arg(long)]
    pub(super) find_capacity: bool,
    /// Plays matches in virtual time, without sockets, seed after seed.
    #[arg(long)]
    pub(super) simulate: bool,
    /// Ticks of each simulated match.
    #[arg(long, default_value_t = 2000)]
    pub(super) ticks: u32,
    /// A setting of its own server, such as `matches.threads=1`.
    #[arg(long, value_name = "SETTING=VALUE", conflicts_with = "url")]
    pub(super) set: Vec<String>,
    /// Cores of its own server, as taskset has them [default: all].
    #[arg(long, default_value = "", conflicts_with = "url")]
    pub(super) server_cores: String,
    /// The core of the load itself [default: any].
    #[arg(long, default_value = "")]
    pub(super) own_core: String,
    /// Turns a bit of one in so many packets of the stream: a fault that must be found.
    #[arg(long, default_value_t = 0, hide = true)]
    pub(super) plant_desync: u32,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lays two runs side by side.
    Compare(Comparison),
}

/// Two runs, as `--json` wrote them.
#[derive(Debug, Parser)]
pub(super) struct Comparison {
    /// One.
    pub(super) a: PathBuf,
    /// The other.
    pub(super) b: PathBuf,
    /// Writes a page with both.
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
}

/// What players do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Play as the game's own bots do.
    Play,
    /// Run about without looking.
    Wander,
    /// Hold still.
    Idle,
    /// Play, while one more in four does what no honest client does.
    Chaos,
    /// Talk in rooms by Socket.IO, at servers with the events of the contract program; --hz is how often
    /// each says something in a second [2], --per-match how many are in a room.
    Chatter,
}

/// How players speak with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// The lean protocol, over WebSockets.
    Native,
    /// Socket.IO.
    Socketio,
    /// Half of them so, half so, in the same matches.
    Mixed,
}

/// How those travel who speak Socket.IO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Travel {
    /// Over WebSockets.
    Websocket,
    /// By long-polling.
    Polling,
    /// Half of them so, half so.
    Mixed,
}

impl Options {
    pub(super) fn players(&self) -> u32 {
        self.players.unwrap_or(PLAYERS).max(1)
    }

    pub(super) fn per_match(&self) -> u32 {
        let of_matches = self.matches.map(|matches| self.players().div_ceil(matches.max(1)));
        of_matches.or(self.per_match).unwrap_or(PER_MATCH.min(self.players())).max(1)
    }

    pub(super) fn ramp(&self) -> Duration {
        self.ramp.unwrap_or(Duration::from_secs(1) * self.players() / COME_IN_A_SECOND)
    }

    pub(super) fn weather(&self) -> Weather {
        Weather { latency: self.latency, jitter: self.jitter, stall: self.stall }
    }

    /// What cannot be had together.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let is_chatter = self.behaviour == Kind::Chatter;
        let rules = [
            (!is_chatter || !self.find_capacity, "--find-capacity is for players, not for chatter"),
            (
                self.weather().is_fine() || (self.protocol == Protocol::Native && !is_chatter),
                "--latency, --jitter and --stall are for native players only",
            ),
            (
                self.leave_rate.is_finite() && (0.0..=LEAVE_RATE_MOST).contains(&self.leave_rate),
                "--leave-rate is from 0 to 100000",
            ),
            (self.leave_rate <= 0.0 || !is_chatter, "--leave-rate is for players, not for chatter"),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, why)) => anyhow::bail!("{why}"),
            None => Ok(()),
        }
    }

    /// Those who come by Socket.IO.
    pub(super) fn socketio(&self, plan: &Arc<Plan>) -> Option<SocketIo> {
        let is_chatter = self.behaviour == Kind::Chatter;
        let share = match self.protocol {
            _ if is_chatter => 1.0,
            Protocol::Native => return None,
            Protocol::Socketio => 1.0,
            Protocol::Mixed => 0.5,
        };
        let scenario = if is_chatter {
            let hz = self.hz.map_or(SAYINGS, f64::from);
            Scenario::Chatter { hz, per_room: self.per_match() }
        } else {
            Scenario::Play(plan.clone())
        };
        let transport = match self.transport {
            Travel::Websocket => Transport::WebSocket,
            Travel::Polling => Transport::Polling,
            Travel::Mixed => Transport::Mixed,
        };
        Some(SocketIo { share, transport, scenario, path: self.socketio_path.clone() })
    }

    /// What players say when they join.
    pub(super) fn join_options(&self) -> String {
        let mode = self.mode.as_ref().map(|mode| serde_json::json!({ "mode": mode }).to_string());
        mode.unwrap_or_default()
    }
}
