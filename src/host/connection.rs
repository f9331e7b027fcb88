//! One client of Socket.IO: its session, its link to the hub, and whoever waits for what it sends.

use super::counters::Count;
use super::deadlines::{Key, Timed};
use super::hosting::{Host, NewSession};
use super::waiters::Waiters;
use super::{Tokens, lock};
use crate::event::Value;
use crate::hub::{Link, Outlet, Violation};
use crate::protocol::engine_io::{self, Bundle, Carrier, CloseReason, Message, Refusal};
use crate::protocol::socket_io::{Body, DecodeError, Packet, Session};
use crate::protocol::websocket::CloseCode;
use bytes::Bytes;
use std::any::Any;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// One client, however it travels.
pub struct Connection {
    me: Weak<Self>,
    id: Box<str>,
    pub(super) host: Weak<Host>,
    link: OnceLock<Link>,
    pub(super) inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) session: Session,
    /// Who waits for something to write.
    pub(super) waiters: Waiters,
    /// Who waits until handlers have caught up.
    pub(super) paused: Option<Waker>,
    tokens: Tokens,
    deadline: Option<Key>,
    /// What lives as long as the connection: its place among those of its address.
    place: Option<Box<dyn Any + Send + Sync>>,
    /// Whether the hub knows that the connection is over.
    is_told: bool,
    /// Why a WebSocket is closed, if not normally.
    goodbye: Option<(CloseCode, &'static str)>,
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
            session: Session::new(engine, config.format, host.packets().clone()),
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
            link: OnceLock::new(),
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
    fn change<T>(&self, act: impl FnOnce(&mut Inner, Duration) -> T) -> T {
        let Some(host) = self.host.upgrade() else {
            return act(&mut lock(&self.inner), Duration::MAX);
        };
        let now = host.clock().now();
        let (result, waiters, ended) = {
            let mut inner = lock(&self.inner);
            if inner.session.poll_timeout() <= now {
                inner.handle_timeout(now);
            }
            let result = act(&mut inner, now);
            let ended = inner.end(&host);
            let at = inner.session.poll_timeout();
            host.deadlines().follow(&mut inner.deadline, at, &self.me);
            (result, inner.waiters.take(), ended)
        };
        waiters.wake();
        self.finish(&host, ended);
        result
    }

    /// Tells the hub and the host what ended. Under no lock: handlers run here.
    fn finish(&self, host: &Host, ended: Ended) {
        if let Some(reason) = ended.for_hub {
            self.link.get().into_iter().for_each(|link| link.closed(reason));
        }
        if ended.is_gone {
            host.forget(&self.id);
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

    // For doors: what comes.

    /// Takes a text of a WebSocket.
    pub fn receive_text(&self, carrier: Carrier, text: &str) {
        self.receive(|session, now| {
            session.engine.receive_text(carrier, text, now).into_iter().collect()
        });
    }

    /// Takes bytes of a WebSocket.
    pub fn receive_binary(&self, carrier: Carrier, bytes: Bytes) {
        self.receive(|session, _| {
            session.engine.receive_binary(carrier, bytes).into_iter().collect()
        });
    }

    /// Takes the payload of a post.
    pub fn receive_payload(&self, payload: &str) {
        self.receive(|session, now| session.engine.receive_payload(payload, now));
    }

    fn receive<'a>(&self, take: impl FnOnce(&mut Session, Duration) -> Vec<Message<'a>>) {
        let Some(host) = self.host.upgrade() else { return };
        let packets = self.change(|inner, now| {
            let messages = take(&mut inner.session, now);
            let mut packets = Vec::with_capacity(messages.len());
            for message in messages {
                if !inner.may_send(&host, now) {
                    break;
                }
                if host.config().echoes {
                    inner.session.engine.send(Arc::new(echo(&message)));
                    continue;
                }
                match inner.session.receive(message, now) {
                    Ok(packet) => packets.extend(packet),
                    Err(error) => {
                        inner.bad_packet(&host, &error, now);
                        break;
                    }
                }
            }
            packets
        });
        for packet in packets {
            if let Err(violation) = self.dispatch(packet) {
                host.counters().add(Count::Violations);
                tracing::debug!("{violation}");
                self.change(|inner, now| {
                    inner.refuse(CloseCode::Policy, "not joined, or twice", now)
                });
                return;
            }
        }
    }

    /// A WebSocket was pinged, which costs as much as a message.
    pub fn receive_ping(&self) {
        let Some(host) = self.host.upgrade() else { return };
        self.change(|inner, now| inner.may_send(&host, now));
    }

    /// A WebSocket sent what it must not.
    pub fn refuse(&self, carrier: Carrier, count: Count, code: CloseCode, why: &'static str) {
        self.host.upgrade().into_iter().for_each(|host| host.counters().add(count));
        self.change(|inner, _| {
            inner.goodbye = Some((code, why));
            inner.session.engine.lose(carrier, CloseReason::TransportError);
        });
    }

    fn dispatch(&self, packet: Packet) -> Result<(), Violation> {
        let Some(link) = self.link.get() else { return Ok(()) };
        let namespace = &*packet.namespace;
        match packet.body {
            Body::Connect(auth) => {
                let auth = auth.and_then(|auth| serde_json::from_str(&auth).ok());
                let auth = auth.unwrap_or_else(|| Value::Object(Vec::new()));
                let text = |name| auth.get(name).and_then(Value::as_str).map(String::from);
                let returning = text("pid").zip(text("offset"));
                link.connect(namespace, auth, returning)
            }
            Body::Disconnect => link.leave(namespace),
            Body::Event { event, ack } => link.event(namespace, event, ack),
            Body::Ack { id, args } => link.ack(namespace, id, args),
        }
    }

    /// Ready unless handlers are so far behind that nothing more should be read.
    pub fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        let is_busy = || self.link.get().is_some_and(Link::is_busy);
        if !is_busy() {
            return Poll::Ready(());
        }
        lock(&self.inner).paused = Some(context.waker().clone());
        // It may have changed before the waker was there.
        if is_busy() { Poll::Pending } else { Poll::Ready(()) }
    }

    // For doors: long-polling.

    /// A poll has come.
    pub fn begin_poll(&self) -> Result<(), Refusal> {
        self.change(|inner, _| inner.session.engine.begin_poll())
    }

    /// The client let go of its poll.
    pub fn cancel_poll(&self) {
        self.change(|inner, _| inner.session.engine.cancel_poll());
    }

    /// What the pending poll is answered with.
    pub fn poll_payload(&self, context: &mut Context<'_>) -> Poll<String> {
        self.poll(Carrier::POLLING, context, |session| session.engine.poll_payload())
    }

    /// A post has come.
    pub fn begin_post(&self) -> Result<(), Refusal> {
        self.change(|inner, _| inner.session.engine.begin_post())
    }

    /// The post is over; one whose body was no payload ends the session.
    pub fn end_post(&self, failed: Option<CloseReason>) {
        self.change(|inner, _| {
            inner.session.engine.end_post();
            failed.into_iter().for_each(|reason| inner.session.engine.fail(reason));
        });
    }

    // For doors: WebSockets.

    /// The carrier of a session that began with a WebSocket.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        lock(&self.inner).session.engine.carrier()
    }

    /// Whether a WebSocket is about to take over.
    #[must_use]
    pub fn is_probed(&self) -> bool {
        lock(&self.inner).session.engine.is_probed()
    }

    /// A WebSocket that wants to take over.
    pub fn begin_probe(&self) -> Result<Carrier, Refusal> {
        self.change(|inner, now| inner.session.engine.begin_probe(now))
    }

    /// What is to be written next; `None`: nothing any more.
    pub fn poll_frames(&self, carrier: Carrier, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.poll(carrier, context, |session| match session.engine.poll_frames(carrier) {
            Some(frames) => Some(Some(frames)),
            None => session.engine.is_over(carrier).then_some(None),
        })
    }

    fn poll<T>(
        &self,
        carrier: Carrier,
        context: &mut Context<'_>,
        next: impl FnOnce(&mut Session) -> Option<T>,
    ) -> Poll<T> {
        let mut inner = lock(&self.inner);
        let was_open = inner.session.engine.is_open();
        let Some(next) = next(&mut inner.session) else {
            inner.waiters.add(carrier, context.waker());
            return Poll::Pending;
        };
        drop(inner);
        if !was_open {
            self.change(|_, _| ());
        }
        Poll::Ready(next)
    }

    /// Notes whether the WebSocket takes no more bytes at the moment.
    pub fn set_blocked(&self, is_blocked: bool) {
        lock(&self.inner).session.engine.set_blocked(is_blocked);
    }

    /// A WebSocket is gone.
    pub fn lose(&self, carrier: Carrier, reason: CloseReason) {
        self.change(|inner, _| inner.session.engine.lose(carrier, reason));
    }

    /// How a WebSocket is told that it is over.
    #[must_use]
    pub fn goodbye(&self) -> (CloseCode, &'static str) {
        lock(&self.inner).goodbye.unwrap_or((CloseCode::Normal, ""))
    }

    /// Closes the connection once everything is sent.
    pub fn close(&self) {
        self.change(|inner, now| inner.session.engine.close(now));
    }
}

