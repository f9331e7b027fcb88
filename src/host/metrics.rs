//! What Prometheus is told. Taken when it asks; nothing is kept for it.

use super::counters::Count;
use super::hosting::Host;
use super::matches::{Spread, Tally};
use super::usage::Usage;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;

/// What is counted and is nobody's fault; all else are refusals, by their reason.
const EVENTS: &[(Count, &str, &str)] = &[
    (Count::Accepted, "tickwire_accepted_connections", "Connections that were accepted"),
    (Count::Sessions, "tickwire_sessions_begun", "Sessions that began"),
    (Count::SessionsEnded, "tickwire_sessions_ended", "Sessions that ended"),
    (Count::Messages, "tickwire_messages_received", "Messages that came"),
    (Count::Dropped, "tickwire_volatile_dropped", "Volatile events that were dropped"),
    (Count::Overflows, "tickwire_outbox_overflows", "Clients that let too much wait for them"),
    (Count::Panics, "tickwire_handler_panics", "Handlers that panicked"),
];

#[derive(Debug)]
struct Snapshot(Arc<Host>);

/// All of it, in the text format of OpenMetrics.
#[must_use]
pub fn text(host: &Arc<Host>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Snapshot(host.clone())));
    let mut text = String::new();
    // Writing to memory does not fail.
    let _ = encode(&mut text, &registry);
    text
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let host = &self.0;
        let counters = host.counters();
        for (count, name, help) in EVENTS {
            counter(&mut encoder, name, help, counters.get(*count))?;
        }
        let mut family = encoder.encode_descriptor(
            "tickwire_refusals",
            "Somebody was refused or cut, by reason",
            None,
            MetricType::Counter,
        )?;
        let is_refusal = |count: &&Count| EVENTS.iter().all(|(event, ..)| event != *count);
        for count in Count::ALL.iter().filter(is_refusal) {
            let value = ConstCounter::new(counters.get(*count));
            value.encode(family.encode_family(&[("reason", count.label())])?)?;
        }
        let open = counters.get(Count::Sessions).saturating_sub(counters.get(Count::SessionsEnded));
        gauge(&mut encoder, "tickwire_sessions", "Sessions that are open", open)?;
        process(&mut encoder)?;
        let uptime = host.clock().now().as_secs();
        gauge(&mut encoder, "tickwire_uptime_seconds", "Since the server started", uptime)?;
        gauge(
            &mut encoder,
            "tickwire_ready",
            "Whether it lets anybody in",
            host.is_ready().into(),
        )?;
        let Some(directory) = host.directory() else { return Ok(()) };
        let matches = directory.list();
        let players = matches.iter().map(|listing| listing.players as u64).sum();
        let spectators = matches.iter().map(|listing| listing.spectators as u64).sum();
        gauge(&mut encoder, "tickwire_matches", "Matches that run", matches.len() as u64)?;
        gauge(&mut encoder, "tickwire_players", "Seats that are taken", players)?;
        gauge(&mut encoder, "tickwire_spectators", "Those who watch", spectators)?;
        tally(&mut encoder, directory.tally())
    }
}

/// What the process has used, where the system says so; as all exporters name it.
fn process(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let Ok(usage) = Usage::own() else { return Ok(()) };
    let metric = encoder.encode_descriptor(
        "process_cpu_seconds",
        "Processor time",
        None,
        MetricType::Counter,
    )?;
    ConstCounter::new(usage.cpu.as_secs_f64()).encode(metric)?;
    let bytes = usage.memory_kib * 1024;
    gauge(encoder, "process_resident_memory_bytes", "Resident memory", bytes)?;
    gauge(encoder, "process_open_fds", "Open descriptors", usage.descriptors)
}

fn tally(encoder: &mut DescriptorEncoder<'_>, tally: &Tally) -> fmt::Result {
    let counts = [
        ("tickwire_matches_begun", "Matches that began", &tally.begun),
        ("tickwire_matches_ended", "Matches that ended", &tally.ended),
        ("tickwire_matches_crashed", "Matches that a bug ended", &tally.crashed),
        ("tickwire_ticks_skipped", "Ticks that were let go for want of time", &tally.skipped),
        ("tickwire_state_packets", "Packets of the stream that were sent", &tally.packets),
        ("tickwire_state_bytes", "Bytes of the stream that were sent", &tally.state_bytes),
        ("tickwire_state_held_back", "Packets not sent: too much waited", &tally.held_back),
        ("tickwire_keyframes", "Keyframes that were sent", &tally.keyframes),
        ("tickwire_desyncs", "Clients that lost the thread and said so", &tally.lost_threads),
        ("tickwire_inputs_stale", "Inputs twice, out of order or of nobody", &tally.stale_inputs),
        ("tickwire_inputs_refused", "Inputs that were none of the game's", &tally.refused_inputs),
        ("tickwire_events_dropped", "Events of games that were not sent", &tally.events_dropped),
    ];
    for (name, help, sum) in counts {
        counter(encoder, name, help, sum.get())?;
    }
    histogram(encoder, "tickwire_tick_seconds", "How long ticks took", &tally.ticks)?;
    histogram(encoder, "tickwire_tick_lateness_seconds", "How late ticks were", &tally.late)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    ConstCounter::new(value).encode(metric)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(metric)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of a hundred years are exact")]
fn histogram(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    spread: &Spread,
) -> fmt::Result {
    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    let mut before = 0;
    let mut buckets: Vec<(f64, u64)> = spread
        .buckets()
        .map(|(bound, count)| {
            let own = count - before;
            before = count;
            (bound as f64 / 1e6, own)
        })
        .collect();
    if let Some(last) = buckets.last_mut() {
        last.0 = f64::INFINITY;
    }
    let sum = spread.sum.get() as f64 / 1e6;
    metric.encode_histogram::<NoLabelSet>(sum, before, &buckets, None)
}
