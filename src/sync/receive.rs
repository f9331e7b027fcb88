//! How a replica takes a packet apart.

use super::error::{PACKET_BYTES_LIMIT, StreamError};
use super::part::{Part, Scratch};
use super::prediction::Prediction;
use super::range::RangeDecoder;
use super::record::{Budget, code_stranger};
use super::replica::{Changes, Replica};
use super::room::{Common, Room, RoomNews};
use super::schema::ComponentId;
use super::section::{News, Section, is_reshaped};
use super::section_key::SectionKey;
use super::shape::Shape;
use super::viewer::{BitReader, Prologue, read_keys};
use super::watching::section_checksum;
use super::wire::{Known, Receiving, Silent, Wire};
use crate::ids::{NetId, Tick};

impl Replica {
    pub(super) fn apply(
        &mut self,
        packet: &[u8],
        prediction: &Prediction,
    ) -> Result<(), StreamError> {
        self.changes.clear();
        if packet.len() > PACKET_BYTES_LIMIT {
            return Err(StreamError::TooLong(packet.len()));
        }
        let mut reader = BitReader { bytes: packet, at: 0 };
        let mut budget = Budget::of_packet(packet.len());
        let is_checked = if reader.take(1)? == 1 {
            self.apply_keyframe(&mut reader, &mut budget)?;
            true
        } else {
            self.apply_packet(&mut reader, &mut budget, prediction)?
        };
        if is_checked {
            let expected = reader.take(32)?;
            self.check(expected)?;
        }
        // What a budget asks for is filled with zeros.
        let rest = packet.get(reader.at.div_ceil(8)..).unwrap_or(&[]);
        if rest.iter().any(|byte| *byte != 0) {
            return Err(StreamError::Trailing(rest.len()));
        }
        self.conclude();
        Ok(())
    }

    fn apply_keyframe(
        &mut self,
        reader: &mut BitReader<'_>,
        budget: &mut Budget,
    ) -> Result<(), StreamError> {
        let tick = Tick(reader.take(32)?);
        if tick >= Tick::LIMIT {
            return Err(StreamError::BadNews);
        }
        let grid = reader.take(1)? == 1;
        let mut room = Room::new(self.schema.clone(), grid);
        room.tick = tick;
        let mut keys = Vec::new();
        read_keys(reader, &mut keys)?;
        room.apply(&read_news(reader, &room)?);
        self.forget_all();
        self.unknown.clear();
        for key in keys {
            self.begin_section(reader, &mut room, key, budget)?;
        }
        self.room = Some(room);
        self.broken = false;
        Ok(())
    }

    fn apply_packet(
        &mut self,
        reader: &mut BitReader<'_>,
        budget: &mut Budget,
        prediction: &Prediction,
    ) -> Result<bool, StreamError> {
        if self.broken {
            return Err(StreamError::NoKeyframe);
        }
        let mut room = self.room.take().ok_or(StreamError::NoKeyframe)?;
        let mut prologue = std::mem::take(&mut self.prologue);
        let applied = self.apply_to(&mut room, reader, &mut prologue, budget, prediction);
        self.room = Some(room);
        let is_checked = prologue.checksum;
        self.prologue = prologue;
        applied.map(|()| is_checked)
    }

    fn apply_to(
        &mut self,
        room: &mut Room,
        reader: &mut BitReader<'_>,
        prologue: &mut Prologue,
        budget: &mut Budget,
        prediction: &Prediction,
    ) -> Result<(), StreamError> {
        let empty = room.sections.values().map(|section| section.live() == 0);
        prologue.read(reader, empty, self.predicts)?;
        room.tick = room.tick.next();
        if room.tick >= Tick::LIMIT {
            return Err(StreamError::BadNews);
        }
        if prologue.news {
            room.apply(&read_news(reader, room)?);
        }
        self.end_sections(room, prologue);
        self.read_sections(reader, room, prologue, budget, prediction)?;
        for key in &prologue.gained {
            if room.sections.contains_key(key) {
                return Err(StreamError::BadNews);
            }
            self.begin_section(reader, room, *key, budget)?;
        }
        Ok(())
    }

    /// Forgets all entities, but for what was said of them.
    fn forget_all(&mut self) {
        if let Some(room) = self.room.take() {
            for (key, section) in &room.sections {
                for (_, part) in section.parts() {
                    self.went(part.id, *key, components_of(&room, part));
                }
            }
        }
        // What was read of a keyframe that was refused.
        for id in std::mem::take(&mut self.places).into_keys() {
            self.before.entry(id).or_default();
        }
    }

