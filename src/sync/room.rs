//! What all receivers of a match's stream have in common, and how changes of it are told.

use super::error::StreamError;
use super::layout::{Layout, TableId};
use super::model::{Driver, GAIN_LIMIT, LENGTH_MAX, LaneMode, Model};
use super::schema::{ComponentId, Schema};
use super::section::Section;
use super::section_key::SectionKey;
use super::shape::{SHAPE_LANES_LIMIT, SHAPES_LIMIT, ShapeId, Shapes};
use super::wire::Wire;
use crate::ids::Tick;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What coding a section needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Common<'a> {
    pub(crate) model: &'a Model,
    pub(crate) shapes: &'a Shapes,
    pub(crate) tick: Tick,
    /// Whether parts can go from section to section.
    pub(crate) grid: bool,
}

impl<'a> Common<'a> {
    /// The components of a shape.
    pub(crate) fn components(self, shape: ShapeId) -> impl Iterator<Item = ComponentId> + 'a {
        let plans = self.shapes.get(shape).map_or(&[][..], |shape| &shape.components);
        plans.iter().map(|plan| plan.id)
    }
}

/// One side's state of a match's stream.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) schema: Arc<Schema>,
    pub(crate) model: Model,
    pub(crate) shapes: Shapes,
    pub(crate) sections: BTreeMap<SectionKey, Section>,
    pub(crate) tick: Tick,
    pub(crate) grid: bool,
}

/// What is new for the whole room in one tick.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RoomNews {
    pub(crate) shapes: Vec<Vec<ComponentId>>,
    /// Tables and their code lengths, ascending.
    pub(crate) tables: Vec<(TableId, Vec<u8>)>,
    /// Component, lane and how it moves.
    pub(crate) modes: Vec<(u16, u16, LaneMode)>,
}

impl RoomNews {
    pub(crate) fn is_empty(&self) -> bool {
        self.shapes.is_empty() && self.tables.is_empty() && self.modes.is_empty()
    }
}

impl Room {
    pub(crate) fn new(schema: Arc<Schema>, grid: bool) -> Self {
        let layout = Arc::new(Layout::new(&schema));
        Self {
            model: Model::new(&schema, layout),
            schema,
            shapes: Shapes::default(),
            sections: BTreeMap::new(),
            tick: Tick(0),
            grid,
        }
    }

