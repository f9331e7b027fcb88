//! Faults planted into what one of many is told on a grid: nearly each is found, most of them at once.

use super::{Chorus, SingerId};
use crate::ids::PlayerId;
use crate::sync::field::FieldKind;
use crate::sync::schema::{Audience, ComponentId, ComponentSchema, FieldSchema, Motion, Schema};
use crate::sync::section_key::Cell;
use crate::sync::{Delta, Entry, Handle, Stream, View};
use std::sync::Arc;

const SEEDS: u64 = 30;
const VIEWERS: u32 = 6;
const WALKERS: u32 = 30;
const COLUMNS: u32 = 8;
/// A fault is planted from this tick on, once there is something to plant it in.
const PLANTED_AT: u32 = 40;
/// Within so many ticks there is a checksum.
const CHECKED_WITHIN: u32 = 32;
const COMPONENTS: [ComponentId; 2] = [ComponentId(0), ComponentId(1)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plant {
    /// The record of another one who came.
    Record,
    /// The step of another one who came.
    Chunk,
    /// Another one of those who left.
    Origin,
    /// Another section than the one that comes into view.
    Section,
}

struct Walker {
    handle: Handle,
    entry: Entry,
    lanes: [u32; 2],
}

struct Stage {
    stream: Stream,
    chorus: Chorus,
    singers: Vec<(PlayerId, SingerId, u32)>,
    walkers: Vec<Walker>,
    /// Whether all stay where they are, and look there.
    is_calm: bool,
    /// Where chance has come to.
    chance: u64,
}

fn schema() -> Arc<Schema> {
    let number = |motion| {
        let kind = FieldKind::Int { min: 0, max: 4000 };
        vec![FieldSchema { name: "n".into(), kind, motion }]
    };
    let place = ComponentSchema::new("Place", Audience::Everyone, number(Motion::Steady));
    let purse = ComponentSchema::new("Purse", Audience::Owner, number(Motion::Hold));
    Arc::new(Schema::new(vec![place.expect("fields"), purse.expect("fields")]).expect("a schema"))
}

fn cell(column: u32) -> Cell {
    Cell { x: column as i16, y: 0 }
}

fn view(column: u32) -> View {
    View { cells: (column..column + 3).map(cell).collect(), ..View::default() }
}

impl Stage {
    fn new(seed: u64) -> Self {
        let mut stage = Self {
            stream: Stream::new(schema(), true),
            chorus: Chorus::default(),
            singers: Vec::new(),
            walkers: Vec::new(),
            is_calm: false,
            chance: seed + 1,
        };
        for number in 0..WALKERS {
            let owner = (number < VIEWERS).then_some(PlayerId(number));
            let entry = Entry { owner, cell: Some(cell(number % COLUMNS)), ..Entry::default() };
            let lanes = [number * 100, number];
            let handle = stage.stream.spawn(entry, &COMPONENTS, &lanes);
            stage.walkers.push(Walker { handle, entry, lanes });
        }
        for number in 0..VIEWERS {
            let player = PlayerId(number);
            stage.stream.join(player, view(number));
            let singer = stage.chorus.enter(schema(), player);
            stage.singers.push((player, singer, number));
        }
        stage
    }

    fn below(&mut self, end: u32) -> u32 {
        self.chance = self.chance.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e);
        (self.chance >> 33) as u32 % end
    }

    fn walk(&mut self) {
        for at in 0..self.walkers.len() {
            let (turn, step) = (self.below(5), self.below(COLUMNS));
            let walker = &mut self.walkers[at];
            walker.lanes[0] = (walker.lanes[0] + 7) % 4000;
            walker.lanes[1] = if turn == 1 { step } else { walker.lanes[1] };
            if turn == 0 && !self.is_calm {
                walker.entry.cell = Some(cell(step));
                self.stream.relocate(walker.handle, walker.entry, &COMPONENTS, &walker.lanes);
            }
            for (component, lane) in COMPONENTS.iter().zip(&walker.lanes) {
                self.stream.set(walker.handle, *component, &[*lane]);
            }
        }
        for at in 0..self.singers.len() {
            if self.below(4) == 0 && !self.is_calm {
                self.singers[at].2 = self.below(COLUMNS);
                self.stream.set_view(self.singers[at].0, view(self.singers[at].2));
            }
        }
        self.stream.encode();
    }

    /// All take their packets, one the wrong one if that differs; says whether it did, and whether
    /// anything was found.
    fn tick(&mut self, plant: Option<Plant>) -> (bool, bool) {
        self.walk();
        let delta = self.stream.delta().clone();
        let wrong = plant.map(|plant| planted(&delta, plant));
        let (mut was_planted, mut was_found) = (false, false);
        let (mut packet, mut other) = (Vec::new(), Vec::new());
        let first = self.below(VIEWERS) as usize;
        for at in (0..self.singers.len()).map(|at| (at + first) % VIEWERS as usize) {
            let (player, singer, _) = self.singers[at];
            delta.gather(player, &mut packet);
            if packet.is_empty() {
                packet = self.stream.keyframe(player);
            }
            if let Some(wrong) = wrong.as_ref().filter(|_| !was_planted) {
                wrong.gather(player, &mut other);
                was_planted = other != packet;
                packet.clone_from(&other);
            }
            if self.chorus.receive(singer, &packet).is_err() {
                was_found = true;
                let keyframe = self.stream.keyframe(player);
                self.chorus.receive(singer, &keyframe).expect("a keyframe heals");
            }
        }
        (was_planted, was_found)
    }
}

