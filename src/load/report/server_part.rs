//! What the server says of itself, by its metrics.

use super::outcome::{Outcome, ratio};
use crate::load::metrics::Reading;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is shorter is no second of a server's, but what was left of the last one.
const SECOND_LEAST: Duration = Duration::from_millis(500);

/// What the server used and how punctual it was, by its own metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerPart {
    /// Processor time for each packet of the stream that was sent: one player in one tick.
    pub cpu_us_per_player_tick: f64,
    /// Of one core.
    pub cpu_percent: f64,
    /// Resident memory at the end.
    pub rss_kib: f64,
    /// What it grew by since before anybody came, for each connection.
    pub rss_kib_per_connection: f64,
    /// How long ticks took.
    pub tick_us: Pair,
    /// How late ticks were.
    pub late_ms: Pair,
    /// Ticks that were let go.
    pub skipped_ticks: f64,
    /// Clients for whom too much waited.
    pub overflows: f64,
    /// Packets of the stream that were held back.
    pub held_back: f64,
}

/// The usual, and what 99 of 100 were within.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// Half were within.
    pub p50: f64,
    /// 99 of 100.
    pub p99: f64,
}

/// The server in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerSecond {
    /// Which one, from the begin of the measure.
    pub at: f64,
    /// Of one core.
    pub cpu_percent: f64,
    /// Resident memory.
    pub rss_kib: f64,
    /// How long ticks took.
    pub tick_p99_us: f64,
    /// How late they were.
    pub late_p99_ms: f64,
}

#[expect(clippy::cast_precision_loss, reason = "figures for humans")]
impl Outcome {
    /// Takes over what the server said, before anybody came and while it was measured.
    pub(in crate::load) fn set_server(&mut self, empty: Option<&Reading>, measured: &[Reading]) {
        let [first, .., last] = measured else { return };
        let grown = |name: &str| last.since(first, name);
        let seconds = (last.at - first.at).as_secs_f64();
        let cpu = grown("process_cpu_seconds_total");
        // Where it is another one than it was nothing can be said of it.
        let name = "process_cpu_seconds_total";
        if measured.windows(2).any(|pair| pair[1].since(&pair[0], name) < 0.0) {
            return;
        }
        let shares = |name: &str, unit: f64| {
            let at = |share| last.quantile(first, name, share).unwrap_or(0.0) * unit;
            Pair { p50: at(0.5), p99: at(0.99) }
        };
        let rss = last.get("process_resident_memory_bytes") / 1024.0;
        let grew =
            empty.map_or(0.0, |empty| rss - empty.get("process_resident_memory_bytes") / 1024.0);
        self.server = Some(ServerPart {
            cpu_us_per_player_tick: ratio(cpu * 1e6, grown("tickwire_state_packets_total")),
            cpu_percent: ratio(cpu * 100.0, seconds),
            rss_kib: rss,
            rss_kib_per_connection: ratio(grew, self.connected as f64),
            tick_us: shares("tickwire_tick_seconds", 1e6),
            late_ms: shares("tickwire_tick_lateness_seconds", 1e3),
            skipped_ticks: grown("tickwire_ticks_skipped_total"),
            overflows: grown("tickwire_outbox_overflows_total"),
            held_back: grown("tickwire_state_held_back_total"),
        });
        let second = |pair: &[Reading]| {
            let [before, after] = pair else { return ServerSecond::default() };
            let seconds = (after.at - before.at).as_secs_f64();
            let share = |name: &str, unit| after.quantile(before, name, 0.99).unwrap_or(0.0) * unit;
            ServerSecond {
                at: (after.at - first.at).as_secs_f64(),
                cpu_percent: ratio(
                    after.since(before, "process_cpu_seconds_total") * 100.0,
                    seconds,
                ),
                rss_kib: after.get("process_resident_memory_bytes") / 1024.0,
                tick_p99_us: share("tickwire_tick_seconds", 1e6),
                late_p99_ms: share("tickwire_tick_lateness_seconds", 1e3),
            }
        };
        let mut apart: Vec<Reading> = Vec::with_capacity(measured.len());
        for reading in measured {
            if apart.last().is_none_or(|last| reading.at - last.at >= SECOND_LEAST) {
                apart.push(reading.clone());
            }
        }
        self.server_timeline = apart.windows(2).map(second).collect();
    }
}
