//! What can be chosen for a load.

use crate::load::socketio::{Scenario, Transport};
use crate::load::{Plan, SocketIo, Weather};
use clap::builder::PossibleValue;
use clap::{Parser, Subcommand, ValueEnum};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Players unless told.
const PLAYERS: u32 = 100;
/// Players of a match unless told.
const PER_MATCH: u32 = 20;
/// Of a hundred players so many predict unless told.
const PREDICTING: u32 = 2;
/// How often who chats says something in a second unless told.
const SAYINGS: f64 = 2.0;
/// Where a server's Socket.IO is unless told.
const SOCKETIO_PATH: &str = "/socket.io/";
/// So many come in a second unless told.
const COME_IN_A_SECOND: u32 = 500;

/// What has no meaning where there is neither a server nor a measure.
const NOT_SIMULATED: [&str; 14] = [
    "url",
    "set",
    "server_cores",
    "matches",
    "interest",
    "ramp",
    "hz",
    "protocol",
    "transport",
    "socketio_path",
    "json",
    "report",
    "assert",
    "find_capacity",
];

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
    #[arg(long)]
    pub(super) metrics: Option<String>,
    /// The token of its operator.
    #[arg(long, requires = "metrics", env = "LOAD_METRICS_TOKEN", hide_env_values = true)]
    pub(super) metrics_token: Option<String>,
    /// The match to join there: an id or a code [default: any].
    #[arg(long, default_value = "")]
    pub(super) place: String,
    /// The mode to join there [default: the first].
    #[arg(long)]
    pub(super) mode: Option<String>,
    /// How many play [default: 100; in a simulation by chance].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) players: Option<u32>,
    /// In how many matches.
    #[arg(long, conflicts_with = "per_match", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) matches: Option<u32>,
    /// Players of a match [default: 20]; in a simulation its seats [default: by chance, or for all].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) per_match: Option<u32>,
    /// Players see only what is around them.
    #[arg(long, conflicts_with = "url")]
    pub(super) interest: bool,
    /// For how long it is measured once all are in; of a simulation, for how long it goes on.
    #[arg(long, default_value = "10s", value_parser = humantime::parse_duration)]
    pub(super) duration: Duration,
    /// The time within which all come [default: 500 a second].
    #[arg(long, value_parser = humantime::parse_duration)]
    pub(super) ramp: Option<Duration>,
    /// Ticks in a second [default: as the game has it].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) hz: Option<u32>,
    /// What players do.
    #[arg(long, value_enum, default_value_t = Kind::Play)]
    pub(super) behaviour: Kind,
    /// How players speak with the server [default: native; who chats, socketio].
    #[arg(long, value_enum)]
    pub(super) protocol: Option<Protocol>,
    /// How those travel who speak Socket.IO [default: websocket].
    #[arg(long, value_enum)]
    pub(super) transport: Option<Travel>,
    /// Where the server's Socket.IO is [default: /socket.io/].
    #[arg(long)]
    pub(super) socketio_path: Option<String>,
    /// What the simulated network adds to a round trip [default: nothing; in a simulation by chance].
    #[arg(long, value_parser = humantime::parse_duration)]
    pub(super) latency: Option<Duration>,
    /// By up to how much more, packet by packet; they stay in order.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub(super) jitter: Option<Duration>,
    /// For how long nothing gets through, every ten seconds or so.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub(super) stall: Option<Duration>,
    /// Of a hundred players so many leave or lose their connection in a minute, and come again: a third to
    /// their seat, by Socket.IO all anew [default: none; in a simulation by chance].
    #[arg(long)]
    pub(super) leave_rate: Option<f64>,
    /// Of a hundred players so many predict what is their own, as browsers do; each of them is decoded alone
    /// [default: 2 where the game's bots can; in a simulation by chance].
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(super) predicting: Option<u32>,
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
    #[arg(long, conflicts_with = "ramp")]
    pub(super) find_capacity: bool,
    /// Plays matches in virtual time, without sockets, seed after seed.
    #[arg(long, conflicts_with_all = NOT_SIMULATED)]
    pub(super) simulate: bool,
    /// Ticks of each simulated match [default: 2000].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) ticks: Option<u32>,
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
pub(super) enum Protocol {
    /// The lean protocol, over WebSockets.
    Native,
    /// Socket.IO.
    Socketio,
    /// Half of them so, half so, in the same matches.
    Mixed,
}

