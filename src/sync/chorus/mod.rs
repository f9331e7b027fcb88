//! Many viewers of one match in one place: what they are told alike is decoded once.
//!
//! Who holds the same state and is told the same bits holds the same state afterwards. So the first
//! viewer whose packet has a section's news decodes them, and the packets of all others are compared
//! with that one, bit by bit; the checksum of each is compared with what it sees. A viewer who holds
//! anything else, or is behind, decodes alone until it holds the same again.

mod verse;

use super::error::StreamError;
use super::replica::Replica;
use super::room::Room;
use super::schema::Schema;
use super::section::{Section, SectionKey};
use super::viewer::{Prologue, is_keyframe};
use crate::ids::{PlayerId, Tick};
use std::collections::VecDeque;
use std::sync::Arc;
use verse::{Told, Verse, Wrong};

/// Who has so many packets less than another one is waited for no longer.
const BEHIND_MOST: usize = 16;

/// Viewers of one match who see it without an interest grid and predict nothing.
#[derive(Debug, Default)]
pub struct Chorus {
    /// What those who sing together hold.
    lead: Option<Box<Replica>>,
    singers: Vec<Option<Singer>>,
    told: Told,
    prologue: Prologue,
}

/// A viewer's name in its chorus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SingerId(usize);

#[derive(Debug)]
struct Singer {
    player: PlayerId,
    part: Voice,
    /// What went wrong with a packet that was looked at later.
    fault: Option<StreamError>,
}

impl Singer {
    /// Knows nothing any more, for this reason.
    fn fall_silent(&mut self, schema: Arc<Schema>, fault: StreamError) {
        self.part = Voice::Alone(Box::new(Replica::new(schema, self.player, false)));
        self.fault = Some(fault);
    }
}

#[derive(Debug)]
enum Voice {
    Alone(Box<Replica>),
    Along { keys: Vec<SectionKey>, waiting: VecDeque<Vec<u8>> },
}

impl Chorus {
    /// Somebody who has seen nothing yet.
    pub fn enter(&mut self, schema: Arc<Schema>, player: PlayerId) -> SingerId {
        let alone = Box::new(Replica::new(schema, player, false));
        let singer = Singer { player, part: Voice::Alone(alone), fault: None };
        let free = self.singers.iter().position(Option::is_none);
        let at = free.unwrap_or(self.singers.len());
        if free.is_none() {
            self.singers.push(None);
        }
        self.singers[at] = Some(singer);
        SingerId(at)
    }

    /// Somebody goes; says what was wrong with packets that were not looked at yet.
    pub fn leave(&mut self, id: SingerId) -> Option<StreamError> {
        let fault = self.fault(id);
        self.singers[id.0] = None;
        self.forget_unseen();
        self.sing();
        fault
    }

    /// What is wrong with packets of somebody, also with those that wait for the others' ones.
    pub fn fault(&mut self, id: SingerId) -> Option<StreamError> {
        let singer = self.singers.get_mut(id.0)?.as_mut()?;
        if let Some(fault) = singer.fault.take() {
            return Some(fault);
        }
        let Voice::Along { keys, waiting } = &singer.part else { return None };
        if waiting.is_empty() {
            return None;
        }
        let mut alone = self.lead.as_ref()?.part_of(singer.player, keys);
        waiting.iter().find_map(|packet| alone.receive(packet).err())
    }

    /// Takes a packet. What is wrong with it may be said with a later one: it is looked at when all
    /// who sing together have theirs.
    pub fn receive(&mut self, id: SingerId, packet: &[u8]) -> Result<(), StreamError> {
        let Some(singer) = self.singers[id.0].as_mut() else { return Ok(()) };
        let before = singer.fault.take();
        if let Some(fault) = before.filter(|_| !is_keyframe(packet)) {
            return Err(fault);
        }
        if is_keyframe(packet)
            && let (Voice::Along { .. }, Some(lead)) = (&singer.part, &self.lead)
        {
            let schema = lead.schema().clone();
            singer.part = Voice::Alone(Box::new(Replica::new(schema, singer.player, false)));
            self.forget_unseen();
        }
        let Some(singer) = self.singers[id.0].as_mut() else { return Ok(()) };
        match &mut singer.part {
            Voice::Alone(replica) => {
                replica.receive(packet)?;
                self.join_in(id);
            }
            Voice::Along { waiting, .. } => {
                waiting.push_back(packet.to_vec());
                if waiting.len() > BEHIND_MOST {
                    self.let_go();
                }
                self.sing();
            }
        }
        let after = self.singers[id.0].as_mut().and_then(|singer| singer.fault.take());
        before.or(after).map_or(Ok(()), Err)
    }

