//! What was told in a tick, decoded once and compared as often as it is told.

use crate::sync::bits::window;
use crate::sync::error::StreamError;
use crate::sync::part::Part;
use crate::sync::section::{News, Section};
use crate::sync::viewer::BitReader;

/// What was told in a tick, and where it stands in `bits`.
#[derive(Debug, Default)]
pub(super) struct Told {
    bits: Vec<u8>,
    /// Whether there were room news, once that is known, and where.
    pub(super) news: Option<Option<Span>>,
    /// What happened in sections; those behind the first `count` are memory to be used again.
    tales: Vec<Tale>,
    count: usize,
    /// Sections as those were told them who begin to see them.
    pub(super) gained: Vec<Gained>,
    /// Sections that one less sees.
    pub(super) hidden: Vec<u32>,
    /// Of which sections the viewer hears whose packet is read.
    pub(super) heard: Vec<Heard>,
}

/// What happened in a section.
#[derive(Debug, Default)]
pub(super) struct Tale {
    pub(super) row: u32,
    span: Span,
    pub(super) news: News,
    /// Which of those who left came elsewhere.
    came_elsewhere: Vec<bool>,
    /// Those who came from elsewhere, as far as they were read.
    pub(super) arrivals: Vec<Arrival>,
}

impl Tale {
    /// Whether other shapes may be in the section than before.
    pub(super) fn changes_kinds(&self) -> bool {
        let news = &self.news;
        !(news.limbo.is_empty()
            && news.reshaped.is_empty()
            && news.entered_slots.is_empty()
            && self.arrivals.is_empty())
    }
}

/// A part that came from elsewhere, and how it was told so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Arrival {
    pub(super) slot: u32,
    /// To those who saw it where it was.
    pub(super) moved: Option<(Origin, Span)>,
    /// To all others.
    pub(super) record: Option<Span>,
}

/// Where an arrival was: which of those who left which section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    tale: u32,
    index: u32,
}

/// A section as somebody was told it who begins to see it.
#[derive(Debug)]
pub(super) struct Gained {
    pub(super) singer: usize,
    pub(super) row: u32,
    pub(super) section: Section,
}

/// What a viewer hears.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard {
    pub(super) tale: u32,
    /// How many left the sections before it.
    left_before: u32,
}

/// Bits: where they start and how many they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    length: usize,
}

impl Told {
    /// Begins a tick.
    pub(super) fn begin(&mut self) {
        self.bits.clear();
        self.news = None;
        self.count = 0;
        self.gained.clear();
        self.hidden.clear();
    }

    pub(super) fn tales(&self) -> impl Iterator<Item = &Tale> {
        self.tales[..self.count].iter()
    }

    pub(super) fn tale(&mut self, tale: u32) -> &mut Tale {
        &mut self.tales[tale as usize]
    }

    /// The next tale is of this section; gives where its news go.
    pub(super) fn begin_tale(&mut self, row: u32) -> &mut News {
        if self.count == self.tales.len() {
            self.tales.push(Tale::default());
        }
        let tale = &mut self.tales[self.count];
        tale.row = row;
        tale.news.clear();
        tale.arrivals.clear();
        &mut tale.news
    }

    /// The tale that was begun is told by these bits; gives its number.
    pub(super) fn end_tale(&mut self, packet: &[u8], start: usize, end: usize) -> u32 {
        let span = self.note(packet, start, end);
        let tale = &mut self.tales[self.count];
        tale.span = span;
        tale.came_elsewhere.clear();
        tale.came_elsewhere.resize(tale.news.limbo.len(), false);
        self.count += 1;
        self.count as u32 - 1
    }

    /// Goes on behind a tale that must be told like this one.
    pub(super) fn skip_tale(
        &self,
        tale: u32,
        reader: &mut BitReader<'_>,
    ) -> Result<(), StreamError> {
        self.skip(self.tales[tale as usize].span, reader)
    }

    /// The viewer hears this one next.
    pub(super) fn hear(&mut self, tale: u32) {
        let left_before = self.left();
        self.heard.push(Heard { tale, left_before });
    }

    /// How many left all sections that the viewer hears of.
    pub(super) fn left(&self) -> u32 {
        self.heard.last().map_or(0, |last| {
            last.left_before + self.tales[last.tale as usize].news.limbo.len() as u32
        })
    }

    /// Which one a viewer means by this index.
    pub(super) fn origin(&self, at: u32) -> Option<Origin> {
        let behind = self.heard.partition_point(|heard| heard.left_before <= at);
        let heard = self.heard[..behind].last()?;
        let origin = Origin { tale: heard.tale, index: at - heard.left_before };
        let limbo = &self.tales[origin.tale as usize].news.limbo;
        (origin.index < limbo.len() as u32).then_some(origin)
    }

    /// One who left, if it came nowhere else yet.
    pub(super) fn gone(&self, origin: Origin) -> Option<Box<Part>> {
        let tale = &self.tales[origin.tale as usize];
        let index = origin.index as usize;
        if tale.came_elsewhere[index] { None } else { tale.news.limbo[index].clone() }
    }

    /// An arrival was told by its origin and these bits.
    pub(super) fn note_moved(&mut self, tale: u32, index: usize, origin: Origin, span: Span) {
        self.tales[origin.tale as usize].came_elsewhere[origin.index as usize] = true;
        self.tales[tale as usize].arrivals[index].moved = Some((origin, span));
    }

    /// Whether sections lack parts that come from elsewhere.
    pub(super) fn is_half(&self) -> bool {
        self.tales().any(|tale| tale.arrivals.len() < tale.news.arrivals as usize)
    }

    /// Keeps bits of a packet.
    pub(super) fn note(&mut self, packet: &[u8], start: usize, end: usize) -> Span {
        let first = start / 8;
        let from = self.bits.len() * 8 + start % 8;
        self.bits.extend_from_slice(&packet[first..end.div_ceil(8)]);
        Span { start: from, length: end - start }
    }

    /// Goes on behind bits that must be the same as these.
    pub(super) fn skip(&self, span: Span, reader: &mut BitReader<'_>) -> Result<(), StreamError> {
        let at = reader.at;
        reader.skip_to(at + span.length)?;
        for offset in (0..span.length).step_by(32) {
            let differ =
                window(&self.bits, span.start + offset) ^ window(reader.bytes, at + offset);
            let left = (span.length - offset).min(32) as u32;
            if differ >> (32 - left) != 0 {
                return Err(StreamError::BadNews);
            }
        }
        Ok(())
    }
}
