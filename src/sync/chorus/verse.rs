//! One tick of a chorus: what was told in it, decoded once and compared as often as it is told.

use crate::sync::bits::window;
use crate::sync::error::StreamError;
use crate::sync::prediction::Prediction;
use crate::sync::receive::{read_news, read_whole};
use crate::sync::record::Budget;
use crate::sync::replica::Replica;
use crate::sync::room::Room;
use crate::sync::section::{News, SectionKey};
use crate::sync::viewer::{BitReader, Prologue};
use crate::sync::watching::section_checksum;

/// What was told in a tick, and where it stands in `bits`.
#[derive(Debug, Default)]
pub(super) struct Told {
    bits: Vec<u8>,
    /// Whether there were room news, once that is known, and where.
    news: Option<Option<Span>>,
    /// Of which sections something was told, and of which nothing, as those said who came first.
    heard: Vec<(SectionKey, bool)>,
    sections: Vec<(SectionKey, Span)>,
    checksums: Vec<(SectionKey, u32)>,
    empty: Vec<(SectionKey, bool)>,
    scratch: News,
}

/// Bits: where they start and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    start: usize,
    length: usize,
}

/// Whose mistake it is.
pub(super) enum Wrong {
    /// One viewer was told something else than the others.
    One(StreamError),
    /// What was to be decoded for all could not be.
    All(StreamError),
}

/// One packet in its tick.
pub(super) struct Verse<'a> {
    pub(super) lead: &'a mut Replica,
    pub(super) room: &'a mut Room,
    pub(super) told: &'a mut Told,
}

impl Verse<'_> {
    /// Takes a viewer's packet; it sees these sections.
    pub(super) fn receive(
        &mut self,
        packet: &[u8],
        keys: &mut Vec<SectionKey>,
        prologue: &mut Prologue,
    ) -> Result<(), Wrong> {
        let mut reader = BitReader { bytes: packet, at: 0 };
        let mut budget = Budget::of_packet(packet.len());
        reader.take(1).map_err(Wrong::One)?;
        let empty: Vec<bool> = keys.iter().map(|key| self.told.was_empty(*key)).collect();
        prologue.read(&mut reader, empty.into_iter(), false).map_err(Wrong::One)?;
        self.news(&mut reader, prologue.news)?;
        for at in prologue.lost.iter().rev() {
            keys.remove(*at as usize);
        }
        for (key, heard) in keys.iter().zip(&prologue.heard) {
            self.told.agree(*key, *heard)?;
            if !heard {
                continue;
            }
            match self.told.find(*key) {
                Some(span) => self.told.skip(span, &mut reader)?,
                None => {
                    let start = reader.at;
                    self.section(&mut reader, *key, &mut budget)?;
                    let span = self.told.note(packet, start, reader.at);
                    self.told.sections.push((*key, span));
                }
            }
        }
        for key in &prologue.gained {
            if self.room.sections.contains_key(key) {
                // It may be half way through this tick: whoever begins to see it begins anew.
                return Err(Wrong::One(StreamError::NoKeyframe));
            }
            let section = read_whole(&mut reader, self.room, &mut budget).map_err(Wrong::One)?;
            section.parts().for_each(|(slot, part)| self.lead.came(part.id, *key, slot));
            self.room.sections.insert(*key, section);
            keys.push(*key);
        }
        keys.sort_unstable();
        if prologue.checksum {
            self.check(&mut reader, keys)?;
        }
        let rest = packet.get(reader.at.div_ceil(8)..).unwrap_or(&[]);
        if rest.iter().any(|byte| *byte != 0) {
            return Err(Wrong::One(StreamError::Trailing(rest.len())));
        }
        Ok(())
    }

    fn news(&mut self, reader: &mut BitReader<'_>, has_news: bool) -> Result<(), Wrong> {
        match self.told.news {
            Some(Some(span)) if has_news => self.told.skip(span, reader),
            Some(None) if !has_news => Ok(()),
            Some(_) => Err(Wrong::One(StreamError::BadNews)),
            None if has_news => {
                let start = reader.at;
                read_news(reader, self.room).map_err(Wrong::All)?;
                self.told.news = Some(Some(self.told.note(reader.bytes, start, reader.at)));
                Ok(())
            }
            None => {
                self.told.news = Some(None);
                Ok(())
            }
        }
    }

    fn section(
        &mut self,
        reader: &mut BitReader<'_>,
        key: SectionKey,
        budget: &mut Budget,
    ) -> Result<(), Wrong> {
        let (sections, common) = self.room.split();
        let Some(section) = sections.get_mut(&key) else {
            return Err(Wrong::One(StreamError::BadNews));
        };
        let news = &mut self.told.scratch;
        news.clear();
        let none = Prediction::default();
        self.lead
            .read_section(reader, key, section, news, &common, budget, false, &none)
            .map_err(Wrong::All)
    }

    fn check(&mut self, reader: &mut BitReader<'_>, keys: &[SectionKey]) -> Result<(), Wrong> {
        let expected = reader.take(32).map_err(Wrong::One)?;
        let mut found = 0u32;
        for key in keys {
            let known = self.told.checksums.iter().find(|(other, _)| other == key);
            let checksum = known.map(|(_, checksum)| *checksum).unwrap_or_else(|| {
                let section = self.room.sections.get(key);
                let checksum = section.map_or(0, |section| section_checksum(section, self.room));
                self.told.checksums.push((*key, checksum));
                checksum
            });
            found = found.wrapping_add(checksum);
        }
        if found == expected {
            return Ok(());
        }
        let tick = self.room.tick.0;
        Err(Wrong::One(StreamError::Desync { tick, expected, found }))
    }
}

