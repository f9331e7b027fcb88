//! What is to happen in the coming tick, by section. Only sections in which something begins or ends
//! are here: a tick in which parts go on as they did reads nothing of it.

use super::entry::Arriving;
use super::part::Part;
use super::section::{News, Reshaped};
use super::section_key::SectionKey;

/// What happens in a section when the tick is encoded.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) news: News,
    /// Whose parts `news.entered` are: handle and audience.
    pub(super) entering: Vec<(u32, usize)>,
    pub(super) arriving: Vec<Arriving>,
}

impl Pending {
    /// Whether nothing happens.
    pub(super) fn is_empty(&self) -> bool {
        self.arriving.is_empty()
            && self.news.removed.is_empty()
            && self.news.reshaped.is_empty()
            && self.news.entered.is_empty()
    }

    /// How a part is to change shape, if it is.
    pub(super) fn reshaped(&self, slot: u32) -> Option<Reshaped> {
        self.news.reshaped.iter().find(|reshaped| reshaped.slot == slot).copied()
    }

    /// Forgets all; parts that left are put aside.
    fn clear(&mut self, pool: &mut Vec<Box<Part>>) {
        pool.extend(self.news.limbo.drain(..).flatten());
        self.news.clear();
        self.entering.clear();
    }
}

/// What happens in which sections. Memory is used again, whatever section it was for.
#[derive(Debug, Default)]
pub(super) struct Pendings {
    /// Ascending by section, with places in `all`.
    places: Vec<(SectionKey, usize)>,
    all: Vec<Pending>,
    /// What sections have in which nothing is to happen.
    none: Pending,
}

impl Pendings {
    fn find(&self, key: SectionKey) -> Result<usize, usize> {
        self.places.binary_search_by_key(&key, |(key, _)| *key)
    }

    /// The sections in which something happens.
    pub(super) fn keys(&self) -> impl Iterator<Item = SectionKey> {
        self.places.iter().map(|(key, _)| *key)
    }

    pub(super) fn get(&self, key: SectionKey) -> Option<&Pending> {
        Some(&self.all[self.places[self.find(key).ok()?].1])
    }

    pub(super) fn get_mut(&mut self, key: SectionKey) -> Option<&mut Pending> {
        let place = self.places[self.find(key).ok()?].1;
        Some(&mut self.all[place])
    }

    /// What happens in a section, where from now on something does.
    pub(super) fn of(&mut self, key: SectionKey) -> &mut Pending {
        let place = match self.find(key) {
            Ok(at) => self.places[at].1,
            Err(at) => {
                let place = self.places.len();
                self.places.insert(at, (key, place));
                place
            }
        };
        if place == self.all.len() {
            self.all.push(Pending::default());
        }
        &mut self.all[place]
    }

    /// What happens in a section, or nothing; good until the next is asked for.
    pub(super) fn get_or_none(&mut self, key: SectionKey) -> &mut Pending {
        match self.find(key) {
            Ok(at) => &mut self.all[self.places[at].1],
            Err(_) => {
                self.none.news.clear();
                &mut self.none
            }
        }
    }

    /// Forgets all; parts that left are put aside.
    pub(super) fn clear(&mut self, pool: &mut Vec<Box<Part>>) {
        self.all[..self.places.len()].iter_mut().for_each(|pending| pending.clear(pool));
        self.places.clear();
    }
}
