//! One tick of the sending half, and keyframes.

use super::bits::BitBuffer;
use super::delta::{ArrivalPiece, Piece, SectionPiece};
use super::entry::{Arriving, Place};
use super::pending::Pending;
use super::record::{Budget, code_stranger};
use super::room::{Common, Room, RoomNews};
use super::section::{News, Section, is_reshaped};
use super::section_key::{Hearers, SectionKey};
use super::stream::Stream;
use super::viewer::{KEYFRAME_BIT, write_keys};
use super::watching::section_checksum;
use super::wire::{Sending, Silent};
use super::{delta::Delta, fit::Fit, part::Scratch};
use crate::ids::PlayerId;

const UNCHECKED: &str = "a sender codes what it has";

impl Stream {
    /// Tells what is new since the last tick.
    pub fn encode(&mut self) -> &Delta {
        self.room.tick = self.room.tick.next();
        self.delta.clear();
        self.delta.tick = self.room.tick;
        self.encode_news();
        self.encode_sections();
        self.encode_arrivals();
        self.encode_viewers();
        self.clean_up();
        &self.delta
    }

    fn encode_news(&mut self) {
        let shapes = std::mem::take(&mut self.new_shapes);
        let mut news = RoomNews { shapes, ..RoomNews::default() };
        self.fit.propose(&self.room, &mut news);
        if !news.is_empty() {
            if !news.modes.is_empty() {
                // Who is asked about is found anew: nobody with a new goal may be missed.
                for (key, section) in &self.room.sections {
                    self.dirty.extend(section.active().iter().map(|slot| (*key, *slot)));
                }
            }
            self.delta.news = Some(write_news(&self.room, &mut news, &mut self.delta.bits));
            news.shapes.clear();
            self.room.apply(&news);
        }
    }

    fn encode_sections(&mut self) {
        for key in self.pending.keys() {
            self.room.sections.entry(key).or_default();
        }
        self.dirty.sort_unstable();
        self.dirty.dedup();
        let mut later = &self.dirty[..];
        let (sections, common) = self.room.split();
        for (key, section) in sections {
            let pending = self.pending.get_or_none(*key);
            let dirty;
            (dirty, later) = later.split_at(later.partition_point(|(other, _)| other <= key));
            let nothing = section.active().is_empty() && pending.is_empty() && dirty.is_empty();
            if nothing {
                continue;
            }
            decide(section, pending, dirty, &common, &mut self.scratch);
            let is_quiet = section.active().is_empty()
                && pending.news.removed.is_empty()
                && pending.news.woken.is_empty()
                && pending.news.entered.is_empty()
                && pending.arriving.is_empty();
            if is_quiet {
                continue;
            }
            let (fit, delta, scratch) = (&mut self.fit, &mut self.delta, &mut self.scratch);
            let writer = Writer { fit, delta, scratch };
            writer.section(*key, section, pending, &common);
            for ((handle, audience), slot) in
                pending.entering.iter().zip(&pending.news.entered_slots)
            {
                self.records[*handle as usize].parts[*audience] =
                    Some(Place { key: *key, slot: Some(*slot) });
            }
        }
    }

    /// Moves parts from section to section, once all have left where they were.
    fn encode_arrivals(&mut self) {
        if !self.room.grid {
            return;
        }
        for index in 0..self.delta.sections.len() {
            let key = self.delta.sections[index].key;
            let Some(pending) = self.pending.get_mut(key) else { continue };
            let mut arriving = std::mem::take(&mut pending.arriving);
            let start = self.delta.arrivals.len();
            for arriving in arriving.drain(..) {
                self.encode_arrival(key, arriving);
            }
            self.delta.sections[index].arrivals = start..self.delta.arrivals.len();
            self.pending.get_mut(key).expect("it had one").arriving = arriving;
        }
    }

    fn encode_arrival(&mut self, key: SectionKey, arriving: Arriving) {
        let left = &mut self.pending.get_mut(arriving.from).expect("it left").news;
        let at = left.removed.binary_search(&arriving.slot).expect("it left");
        let mut part = left.limbo[at].take().expect("it left once");
        let (sections, common) = self.room.split();
        let shape = common.shapes.get(part.shape).expect("parts have shapes");
        let bits = &mut self.delta.bits;
        let from = bits.len();
        let mut wire = self.fit.wire(bits, key.hearers == Hearers::Everyone);
        part.step(shape, common.model, common.tick, &mut wire, &mut self.scratch);
        wire.coder.finish();
        part.was_seen(common.tick);
        let middle = bits.len();
        let mut budget = Budget::unbounded();
        let mut wire = Sending::uncounted(bits);
        code_stranger(&common, &mut wire, &mut part, &mut budget).expect(UNCHECKED);
        wire.coder.finish();
        self.delta.arrivals.push(ArrivalPiece {
            from: arriving.from,
            index: at as u32,
            chunk: from..middle,
            record: middle..bits.len(),
            bytes_needed: budget.bytes_needed(),
        });
        let slot = sections.get_mut(&key).expect("it has a piece").enter(part);
        self.records[arriving.handle as usize].parts[arriving.audience] =
            Some(Place { key, slot: Some(slot) });
    }

    fn clean_up(&mut self) {
        self.pending.clear(&mut self.pool);
        self.dirty.clear();
        if self.room.grid {
            self.room.sections.retain(|_, section| section.live() > 0);
        }
    }

