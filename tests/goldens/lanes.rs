//! Lanes that the games seldom have: driven, tiny, as wide as can be; all of them predicted by
//! whom they belong to, at times wrongly.

use super::{schema_line, step};
use crate::table::prediction_of;
use serde_json::{Value, json};
use std::sync::Arc;
use tickwire::prelude::*;
use tickwire::sim::Lanes;
use tickwire::sync::field::FieldKind;
use tickwire::sync::schema::{Audience, ComponentId, ComponentSchema, FieldSchema, Motion, Schema};
use tickwire::sync::{Entry, Handle, Replica, Stream, View};

const TICKS: u32 = 110;
const THINGS: u32 = 14;
/// So many of them are the viewer's own.
const OWN: u32 = 2;
const ME: PlayerId = PlayerId(1);
/// The greatest place.
const SIDE: i64 = 1 << 20;

fn schema() -> Arc<Schema> {
    let int = |min, max, motion| (FieldKind::Int { min, max }, motion);
    let turn = |steps| (FieldKind::Angle { steps }, Motion::Steady);
    let (hold, steady, auto) = (Motion::Hold, Motion::Steady, Motion::Auto);
    let components = vec![
        ("Gear", vec![int(0, 9, steady)]),
        ("Dials", vec![turn(12), turn(30), turn(720)]),
        // What is driven comes before what drives it.
        ("Place", vec![int(0, SIDE, auto), int(0, SIDE, auto)]),
        ("Speed", vec![int(-500, 500, hold), int(-500, 500, hold)]),
        ("Wide", vec![int(0, 0xffff_ffff, steady), int(0, 0xffff_ffff, auto)]),
        ("Tiny", vec![int(0, 20, hold), int(0, 1, steady), int(7, 7, hold), int(0, 20, steady)]),
    ];
    let made = components.into_iter().map(|(name, fields)| {
        let field = |(at, (kind, motion))| FieldSchema { name: format!("lane {at}"), kind, motion };
        let fields = fields.into_iter().enumerate().map(field).collect();
        ComponentSchema::new(name, Audience::Everyone, fields)
    });
    Arc::new(Schema::new(made.collect::<Result<_, _>>().expect("fields")).expect("a schema"))
}

/// One entity and its lanes by component.
struct Thing {
    handle: Handle,
    lanes: Vec<Vec<u32>>,
}

impl Thing {
    fn live(&mut self, random: &mut Random) {
        let [gear, dials, place, speed, wide, tiny] = &mut self.lanes[..] else { return };
        if random.one_in(9) {
            gear[0] = random.below(10);
        }
        for (dial, steps) in dials.iter_mut().zip([12, 30, 720]) {
            let slip = if random.one_in(15) { random.below(steps) } else { 0 };
            *dial = (*dial + steps / 12 + slip) % steps;
        }
        for axis in 0..2 {
            if random.one_in(10) {
                speed[axis] = random.below(1001);
            }
            let step = (i64::from(speed[axis]) - 500) * 5;
            place[axis] = (i64::from(place[axis]) + step).clamp(0, SIDE) as u32;
            if random.one_in(6) {
                wide[axis] = random.bits() as u32;
            } else {
                wide[axis] = wide[axis].saturating_add(0x0123_4567 >> random.below(3));
            }
        }
        if random.one_in(3) {
            tiny[0] = random.below(21);
        }
        tiny[1] ^= u32::from(random.one_in(4));
        tiny[3] = (tiny[3] + 3 + random.below(2)) % 21;
    }
}

/// Everything that one viewer is told, who predicts.
pub(super) fn tape() -> Vec<Value> {
    let mut stream = Stream::new(schema(), false);
    stream.join(ME, View { predicts: true, ..View::default() });
    let all: Vec<ComponentId> = (0..6).map(ComponentId).collect();
    let middle = (SIDE / 2) as u32;
    let start = [vec![3], vec![0; 3], vec![middle; 2], vec![500; 2], vec![9; 2], vec![1, 0, 0, 2]];
    let mut things: Vec<Thing> = (0..THINGS)
        .map(|index| {
            let owner = (index < OWN).then_some(ME);
            let entry = Entry { owner, predicted: owner.is_some(), ..Entry::default() };
            let handle = stream.spawn(entry, &all, &start.concat());
            Thing { handle, lanes: start.to_vec() }
        })
        .collect();
    let mut replica = Replica::new(schema(), ME, true);
    let mut random = Random::from_seed(77);
    let mut lines = vec![schema_line(&schema()), json!({ "viewer": ME.0, "predicts": true })];
    let mut packet = Vec::new();
    for tick in 0..TICKS {
        let mut predicted = Lanes::new();
        let is_wrong = random.one_in(4);
        for thing in things.iter_mut().filter(|_| tick > 0) {
            thing.live(&mut random);
            let id = stream.id(thing.handle);
            for (component, lanes) in all.iter().zip(&thing.lanes) {
                stream.set(thing.handle, *component, lanes);
                if replica.is_own(id) {
                    let mut lanes = lanes.clone();
                    lanes[0] ^= u32::from(is_wrong && component.0 == 0);
                    predicted.insert((id, *component), lanes);
                }
            }
        }
        let prediction = prediction_of(&predicted);
        stream.claim(ME, (!predicted.is_empty()).then(|| prediction.checksum()));
        stream.encode();
        stream.delta().gather(ME, &mut packet);
        if packet.is_empty() || tick == TICKS / 2 {
            packet = stream.keyframe(ME);
        }
        let received = replica.receive_predicted(&packet, &prediction);
        let changes = received.expect("an honest packet").clone();
        lines.push(step(&replica, &packet, &predicted, &changes, tick % 60 == 59));
    }
    lines
}
