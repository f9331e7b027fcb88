//! A part: those components of an entity that the same receivers see, lane by lane.
//!
//! A part is told once in full and then step by step. Both ways of telling are written here, once
//! for the sender and the receiver.

use super::layout::{AGE_LIMIT, Form};
use super::model::Model;
use super::motion::{FRACTION, Lane, Prediction, difference, moved, risk_class};
use super::shape::{ComponentPlan, LanePlan, NO_DRIVER, Shape, ShapeId};
use super::wire::Wire;
use crate::ids::{NetId, PlayerId, Tick};

/// A part that was quiet for so many ticks, and is at rest, is no longer asked about each tick.
const ACTIVE_TICKS: u32 = 4;
/// How a predicted part's line counts as known: whoever leaves its chunks out cannot know better.
const CALM_PREDICTED: u8 = 8;

/// Whose a part is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Owned {
    /// Nobody's.
    #[default]
    No,
    /// A player's.
    By(PlayerId),
    /// A player's, who may predict it.
    PredictedBy(PlayerId),
}

impl Owned {
    pub(crate) fn owner(self) -> Option<PlayerId> {
        match self {
            Self::No => None,
            Self::By(player) | Self::PredictedBy(player) => Some(player),
        }
    }

    pub(crate) fn predicted_by(self, player: PlayerId) -> bool {
        self == Self::PredictedBy(player)
    }

    pub(crate) fn is_predicted(self) -> bool {
        matches!(self, Self::PredictedBy(_))
    }
}

/// What one section holds of one entity.
#[derive(Clone, Debug, Default)]
pub(crate) struct Part {
    pub(crate) id: NetId,
    pub(crate) owned: Owned,
    pub(crate) shape: ShapeId,
    pub(crate) lanes: Vec<Lane>,
    /// For each component, when it last had a residual.
    marks: Vec<Tick>,
    /// When it last had a chunk.
    seen: Tick,
    /// How likely its lines are to be missed: 0 at rest, then 1 to 9.
    calm: u8,
    moving: bool,
    /// The sender's: what its lanes shall be after this tick.
    pub(crate) goal: Vec<u32>,
    /// The sender's, while it finds out how lanes move: how far each moved in its last chunk.
    pub(crate) last_deltas: Vec<i32>,
}

/// Working memory of a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    /// How far each lane moves in this step.
    deltas: Vec<i64>,
}

impl Scratch {
    /// Whether any of these lanes moved in the last step.
    pub(crate) fn moved(&self, lanes: std::ops::Range<usize>) -> bool {
        self.deltas[lanes].iter().any(|delta| *delta != 0)
    }
}

/// How a part is told in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It came in this tick: nothing else is known of it.
    Fresh,
    /// Nothing of it has changed for long.
    Rested,
    /// It has ages and lines to be told.
    Mixed,
}

/// 0 for what changed just now, 2 for what has kept long.
fn age_class(age: u32) -> u32 {
    match age {
        ..=4 => 0,
        5..=8 => 1,
        _ => 2,
    }
}

impl Part {
    /// Makes it one that has just come, with its values as goals; memory is reused.
    pub(crate) fn reset(
        &mut self,
        id: NetId,
        owned: Owned,
        shape: ShapeId,
        plan: &Shape,
        tick: Tick,
    ) {
        self.id = id;
        self.owned = owned;
        self.shape = shape;
        self.lanes.clear();
        self.lanes.resize(plan.lanes.len(), Lane::default());
        self.marks.clear();
        self.marks.resize(plan.components.len(), tick);
        self.goal.clear();
        self.goal.resize(plan.lanes.len(), 0);
        self.last_deltas.clear();
        self.seen = tick;
    }

    /// Whether it must be asked about in each tick.
    pub(crate) fn is_active(&self, tick: Tick) -> bool {
        self.moving || self.owned.is_predicted() || tick.since(self.seen) < ACTIVE_TICKS
    }

