//! What cannot be chosen together for a load, or would do nothing: it is refused with a sentence.

use super::arguments::{Kind, Options, Protocol};
use std::time::Duration;

/// Everybody leaves a thousand times a minute: more is none.
const LEAVE_RATE_MOST: f64 = 100_000.0;

impl Options {
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
                self.matches.is_some_and(|matches| matches > self.players()),
                "--matches is at most as many as --players: nobody would be in the others",
            ),
            (self.json.is_some() && self.json == self.report, "--json and --report are two files"),
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

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
            ("--json f", "--report f"),
            ("--find-capacity", "--ramp 1s|--behaviour chatter|--ticks 9"),
            ("", "--transport polling|--socketio-path /a/|--ticks 9|--behaviour chatter|--mode a"),
            (
                "--interest",
                "--matches 101|--place a|--metrics a|--players 0|--matches 0|--per-match 0|--hz 0",
            ),
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
