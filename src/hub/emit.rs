//! What is emitted to one socket's client, and how.

use super::acks::{AckError, Waiting};
use super::audience::{Rooms, To};
use super::reply::{Reply, promise};
use super::socket::Socket;
use super::timers::Alarm;
use super::{Letter, Parcel, lock};
use crate::event::{Args, Event, ToArgs};
use crate::ids::UserId;
use std::sync::Arc;
use std::time::Duration;

impl Socket {
    /// Emits an event to this socket's client.
    pub fn emit(&self, name: &str, args: impl ToArgs) {
        Emit::new(self).emit(name, args);
    }

    /// Emits an event and waits for the client's answer, for as long as the socket is there.
    pub fn emit_with_ack(&self, name: &str, args: impl ToArgs) -> Reply<Result<Args, AckError>> {
        Emit::new(self).emit_with_ack(name, args)
    }

    /// What is emitted next is dropped if the connection is not writable.
    #[must_use = "nothing is sent before `emit`"]
    pub fn volatile(&self) -> Emit<'_> {
        Emit { is_volatile: true, ..Emit::new(self) }
    }

    /// What is emitted next is not kept for who comes back: it is of the moment.
    #[must_use = "nothing is sent before `emit`"]
    pub fn unkept(&self) -> Emit<'_> {
        Emit { is_kept: false, ..Emit::new(self) }
    }

    /// The answer to what is emitted next is waited for no longer than this.
    #[must_use = "nothing is sent before `emit_with_ack`"]
    pub fn timeout(&self, after: Duration) -> Emit<'_> {
        Emit { timeout: Some(after), ..Emit::new(self) }
    }

    /// All others in the namespace.
    pub fn broadcast(&self) -> To<'_> {
        To::new(self.namespace()).without(self)
    }

    /// All others in these rooms.
    pub fn to(&self, rooms: impl Rooms) -> To<'_> {
        self.broadcast().to(rooms)
    }

    /// All sockets of these users but this one.
    pub fn to_users<U: Into<UserId>>(&self, users: impl IntoIterator<Item = U>) -> To<'_> {
        self.broadcast().to_users(users)
    }

    /// All others on this server.
    pub fn local(&self) -> To<'_> {
        self.broadcast().local()
    }

    /// All others but those in these rooms.
    pub fn except(&self, rooms: impl Rooms) -> To<'_> {
        self.broadcast().except(rooms)
    }
}

impl Socket {
    /// The answer of this number, whose question is noted, is waited for no longer than this. The
    /// alarm may ring at once, and what rings before the question is noted would find nothing.
    fn set_alarm(&self, id: u64, after: Duration) {
        let core = self.core();
        let alarm = Alarm::Ack(Arc::downgrade(&self.0), id);
        let key = core.timers.set(&*core.surroundings, after, alarm);
        let is_waited_for = match lock(&self.0.state).acks.get_mut(&id) {
            Some(Waiting::One(_, of)) => {
                *of = Some(key);
                true
            }
            _ => false,
        };
        if !is_waited_for {
            core.timers.call_off(key);
        }
    }
}

/// How something is emitted to one socket.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is sent before `emit`"]
pub struct Emit<'a> {
    socket: &'a Socket,
    is_volatile: bool,
    is_kept: bool,
    timeout: Option<Duration>,
}

impl<'a> Emit<'a> {
    fn new(socket: &'a Socket) -> Self {
        Self { socket, is_volatile: false, is_kept: true, timeout: None }
    }

    /// It is dropped if the connection is not writable.
    pub fn volatile(self) -> Self {
        Self { is_volatile: true, ..self }
    }

    /// The answer is waited for no longer than this.
    pub fn timeout(self, after: Duration) -> Self {
        Self { timeout: Some(after), ..self }
    }

    /// Emits an event.
    pub fn emit(self, name: &str, args: impl ToArgs) {
        let Some(args) = self.socket.checked_args(name, &args) else { return };
        let event = Event { name: name.into(), args };
        let is_kept = self.is_kept && !self.is_volatile;
        self.socket.namespace().emit_to_one(self.socket, event, self.is_volatile, is_kept);
    }

    /// Emits an event and waits for the client's answer.
    pub fn emit_with_ack(self, name: &str, args: impl ToArgs) -> Reply<Result<Args, AckError>> {
        let (promise, reply) = promise();
        let core = self.socket.core();
        let Some(args) = self.socket.checked_args(name, &args) else {
            promise.keep(Err(AckError::NotSent));
            return reply;
        };
        let id = self.socket.namespace().next_ack();
        let refused = {
            let mut state = lock(&self.socket.0.state);
            if !state.is_connected {
                Some((promise, AckError::Disconnected))
            } else if state.acks.len() >= core.options.acks {
                Some((promise, AckError::TooMany(core.options.acks)))
            } else {
                state.acks.insert(id, Waiting::One(promise, None));
                self.socket.0.link.note_asked();
                None
            }
        };
        if let Some((promise, error)) = refused {
            promise.keep(Err(error));
            return reply;
        }
        self.timeout.into_iter().for_each(|after| self.socket.set_alarm(id, after));
        let event = Event { name: name.into(), args };
        let letter = Letter::Event { event, ack: Some(id), offset: None };
        let parcel = Parcel::new(self.socket.namespace().shared_name(), letter);
        let parcel = Arc::new(parcel.volatile(self.is_volatile));
        self.socket.overhear(&parcel);
        self.socket.hand_over(&parcel);
        reply
    }
}