    /// The situation in which its presence is told.
    pub(crate) fn presence_context(&self, tick: Tick) -> u32 {
        let age = match tick.since(self.seen) {
            ..=1 => 0,
            2 => 1,
            3..=4 => 2,
            5..=8 => 3,
            _ => 4,
        };
        u32::from(self.calm) * 5 + age
    }

    /// Whether any lane will not be where it is expected; fills `scratch` for the step.
    pub(crate) fn has_residual(&self, shape: &Shape, scratch: &mut Scratch) -> bool {
        self.measure(shape, scratch);
        shape.components.iter().any(|plan| self.component_has_residual(shape, plan, scratch))
    }

    fn measure(&self, shape: &Shape, scratch: &mut Scratch) {
        scratch.deltas.clear();
        let lanes = self.lanes.iter().zip(&self.goal).zip(&shape.lanes);
        scratch.deltas.extend(lanes.map(|((lane, goal), plan)| {
            if lane.value == *goal { 0 } else { difference(*goal, lane.value, plan.modulus) }
        }));
    }

    fn component_has_residual(
        &self,
        shape: &Shape,
        plan: &ComponentPlan,
        scratch: &Scratch,
    ) -> bool {
        plan.range().any(|at| {
            let lane = &shape.lanes[at];
            if !lane.steady {
                return scratch.deltas[at] != 0;
            }
            let prediction = self.lanes[at].predict(nudge(lane, scratch), lane.modulus, lane.wraps);
            prediction.value != self.goal[at]
        })
    }

    /// Takes one step: tells or hears what was not expected, and moves on. The sender moves to
    /// its goal, the receiver to where it is told.
    pub(crate) fn step<W: Wire>(
        &mut self,
        shape: &Shape,
        model: &Model,
        tick: Tick,
        wire: &mut W,
        scratch: &mut Scratch,
    ) {
        if W::SENDS {
            self.measure(shape, scratch);
        } else {
            scratch.deltas.clear();
            scratch.deltas.resize(shape.lanes.len(), 0);
        }
        let mut unrest = 0;
        for index in &shape.order {
            let index = usize::from(*index);
            let plan = &shape.components[index];
            let age = age_class(tick.since(self.marks[index]));
            let mut changed = true;
            if plan.has_flag() {
                let class = if plan.steady { self.risk_class(shape, plan) } else { age };
                let context = class * 3 + unrest;
                let flag = W::SENDS && self.component_has_residual(shape, plan, scratch);
                changed = wire.flag(model, plan.flag + context, flag);
            }
            if !changed && !plan.steady {
                continue;
            }
            for at in plan.range() {
                let residual = self.step_lane(
                    at,
                    &shape.lanes[at],
                    model,
                    wire,
                    scratch,
                    changed,
                    age,
                    unrest,
                );
                if residual != 0 {
                    self.marks[index] = tick;
                    unrest = unrest.max(residual.unsigned_abs().min(2) as u32);
                }
            }
        }
        self.settle(shape);
    }

    #[allow(clippy::too_many_arguments)]
    #[inline]
    fn step_lane<W: Wire>(
        &mut self,
        at: usize,
        plan: &LanePlan,
        model: &Model,
        wire: &mut W,
        scratch: &mut Scratch,
        changed: bool,
        age: u32,
        unrest: u32,
    ) -> i64 {
        let lane = &mut self.lanes[at];
        let before = lane.value;
        if !plan.steady {
            if changed {
                let residual = if W::SENDS { scratch.deltas[at] } else { 0 };
                let context = age * 3 + unrest;
                let residual = code(wire, model, plan, before, before, context, residual);
                lane.value = moved(before, residual, plan.modulus);
                scratch.deltas[at] = residual;
                return residual;
            }
            return 0;
        }
        let prediction: Prediction = lane.predict(nudge(plan, scratch), plan.modulus, plan.wraps);
        let mut residual = 0;
        if changed {
            if W::SENDS {
                residual = difference(self.goal[at], prediction.value, plan.modulus);
            }
            let context = prediction.class() * 3 + unrest;
            let side = prediction.side();
            residual =
                side * code(wire, model, plan, prediction.value, before, context, side * residual);
        }
        let value = moved(prediction.value, residual, plan.modulus);
        lane.follow(prediction, value, residual, plan.modulus);
        if !W::SENDS {
            scratch.deltas[at] = difference(value, before, plan.modulus);
        }
        residual
    }

