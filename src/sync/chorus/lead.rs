//! What those who sing together hold: every section that any of them sees, once.

use super::told::{Gained, Told};
use crate::ids::PlayerId;
use crate::sync::part::Part;
use crate::sync::replica::Replica;
use crate::sync::room::Room;
use crate::sync::schema::ComponentId;
use crate::sync::section::Section;
use crate::sync::section_key::SectionKey;
use crate::sync::seen::{Seen, Share};
use crate::sync::shape::ShapeId;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A section that somebody sees, and where it is among the common ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sync) struct Shown {
    pub(in crate::sync) key: SectionKey,
    pub(in crate::sync) row: u32,
}

/// A section that those who sing hold in common.
#[derive(Debug)]
pub(in crate::sync) struct Row {
    pub(super) key: SectionKey,
    pub(in crate::sync) section: Section,
    /// How many of those who sing see it.
    pub(super) seen_by: u32,
    /// Whether nobody was in it before this tick.
    pub(super) was_empty: bool,
    pub(super) said: Said,
    /// Its checksum after this tick, once somebody needs it.
    pub(super) checksum: Option<u32>,
    /// Who is in it, by shape.
    slots: Vec<(ShapeId, u32)>,
}

/// What was said of a section in this tick by those who came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nobody who goes on seeing it has come yet.
    Unsaid,
    /// Nothing happens in it.
    Quiet,
    /// This happens in it.
    Heard(u32),
    /// It was told whole: nobody else had it.
    Whole,
}

impl Row {
    fn new(key: SectionKey) -> Self {
        Self {
            key,
            section: Section::default(),
            seen_by: 0,
            was_empty: true,
            said: Said::Unsaid,
            checksum: None,
            slots: Vec::new(),
        }
    }

    /// Its parts that have a component, and where their lanes have it. Others are not even looked at.
    pub(in crate::sync) fn with<'a>(
        &'a self,
        component: ComponentId,
        room: &'a Room,
    ) -> impl Iterator<Item = (&'a Part, Range<usize>)> {
        let kinds = self.slots.chunk_by(|(shape, _), (other, _)| shape == other);
        let having = kinds.filter_map(move |kind| {
            let (shape, _) = kind.first()?;
            Some((kind, room.shapes.get(*shape)?.range(component)?))
        });
        having.flat_map(|(kind, range)| {
            let parts = kind.iter().filter_map(|(_, slot)| self.section.get(*slot));
            parts.map(move |part| (part, range.clone()))
        })
    }

    /// Finds anew who is in it.
    pub(super) fn survey(&mut self) {
        self.slots.clear();
        self.slots.extend(self.section.parts().map(|(slot, part)| (part.shape, slot)));
        self.slots.sort_unstable();
    }
}

/// What those who sing together hold.
#[derive(Debug)]
pub(super) struct Lead {
    /// Knows where each entity is; its sections are the rows.
    pub(super) replica: Replica,
    pub(super) room: Room,
    pub(super) rows: Vec<Row>,
    free: Vec<u32>,
    by_key: BTreeMap<SectionKey, u32>,
}

impl Lead {
    /// Holds nothing yet, but believes what this room believes.
    pub(super) fn new(room: &Room) -> Self {
        Self {
            replica: Replica::new(room.schema.clone(), PlayerId::default(), false),
            room: room.without_sections(),
            rows: Vec::new(),
            free: Vec::new(),
            by_key: BTreeMap::new(),
        }
    }

    /// Whether a room, and those sections that others see as well, are as they are here.
    pub(super) fn is_like(&self, room: &Room) -> bool {
        let is_like = |(key, section): (&SectionKey, &Section)| {
            let row = self.by_key.get(key).map(|row| &self.rows[*row as usize]);
            row.is_none_or(|row| row.section.is_like(section, room.tick))
        };
        self.room.tick == room.tick
            && room.sections.iter().all(is_like)
            && self.room.believes_like(room)
    }

