//! How handlers are given to a socket, and what becomes of arguments that they do not take.

use super::acks::Ack;
use super::listeners::{Handler, ListenerId};
use super::middleware::{Filter, Refused};
use super::socket::{Farewell, Socket, SocketState};
use super::{Fault, Task, lock};
use crate::event::{ArgsError, Event, FromArgs};
use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Socket {
    /// Hears an event: `|socket, args, ack|`. A tuple takes all arguments, anything else the first.
    pub fn on<T, F>(&self, name: impl Into<Cow<'static, str>>, handler: F) -> ListenerId
    where
        T: FromArgs,
        F: Fn(&Socket, T, Ack) + Send + Sync + 'static,
    {
        self.listen(Some(name.into()), false, now(handler))
    }

    /// Hears an event the first time that it comes.
    pub fn once<T, F>(&self, name: impl Into<Cow<'static, str>>, handler: F) -> ListenerId
    where
        T: FromArgs,
        F: Fn(&Socket, T, Ack) + Send + Sync + 'static,
    {
        self.listen(Some(name.into()), true, now(handler))
    }

    /// Hears an event and takes its time; later events of the socket wait for it.
    pub fn on_async<T, F, R>(&self, name: impl Into<Cow<'static, str>>, handler: F) -> ListenerId
    where
        T: FromArgs,
        F: Fn(Socket, T, Ack) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.listen(Some(name.into()), false, in_turn(handler))
    }

    /// Hears an event and takes its time; later events do not wait and may overtake it.
    pub fn on_detached<T, F, R>(&self, name: impl Into<Cow<'static, str>>, handler: F) -> ListenerId
    where
        T: FromArgs,
        F: Fn(Socket, T, Ack) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.listen(Some(name.into()), false, detached(handler))
    }

    /// Hears an event the first time that it comes and takes its time; later events wait for it.
    pub fn once_async<T, F, R>(&self, name: impl Into<Cow<'static, str>>, handler: F) -> ListenerId
    where
        T: FromArgs,
        F: Fn(Socket, T, Ack) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.listen(Some(name.into()), true, in_turn(handler))
    }

    /// Hears all events, before middleware and before those who hear it by name.
    pub fn on_any<F>(&self, handler: F) -> ListenerId
    where
        F: Fn(&Socket, &Event) + Send + Sync + 'static,
    {
        let handler = Handler::Now(Arc::new(move |socket, event, _| handler(socket, event)));
        self.listen(None, false, handler)
    }

    /// Hears all events that are emitted to this socket.
    pub fn on_any_outgoing<F: Fn(&Event) + Send + Sync + 'static>(&self, handler: F) {
        self.give(|state| state.outgoing.push(Arc::new(handler)));
        self.0.is_overheard.store(true, Ordering::Relaxed);
    }

    /// One that is gone is given nothing: it would keep it for ever.
    fn give(&self, add: impl FnOnce(&mut SocketState)) {
        let mut state = lock(&self.0.state);
        if !state.is_gone() {
            add(&mut state);
        }
    }

    fn listen(
        &self,
        name: Option<Cow<'static, str>>,
        is_once: bool,
        handler: Handler,
    ) -> ListenerId {
        let mut state = lock(&self.0.state);
        let is_gone = state.is_gone();
        let is_full = state.listeners.len() >= self.core().options.listeners;
        let id = state.listeners.add(name, is_once, handler);
        let refused = if is_gone || is_full { state.listeners.remove(id) } else { Vec::new() };
        drop(state);
        drop(refused);
        if is_full && !is_gone {
            self.core().surroundings.report(&Fault::Limit("listeners"));
        }
        id
    }

    /// Takes off all who hear what is emitted to this socket.
    pub fn off_any_outgoing(&self) {
        let _taken_off = std::mem::take(&mut lock(&self.0.state).outgoing);
        self.0.is_overheard.store(false, Ordering::Relaxed);
    }

    /// Takes off all listeners of an event.
    pub fn off(&self, name: &str) {
        let _taken_off = lock(&self.0.state).listeners.remove_named(name);
    }

    /// Takes off one listener.
    pub fn off_listener(&self, id: ListenerId) {
        let _taken_off = lock(&self.0.state).listeners.remove(id);
    }

    /// Takes off all listeners.
    pub fn off_all(&self) {
        let _taken_off = lock(&self.0.state).listeners.clear();
    }

    /// Is told why, just before the socket leaves its rooms; at once if that was before.
    pub fn on_disconnecting<F: Fn(&Socket, &str) + Send + Sync + 'static>(&self, handler: F) {
        let handler: Farewell = Arc::new(handler);
        let end = {
            let mut state = lock(&self.0.state);
            if state.end.is_none() {
                state.disconnecting.push(handler.clone());
            }
            state.end.clone()
        };
        end.into_iter().for_each(|reason| self.say(std::slice::from_ref(&handler), &reason));
    }

    /// Is told why, once the socket is gone; at once if it is.
    pub fn on_disconnect<F: Fn(&Socket, &str) + Send + Sync + 'static>(&self, handler: F) {
        let handler: Farewell = Arc::new(handler);
        let end = {
            let mut state = lock(&self.0.state);
            if !state.is_gone() {
                state.disconnected.push(handler.clone());
            }
            state.end.clone().filter(|_| state.is_gone())
        };
        end.into_iter().for_each(|reason| self.say(std::slice::from_ref(&handler), &reason));
    }

    /// Is told of events that middleware refused or whose arguments no handler takes.
    pub fn on_error<F>(&self, handler: F)
    where
        F: Fn(&Socket, &Event, &Refused) + Send + Sync + 'static,
    {
        self.give(|state| state.errors.push(Arc::new(handler)));
    }

    /// Stands before the handlers: an event that is refused reaches none.
    pub fn middleware<F>(&self, filter: F)
    where
        F: Fn(&Socket, &Event) -> Result<(), Refused> + Send + Sync + 'static,
    {
        self.give(|state| state.filters.push(Filter::Now(Arc::new(filter))));
    }

    /// The same, and takes its time.
    pub fn middleware_async<F, R>(&self, filter: F)
    where
        F: Fn(Socket, Event) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Refused>> + Send + 'static,
    {
        let filter = move |socket, event| Box::pin(filter(socket, event)) as _;
        self.give(|state| state.filters.push(Filter::Later(Arc::new(filter))));
    }

    pub(super) fn refuse(&self, event: &Event, refused: &Refused) {
        let listeners = lock(&self.0.state).errors.clone();
        for listener in listeners {
            self.guarded("error", || listener(self, event, refused));
        }
    }
}