    /// The class of the chance that a component's lines are missed.
    fn risk_class(&self, shape: &Shape, plan: &ComponentPlan) -> u32 {
        let steady = plan.range().filter(|at| shape.lanes[*at].steady);
        risk_class(steady.map(|at| self.lanes[at].risk()).sum())
    }

    /// Notes that it had a chunk.
    pub(crate) fn was_seen(&mut self, tick: Tick) {
        self.seen = tick;
    }

    /// Brings what follows from its lanes up to date.
    fn settle(&mut self, shape: &Shape) {
        if self.owned.is_predicted() {
            self.calm = CALM_PREDICTED;
            return;
        }
        self.moving = false;
        self.calm = 0;
        if shape.steady {
            let mut risk = 0;
            for (lane, _) in self.lanes.iter().zip(&shape.lanes).filter(|(_, plan)| plan.steady) {
                self.moving |= !lane.is_resting();
                risk += lane.risk();
            }
            self.calm = risk.checked_ilog2().map_or(0, |log| log.min(8) + 1) as u8;
        }
    }

    /// Tells or hears all of it but its id, shape and owner.
    pub(crate) fn full<W: Wire>(&mut self, shape: &Shape, model: &Model, tick: Tick, wire: &mut W) {
        let state = wire.symbol(model, model.layout.fresh, self.state(shape, tick) as usize);
        if !W::SENDS && state == State::Rested as usize {
            let then = Tick(tick.0.saturating_sub(AGE_LIMIT));
            self.marks.iter_mut().chain([&mut self.seen]).for_each(|mark| *mark = then);
        }
        if state == State::Mixed as usize {
            for mark in self.marks.iter_mut().chain([&mut self.seen]) {
                let left = AGE_LIMIT.saturating_sub(tick.since(*mark));
                let left = wire.number(model, model.layout.age, left).min(AGE_LIMIT);
                if !W::SENDS {
                    *mark = Tick(tick.0.saturating_sub(AGE_LIMIT - left));
                }
            }
        }
        for (at, plan) in shape.lanes.iter().enumerate() {
            self.full_lane(at, plan, model, wire, state);
        }
        self.settle(shape);
    }

    fn state(&self, shape: &Shape, tick: Tick) -> State {
        let mut marks = self.marks.iter().chain([&self.seen]);
        let mut lanes = self.lanes.iter().zip(&shape.lanes).filter(|(_, plan)| plan.steady);
        if marks.clone().all(|mark| *mark == tick) && lanes.clone().all(|(lane, _)| lane.age == 0) {
            State::Fresh
        } else if marks.all(|mark| tick.since(*mark) >= AGE_LIMIT)
            && lanes.all(|(lane, _)| lane.is_resting())
        {
            State::Rested
        } else {
            State::Mixed
        }
    }

    fn full_lane<W: Wire>(
        &mut self,
        at: usize,
        plan: &LanePlan,
        model: &Model,
        wire: &mut W,
        state: usize,
    ) {
        let mut lane = self.lanes[at];
        lane.value = first(wire, model, plan, lane.value);
        let level = Lane { value: lane.value, fraction: 0, velocity: 0, age: 2 };
        if plan.steady && state == State::Rested as usize {
            lane = level;
        } else if plan.steady && state == State::Mixed as usize {
            if wire.flag(model, model.layout.resting, lane == level) {
                lane = level;
            } else {
                lane = moving_lane(wire, model, plan, lane);
            }
        }
        if !W::SENDS {
            self.lanes[at] = lane;
        }
    }

