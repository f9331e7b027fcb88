//! Who looks at the stream, what they see of it, and the bits of a packet that are theirs alone.

use super::bits::{BitBuffer, window};
use super::error::StreamError;
use super::schema::{Audience, Schema};
use super::section_key::{Cell, Hearers, SectionKey};
use crate::ids::{PlayerId, TeamId};

/// A viewer sees at most this many sections.
pub const VIEW_SECTIONS_LIMIT: usize = 1 << 11;
const INDEX_BITS: u32 = 12;

/// What one viewer may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The side whose hidden components it sees, if any.
    pub team: Option<TeamId>,
    /// The cells it sees; what is in no cell it always sees.
    pub cells: Vec<Cell>,
    /// Whether it predicts its own parts.
    pub predicts: bool,
}

/// One viewer of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Viewer {
    pub(crate) view: View,
    /// The sections it sees, ascending; none before its first tick.
    pub(crate) sections: Vec<SectionKey>,
    /// The sections that its view shows.
    pub(crate) wanted: Vec<SectionKey>,
    /// Whether `wanted` may be others than `sections`.
    pub(crate) turned: bool,
    /// What it says its own lanes add up to after this tick.
    pub(crate) claim: Option<u32>,
}

impl Viewer {
    /// Lets it have been told all that its view shows.
    pub(crate) fn sees_what_it_wants(&mut self) {
        if self.turned {
            self.sections.clone_from(&self.wanted);
            self.turned = false;
        }
    }
}

impl View {
    /// The sections that a player with this view sees, ascending.
    pub(crate) fn sections(&self, player: PlayerId, schema: &Schema, out: &mut Vec<SectionKey>) {
        let hides = |audience| schema.components().iter().any(|c| c.audience() == audience);
        let (team, owner) = (hides(Audience::Team), hides(Audience::Owner));
        out.clear();
        for cell in std::iter::once(None).chain(self.cells.iter().copied().map(Some)) {
            out.push(SectionKey { cell, hearers: Hearers::Everyone });
            if let Some(team) = self.team.filter(|_| team) {
                out.push(SectionKey { cell, hearers: Hearers::Team(team) });
            }
            if owner {
                out.push(SectionKey { cell, hearers: Hearers::Owner(player) });
            }
        }
        out.sort_unstable();
        out.dedup();
        out.truncate(VIEW_SECTIONS_LIMIT);
    }
}

/// What a packet says to its receiver alone. In a packet nothing else has happened in it is one
/// bit and a few for the sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prologue {
    pub(crate) news: bool,
    pub(crate) checksum: bool,
    /// Places of sections it sees no more, ascending.
    pub(crate) lost: Vec<u32>,
    /// Sections it begins to see.
    pub(crate) gained: Vec<SectionKey>,
    /// Whether its own predicted parts are left out; said only to one who predicts.
    pub(crate) omits: bool,
    /// For each section it goes on seeing, whether something happened.
    pub(crate) heard: Vec<bool>,
    /// For each of them, whether nobody was in it, as both sides know.
    pub(crate) empty: Vec<bool>,
}

/// The first bit of a packet.
pub(crate) const KEYFRAME_BIT: u32 = 1;

impl Prologue {
    pub(crate) fn clear(&mut self) {
        self.lost.clear();
        self.gained.clear();
        self.heard.clear();
        self.empty.clear();
    }

    pub(crate) fn write(&self, predicts: bool, out: &mut BitBuffer) {
        out.push(0, 1);
        let view = !self.lost.is_empty() || !self.gained.is_empty();
        let special = self.news || self.checksum || view;
        out.push(u32::from(special), 1);
        if special {
            out.push(u32::from(self.news), 1);
            out.push(u32::from(self.checksum), 1);
            out.push(u32::from(view), 1);
        }
        if view {
            out.push(self.lost.len() as u32, INDEX_BITS);
            self.lost.iter().for_each(|at| out.push(*at, INDEX_BITS));
            write_keys(&self.gained, out);
        }
        if predicts {
            out.push(u32::from(self.omits), 1);
        }
        let told = |empty: bool, out: &mut BitBuffer| {
            let (mut word, mut count) = (0, 0);
            let sections = self.heard.iter().zip(&self.empty);
            for (heard, _) in sections.filter(|(_, is_empty)| **is_empty == empty) {
                (word, count) = (word << 1 | u32::from(*heard), count + 1);
                if count == u32::BITS {
                    out.push(word, count);
                    (word, count) = (0, 0);
                }
            }
            out.push(word, count);
        };
        told(false, out);
        // Seldom does anybody come where nobody was.
        if self.empty.contains(&true) {
            let any = self.heard.iter().zip(&self.empty).any(|(heard, empty)| *heard && *empty);
            out.push(u32::from(any), 1);
            if any {
                told(true, out);
            }
        }
    }