    /// What a viewer sees; who sings together sees what others know of themselves as well, and may be
    /// a little behind with what came last.
    #[must_use]
    pub fn view(&self, id: SingerId) -> Option<&Replica> {
        match &self.singers.get(id.0)?.as_ref()?.part {
            Voice::Alone(replica) => Some(replica),
            Voice::Along { .. } => self.lead.as_deref(),
        }
    }

    /// The tick of the last packet that came for a viewer.
    #[must_use]
    pub fn tick(&self, id: SingerId) -> Tick {
        match self.singers.get(id.0).and_then(Option::as_ref).map(|singer| &singer.part) {
            Some(Voice::Alone(replica)) => replica.tick(),
            Some(Voice::Along { waiting, .. }) => {
                let lead = self.lead.as_ref().map_or(Tick(0), |lead| lead.tick());
                Tick(lead.0 + waiting.len() as u32)
            }
            None => Tick(0),
        }
    }

    /// How many of all viewers sing together.
    #[must_use]
    pub fn together(&self) -> (usize, usize) {
        let singers = || self.singers.iter().flatten();
        (singers().filter(|it| matches!(it.part, Voice::Along { .. })).count(), singers().count())
    }

    /// One who is alone joins those who hold the same.
    fn join_in(&mut self, id: SingerId) {
        let Some(singer) = self.singers[id.0].as_mut() else { return };
        let Voice::Alone(replica) = &mut singer.part else { return };
        let Some(room) = &replica.room else { return };
        if room.grid || replica.broken || room.sections.is_empty() {
            return;
        }
        let keys: Vec<SectionKey> = room.sections.keys().copied().collect();
        if let Some(lead) = &mut self.lead {
            let Some(common) = lead.room.as_ref().filter(|common| holds_like(common, room)) else {
                return;
            };
            let missing: Vec<_> =
                keys.iter().filter(|key| !common.sections.contains_key(key)).copied().collect();
            for key in missing {
                let section = replica.room.as_mut().and_then(|room| room.sections.remove(&key));
                lead.adopt(key, section.unwrap_or_default());
            }
            singer.part = Voice::Along { keys, waiting: VecDeque::new() };
        } else {
            let along = Voice::Along { keys, waiting: VecDeque::new() };
            if let Voice::Alone(replica) = std::mem::replace(&mut singer.part, along) {
                self.lead = Some(replica);
            }
        }
    }

    /// Those for whom the others have waited for too long go on alone.
    fn let_go(&mut self) {
        let Some(lead) = &self.lead else { return };
        for singer in self.singers.iter_mut().flatten() {
            if let Voice::Along { keys, waiting } = &singer.part
                && waiting.is_empty()
            {
                singer.part = Voice::Alone(Box::new(lead.part_of(singer.player, keys)));
            }
        }
        self.forget_unseen();
    }

    /// Takes the sections away that nobody sees any more; and all if nobody sings.
    fn forget_unseen(&mut self) {
        let seen = |key: &SectionKey| {
            self.singers.iter().flatten().any(|singer| match &singer.part {
                Voice::Along { keys, .. } => keys.contains(key),
                Voice::Alone(_) => false,
            })
        };
        let Some(lead) = &mut self.lead else { return };
        let Some(room) = &lead.room else { return };
        let unseen: Vec<_> = room.sections.keys().filter(|key| !seen(key)).copied().collect();
        unseen.into_iter().for_each(|key| lead.abandon(key));
        if self.together().0 == 0 {
            self.lead = None;
        }
    }