    /// All that a viewer sees after the last tick, for one who has nothing. Says nothing to
    /// anybody else and changes nothing.
    #[must_use]
    pub fn keyframe(&self, player: PlayerId) -> Vec<u8> {
        let viewer = self.viewers.get(&player);
        self.write_keyframe(viewer.map_or(&[], |viewer| &viewer.wanted))
    }

    /// The keyframe of one who sees these sections.
    fn write_keyframe(&self, keys: &[SectionKey]) -> Vec<u8> {
        let mut out = BitBuffer::default();
        out.push(KEYFRAME_BIT, 1);
        out.push(self.room.tick.0, 32);
        out.push(u32::from(self.room.grid), 1);
        write_keys(keys, &mut out);
        let fresh = Room::new(self.room.schema.clone(), self.room.grid);
        write_news(&fresh, &mut self.room.history(), &mut out);
        let mut needed = 0;
        let mut sum = 0u32;
        for key in keys {
            needed += write_whole(&self.room, *key, &mut out).1;
            let section = self.room.sections.get(key);
            sum = sum
                .wrapping_add(section.map_or(0, |section| section_checksum(section, &self.room)));
        }
        out.push(sum, 32);
        let mut packet = out.into_bytes();
        if packet.len() < needed {
            packet.resize(needed, 0);
        }
        packet
    }
}

/// What a section's bits are written with.
struct Writer<'a> {
    fit: &'a mut Fit,
    delta: &'a mut Delta,
    scratch: &'a mut Scratch,
}

impl Writer<'_> {
    fn section(
        self,
        key: SectionKey,
        section: &mut Section,
        pending: &mut Pending,
        common: &Common<'_>,
    ) {
        let Self { fit, delta, scratch } = self;
        // What is learned is told to all: nothing is learned from what is hidden from some.
        let is_open = key.hearers == Hearers::Everyone;
        let news = &mut pending.news;
        let was_empty = section.live() == 0;
        let start = delta.bits.len();
        let first_predicted = delta.predicted.len();
        let mut budget = Budget::unbounded();
        let mut wire = fit.wire(&mut delta.bits, is_open);
        section.header(common, &mut wire, news, &mut budget).expect(UNCHECKED);
        wire.coder.finish();
        for slot in news.entered_slots.iter().filter(|_| is_open) {
            let part = section.get(*slot).expect("just entered");
            fit.motion.came(part, common.shapes.get(part.shape).expect("parts have shapes"));
        }
        for slot in news.present.iter().chain(&news.woken) {
            let from = delta.bits.len();
            let part = section.get_mut(*slot).expect("it has a chunk");
            if is_open {
                fit.motion.steps(part, common.shapes.get(part.shape).expect("parts have shapes"));
            }
            let mut wire = fit.wire(&mut delta.bits, is_open);
            section.chunk(*slot, common, &mut wire, scratch);
            wire.coder.finish();
            let part = section.get(*slot).expect("it has a chunk");
            if part.owned.is_predicted() && !is_reshaped(&news.reshaped, *slot) {
                let owner = part.owned.owner().unwrap_or_default();
                delta.predicted.push((owner, from..delta.bits.len()));
            }
        }
        for slot in &news.silent {
            section.rest(*slot, common, &mut Silent, scratch);
        }
        section.finish(common.tick, news);
        delta.sections.push(SectionPiece {
            key,
            bits: start..delta.bits.len(),
            predicted: first_predicted..delta.predicted.len(),
            arrivals: 0..0,
            was_empty,
            removed: news.removed.len() as u32,
            bytes_needed: budget.bytes_needed(),
        });
    }
}

/// Finds which parts of a section have something to tell.
fn decide(
    section: &mut Section,
    pending: &mut Pending,
    dirty: &[(SectionKey, u32)],
    common: &Common<'_>,
    scratch: &mut Scratch,
) {
    let Pending { news, arriving, .. } = pending;
    news.removed.sort_unstable();
    news.reshaped.sort_unstable();
    news.arrivals = arriving.len() as u32;
    let News { present, woken, removed, reshaped, .. } = news;
    let mut tells = |slot: u32| {
        if is_reshaped(reshaped, slot) {
            return true;
        }
        let part = section.get(slot).filter(|_| removed.binary_search(&slot).is_err());
        part.is_some_and(|part| {
            let shape = common.shapes.get(part.shape).expect("parts have shapes");
            part.has_residual(shape, scratch)
        })
    };
    present.extend(section.active().iter().filter(|slot| tells(**slot)));
    let woke = |slot: &&u32| !section.asks(**slot) && tells(**slot);
    woken.extend(dirty.iter().map(|(_, slot)| slot).filter(woke));
}

/// Writes what is new for the room.
pub(super) fn write_news(room: &Room, news: &mut RoomNews, out: &mut BitBuffer) -> Piece {
    let start = out.len();
    let mut wire = Sending::uncounted(out);
    room.code_news(&mut wire, news).expect(UNCHECKED);
    wire.coder.finish();
    start..out.len()
}

/// Writes a whole section.
pub(super) fn write_whole(room: &Room, key: SectionKey, out: &mut BitBuffer) -> (Piece, usize) {
    let start = out.len();
    let mut budget = Budget::unbounded();
    let mut wire = Sending::uncounted(out);
    let mut section = room.sections.get(&key).cloned().unwrap_or_default();
    section.full(&room.common(), &mut wire, &mut budget).expect(UNCHECKED);
    wire.coder.finish();
    (start..out.len(), budget.bytes_needed())
}
