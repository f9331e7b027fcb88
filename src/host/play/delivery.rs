//! From the hub to a native client.

use super::{Inner, PlayConnection, microseconds};
use crate::host::counters::Count;
use crate::host::hosting::Host;
use crate::host::lock;
use crate::hub::{Letter, Outlet, Parcel};
use crate::protocol::native::{
    Limits, ProtocolError, Refusal, Secret, Stage, ToClient, VERSION, Welcome,
};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// With more than this in the outbox, volatile events are dropped.
const WRITABLE_PACKETS: usize = 64;
/// Which way of writing a parcel this is, after those of Socket.IO.
const FORMAT: usize = 2;

impl Outlet for PlayConnection {
    fn deliver(&self, parcel: &Arc<Parcel>) {
        let Some(host) = self.host.upgrade() else { return };
        let waker = {
            let mut inner = lock(&self.inner);
            if parcel.is_volatile && (inner.is_blocked || inner.queued > WRITABLE_PACKETS) {
                return host.counters().add(Count::Dropped);
            }
            inner.queued += 1;
            let sent = inner.deliver(&host, self, parcel);
            if let Err(error) = sent {
                tracing::debug!("native: {error}");
            }
            // Whoever sends may hold locks of the hub; the clock does what follows.
            if inner.owes_place || inner.session.stage() == Stage::Ended {
                host.deadlines().follow(&mut inner.deadline, Duration::ZERO, &self.me);
            }
            inner.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn close(&self) {
        let Some(host) = self.host.upgrade() else { return };
        let mut inner = lock(&self.inner);
        inner.refuse(Refusal::ShuttingDown);
        host.deadlines().follow(&mut inner.deadline, Duration::ZERO, &self.me);
        let waker = inner.waker.take();
        drop(inner);
        waker.into_iter().for_each(Waker::wake);
    }

    fn supplant(&self) {
        self.change(|inner| {
            // Whoever was cut for a reason does not come back by this.
            inner.is_supplanted = inner.farewell.is_none();
            inner.refuse(Refusal::Replaced);
        });
        self.leave_all();
    }

    fn transport(&self) -> &'static str {
        "native"
    }

    fn backlog(&self) -> usize {
        Self::backlog(self)
    }

    fn keeps_secret(&self) -> bool {
        false
    }

    fn resume(&self) {
        let paused = lock(&self.inner).paused.take();
        paused.into_iter().for_each(Waker::wake);
    }
}

impl Inner {
    fn deliver(
        &mut self,
        host: &Host,
        connection: &PlayConnection,
        parcel: &Parcel,
    ) -> Result<(), ProtocolError> {
        let sent = match &parcel.letter {
            Letter::Connect { sid, pid, recovered } => {
                let _ = connection.socket.set(sid.clone());
                self.owes_place = *recovered;
                self.session.send(&ToClient::Welcome(Welcome {
                    version: VERSION,
                    socket: sid,
                    resume: Secret(pid.as_deref().unwrap_or_default()),
                    resumed: *recovered,
                    silence_ms: self.session.limits().silence_ms,
                    now_us: microseconds(host.clock().now()),
                }))
            }
            Letter::ConnectError { message, data } => {
                let refusal = data.as_deref().and_then(reason).unwrap_or(Refusal::Forbidden);
                self.farewell = Some(refusal);
                let code = refusal.code();
                self.session.send(&ToClient::Error { code, sentence: message, fatal: true })
            }
            Letter::Disconnect => {
                self.refuse(Refusal::Forbidden);
                Ok(())
            }
            Letter::Event { event, ack, offset } => {
                let message = ToClient::Event {
                    ack: ack.and_then(|ack| u32::try_from(ack).ok()),
                    offset: offset.as_deref(),
                    event: event.clone(),
                };
                let make = |_: &Parcel| message.to_packet(&Limits::TO_CLIENT);
                match &*parcel.encoded(FORMAT, make) {
                    Ok(packet) => self.session.send_packet(&message, packet.clone()),
                    Err(error) => Err(error.clone()),
                }
            }
            Letter::Ack { id, args } => {
                let id = u32::try_from(*id).unwrap_or_default();
                self.session.send(&ToClient::Ack { id, args: args.clone() })
            }
        };
        if let Err(ProtocolError::OutboxFull(_)) = sent {
            self.refuse(Refusal::OutboxFull);
            return Ok(());
        }
        sent
    }
}

/// Why somebody was not let in, if what middleware says of it has a code.
fn reason(data: &str) -> Option<Refusal> {
    #[derive(serde::Deserialize)]
    struct Reason {
        code: u16,
    }
    Refusal::from_code(serde_json::from_str::<Reason>(data).ok()?.code)
}
