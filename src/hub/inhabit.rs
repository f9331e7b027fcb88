//! Sockets come, join, are reached, and leave: what a namespace does under its lock.

use super::acks::{Gather, Waiting};
use super::audience::{Audience, Rooms};
use super::namespace::{Inhabitants, Namespace, RoomChange};
use super::recovery::{Lost, Recovery};
use super::rooms::{NotJoined, Places};
use super::socket::Socket;
use super::timers::Alarm;
use super::{Fault, Letter, LimitMet, Parcel, lock};
use crate::event::Event;
use crate::ids::{SocketId, UserId};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

impl Namespace {
    /// The number of the next acknowledgement. It begins anew after four billion, as long as any
    /// way of writing can say it.
    pub(super) fn next_ack(&self) -> u64 {
        self.0.acks.fetch_add(1, Ordering::Relaxed) & u64::from(u32::MAX)
    }

    /// Whether nobody is in it, about to be in it, or may come back to it.
    pub(super) fn is_deserted(&self) -> bool {
        let inhabitants = lock(&self.0.inhabitants);
        let is_kept = inhabitants.recovery.as_ref().is_some_and(Recovery::is_kept);
        self.0.guests.load(Ordering::Acquire) == 0 && inhabitants.places.is_empty() && !is_kept
    }

    /// A dynamic namespace that is deserted goes, lest their number grow with what clients ask for.
    pub(super) fn clean(&self) {
        let goes = self.0.parent.is_some() && self.core().options.cleans_empty_namespaces;
        if goes && self.is_deserted() {
            self.core().io().into_iter().for_each(|io| io.forget(self));
        }
    }

    /// Who somebody was who lost their connection, or does not know yet that it is lost.
    pub(super) fn restore(&self, pid: &str, offset: &str) -> Option<Lost> {
        if let Some(socket) = self.holder(pid) {
            socket.0.link.outlet.upgrade().into_iter().for_each(|outlet| outlet.supplant());
        }
        self.restore_lost(pid, offset)
    }

    /// Whoever is here with this secret: a connection that is lost may look alive for a while.
    fn holder(&self, pid: &str) -> Option<Socket> {
        let id = SocketId::read(pid.get(..SocketId::LENGTH)?)?;
        let inhabitants = lock(&self.0.inhabitants);
        let socket = inhabitants.places.find(id)?;
        (socket.0.pid.as_deref() == Some(pid)).then(|| socket.clone())
    }

    fn restore_lost(&self, pid: &str, offset: &str) -> Option<Lost> {
        let now = self.core().surroundings.now();
        let (lost, dropped) = {
            let mut inhabitants = lock(&self.0.inhabitants);
            let recovery = inhabitants.recovery.as_mut()?;
            (recovery.restore(pid, offset, now), recovery.take_dropped())
        };
        drop(dropped);
        lost
    }

    /// Keeps who somebody was who did not come back after all.
    pub(super) fn keep_lost(&self, pid: &str, lost: Lost) {
        let (needs_watch, dropped) = {
            let mut inhabitants = lock(&self.0.inhabitants);
            let Some(recovery) = inhabitants.recovery.as_mut() else { return };
            (recovery.lose(pid, lost), recovery.take_dropped())
        };
        drop(dropped);
        if needs_watch {
            self.look_through_lost();
        }
    }

    pub(super) fn has_recovery(&self) -> bool {
        self.core().options.recovery.is_some()
    }

    pub(super) fn forget_lost(&self, now: Duration) {
        let (is_left, dropped) = {
            let mut inhabitants = lock(&self.0.inhabitants);
            let Some(recovery) = inhabitants.recovery.as_mut() else { return };
            (recovery.forget(now), recovery.take_dropped())
        };
        drop(dropped);
        if is_left {
            self.look_through_lost();
        } else {
            self.clean();
        }
    }

    fn look_through_lost(&self) {
        let core = self.core();
        if let Some(options) = &core.options.recovery {
            let alarm = Alarm::Recovery(Arc::downgrade(&self.0));
            core.timers.set(&*core.surroundings, options.keeps, alarm);
        }
    }

