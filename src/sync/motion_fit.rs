//! The sender finds out how lanes move that were declared neither holding nor steady: by what
//! they would have cost either way, and by which other lane foretells their bends.

use super::model::{Driver, GAIN_LIMIT, LaneMode, Model};
use super::motion::difference;
use super::part::Part;
use super::room::RoomNews;
use super::schema::{Motion, Schema};
use super::shape::{Shape, ShapeId, Shapes};
use crate::ids::Tick;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// It decides first at this tick, then each time the match is twice as old.
const FIRST_DECISION: u32 = 16;
/// Shapes with more lanes than this are not searched for drivers.
const LANES_SEARCHED: usize = 24;
/// Differences are clamped to this, so that sums of products stay exact.
const DELTA_MOST: i64 = 1 << 20;
/// A driver must foretell this share of the bends, in 1/256.
const FORETOLD_LEAST: i128 = 140;

/// What was seen of one lane.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct LaneStatistics {
    /// Bits, had it been told against its last value.
    hold: u64,
    /// Bits, had it been told against its last step.
    steady: u64,
    /// The value that most new ones come with, if any, and by how many it leads.
    home: u32,
    lead: u32,
}

/// What was seen of the lanes of one shape together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct ShapeStatistics {
    /// Sums of bends squared, by lane.
    bends: Vec<i64>,
    /// Sums of steps squared, by lane.
    steps: Vec<i64>,
    /// Sums of a lane's bend by another's step, a row for each that bends.
    products: Vec<i64>,
}

/// What the sender has seen of all lanes' motion.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct MotionFit {
    /// By component and lane.
    lanes: Vec<Vec<LaneStatistics>>,
    shapes: BTreeMap<ShapeId, ShapeStatistics>,
    any_auto: bool,
    /// Working memory: how lanes may move from now on.
    #[serde(skip)]
    modes: Vec<Vec<LaneMode>>,
}

impl MotionFit {
    pub(crate) fn new(schema: &Schema) -> Self {
        let components = schema.components().iter();
        let lanes = components
            .clone()
            .map(|component| vec![LaneStatistics::default(); component.lanes().len()])
            .collect();
        let any_auto = components
            .flat_map(|component| component.lanes())
            .any(|lane| lane.motion == Motion::Auto);
        Self { lanes, shapes: BTreeMap::new(), any_auto, modes: Vec::new() }
    }

    /// Whether it was made for this schema.
    pub(crate) fn fits(&self, schema: &Schema) -> bool {
        let new = Self::new(schema);
        self.any_auto == new.any_auto
            && self.lanes.len() == new.lanes.len()
            && self.lanes.iter().zip(schema.components()).all(|(lanes, component)| {
                let specs = component.lanes();
                let homes = lanes.iter().zip(specs).all(|(l, s)| u64::from(l.home) < s.modulus);
                lanes.len() == specs.len() && homes
            })
    }

    /// Sees a part come.
    pub(crate) fn came(&mut self, part: &Part, shape: &Shape) {
        for plan in &shape.components {
            let statistics = &mut self.lanes[usize::from(plan.id.0)];
            for (lane, seen) in part.lanes[plan.range()].iter().zip(statistics) {
                if seen.home == lane.value {
                    seen.lead = seen.lead.saturating_add(1);
                } else if seen.lead == 0 {
                    (seen.home, seen.lead) = (lane.value, 1);
                } else {
                    seen.lead -= 1;
                }
            }
        }
    }

    /// Sees a part that has a chunk, before it steps to its goal. Nothing is asked of lanes whose
    /// motion is declared but what they do to others.
    pub(crate) fn steps(&mut self, part: &mut Part, shape: &Shape) {
        if !self.any_auto {
            return;
        }
        let size = shape.lanes.len();
        let mut deltas = [0; LANES_SEARCHED];
        let mut bends = [0; LANES_SEARCHED];
        for plan in &shape.components {
            let statistics = &mut self.lanes[usize::from(plan.id.0)];
            for (at, seen) in plan.range().zip(statistics) {
                let lane = &mut part.lanes[at];
                let told = difference(lane.goal, lane.value, shape.lanes[at].modulus);
                let delta = told.clamp(-DELTA_MOST, DELTA_MOST);
                let bend = told - i64::from(lane.last_delta);
                lane.last_delta = delta as i32;
                if at < LANES_SEARCHED {
                    deltas[at] = delta;
                }
                if !shape.lanes[at].auto {
                    continue;
                }
                seen.hold = seen.hold.saturating_add(cost(told));
                seen.steady = seen.steady.saturating_add(cost(bend));
                if at < LANES_SEARCHED {
                    bends[at] = bend.clamp(-DELTA_MOST, DELTA_MOST);
                }
            }
        }
        if shape.auto && size <= LANES_SEARCHED {
            self.shapes.entry(part.shape).or_default().add(&deltas[..size], &bends[..size]);
        }
    }