/// How those travel who speak Socket.IO.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Travel {
    /// Over WebSockets.
    Websocket,
    /// By long-polling.
    Polling,
    /// Half of them so, half so.
    Mixed,
}

impl Options {
    /// Of a hundred players so many predict.
    pub(super) fn predicting(&self) -> u32 {
        self.predicting.unwrap_or(PREDICTING)
    }

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
        self.told_weather().unwrap_or_default()
    }

    /// The network, if anything was said about it.
    pub(super) fn told_weather(&self) -> Option<Weather> {
        let told = [self.latency, self.jitter, self.stall];
        let [latency, jitter, stall] = told.map(Option::unwrap_or_default);
        told.iter().any(Option::is_some).then_some(Weather { latency, jitter, stall })
    }

    /// Those who come by Socket.IO.
    pub(super) fn socketio(&self, plan: &Arc<Plan>) -> Option<SocketIo> {
        let is_chatter = self.behaviour == Kind::Chatter;
        let share = match self.protocol {
            _ if is_chatter => 1.0,
            None | Some(Protocol::Native) => return None,
            Some(Protocol::Socketio) => 1.0,
            Some(Protocol::Mixed) => 0.5,
        };
        let scenario = if is_chatter {
            let hz = self.hz.map_or(SAYINGS, f64::from);
            Scenario::Chatter { hz, per_room: self.per_match() }
        } else {
            Scenario::Play(plan.clone())
        };
        let transport = match self.transport {
            None | Some(Travel::Websocket) => Transport::WebSocket,
            Some(Travel::Polling) => Transport::Polling,
            Some(Travel::Mixed) => Transport::Mixed,
        };
        let path = self.socketio_path.clone().unwrap_or_else(|| SOCKETIO_PATH.into());
        Some(SocketIo { share, transport, scenario, path })
    }

    /// What makes runs comparable, of what was asked for: as it is, whether it was told or not.
    pub(super) fn conditions(&self) -> BTreeMap<String, String> {
        let word = |value: Option<PossibleValue>| {
            value.map_or_else(String::new, |value| value.get_name().to_owned())
        };
        let is_chatter = self.behaviour == Kind::Chatter;
        let protocol =
            self.protocol.unwrap_or(if is_chatter { Protocol::Socketio } else { Protocol::Native });
        let travel = self.transport.unwrap_or(Travel::Websocket);
        let predicting = if self.behaviour == Kind::Play { self.predicting() } else { 0 };
        let Weather { latency, jitter, stall } = self.weather();
        let time = |time: Duration| humantime::format_duration(time).to_string();
        let all = [
            ("behaviour", word(self.behaviour.to_possible_value())),
            ("protocol", word(protocol.to_possible_value())),
            ("transport", word(travel.to_possible_value())),
            ("interest", self.interest.to_string()),
            ("leave rate", self.leave_rate.unwrap_or(0.0).to_string()),
            ("predicting", predicting.to_string()),
            ("latency", time(latency)),
            ("jitter", time(jitter)),
            ("stall", time(stall)),
            ("mode", self.mode.clone().unwrap_or_default()),
            ("settings", self.set.join(", ")),
            ("sayings", self.hz.filter(|_| is_chatter).map_or(String::new(), |hz| hz.to_string())),
        ];
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What players say when they join.
    pub(super) fn join_options(&self) -> String {
        let mode = self.mode.as_ref().map(|mode| serde_json::json!({ "mode": mode }).to_string());
        mode.unwrap_or_default()
    }
}
