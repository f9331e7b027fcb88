//! Who wants to hear what: listeners by the name of an event, and those that hear all.

use super::Task;
use super::acks::Ack;
use super::socket::Socket;
use crate::event::Event;
use std::borrow::Cow;
use std::sync::Arc;

/// Names a listener, to take it off again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerId(u64);

/// What a listener does with an event.
#[derive(Clone)]
pub(super) enum Handler {
    /// Does it at once.
    Now(Arc<dyn Fn(&Socket, &Event, Ack) + Send + Sync>),
    /// Takes its time; later events of the socket wait for it.
    InTurn(Arc<dyn Fn(&Socket, &Event, Ack) -> Option<Task> + Send + Sync>),
    /// Takes its time; nothing waits for it.
    Detached(Arc<dyn Fn(&Socket, &Event, Ack) -> Option<Task> + Send + Sync>),
}

#[derive(Clone)]
pub(super) struct Listener {
    id: ListenerId,
    /// `None` hears all events.
    name: Option<Cow<'static, str>>,
    is_once: bool,
    handler: Handler,
}

/// The listeners of a socket, or those that a namespace gives to all of its sockets.
#[derive(Clone, Default)]
pub(super) struct Listeners {
    listeners: Vec<Listener>,
    count: u64,
}

impl Listeners {
    pub(super) fn add(
        &mut self,
        name: Option<Cow<'static, str>>,
        is_once: bool,
        handler: Handler,
    ) -> ListenerId {
        self.count += 1;
        let id = ListenerId(self.count);
        self.listeners.push(Listener { id, name, is_once, handler });
        id
    }

    pub(super) fn len(&self) -> usize {
        self.listeners.len()
    }

    /// Takes one off; it is to be dropped under no lock, as code of others is.
    #[must_use]
    pub(super) fn remove(&mut self, id: ListenerId) -> Vec<Listener> {
        self.listeners.extract_if(.., |listener| listener.id == id).collect()
    }

    /// Takes off those of a name; they are to be dropped under no lock.
    #[must_use]
    pub(super) fn remove_named(&mut self, name: &str) -> Vec<Listener> {
        let is_named = |listener: &mut Listener| listener.name.as_deref() == Some(name);
        self.listeners.extract_if(.., is_named).collect()
    }

    /// Takes off all; they are to be dropped under no lock.
    #[must_use]
    pub(super) fn clear(&mut self) -> Vec<Listener> {
        std::mem::take(&mut self.listeners)
    }

    /// Adds those that hear all events.
    pub(super) fn hear_all(&self, handlers: &mut Vec<Handler>) {
        let hears_all = self.listeners.iter().filter(|listener| listener.name.is_none());
        handlers.extend(hears_all.map(|listener| listener.handler.clone()));
    }

    /// Adds those that hear an event; takes off those that hear once.
    pub(super) fn hear(&mut self, name: &str, handlers: &mut Vec<Handler>) {
        let is_named = |listener: &Listener| listener.name.as_deref() == Some(name);
        let named = self.listeners.iter().filter(|listener| is_named(listener));
        handlers.extend(named.map(|listener| listener.handler.clone()));
        if self.listeners.iter().any(|listener| listener.is_once) {
            self.listeners.retain(|listener| !(listener.is_once && is_named(listener)));
        }
    }
}
