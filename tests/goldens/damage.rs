//! Packets that were cut and flipped: which of them are refused, why, and that a keyframe heals.

use super::{base64, changes_checksum, checksum, error_name, schema_line};
use crate::simulation::{Seated, options, play_tick, restore_zoo};
use crate::table::Table;
use crate::zoo::Zoo;
use serde_json::{Value, json};
use std::sync::Arc;
use tickwire::prelude::*;
use tickwire::sync::schema::{ComponentId, Schema};
use tickwire::sync::{Replica, lanes_checksum};

/// A match with a grid and teams.
const SEED: u64 = 13;
const ME: PlayerId = PlayerId(99);
/// So many packets come before the one that is damaged.
const BEFORE: usize = 40;
/// So many come after it, and then a keyframe.
const AFTER: usize = 3;
const FLIPS: u32 = 300;

/// What one viewer is told from its first tick on, and a keyframe at the end.
fn packets() -> (Arc<Schema>, Vec<Vec<u8>>) {
    let game = Match::new(Zoo::default(), options(SEED), SEED);
    let mut table = Table::new(game, restore_zoo);
    let (mut seated, mut random) = (Seated::default(), Random::from_seed(SEED));
    table.join(ME.0, false, true);
    let mut packets = Vec::new();
    for _ in 0..=BEFORE + AFTER {
        play_tick(&mut table, &mut random, &mut seated);
        let told = table.clients[&ME].told.as_ref();
        packets.push(told.expect("it loses nothing").packet.clone());
    }
    packets.push(table.game.keyframe(ME));
    (table.game.schema().clone(), packets)
}

/// What comes of a damaged packet and of all that follow: whether each was refused, and a sum of
/// what is seen.
fn outcome(schema: &Arc<Schema>, packets: &[Vec<u8>], damaged: &[u8]) -> Value {
    let mut replica = Replica::new(schema.clone(), ME, false);
    for packet in &packets[..BEFORE] {
        replica.receive(packet).expect("an honest packet");
    }
    let (mut words, mut sums) = (Vec::new(), Vec::new());
    let after = packets[BEFORE + 1..].iter().map(Vec::as_slice);
    for packet in [damaged].into_iter().chain(after) {
        match replica.receive(packet).map(changes_checksum) {
            Ok(changes) => {
                words.push("ok");
                sums.extend([changes, checksum(&replica)]);
            }
            Err(error) => words.push(error_name(error)),
        }
    }
    assert_eq!(words.last(), Some(&"ok"), "a keyframe heals");
    let sum = lanes_checksum(NetId(0), ComponentId(0), sums.into_iter());
    json!([words.join(" "), sum])
}

pub(super) fn tape() -> Vec<Value> {
    let (schema, packets) = packets();
    let sent: Vec<Value> = packets.iter().map(|packet| base64(packet)).collect();
    let mut lines =
        vec![schema_line(&schema), json!({ "viewer": ME.0, "before": BEFORE, "packets": sent })];
    let mut random = Random::from_seed(1);
    for at in [BEFORE, packets.len() - 1] {
        let whole = &packets[at];
        // A keyframe is long: some of its lengths do.
        let every = 1 + whole.len() / 200;
        for length in (0..whole.len()).step_by(every) {
            let outcome = outcome(&schema, &packets, &whole[..length]);
            lines.push(json!({ "of": at, "length": length, "outcome": outcome }));
        }
        for _ in 0..FLIPS {
            let mut damaged = whole.clone();
            let count = 1 + random.below(3);
            let bits: Vec<u32> = (0..count).map(|_| random.below(whole.len() as u32 * 8)).collect();
            bits.iter().for_each(|bit| damaged[*bit as usize / 8] ^= 0x80 >> (bit % 8));
            let outcome = outcome(&schema, &packets, &damaged);
            lines.push(json!({ "of": at, "flips": bits, "outcome": outcome }));
        }
    }
    lines
}
