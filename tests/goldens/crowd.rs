//! Two hundred who move about and turn at times: what decoding costs is measured by it.

use super::{schema_line, step};
use serde_json::{Value, json};
use std::sync::Arc;
use tickwire::prelude::*;
use tickwire::sim::Lanes;
use tickwire::sync::field::FieldKind;
use tickwire::sync::schema::{Audience, ComponentId, ComponentSchema, FieldSchema, Motion, Schema};
use tickwire::sync::{Entry, Handle, Replica, Stream, View};

const WALKERS: u32 = 200;
const TICKS: u32 = 180;
/// The keyframe in the middle.
const AGAIN: u32 = 120;
const ME: PlayerId = PlayerId(1);
const BODY: ComponentId = ComponentId(0);
const HEALTH: ComponentId = ComponentId(1);
const SIDE: u32 = 10_000;
const HEADINGS: u32 = 256;

fn schema() -> Arc<Schema> {
    let field = |name: &str, kind, motion| FieldSchema { name: name.into(), kind, motion };
    let place = FieldKind::Float { min: 0.0, max: 100.0, step: 0.01 };
    let body = vec![
        field("x", place.clone(), Motion::Steady),
        field("y", place, Motion::Steady),
        field("heading", FieldKind::Angle { steps: HEADINGS }, Motion::Steady),
    ];
    let health = vec![field("points", FieldKind::Int { min: 0, max: 100 }, Motion::Hold)];
    let components = [("Body", body), ("Health", health)]
        .map(|(name, fields)| ComponentSchema::new(name, Audience::Everyone, fields));
    let components = components.into_iter().collect::<Result<_, _>>();
    Arc::new(Schema::new(components.expect("fields")).expect("a schema"))
}

struct Walker {
    handle: Handle,
    /// In 1/64 of a step.
    place: [i32; 2],
    velocity: [i32; 2],
    heading: u32,
    turn: u32,
    health: u32,
}

impl Walker {
    fn walk(&mut self, stream: &mut Stream, random: &mut Random) {
        if random.one_in(25) {
            self.velocity = [0, 1].map(|_| random.below(1200) as i32 - 600);
            self.turn = random.below(7) + HEADINGS - 3;
        }
        let edge = SIDE as i32 * 64;
        for axis in 0..2 {
            self.place[axis] = (self.place[axis] + self.velocity[axis]).clamp(0, edge);
        }
        self.heading = (self.heading + self.turn) % HEADINGS;
        let [x, y] = self.place.map(|axis| ((axis + 32) / 64) as u32);
        stream.set(self.handle, BODY, &[x, y, self.heading]);
        if random.one_in(60) {
            self.health = random.below(101);
            stream.set(self.handle, HEALTH, &[self.health]);
        }
    }
}

/// Everything that one viewer is told of the crowd.
pub(super) fn tape() -> Vec<Value> {
    let mut stream = Stream::new(schema(), false);
    stream.join(ME, View::default());
    let mut replica = Replica::new(schema(), ME, false);
    let mut random = Random::from_seed(200);
    let mut walkers: Vec<Walker> = (0..WALKERS)
        .map(|_| {
            let at = [random.below(SIDE), random.below(SIDE)];
            let lanes = [at[0], at[1], 0, 100];
            Walker {
                handle: stream.spawn(Entry::default(), &[BODY, HEALTH], &lanes),
                place: at.map(|axis| axis as i32 * 64),
                velocity: [0, 1].map(|_| random.below(1200) as i32 - 600),
                heading: 0,
                turn: 1,
                health: 100,
            }
        })
        .collect();
    let mut lines = vec![schema_line(&schema()), json!({ "viewer": ME.0, "predicts": false })];
    let mut packet = Vec::new();
    for tick in 0..TICKS {
        if tick > 0 {
            walkers.iter_mut().for_each(|walker| walker.walk(&mut stream, &mut random));
        }
        stream.encode();
        stream.delta().gather(ME, &mut packet);
        if packet.is_empty() || tick == AGAIN {
            packet = stream.keyframe(ME);
        }
        let changes = replica.receive(&packet).expect("an honest packet").clone();
        lines.push(step(&replica, &packet, &Lanes::new(), &changes, tick == TICKS - 1));
    }
    lines
}
