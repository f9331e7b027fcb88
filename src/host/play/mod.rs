//! One native client: its session, its link to the hub, and the match that it is in.
//!
//! It is a socket of namespace `/` like any other, so that it meets clients of Socket.IO in rooms
//! and events. What concerns matches is asked of whoever hosts them, under no lock.

mod delivery;
mod hearing;
mod matches;
mod pull;
mod cable;

pub(super) use cable::{Fate, Flow};
pub use matches::Matches;
pub(super) use pull::Pulled;

use cable::Cable;
use hearing::NAMESPACE;
use pull::Unheard;

use super::counters::Count;
use super::deadlines::{Key, Timed};
use super::hosting::{Host, Place};
use super::matches::SeatOf;
use super::matches::talk::note_seat;
use super::waiters::poll_ready;
use super::{Tokens, lock};
use crate::hub::{Link, Opening, Outlet, Socket};
use crate::protocol::native::{
    Applied, ProtocolError, Refusal, ServerSession, Stage, ToClient, begin_state,
};
use crate::protocol::websocket::{CloseCode, Opcode, frame};
use bytes::Bytes;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// One native client.
pub struct PlayConnection {
    me: Weak<Self>,
    host: Weak<Host>,
    link: OnceLock<Link>,
    socket: OnceLock<String>,
    inner: Mutex<Inner>,
}

struct Inner {
    session: ServerSession,
    waker: Option<Waker>,
    paused: Option<Waker>,
    deadline: Option<Key>,
    is_blocked: bool,
    /// Its socket, if a thread of matches carries it.
    cable: Option<Cable>,
    unheard: Unheard,
    pings: Tokens,
    /// Packets that wait since the carrier last took one.
    queued: usize,
    /// Whether it came back and was not told yet whether its seat is still there.
    owes_place: bool,
    /// Whether hub and matches know that it is gone.
    is_told: bool,
    farewell: Option<Refusal>,
    /// Whether its client is back on another connection.
    is_supplanted: bool,
    /// Where it sits, if it is in a match.
    seat: Option<SeatOf>,
    /// What the carrier itself was closed for.
    cut: Option<(CloseCode, &'static str)>,
    place: Option<Box<dyn Place>>,
}

impl std::fmt::Debug for PlayConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("native connection")
    }
}

