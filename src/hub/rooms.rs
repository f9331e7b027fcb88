//! Who is in which room of a namespace.
//!
//! A room is a list of sockets sorted by id, so that rooms are joined and taken from each other in
//! one pass; it exists while somebody is in it.

use super::audience::Audience;
use super::namespace::RoomChange;
use super::socket::Socket;
use crate::ids::{SocketId, UserId};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct Member {
    socket: Socket,
    rooms: Vec<Arc<str>>,
}

/// All sockets of a namespace, by id, by room and by user.
#[derive(Debug, Default)]
pub(super) struct Places {
    members: BTreeMap<SocketId, Member>,
    rooms: BTreeMap<Arc<str>, Vec<Socket>>,
    users: BTreeMap<UserId, Vec<Socket>>,
}

/// Why a room was not joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotJoined {
    NotConnected,
    TooManyRooms,
}

impl Places {
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn find(&self, id: SocketId) -> Option<&Socket> {
        self.members.get(&id).map(|member| &member.socket)
    }

    pub(super) fn enter(&mut self, socket: &Socket) {
        let member = Member { socket: socket.clone(), rooms: Vec::new() };
        self.members.insert(socket.id(), member);
    }

    pub(super) fn join(
        &mut self,
        id: SocketId,
        room: &str,
        most: usize,
        changes: &mut Vec<RoomChange>,
    ) -> Result<(), NotJoined> {
        let member = self.members.get_mut(&id).ok_or(NotJoined::NotConnected)?;
        if member.rooms.iter().any(|other| &**other == room) {
            return Ok(());
        }
        if member.rooms.len() >= most {
            return Err(NotJoined::TooManyRooms);
        }
        let name = match self.rooms.get_key_value(room) {
            Some((name, _)) => name.clone(),
            None => {
                let name: Arc<str> = room.into();
                self.rooms.insert(name.clone(), Vec::new());
                changes.push(RoomChange::Created(name.clone()));
                name
            }
        };
        member.rooms.push(name.clone());
        if let Some(sockets) = self.rooms.get_mut(room) {
            put(sockets, &member.socket);
        }
        changes.push(RoomChange::Joined(name, id));
        Ok(())
    }

    pub(super) fn leave(&mut self, id: SocketId, room: &str, changes: &mut Vec<RoomChange>) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let Some(at) = member.rooms.iter().position(|other| &**other == room) else { return };
        let name = member.rooms.swap_remove(at);
        self.leave_room(id, name, changes);
    }

    fn leave_room(&mut self, id: SocketId, name: Arc<str>, changes: &mut Vec<RoomChange>) {
        let Some(sockets) = self.rooms.get_mut(&name) else { return };
        take(sockets, id);
        let is_empty = sockets.is_empty();
        changes.push(RoomChange::Left(name.clone(), id));
        if is_empty {
            self.rooms.remove(&name);
            changes.push(RoomChange::Deleted(name));
        }
    }

    /// Takes a socket out of everything; gives the rooms that it was in.
    pub(super) fn exit(
        &mut self,
        id: SocketId,
        user: Option<&UserId>,
        changes: &mut Vec<RoomChange>,
    ) -> Option<Vec<Arc<str>>> {
        let member = self.members.remove(&id)?;
        for room in &member.rooms {
            self.leave_room(id, room.clone(), changes);
        }
        self.forget_user(id, user);
        Some(member.rooms)
    }

    pub(super) fn set_user(&mut self, socket: &Socket, before: Option<&UserId>, user: &UserId) {
        self.forget_user(socket.id(), before);
        if self.members.contains_key(&socket.id()) {
            put(self.users.entry(user.clone()).or_default(), socket);
        }
    }

    fn forget_user(&mut self, id: SocketId, user: Option<&UserId>) {
        let Some(user) = user else { return };
        let Some(sockets) = self.users.get_mut(user) else { return };
        take(sockets, id);
        if sockets.is_empty() {
            self.users.remove(user);
        }
    }

    pub(super) fn rooms_of(&self, id: SocketId) -> Vec<Arc<str>> {
        let mut rooms =
            self.members.get(&id).map(|member| member.rooms.clone()).unwrap_or_default();
        rooms.sort_unstable();
        rooms
    }

    pub(super) fn room_names(&self) -> Vec<Arc<str>> {
        self.rooms.keys().cloned().collect()
    }

    /// Calls for each socket of an audience, once.
    pub(super) fn each(&self, audience: &Audience, mut call: impl FnMut(&Socket)) {
        let mut excepted: Vec<SocketId> = Vec::new();
        for room in &audience.except {
            let sockets = self.rooms.get(room).into_iter().flatten();
            excepted.extend(sockets.map(Socket::id));
        }
        excepted.sort_unstable();
        let mut call = |socket: &Socket| {
            if excepted.binary_search(&socket.id()).is_err() {
                call(socket);
            }
        };
        if audience.is_all() {
            return self.members.values().for_each(|member| call(&member.socket));
        }
        let rooms = audience.rooms.iter().filter_map(|room| self.rooms.get(room));
        let users = audience.users.iter().filter_map(|user| self.users.get(user));
        let lists: Vec<&Vec<Socket>> = rooms.chain(users).collect();
        if let [sockets] = lists[..] {
            return sockets.iter().for_each(call);
        }
        let mut sockets: Vec<&Socket> = lists.into_iter().flatten().collect();
        sockets.sort_unstable_by_key(|socket| socket.id());
        sockets.dedup_by_key(|socket| socket.id());
        sockets.into_iter().for_each(call);
    }
}

fn put(sockets: &mut Vec<Socket>, socket: &Socket) {
    if let Err(at) = sockets.binary_search_by_key(&socket.id(), Socket::id) {
        sockets.insert(at, socket.clone());
    }
}

fn take(sockets: &mut Vec<Socket>, id: SocketId) {
    if let Ok(at) = sockets.binary_search_by_key(&id, Socket::id) {
        sockets.remove(at);
    }
}
