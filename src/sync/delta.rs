//! What a tick changed, for the room: encoded once, gathered for each receiver.
//!
//! A packet is a few bits of the receiver's own, and then the pieces that it may see, joined at
//! bits. Gathering copies bits and decides nothing.

use super::bits::BitBuffer;
use super::section_key::SectionKey;
use crate::ids::{PlayerId, Tick};
use std::ops::Range;

/// A run of bits of a delta.
pub(crate) type Piece = Range<usize>;

/// One section's share of a delta.
#[derive(Clone, Debug)]
pub(crate) struct SectionPiece {
    pub(crate) key: SectionKey,
    pub(crate) bits: Piece,
    /// Chunks of predicted parts, which their owner may not need.
    pub(crate) predicted: Range<usize>,
    pub(crate) arrivals: Range<usize>,
    /// Whether nobody was in it before this tick.
    pub(crate) was_empty: bool,
    /// How many parts left it.
    pub(crate) removed: u32,
    /// How many bytes a packet must have with it.
    pub(crate) bytes_needed: usize,
}

/// A part that came from another section, told in two ways.
#[derive(Clone, Debug)]
pub(crate) struct ArrivalPiece {
    pub(crate) from: SectionKey,
    /// Which of those that left it.
    pub(crate) index: u32,
    /// For those who saw it where it was.
    pub(crate) chunk: Piece,
    /// For all others.
    pub(crate) record: Piece,
    pub(crate) bytes_needed: usize,
}

/// One receiver's share of a delta.
#[derive(Clone, Debug)]
pub(crate) struct ViewerPiece {
    pub(crate) player: PlayerId,
    /// The bits before the shared pieces.
    pub(crate) prologue: Piece,
    /// Whether the room's news follow.
    pub(crate) news: bool,
    /// Which of `heard` follow: sections it goes on seeing.
    pub(crate) heard: Range<usize>,
    /// Which of `seen_new` follow: sections it begins to see, whole.
    pub(crate) seen_new: Range<usize>,
    /// Whether it knows its predicted parts already.
    pub(crate) omits: bool,
    pub(crate) checksum: Option<u32>,
}

/// What a tick changed: the state half of a frame.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    pub(crate) tick: Tick,
    pub(crate) bits: BitBuffer,
    pub(crate) news: Option<Piece>,
    pub(crate) sections: Vec<SectionPiece>,
    pub(crate) predicted: Vec<(PlayerId, Piece)>,
    pub(crate) arrivals: Vec<ArrivalPiece>,
    pub(crate) viewers: Vec<ViewerPiece>,
    /// Indices of `sections`, for each viewer's `heard`.
    pub(crate) heard: Vec<u32>,
    /// Whole sections with the bytes they need, for each viewer's `seen_new`.
    pub(crate) seen_new: Vec<(Piece, usize)>,
}

impl Delta {
    pub(crate) fn clear(&mut self) {
        self.bits.clear();
        self.news = None;
        self.sections.clear();
        self.predicted.clear();
        self.arrivals.clear();
        self.viewers.clear();
        self.heard.clear();
        self.seen_new.clear();
    }

    /// The tick that produced it.
    #[must_use]
    pub fn tick(&self) -> Tick {
        self.tick
    }

    /// Those there is a packet for.
    pub fn viewers(&self) -> impl Iterator<Item = PlayerId> {
        self.viewers.iter().map(|viewer| viewer.player)
    }

    /// Replaces `packet` by what a viewer is sent; without bytes if there is no such viewer.
    pub fn gather(&self, player: PlayerId, packet: &mut Vec<u8>) {
        packet.clear();
        self.gather_after(player, packet);
    }

    /// Appends what a viewer is sent to `packet`; nothing if there is no such viewer.
    pub fn gather_after(&self, player: PlayerId, packet: &mut Vec<u8>) {
        let before = packet.len();
        let Ok(at) = self.viewers.binary_search_by_key(&player, |viewer| viewer.player) else {
            return;
        };
        let viewer = &self.viewers[at];
        let mut out = BitBuffer::after(std::mem::take(packet));
        let mut needed = 0;
        self.append(&mut out, &viewer.prologue);
        if let Some(news) = self.news.as_ref().filter(|_| viewer.news) {
            self.append(&mut out, news);
        }
        let heard = &self.heard[viewer.heard.clone()];
        for section in heard.iter().map(|index| &self.sections[*index as usize]) {
            self.append_section(&mut out, section, viewer);
            needed += section.bytes_needed;
        }
        needed += self.append_arrivals(&mut out, heard);
        for (piece, bytes_needed) in &self.seen_new[viewer.seen_new.clone()] {
            self.append(&mut out, piece);
            needed += bytes_needed;
        }
        if let Some(checksum) = viewer.checksum {
            out.push(checksum, 32);
        }
        *packet = out.into_bytes();
        if packet.len() < before + needed {
            packet.resize(before + needed, 0);
        }
    }

    fn append(&self, out: &mut BitBuffer, piece: &Piece) {
        out.append(&self.bits, piece.start, piece.len());
    }

    fn append_section(&self, out: &mut BitBuffer, section: &SectionPiece, viewer: &ViewerPiece) {
        let mut from = section.bits.start;
        if viewer.omits {
            let own = self.predicted[section.predicted.clone()].iter();
            for (_, piece) in own.filter(|(player, _)| *player == viewer.player) {
                self.append(out, &(from..piece.start));
                from = piece.end;
            }
        }
        self.append(out, &(from..section.bits.end));
    }

    fn append_arrivals(&self, out: &mut BitBuffer, heard: &[u32]) -> usize {
        let sections = || heard.iter().map(|index| &self.sections[*index as usize]);
        let left: u32 = sections().map(|section| section.removed).sum();
        let mut needed = 0;
        for section in sections() {
            for arrival in &self.arrivals[section.arrivals.clone()] {
                let mut before = 0;
                let from = sections().find(|from| {
                    let found = from.key == arrival.from;
                    before += if found { 0 } else { from.removed };
                    found
                });
                if from.is_some() {
                    out.push(1, 1);
                    out.push(before + arrival.index, index_bits(left));
                    self.append(out, &arrival.chunk);
                } else {
                    out.push(0, 1);
                    self.append(out, &arrival.record);
                    needed += arrival.bytes_needed;
                }
            }
        }
        needed
    }
}

/// The bits of an index below `count`.
pub(crate) fn index_bits(count: u32) -> u32 {
    u32::BITS - count.saturating_sub(1).leading_zeros()
}