    /// Changes its set of components: what stays keeps its lines, what is new is told.
    pub(crate) fn reshape<W: Wire>(
        &mut self,
        old: &Shape,
        new: &Shape,
        new_id: ShapeId,
        model: &Model,
        tick: Tick,
        wire: &mut W,
    ) {
        let mut lanes = Vec::with_capacity(new.lanes.len());
        let mut marks = Vec::with_capacity(new.components.len());
        for plan in &new.components {
            if let Some(at) = old.find(plan.id) {
                lanes.extend_from_slice(&self.lanes[old.components[at].range()]);
                marks.push(self.marks[at]);
                continue;
            }
            marks.push(tick);
            for lane in plan.range() {
                let value = self.goal.get(lane).copied().unwrap_or(0);
                lanes.push(Lane::at(first(wire, model, &new.lanes[lane], value)));
            }
        }
        self.lanes = lanes;
        self.marks = marks;
        self.shape = new_id;
        self.settle(new);
    }

    /// Forgets the line of a lane, after its motion was changed.
    pub(crate) fn forget_line(&mut self, shape: &Shape, at: usize) {
        self.lanes[at] = Lane::at(self.lanes[at].value);
        self.settle(shape);
    }

    /// The receiver's own values for a part whose chunk it needs not be sent.
    pub(crate) fn set_goal(&mut self, values: &[u32]) {
        self.goal.clear();
        self.goal.extend_from_slice(values);
    }
}

/// How a lane's driver changes its velocity in this step.
#[inline]
fn nudge(plan: &LanePlan, scratch: &Scratch) -> i64 {
    if plan.driver == NO_DRIVER {
        return 0;
    }
    (scratch.deltas[plan.driver as usize] * i64::from(plan.gain)) >> (16 - FRACTION)
}

/// One residual in the form of its lane.
#[inline]
fn code<W: Wire>(
    wire: &mut W,
    model: &Model,
    plan: &LanePlan,
    predicted: u32,
    before: u32,
    context: u32,
    residual: i64,
) -> i64 {
    let table = match plan.form {
        Form::Wide => return wire.residual(model, plan.residual + context, residual),
        Form::Direct => plan.residual + context,
        Form::Small => plan.residual + before * 2 + u32::from(!context.is_multiple_of(3)),
    };
    let symbol = residual.rem_euclid(plan.modulus as i64) as usize;
    let symbol = wire.symbol(model, table, symbol);
    difference(moved(predicted, symbol as i64, plan.modulus), predicted, plan.modulus)
}

/// The value that a lane comes with.
fn first<W: Wire>(wire: &mut W, model: &Model, plan: &LanePlan, value: u32) -> u32 {
    let home = plan.home;
    let residual = difference(value, home, plan.modulus);
    let residual = match plan.form {
        Form::Wide => wire.residual(model, plan.first, residual),
        Form::Small | Form::Direct => {
            let symbol = residual.rem_euclid(plan.modulus as i64) as usize;
            wire.symbol(model, plan.first, symbol) as i64
        }
    };
    moved(home, residual, plan.modulus)
}

/// The line of a lane that is not at rest.
fn moving_lane<W: Wire>(wire: &mut W, model: &Model, plan: &LanePlan, lane: Lane) -> Lane {
    let age = wire.raw(u32::from(lane.age), 6).min(32) as u8;
    let whole = wire.residual(model, model.layout.velocity, lane.velocity >> FRACTION);
    let part = wire.raw((lane.velocity & ((1 << FRACTION) - 1)) as u32, FRACTION);
    let fastest = (plan.modulus << FRACTION) as i64;
    let velocity = ((whole << FRACTION) | i64::from(part)).clamp(-fastest, fastest);
    let offset = 2 << FRACTION;
    let fraction = wire.raw((lane.fraction + offset) as u32, FRACTION + 2) as i32 - offset;
    Lane { value: lane.value, fraction, velocity, age }
}
