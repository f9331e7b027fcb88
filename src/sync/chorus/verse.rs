//! One packet in its tick: what is new in it is decoded for all, the rest is compared.

use super::lead::{Lead, Said, Shown};
use super::told::{Arrival, Gained, Told};
use crate::sync::delta::index_bits;
use crate::sync::error::StreamError;
use crate::sync::part::Part;
use crate::sync::prediction::Prediction;
use crate::sync::range::RangeDecoder;
use crate::sync::receive::{read_news, read_whole, step};
use crate::sync::record::{Budget, code_stranger};
use crate::sync::section_key::SectionKey;
use crate::sync::viewer::{BitReader, Prologue};
use crate::sync::watching::section_checksum;
use crate::sync::wire::Receiving;

/// Whose mistake it is.
pub(super) enum Wrong {
    /// One viewer was told something else than the others.
    One(StreamError),
    /// What was to be decoded for all could not be.
    All(StreamError),
}

impl From<StreamError> for Wrong {
    fn from(fault: StreamError) -> Self {
        Self::One(fault)
    }
}

/// One packet in its tick.
pub(super) struct Verse<'a> {
    pub(super) lead: &'a mut Lead,
    pub(super) told: &'a mut Told,
    /// Whose packet it is.
    pub(super) singer: usize,
    pub(super) budget: Budget,
}

