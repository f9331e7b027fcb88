//! What the fuzz targets share: a scripted match of a game that has one of everything, honest
//! viewers of it, and the ways to hand hostile bytes to each decoder.
//!
//! Where a format guards itself with a checksum, the harness makes the checksum right, as a
//! hostile sender would.

mod chorus;
pub mod game;
pub mod wire;

pub use chorus::chorus;
use game::{Act, Body, Card, Plan, Purse, Shield, Zoo};
use std::sync::{Arc, LazyLock};
use tickwire::ids::{PlayerId, Tick};
use tickwire::journal::{Journal, replay};
use tickwire::prelude::*;
use tickwire::sim::{Change, Controls, encode_input};
use tickwire::sync::field::{FieldKind, SchemaError};
use tickwire::sync::schema::{Audience, ComponentSchema, FieldSchema, Motion, Schema};
use tickwire::sync::{Prediction, Replica, StreamError};

/// The scripted match runs for so many ticks.
const TICKS: u32 = 150;
/// Hostile packets are received one after another, at most so many.
const PACKETS_MOST: usize = 6;
/// A restored match goes on for so many ticks.
const TICKS_RESTORED: u32 = 20;
/// A journal is replayed for at most so many ticks.
const REPLAY_MOST: u32 = 48;

/// Ticks after which a viewer's start is kept: before, while and after tables were told.
const STARTS: [u32; 4] = [3, 17, 40, 129];
/// A start is a keyframe and so many packets.
const HONEST_PACKETS: u32 = 3;

/// What comes into the scripted match in a tick.
fn script(tick: u32, random: &mut Random) -> TickInputs {
    let mut inputs = TickInputs::default();
    let join = |player: u32| {
        Change::Join(Join {
            player: PlayerId(player),
            name: format!("p{player}"),
            user: None,
            spectator: player == 4,
            predicts: player == 1,
            ..Join::default()
        })
    };
    match tick {
        1 => inputs.changes.extend([join(1), join(2)]),
        2 => inputs.changes.extend([join(3), join(4)]),
        50 => inputs.changes.push(Change::Away(PlayerId(3))),
        60 => inputs.changes.push(Change::Back(PlayerId(3))),
        90 => inputs.changes.push(Change::Leave(PlayerId(2))),
        100 => inputs.changes.push(join(2)),
        _ if tick % 20 == 7 => {
            let at = [tick as f32 % 50.0, 0.0];
            inputs.changes.push(Change::Look(PlayerId(4), at));
        }
        _ => {}
    }
    for player in 1..=3 {
        let act = Act {
            turn: random.below(41) as i8 - 20,
            thrust: !random.one_in(5),
            fire: random.one_in(17),
        };
        inputs.controls.push(Controls {
            player: PlayerId(player),
            input: encode_input(&act),
            seen: Some((Tick(tick.saturating_sub(2)), 9)),
            predicted: None,
        });
    }
    inputs
}

/// Plays the scripted match and hands it over after each tick with what came in.
pub fn play(mut after: impl FnMut(&mut Match, &TickInputs)) {
    let mut playing = Match::new(Zoo, 9, 1);
    let mut random = Random::from_seed(2);
    for tick in 1..=TICKS {
        let inputs = script(tick, &mut random);
        playing.tick(&inputs);
        after(&mut playing, &inputs);
    }
}

/// Who a viewer is, and the honest packets it has received.
#[derive(Debug)]
pub struct Start {
    player: PlayerId,
    /// Whether it predicts its own entities.
    pub predicts: bool,
    packets: Vec<Vec<u8>>,
    /// The packet that an honest sender would go on with.
    pub next: Vec<u8>,
}

/// The scripted match's schema, and viewers of it at several times.
pub static STARTED: LazyLock<(Arc<Schema>, Vec<Start>)> = LazyLock::new(|| {
    let mut schema = None;
    let mut starts: Vec<Start> = Vec::new();
    play(|playing, _| {
        schema.get_or_insert_with(|| playing.schema().clone());
        let tick = playing.tick_number().0;
        for start in &mut starts {
            let mut packet = Vec::new();
            playing.frame().delta.gather(start.player, &mut packet);
            if start.packets.len() <= HONEST_PACKETS as usize {
                start.packets.push(packet);
            } else if start.next.is_empty() {
                start.next = packet;
            }
        }
        if STARTS.contains(&tick) {
            starts.extend([1, 3, 4].map(|player| Start {
                player: PlayerId(player),
                predicts: player == 1,
                packets: vec![playing.keyframe(PlayerId(player))],
                next: Vec::new(),
            }));
        }
    });
    (schema.expect("it ticked"), starts)
});

