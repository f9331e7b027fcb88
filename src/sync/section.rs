//! A section: the parts that the same receivers see, as both sides hold them.
//!
//! What happens in a section in one tick is coded once: a header that says who leaves, changes
//! shape, has a chunk and comes, then the chunks. Parts are named by their slot; the lowest free
//! slot is taken next, so that slots need not be told.

use super::error::StreamError;
use super::part::{Part, Scratch};
use super::record::{Budget, code_id, code_record};
use super::room::Common;
use super::shape::ShapeId;
use super::wire::Wire;
use crate::ids::{NetId, Tick};

/// Ids of entities end here: every difference of two fits a token.
pub(crate) const NET_ID_MAX: u32 = u32::MAX >> 1;

/// The parts of one section.
#[derive(Clone, Debug, Default)]
pub(crate) struct Section {
    slots: Vec<Option<Box<Part>>>,
    /// No slot below this one is free.
    hole: usize,
    /// The slots of the parts that are asked about in each tick, ascending.
    active: Vec<u32>,
    /// The part that came last; the next one is told against it.
    last_id: NetId,
    live: usize,
}

/// A part that changes shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reshaped {
    pub(crate) slot: u32,
    pub(crate) shape: ShapeId,
    /// The sender's: where the values of its lanes begin.
    pub(crate) goals: usize,
}

/// Whether a part is one of these, which ascend.
pub(crate) fn is_reshaped(reshaped: &[Reshaped], slot: u32) -> bool {
    reshaped.binary_search_by_key(&slot, |reshaped| reshaped.slot).is_ok()
}

/// What happens in a section in one tick. The sender fills it, the receiver finds it.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Slots of parts that leave, ascending.
    pub(crate) removed: Vec<u32>,
    /// Slots of parts that change shape, ascending, and their new shapes.
    pub(crate) reshaped: Vec<Reshaped>,
    /// The sender's: the values to come of all lanes of those parts.
    pub(crate) goals: Vec<u32>,
    /// The shapes that they had.
    pub(crate) old_shapes: Vec<ShapeId>,
    /// Parts that come.
    pub(crate) entered: Vec<Box<Part>>,
    /// Slots of active parts that have a chunk, ascending.
    pub(crate) present: Vec<u32>,
    /// Slots of active parts that have none.
    pub(crate) silent: Vec<u32>,
    /// Slots of other parts that have a chunk, ascending.
    pub(crate) woken: Vec<u32>,
    /// How many parts come from another section.
    pub(crate) arrivals: u32,
    /// The parts that left.
    pub(crate) limbo: Vec<Option<Box<Part>>>,
    /// Slots of the parts that came.
    pub(crate) entered_slots: Vec<u32>,
}

impl News {
    pub(crate) fn clear(&mut self) {
        self.removed.clear();
        self.reshaped.clear();
        self.goals.clear();
        self.old_shapes.clear();
        self.entered.clear();
        self.present.clear();
        self.silent.clear();
        self.woken.clear();
        self.arrivals = 0;
        self.limbo.clear();
        self.entered_slots.clear();
    }
}

