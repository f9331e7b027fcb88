//! What each viewer is told of a tick: in which of its sections something happened, and which it begins
//! or ceases to see.

use super::delta::{Piece, ViewerPiece};
use super::encode::write_whole;
use super::section_key::SectionKey;
use super::stream::Stream;
use super::viewer::{Prologue, Viewer};
use super::watching::section_checksum;
use crate::ids::PlayerId;
use std::collections::BTreeMap;

/// A checksum travels along once in so many ticks.
const CHECKSUM_PERIOD: u32 = 32;

/// What there is of a section in one tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happening {
    /// The rank of the section among all.
    rank: u128,
    /// Which of the delta's sections tells of it.
    piece: Option<u32>,
    /// Whether nobody was in it before.
    was_empty: bool,
    /// Its checksum, on a tick that has one.
    sum: u32,
}

impl Stream {
    pub(super) fn encode_viewers(&mut self) {
        let is_checked = self.room.tick.0.is_multiple_of(CHECKSUM_PERIOD);
        self.look_around(is_checked);
        let mut whole = BTreeMap::new();
        let mut viewers = std::mem::take(&mut self.viewers);
        for (player, viewer) in &mut viewers {
            if !viewer.sections.is_empty() {
                let piece = self.viewer_piece(*player, viewer, is_checked, &mut whole);
                let checksum = is_checked.then(|| sum(&viewer.wanted, &self.happenings));
                self.delta.viewers.push(ViewerPiece { checksum, ..piece });
            }
            viewer.sees_what_it_wants();
            viewer.claim = None;
        }
        self.viewers = viewers;
    }

    /// Notes what there is of all sections, so that no viewer has to look for it.
    fn look_around(&mut self, is_checked: bool) {
        let mut pieces = (0..).zip(&self.delta.sections).peekable();
        let room = &self.room;
        self.happenings.clear();
        self.happenings.extend(room.sections.iter().map(|(key, section)| {
            let piece = pieces.next_if(|(_, piece)| piece.key == *key);
            Happening {
                rank: key.rank(),
                piece: piece.map(|(index, _)| index),
                was_empty: piece.map_or(section.live() == 0, |(_, piece)| piece.was_empty),
                sum: if is_checked { section_checksum(section, room) } else { 0 },
            }
        }));
    }

    /// What one viewer is told.
    fn viewer_piece(
        &mut self,
        player: PlayerId,
        viewer: &Viewer,
        is_checked: bool,
        whole: &mut BTreeMap<SectionKey, (Piece, usize)>,
    ) -> ViewerPiece {
        let predicts = viewer.view.predicts;
        let claim = viewer.claim.filter(|_| predicts);
        let omits =
            claim.is_some_and(|claim| claim == self.own_checksum_in(player, &viewer.wanted));
        let mut prologue = std::mem::take(&mut self.prologue);
        prologue.clear();
        prologue.news = self.delta.news.is_some();
        prologue.checksum = is_checked;
        prologue.omits = omits;
        let heard = self.delta.heard.len();
        hear(viewer, &self.happenings, &mut prologue, &mut self.delta.heard);
        let before = &viewer.sections;
        let new = |key: &&SectionKey| before.binary_search(key).is_err();
        if viewer.turned {
            prologue.gained.extend(viewer.wanted.iter().filter(new));
        }
        let seen_new = self.delta.seen_new.len();
        for key in &prologue.gained {
            let (room, bits) = (&self.room, &mut self.delta.bits);
            let piece = whole.entry(*key).or_insert_with(|| write_whole(room, *key, bits));
            self.delta.seen_new.push(piece.clone());
        }
        let start = self.delta.bits.len();
        prologue.write(predicts, &mut self.delta.bits);
        let news = prologue.news;
        self.prologue = prologue;
        ViewerPiece {
            player,
            prologue: start..self.delta.bits.len(),
            news,
            heard: heard..self.delta.heard.len(),
            seen_new: seen_new..self.delta.seen_new.len(),
            omits,
            checksum: None,
        }
    }
}

/// Finds in which of the sections it goes on seeing something happened. All lists ascend.
fn hear(viewer: &Viewer, happenings: &[Happening], prologue: &mut Prologue, told: &mut Vec<u32>) {
    let mut wanted = viewer.wanted.iter().peekable();
    let mut happenings = happenings;
    for (at, key) in (0..).zip(&viewer.sections) {
        if viewer.turned {
            while wanted.next_if(|wanted| *wanted < key).is_some() {}
            if wanted.peek() != Some(&key) {
                prologue.lost.push(at);
                continue;
            }
        }
        let happening = find(&mut happenings, *key);
        let piece = happening.and_then(|it| it.piece);
        prologue.heard.push(piece.is_some());
        prologue.empty.push(happening.is_none_or(|it| it.was_empty));
        told.extend(piece);
    }
}

/// The checksum of sections, on a tick that has one.
fn sum(keys: &[SectionKey], happenings: &[Happening]) -> u32 {
    let mut happenings = happenings;
    let sums = keys.iter().filter_map(|key| find(&mut happenings, *key).map(|it| it.sum));
    sums.fold(0, u32::wrapping_add)
}

/// What there is of a section, if anything; goes on to those after it. Who is asked for next is seldom
/// far away, however many there are, so steps grow from one.
fn find(happenings: &mut &[Happening], key: SectionKey) -> Option<Happening> {
    let rank = key.rank();
    let is_before = |it: &Happening| it.rank < rank;
    let mut step = 1;
    while happenings.get(step - 1).is_some_and(is_before) {
        *happenings = &happenings[step..];
        step *= 2;
    }
    let near = &happenings[..happenings.len().min(step)];
    *happenings = &happenings[near.partition_point(is_before)..];
    happenings.first().filter(|it| it.rank == rank).copied()
}
