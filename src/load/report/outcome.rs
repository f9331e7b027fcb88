//! What a run came to: one value, which is written as JSON, told as a table and drawn as a page.

use super::expect::Judged;
use super::server_part::{ServerPart, ServerSecond};
use crate::load::tally::{Bytes, Counts, Felt, Times, add_reason};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Shares of a distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shares {
    /// Half were within.
    pub p50: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1000.
    pub p999: f64,
    /// All.
    pub max: f64,
    /// How many there were.
    pub count: u64,
}

impl Shares {
    fn of(times: &Times) -> Self {
        Self {
            p50: times.ms(0.5),
            p99: times.ms(0.99),
            p999: times.ms(0.999),
            max: times.longest_ms(),
            count: times.count(),
        }
    }
}

/// Of what was not measured nothing is said: `null`, and not zero.
mod if_measured {
    use super::Shares;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(shares: &Shares, to: S) -> Result<S::Ok, S::Error> {
        (shares.count > 0).then_some(shares).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Shares, D::Error> {
        Ok(Option::deserialize(from)?.unwrap_or_default())
    }
}

/// How a distribution lies: its end in milliseconds and the count of each of its parts.
pub type Spread = Vec<(f64, u64)>;
/// How many took longer: times in milliseconds, and of a hundred those that took longer.
pub type Tail = Vec<(f64, f64)>;

/// Bytes by what they were for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ByKind {
    /// The stream; on the way to the server, inputs.
    pub state: u64,
    /// Events and answers.
    pub events: u64,
    /// All else.
    pub control: u64,
}

impl From<Bytes> for ByKind {
    fn from(bytes: Bytes) -> Self {
        Self { state: bytes.state, events: bytes.events, control: bytes.control }
    }
}

/// What measuring took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeneratorPart {
    /// Processor time for each packet of the stream that was verified, with the input that was sent.
    pub cpu_us_per_bot_tick: f64,
    /// Of one core, all threads together.
    pub cpu_percent: f64,
    /// Of its core, the thread that has the least left.
    pub busiest_percent: f64,
    /// How late it was with what it had to do.
    pub late_ms_p99: f64,
    /// At worst.
    pub late_ms_max: f64,
    /// Whether it was the measure's own limit: then the figures are its own and not the server's.
    pub is_saturated: bool,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Which one, from the begin of the measure.
    pub at: u64,
    /// How many play.
    pub playing: usize,
    /// Between packets, in milliseconds.
    pub gap_p50: f64,
    /// The same.
    pub gap_p99: f64,
    /// The same.
    pub gap_max: f64,
    /// From input to what others see, in milliseconds.
    pub visible_p99: f64,
    /// Packets of the stream.
    pub packets: u64,
    /// Bytes that came.
    pub bytes_in: u64,
    /// Bytes that were sent.
    pub bytes_out: u64,
    /// Acknowledgements that came,
    #[serde(default)]
    pub acks: u64,
    /// and after how long, in milliseconds.
    pub ack_p99: f64,
    /// Own lateness in milliseconds.
    pub own_late_p99: f64,
}

/// One load of several, each greater than the one before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// How many played.
    pub players: usize,
    /// Between two packets, in milliseconds.
    pub gap_p99: f64,
    /// From input to what others see, in milliseconds.
    pub visible_p99: f64,
    /// Of one core, the server, if it was asked.
    pub server_cpu_percent: Option<f64>,
    /// Whether the measure was at its own limit as well.
    pub is_saturated: bool,
    /// What did not hold.
    pub broke: Option<String>,
}

/// When a run was made, and by what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Made {
    /// When it began, in Universal Time.
    pub at: String,
    /// The version of this program.
    pub version: String,
    /// The system that the load ran on,
    pub system: String,
    /// and how many cores it may use there.
    pub cores: usize,
}