    /// The same without anybody.
    pub(crate) fn without_sections(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            model: self.model.clone(),
            shapes: self.shapes.clone(),
            sections: BTreeMap::new(),
            tick: self.tick,
            grid: self.grid,
        }
    }

    /// Its sections, and what coding them needs.
    pub(crate) fn split(&mut self) -> (&mut BTreeMap<SectionKey, Section>, Common<'_>) {
        let common =
            Common { model: &self.model, shapes: &self.shapes, tick: self.tick, grid: self.grid };
        (&mut self.sections, common)
    }

    /// What coding a section needs.
    pub(crate) fn common(&self) -> Common<'_> {
        Common { model: &self.model, shapes: &self.shapes, tick: self.tick, grid: self.grid }
    }

    /// All that differs from a new room, as news.
    pub(crate) fn history(&self) -> RoomNews {
        let fresh = Model::new(&self.schema, self.model.layout.clone());
        let shapes = (0..self.shapes.len() as u32)
            .filter_map(|id| self.shapes.get(id))
            .map(|shape| shape.components.iter().map(|plan| plan.id).collect())
            .collect();
        let tables = (0..self.model.layout.tables() as TableId)
            .filter(|table| self.model.lengths(*table) != fresh.lengths(*table))
            .map(|table| (table, self.model.lengths(table).to_vec()))
            .collect();
        let mut modes = Vec::new();
        for (component, (now, then)) in self.model.modes.iter().zip(&fresh.modes).enumerate() {
            for (lane, (now, then)) in now.iter().zip(then).enumerate() {
                if now != then {
                    modes.push((component as u16, lane as u16, *now));
                }
            }
        }
        RoomNews { shapes, tables, modes }
    }

    /// Whether another one has the same shapes, modes and tables.
    pub(crate) fn believes_like(&self, other: &Self) -> bool {
        let is_of_schema = Arc::ptr_eq(&self.schema, &other.schema) || self.schema == other.schema;
        let tables = 0..self.model.layout.tables() as TableId;
        is_of_schema
            && self.grid == other.grid
            && self.shapes.are_like(&other.shapes)
            && self.model.modes == other.model.modes
            && { tables }.all(|table| self.model.lengths(table) == other.model.lengths(table))
    }

    /// Believes what is new.
    pub(crate) fn apply(&mut self, news: &RoomNews) {
        let bent = self.believe(news);
        let mut sections = std::mem::take(&mut self.sections);
        sections.values_mut().for_each(|section| self.bend(section, &bent));
        self.sections = sections;
    }

    /// Believes what is new, but for its sections; gives the lanes whose motion has changed.
    pub(crate) fn believe(&mut self, news: &RoomNews) -> Vec<(ComponentId, usize)> {
        for (table, lengths) in &news.tables {
            self.model.set_lengths(*table, lengths);
        }
        let mut bent = Vec::new();
        for (component, lane, mode) in &news.modes {
            let old = &mut self.model.modes[usize::from(*component)][usize::from(*lane)];
            if old.steady != mode.steady {
                bent.push((ComponentId(*component), usize::from(*lane)));
            }
            *old = *mode;
        }
        if !news.modes.is_empty() {
            self.shapes.replan(&self.schema, &self.model);
        }
        for components in &news.shapes {
            self.shapes.add(components, &self.schema, &self.model);
        }
        bent
    }

    /// Starts the lines of lanes anew whose motion has changed, in one of its sections.
    pub(crate) fn bend(&self, section: &mut Section, bent: &[(ComponentId, usize)]) {
        if bent.is_empty() {
            return;
        }
        for part in section.parts_mut() {
            let Some(shape) = self.shapes.get(part.shape) else { continue };
            for (component, lane) in bent {
                if let Some(at) = shape.find(*component) {
                    part.forget_line(shape, shape.components[at].start as usize + lane);
                }
            }
        }
        section.reactivate(self.tick);
    }

    /// Tells or hears what is new.
    pub(crate) fn code_news<W: Wire>(
        &self,
        wire: &mut W,
        news: &mut RoomNews,
    ) -> Result<(), StreamError> {
        self.code_shapes(wire, &mut news.shapes)?;
        self.code_tables(wire, &mut news.tables)?;
        self.code_modes(wire, &mut news.modes)
    }

    fn code_shapes<W: Wire>(
        &self,
        wire: &mut W,
        shapes: &mut Vec<Vec<ComponentId>>,
    ) -> Result<(), StreamError> {
        let (model, layout) = (&self.model, &*self.model.layout);
        let count = wire.number(model, layout.shape, shapes.len() as u32) as usize;
        if !W::SENDS && self.shapes.len() + count > SHAPES_LIMIT {
            return Err(StreamError::BadNews);
        }
        let mut lanes = self.shapes.lanes();
        for index in 0..count {
            let mut heard = Vec::new();
            let mut next = 0;
            for at in 0.. {
                let sent = shapes.get(index).and_then(|shape| shape.get(at));
                let gap = sent.map_or(0, |id| u32::from(id.0) + 1 - next);
                let gap = wire.number(model, layout.gap, gap);
                if gap == 0 {
                    break;
                }
                next = next.saturating_add(gap);
                if next as usize > self.schema.components().len() {
                    return Err(StreamError::BadNews);
                }
                heard.push(ComponentId(next as u16 - 1));
                lanes += self.schema.components()[next as usize - 1].lanes().len();
            }
            if !W::SENDS {
                let known = self.shapes.find(&heard).is_some() || shapes.contains(&heard);
                if known || lanes > SHAPE_LANES_LIMIT {
                    return Err(StreamError::BadNews);
                }
                shapes.push(heard);
            }
        }
        Ok(())
    }

    fn code_tables<W: Wire>(
        &self,
        wire: &mut W,
        tables: &mut Vec<(TableId, Vec<u8>)>,
    ) -> Result<(), StreamError> {
        let (model, layout) = (&self.model, &*self.model.layout);
        let mut next = 0;
        for index in 0.. {
            let sent = tables.get(index).map_or(0, |(table, _)| table + 1 - next);
            let gap = wire.number(model, layout.gap, sent);
            if gap == 0 {
                return Ok(());
            }
            next = next.saturating_add(gap);
            if next as usize > layout.tables() {
                return Err(StreamError::BadNews);
            }
            if !W::SENDS {
                tables.push((next - 1, model.lengths(next - 1).to_vec()));
            }
            code_lengths(wire, model, &mut tables[index].1);
        }
        Ok(())
    }

    fn code_modes<W: Wire>(
        &self,
        wire: &mut W,
        modes: &mut Vec<(u16, u16, LaneMode)>,
    ) -> Result<(), StreamError> {
        let (model, layout) = (&self.model, &*self.model.layout);
        let count = wire.number(model, layout.count, modes.len() as u32) as usize;
        let lanes: usize = model.modes.iter().map(Vec::len).sum();
        if count > lanes {
            return Err(StreamError::BadNews);
        }
        for index in 0..count {
            let (component, lane, mode) = modes.get(index).copied().unwrap_or_default();
            let (component, lane, modulus) = self.code_lane(wire, component, lane)?;
            let home = wire.raw(mode.home, 32);
            if u64::from(home) >= modulus {
                return Err(StreamError::BadNews);
            }
            let steady = wire.raw(u32::from(mode.steady), 1) == 1;
            let mut driver = mode.driver;
            if wire.raw(u32::from(driver.is_some()), 1) == 1 {
                let sent = driver.unwrap_or(Driver { component: 0, lane: 0, gain: 0 });
                let (component, lane, _) = self.code_lane(wire, sent.component, sent.lane)?;
                let gain = wire.raw((sent.gain + GAIN_LIMIT) as u32, 25) as i32 - GAIN_LIMIT;
                driver = Some(Driver { component, lane, gain });
            }
            if !W::SENDS {
                modes.push((component, lane, LaneMode { steady, driver, home }));
            }
        }
        Ok(())
    }

    /// Tells or hears which lane is meant.
    fn code_lane<W: Wire>(
        &self,
        wire: &mut W,
        component: u16,
        lane: u16,
    ) -> Result<(u16, u16, u64), StreamError> {
        let component = wire.raw(u32::from(component), 12) as u16;
        let lane = wire.raw(u32::from(lane), 12) as u16;
        let spec = self
            .schema
            .component(ComponentId(component))
            .and_then(|schema| schema.lanes().get(usize::from(lane)))
            .ok_or(StreamError::BadNews)?;
        Ok((component, lane, spec.modulus))
    }
}

/// Tells or hears the code lengths of a table, each against the one its sign has next to it.
pub(crate) fn code_lengths<W: Wire>(wire: &mut W, model: &Model, lengths: &mut [u8]) {
    for symbol in 0..lengths.len() {
        let expected = expected_length(lengths, symbol);
        let table = model.layout.length + u32::from(expected == LENGTH_MAX);
        let sent = i64::from(lengths[symbol]) - i64::from(expected);
        let residual = wire.residual(model, table, sent);
        lengths[symbol] = (i64::from(expected) + residual).clamp(0, i64::from(LENGTH_MAX)) as u8;
    }
}

/// The code length that a symbol is told against.
pub(crate) fn expected_length(lengths: &[u8], symbol: usize) -> u8 {
    match symbol {
        0 => 2,
        1 => 10,
        _ => lengths[symbol - 1 - symbol % 2],
    }
}