impl Section {
    /// How many parts it has.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    /// Whether another one is the same at this tick to whoever receives it.
    pub(crate) fn is_like(&self, other: &Self, tick: Tick) -> bool {
        let is_like = |(one, other): (&Option<Box<Part>>, &Option<Box<Part>>)| match (one, other) {
            (Some(one), Some(other)) => one.is_like(other, tick),
            (None, None) => true,
            _ => false,
        };
        self.slots.len() == other.slots.len()
            && self.active == other.active
            && self.last_id == other.last_id
            && self.slots.iter().zip(&other.slots).all(is_like)
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&Part> {
        self.slots.get(slot as usize)?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Part> {
        self.slots.get_mut(slot as usize)?.as_deref_mut()
    }

    /// Its parts with their slots, ascending.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (u32, &Part)> {
        self.slots.iter().enumerate().filter_map(|(at, part)| Some((at as u32, part.as_deref()?)))
    }

    pub(crate) fn parts_mut(&mut self) -> impl Iterator<Item = &mut Part> {
        self.slots.iter_mut().flatten().map(Box::as_mut)
    }

    /// Its parts with their slots, ascending, to be changed.
    pub(crate) fn parts_with_slots_mut(&mut self) -> impl Iterator<Item = (u32, &mut Part)> {
        let slots = self.slots.iter_mut().enumerate();
        slots.filter_map(|(at, part)| Some((at as u32, part.as_deref_mut()?)))
    }

    pub(crate) fn active(&self) -> &[u32] {
        &self.active
    }

    /// Whether a part is asked about in each tick.
    pub(crate) fn asks(&self, slot: u32) -> bool {
        self.active.binary_search(&slot).is_ok()
    }

    /// Puts a part into the lowest free slot.
    pub(crate) fn enter(&mut self, part: Box<Part>) -> u32 {
        let taken = self.slots[self.hole..].iter().take_while(|part| part.is_some()).count();
        let slot = self.hole + taken;
        self.put(slot, part);
        self.hole = slot + 1;
        slot as u32
    }

    fn put(&mut self, slot: usize, part: Box<Part>) {
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        self.slots[slot] = Some(part);
        self.live += 1;
        let at = self.active.partition_point(|active| *active < slot as u32);
        self.active.insert(at, slot as u32);
    }

    fn remove(&mut self, slot: u32) -> Option<Box<Part>> {
        let part = self.slots.get_mut(slot as usize)?.take()?;
        while matches!(self.slots.last(), Some(None)) {
            self.slots.pop();
        }
        self.hole = self.hole.min(slot as usize);
        self.live -= 1;
        Some(part)
    }

    /// Codes the header of one tick and does what it says, but for the steps of the chunks.
    pub(crate) fn header<W: Wire>(
        &mut self,
        common: &Common<'_>,
        wire: &mut W,
        news: &mut News,
        budget: &mut Budget,
    ) -> Result<(), StreamError> {
        self.code_removed(common, wire, news)?;
        self.code_reshaped(common, wire, news, budget)?;
        self.code_present(common, wire, news)?;
        self.code_entered(common, wire, news, budget)?;
        if common.grid {
            let model = common.model;
            news.arrivals = wire.number(model, model.layout.count + 3, news.arrivals);
        }
        Ok(())
    }

    fn code_removed<W: Wire>(
        &mut self,
        common: &Common<'_>,
        wire: &mut W,
        news: &mut News,
    ) -> Result<(), StreamError> {
        let model = common.model;
        let count = wire.number(model, model.layout.count, news.removed.len() as u32);
        let mut slot = 0;
        for index in 0..count as usize {
            let sent = news.removed.get(index).map_or(0, |removed| removed - slot);
            slot = wire.number(model, model.layout.gap, sent).saturating_add(slot);
            let part = self.remove(slot).ok_or(StreamError::NoPart(slot))?;
            news.limbo.push(Some(part));
            if !W::SENDS {
                news.removed.push(slot);
            }
        }
        if count > 0 {
            let slots = &self.slots;
            self.active.retain(|slot| slots.get(*slot as usize).is_some_and(Option::is_some));
        }
        Ok(())
    }

    fn code_reshaped<W: Wire>(
        &mut self,
        common: &Common<'_>,
        wire: &mut W,
        news: &mut News,
        budget: &mut Budget,
    ) -> Result<(), StreamError> {
        let model = common.model;
        let count = wire.number(model, model.layout.count + 1, news.reshaped.len() as u32);
        let mut next = 0;
        for index in 0..count as usize {
            let heard = Reshaped { slot: next, shape: 0, goals: 0 };
            let sent = news.reshaped.get(index).copied().unwrap_or(heard);
            let slot = wire.number(model, model.layout.gap, sent.slot - next).saturating_add(next);
            next = slot.saturating_add(1);
            let shape_id = wire.number(model, model.layout.shape, sent.shape);
            let new = common.shapes.get(shape_id).ok_or(StreamError::NoShape(shape_id))?;
            budget.take_part(new.lanes.len())?;
            let part = self.get_mut(slot).ok_or(StreamError::NoPart(slot))?;
            let old = common.shapes.get(part.shape).ok_or(StreamError::NoShape(part.shape))?;
            news.old_shapes.push(part.shape);
            let goals = news.goals.get(sent.goals..).unwrap_or_default();
            part.reshape(old, new, shape_id, goals, model, common.tick, wire);
            if !W::SENDS {
                news.reshaped.push(Reshaped { slot, shape: shape_id, goals: 0 });
            }
        }
        Ok(())
    }

    fn code_present<W: Wire>(
        &mut self,
        common: &Common<'_>,
        wire: &mut W,
        news: &mut News,
    ) -> Result<(), StreamError> {
        let model = common.model;
        let mut next = 0;
        for slot in &self.active {
            let Some(part) = self.slots[*slot as usize].as_ref() else { continue };
            let context = model.layout.presence + part.presence_context(common.tick);
            let sent = W::SENDS && news.present.get(next) == Some(slot);
            if wire.flag(model, context, sent) {
                next += 1;
                if !W::SENDS {
                    news.present.push(*slot);
                }
            } else {
                news.silent.push(*slot);
            }
        }
        let mut last = -1i64;
        for index in 0.. {
            let sent = news.woken.get(index).map_or(0, |slot| (i64::from(*slot) - last) as u32);
            let gap = wire.number(model, model.layout.gap, sent);
            if gap == 0 {
                break;
            }
            last += i64::from(gap);
            if !W::SENDS {
                let slot = u32::try_from(last).map_err(|_| StreamError::NoPart(u32::MAX))?;
                if self.get(slot).is_none() || self.active.binary_search(&slot).is_ok() {
                    return Err(StreamError::NoPart(slot));
                }
                news.woken.push(slot);
            }
        }
        Ok(())
    }

    fn code_entered<W: Wire>(
        &mut self,
        common: &Common<'_>,
        wire: &mut W,
        news: &mut News,
        budget: &mut Budget,
    ) -> Result<(), StreamError> {
        let model = common.model;
        let count = wire.number(model, model.layout.count + 2, news.entered.len() as u32);
        let mut entered = std::mem::take(&mut news.entered);
        let mut coming = entered.drain(..);
        for _ in 0..count {
            let mut part = coming.next().unwrap_or_default();
            let id = code_id(common, wire, model.layout.id, part.id, self.last_id.0);
            code_record(common, wire, &mut part, id, budget)?;
            self.last_id = id;
            let slot = self.enter(part);
            news.entered_slots.push(slot);
        }
        drop(coming);
        news.entered = entered;
        Ok(())
    }

    /// Steps a part without a word.
    pub(crate) fn rest<W: Wire>(
        &mut self,
        slot: u32,
        common: &Common<'_>,
        wire: &mut W,
        scratch: &mut Scratch,
    ) {
        let Some(part) = self.slots[slot as usize].as_mut() else { return };
        let Some(shape) = common.shapes.get(part.shape) else { return };
        part.step(shape, common.model, common.tick, wire, scratch);
    }

    /// Steps a part by its chunk.
    pub(crate) fn chunk<W: Wire>(
        &mut self,
        slot: u32,
        common: &Common<'_>,
        wire: &mut W,
        scratch: &mut Scratch,
    ) {
        self.rest(slot, common, wire, scratch);
        if let Some(part) = self.get_mut(slot) {
            part.was_seen(common.tick);
        }
    }

    /// Ends the tick: decides who is asked about in the next one.
    pub(crate) fn finish(&mut self, tick: Tick, news: &News) {
        if !news.woken.is_empty() {
            self.active.extend_from_slice(&news.woken);
            self.active.sort_unstable();
        }
        let slots = &self.slots;
        self.active
            .retain(|slot| slots[*slot as usize].as_ref().is_some_and(|part| part.is_active(tick)));
        if self.live == 0 {
            // As if it had never been: the sender may forget it.
            self.last_id = NetId(0);
        }
    }

    /// Tells or hears the whole section.
    pub(crate) fn full<W: Wire>(
        &mut self,
        common: &Common<'_>,
        wire: &mut W,
        budget: &mut Budget,
    ) -> Result<(), StreamError> {
        let model = common.model;
        let slots: Vec<u32> = self.parts().map(|(slot, _)| slot).collect();
        let mut next = 0;
        let mut last_id = 0;
        let count = wire.number(model, model.layout.count + 2, slots.len() as u32);
        for index in 0..count as usize {
            let free = slots.get(index).map_or(0, |slot| slot - next);
            let free = wire.number(model, model.layout.free, free);
            budget.take_slots(free as usize + 1)?;
            let slot = next + free;
            next = slot + 1;
            let mut part = self.get(slot).cloned().unwrap_or_default();
            let id = code_id(common, wire, model.layout.next_id, part.id, last_id);
            last_id = id.0;
            code_record(common, wire, &mut part, id, budget)?;
            if !W::SENDS {
                self.put(slot as usize, Box::new(part));
            }
        }
        let last_id = NetId(wire.raw(self.last_id.0, 31));
        if !W::SENDS {
            self.last_id = last_id;
            self.hole = self.slots.iter().take_while(|part| part.is_some()).count();
            self.reactivate(common.tick);
        }
        Ok(())
    }

    /// Finds the active parts anew.
    pub(crate) fn reactivate(&mut self, tick: Tick) {
        let active = self
            .slots
            .iter()
            .enumerate()
            .filter_map(|(slot, part)| part.as_ref()?.is_active(tick).then_some(slot as u32));
        self.active = active.collect();
    }
}
