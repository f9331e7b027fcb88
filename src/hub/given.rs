//! What those who build on the hub give to a namespace: who looks at newcomers, who may come in.

use super::middleware::{Guard, Refused};
use super::namespace::{Namespace, RoomChange};
use super::socket::Socket;
use super::{Task, lock};
use crate::event::{Event, FromArgs};
use std::future::Future;
use std::sync::Arc;

/// What is done with a new socket.
#[derive(Clone)]
enum Welcome {
    Now(Arc<dyn Fn(&Socket) + Send + Sync>),
    Later(Arc<dyn Fn(Socket) -> Task + Send + Sync>),
}

type RoomListener = Arc<dyn Fn(&RoomChange) + Send + Sync>;
type ServerListener = Arc<dyn Fn(&Event) + Send + Sync>;

/// What those who build on the hub gave to a namespace.
#[derive(Default)]
pub(super) struct Given {
    welcomes: Vec<Welcome>,
    guards: Vec<Guard>,
    pub(super) room_listeners: Vec<RoomListener>,
    pub(super) server_listeners: Vec<(String, ServerListener)>,
}

impl Welcome {
    fn call(self, socket: &Socket) -> Option<Task> {
        match self {
            Self::Now(welcome) => {
                socket.guarded("connection", || welcome(socket));
                None
            }
            Self::Later(welcome) => {
                let socket = socket.clone();
                Some(Box::pin(async move {
                    socket.caught("connection", || welcome(socket.clone())).await;
                }))
            }
        }
    }
}

impl Namespace {
    /// Is called with each socket that connects.
    pub fn on_connection<F: Fn(&Socket) + Send + Sync + 'static>(&self, handler: F) {
        lock(&self.0.given).welcomes.push(Welcome::Now(Arc::new(handler)));
    }

    /// The same, and takes its time; what the socket's client says waits for it.
    pub fn on_connection_async<F, R>(&self, handler: F)
    where
        F: Fn(Socket) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let handler = move |socket| Box::pin(handler(socket)) as Task;
        lock(&self.0.given).welcomes.push(Welcome::Later(Arc::new(handler)));
    }

    /// Stands before the namespace: a socket that is refused does not come in.
    pub fn middleware<F>(&self, guard: F)
    where
        F: Fn(&Socket) -> Result<(), Refused> + Send + Sync + 'static,
    {
        lock(&self.0.given).guards.push(Guard::Now(Arc::new(guard)));
    }

    /// The same, and takes its time.
    pub fn middleware_async<F, R>(&self, guard: F)
    where
        F: Fn(Socket) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Refused>> + Send + 'static,
    {
        let guard = move |socket| Box::pin(guard(socket)) as _;
        lock(&self.0.given).guards.push(Guard::Later(Arc::new(guard)));
    }

    /// Is told of rooms that come and go, and of who joins and leaves them.
    pub fn on_room_change<F: Fn(&RoomChange) + Send + Sync + 'static>(&self, handler: F) {
        lock(&self.0.given).room_listeners.push(Arc::new(handler));
    }

    /// Hears an event that another server emitted to this namespace.
    pub fn on_server_side<T, F>(&self, name: &str, handler: F)
    where
        T: FromArgs,
        F: Fn(T) + Send + Sync + 'static,
    {
        let listener = move |event: &Event| event.args.to().into_iter().for_each(&handler);
        lock(&self.0.given).server_listeners.push((name.into(), Arc::new(listener)));
    }

    pub(super) fn guards(&self) -> Vec<Guard> {
        self.lineage().flat_map(|namespace| lock(&namespace.0.given).guards.clone()).collect()
    }

    /// Shows a new socket to all who asked for it; gives what takes longer.
    pub(super) fn welcome(&self, socket: &Socket) -> Option<Task> {
        let all = self.lineage().flat_map(|namespace| lock(&namespace.0.given).welcomes.clone());
        let mut welcomes = all.collect::<Vec<_>>().into_iter();
        while let Some(welcome) = welcomes.next() {
            if let Some(first) = welcome.call(socket) {
                let socket = socket.clone();
                return Some(Box::pin(async move {
                    first.await;
                    for welcome in welcomes {
                        if let Some(next) = welcome.call(&socket) {
                            next.await;
                        }
                    }
                }));
            }
        }
        None
    }
}
