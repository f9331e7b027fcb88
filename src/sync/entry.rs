//! What the sending half keeps of each entity, and of those on their way.

use super::schema::Audience;
use super::section_key::{Cell, SectionKey};
use crate::ids::{NetId, PlayerId, TeamId, Tick};

/// Names an entity to the stream that it was spawned in. Reused after a despawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(pub(crate) u32);

/// What the stream must know of an entity beside its lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Who sees components that are for the owner.
    pub owner: Option<PlayerId>,
    /// Whether the owner's client may predict it, and so need not be told.
    pub predicted: bool,
    /// Who sees components that are for a team.
    pub team: Option<TeamId>,
    /// Where it is on the grid; nowhere is everywhere.
    pub cell: Option<Cell>,
}

/// The audiences an entity is split by, in the order of a record's parts.
pub(super) const AUDIENCES: [Audience; 3] = [Audience::Everyone, Audience::Team, Audience::Owner];

/// Where a part is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) key: SectionKey,
    /// Not known before the part was told of.
    pub(super) slot: Option<u32>,
}

/// One entity.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) id: NetId,
    pub(super) entry: Entry,
    pub(super) is_spawned: bool,
    /// The tick in which all its lanes are told.
    pub(super) told_at: Tick,
    pub(super) parts: [Option<Place>; 3],
}

/// A part on its way from one section to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arriving {
    pub(super) handle: u32,
    pub(super) audience: usize,
    pub(super) from: SectionKey,
    pub(super) slot: u32,
}