    /// Goes on by as many ticks as all who sing together have packets for.
    fn sing(&mut self) {
        loop {
            let has_packet = |singer: &Singer| match &singer.part {
                Voice::Along { waiting, .. } => !waiting.is_empty(),
                Voice::Alone(_) => true,
            };
            let (together, _) = self.together();
            if together == 0
                || self.lead.is_none()
                || !self.singers.iter().flatten().all(has_packet)
            {
                return;
            }
            self.sing_tick();
            for at in 0..self.singers.len() {
                self.join_in(SingerId(at));
            }
        }
    }

    fn sing_tick(&mut self) {
        let Some(mut lead) = self.lead.take() else { return };
        let Some(mut room) = lead.room.take() else { return };
        let (told, prologue) = (&mut self.told, &mut self.prologue);
        told.begin(&room);
        room.tick = room.tick.next();
        lead.begin();
        let (mut failed, mut has_lost) = (None, false);
        for singer in self.singers.iter_mut().flatten() {
            let Voice::Along { keys, waiting } = &mut singer.part else { continue };
            let packet = waiting.pop_front().unwrap_or_default();
            let mut verse = Verse { lead: &mut lead, room: &mut room, told };
            match verse.receive(&packet, keys, prologue) {
                Ok(()) => has_lost |= !prologue.lost.is_empty(),
                // The common state is half of this tick and half of the last: all begin anew, and it
                // is one fault.
                Err(Wrong::All(fault)) => {
                    singer.fall_silent(lead.schema().clone(), fault);
                    failed = Some(StreamError::NoKeyframe);
                }
                Err(Wrong::One(fault)) => {
                    singer.fall_silent(lead.schema().clone(), fault);
                    has_lost = true;
                }
            }
            if failed.is_some() {
                break;
            }
        }
        lead.room = Some(room);
        lead.conclude();
        if let Some(fault) = failed {
            for singer in self.singers.iter_mut().flatten() {
                if let Voice::Along { .. } = singer.part {
                    singer.fall_silent(lead.schema().clone(), fault);
                }
            }
            return;
        }
        self.lead = Some(lead);
        if has_lost {
            self.forget_unseen();
        }
    }
}

/// Whether those sections of a room that another one has as well, and all that they have in common,
/// are as they are there.
fn holds_like(common: &Room, room: &Room) -> bool {
    common.tick == room.tick
        && common.sections.iter().all(|(key, section)| {
            room.sections.get(key).is_none_or(|other| section.is_like(other, room.tick))
        })
        && common.history() == room.history()
}

impl Replica {
    /// Begins a tick in which several packets are taken.
    fn begin(&mut self) {
        self.changes.added.clear();
        self.changes.changed.clear();
        self.changes.lost.clear();
        self.changes.removed.clear();
    }

    /// Takes a section over from another one.
    fn adopt(&mut self, key: SectionKey, section: Section) {
        section.parts().for_each(|(slot, part)| self.came(part.id, key, slot));
        if let Some(room) = &mut self.room {
            room.sections.insert(key, section);
        }
    }

    /// Sees a section no more.
    fn abandon(&mut self, key: SectionKey) {
        let section = self.room.as_mut().and_then(|room| room.sections.remove(&key));
        for (_, part) in section.iter().flat_map(Section::parts) {
            self.went(part.id, key, std::iter::empty());
        }
    }

    /// One who sees these sections of it.
    fn part_of(&self, player: PlayerId, keys: &[SectionKey]) -> Self {
        let mut part = Self::new(self.schema.clone(), player, false);
        part.room.clone_from(&self.room);
        if let Some(room) = &mut part.room {
            room.sections.retain(|key, _| keys.contains(key));
        }
        let room = part.room.take();
        for (key, section) in room.iter().flat_map(|room| &room.sections) {
            section.parts().for_each(|(slot, it)| part.came(it.id, *key, slot));
        }
        part.room = room;
        part.conclude();
        part
    }
}
