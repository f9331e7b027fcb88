//! The sending half: what the match has, who looks at it, and what both have been told.
//!
//! The stream is told what is there after a tick (`spawn`, `set`, `despawn`, ...), and
//! [`Stream::encode`] turns that into a [`Delta`]. It knows nothing of worlds: `capture` does.

use super::delta::Delta;
use super::entry::{AUDIENCES, Arriving, Entry, Handle, Place, Record};
use super::fit::Fit;
use super::part::{Owned, Part, Scratch};
use super::pending::Pendings;
use super::room::Room;
use super::schema::{Audience, ComponentId, Schema};
use super::section::{NET_ID_MAX, Reshaped};
use super::section_key::{Hearers, SectionKey};
use super::shape::{SHAPE_LANES_LIMIT, SHAPES_LIMIT, ShapeId};
use super::telling::Happening;
use super::viewer::{Prologue, Viewer};
use crate::ids::{NetId, PlayerId, Tick};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The sending half of a match's stream.
#[derive(Debug)]
pub struct Stream {
    pub(super) room: Room,
    pub(super) records: Vec<Record>,
    free: Vec<u32>,
    next_id: u32,
    /// Handles of each player's predicted entities.
    pub(super) predicted: BTreeMap<PlayerId, Vec<u32>>,
    pub(super) pending: Pendings,
    /// Parts with a new goal or shape that are not asked about anyway.
    pub(super) dirty: Vec<(SectionKey, u32)>,
    pub(super) new_shapes: Vec<Vec<ComponentId>>,
    pub(super) viewers: BTreeMap<PlayerId, Viewer>,
    pub(super) fit: Fit,
    pub(super) delta: Delta,
    pub(super) pool: Vec<Box<Part>>,
    pub(super) scratch: Scratch,
    pub(super) prologue: Prologue,
    /// Working memory: what there is of each section in a tick, ascending.
    pub(super) happenings: Vec<Happening>,
    /// Working memory: those of an entity's components that are for one audience, their lanes.
    chosen: (Vec<ComponentId>, Vec<u32>),
}

impl Stream {
    /// An empty stream. Only with a `grid` can entities be in cells.
    #[must_use]
    pub fn new(schema: Arc<Schema>, grid: bool) -> Self {
        let room = Room::new(schema, grid);
        Self {
            fit: Fit::new(&room.schema, &room.model),
            room,
            records: Vec::new(),
            free: Vec::new(),
            next_id: 1,
            predicted: BTreeMap::new(),
            pending: Pendings::default(),
            dirty: Vec::new(),
            new_shapes: Vec::new(),
            viewers: BTreeMap::new(),
            delta: Delta::default(),
            pool: Vec::new(),
            scratch: Scratch::default(),
            prologue: Prologue::default(),
            happenings: Vec::new(),
            chosen: Default::default(),
        }
    }

