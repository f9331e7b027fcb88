//! What chatters have in common: who is in which room, and which messages were said before.
//!
//! Each message has a number of its own. Who came into a room knows which number was the next then, and
//! so whether a message that it hears was one that it had to hear.

/// All rooms.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    /// How many chatters are in each.
    members: Vec<usize>,
    next: u64,
}

impl Rooms {
    /// Somebody is in a room; gives the number of the first message that it must hear.
    pub(super) fn enter(&mut self, room: usize) -> u64 {
        if self.members.len() <= room {
            self.members.resize(room + 1, 0);
        }
        self.members[room] += 1;
        self.next
    }

    /// Somebody is there no more.
    pub(super) fn leave(&mut self, room: usize) {
        if let Some(members) = self.members.get_mut(room) {
            *members = members.saturating_sub(1);
        }
    }

    /// A member says something; gives its number, and how many others must hear it.
    pub(super) fn say(&mut self, room: usize) -> (u64, usize) {
        let number = self.next;
        self.next += 1;
        let members = self.members.get(room).copied().unwrap_or(0);
        (number, members.saturating_sub(1))
    }

    /// How many rooms have somebody in them.
    pub(super) fn count(&self) -> usize {
        self.members.iter().filter(|members| **members > 0).count()
    }
}
