//! One client of Socket.IO: its session, its link to the hub, and whoever waits for what it sends.

use super::counters::Count;
use super::deadlines::{Key, Timed};
use super::hosting::{Host, NewSession, Place};
use super::waiters::{Waiters, poll_ready};
use super::{Tokens, lock};
use crate::hub::{Link, Outlet};
use crate::protocol::engine_io::{self, Carrier, CloseReason, Refusal};
use crate::protocol::socket_io::{Decoder, Format};
use crate::protocol::websocket::CloseCode;
use bytes::Bytes;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Long messages cost one more for each so many bytes.
const BYTES_FOR_ONE: usize = 4096;

/// One client, however it travels.
pub struct Connection {
    me: Weak<Self>,
    id: Box<str>,
    pub(super) host: Weak<Host>,
    pub(super) format: Format,
    pub(super) link: OnceLock<Link>,
    /// Held only by those who bring something: who sends never waits until a packet is read.
    pub(super) decoder: Mutex<Decoder>,
    pub(super) inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) engine: engine_io::Session,
    /// By when the attachments of the packet that is being put together must be here.
    pub(super) attachments_by: Duration,
    /// Who waits for something to write.
    pub(super) waiters: Waiters,
    /// Who waits until handlers have caught up.
    pub(super) paused: Option<Waker>,
    tokens: Tokens,
    deadline: Option<Key>,
    /// What lives as long as the connection: its place among those of its address.
    place: Option<Box<dyn Place>>,
    /// Whether the hub knows that the connection is over.
    is_told: bool,
    /// Why a WebSocket is closed, if not normally.
    pub(super) goodbye: Option<(CloseCode, &'static str)>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection")
    }
}