pub(super) fn now<T, F>(handler: F) -> Handler
where
    T: FromArgs,
    F: Fn(&Socket, T, Ack) + Send + Sync + 'static,
{
    Handler::Now(Arc::new(move |socket, event, ack| {
        if let Some(args) = taken(socket, event) {
            handler(socket, args, ack);
        }
    }))
}

pub(super) fn in_turn<T, F, R>(handler: F) -> Handler
where
    T: FromArgs,
    F: Fn(Socket, T, Ack) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    Handler::InTurn(later(handler))
}

pub(super) fn detached<T, F, R>(handler: F) -> Handler
where
    T: FromArgs,
    F: Fn(Socket, T, Ack) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    Handler::Detached(later(handler))
}

type Later = Arc<dyn Fn(&Socket, &Event, Ack) -> Option<Task> + Send + Sync>;

fn later<T, F, R>(handler: F) -> Later
where
    T: FromArgs,
    F: Fn(Socket, T, Ack) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |socket, event, ack| {
        let args = taken(socket, event)?;
        Some(Box::pin(handler(socket.clone(), args, ack)))
    })
}

/// The arguments as the handler takes them; the client's fault if it cannot.
fn taken<T: FromArgs>(socket: &Socket, event: &Event) -> Option<T> {
    event.args.to().map_err(|error| mistaken(socket, event, error)).ok()
}

fn mistaken(socket: &Socket, event: &Event, error: ArgsError) {
    let refused = Refused::new(error.to_string());
    let fault = Fault::Args { event: event.name.to_string(), socket: socket.id(), error };
    socket.core().surroundings.report(&fault);
    socket.refuse(event, &refused);
}