impl Verse<'_> {
    /// Takes the packet of one to whom these sections are shown.
    pub(super) fn receive(
        &mut self,
        packet: &[u8],
        shown: &mut Vec<Shown>,
        prologue: &mut Prologue,
    ) -> Result<(), Wrong> {
        match self.read(packet, shown, prologue) {
            Err(Wrong::One(fault)) if self.told.is_half() => Err(Wrong::All(fault)),
            received => received,
        }
    }

    fn read(
        &mut self,
        packet: &[u8],
        shown: &mut Vec<Shown>,
        prologue: &mut Prologue,
    ) -> Result<(), Wrong> {
        let mut reader = BitReader { bytes: packet, at: 0 };
        reader.take(1)?;
        let rows = &self.lead.rows;
        let empty = shown.iter().map(|it| rows[it.row as usize].was_empty);
        prologue.read(&mut reader, empty, false)?;
        self.news(&mut reader, prologue.news)?;
        for at in prologue.lost.iter().rev() {
            let row = shown.remove(*at as usize).row;
            self.lead.hide(row);
            self.told.hidden.push(row);
        }
        self.told.heard.clear();
        for (it, heard) in shown.iter().zip(&prologue.heard) {
            self.section(&mut reader, *it, *heard)?;
        }
        if self.lead.room.grid {
            self.arrivals(&mut reader)?;
        }
        let (first, kept) = (self.told.gained.len(), shown.len());
        for key in &prologue.gained {
            if shown[..kept].binary_search_by_key(key, |it| it.key).is_ok() {
                return Err(Wrong::One(StreamError::BadNews));
            }
            shown.push(self.gain(&mut reader, *key)?);
        }
        if kept < shown.len() {
            shown.sort_unstable();
        }
        if prologue.checksum {
            self.check(&mut reader, shown, first)?;
        }
        let rest = packet.get(reader.at.div_ceil(8)..).unwrap_or(&[]);
        if rest.iter().any(|byte| *byte != 0) {
            return Err(Wrong::One(StreamError::Trailing(rest.len())));
        }
        Ok(())
    }

    fn news(&mut self, reader: &mut BitReader<'_>, has_news: bool) -> Result<(), Wrong> {
        match self.told.news {
            Some(Some(span)) if has_news => self.told.skip(span, reader)?,
            Some(None) if !has_news => {}
            Some(_) => return Err(Wrong::One(StreamError::BadNews)),
            None if has_news => {
                let start = reader.at;
                let news = read_news(reader, &self.lead.room)?;
                let bent = self.lead.room.believe(&news);
                let room = &self.lead.room;
                self.lead.rows.iter_mut().for_each(|row| room.bend(&mut row.section, &bent));
                self.told.news = Some(Some(self.told.note(reader.bytes, start, reader.at)));
            }
            None => self.told.news = Some(None),
        }
        Ok(())
    }

    /// What happens in a section, or nothing: as those said who came before.
    fn section(&mut self, reader: &mut BitReader<'_>, it: Shown, heard: bool) -> Result<(), Wrong> {
        let row = &mut self.lead.rows[it.row as usize];
        match (row.said, heard) {
            (Said::Quiet, false) => {}
            (Said::Unsaid, false) => row.said = Said::Quiet,
            (Said::Heard(tale), true) => {
                self.told.skip_tale(tale, reader)?;
                self.told.hear(tale);
            }
            (Said::Unsaid, true) => {
                let start = reader.at;
                let news = self.told.begin_tale(it.row);
                let (common, none) = (self.lead.room.common(), Prediction::default());
                let (section, budget) = (&mut row.section, &mut self.budget);
                self.lead
                    .replica
                    .read_section(reader, it.key, section, news, &common, budget, false, &none)
                    .map_err(Wrong::All)?;
                let tale = self.told.end_tale(reader.bytes, start, reader.at);
                row.said = Said::Heard(tale);
                self.told.hear(tale);
            }
            _ => return Err(Wrong::One(StreamError::BadNews)),
        }
        Ok(())
    }

    fn arrivals(&mut self, reader: &mut BitReader<'_>) -> Result<(), Wrong> {
        let left = index_bits(self.told.left());
        for at in 0..self.told.heard.len() {
            let tale = self.told.heard[at].tale;
            for index in 0..self.told.tale(tale).news.arrivals as usize {
                if reader.take(1)? == 1 {
                    let from = reader.take(left)?;
                    self.moved(reader, tale, index, from)?;
                } else {
                    self.stranger(reader, tale, index)?;
                }
            }
        }
        Ok(())
    }

    /// An arrival that the viewer saw where it was.
    fn moved(
        &mut self,
        reader: &mut BitReader<'_>,
        tale: u32,
        index: usize,
        from: u32,
    ) -> Result<(), Wrong> {
        let origin = self.told.origin(from).ok_or(StreamError::NoPart(from))?;
        let known = self.told.tale(tale).arrivals.get(index).copied();
        if let Some((known, span)) = known.and_then(|arrival| arrival.moved) {
            if known != origin {
                return Err(Wrong::One(StreamError::BadNews));
            }
            return Ok(self.told.skip(span, reader)?);
        }
        let mut part = self.told.gone(origin).ok_or(StreamError::NoPart(from))?;
        let start = reader.at;
        let (common, replica) = (self.lead.room.common(), &mut self.lead.replica);
        let mut wire = Receiving(RangeDecoder::new(reader.bytes, reader.at));
        step(&mut part, &common, &mut wire, &mut replica.scratch, &mut replica.changes);
        part.was_seen(common.tick);
        reader.skip_to(wire.0.finish())?;
        self.arrive(tale, known, part)?;
        let span = self.told.note(reader.bytes, start, reader.at);
        self.told.note_moved(tale, index, origin, span);
        Ok(())
    }

    /// An arrival that the viewer knows nothing of.
    fn stranger(
        &mut self,
        reader: &mut BitReader<'_>,
        tale: u32,
        index: usize,
    ) -> Result<(), Wrong> {
        let known = self.told.tale(tale).arrivals.get(index).copied();
        if let Some(span) = known.and_then(|arrival| arrival.record) {
            return Ok(self.told.skip(span, reader)?);
        }
        let mut part = Box::<Part>::default();
        let start = reader.at;
        let mut wire = Receiving(RangeDecoder::new(reader.bytes, reader.at));
        code_stranger(&self.lead.room.common(), &mut wire, &mut part, &mut self.budget)?;
        reader.skip_to(wire.0.finish())?;
        self.arrive(tale, known, part)?;
        let span = self.told.note(reader.bytes, start, reader.at);
        self.told.tale(tale).arrivals[index].record = Some(span);
        Ok(())
    }

    /// Lets a part come, or compares it with the one that has come already.
    fn arrive(
        &mut self,
        tale: u32,
        known: Option<Arrival>,
        part: Box<Part>,
    ) -> Result<(), StreamError> {
        let tale = self.told.tale(tale);
        let row = &mut self.lead.rows[tale.row as usize];
        if let Some(arrival) = known {
            let there = row.section.get(arrival.slot);
            let is_like = there.is_some_and(|there| there.is_like(&part, self.lead.room.tick));
            return if is_like { Ok(()) } else { Err(StreamError::BadNews) };
        }
        let id = part.id;
        let slot = row.section.enter(part);
        self.lead.replica.came(id, row.key, slot);
        tale.arrivals.push(Arrival { slot, ..Arrival::default() });
        Ok(())
    }

    /// A section that the viewer begins to see. Others may see it already, and may not have come to it
    /// in this tick: it is kept until all have.
    fn gain(&mut self, reader: &mut BitReader<'_>, key: SectionKey) -> Result<Shown, Wrong> {
        let section = read_whole(reader, &self.lead.room, &mut self.budget)?;
        let it = self.lead.show(key);
        self.told.gained.push(Gained { singer: self.singer, row: it.row, section });
        Ok(it)
    }

    /// Compares the checksum of all that is shown; what was gained from the `first` on as it was told.
    fn check(
        &mut self,
        reader: &mut BitReader<'_>,
        shown: &[Shown],
        first: usize,
    ) -> Result<(), Wrong> {
        let expected = reader.take(32)?;
        let (room, gained) = (&self.lead.room, &self.told.gained[first..]);
        let mut found = 0u32;
        for it in shown {
            let row = &mut self.lead.rows[it.row as usize];
            let checksum = match gained.iter().find(|gained| gained.row == it.row) {
                Some(gained) => section_checksum(&gained.section, room),
                None => *row.checksum.get_or_insert_with(|| section_checksum(&row.section, room)),
            };
            found = found.wrapping_add(checksum);
        }
        if found == expected {
            return Ok(());
        }
        Err(Wrong::One(StreamError::Desync { tick: room.tick.0, expected, found }))
    }
}
