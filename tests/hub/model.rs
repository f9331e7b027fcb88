//! What a hub does, told without a hub: who is where, who hears what, who missed what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tickwire::hub::RoomChange;

/// To whom something goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Whom {
    pub(super) rooms: Vec<String>,
    pub(super) users: Vec<String>,
    pub(super) except: Vec<String>,
    /// Whether anybody was named, even if in vain.
    pub(super) is_narrow: bool,
}

impl Whom {
    pub(super) fn one(id: &str) -> Self {
        Self { rooms: vec![id.into()], is_narrow: true, ..Self::default() }
    }

    pub(super) fn is_nobody(&self) -> bool {
        self.is_narrow && self.rooms.is_empty() && self.users.is_empty()
    }
}

/// A socket.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    pub(super) rooms: BTreeSet<String>,
    pub(super) user: Option<String>,
}

impl Member {
    pub(super) fn new(id: String, secret: Option<String>) -> Self {
        Self { rooms: BTreeSet::from([id.clone()]), id, secret, user: None }
    }

    pub(super) fn is_in(&self, whom: &Whom) -> bool {
        let is_in_one = |rooms: &[String]| rooms.iter().any(|room| self.rooms.contains(room));
        let is_user = self.user.as_ref().is_some_and(|user| whom.users.contains(user));
        (!whom.is_narrow || is_in_one(&whom.rooms) || is_user) && !is_in_one(&whom.except)
    }
}

#[derive(Debug)]
struct Kept {
    number: u64,
    at: Duration,
    whom: Whom,
    text: String,
}

/// A namespace; sockets are named by the number of their client.
#[derive(Debug, Default)]
pub(super) struct Space {
    pub(super) members: BTreeMap<usize, Member>,
    /// By secret: who was lost, and when.
    lost: BTreeMap<String, (Member, Duration)>,
    kept: Vec<Kept>,
    count: u64,
    /// By client: the number of the last kept event that it got.
    offsets: BTreeMap<usize, u64>,
    /// The number of the next question.
    pub(super) questions: u64,
}

/// What is kept, if anything.
pub(super) struct Keeping {
    pub(super) keeps: Duration,
    pub(super) events: usize,
}

impl Space {
    /// The clients whom something reaches.
    pub(super) fn reached(&self, whom: &Whom) -> Vec<usize> {
        if whom.is_nobody() {
            return Vec::new();
        }
        let members = self.members.iter().filter(|(_, member)| member.is_in(whom));
        members.map(|(client, _)| *client).collect()
    }

    /// Who is in which room.
    pub(super) fn rooms(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for member in self.members.values() {
            for room in &member.rooms {
                rooms.entry(room.clone()).or_default().insert(member.id.clone());
            }
        }
        rooms
    }

    /// Something that is kept is emitted to these clients.
    pub(super) fn keep(&mut self, whom: &Whom, text: &str, reached: &[usize], at: Duration) {
        self.count += 1;
        let (number, whom, text) = (self.count, whom.clone(), text.to_owned());
        self.kept.push(Kept { number, at, whom, text });
        self.offsets.extend(reached.iter().map(|client| (*client, number)));
    }

    pub(super) fn lose(&mut self, member: Member, now: Duration) {
        if let Some(secret) = member.secret.clone() {
            self.lost.insert(secret, (member, now));
        }
    }

    /// Who somebody was, and what it missed, if that is still known.
    pub(super) fn restore(
        &mut self,
        client: usize,
        secret: &str,
        keeping: &Keeping,
        now: Duration,
    ) -> Option<(Member, Vec<String>)> {
        let oldest = (self.count + 1).saturating_sub(keeping.events as u64);
        self.kept.retain(|kept| kept.at + keeping.keeps > now && kept.number >= oldest);
        self.lost.retain(|_, (_, at)| *at + keeping.keeps > now);
        let offset = *self.offsets.get(&client)?;
        let first = self.kept.first().map_or(self.count + 1, |kept| kept.number);
        if offset + 1 < first {
            return None;
        }
        let (member, _) = self.lost.remove(secret)?;
        let missed = self.kept.iter().filter(|kept| kept.number > offset);
        let missed: Vec<&Kept> = missed.filter(|kept| member.is_in(&kept.whom)).collect();
        self.offsets.extend(missed.last().map(|kept| (client, kept.number)));
        Some((member, missed.into_iter().map(|kept| kept.text.clone()).collect()))
    }
}

/// Who is in which room, as those know who are told of changes.
#[derive(Clone, Default)]
pub(super) struct Seen(Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>);

impl Seen {
    pub(super) fn rooms(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.0.lock().unwrap().clone()
    }

    /// Notes what happened to a room; nothing happens to one that is not there.
    pub(super) fn see(&self, change: &RoomChange) {
        let mut rooms = self.0.lock().unwrap();
        let is_right = match change {
            RoomChange::Created(room) => rooms.insert(room.to_string(), BTreeSet::new()).is_none(),
            RoomChange::Joined(room, id) => {
                rooms.get_mut(&**room).is_some_and(|room| room.insert(id.to_string()))
            }
            RoomChange::Left(room, id) => {
                rooms.get_mut(&**room).is_some_and(|room| room.remove(id.as_str()))
            }
            RoomChange::Deleted(room) => rooms.remove(&**room).is_some_and(|room| room.is_empty()),
        };
        assert!(is_right, "{change:?}");
    }
}