    /// Somebody who holds the same joins in; gives what it sees.
    pub(super) fn take_in(&mut self, room: Room) -> Vec<Shown> {
        let mut shown = Vec::with_capacity(room.sections.len());
        for (key, section) in room.sections {
            let it = self.show(key);
            if self.rows[it.row as usize].seen_by == 1 {
                self.adopt(it.row, section);
            }
            shown.push(it);
        }
        shown
    }

    /// One more sees this section.
    pub(super) fn show(&mut self, key: SectionKey) -> Shown {
        let row = self.by_key.get(&key).copied().unwrap_or_else(|| {
            let row = self.free.pop().unwrap_or(self.rows.len() as u32);
            match self.rows.get_mut(row as usize) {
                Some(free) => *free = Row::new(key),
                None => self.rows.push(Row::new(key)),
            }
            self.by_key.insert(key, row);
            row
        });
        self.rows[row as usize].seen_by += 1;
        Shown { key, row }
    }

    /// One less sees this section; it is kept until it is swept.
    pub(super) fn hide(&mut self, row: u32) {
        self.rows[row as usize].seen_by -= 1;
    }

    /// Forgets a section if nobody sees it any more.
    pub(super) fn sweep(&mut self, row: u32) {
        let key = self.rows[row as usize].key;
        if self.rows[row as usize].seen_by > 0 || self.by_key.get(&key) != Some(&row) {
            return;
        }
        self.adopt(row, Section::default());
        self.by_key.remove(&key);
        self.free.push(row);
    }

    /// Takes a section over in the place of the one that was there.
    fn adopt(&mut self, row: u32, section: Section) {
        let row = &mut self.rows[row as usize];
        for (_, part) in row.section.parts() {
            self.replica.went(part.id, row.key, std::iter::empty());
        }
        row.section = section;
        for (slot, part) in row.section.parts() {
            self.replica.came(part.id, row.key, slot);
        }
        row.survey();
    }

    /// Begins a tick.
    pub(super) fn begin(&mut self) {
        self.room.tick = self.room.tick.next();
        for row in &mut self.rows {
            row.was_empty = row.section.live() == 0;
            row.said = Said::Unsaid;
            row.checksum = None;
        }
        self.replica.say_nothing();
    }

    /// Holds a section as one who begins to see it was told it; says whether it is as others have it.
    pub(super) fn settle(&mut self, gained: Gained) -> bool {
        let row = &mut self.rows[gained.row as usize];
        if row.said != Said::Unsaid {
            return row.section.is_like(&gained.section, self.room.tick);
        }
        row.said = Said::Whole;
        self.adopt(gained.row, gained.section);
        true
    }

    /// Ends a tick.
    pub(super) fn conclude(&mut self, told: &mut Told) {
        for tale in told.tales().filter(|tale| tale.changes_kinds()) {
            self.rows[tale.row as usize].survey();
        }
        for row in told.hidden.drain(..) {
            self.sweep(row);
        }
    }

    /// What one sees to whom these sections are shown.
    pub(super) fn seen<'a>(&'a self, shown: &'a [Shown]) -> Seen<'a> {
        Seen {
            schema: self.replica.schema(),
            room: Some(&self.room),
            places: &self.replica.places,
            share: Some(Share { shown, rows: &self.rows }),
        }
    }

    /// The same with eyes of its own.
    pub(super) fn part_of(&self, player: PlayerId, shown: &[Shown]) -> Replica {
        let mut part = Replica::new(Arc::clone(self.replica.schema()), player, false);
        let mut room = self.room.without_sections();
        for it in shown {
            let section = self.rows[it.row as usize].section.clone();
            section.parts().for_each(|(slot, there)| part.came(there.id, it.key, slot));
            room.sections.insert(it.key, section);
        }
        part.room = Some(room);
        part.conclude();
        part
    }
}

impl Replica {
    /// Nobody asks what changes.
    fn say_nothing(&mut self) {
        self.changes.clear();
        self.before.clear();
        self.unsaid.clear();
    }
}
