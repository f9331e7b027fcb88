//! Many viewers of one match in one place: what they are told alike is decoded once.
//!
//! Who holds the same state and is told the same bits holds the same state afterwards. So the first
//! viewer whose packet has a section's news decodes them, and the packets of all others are compared
//! with that one, bit by bit; the checksum of each is compared with what it sees. A viewer who holds
//! anything else, or is behind, decodes alone until it holds the same again.
//!
//! Each sees sections of its own choice; what is held in common is every section that anybody sees, and
//! nobody is shown more than it was told.

mod lead;
mod told;
mod verse;
#[cfg(test)]
mod tests;

pub(super) use lead::{Row, Shown};

use super::error::{PACKET_BYTES_LIMIT, StreamError};
use super::record::Budget;
use super::replica::Replica;
use super::schema::Schema;
use super::seen::Seen;
use super::viewer::{Prologue, is_keyframe};
use crate::ids::{PlayerId, Tick};
use lead::Lead;
use std::collections::VecDeque;
use std::sync::Arc;
use told::Told;
use verse::{Verse, Wrong};

/// Who has so many packets less than another one is waited for no longer.
const BEHIND_MOST: usize = 32;

/// Viewers of one match who predict nothing.
#[derive(Debug, Default)]
pub struct Chorus {
    /// What those who sing together hold.
    lead: Option<Box<Lead>>,
    singers: Vec<Option<Singer>>,
    /// How many sing together.
    along: usize,
    /// How many of those have no packet for the next tick yet.
    awaited: usize,
    told: Told,
    prologue: Prologue,
}

/// A viewer's name in its chorus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SingerId(usize);

#[derive(Debug)]
struct Singer {
    player: PlayerId,
    schema: Arc<Schema>,
    part: Voice,
    /// Packets for ticks that the others have not come to.
    waiting: VecDeque<Vec<u8>>,
    /// What went wrong with a packet that was looked at later.
    fault: Option<StreamError>,
}

#[derive(Debug)]
enum Voice {
    Alone(Box<Replica>),
    Along(Vec<Shown>),
}

impl Singer {
    /// Knows nothing yet, or any more.
    fn silence(&self) -> Voice {
        Voice::Alone(Box::new(Replica::new(self.schema.clone(), self.player, false)))
    }

    fn is_along(&self) -> bool {
        matches!(self.part, Voice::Along(_))
    }

    /// Whether it sings along and others wait for its packet.
    fn is_awaited(&self) -> bool {
        self.is_along() && self.waiting.is_empty()
    }

    /// Whether the others have kept it waiting for too long.
    fn waits_too_long(&self) -> bool {
        let bytes: usize = self.waiting.iter().map(Vec::len).sum();
        self.waiting.len() > BEHIND_MOST || bytes > PACKET_BYTES_LIMIT
    }

    /// Who is alone looks at all that waits.
    fn catch_up(&mut self) {
        let Voice::Alone(replica) = &mut self.part else { return };
        for packet in self.waiting.drain(..) {
            if let Err(fault) = replica.receive(&packet) {
                self.fault = Some(fault);
                break;
            }
        }
    }
}

impl Chorus {
    /// Somebody who has seen nothing yet.
    pub fn enter(&mut self, schema: Arc<Schema>, player: PlayerId) -> SingerId {
        let alone = Box::new(Replica::new(schema.clone(), player, false));
        let (part, waiting) = (Voice::Alone(alone), VecDeque::new());
        let singer = Singer { player, schema, part, waiting, fault: None };
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
        self.part_from_others(id.0, None);
        self.singers[id.0] = None;
        self.sing();
        fault
    }

    /// What is wrong with packets of somebody, also with those that wait for the others' ones.
    pub fn fault(&mut self, id: SingerId) -> Option<StreamError> {
        let singer = self.singers.get_mut(id.0)?.as_mut()?;
        if let Some(fault) = singer.fault.take() {
            return Some(fault);
        }
        match &singer.part {
            Voice::Alone(_) => {
                singer.catch_up();
                singer.fault.take()
            }
            Voice::Along(_) if singer.waiting.is_empty() => None,
            Voice::Along(shown) => {
                let mut alone = self.lead.as_ref()?.part_of(singer.player, shown);
                singer.waiting.iter().find_map(|packet| alone.receive(packet).err())
            }
        }
    }