    /// Reads what follows the keyframe bit, for one who sees these sections: for each, whether
    /// nobody is in it.
    pub(crate) fn read(
        &mut self,
        reader: &mut BitReader<'_>,
        empty: impl ExactSizeIterator<Item = bool>,
        predicts: bool,
    ) -> Result<(), StreamError> {
        self.clear();
        let sections = empty.len();
        let special = reader.take(1)? == 1;
        let flag = |reader: &mut BitReader<'_>| Ok(special && reader.take(1)? == 1);
        self.news = flag(reader)?;
        self.checksum = flag(reader)?;
        if flag(reader)? {
            for _ in 0..reader.take(INDEX_BITS)? {
                let at = reader.take(INDEX_BITS)?;
                if at as usize >= sections || self.lost.last().is_some_and(|last| *last >= at) {
                    return Err(StreamError::NoSection(at));
                }
                self.lost.push(at);
            }
            read_keys(reader, &mut self.gained)?;
        }
        self.omits = predicts && reader.take(1)? == 1;
        let (lost, kept) = (&self.lost, &mut self.empty);
        kept.extend(
            (0..).zip(empty).filter(|(at, _)| lost.binary_search(at).is_err()).map(|(_, e)| e),
        );
        for empty in &self.empty {
            self.heard.push(!empty && reader.take(1)? == 1);
        }
        if self.empty.contains(&true) && reader.take(1)? == 1 {
            for at in 0..self.empty.len() {
                if self.empty[at] {
                    self.heard[at] = reader.take(1)? == 1;
                }
            }
        }
        Ok(())
    }
}

/// Writes the names of sections.
pub(crate) fn write_keys(keys: &[SectionKey], out: &mut BitBuffer) {
    out.push(keys.len() as u32, INDEX_BITS);
    for key in keys {
        out.push(u32::from(key.cell.is_some()), 1);
        if let Some(cell) = key.cell {
            out.push(u32::from(cell.x as u16), 16);
            out.push(u32::from(cell.y as u16), 16);
        }
        match key.hearers {
            Hearers::Everyone => out.push(0, 2),
            Hearers::Team(team) => {
                out.push(1, 2);
                out.push(u32::from(team.0), 8);
            }
            Hearers::Owner(player) => {
                out.push(2, 2);
                out.push(player.0, 32);
            }
        }
    }
}

/// Reads the names of sections, ascending.
pub(crate) fn read_keys(
    reader: &mut BitReader<'_>,
    keys: &mut Vec<SectionKey>,
) -> Result<(), StreamError> {
    for _ in 0..reader.take(INDEX_BITS)? {
        let cell = if reader.take(1)? == 1 {
            Some(Cell { x: reader.take(16)? as u16 as i16, y: reader.take(16)? as u16 as i16 })
        } else {
            None
        };
        let hearers = match reader.take(2)? {
            0 => Hearers::Everyone,
            1 => Hearers::Team(TeamId(reader.take(8)? as u8)),
            _ => Hearers::Owner(PlayerId(reader.take(32)?)),
        };
        let key = SectionKey { cell, hearers };
        if keys.last().is_some_and(|last| *last >= key) {
            return Err(StreamError::BadNews);
        }
        keys.push(key);
    }
    Ok(())
}

/// Whether a packet of the stream is a keyframe: all that is seen, for one who has nothing.
#[must_use]
pub fn is_keyframe(packet: &[u8]) -> bool {
    packet.first().is_some_and(|first| first & 0x80 != 0)
}

/// Reads plain bits of a packet.
pub(crate) struct BitReader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

impl BitReader<'_> {
    /// The next bits; `count` is at most 32.
    pub(crate) fn take(&mut self, count: u32) -> Result<u32, StreamError> {
        if count == 0 {
            return Ok(0);
        }
        let value = window(self.bytes, self.at) >> (32 - count);
        self.skip_to(self.at + count as usize)?;
        Ok(value)
    }

    /// Goes on at a bit, if the packet has so many.
    pub(crate) fn skip_to(&mut self, at: usize) -> Result<(), StreamError> {
        if at > self.bytes.len() * 8 {
            return Err(StreamError::Truncated);
        }
        self.at = at;
        Ok(())
    }
}