    /// Forgets sections that are seen no more.
    fn end_sections(&mut self, room: &mut Room, prologue: &Prologue) {
        let keys: Vec<SectionKey> = prologue
            .lost
            .iter()
            .filter_map(|at| room.sections.keys().nth(*at as usize))
            .copied()
            .collect();
        for key in keys {
            let section = room.sections.remove(&key).unwrap_or_default();
            for (_, part) in section.parts() {
                self.went(part.id, key, components_of(room, part));
            }
        }
    }

    /// Begins to see a section.
    fn begin_section(
        &mut self,
        reader: &mut BitReader<'_>,
        room: &mut Room,
        key: SectionKey,
        budget: &mut Budget,
    ) -> Result<(), StreamError> {
        let section = read_whole(reader, room, budget)?;
        section.parts().for_each(|(slot, part)| self.came(part.id, key, slot));
        room.sections.insert(key, section);
        Ok(())
    }

    fn read_sections(
        &mut self,
        reader: &mut BitReader<'_>,
        room: &mut Room,
        prologue: &Prologue,
        budget: &mut Budget,
        prediction: &Prediction,
    ) -> Result<(), StreamError> {
        let mut news = std::mem::take(&mut self.news);
        let heard = prologue.heard.iter().filter(|heard| **heard).count();
        news.resize_with(heard.max(news.len()), News::default);
        let (sections, common) = room.split();
        let told = sections.iter_mut().zip(&prologue.heard).filter(|(_, heard)| **heard);
        for (((key, section), _), news) in told.zip(&mut news) {
            news.clear();
            self.read_section(
                reader,
                *key,
                section,
                news,
                &common,
                budget,
                prologue.omits,
                prediction,
            )?;
        }
        if common.grid {
            let told = sections.iter_mut().zip(&prologue.heard).filter(|(_, heard)| **heard);
            let told: Vec<_> = told.map(|((key, section), _)| (*key, section)).collect();
            self.read_arrivals(reader, told, &mut news[..heard], &common, budget)?;
        }
        self.news = news;
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn read_section(
        &mut self,
        reader: &mut BitReader<'_>,
        key: SectionKey,
        section: &mut Section,
        news: &mut News,
        common: &Common<'_>,
        budget: &mut Budget,
        omits: bool,
        prediction: &Prediction,
    ) -> Result<(), StreamError> {
        let mut wire = Receiving(RangeDecoder::new(reader.bytes, reader.at));
        section.header(common, &mut wire, news, budget)?;
        reader.skip_to(wire.0.finish())?;
        for part in news.limbo.iter().flatten() {
            self.went(part.id, key, common.components(part.shape));
        }
        for (reshaped, old) in news.reshaped.iter().zip(&news.old_shapes) {
            if let Some(part) = section.get(reshaped.slot) {
                self.before.entry(part.id).or_default().extend(common.components(*old));
            }
        }
        for slot in &news.entered_slots {
            if let Some(part) = section.get(*slot) {
                self.came(part.id, key, *slot);
            }
        }
        for slot in news.present.iter().chain(&news.woken) {
            let Some(part) = section.get_mut(*slot) else { continue };
            if omits && part.owned.predicted_by(self.player) && !is_reshaped(&news.reshaped, *slot)
            {
                self.believe(part, common, prediction);
                continue;
            }
            let mut wire = Receiving(RangeDecoder::new(reader.bytes, reader.at));
            step(part, common, &mut wire, &mut self.scratch, &mut self.changes);
            part.was_seen(common.tick);
            reader.skip_to(wire.0.finish())?;
        }
        for slot in &news.silent {
            if let Some(part) = section.get_mut(*slot) {
                step(part, common, &mut Silent, &mut self.scratch, &mut self.changes);
            }
        }
        section.finish(common.tick, news);
        Ok(())
    }

    /// Takes the viewer's own prediction for a chunk that was left out.
    fn believe(&mut self, part: &mut Part, common: &Common<'_>, prediction: &Prediction) {
        let Some(shape) = common.shapes.get(part.shape) else { return };
        let mut goal = Vec::with_capacity(shape.lanes.len());
        for plan in &shape.components {
            let predicted = prediction.get(part.id, plan.id).unwrap_or(&[]);
            let fits = predicted.len() == plan.len as usize;
            let lanes = predicted.iter().zip(&shape.lanes[plan.range()]);
            if !fits || lanes.clone().any(|(value, lane)| u64::from(*value) >= lane.modulus) {
                self.unknown.insert(part.id);
                part.was_seen(common.tick);
                return;
            }
            goal.extend_from_slice(predicted);
        }
        part.aim(0..goal.len(), &goal);
        step(part, common, &mut Known, &mut self.scratch, &mut self.changes);
        part.was_seen(common.tick);
    }

    fn read_arrivals(
        &mut self,
        reader: &mut BitReader<'_>,
        sections: Vec<(SectionKey, &mut Section)>,
        news: &mut [News],
        common: &Common<'_>,
        budget: &mut Budget,
    ) -> Result<(), StreamError> {
        let left: u32 = news.iter().map(|news| news.limbo.len() as u32).sum();
        let counts: Vec<u32> = news.iter().map(|news| news.arrivals).collect();
        let mut limbo = news.iter_mut().flat_map(|news| news.limbo.drain(..)).collect::<Vec<_>>();
        for ((key, section), arrivals) in sections.into_iter().zip(counts) {
            for _ in 0..arrivals {
                let part = if reader.take(1)? == 1 {
                    let at = reader.take(super::delta::index_bits(left))?;
                    let part = limbo.get_mut(at as usize).and_then(Option::take);
                    let mut part = part.ok_or(StreamError::NoPart(at))?;
                    let mut wire = Receiving(RangeDecoder::new(reader.bytes, reader.at));
                    step(&mut part, common, &mut wire, &mut self.scratch, &mut self.changes);
                    part.was_seen(common.tick);
                    reader.skip_to(wire.0.finish())?;
                    part
                } else {
                    let mut part = Box::<Part>::default();
                    let mut wire = Receiving(RangeDecoder::new(reader.bytes, reader.at));
                    code_stranger(common, &mut wire, &mut part, budget)?;
                    reader.skip_to(wire.0.finish())?;
                    part
                };
                let id = part.id;
                let slot = section.enter(part);
                self.came(id, key, slot);
            }
        }
        Ok(())
    }

    fn check(&self, expected: u32) -> Result<(), StreamError> {
        let Some(room) = &self.room else { return Err(StreamError::NoKeyframe) };
        if !self.unknown.is_empty() {
            return Ok(());
        }
        let sections = room.sections.values();
        let found = sections.fold(0u32, |sum, s| sum.wrapping_add(section_checksum(s, room)));
        if found != expected {
            return Err(StreamError::Desync { tick: room.tick.0, expected, found });
        }
        Ok(())
    }
}

/// The components of a part.
fn components_of<'a>(room: &'a Room, part: &Part) -> impl Iterator<Item = ComponentId> + 'a {
    room.common().components(part.shape)
}

