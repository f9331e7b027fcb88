//! What one viewer sees, whoever keeps it: a replica of its own, or a chorus.

use super::chorus::{Row, Shown};
use super::part::Part;
use super::replica::Replica;
use super::replicate::Replicate;
use super::room::Room;
use super::schema::{ComponentId, Schema};
use super::section::Section;
use super::section_key::SectionKey;
use crate::ids::{NetId, PlayerId, Tick};
use std::collections::BTreeMap;
use std::ops::Range;

/// What one viewer sees.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub(super) schema: &'a Schema,
    pub(super) room: Option<&'a Room>,
    /// Where the parts of each entity are.
    pub(super) places: &'a BTreeMap<NetId, Vec<(SectionKey, u32)>>,
    /// Which of the common sections it sees; none: those of its room.
    pub(super) share: Option<Share<'a>>,
}

/// Those of the common sections that one viewer sees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share<'a> {
    pub(super) shown: &'a [Shown],
    pub(super) rows: &'a [Row],
}

impl<'a> Share<'a> {
    fn rows(self) -> impl Iterator<Item = &'a Row> + use<'a> {
        self.shown.iter().map(move |it| &self.rows[it.row as usize])
    }

    fn section(self, key: &SectionKey) -> Option<&'a Section> {
        let at = self.shown.binary_search_by_key(key, |it| it.key).ok()?;
        Some(&self.rows[self.shown[at].row as usize].section)
    }
}

impl<'a> From<&'a Replica> for Seen<'a> {
    fn from(replica: &'a Replica) -> Self {
        let room = replica.room.as_ref();
        Self { schema: &replica.schema, room, places: &replica.places, share: None }
    }
}

impl<'a> Seen<'a> {
    /// The tick of the last packet.
    #[must_use]
    pub fn tick(self) -> Tick {
        self.room.map_or(Tick(0), |room| room.tick)
    }

    /// The entities in view, ascending.
    pub fn entities(self) -> impl Iterator<Item = NetId> + use<'a> {
        let own = self.share.is_none().then(|| self.places.keys().copied());
        let mut shared = Vec::new();
        if let Some(share) = self.share {
            let parts = share.rows().flat_map(|row| row.section.parts());
            shared.extend(parts.map(|(_, part)| part.id));
            shared.sort_unstable();
            shared.dedup();
        }
        own.into_iter().flatten().chain(shared)
    }

    /// Who owns an entity.
    #[must_use]
    pub fn owner(self, id: NetId) -> Option<PlayerId> {
        self.parts(id).find_map(|part| part.owned.owner())
    }

    /// The components of an entity that this viewer sees.
    pub fn components(self, id: NetId) -> impl Iterator<Item = ComponentId> + use<'a> {
        let shapes = self.room.map(|room| &room.shapes);
        self.parts(id)
            .filter_map(move |part| shapes?.get(part.shape))
            .flat_map(|shape| shape.components.iter().map(|plan| plan.id))
    }

    /// Puts the lanes of a component into `lanes`; says whether the entity has it.
    pub fn lanes(self, id: NetId, component: ComponentId, lanes: &mut Vec<u32>) -> bool {
        lanes.clear();
        let Some(room) = self.room else { return false };
        for part in self.parts(id) {
            let shape = room.shapes.get(part.shape);
            if let Some(range) = shape.and_then(|shape| shape.range(component)) {
                lanes.extend(part.lanes[range].iter().map(|lane| lane.value));
                return true;
            }
        }
        false
    }

    /// A component of an entity, as the game knows it. References to entities become the entity
    /// whose index is the id.
    #[must_use]
    pub fn get<T: Replicate>(self, id: NetId) -> Option<T> {
        let component = self.schema.find(T::NAME)?;
        let mut lanes = Vec::new();
        self.lanes(id, component, &mut lanes).then(|| T::from_lanes(&lanes))
    }

    /// Each entity that has a component, with its owner and the component, section by section: much
    /// less work than to ask for one after the other.
    pub fn each<T: Replicate>(self, mut meet: impl FnMut(NetId, Option<PlayerId>, T)) {
        let (Some(room), Some(component)) = (self.room, self.schema.find(T::NAME)) else { return };
        let mut lanes = Vec::new();
        let mut visit = |part: &Part, range: Range<usize>| {
            lanes.clear();
            lanes.extend(part.lanes[range].iter().map(|lane| lane.value));
            meet(part.id, part.owned.owner(), T::from_lanes(&lanes));
        };
        if let Some(share) = self.share {
            let parts = share.rows().flat_map(|row| row.with(component, room));
            return parts.for_each(|(part, range)| visit(part, range));
        }
        // Parts of a kind come in rows.
        let mut last = None;
        for (_, part) in room.sections.values().flat_map(Section::parts) {
            if last.as_ref().is_none_or(|(shape, _)| *shape != part.shape) {
                let shape = room.shapes.get(part.shape);
                last = Some((part.shape, shape.and_then(|shape| shape.range(component))));
            }
            if let Some((_, Some(range))) = &last {
                visit(part, range.clone());
            }
        }
    }

    /// All of it: the lanes of each component of each entity.
    #[must_use]
    pub fn held(self) -> BTreeMap<(NetId, ComponentId), Vec<u32>> {
        let mut held = BTreeMap::new();
        let mut lanes = Vec::new();
        for id in self.entities() {
            for component in self.components(id) {
                if self.lanes(id, component, &mut lanes) {
                    held.insert((id, component), lanes.clone());
                }
            }
        }
        held
    }

    pub(super) fn parts(self, id: NetId) -> impl Iterator<Item = &'a Part> + use<'a> {
        let places = self.places.get(&id).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(move |(key, slot)| match self.share {
            None => self.room?.sections.get(key)?.get(*slot),
            Some(share) => share.section(key)?.get(*slot),
        })
    }
}