/// The same with everything of a kind in another one's place.
fn planted(delta: &Delta, plant: Plant) -> Delta {
    let mut wrong = delta.clone();
    let after = |at: usize, count: usize| (at + 1) % count;
    for (at, arrival) in wrong.arrivals.iter_mut().enumerate() {
        let other = &delta.arrivals[after(at, delta.arrivals.len())];
        let from = delta.sections.iter().find(|section| section.key == arrival.from);
        match plant {
            Plant::Record => arrival.record = other.record.clone(),
            Plant::Chunk => arrival.chunk = other.chunk.clone(),
            Plant::Origin => {
                let left = from.map_or(1, |from| from.removed);
                arrival.index = (arrival.index + 1) % left;
            }
            Plant::Section => {}
        }
    }
    if plant == Plant::Section {
        for (at, section) in wrong.seen_new.iter_mut().enumerate() {
            *section = delta.seen_new[after(at, delta.seen_new.len())].clone();
        }
    }
    wrong
}

#[test]
fn what_one_is_told_wrongly_on_a_grid_is_found() {
    for plant in [Plant::Record, Plant::Chunk, Plant::Origin, Plant::Section] {
        let (mut found, mut at_once) = (0, 0);
        for seed in 0..SEEDS {
            let mut stage = Stage::new(seed);
            let mut planted_at = None;
            for tick in 0..PLANTED_AT * 3 {
                let plants = tick >= PLANTED_AT && planted_at.is_none();
                let (was_planted, was_found) = stage.tick(plants.then_some(plant));
                if was_planted {
                    // Else what is wrong may go out of view before anybody counts it.
                    (planted_at, stage.is_calm) = (Some(tick), true);
                }
                let Some(since) = planted_at else {
                    assert!(!was_found, "{plant:?} {seed}: nothing was wrong");
                    let is_settled = tick > 0;
                    assert!(!is_settled || stage.chorus.together() == (6, 6), "{seed}");
                    continue;
                };
                if was_found || tick > since + CHECKED_WITHIN {
                    found += u32::from(was_found);
                    at_once += u32::from(was_found && tick <= since + 1);
                    break;
                }
            }
        }
        let seeds = SEEDS as u32;
        // Two that change places without a word are, all in all, the same to whoever adds them up.
        assert!(found * 10 >= seeds * 9, "{plant:?}: {found}, {at_once} at once");
        assert!(at_once * 2 > seeds, "{plant:?}: {at_once} at once");
    }
}
