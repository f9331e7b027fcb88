//! A part told in full: to those who know nothing of it.

use super::error::StreamError;
use super::layout::{AGE_LIMIT, Form, TableId};
use super::model::Model;
use super::motion::{FRACTION, Lane, difference, moved};
use super::part::{Owned, Part};
use super::room::Common;
use super::section::NET_ID_MAX;
use super::shape::{LanePlan, Shape};
use super::wire::Wire;
use crate::ids::{NetId, PlayerId, Tick};

/// How much a packet may bring, so that it makes nobody reserve more than it justifies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    parts: usize,
    slots: usize,
}

impl Budget {
    const SLOTS_PER_BYTE: usize = 16;
    const LANES_PER_BYTE: usize = 16;

    /// What a packet of so many bytes may bring.
    pub(crate) fn of_packet(bytes: usize) -> Self {
        Self { parts: bytes, slots: bytes * Self::SLOTS_PER_BYTE }
    }

    /// No bounds: the sender's.
    pub(crate) fn unbounded() -> Self {
        Self { parts: usize::MAX, slots: usize::MAX }
    }

    /// How many bytes a packet must have for what was taken from an unbounded budget.
    pub(crate) fn bytes_needed(&self) -> usize {
        (usize::MAX - self.parts).max((usize::MAX - self.slots).div_ceil(Self::SLOTS_PER_BYTE))
    }

    pub(crate) fn take_part(&mut self, lanes: usize) -> Result<(), StreamError> {
        let bytes = 1 + lanes / Self::LANES_PER_BYTE;
        self.parts = self.parts.checked_sub(bytes).ok_or(StreamError::TooManyParts)?;
        Ok(())
    }

    pub(crate) fn take_slots(&mut self, count: usize) -> Result<(), StreamError> {
        self.slots = self.slots.checked_sub(count).ok_or(StreamError::TooManyParts)?;
        Ok(())
    }
}

/// Tells or hears an id against the one before.
pub(crate) fn code_id<W: Wire>(
    common: &Common<'_>,
    wire: &mut W,
    table: TableId,
    id: NetId,
    last: u32,
) -> NetId {
    // The next id is the likeliest.
    let step = wire.residual(common.model, table, i64::from(id.0) - i64::from(last) - 1) + 1;
    NetId((i64::from(last) + step) as u32 & NET_ID_MAX)
}

/// Tells or hears a part with its id, to those who may know nothing else of its section.
pub(crate) fn code_stranger<W: Wire>(
    common: &Common<'_>,
    wire: &mut W,
    part: &mut Part,
    budget: &mut Budget,
) -> Result<(), StreamError> {
    let id = NetId(wire.raw(part.id.0, 31));
    code_record(common, wire, part, id, budget)
}

/// Tells or hears a part, but for its id.
pub(crate) fn code_record<W: Wire>(
    common: &Common<'_>,
    wire: &mut W,
    part: &mut Part,
    id: NetId,
    budget: &mut Budget,
) -> Result<(), StreamError> {
    let model = common.model;
    let shape_id = wire.number(model, model.layout.shape, part.shape);
    let shape = common.shapes.get(shape_id).ok_or(StreamError::NoShape(shape_id))?;
    budget.take_part(shape.lanes.len())?;
    let kind = match part.owned {
        Owned::No => 0,
        Owned::By(_) => 1,
        Owned::PredictedBy(_) => 2,
    };
    let kind = wire.symbol(model, model.layout.owned, kind);
    let player = |wire: &mut W| {
        let owner = part.owned.owner().unwrap_or_default();
        PlayerId(wire.number(model, model.layout.owner, owner.0))
    };
    let owned = match kind {
        0 => Owned::No,
        1 => Owned::By(player(wire)),
        _ => Owned::PredictedBy(player(wire)),
    };
    if !W::SENDS {
        part.reset(id, owned, shape_id, shape, common.tick);
    }
    part.full(shape, model, common.tick, wire);
    Ok(())
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

impl Part {
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
        let level = lane.on(0, 0, 2);
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
}

/// The value that a lane comes with.
pub(crate) fn first<W: Wire>(wire: &mut W, model: &Model, plan: &LanePlan, value: u32) -> u32 {
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
    let offset: i16 = 2 << FRACTION;
    let fraction = wire.raw((lane.fraction + offset) as u32, FRACTION + 2) as i16 - offset;
    lane.on(velocity, fraction, age)
}
