//! What the stream's receivers in other languages are measured by: packets as they were sent, and what came of them.
//!
//! The files in `tests/golden/` are what this writes, always. After a change of the stream, write them
//! anew: `TICKWIRE_WRITE_GOLDENS=1 cargo test --test all goldens`. `tests/sdk/` reads them.

mod codecs;
mod crowd;
mod damage;
mod lanes;
mod rules;

use crate::bots;
use crate::simulation::{Seated, options, play_tick, restore_zoo};
use crate::table::Table;
use crate::zoo::Zoo;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use game::arena::Arena;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tickwire::prelude::*;
use tickwire::sim::Lanes;
use tickwire::sync::schema::{ComponentId, Schema};
use tickwire::sync::{Changes, Replica, StreamError, lanes_checksum};

/// How often all that a viewer sees is told, in ticks.
const CONTENT_EVERY: usize = 40;

/// Writes a file of these lines, or compares the one that is there.
fn golden(name: &str, lines: &[Value]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    if std::env::var_os("TICKWIRE_WRITE_GOLDENS").is_some() {
        return std::fs::write(&path, text).expect("a file that can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "{name} is not what the stream comes to; see tests/goldens/mod.rs");
}

fn base64(packet: &[u8]) -> Value {
    json!(BASE64.encode(packet))
}

fn schema_line(schema: &Schema) -> Value {
    json!({ "schema": String::from_utf8(schema.to_bytes()).expect("JSON is UTF-8") })
}

/// What all lanes in view add up to.
fn checksum(replica: &Replica) -> u32 {
    let mut lanes = Vec::new();
    let mut sum = 0u32;
    for id in replica.entities() {
        for component in replica.components(id) {
            assert!(replica.lanes(id, component, &mut lanes));
            sum = sum.wrapping_add(lanes_checksum(id, component, lanes.iter().copied()));
        }
    }
    sum
}

/// Changes as numbers: each list behind its length.
fn flat(changes: &Changes) -> Vec<u32> {
    let ids = |ids: &[NetId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    let pairs = |pairs: &[(NetId, ComponentId)]| {
        pairs.iter().flat_map(|(id, component)| [id.0, u32::from(component.0)]).collect::<Vec<_>>()
    };
    let Changes { added, changed, lost, removed } = changes;
    let lists = [ids(added), pairs(changed), pairs(lost), ids(removed)];
    lists.into_iter().flat_map(|list| [vec![list.len() as u32], list].concat()).collect()
}

fn changes_checksum(changes: &Changes) -> u32 {
    lanes_checksum(NetId(0), ComponentId(0), flat(changes).into_iter())
}

/// All that is in view, as people read it.
fn content(replica: &Replica) -> Value {
    let mut lanes = Vec::new();
    let entities = replica.entities().map(|id| {
        let mut components = Map::new();
        for component in replica.components(id) {
            assert!(replica.lanes(id, component, &mut lanes));
            let schema = replica.schema().component(component).expect("it is in the schema");
            components.insert(schema.name().into(), Value::Object(schema.values(&lanes)));
        }
        json!([id.0, replica.owner(id).map(|owner| owner.0), replica.is_own(id), components])
    });
    json!({ "tick": replica.tick().0, "entities": entities.collect::<Vec<_>>() })
}

/// A packet, what was predicted, and what came of it.
fn step(
    replica: &Replica,
    packet: &[u8],
    prediction: &Lanes,
    changes: &Changes,
    has_content: bool,
) -> Value {
    let predicted: Vec<Value> =
        prediction.iter().map(|((id, at), lanes)| json!([id.0, at.0, lanes])).collect();
    let sums = [checksum(replica), replica.own_checksum(), changes_checksum(changes)];
    let mut step = json!({ "packet": base64(packet), "sums": sums });
    if !predicted.is_empty() {
        step["predicted"] = json!(predicted);
    }
    if has_content {
        step["content"] = content(replica);
        step["changes"] = json!(flat(changes));
    }
    step
}

/// What each viewer of a table was told.
#[derive(Default)]
struct Tape {
    viewers: BTreeMap<PlayerId, Vec<Value>>,
}

impl Tape {
    fn note(&mut self, table: &Table) {
        for (player, client) in &table.clients {
            let Some(told) = &client.told else { continue };
            let lines = self.viewers.entry(*player).or_insert_with(|| {
                vec![json!({ "viewer": player.0, "predicts": client.predicts })]
            });
            let has_content = lines.len() % CONTENT_EVERY == 1;
            let (packet, predicted) = (&told.packet, &told.prediction);
            lines.push(step(&client.replica, packet, predicted, &told.changes, has_content));
        }
    }

    fn lines(self, schema: &Schema) -> Vec<Value> {
        [schema_line(schema)].into_iter().chain(self.viewers.into_values().flatten()).collect()
    }
}

fn error_name(error: StreamError) -> &'static str {
    match error {
        StreamError::TooLong(_) => "tooLong",
        StreamError::Truncated => "truncated",
        StreamError::Trailing(_) => "trailing",
        StreamError::NoPart(_) => "noPart",
        StreamError::NoShape(_) => "noShape",
        StreamError::NoSection(_) => "noSection",
        StreamError::TooManyParts => "tooManyParts",
        StreamError::BadNews => "badNews",
        StreamError::NoKeyframe => "noKeyframe",
        StreamError::Desync { .. } => "desync",
    }
}

fn zoo_tape(seed: u64, ticks: u32) -> Vec<Value> {
    let game = Match::new(Zoo::default(), options(seed), seed);
    let mut table = Table::new(game, restore_zoo);
    let (mut seated, mut random) = (Seated::default(), Random::from_seed(seed ^ 0x5eed));
    let mut tape = Tape::default();
    for _ in 0..ticks {
        play_tick(&mut table, &mut random, &mut seated);
        tape.note(&table);
    }
    tape.lines(table.game.schema())
}

fn arena_tape(seed: u64, ticks: u32) -> Vec<Value> {
    let game = Match::new(Arena, bots::options(seed), seed);
    let mut table = Table::new(game, bots::restore);
    let (mut bots, mut next) = (BTreeMap::new(), 1);
    let mut chance = Random::from_seed(seed ^ 0xa4e4a);
    let mut tape = Tape::default();
    for _ in 0..ticks {
        bots::tick(&mut table, &mut bots, &mut next, &mut chance);
        tape.note(&table);
    }
    tape.lines(table.game.schema())
}

#[test]
fn goldens_of_a_hard_game_are_what_they_were() {
    for seed in [1, 3, 4] {
        golden(&format!("zoo-{seed}.jsonl"), &zoo_tape(seed, 60));
    }
}

#[test]
fn goldens_of_bots_in_the_arena_are_what_they_were() {
    for seed in [6, 7] {
        golden(&format!("arena-{seed}.jsonl"), &arena_tape(seed, 45));
    }
}

#[test]
fn goldens_of_a_crowd_are_what_they_were() {
    golden("crowd.jsonl", &crowd::tape());
}

#[test]
fn goldens_of_lanes_that_are_seldom_are_what_they_were() {
    golden("lanes.jsonl", &lanes::tape());
}

#[test]
fn goldens_of_damaged_packets_are_what_they_were() {
    golden("damage.jsonl", &damage::tape());
}

#[test]
fn goldens_of_codecs_are_what_they_were() {
    golden("codecs.jsonl", &codecs::tape());
}