impl Made {
    /// Here and now.
    #[must_use]
    pub fn here() -> Self {
        Self {
            at: humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string(),
            version: env!("CARGO_PKG_VERSION").into(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// What a file with an outcome says that it is.
pub const FORMAT: &str = "tickwire load 1";

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// What this is: [`FORMAT`].
    pub format: String,
    /// What was asked for: the command's arguments,
    pub command: String,
    /// and what of that makes runs comparable: how players behaved, over which protocol and network.
    pub conditions: BTreeMap<String, String>,
    /// When, with what and on what machine it was made.
    pub made: Made,
    /// How many were to play.
    pub players: usize,
    /// In how many matches they were.
    pub matches: usize,
    /// Ticks in a second.
    pub hz: f64,
    /// For how long it was measured.
    pub seconds: f64,
    /// Whether somebody ended it before its time.
    pub is_cut: bool,
    /// How long all of them together played.
    pub player_seconds: f64,
    /// How many had a connection and a seat at the end.
    pub connected: usize,
    /// How often somebody was refused, while they came and while it was measured.
    pub refused: u64,
    /// Why.
    pub refusals: BTreeMap<String, u64>,
    /// Packets of the stream that came and were verified,
    pub packets: u64,
    /// and that were due.
    pub packets_due: u64,
    /// Of the packets that were due, how many came.
    pub delivered_ratio: f64,
    /// Between two packets.
    #[serde(with = "if_measured")]
    pub gap_ms: Shares,
    /// From when an input was due until another player had it.
    #[serde(with = "if_measured")]
    pub input_visible_ms: Shares,
    /// From when a connection was due until it was welcomed.
    #[serde(with = "if_measured")]
    pub connect_ms: Shares,
    /// From when a seat was due until all was seen from there.
    #[serde(with = "if_measured")]
    pub join_ms: Shares,
    /// From when a question was due until it was answered.
    #[serde(with = "if_measured")]
    pub ack_ms: Shares,
    /// Inputs that were due,
    pub inputs_due: u64,
    /// that were sent: who is late does not say all at once,
    pub inputs: u64,
    /// and of which the server said that it used them.
    pub inputs_used: u64,
    /// Mean packet of the stream, framed.
    pub bytes_per_packet: f64,
    /// What a player is sent.
    pub bytes_in_per_player_s: f64,
    /// What it sends.
    pub bytes_out_per_player_s: f64,
    /// All that came.
    pub bytes_in: ByKind,
    /// All that was sent.
    pub bytes_out: ByKind,
    /// Players who lost the thread: a checksum came to something else, or a packet could not be applied.
    pub desyncs: u64,
    /// Keyframes that were sent to them.
    pub keyframes: u64,
    /// Inputs of those who predict what is their own, among them.
    #[serde(default)]
    pub inputs_predicted: u64,
    /// How often what was one's own came to something else than was foreseen last; nothing if nobody
    /// predicted anything.
    pub corrections: Option<u64>,
    /// Connections that went on where a lost one was.
    pub reconnects: u64,
    /// Connections that were lost although nobody wished so.
    pub lost: u64,
    /// Players who left for a while as they were asked to.
    pub left: u64,
    /// Events that came.
    pub events: u64,
    /// Answers that did not come in time.
    pub acks_lost: u64,
    /// What dishonest clients did, and how often; the figures above are those of the honest.
    pub chaos: BTreeMap<String, u64>,
    /// What the server said of itself, if it could be asked.
    pub server: Option<ServerPart>,
    /// What measuring took.
    pub generator: GeneratorPart,
    /// What was asserted.
    pub assertions: Vec<Judged>,
    /// Where more and more players came: how they fared at each step. All else is of the last that held.
    pub steps: Vec<Step>,
    /// Second by second.
    pub timeline: Vec<Second>,
    /// The server, second by second.
    pub server_timeline: Vec<ServerSecond>,
    /// Between two packets.
    pub gap_spread: Spread,
    /// From input to what others see.
    pub visible_spread: Spread,
    /// From seat to sight.
    pub join_spread: Spread,
    /// Questions and answers.
    pub ack_spread: Spread,
    /// Between two packets.
    pub gap_tail: Tail,
    /// From input to what others see.
    pub visible_tail: Tail,
    /// From seat to sight.
    pub join_tail: Tail,
    /// Questions and answers.
    pub ack_tail: Tail,
}

/// A share of nothing is none.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "figures for humans")]
impl Outcome {
    /// Takes over what players felt while it was measured, and while they came.
    pub(in crate::load) fn set_felt(&mut self, measured: &Felt, arrival: &Felt) {
        let Counts { packets, expected, desyncs, broken, .. } = measured.counts;
        let mut refusals = arrival.refusals.clone();
        for (why, count) in &measured.refusals {
            add_reason(&mut refusals, why, *count);
        }
        self.refused = refusals.values().sum();
        self.refusals = refusals;
        let due = measured.ticks_due + expected as f64;
        (self.packets, self.packets_due) = (packets, due.round() as u64);
        self.delivered_ratio = ratio(packets as f64, due);
        (self.inputs, self.inputs_used) = (measured.counts.inputs, measured.counts.applied);
        self.inputs_due = measured.counts.inputs_due;
        self.gap_ms = Shares::of(&measured.gap);
        self.input_visible_ms = Shares::of(&measured.visible);
        self.ack_ms = Shares::of(&measured.ack);
        // Who comes comes before it is measured; who comes again counts as well.
        let (mut connect, mut join) = (arrival.connect.clone(), arrival.join.clone());
        connect.absorb(&mut measured.connect.clone());
        join.absorb(&mut measured.join.clone());
        (self.connect_ms, self.join_ms) = (Shares::of(&connect), Shares::of(&join));
        self.bytes_per_packet = ratio(measured.received.state as f64, packets as f64);
        self.bytes_in_per_player_s = ratio(measured.received.sum() as f64, self.player_seconds);
        self.bytes_out_per_player_s = ratio(measured.sent.sum() as f64, self.player_seconds);
        (self.bytes_in, self.bytes_out) = (measured.received.into(), measured.sent.into());
        // Whoever comes may lose the thread as well as whoever is there.
        let came = &arrival.counts;
        self.desyncs = desyncs + broken + came.desyncs + came.broken;
        self.keyframes = measured.counts.keyframes;
        self.inputs_predicted = measured.counts.predicted;
        self.corrections = (self.inputs_predicted > 0).then_some(measured.counts.corrections);
        self.reconnects = measured.counts.reconnects;
        self.lost = measured.counts.lost + came.lost;
        self.left = measured.counts.left + came.left;
        self.events = measured.counts.events;
        self.acks_lost = measured.counts.acks_lost;
        self.gap_spread = measured.gap.spread();
        self.visible_spread = measured.visible.spread();
        self.join_spread = join.spread();
        self.ack_spread = measured.ack.spread();
        self.gap_tail = measured.gap.tail();
        self.visible_tail = measured.visible.tail();
        self.join_tail = join.tail();
        self.ack_tail = measured.ack.tail();
        self.generator.late_ms_p99 = measured.own_late.ms(0.99);
        self.generator.late_ms_max = measured.own_late.longest_ms();
    }

    /// Whether streams were followed, and so verified: those who chat have none.
    pub(super) fn has_streams(&self) -> bool {
        self.gap_ms.count > 0 || self.keyframes > 0 || self.desyncs > 0
    }

    /// What players felt in one second.
    pub(in crate::load) fn second(at: u64, playing: usize, felt: &Felt) -> Second {
        Second {
            at,
            playing,
            gap_p50: felt.gap.ms(0.5),
            gap_p99: felt.gap.ms(0.99),
            gap_max: felt.gap.longest_ms(),
            visible_p99: felt.visible.ms(0.99),
            packets: felt.counts.packets,
            bytes_in: felt.received.sum(),
            bytes_out: felt.sent.sum(),
            acks: felt.ack.count(),
            ack_p99: felt.ack.ms(0.99),
            own_late_p99: felt.own_late.ms(0.99),
        }
    }
}