    /// Decides how lanes move from now on.
    pub(crate) fn propose(
        &mut self,
        model: &Model,
        shapes: &Shapes,
        schema: &Schema,
        tick: Tick,
        news: &mut RoomNews,
    ) {
        if tick.0 < FIRST_DECISION || !tick.0.is_power_of_two() {
            return;
        }
        let mut modes = std::mem::take(&mut self.modes);
        modes.clone_from(&model.modes);
        for (at, component) in schema.components().iter().enumerate() {
            let lanes = component.lanes().iter().zip(&self.lanes[at]).zip(&mut modes[at]);
            for ((spec, seen), mode) in lanes {
                if spec.motion == Motion::Auto && seen.hold.max(seen.steady) > 0 {
                    mode.steady = seen.steady < seen.hold;
                }
                if seen.lead > 0 {
                    mode.home = seen.home;
                }
                mode.driver = mode.driver.filter(|_| mode.steady);
            }
        }
        for (component, lane, driver) in self.drivers(shapes, schema, &modes) {
            modes[component][lane].driver = Some(driver);
        }
        for (component, (new, old)) in modes.iter().zip(&model.modes).enumerate() {
            for (lane, (new, old)) in new.iter().zip(old).enumerate() {
                if new != old {
                    news.modes.push((component as u16, lane as u16, *new));
                }
            }
        }
        self.modes = modes;
    }

    /// The best driver of each lane that has one, by component and lane.
    fn drivers(
        &self,
        shapes: &Shapes,
        schema: &Schema,
        modes: &[Vec<LaneMode>],
    ) -> Vec<(usize, usize, Driver)> {
        let mut found: Vec<(usize, usize, Driver)> = Vec::new();
        for (id, seen) in &self.shapes {
            let Some(shape) = shapes.get(*id).filter(|shape| seen.fits(shape)) else { continue };
            let lanes: Vec<(usize, usize)> = shape
                .components
                .iter()
                .flat_map(|plan| (0..plan.len as usize).map(|lane| (usize::from(plan.id.0), lane)))
                .collect();
            for (driven, (component, lane)) in lanes.iter().enumerate() {
                let spec = &schema.components()[*component].lanes()[*lane];
                let steady = modes[*component][*lane].steady;
                let other = |driver: usize| lanes[driver].0 != *component;
                if spec.motion != Motion::Auto || !steady {
                    continue;
                }
                if let Some((driver, gain)) = seen.best_driver(driven, other) {
                    let (from, from_lane) = lanes[driver];
                    let driver = Driver { component: from as u16, lane: from_lane as u16, gain };
                    found.push((*component, *lane, driver));
                }
            }
        }
        // What drives is not driven.
        let driving: Vec<usize> =
            found.iter().map(|(.., driver)| usize::from(driver.component)).collect();
        found.retain(|(component, ..)| !driving.contains(component));
        found
    }
}

impl ShapeStatistics {
    fn add(&mut self, deltas: &[i64], bends: &[i64]) {
        let size = deltas.len();
        self.bends.resize(size, 0);
        self.steps.resize(size, 0);
        self.products.resize(size * size, 0);
        for (lane, delta) in deltas.iter().enumerate() {
            self.steps[lane] = self.steps[lane].saturating_add(delta * delta);
        }
        for (lane, bend) in bends.iter().enumerate().filter(|(_, bend)| **bend != 0) {
            self.bends[lane] = self.bends[lane].saturating_add(bend * bend);
            let row = &mut self.products[lane * size..(lane + 1) * size];
            for (sum, delta) in row.iter_mut().zip(deltas) {
                *sum = sum.saturating_add(bend * delta);
            }
        }
    }

    fn fits(&self, shape: &Shape) -> bool {
        let size = shape.lanes.len();
        self.bends.len() == size && self.steps.len() == size && self.products.len() == size * size
    }

    /// The lane whose steps foretell most of a lane's bends, and the gain.
    fn best_driver(&self, driven: usize, may: impl Fn(usize) -> bool) -> Option<(usize, i32)> {
        let size = self.bends.len();
        let bends = i128::from(self.bends[driven]);
        let foretold = |driver: usize| {
            let product = i128::from(self.products[driven * size + driver]);
            let below = bends * i128::from(self.steps[driver]);
            if below == 0 { 0 } else { ((product * product) >> 8) / (below >> 16).max(1) }
        };
        let driver =
            (0..size).filter(|driver| may(*driver)).max_by_key(|driver| foretold(*driver))?;
        if foretold(driver) < FORETOLD_LEAST {
            return None;
        }
        let product = i128::from(self.products[driven * size + driver]);
        let gain = (product << 16) / i128::from(self.steps[driver]).max(1);
        (gain.abs() < i128::from(GAIN_LIMIT)).then_some((driver, gain as i32))
    }
}

/// About how many bits a residual costs.
fn cost(residual: i64) -> u64 {
    u64::from(64 - residual.unsigned_abs().leading_zeros())
}