impl Timed for Connection {
    fn handle_timeout(&self) {
        self.change(|inner, _| inner.deadline = None);
    }
}

/// What ended by a change.
#[derive(Default)]
struct Ended {
    /// Why, if the hub does not know yet.
    for_hub: Option<&'static str>,
    /// Whether the session is gone.
    is_gone: bool,
}

impl Inner {
    /// What ended just now.
    fn end(&mut self, host: &Host) -> Ended {
        let engine = &self.session.engine;
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
                    self.goodbye = Some((CloseCode::Policy, "too much waits for this client"));
                }
                Some(CloseReason::ParseError | CloseReason::TransportError) => {
                    host.counters().add(Count::BadPackets);
                    let why = (CloseCode::Protocol, "the packet could not be read");
                    self.goodbye.get_or_insert(why);
                }
                _ => {}
            }
        }
        Ended { for_hub, is_gone: reason.is_some() }
    }

    fn handle_timeout(&mut self, now: Duration) {
        if self.session.handle_timeout(now).is_err() {
            self.refuse(CloseCode::Policy, "attachments did not come in time", now);
        }
    }

    fn may_send(&mut self, host: &Host, now: Duration) -> bool {
        let limits = &host.config().doors;
        let may = self.tokens.take(limits.messages_per_second, limits.messages_burst, now);
        if may {
            host.counters().add(Count::Messages);
        } else {
            host.counters().add(Count::Flood);
            self.refuse(CloseCode::Policy, "too many messages", now);
        }
        may
    }

    fn bad_packet(&mut self, host: &Host, error: &DecodeError, now: Duration) {
        host.counters().add(Count::BadPackets);
        tracing::debug!("{error}");
        self.refuse(CloseCode::Protocol, "the packet could not be read", now);
    }

    fn refuse(&mut self, code: CloseCode, why: &'static str, now: Duration) {
        self.goodbye = Some((code, why));
        self.session.engine.close(now);
    }
}

fn echo(message: &Message<'_>) -> Bundle {
    match message {
        Message::Text(text) => Bundle::text(format!("{}{text}", Bundle::TEXT), &[]),
        Message::Binary(bytes) => Bundle::binary(bytes.clone()),
    }
}
