//! The sending half as its viewers concern it: who looks, and what they can check.

use super::checksum::lanes_checksum;
use super::part::Part;
use super::room::Room;
use super::section::Section;
use super::section_key::SectionKey;
use super::shape::Shape;
use super::stream::Stream;
use super::viewer::{View, Viewer};
use crate::ids::PlayerId;

impl Stream {
    /// Adds a viewer; it needs a keyframe after the next tick.
    pub fn join(&mut self, player: PlayerId, view: View) {
        self.viewers.insert(player, Viewer::default());
        self.set_view(player, view);
    }

    /// Removes a viewer.
    pub fn leave(&mut self, player: PlayerId) {
        self.viewers.remove(&player);
    }

    /// Changes what a viewer may see.
    pub fn set_view(&mut self, player: PlayerId, view: View) {
        if let Some(viewer) = self.viewers.get_mut(&player) {
            view.sections(player, &self.room.schema, &mut viewer.wanted);
            viewer.view = view;
            viewer.turned = true;
        }
    }

    /// What a viewer says its own predicted lanes add up to after the next tick.
    pub fn claim(&mut self, player: PlayerId, checksum: Option<u32>) {
        if let Some(viewer) = self.viewers.get_mut(&player) {
            viewer.claim = checksum;
        }
    }

    /// What a viewer may see now.
    #[must_use]
    pub fn view(&self, player: PlayerId) -> Option<&View> {
        Some(&self.viewers.get(&player)?.view)
    }

    /// What a player's own predicted lanes truly add up to: see [`super::Replica::own_checksum`].
    #[must_use]
    pub fn own_checksum(&self, player: PlayerId) -> u32 {
        let seen = self.viewers.get(&player).map_or(&[][..], |viewer| &viewer.wanted);
        self.own_checksum_in(player, seen)
    }

    /// What a player's own predicted lanes in these sections add up to.
    pub(super) fn own_checksum_in(&self, player: PlayerId, seen: &[SectionKey]) -> u32 {
        let handles = self.predicted.get(&player).map_or(&[][..], Vec::as_slice);
        let mut sum = 0u32;
        for place in handles.iter().flat_map(|handle| self.records[*handle as usize].parts.iter()) {
            let place = place.filter(|place| seen.binary_search(&place.key).is_ok());
            let part = place.and_then(|p| self.room.sections.get(&p.key)?.get(p.slot?));
            let Some(part) = part else { continue };
            let Some(shape) = self.room.shapes.get(part.shape) else { continue };
            sum = sum.wrapping_add(part_checksum(part, shape));
        }
        sum
    }

    /// Lets all viewers have seen what they see.
    pub(super) fn settle_viewers(&mut self) {
        for viewer in self.viewers.values_mut() {
            viewer.sees_what_it_wants();
        }
    }
}

/// The part of a checksum that comes from one part.
pub(crate) fn part_checksum(part: &Part, shape: &Shape) -> u32 {
    shape.components.iter().fold(0u32, |sum, plan| {
        let lanes = part.lanes[plan.range()].iter().map(|lane| lane.value);
        sum.wrapping_add(lanes_checksum(part.id, plan.id, lanes))
    })
}

/// The checksum of all parts of a section.
pub(crate) fn section_checksum(section: &Section, room: &Room) -> u32 {
    section.parts().fold(0u32, |sum, (_, part)| {
        let shape = room.shapes.get(part.shape);
        sum.wrapping_add(shape.map_or(0, |shape| part_checksum(part, shape)))
    })
}