impl Connection {
    pub(super) fn open(host: &Arc<Host>, id: &str, new: NewSession) -> Arc<Self> {
        let now = host.clock().now();
        let engine = engine_io::Session::new(host.engine().clone(), id, new.transport, now);
        let config = host.config();
        let inner = Inner {
            engine,
            attachments_by: Duration::MAX,
            waiters: Waiters::default(),
            paused: None,
            tokens: Tokens::new(config.doors.messages_burst, now),
            deadline: None,
            place: new.place,
            is_told: false,
            goodbye: None,
        };
        let connection = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            id: id.into(),
            host: Arc::downgrade(host),
            format: config.format,
            link: OnceLock::new(),
            decoder: Mutex::new(Decoder::new(config.format, host.packets().clone())),
            inner: Mutex::new(inner),
        });
        if !config.echoes {
            let as_outlet: Arc<dyn Outlet> = connection.clone();
            let link = host.io().open(Arc::downgrade(&as_outlet), Arc::new(new.opening));
            let _ = connection.link.set(link);
        }
        connection.change(|_, _| ());
        connection
    }

    /// Its secret name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Does something with the session, then all that follows from it.
    pub(super) fn change<T>(&self, act: impl FnOnce(&mut Inner, Duration) -> T) -> T {
        let (result, ended) = self.step(act);
        self.finish(ended);
        result
    }

    /// Does something with the session; what ended by it is told by [`Self::finish`].
    pub(super) fn step<T>(&self, act: impl FnOnce(&mut Inner, Duration) -> T) -> (T, Ended) {
        let Some(host) = self.host.upgrade() else {
            return (act(&mut lock(&self.inner), Duration::MAX), Ended::default());
        };
        let now = host.clock().now();
        let (result, waiters, ended) = {
            let mut inner = lock(&self.inner);
            if inner.poll_timeout() <= now {
                if self.link.get().is_some_and(Link::is_busy) {
                    // What it answers is not read for now, by our own will.
                    inner.engine.excuse(now);
                }
                inner.handle_timeout(&host, now);
            }
            let result = act(&mut inner, now);
            let ended = inner.end(&host);
            let at = inner.poll_timeout();
            host.deadlines().follow(&mut inner.deadline, at, &self.me);
            (result, inner.waiters.take(), ended)
        };
        waiters.wake();
        (result, ended)
    }

    /// Tells the hub and the host what ended. Under no lock: handlers run here.
    pub(super) fn finish(&self, ended: Ended) {
        if let Some(reason) = ended.for_hub {
            self.link.get().into_iter().for_each(|link| link.closed(reason));
        }
        if ended.is_gone {
            self.host.upgrade().into_iter().for_each(|host| host.forget(&self.id));
            let place = lock(&self.inner).place.take();
            drop(place);
        }
    }

    /// Has the clock look at the connection at once.
    pub(super) fn look_soon(&self, inner: &mut Inner) {
        if let Some(host) = self.host.upgrade() {
            host.deadlines().follow(&mut inner.deadline, Duration::ZERO, &self.me);
        }
    }

    /// Ready unless handlers are so far behind that nothing more should be read.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        poll_ready(&self.link, || lock(&self.inner).paused = Some(context.waker().clone()))
    }

    // For doors: long-polling.

    /// A poll has come.
    pub fn begin_poll(&self) -> Result<(), Refusal> {
        self.change(|inner, _| inner.engine.begin_poll())
    }

    /// The client let go of its poll.
    pub fn cancel_poll(&self) {
        self.change(|inner, _| inner.engine.cancel_poll());
    }

    /// What the pending poll is answered with.
    pub fn poll_payload(&self, context: &mut Context<'_>) -> Poll<String> {
        self.poll(Carrier::POLLING, context, |engine| engine.poll_payload())
    }

    /// A post has come.
    pub fn begin_post(&self) -> Result<(), Refusal> {
        self.change(|inner, _| inner.engine.begin_post())
    }

    /// The post is over; one whose body was no payload ends the session.
    pub fn end_post(&self, failed: Option<CloseReason>) {
        self.change(|inner, _| {
            inner.engine.end_post();
            failed.into_iter().for_each(|reason| inner.engine.fail(reason));
        });
    }

    // For doors: WebSockets.

    /// The carrier of a session that began with a WebSocket.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        lock(&self.inner).engine.carrier()
    }

    /// Whether a WebSocket is about to take over.
    #[must_use]
    pub fn is_probed(&self) -> bool {
        lock(&self.inner).engine.is_probed()
    }

    /// A WebSocket that wants to take over.
    pub fn begin_probe(&self) -> Result<Carrier, Refusal> {
        self.change(|inner, now| inner.engine.begin_probe(now))
    }

    /// What is to be written next; `None`: nothing any more.
    pub fn poll_frames(&self, carrier: Carrier, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.poll(carrier, context, |engine| match engine.poll_frames(carrier) {
            Some(frames) => Some(Some(frames)),
            None => engine.is_over(carrier).then_some(None),
        })
    }

    fn poll<T>(
        &self,
        carrier: Carrier,
        context: &mut Context<'_>,
        next: impl FnOnce(&mut engine_io::Session) -> Option<T>,
    ) -> Poll<T> {
        let mut inner = lock(&self.inner);
        let was_open = inner.engine.is_open();
        let Some(next) = next(&mut inner.engine) else {
            inner.waiters.add(carrier, context.waker());
            return Poll::Pending;
        };
        drop(inner);
        if !was_open {
            self.change(|_, _| ());
        }
        Poll::Ready(next)
    }

    /// Ready once the session is over, whatever is not written yet.
    pub fn poll_over(&self, carrier: Carrier, context: &mut Context<'_>) -> Poll<()> {
        self.poll(carrier, context, |engine| engine.is_cut(carrier).then_some(()))
    }

    /// Notes whether the WebSocket takes no more bytes at the moment.
    pub fn set_blocked(&self, carrier: Carrier, is_blocked: bool) {
        let mut inner = lock(&self.inner);
        if inner.engine.carrier() == carrier {
            inner.engine.set_blocked(is_blocked);
        }
    }

    /// A WebSocket is gone.
    pub fn lose(&self, carrier: Carrier, reason: CloseReason) {
        self.change(|inner, _| inner.engine.lose(carrier, reason));
    }

    /// How a WebSocket is told that it is over.
    #[must_use]
    pub fn goodbye(&self) -> (CloseCode, &'static str) {
        lock(&self.inner).goodbye.unwrap_or((CloseCode::Normal, ""))
    }

    /// Closes the connection once everything is sent.
    pub fn close(&self) {
        self.change(|inner, now| inner.engine.close(now));
    }
}