    /// Its schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.room.schema
    }

    /// The last encoded tick.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.room.tick
    }

    /// The last encoded delta.
    #[must_use]
    pub fn delta(&self) -> &Delta {
        &self.delta
    }

    /// Whether the last tick told the room of new shapes, tables or motions.
    #[must_use]
    pub fn told_news(&self) -> bool {
        self.delta.news.is_some()
    }

    /// The id of an entity.
    #[must_use]
    pub fn id(&self, handle: Handle) -> NetId {
        self.records[handle.0 as usize].id
    }

    /// The entity's entry.
    #[must_use]
    pub fn entry(&self, handle: Handle) -> Entry {
        self.records[handle.0 as usize].entry
    }

    /// Adds an entity with components in ascending order and their lanes, one after another.
    pub fn spawn(&mut self, entry: Entry, components: &[ComponentId], lanes: &[u32]) -> Handle {
        let handle = self.reserve();
        self.spawn_reserved(handle, entry, components, lanes);
        handle
    }

    /// Names an entity that is not spawned yet, so that others can refer to it.
    pub fn reserve(&mut self) -> Handle {
        assert!(self.next_id < NET_ID_MAX, "a match spawns no more than {NET_ID_MAX} entities");
        let id = NetId(self.next_id);
        self.next_id += 1;
        self.add_record(id)
    }

    pub(super) fn add_record(&mut self, id: NetId) -> Handle {
        let handle = self.free.pop().unwrap_or(self.records.len() as u32);
        if handle as usize == self.records.len() {
            self.records.push(Record::default());
        }
        self.records[handle as usize] = Record { id, ..Record::default() };
        Handle(handle)
    }

    /// The name that the next entity gets.
    #[must_use]
    pub fn next_id(&self) -> u32 {
        self.next_id
    }

    pub(super) fn set_next_id(&mut self, next_id: u32) {
        self.next_id = next_id;
    }

    /// The names of all its entities, ascending.
    #[must_use]
    pub fn entities(&self) -> Vec<(NetId, Handle)> {
        let mut entities: Vec<_> = (0..self.records.len() as u32)
            .map(|handle| (self.records[handle as usize].id, Handle(handle)))
            .filter(|(id, _)| *id != NetId(0))
            .collect();
        entities.sort_unstable_by_key(|(id, _)| *id);
        entities
    }

    pub(super) fn live_records(&self) -> impl Iterator<Item = &Record> {
        self.entities().into_iter().map(|(_, handle)| &self.records[handle.0 as usize])
    }

    /// Whether an entity was spawned after its name was reserved.
    #[must_use]
    pub fn is_spawned(&self, handle: Handle) -> bool {
        self.records[handle.0 as usize].is_spawned
    }

    /// Whether all of an entity's lanes are told in the coming tick already.
    #[must_use]
    pub fn is_fresh(&self, handle: Handle) -> bool {
        self.records[handle.0 as usize].told_at > self.room.tick
    }

    /// Spawns an entity whose name was reserved.
    pub fn spawn_reserved(
        &mut self,
        handle: Handle,
        entry: Entry,
        components: &[ComponentId],
        lanes: &[u32],
    ) {
        let record = &mut self.records[handle.0 as usize];
        record.entry = entry;
        record.is_spawned = true;
        record.told_at = self.room.tick.next();
        self.note_predicted(handle.0, entry);
        for audience in 0..AUDIENCES.len() {
            self.enter_part(handle.0, audience, components, lanes);
        }
    }

    pub(super) fn note_predicted(&mut self, handle: u32, entry: Entry) {
        if let Some(owner) = entry.owner.filter(|_| entry.predicted) {
            self.predicted.entry(owner).or_default().push(handle);
        }
    }

    fn forget_predicted(&mut self, handle: u32, entry: Entry) {
        if let Some(owned) = entry.owner.and_then(|owner| self.predicted.get_mut(&owner)) {
            owned.retain(|owned| *owned != handle);
        }
    }

    /// Removes an entity.
    pub fn despawn(&mut self, handle: Handle) {
        for audience in 0..AUDIENCES.len() {
            self.leave_part(handle.0, audience);
        }
        self.forget_predicted(handle.0, self.records[handle.0 as usize].entry);
        self.records[handle.0 as usize] = Record::default();
        self.free.push(handle.0);
    }

    /// Changes the lanes of a component that the entity has.
    pub fn set(&mut self, handle: Handle, component: ComponentId, lanes: &[u32]) {
        let audience = self.audience(component);
        let Some(place) = self.records[handle.0 as usize].parts[audience] else { return };
        let Some(slot) = place.slot else {
            return self.set_entering(handle.0, audience, place.key, component, lanes);
        };
        let pending = self.pending.get(place.key);
        if let Some(reshaped) = pending.and_then(|pending| pending.reshaped(slot)) {
            return self.set_reshaped(place.key, reshaped, component, lanes);
        }
        let Some(section) = self.room.sections.get_mut(&place.key) else { return };
        let Some(part) = section.get_mut(slot) else { return };
        let Some(shape) = self.room.shapes.get(part.shape) else { return };
        let Some(at) = shape.find(component) else { return };
        if part.aim(shape.components[at].range(), lanes) && !section.asks(slot) {
            self.dirty.push((place.key, slot));
        }
    }

    /// Changes the lanes of a part that changes its shape in this tick.
    fn set_reshaped(
        &mut self,
        key: SectionKey,
        reshaped: Reshaped,
        component: ComponentId,
        lanes: &[u32],
    ) {
        let Some(shape) = self.room.shapes.get(reshaped.shape) else { return };
        let Some(at) = shape.find(component) else { return };
        let goals = &mut self.pending.of(key).news.goals[reshaped.goals..];
        goals[shape.components[at].range()].copy_from_slice(lanes);
    }

    /// Changes the lanes of a part that nobody was told of yet.
    fn set_entering(
        &mut self,
        handle: u32,
        audience: usize,
        key: SectionKey,
        component: ComponentId,
        lanes: &[u32],
    ) {
        let Some(pending) = self.pending.get_mut(key) else { return };
        let at = pending.entering.iter().position(|entering| *entering == (handle, audience));
        let Some(part) = at.map(|at| &mut pending.news.entered[at]) else { return };
        let Some(shape) = self.room.shapes.get(part.shape) else { return };
        let Some(at) = shape.find(component) else { return };
        part.fill(shape.components[at].range(), lanes);
    }

    /// Changes which components the entity has; all its components, ascending, and their lanes.
    pub fn reshape(&mut self, handle: Handle, components: &[ComponentId], lanes: &[u32]) {
        self.records[handle.0 as usize].told_at = self.room.tick.next();
        for audience in 0..AUDIENCES.len() {
            self.choose(audience, components, lanes);
            let Some(place) = self.records[handle.0 as usize].parts[audience] else {
                self.enter_part(handle.0, audience, components, lanes);
                continue;
            };
            if self.chosen.0.is_empty() {
                self.leave_part(handle.0, audience);
                continue;
            }
            let shape = self.chosen_shape();
            let Some(slot) = place.slot else { continue };
            let section = self.room.sections.get_mut(&place.key);
            let section = section.expect("a place names a section");
            let part = section.get_mut(slot).expect("a place names a part");
            if part.shape != shape {
                let news = &mut self.pending.of(place.key).news;
                news.reshaped.push(Reshaped { slot, shape, goals: news.goals.len() });
                news.goals.extend_from_slice(&self.chosen.1);
                self.dirty.push((place.key, slot));
            } else if part.aim(0..self.chosen.1.len(), &self.chosen.1) && !section.asks(slot) {
                self.dirty.push((place.key, slot));
            }
        }
    }

    /// Changes what else the stream knows of an entity. All its components, ascending, and their
    /// lanes are told anew if its owner or team changes; a new cell is a step.
    pub fn relocate(
        &mut self,
        handle: Handle,
        entry: Entry,
        components: &[ComponentId],
        lanes: &[u32],
    ) {
        let record = &mut self.records[handle.0 as usize];
        let old = record.entry;
        if old == entry {
            return;
        }
        record.entry = entry;
        let only_cell = Entry { cell: old.cell, ..entry } == old;
        for audience in 0..AUDIENCES.len() {
            let place = self.records[handle.0 as usize].parts[audience];
            let told = place.and_then(|place| Some((place.key, place.slot?)));
            match told.filter(|(key, slot)| only_cell && !self.is_reshaped(*key, *slot)) {
                Some((from, slot)) => {
                    let key = SectionKey { cell: entry.cell, ..from };
                    self.pending.of(from).news.removed.push(slot);
                    let arriving = Arriving { handle: handle.0, audience, from, slot };
                    self.pending.of(key).arriving.push(arriving);
                }
                None => {
                    self.leave_part(handle.0, audience);
                    self.enter_part(handle.0, audience, components, lanes);
                }
            }
        }
        self.forget_predicted(handle.0, old);
        self.note_predicted(handle.0, entry);
    }

    fn is_reshaped(&self, key: SectionKey, slot: u32) -> bool {
        self.pending.get(key).is_some_and(|pending| pending.reshaped(slot).is_some())
    }

    fn audience(&self, component: ComponentId) -> usize {
        self.room.schema.components()[usize::from(component.0)].audience() as usize
    }

    /// Chooses those of an entity's components that are for an audience, and their lanes.
    fn choose(&mut self, audience: usize, components: &[ComponentId], lanes: &[u32]) {
        self.chosen.0.clear();
        self.chosen.1.clear();
        let mut at = 0;
        for id in components {
            let schema = &self.room.schema.components()[usize::from(id.0)];
            let end = at + schema.lanes().len();
            if schema.audience() as usize == audience {
                self.chosen.0.push(*id);
                self.chosen.1.extend_from_slice(&lanes[at..end]);
            }
            at = end;
        }
    }

    /// The number of the chosen set of components; new ones are told to the room.
    fn chosen_shape(&mut self) -> ShapeId {
        let components = &self.chosen.0[..];
        if let Some(shape) = self.room.shapes.find(components) {
            return shape;
        }
        let shapes = &mut self.room.shapes;
        let shape = shapes.add(components, &self.room.schema, &self.room.model);
        assert!(
            shapes.len() <= SHAPES_LIMIT && shapes.lanes() <= SHAPE_LANES_LIMIT,
            "a match has no more than {SHAPES_LIMIT} sets of components with \
             {SHAPE_LANES_LIMIT} lanes together"
        );
        for component in components {
            let tables = self.room.model.layout.of_component(*component);
            self.fit.counts.prepare(&self.room.model, tables);
        }
        self.new_shapes.push(components.to_vec());
        shape
    }

    fn enter_part(
        &mut self,
        handle: u32,
        audience: usize,
        components: &[ComponentId],
        lanes: &[u32],
    ) {
        let Record { id, entry, .. } = self.records[handle as usize];
        let hearers = match AUDIENCES[audience] {
            Audience::Everyone => Some(Hearers::Everyone),
            Audience::Team => entry.team.map(Hearers::Team),
            Audience::Owner => entry.owner.map(Hearers::Owner),
        };
        let Some(hearers) = hearers else { return };
        self.choose(audience, components, lanes);
        if self.chosen.0.is_empty() {
            return;
        }
        let shape = self.chosen_shape();
        let lanes = &self.chosen.1[..];
        let owned = match entry.owner {
            Some(owner) if entry.predicted => Owned::PredictedBy(owner),
            Some(owner) => Owned::By(owner),
            None => Owned::No,
        };
        let mut part = self.pool.pop().unwrap_or_default();
        let plan = self.room.shapes.get(shape).expect("just numbered");
        part.reset(id, owned, shape, plan, self.room.tick.next());
        part.fill(0..lanes.len(), lanes);
        let key = SectionKey { cell: entry.cell.filter(|_| self.room.grid), hearers };
        let pending = self.pending.of(key);
        pending.news.entered.push(part);
        pending.entering.push((handle, audience));
        self.records[handle as usize].parts[audience] = Some(Place { key, slot: None });
    }

    fn leave_part(&mut self, handle: u32, audience: usize) {
        let Some(place) = self.records[handle as usize].parts[audience].take() else { return };
        let pending = self.pending.of(place.key);
        if let Some(slot) = place.slot {
            pending.news.reshaped.retain(|reshaped| reshaped.slot != slot);
            pending.news.removed.push(slot);
        } else if let Some(at) = pending.entering.iter().position(|e| *e == (handle, audience)) {
            pending.entering.remove(at);
            self.pool.push(pending.news.entered.remove(at));
        }
    }
}