impl Start {
    /// A keyframe, honest packets, and the next one.
    pub fn packets(&self) -> impl Iterator<Item = &[u8]> {
        self.packets.iter().chain([&self.next]).map(Vec::as_slice)
    }

    fn replica(&self) -> Replica {
        let mut replica = Replica::new(STARTED.0.clone(), self.player, self.predicts);
        for packet in &self.packets {
            replica.receive(packet).expect("an honest packet");
        }
        replica
    }
}

/// Cuts bytes into packets: each has its length before it, in two bytes; the last has the rest.
fn cut(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    while let [low, high, rest @ ..] = bytes
        && packets.len() < PACKETS_MOST
    {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        packets.push(rest[..length].to_vec());
        bytes = &rest[length..];
    }
    packets
}

/// Joins packets as the targets cut them.
#[must_use]
pub fn join(packets: &[&[u8]]) -> Vec<u8> {
    let one = |packet: &&[u8]| {
        let mut bytes = (packet.len() as u16).to_le_bytes().to_vec();
        bytes.extend_from_slice(packet);
        bytes
    };
    packets.iter().flat_map(one).collect()
}

/// A viewer that started honestly receives hostile packets. The first byte chooses the start.
pub fn packet(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let starts = &STARTED.1;
    let start = &starts[usize::from(*choice) % starts.len()];
    receive_all(&|| start.replica(), cut(rest));
}

/// A viewer that has nothing receives a hostile keyframe and what goes on from there. The first
/// byte chooses whether it predicts.
pub fn keyframe(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let mut packets = cut(rest);
    let Some(keyframe) = packets.first_mut().and_then(|keyframe| keyframe.first_mut()) else {
        return;
    };
    *keyframe |= 0x80;
    let schema = STARTED.0.clone();
    receive_all(&|| Replica::new(schema.clone(), PlayerId(1), choice % 2 == 1), packets);
}

/// Receives packets up to the first that is refused for more than its checksum.
fn receive_all(start: &dyn Fn() -> Replica, mut packets: Vec<Vec<u8>>) {
    // Some ticks in which nothing happened.
    packets.extend((0..3).map(|_| vec![0; 8]));
    let mut replica = start();
    let mut at = 0;
    let mut healed = None;
    while at < packets.len() {
        match receive(&mut replica, &packets[at]) {
            Ok(()) => {
                look(&replica);
                at += 1;
            }
            Err(StreamError::Desync { expected, found, .. })
                if healed != Some(at) && heal(&mut packets[at], expected, found) =>
            {
                healed = Some(at);
                replica = start();
                for packet in &packets[..at] {
                    let again = receive(&mut replica, packet);
                    assert_eq!(again, Ok(()), "the same packets are received alike");
                }
            }
            Err(_) => break,
        }
    }
    look(&replica);
}

fn receive(replica: &mut Replica, packet: &[u8]) -> Result<(), StreamError> {
    let mut prediction = Prediction::default();
    let mut lanes = Vec::new();
    // Every other time it predicts that its own stays as it is.
    if packet.len().is_multiple_of(2) {
        for id in replica.entities().filter(|id| replica.is_own(*id)) {
            for component in replica.components(id) {
                replica.lanes(id, component, &mut lanes);
                prediction.set(id, component, &lanes);
            }
        }
    }
    replica.receive_predicted(packet, &prediction).map(drop)
}

/// Puts the checksum that was found in the place of the one that was expected, if that is there.
fn heal(packet: &mut [u8], expected: u32, found: u32) -> bool {
    let bit = |packet: &[u8], at: usize| u32::from(packet[at / 8] >> (7 - at % 8) & 1);
    let Some(last) = (packet.len() * 8).checked_sub(32) else { return false };
    let mut window = 0;
    let mut place = None;
    for at in 0..last + 32 {
        window = window << 1 | bit(packet, at);
        if at >= 31 && window == expected {
            place = Some(at - 31);
        }
    }
    let Some(place) = place else { return false };
    for (at, shift) in (place..place + 32).zip((0..32).rev()) {
        let mask = 1 << (7 - at % 8);
        packet[at / 8] &= !mask;
        if found >> shift & 1 == 1 {
            packet[at / 8] |= mask;
        }
    }
    true
}