    /// Lets a socket in: it is in its rooms, and its client is told so before anything else.
    pub(super) fn admit(&self, socket: &Socket, lost: Option<&Lost>) {
        let mut changes = Vec::new();
        {
            let mut inhabitants = lock(&self.0.inhabitants);
            let kept = inhabitants.recovery.as_ref().map_or(0, Recovery::count);
            let places = &mut inhabitants.places;
            places.enter(socket);
            let own = socket.id();
            let rooms = lost.map_or(&[][..], |lost| &lost.rooms).iter();
            let rooms = rooms.map(|room| &**room).filter(|room| *room != own.as_str());
            for room in std::iter::once(own.as_str()).chain(rooms) {
                let _ = places.join(own, room, usize::MAX, &mut changes);
            }
            let user = {
                let mut state = lock(&socket.0.state);
                state.is_connected = true;
                state.since = lost.map_or(kept, Lost::offset);
                state.user.clone()
            };
            user.iter().for_each(|user| places.set_user(socket, None, user));
            socket.deliver(Letter::Connect {
                sid: own.to_string(),
                pid: socket.0.pid.clone(),
                recovered: socket.is_recovered(),
            });
            let missed = inhabitants.recovery.as_ref().zip(lost);
            missed.into_iter().for_each(|(recovery, lost)| {
                recovery.missed_by(lost).for_each(|parcel| socket.hand_over(parcel));
            });
        }
        self.tell_changes(&changes);
    }

    /// Takes a socket out; remembers it if it may come back.
    pub(super) fn remove(&self, socket: &Socket, reason: &str) {
        let mut changes = Vec::new();
        let (needs_watch, dropped) = {
            let mut inhabitants = lock(&self.0.inhabitants);
            let user = lock(&socket.0.state).user.clone();
            let rooms = inhabitants.places.exit(socket.id(), user.as_ref(), &mut changes);
            let recovery = inhabitants.recovery.as_mut();
            let recovery = recovery.filter(|_| Recovery::is_recoverable(reason));
            match (recovery, &socket.0.pid, rooms) {
                (Some(recovery), Some(pid), Some(rooms)) => {
                    let now = self.core().surroundings.now();
                    let lost = Lost::new(socket.id(), rooms, &socket.0.state, now);
                    (recovery.lose(pid, lost), recovery.take_dropped())
                }
                _ => (false, Vec::new()),
            }
        };
        drop(dropped);
        if needs_watch {
            self.look_through_lost();
        }
        self.tell_changes(&changes);
        self.clean();
    }

    fn tell_changes(&self, changes: &[RoomChange]) {
        for namespace in self.lineage() {
            let listeners = lock(&namespace.0.given).room_listeners.clone();
            for listener in listeners {
                for change in changes {
                    self.guarded("room change", || listener(change));
                }
            }
        }
    }

    pub(super) fn set_user(&self, socket: &Socket, user: UserId) {
        let mut inhabitants = lock(&self.0.inhabitants);
        let before = lock(&socket.0.state).user.replace(user.clone());
        inhabitants.places.set_user(socket, before.as_ref(), &user);
    }

    /// Says which limit kept any of them out of a room.
    pub(super) fn join(
        &self,
        sockets: &[Socket],
        rooms: &(impl Rooms + ?Sized),
    ) -> Option<LimitMet> {
        let options = &self.core().options;
        if !self.children().is_empty() {
            let own =
                |socket: &Socket| socket.namespace().join(std::slice::from_ref(socket), rooms);
            return sockets.iter().filter_map(own).last();
        }
        let (mut changes, mut limit) = (Vec::new(), None);
        {
            let places = &mut lock(&self.0.inhabitants).places;
            for socket in sockets {
                rooms.each(&mut |room| {
                    if room.len() > options.room_bytes {
                        limit = Some("length of a room's name");
                        return;
                    }
                    let joined = places.join(socket.id(), room, options.rooms, &mut changes);
                    if joined == Err(NotJoined::TooManyRooms) {
                        limit = Some("rooms of a socket");
                    }
                });
            }
        }
        self.tell_changes(&changes);
        limit.map(LimitMet)
    }

    /// Joins rooms where nobody waits to hear of limits.
    pub(super) fn join_all(&self, sockets: &[Socket], rooms: &(impl Rooms + ?Sized)) {
        if let Some(LimitMet(limit)) = self.join(sockets, rooms) {
            self.core().surroundings.report(&Fault::Limit(limit));
        }
    }

    pub(super) fn leave(&self, sockets: &[Socket], rooms: &(impl Rooms + ?Sized)) {
        if !self.children().is_empty() {
            let own =
                |socket: &Socket| socket.namespace().leave(std::slice::from_ref(socket), rooms);
            return sockets.iter().for_each(own);
        }
        let mut changes = Vec::new();
        {
            let places = &mut lock(&self.0.inhabitants).places;
            for socket in sockets {
                rooms.each(&mut |room| places.leave(socket.id(), room, &mut changes));
            }
        }
        self.tell_changes(&changes);
    }

