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
    matches: Option<u32>,
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
    ramp: Option<Duration>,
    /// Ticks in a second [default: as the game has it].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) hz: Option<u32>,
    /// What players do.
    #[arg(long, value_enum, default_value_t = Kind::Play)]
    pub(super) behaviour: Kind,
    /// How players speak with the server [default: native; who chats, socketio].
    #[arg(long, value_enum)]
    protocol: Option<Protocol>,
    /// How those travel who speak Socket.IO [default: websocket].
    #[arg(long, value_enum)]
    transport: Option<Travel>,
    /// Where the server's Socket.IO is [default: /socket.io/].
    #[arg(long)]
    socketio_path: Option<String>,
    /// What the simulated network adds to a round trip [default: nothing; in a simulation by chance].
    #[arg(long, value_parser = humantime::parse_duration)]
    latency: Option<Duration>,
    /// By up to how much more, packet by packet; they stay in order.
    #[arg(long, value_parser = humantime::parse_duration)]
    jitter: Option<Duration>,
    /// For how long nothing gets through, every ten seconds or so.
    #[arg(long, value_parser = humantime::parse_duration)]
    stall: Option<Duration>,
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

    /// What cannot be had together, or would do nothing.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let is_at_url = self.url.is_some();
        let is_chatter = self.behaviour == Kind::Chatter;
        let is_native = matches!(self.protocol, None | Some(Protocol::Native)) && !is_chatter;
        let is_placed = !self.place.is_empty() || self.mode.is_some();
        let is_sized = self.matches.is_some() || self.per_match.is_some();
        let leave_rate = self.leave_rate.unwrap_or(0.0);
        let rules = [
            (
                self.simulate && matches!(self.behaviour, Kind::Chatter | Kind::Chaos),
                "--behaviour chatter and chaos need sockets, and --simulate has none",
            ),
            (!self.simulate && self.ticks.is_some(), "--ticks is for --simulate"),
            (
                !self.simulate && self.duration < Duration::from_secs(1),
                "--duration is a second or more",
            ),
            (
                !is_at_url && (is_placed || self.metrics.is_some()),
                "--metrics, --place and --mode are for a server at --url",
            ),
            (
                is_at_url && !is_chatter && self.hz.is_some(),
                "--hz is for a server of its own and for chatter: the one at --url ticks as it is set",
            ),
            (
                is_at_url && !is_chatter && !self.find_capacity && is_sized,
                "--matches and --per-match are for a server of its own, for --find-capacity and for \
                 chatter: the one at --url fills its matches as it is set",
            ),
            (
                is_native && (self.transport.is_some() || self.socketio_path.is_some()),
                "--transport and --socketio-path are for --protocol socketio or mixed",
            ),
            (
                !is_native && !self.weather().is_fine(),
                "--latency, --jitter and --stall are for native players only",
            ),
            (
                self.predicting.unwrap_or(0) > 0
                    && (self.protocol == Some(Protocol::Socketio)
                        || !matches!(self.behaviour, Kind::Play | Kind::Chaos)),
                "--predicting is for native players who look where they go: --behaviour play or chaos",
            ),
            (!(0.0..=LEAVE_RATE_MOST).contains(&leave_rate), "--leave-rate is from 0 to 100000"),
        ];
        let of_chatter = self.of_chatter().into_iter().filter(|_| is_chatter);
        match rules.into_iter().chain(of_chatter).find(|(is_broken, _)| *is_broken) {
            Some((_, why)) => anyhow::bail!("{why}"),
            None => Ok(()),
        }
    }

    /// What does nothing for those who chat.
    fn of_chatter(&self) -> [(bool, &'static str); 5] {
        [
            (
                self.url.is_none(),
                "--behaviour chatter needs --url: a server with the events of the contract program",
            ),
            (self.find_capacity, "--find-capacity is for players, not for chatter"),
            (
                matches!(self.protocol, Some(Protocol::Native | Protocol::Mixed)),
                "--behaviour chatter speaks Socket.IO, not --protocol native or mixed",
            ),
            (
                !self.place.is_empty() || self.mode.is_some() || self.plant_desync > 0,
                "--place, --mode and --plant-desync are for players, not for chatter",
            ),
            (
                self.leave_rate.is_some_and(|rate| rate > 0.0),
                "--leave-rate is for players, not for chatter",
            ),
        ]
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

    /// What players say when they join.
    pub(super) fn join_options(&self) -> String {
        let mode = self.mode.as_ref().map(|mode| serde_json::json!({ "mode": mode }).to_string());
        mode.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why these arguments are refused; empty if they are not.
    fn refused(arguments: &str) -> String {
        let words = std::iter::once("load").chain(arguments.split_whitespace());
        match Options::try_parse_from(words) {
            Ok(options) => options.check().err().map(|why| why.to_string()).unwrap_or_default(),
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn an_option_that_would_do_nothing_is_refused_by_its_name() {
        const CHATTER: &str = "--url a --behaviour chatter";
        let all = [
            ("--url a", "--hz 20|--interest|--matches 2|--per-match 2|--set a=b|--server-cores 0"),
            (
                "--simulate",
                "--url a|--set a=b|--server-cores 0|--matches 2|--interest|--ramp 1s|--hz 9|--protocol \
                 native|--transport polling|--socketio-path /a/|--json f|--report f|--assert \
                 desync=0|--find-capacity|--behaviour chatter|--behaviour chaos|--metrics a|--place \
                 a|--mode a",
            ),
            ("--find-capacity", "--ramp 1s|--behaviour chatter|--ticks 9"),
            ("", "--transport polling|--socketio-path /a/|--ticks 9|--behaviour chatter|--mode a"),
            ("--interest", "--place a|--metrics a|--players 0|--matches 0|--per-match 0|--hz 0"),
            (
                "--protocol socketio",
                "--latency 9ms|--jitter 9ms|--stall 9ms|--leave-rate 200000|--leave-rate NaN",
            ),
            ("--protocol mixed", "--latency 9ms|--leave-rate 1e9"),
            (
                CHATTER,
                "--place a|--mode a|--leave-rate 9|--latency 9ms|--plant-desync 9|--find-capacity|\
                 --protocol native|--protocol mixed|--interest",
            ),
        ];
        for (mode, options) in all {
            for option in options.split('|') {
                let why = refused(&format!("{mode} {option}"));
                let name = option.split(' ').next().unwrap();
                assert!(why.contains(name), "{mode} {option}: {why}");
                assert!(!why.contains("unexpected argument"), "{mode} {option}: {why}");
            }
        }
    }

    #[test]
    fn an_option_that_does_something_is_not_refused() {
        let all = [
            (
                "--url a",
                "--metrics b|--place c|--mode d|--players 3|--ramp 1s|--latency 9ms|--json f",
            ),
            ("--url a --find-capacity", "--per-match 2|--matches 2|--assert desync=0|--report f"),
            (
                "--simulate",
                "--players 3|--per-match 9|--seed 4|--ticks 9|--latency 9ms|--leave-rate 3|--behaviour \
                 idle|--own-core 1|--plant-desync 9|--duration 0s",
            ),
            ("--protocol mixed", "--transport polling|--socketio-path /a/|--leave-rate 9|--hz 20"),
            ("--url a --behaviour chatter", "--hz 3|--per-match 4|--matches 2|--transport mixed"),
            ("", "--interest|--hz 20|--matches 3|--behaviour chaos|--set a=b|--server-cores 0"),
        ];
        for (mode, options) in all {
            for option in options.split('|') {
                assert_eq!(refused(&format!("{mode} {option}")), "", "{mode} {option}");
            }
        }
    }
}
