//! From the hub to a connection: a parcel is encoded once for all who speak its format.

use super::connection::Connection;
use super::counters::Count;
use super::lock;
use crate::hub::{Letter, Outlet, Parcel};
use crate::protocol::socket_io::{Outgoing, encode};
use std::sync::Arc;
use std::task::Waker;

impl Outlet for Connection {
    fn deliver(&self, parcel: &Arc<Parcel>) {
        let waiters = {
            let mut inner = lock(&self.inner);
            if parcel.is_volatile && !inner.engine.is_writable() {
                let host = self.host.upgrade();
                return host.into_iter().for_each(|host| host.counters().add(Count::Dropped));
            }
            let format = self.format;
            inner.engine.send(parcel.encoded(format as usize, |parcel| {
                encode(format, &parcel.namespace, &outgoing(&parcel.letter))
            }));
            if inner.engine.closed().is_some() {
                // Whoever sends may hold locks of the hub; the clock will tell it.
                self.look_soon(&mut inner);
            }
            inner.waiters.take()
        };
        waiters.wake();
    }

    fn close(&self) {
        let mut inner = lock(&self.inner);
        if let Some(host) = self.host.upgrade() {
            inner.engine.close(host.clock().now());
        }
        self.look_soon(&mut inner);
    }

    fn supplant(&self) {
        self.change(|inner, now| inner.engine.close(now));
    }

    fn transport(&self) -> &'static str {
        lock(&self.inner).engine.transport().name()
    }

    fn backlog(&self) -> usize {
        lock(&self.inner).engine.backlog()
    }

    fn keeps_secret(&self) -> bool {
        true
    }

    fn resume(&self) {
        let paused = lock(&self.inner).paused.take();
        paused.into_iter().for_each(Waker::wake);
    }
}

fn outgoing(letter: &Letter) -> Outgoing<'_> {
    match letter {
        Letter::Connect { sid, pid, .. } => Outgoing::Connect { sid, pid: pid.as_deref() },
        Letter::ConnectError { message, data } => {
            Outgoing::ConnectError { message, data: data.as_deref() }
        }
        Letter::Disconnect => Outgoing::Disconnect,
        Letter::Event { event, ack, offset } => {
            Outgoing::Event { event, ack: *ack, offset: offset.as_deref() }
        }
        Letter::Ack { id, args } => Outgoing::Ack { id: *id, args },
    }
}