impl Told {
    /// Begins a tick.
    pub(super) fn begin(&mut self, room: &Room) {
        self.bits.clear();
        self.news = None;
        self.heard.clear();
        self.sections.clear();
        self.checksums.clear();
        self.empty.clear();
        let sections = room.sections.iter();
        self.empty.extend(sections.map(|(key, section)| (*key, section.live() == 0)));
    }

    fn was_empty(&self, key: SectionKey) -> bool {
        let at = self.empty.binary_search_by_key(&key, |(key, _)| *key);
        at.is_ok_and(|at| self.empty[at].1)
    }

    /// All are told something of a section, or nobody is.
    fn agree(&mut self, key: SectionKey, heard: bool) -> Result<(), Wrong> {
        match self.heard.iter().find(|(other, _)| *other == key) {
            Some((_, before)) if *before != heard => Err(Wrong::One(StreamError::BadNews)),
            Some(_) => Ok(()),
            None => {
                self.heard.push((key, heard));
                Ok(())
            }
        }
    }

    fn find(&self, key: SectionKey) -> Option<Span> {
        self.sections.iter().find(|(other, _)| *other == key).map(|(_, span)| *span)
    }

    /// Keeps bits of a packet.
    fn note(&mut self, packet: &[u8], start: usize, end: usize) -> Span {
        let first = start / 8;
        let from = self.bits.len() * 8 + start % 8;
        self.bits.extend_from_slice(&packet[first..end.div_ceil(8)]);
        Span { start: from, length: end - start }
    }

    /// Goes on behind bits that must be the same as these.
    fn skip(&self, span: Span, reader: &mut BitReader<'_>) -> Result<(), Wrong> {
        let at = reader.at;
        reader.skip_to(at + span.length).map_err(Wrong::One)?;
        for offset in (0..span.length).step_by(32) {
            let differ =
                window(&self.bits, span.start + offset) ^ window(reader.bytes, at + offset);
            let left = (span.length - offset).min(32) as u32;
            if differ >> (32 - left) != 0 {
                return Err(Wrong::One(StreamError::BadNews));
            }
        }
        Ok(())
    }
}
