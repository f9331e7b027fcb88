//! A part: those components of an entity that the same receivers see, lane by lane.
//!
//! A part is told once in full and then step by step. Both ways of telling are written here, once
//! for the sender and the receiver.

use super::layout::{AGE_LIMIT, Form};
use super::model::Model;
use super::motion::{FRACTION, Lane, Prediction, difference, moved, risk_class};
use super::record::first;
use super::shape::{ComponentPlan, LanePlan, NO_DRIVER, Shape, ShapeId};
use super::wire::Wire;
use crate::ids::{NetId, PlayerId, Tick};
use std::ops::Range;

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
    pub(super) marks: Vec<Tick>,
    /// When it last had a chunk.
    pub(super) seen: Tick,
    /// How likely its lines are to be missed: 0 at rest, then 1 to 9.
    calm: u8,
    moving: bool,
}

/// Working memory of a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scratch {
    /// How far each lane moves in this step.
    deltas: Vec<i64>,
}

impl Scratch {
    /// Whether any of these lanes moved in the last step.
    pub(crate) fn moved(&self, lanes: Range<usize>) -> bool {
        self.deltas[lanes].iter().any(|delta| *delta != 0)
    }
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
    /// Whether another one is the same at this tick to whoever receives it: what is long ago is as
    /// good as longer ago, as keyframes have it.
    pub(crate) fn is_like(&self, other: &Self, tick: Tick) -> bool {
        let age = |mark: &Tick| tick.since(*mark).min(AGE_LIMIT);
        let lane = |lane: &Lane| (lane.value, lane.velocity, lane.fraction, lane.age);
        let rest = |it: &Self| (it.id, it.owned, it.shape, age(&it.seen), it.calm, it.moving);
        rest(self) == rest(other)
            && self.marks.iter().map(age).eq(other.marks.iter().map(age))
            && self.lanes.iter().map(lane).eq(other.lanes.iter().map(lane))
    }

    /// Makes it one that has just come, with no values yet; memory is reused.
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
        self.seen = tick;
    }

    /// Gives lanes of a part that has just come their values.
    pub(crate) fn fill(&mut self, lanes: Range<usize>, values: &[u32]) {
        let lanes = self.lanes[lanes].iter_mut().zip(values);
        lanes.for_each(|(lane, value)| *lane = Lane::at(*value));
    }

    /// Sets what some of its lanes shall be after this tick; says whether that is new.
    pub(crate) fn aim(&mut self, lanes: Range<usize>, goals: &[u32]) -> bool {
        let mut is_new = false;
        for (lane, goal) in self.lanes[lanes].iter_mut().zip(goals) {
            is_new |= lane.goal != *goal;
            lane.goal = *goal;
        }
        is_new
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
        let lanes = self.lanes.iter().zip(&shape.lanes);
        scratch.deltas.extend(lanes.map(|(lane, plan)| {
            let Lane { value, goal, .. } = *lane;
            if value == goal { 0 } else { difference(goal, value, plan.modulus) }
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
            let now = &self.lanes[at];
            now.predict(nudge(lane, scratch), lane.modulus, lane.wraps).value != now.goal
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
                residual = difference(lane.goal, prediction.value, plan.modulus);
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
    pub(super) fn settle(&mut self, shape: &Shape) {
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

    /// Changes its set of components: what stays keeps its lines, what is new is told. The sender
    /// knows all values to come.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn reshape<W: Wire>(
        &mut self,
        old: &Shape,
        new: &Shape,
        new_id: ShapeId,
        goals: &[u32],
        model: &Model,
        tick: Tick,
        wire: &mut W,
    ) {
        let mut lanes: Vec<Lane> = Vec::with_capacity(new.lanes.len());
        let mut marks = Vec::with_capacity(new.components.len());
        for plan in &new.components {
            if let Some(at) = old.find(plan.id) {
                lanes.extend_from_slice(&self.lanes[old.components[at].range()]);
                marks.push(self.marks[at]);
                continue;
            }
            marks.push(tick);
            for lane in plan.range() {
                let value = goals.get(lane).copied().unwrap_or(0);
                lanes.push(Lane::at(first(wire, model, &new.lanes[lane], value)));
            }
        }
        for (at, lane) in lanes.iter_mut().enumerate() {
            // How far lanes moved is kept by place, whichever lane is there.
            lane.last_delta = self.lanes.get(at).map_or(0, |old| old.last_delta);
        }
        self.lanes = lanes;
        self.marks = marks;
        self.aim(0..new.lanes.len(), goals);
        self.shape = new_id;
        self.settle(new);
    }

    /// Forgets the line of a lane, after its motion was changed.
    pub(crate) fn forget_line(&mut self, shape: &Shape, at: usize) {
        self.lanes[at] = self.lanes[at].on(0, 0, 0);
        self.settle(shape);
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