/// Reads all that a viewer has.
fn look(replica: &Replica) {
    let mut lanes = Vec::new();
    for id in replica.entities() {
        for component in replica.components(id) {
            assert!(replica.lanes(id, component, &mut lanes), "a component has lanes");
            let schema = replica.schema().component(component).expect("it is in the schema");
            let specs = schema.lanes();
            assert_eq!(lanes.len(), specs.len());
            for (lane, spec) in lanes.iter().zip(specs) {
                assert!(u64::from(*lane) < spec.modulus, "a lane stays within its range");
            }
        }
        let _ = (replica.get::<Body>(id), replica.get::<Card>(id), replica.get::<Plan>(id));
        let _ = (replica.get::<Purse>(id), replica.get::<Shield>(id), replica.owner(id));
    }
    let _ = (replica.own_checksum(), replica.tick());
}

/// Reads a schema, and writes and reads it again; a viewer can be made of it. Bytes that are no
/// schema are the numbers of one.
pub fn schema(bytes: &[u8]) {
    let Ok(schema) = Schema::from_bytes(bytes).or_else(|_| schema_of_numbers(bytes)) else {
        return;
    };
    let again = Schema::from_bytes(&schema.to_bytes()).expect("a schema that was written");
    assert_eq!(again, schema);
    assert_eq!(again.hash(), schema.hash());
    let mut replica = Replica::new(Arc::new(schema), PlayerId(1), false);
    // A keyframe with nothing in it, or an error.
    let _ = replica.receive(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let _ = replica.receive(&[0x80; 64]);
}

/// A schema with one float whose bounds and step are the first 24 bytes.
fn schema_of_numbers(bytes: &[u8]) -> Result<Schema, SchemaError> {
    let mut numbers = bytes
        .chunks_exact(8)
        .map(|eight| f64::from_le_bytes(eight.try_into().expect("eight bytes")));
    let mut next = || numbers.next().unwrap_or(1.0);
    let kind = FieldKind::Float { min: next(), max: next(), step: next() };
    let field = FieldSchema { name: "x".into(), kind, motion: Motion::Steady };
    Schema::new(vec![ComponentSchema::new("X", Audience::Everyone, vec![field])?])
}

/// Restores a match and lets it tick. The CRC is not among the bytes.
pub fn checkpoint(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    let Ok(mut restored) = Match::restore(Zoo, &bytes) else { return };
    let mut random = Random::from_seed(3);
    for tick in 0..TICKS_RESTORED {
        let frame = restored.tick(&script(tick, &mut random));
        let _ = frame.hash();
    }
    for player in 1..=4 {
        let _ = restored.keyframe(PlayerId(player));
    }
    let _ = (restored.checkpoint(), restored.state_hash());
}

/// Reads a journal and plays it. The checks of its records are made right first.
pub fn journal(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    check_records(&mut bytes);
    let Ok((journal, used)) = Journal::read(&bytes) else { return };
    assert!(used <= bytes.len());
    let written = journal.to_bytes();
    let again = Journal::from_bytes(&written).expect("a journal that was written");
    assert_eq!(again.to_bytes(), written);
    let _ = replay(Zoo, &journal, Tick(journal.last_tick().0.min(REPLAY_MOST)));
}

/// Makes the checks of all records right that are whole.
fn check_records(bytes: &mut [u8]) {
    let mut rest = bytes.get_mut(5..).unwrap_or_default();
    while let Some((prefix, after)) = rest.split_at_mut_checked(12) {
        let length: [u8; 4] = prefix[..4].try_into().expect("four bytes");
        prefix[4..8].copy_from_slice(&crc32fast::hash(&length).to_le_bytes());
        let Some((body, next)) = after.split_at_mut_checked(u32::from_le_bytes(length) as usize)
        else {
            return;
        };
        prefix[8..].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
        rest = next;
    }
}
