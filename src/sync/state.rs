//! The sending half as bytes, and back: what a checkpoint keeps of a stream.
//!
//! Sections are kept as a keyframe has them and read by the same code that reads keyframes, so
//! damaged bytes are refused here as they are there.

use super::bits::BitBuffer;
use super::encode::{write_news, write_whole};
use super::entry::{Entry, Place, Record};
use super::error::StreamError;
use super::fit::Fit;
use super::part::Part;
use super::receive::{read_news, read_whole};
use super::record::Budget;
use super::room::Room;
use super::schema::Schema;
use super::section::NET_ID_MAX;
use super::section_key::{Cell, Hearers, SectionKey};
use super::stream::Stream;
use super::viewer::{BitReader, View};
use crate::ids::{NetId, PlayerId, TeamId, Tick};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A stream in plain data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StreamState {
    tick: Tick,
    grid: bool,
    next_id: u32,
    keys: Vec<SectionKey>,
    /// What is new since an empty room, then the sections, joined at bits.
    room: Vec<u8>,
    records: Vec<RecordState>,
    viewers: Vec<(PlayerId, ViewState)>,
    fit: Fit,
    last_deltas: Vec<Vec<i32>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct RecordState {
    id: NetId,
    is_spawned: bool,
    owner: Option<PlayerId>,
    predicted: bool,
    team: Option<TeamId>,
    cell: Option<Cell>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct ViewState {
    team: Option<TeamId>,
    cells: Vec<Cell>,
    predicts: bool,
}

impl Stream {
    /// The stream after the last tick.
    #[must_use]
    pub fn state(&self) -> StreamState {
        let mut out = BitBuffer::default();
        let fresh = Room::new(self.room.schema.clone(), self.room.grid);
        write_news(&fresh, &mut self.room.history(), &mut out);
        let mut needed = 0;
        for key in self.room.sections.keys() {
            needed += write_whole(&self.room, *key, &mut out).1;
        }
        let mut room = out.into_bytes();
        room.resize(room.len().max(needed), 0);
        let mut records: Vec<RecordState> = self.live_records().map(RecordState::of).collect();
        records.sort_unstable_by_key(|record| record.id);
        let parts = self.room.sections.values().flat_map(|section| section.parts());
        StreamState {
            tick: self.room.tick,
            grid: self.room.grid,
            next_id: self.next_id(),
            keys: self.room.sections.keys().copied().collect(),
            room,
            records,
            viewers: self
                .viewers
                .iter()
                .map(|(player, v)| (*player, ViewState::of(&v.view)))
                .collect(),
            fit: self.fit.clone(),
            last_deltas: parts.map(|(_, part)| last_deltas(part)).collect(),
        }
    }

    /// The stream that goes on from a state of a game with or without a grid.
    pub fn restore(
        schema: Arc<Schema>,
        grid: bool,
        state: StreamState,
    ) -> Result<Self, StreamError> {
        let mut stream = Self::new(schema, grid);
        if state.grid != grid {
            return Err(StreamError::BadNews);
        }
        if state.tick >= Tick::LIMIT || !(1..NET_ID_MAX - (1 << 16)).contains(&state.next_id) {
            return Err(StreamError::BadNews);
        }
        stream.set_next_id(state.next_id);
        stream.room.tick = state.tick;
        stream.read_room(&state)?;
        if !state.fit.fits(&stream.room.schema, &stream.room.model) {
            return Err(StreamError::BadNews);
        }
        stream.fit = state.fit;
        let mut handles = BTreeMap::new();
        for record in state.records {
            let handle = stream.add_record(record.id);
            let is_name = (1..state.next_id).contains(&record.id.0);
            if handles.insert(record.id, handle.0).is_some() || !is_name {
                return Err(StreamError::BadNews);
            }
            let restored = record.into_record();
            stream.note_predicted(handle.0, restored.entry);
            stream.records[handle.0 as usize] = restored;
        }
        stream.find_places(&handles, state.last_deltas)?;
        for (player, view) in state.viewers {
            let view = View { team: view.team, cells: view.cells, predicts: view.predicts };
            stream.join(player, view);
        }
        stream.settle_viewers();
        Ok(stream)
    }

    fn read_room(&mut self, state: &StreamState) -> Result<(), StreamError> {
        let mut reader = BitReader { bytes: &state.room, at: 0 };
        let mut budget = Budget::of_packet(state.room.len());
        let news = read_news(&mut reader, &self.room)?;
        self.room.apply(&news);
        for key in &state.keys {
            let section = read_whole(&mut reader, &self.room, &mut budget)?;
            if self.room.sections.insert(*key, section).is_some() {
                return Err(StreamError::BadNews);
            }
        }
        Ok(())
    }

    /// Finds where the parts of all entities are, and sets their goals to what they are.
    fn find_places(
        &mut self,
        handles: &BTreeMap<NetId, u32>,
        last_deltas: Vec<Vec<i32>>,
    ) -> Result<(), StreamError> {
        let mut last_deltas = last_deltas.into_iter();
        for (key, section) in &mut self.room.sections {
            let audience = match key.hearers {
                Hearers::Everyone => 0,
                Hearers::Team(_) => 1,
                Hearers::Owner(_) => 2,
            };
            for (slot, part) in section.parts_with_slots_mut() {
                part.lanes.iter_mut().for_each(|lane| lane.goal = lane.value);
                let moved = last_deltas.next().unwrap_or_default();
                part.lanes.iter_mut().zip(moved).for_each(|(lane, by)| lane.last_delta = by);
                let handle = handles.get(&part.id).ok_or(StreamError::BadNews)?;
                let place = &mut self.records[*handle as usize].parts[audience];
                if place.replace(Place { key: *key, slot: Some(slot) }).is_some() {
                    return Err(StreamError::BadNews);
                }
                let shape = self.room.shapes.get(part.shape);
                let fits = shape.is_some_and(|shape| {
                    shape.components.iter().all(|plan| {
                        let schema = self.room.schema.component(plan.id);
                        schema.is_some_and(|schema| schema.audience() as usize == audience)
                    })
                });
                if !fits {
                    return Err(StreamError::BadNews);
                }
            }
        }
        Ok(())
    }
}

/// How far a part's lanes moved in its last chunk, up to the last that did.
fn last_deltas(part: &Part) -> Vec<i32> {
    let moved = part.lanes.iter().rposition(|lane| lane.last_delta != 0).map_or(0, |at| at + 1);
    part.lanes[..moved].iter().map(|lane| lane.last_delta).collect()
}

impl RecordState {
    fn of(record: &Record) -> Self {
        let entry = record.entry;
        Self {
            id: record.id,
            is_spawned: record.is_spawned,
            owner: entry.owner,
            predicted: entry.predicted,
            team: entry.team,
            cell: entry.cell,
        }
    }

    fn into_record(self) -> Record {
        let Self { id, is_spawned, owner, predicted, team, cell } = self;
        let entry = Entry { owner, predicted, team, cell };
        Record { id, entry, is_spawned, ..Record::default() }
    }
}

impl ViewState {
    fn of(view: &View) -> Self {
        Self { team: view.team, cells: view.cells.clone(), predicts: view.predicts }
    }
}