    pub(super) fn rooms_of(&self, socket: &Socket) -> Vec<Arc<str>> {
        lock(&self.0.inhabitants).places.rooms_of(socket.id())
    }

    pub(super) fn select(&self, audience: &Audience) -> Vec<Socket> {
        let mut sockets: Vec<_> =
            self.children().iter().flat_map(|child| child.select(audience)).collect();
        let inhabitants = lock(&self.0.inhabitants);
        inhabitants.places.each(audience, |socket| sockets.push(socket.clone()));
        sockets
    }

    /// Emits to one socket; keeps the event for it, if wanted, should it lose its connection.
    pub(super) fn emit_to_one(
        &self,
        socket: &Socket,
        event: Event,
        is_volatile: bool,
        is_kept: bool,
    ) {
        if !is_kept || !self.has_recovery() {
            let parcel = self.parcel(event, None, None).volatile(is_volatile);
            let parcel = Arc::new(parcel);
            socket.overhear(&parcel);
            return socket.hand_over(&parcel);
        }
        let parcel = {
            let mut inhabitants = lock(&self.0.inhabitants);
            let parcel = self.keep(&mut inhabitants, &Audience::one(socket.id()), event);
            socket.hand_over(&parcel);
            parcel
        };
        socket.overhear(&parcel);
    }

    /// Emits to an audience. The event is encoded once, and all sockets are handed it in the order
    /// in which broadcasts were made.
    pub(super) fn broadcast(&self, audience: &Audience, event: Event, is_volatile: bool) {
        for child in self.children() {
            child.broadcast(audience, event.clone(), is_volatile);
        }
        let mut overhearing = Vec::new();
        let parcel = {
            let mut inhabitants = lock(&self.0.inhabitants);
            let parcel = if is_volatile || !self.has_recovery() {
                Arc::new(self.parcel(event, None, None).volatile(is_volatile))
            } else {
                self.keep(&mut inhabitants, audience, event)
            };
            self.hand_to_all(&inhabitants.places, audience, &parcel, &mut overhearing);
            parcel
        };
        overhearing.iter().for_each(|socket: &Socket| socket.overhear(&parcel));
    }

    /// Emits to an audience and expects an answer of each.
    pub(super) fn ask(
        &self,
        audience: &Audience,
        event: Event,
        is_volatile: bool,
        gather: &Arc<Gather>,
    ) {
        for child in self.children() {
            child.ask(audience, event.clone(), is_volatile, gather);
        }
        let (mut overhearing, id) = (Vec::new(), self.next_ack());
        let parcel = Arc::new(self.parcel(event, Some(id), None).volatile(is_volatile));
        {
            let inhabitants = lock(&self.0.inhabitants);
            let most = self.core().options.acks;
            inhabitants.places.each(audience, |socket| {
                gather.ask(socket, id);
                let mut state = lock(&socket.0.state);
                if state.is_connected && state.acks.len() < most {
                    state.acks.insert(id, Waiting::Gather(gather.clone()));
                    socket.0.link.note_asked();
                } else {
                    gather.answered(None);
                }
            });
            self.hand_to_all(&inhabitants.places, audience, &parcel, &mut overhearing);
        }
        overhearing.iter().for_each(|socket: &Socket| socket.overhear(&parcel));
    }

    fn hand_to_all(
        &self,
        places: &Places,
        audience: &Audience,
        parcel: &Arc<Parcel>,
        overhearing: &mut Vec<Socket>,
    ) {
        places.each(audience, |socket| {
            socket.hand_over(parcel);
            if socket.is_overheard() {
                overhearing.push(socket.clone());
            }
        });
    }

    fn parcel(&self, event: Event, ack: Option<u64>, offset: Option<Box<str>>) -> Parcel {
        Parcel::new(self.shared_name(), Letter::Event { event, ack, offset })
    }

    fn keep(
        &self,
        inhabitants: &mut Inhabitants,
        audience: &Audience,
        event: Event,
    ) -> Arc<Parcel> {
        let bytes = event.name.len() + event.args.bytes();
        let recovery = inhabitants.recovery.as_mut();
        let offset = recovery.map(Recovery::next_offset);
        let parcel = Arc::new(self.parcel(event, None, offset));
        if let Some(recovery) = inhabitants.recovery.as_mut() {
            let now = self.core().surroundings.now();
            recovery.keep(parcel.clone(), audience.clone(), bytes, now);
        }
        parcel
    }
}