impl PlayConnection {
    pub(super) fn open(
        host: &Arc<Host>,
        opening: Opening,
        place: Option<Box<dyn Place>>,
    ) -> Arc<Self> {
        let now = host.clock().now();
        let inner = Inner {
            session: ServerSession::new(host.config().native.clone(), now),
            waker: None,
            paused: None,
            deadline: None,
            is_blocked: false,
            cable: None,
            unheard: Unheard::default(),
            pings: Tokens::new(host.config().native.messages_burst, now),
            queued: 0,
            owes_place: false,
            is_told: false,
            farewell: None,
            is_supplanted: false,
            seat: None,
            cut: None,
            place,
        };
        let connection = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            host: Arc::downgrade(host),
            link: OnceLock::new(),
            socket: OnceLock::new(),
            inner: Mutex::new(inner),
        });
        let as_outlet: Arc<dyn Outlet> = connection.clone();
        let link = host.io().open(Arc::downgrade(&as_outlet), Arc::new(opening));
        let _ = connection.link.set(link);
        connection.change(|_| ());
        connection
    }

    /// The id of its socket, once it was let in.
    #[must_use]
    pub fn socket(&self) -> Option<&str> {
        self.socket.get().map(String::as_str)
    }

    /// Says something to the client. An error is the host's own mistake.
    pub fn send(&self, message: &ToClient<'_>) -> Result<(), ProtocolError> {
        self.change(|inner| {
            inner.queued += 1;
            match inner.session.send(message) {
                Err(ProtocolError::OutboxFull(_)) => {
                    inner.refuse(Refusal::OutboxFull);
                    Ok(())
                }
                result => result,
            }
        })
    }

    /// Sends a packet of the match's stream, which `write` appends.
    pub fn send_state(&self, after: Option<Applied>, write: &mut dyn FnMut(&mut Vec<u8>)) {
        if self.send_state_at_once(after, write) {
            return;
        }
        let mut packet = Vec::with_capacity(256);
        begin_state(&mut packet, after);
        let begun = packet.len();
        write(&mut packet);
        if packet.len() > begun {
            self.change(|inner| inner.push_state(packet));
        }
    }

    /// How many bytes wait to be written.
    #[must_use]
    pub fn backlog(&self) -> usize {
        let inner = lock(&self.inner);
        inner.session.backlog() + inner.cable.as_ref().map_or(0, Cable::waiting)
    }

    /// Where it sits, if it is in a match.
    #[must_use]
    pub fn seat(&self) -> Option<SeatOf> {
        lock(&self.inner).seat.clone()
    }

    /// Notes where it sits; gives where it sat.
    pub fn set_seat(&self, seat: Option<SeatOf>) -> Option<SeatOf> {
        note_seat(self.hub_socket().as_ref(), seat.as_ref());
        std::mem::replace(&mut lock(&self.inner).seat, seat)
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        lock(&self.inner).session.stage() == Stage::Ended
    }

    /// Its socket, as long as it is there.
    #[must_use]
    pub fn hub_socket(&self) -> Option<Socket> {
        self.link.get()?.socket(NAMESPACE)
    }

    /// Whether the client must be sent this schema before it can be told that it joined.
    #[must_use]
    pub fn lacks_schema(&self, hash: u64) -> bool {
        lock(&self.inner).session.lacks_schema(hash)
    }

    /// Ends the connection for this reason.
    pub fn refuse(&self, refusal: Refusal) {
        self.change(|inner| inner.refuse(refusal));
    }

    /// Does something with the session, then all that follows from it. Under no lock but its own.
    fn change<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let (result, waker, ended) = {
            let mut inner = lock(&self.inner);
            let result = act(&mut inner);
            let is_over = inner.session.stage() == Stage::Ended;
            let ended = is_over && !std::mem::replace(&mut inner.is_told, is_over);
            if let Some(host) = self.host.upgrade() {
                let at = inner.session.poll_timeout();
                host.deadlines().follow(&mut inner.deadline, at, &self.me);
            }
            // Whoever carries it is woken for what is to be written, or for the end.
            let is_news = is_over || inner.session.backlog() > 0;
            (result, if is_news { inner.waker.take() } else { None }, ended)
        };
        waker.into_iter().for_each(Waker::wake);
        if let (true, Some(me)) = (ended, self.me.upgrade()) {
            // Handlers run there: the clock, which may be who noticed, waits for nobody.
            tokio::spawn(async move { me.tell_end() });
        }
        result
    }

    fn tell_end(&self) {
        let Some(host) = self.host.upgrade() else { return };
        host.counters().add(Count::SessionsEnded);
        let farewell = lock(&self.inner).farewell;
        if farewell == Some(Refusal::OutboxFull) {
            host.counters().add(Count::Overflows);
        }
        self.leave_all();
    }

    /// Leaves its match and the hub, if it has not yet.
    fn leave_all(&self) {
        let Some(host) = self.host.upgrade() else { return };
        if let (Some(matches), Some(me)) = (host.matches(), self.me.upgrade()) {
            matches.gone(&me);
        }
        self.link.get().into_iter().for_each(|link| link.closed(self.reason()));
    }

    /// Why it ended, as the hub has it: who was only lost may come back.
    pub(super) fn reason(&self) -> &'static str {
        let inner = lock(&self.inner);
        match inner.farewell {
            None => "transport close",
            _ if inner.is_supplanted => "transport close",
            Some(Refusal::Silent) => "ping timeout",
            Some(Refusal::OutboxFull) => "transport error",
            Some(Refusal::ShuttingDown) => "server shutting down",
            Some(refusal) => refusal.sentence(),
        }
    }

    // For doors.

    /// Ready unless handlers are so far behind that nothing more should be read.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        poll_ready(&self.link, || lock(&self.inner).paused = Some(context.waker().clone()))
    }

    /// What is to be written next, framed; `None`: nothing any more.
    pub fn poll_frames(&self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut inner = lock(&self.inner);
        if let Some(packet) = inner.session.poll_packet() {
            inner.queued = inner.queued.saturating_sub(1);
            let mut framed = Vec::with_capacity(packet.len() + 10);
            frame(Opcode::Binary, &packet, &mut framed);
            return Poll::Ready(Some(framed.into()));
        }
        inner.queued = 0;
        if inner.session.stage() == Stage::Ended {
            return Poll::Ready(None);
        }
        inner.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Ready once the session is over, whatever is not written yet.
    pub fn poll_over(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = lock(&self.inner);
        if inner.session.stage() == Stage::Ended {
            return Poll::Ready(());
        }
        inner.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// The carrier was pinged, which costs as much as a message.
    pub fn receive_ping(&self) {
        let Some(host) = self.host.upgrade() else { return };
        let now = host.clock().now();
        let limits = &host.config().native;
        self.change(|inner| {
            let may = inner.pings.take(limits.messages_per_second, limits.messages_burst, now);
            if !may {
                host.counters().add(Count::Flood);
                inner.cut_off(Refusal::TooMany);
            }
        });
    }

    /// Notes whether the carrier takes no more bytes at the moment.
    pub fn set_blocked(&self, is_blocked: bool) {
        lock(&self.inner).is_blocked = is_blocked;
    }

    /// The carrier's own rules were broken.
    pub fn cut(&self, count: Count, code: CloseCode, why: &'static str) {
        self.host.upgrade().into_iter().for_each(|host| host.counters().add(count));
        {
            let mut inner = lock(&self.inner);
            inner.cut = Some((code, why));
            inner.place.iter().for_each(|place| place.blame());
        }
        self.lose();
    }

    /// The carrier is gone.
    pub fn lose(&self) {
        self.change(|inner| {
            if inner.session.stage() != Stage::Ended {
                let _ = inner.session.fail(ProtocolError::Ended);
            }
        });
    }

    /// How the carrier is closed.
    #[must_use]
    pub fn goodbye(&self) -> (CloseCode, &'static str) {
        let inner = lock(&self.inner);
        match inner.farewell {
            _ if inner.cut.is_some() => inner.cut.unwrap_or((CloseCode::Normal, "")),
            Some(refusal) => (CloseCode::Own(refusal.close_code()), refusal.sentence()),
            None => (CloseCode::Normal, ""),
        }
    }
}

impl Inner {
    fn refuse(&mut self, refusal: Refusal) {
        self.session.refuse(refusal);
        self.farewell.get_or_insert(refusal);
    }

    /// Refuses a client that broke a rule, which is remembered at the door.
    fn cut_off(&mut self, refusal: Refusal) {
        self.place.iter().for_each(|place| place.blame());
        self.refuse(refusal);
    }

    fn blame(&mut self, host: &Host, error: &ProtocolError) {
        let refusal = error.refusal();
        if !matches!(refusal, Refusal::Silent | Refusal::HandshakeTimeout) {
            self.place.iter().for_each(|place| place.blame());
        }
        host.counters().add(match refusal {
            Refusal::TooMany => Count::Flood,
            Refusal::TooLong => Count::TooLong,
            Refusal::Silent => Count::PingTimeouts,
            Refusal::HandshakeTimeout => Count::SlowHandshake,
            Refusal::OutOfOrder => Count::Violations,
            _ => Count::BadPackets,
        });
        self.farewell.get_or_insert(refusal);
    }

    fn push_state(&mut self, packet: Vec<u8>) {
        self.queued += 1;
        if let Err(ProtocolError::OutboxFull(_)) = self.session.send_state(packet.into()) {
            self.refuse(Refusal::OutboxFull);
        }
    }
}

impl Timed for PlayConnection {
    fn handle_timeout(&self) {
        let Some(host) = self.host.upgrade() else { return };
        let now = host.clock().now();
        let owes_place = self.change(|inner| {
            inner.deadline = None;
            if let Err(error) = inner.session.handle_timeout(now) {
                inner.blame(&host, &error);
            }
            std::mem::take(&mut inner.owes_place)
        });
        let Some(me) = self.me.upgrade().filter(|_| owes_place) else { return };
        let resumed = host.matches().ok_or(Refusal::NotInMatch);
        if let Err(refusal) = resumed.and_then(|matches| matches.resume(&me)) {
            let _ = self.send(&ToClient::left(refusal));
        }
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