/// Steps a part and notes which of its components have new values.
pub(super) fn step<W: Wire>(
    part: &mut Part,
    common: &Common<'_>,
    wire: &mut W,
    scratch: &mut Scratch,
    changes: &mut Changes,
) {
    let Some(shape) = common.shapes.get(part.shape) else { return };
    part.step(shape, common.model, common.tick, wire, scratch);
    note_changes(part.id, shape, scratch, changes);
}

fn note_changes(id: NetId, shape: &Shape, scratch: &Scratch, changes: &mut Changes) {
    for plan in &shape.components {
        if scratch.moved(plan.range()) {
            changes.changed.push((id, plan.id));
        }
    }
}

/// Reads a whole section.
pub(super) fn read_whole(
    reader: &mut BitReader<'_>,
    room: &Room,
    budget: &mut Budget,
) -> Result<Section, StreamError> {
    let mut section = Section::default();
    let mut wire = Receiving(RangeDecoder::new(reader.bytes, reader.at));
    section.full(&room.common(), &mut wire, budget)?;
    reader.skip_to(wire.0.finish())?;
    Ok(section)
}

/// Reads what is new for the room.
pub(super) fn read_news(reader: &mut BitReader<'_>, room: &Room) -> Result<RoomNews, StreamError> {
    let mut news = RoomNews::default();
    let mut wire = Receiving(RangeDecoder::new(reader.bytes, reader.at));
    room.code_news(&mut wire, &mut news)?;
    reader.skip_to(wire.0.finish())?;
    Ok(news)
}