    /// Takes a packet. What is wrong with it may be said with a later one: it is looked at when all
    /// who sing together have theirs.
    pub fn receive(&mut self, id: SingerId, packet: &[u8]) -> Result<(), StreamError> {
        let Some(singer) = self.singers[id.0].as_mut() else { return Ok(()) };
        let before = singer.fault.take();
        if let Some(fault) = before.filter(|_| !is_keyframe(packet)) {
            return Err(fault);
        }
        if is_keyframe(packet) {
            self.begin_alone(id.0);
        }
        if self.is_ahead(id.0, packet) {
            self.wait(id.0, packet)?;
        } else if let Some(singer) = self.singers[id.0].as_mut() {
            singer.catch_up();
            if let Some(fault) = singer.fault.take() {
                return Err(fault);
            }
            if let Voice::Alone(replica) = &mut singer.part {
                replica.receive(packet)?;
            }
            self.join_in(id.0);
        }
        let after = self.singers[id.0].as_mut().and_then(|singer| singer.fault.take());
        before.or(after).map_or(Ok(()), Err)
    }

    /// What a viewer sees; for who sings together it may be a little behind what came last.
    #[must_use]
    pub fn view(&self, id: SingerId) -> Option<Seen<'_>> {
        match &self.singers.get(id.0)?.as_ref()?.part {
            Voice::Alone(replica) => Some(replica.seen()),
            Voice::Along(shown) => Some(self.lead.as_ref()?.seen(shown)),
        }
    }

    /// The tick of the last packet that came for a viewer.
    #[must_use]
    pub fn tick(&self, id: SingerId) -> Tick {
        let Some(singer) = self.singers.get(id.0).and_then(Option::as_ref) else { return Tick(0) };
        let seen = match &singer.part {
            Voice::Alone(replica) => replica.tick(),
            Voice::Along(_) => self.lead.as_ref().map_or(Tick(0), |lead| lead.room.tick),
        };
        Tick(seen.0 + singer.waiting.len() as u32)
    }

    /// How many of all viewers sing together.
    #[must_use]
    pub fn together(&self) -> (usize, usize) {
        (self.along, self.singers.iter().flatten().count())
    }

    /// Whether the others have not come yet to the tick that this packet is for: it can wait for them,
    /// also that of one who is alone and may join them there.
    fn is_ahead(&self, at: usize, packet: &[u8]) -> bool {
        match (self.singers[at].as_ref().map(|singer| &singer.part), &self.lead) {
            (Some(Voice::Along(_)), _) => true,
            (Some(Voice::Alone(replica)), Some(lead)) => {
                !replica.broken && replica.tick() > lead.room.tick && !is_keyframe(packet)
            }
            _ => false,
        }
    }

    /// Keeps a packet until the others have theirs.
    fn wait(&mut self, at: usize, packet: &[u8]) -> Result<(), StreamError> {
        let is_last = self.tick(SingerId(at)).next() >= Tick::LIMIT;
        let refused = match packet.len() {
            bytes if bytes > PACKET_BYTES_LIMIT => Some(StreamError::TooLong(bytes)),
            _ => is_last.then_some(StreamError::BadNews),
        };
        if let Some(fault) = refused {
            self.begin_alone(at);
            return Err(fault);
        }
        let Some(singer) = self.singers[at].as_mut() else { return Ok(()) };
        self.awaited -= usize::from(singer.is_awaited());
        singer.waiting.push_back(packet.to_vec());
        if singer.waits_too_long() {
            singer.catch_up();
            if singer.is_along() {
                self.let_go();
            }
        }
        self.sing();
        Ok(())
    }

    /// One who is alone joins those who hold the same.
    fn join_in(&mut self, at: usize) {
        let Some(singer) = self.singers[at].as_mut() else { return };
        let Voice::Alone(replica) = &mut singer.part else { return };
        let Some(room) = replica.room.as_ref().filter(|room| !room.sections.is_empty()) else {
            return;
        };
        if replica.broken {
            return;
        }
        if let Some(lead) = self.lead.as_ref().filter(|lead| !lead.is_like(room)) {
            if room.tick <= lead.room.tick {
                singer.catch_up();
            }
            return;
        }
        let Some(room) = replica.room.take() else { return };
        let lead = self.lead.get_or_insert_with(|| Box::new(Lead::new(&room)));
        singer.part = Voice::Along(lead.take_in(room));
        self.along += 1;
        self.awaited += usize::from(singer.waiting.is_empty());
    }

    /// One knows nothing any more, and the others wait for it no longer.
    fn begin_alone(&mut self, at: usize) {
        self.part_from_others(at, None);
        if let Some(singer) = &mut self.singers[at] {
            singer.waiting.clear();
            singer.part = singer.silence();
        }
        self.sing();
    }

    /// One who sings along does so no more, and holds this from now on; none: nothing.
    fn part_from_others(&mut self, at: usize, holds: Option<Replica>) {
        let Some(singer) = self.singers[at].as_mut().filter(|singer| singer.is_along()) else {
            return;
        };
        self.along -= 1;
        self.awaited -= usize::from(singer.is_awaited());
        let alone = holds.map_or_else(|| singer.silence(), |it| Voice::Alone(Box::new(it)));
        singer.waiting.clear();
        let part = std::mem::replace(&mut singer.part, alone);
        if let (Voice::Along(shown), Some(lead)) = (part, &mut self.lead) {
            for it in &shown {
                lead.hide(it.row);
                lead.sweep(it.row);
            }
        }
        if self.along == 0 {
            self.lead = None;
        }
    }

    /// Those for whom the others have waited for too long go on alone.
    fn let_go(&mut self) {
        for at in 0..self.singers.len() {
            let Some(singer) = self.singers[at].as_ref().filter(|it| it.is_awaited()) else {
                continue;
            };
            if let (Voice::Along(shown), Some(lead)) = (&singer.part, &self.lead) {
                let own = lead.part_of(singer.player, shown);
                self.part_from_others(at, Some(own));
            }
        }
    }

    /// Goes on by as many ticks as all who sing together have packets for.
    fn sing(&mut self) {
        while self.along > 0 && self.awaited == 0 {
            self.sing_tick();
            for at in 0..self.singers.len() {
                self.join_in(at);
            }
        }
    }

    fn sing_tick(&mut self) {
        let Some(lead) = &mut self.lead else { return };
        self.told.begin();
        lead.begin();
        let mut silenced = Vec::new();
        for (at, singer) in self.singers.iter_mut().enumerate() {
            let Some(Singer { part: Voice::Along(shown), waiting, .. }) = singer else { continue };
            let packet = waiting.pop_front().unwrap_or_default();
            self.awaited += usize::from(waiting.is_empty());
            let budget = Budget::of_packet(packet.len());
            let mut verse = Verse { lead, told: &mut self.told, singer: at, budget };
            match verse.receive(&packet, shown, &mut self.prologue) {
                Ok(()) => {}
                Err(Wrong::One(fault)) => silenced.push((at, fault)),
                Err(Wrong::All(fault)) => return self.begin_anew(at, fault),
            }
        }
        self.settle(silenced);
    }

    /// The common state is half of this tick and half of the last: all begin anew, and it is the fault of
    /// one.
    fn begin_anew(&mut self, culprit: usize, fault: StreamError) {
        self.lead = None;
        for at in 0..self.singers.len() {
            self.fall_silent(at, if at == culprit { fault } else { StreamError::NoKeyframe });
        }
    }

    /// When all packets of a tick were read: what some begin to see is held in common as well.
    fn settle(&mut self, mut silenced: Vec<(usize, StreamError)>) {
        let Some(lead) = &mut self.lead else { return };
        let mut gained = std::mem::take(&mut self.told.gained);
        for it in gained.drain(..) {
            let (singer, has) = (it.singer, |(at, _): &(usize, _)| *at == it.singer);
            if !silenced.iter().any(has) && !lead.settle(it) {
                silenced.push((singer, StreamError::BadNews));
            }
        }
        self.told.gained = gained;
        lead.conclude(&mut self.told);
        for (at, fault) in silenced {
            self.fall_silent(at, fault);
        }
    }

    /// One who sings along knows nothing any more, for this reason.
    fn fall_silent(&mut self, at: usize, fault: StreamError) {
        if self.singers[at].as_ref().is_some_and(Singer::is_along) {
            self.part_from_others(at, None);
            self.singers[at].iter_mut().for_each(|singer| singer.fault = Some(fault));
        }
    }
}
