//! The receiving half: what a viewer knows of the match, kept up to date by packets.
//!
//! Any bytes may come: they are applied, or refused with an error, and never cost more memory than
//! they justify. After an error only a keyframe helps.

use super::error::StreamError;
use super::part::{Part, Scratch};
use super::prediction::Prediction;
use super::replicate::Replicate;
use super::room::Room;
use super::schema::{ComponentId, Schema};
use super::section::News;
use super::section_key::SectionKey;
use super::seen::Seen;
use super::viewer::Prologue;
use crate::ids::{NetId, PlayerId, Tick};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a packet changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Entities that came into view.
    pub added: Vec<NetId>,
    /// Components of other entities that are new or have new values: told, or moved on by
    /// themselves. A component may be named twice.
    pub changed: Vec<(NetId, ComponentId)>,
    /// Components that entities lost which are still in view.
    pub lost: Vec<(NetId, ComponentId)>,
    /// Entities that went out of view or ended.
    pub removed: Vec<NetId>,
}

impl Changes {
    /// Forgets them; memory is kept.
    pub(super) fn clear(&mut self) {
        self.added.clear();
        self.changed.clear();
        self.lost.clear();
        self.removed.clear();
    }
}

/// One viewer's copy of what it sees.
#[derive(Debug)]
pub struct Replica {
    pub(super) schema: Arc<Schema>,
    pub(super) player: PlayerId,
    pub(super) predicts: bool,
    /// None before the first keyframe.
    pub(super) room: Option<Room>,
    /// Where the parts of each entity are.
    pub(super) places: BTreeMap<NetId, Vec<(SectionKey, u32)>>,
    /// Entities whose chunks were left out without a prediction: their values are not known.
    pub(super) unknown: BTreeSet<NetId>,
    pub(super) changes: Changes,
    /// The components that entities had before the packet, of those that came or went in part. Kept
    /// over an error, so that what is said next is against what was said last.
    pub(super) before: BTreeMap<NetId, BTreeSet<ComponentId>>,
    /// Entities that nothing was said of yet.
    pub(super) unsaid: BTreeSet<NetId>,
    /// Whether half a packet was applied.
    pub(super) broken: bool,
    pub(super) prologue: Prologue,
    pub(super) news: Vec<News>,
    pub(super) scratch: Scratch,
}

impl Replica {
    /// A viewer that has seen nothing yet; `predicts` as in its [`super::View`].
    #[must_use]
    pub fn new(schema: Arc<Schema>, player: PlayerId, predicts: bool) -> Self {
        Self {
            schema,
            player,
            predicts,
            room: None,
            places: BTreeMap::new(),
            unknown: BTreeSet::new(),
            changes: Changes::default(),
            before: BTreeMap::new(),
            unsaid: BTreeSet::new(),
            broken: false,
            prologue: Prologue::default(),
            news: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Applies a packet or a keyframe and says what changed.
    pub fn receive(&mut self, packet: &[u8]) -> Result<&Changes, StreamError> {
        self.receive_predicted(packet, &Prediction::default())
    }

    /// Applies a packet to one who predicted its own lanes for the packet's tick.
    pub fn receive_predicted(
        &mut self,
        packet: &[u8],
        prediction: &Prediction,
    ) -> Result<&Changes, StreamError> {
        match self.apply(packet, prediction) {
            Ok(()) => Ok(&self.changes),
            Err(error) => {
                self.broken = true;
                Err(error)
            }
        }
    }

    /// Whether all that is in view is known: nothing was left out for a prediction that nobody made.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.unknown.is_empty()
    }

    /// The tick of the last packet.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.room.as_ref().map_or(Tick(0), |room| room.tick)
    }

    /// Its schema.
    #[must_use]
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// What it sees.
    #[must_use]
    pub fn seen(&self) -> Seen<'_> {
        self.into()
    }

    /// The entities in view, ascending.
    pub fn entities(&self) -> impl Iterator<Item = NetId> {
        self.places.keys().copied()
    }

    /// Who owns an entity.
    #[must_use]
    pub fn owner(&self, id: NetId) -> Option<PlayerId> {
        self.seen().owner(id)
    }

    /// Whether an entity is this viewer's own and may be predicted by it.
    #[must_use]
    pub fn is_own(&self, id: NetId) -> bool {
        self.parts(id).any(|part| part.owned.predicted_by(self.player))
    }

    /// The components of an entity that this viewer sees.
    pub fn components(&self, id: NetId) -> impl Iterator<Item = ComponentId> {
        self.seen().components(id)
    }

    /// Puts the lanes of a component into `lanes`; says whether the entity has it.
    pub fn lanes(&self, id: NetId, component: ComponentId, lanes: &mut Vec<u32>) -> bool {
        self.seen().lanes(id, component, lanes)
    }

    /// A component of an entity, as the game knows it: see [`Seen::get`].
    #[must_use]
    pub fn get<T: Replicate>(&self, id: NetId) -> Option<T> {
        self.seen().get(id)
    }

    /// Each entity that has a component: see [`Seen::each`].
    pub fn each<T: Replicate>(&self, meet: impl FnMut(NetId, Option<PlayerId>, T)) {
        self.seen().each(meet);
    }

    /// What this viewer's own predicted lanes add up to, as the stream has them.
    #[must_use]
    pub fn own_checksum(&self) -> u32 {
        let Some(room) = &self.room else { return 0 };
        let own = self.places.keys().filter(|id| self.is_own(**id));
        own.flat_map(|id| self.parts(*id)).fold(0u32, |sum, part| {
            let shape = room.shapes.get(part.shape);
            sum.wrapping_add(shape.map_or(0, |shape| super::watching::part_checksum(part, shape)))
        })
    }

    fn parts(&self, id: NetId) -> impl Iterator<Item = &Part> {
        self.seen().parts(id)
    }

    /// Notes where a part is.
    pub(super) fn came(&mut self, id: NetId, key: SectionKey, slot: u32) {
        if !self.places.contains_key(&id) && !self.before.contains_key(&id) {
            self.unsaid.insert(id);
        }
        self.before.entry(id).or_default();
        self.places.entry(id).or_default().push((key, slot));
    }

    /// Notes that a part with these components is where it was no more.
    pub(super) fn went(
        &mut self,
        id: NetId,
        key: SectionKey,
        components: impl Iterator<Item = ComponentId>,
    ) {
        self.before.entry(id).or_default().extend(components);
        let Some(places) = self.places.get_mut(&id) else { return };
        places.retain(|(place, _)| *place != key);
        if places.is_empty() {
            self.places.remove(&id);
        }
    }

    /// Says what came and went.
    pub(super) fn conclude(&mut self) {
        for (id, before) in std::mem::take(&mut self.before) {
            let unsaid = self.unsaid.remove(&id);
            if !self.places.contains_key(&id) {
                if !unsaid {
                    self.changes.removed.push(id);
                }
                continue;
            }
            if unsaid {
                self.changes.added.push(id);
                continue;
            }
            let now: BTreeSet<ComponentId> = self.components(id).collect();
            self.changes.changed.extend(now.iter().map(|component| (id, *component)));
            self.changes.lost.extend(before.difference(&now).map(|component| (id, *component)));
        }
        let places = &self.places;
        self.unknown.retain(|id| places.contains_key(id));
    }
}