impl Timed for Connection {
    fn handle_timeout(&self) {
        let ((), ended) = self.step(|inner, _| inner.deadline = None);
        if let (true, Some(me)) = (ended.is_news(), self.me.upgrade()) {
            // Handlers run there; the clock waits for nobody.
            tokio::spawn(async move { me.finish(ended) });
        }
    }
}

/// What ended by a change.
#[derive(Default)]
pub(super) struct Ended {
    /// Why, if the hub does not know yet.
    for_hub: Option<&'static str>,
    /// Whether the session is gone.
    is_gone: bool,
}

impl Ended {
    fn is_news(&self) -> bool {
        self.for_hub.is_some() || self.is_gone
    }
}

impl Inner {
    /// What ended just now.
    fn end(&mut self, host: &Host) -> Ended {
        let engine = &self.engine;
        if engine.is_open() {
            return Ended::default();
        }
        let reason = engine.closed();
        let for_hub = (!std::mem::replace(&mut self.is_told, true))
            .then(|| reason.map_or("forced server close", CloseReason::name));
        if for_hub.is_some() {
            match reason {
                Some(CloseReason::PingTimeout) => host.counters().add(Count::PingTimeouts),
                Some(CloseReason::Overflow) => {
                    host.counters().add(Count::Overflows);
                    self.blame();
                    self.goodbye = Some((CloseCode::Policy, "too much waits for this client"));
                }
                Some(CloseReason::ParseError | CloseReason::TransportError) => {
                    host.counters().add(Count::BadPackets);
                    self.blame();
                    let why = (CloseCode::Protocol, "the packet could not be read");
                    self.goodbye.get_or_insert(why);
                }
                _ => {}
            }
        }
        Ended { for_hub, is_gone: reason.is_some() }
    }

    fn poll_timeout(&self) -> Duration {
        self.engine.poll_timeout().min(self.attachments_by)
    }

    fn handle_timeout(&mut self, host: &Host, now: Duration) {
        self.engine.handle_timeout(now);
        if self.attachments_by <= now {
            self.attachments_by = Duration::MAX;
            let why = "attachments did not come in time";
            self.refuse(host, Count::BadPackets, CloseCode::Policy, why, now);
        }
    }

    /// Takes what a message of so many bytes costs; who cannot pay is cut.
    pub(super) fn pay(&mut self, host: &Host, bytes: usize, now: Duration) -> bool {
        let limits = &host.config().doors;
        let cost = 1 + u32::try_from(bytes / BYTES_FOR_ONE).unwrap_or(u32::MAX - 1);
        let pays =
            self.tokens.take_some(cost, limits.messages_per_second, limits.messages_burst, now);
        if pays {
            host.counters().add(Count::Messages);
        } else {
            self.refuse(host, Count::Flood, CloseCode::Policy, "too many messages", now);
        }
        pays
    }

    /// Closes the session for a rule that was broken; what was on its way by then counts no more.
    pub(super) fn refuse(
        &mut self,
        host: &Host,
        count: Count,
        code: CloseCode,
        why: &'static str,
        now: Duration,
    ) {
        if self.engine.is_open() {
            host.counters().add(count);
            self.blame();
            self.goodbye = Some((code, why));
            self.engine.close(now);
        }
    }

    /// The client broke a rule, which is remembered at the door.
    pub(super) fn blame(&self) {
        self.place.iter().for_each(|place| place.blame());
    }
}
