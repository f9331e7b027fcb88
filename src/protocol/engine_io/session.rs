//! The whole of a session's behaviour: which carrier may do what in which state.
//!
//! | state | poll | post | WebSocket | ends by |
//! |---|---|---|---|---|
//! | open, polling | waits for packets; a second at once fails the session | one at a time | probes, then takes over | |
//! | open, WebSocket | refused; a pending one is released | refused | the queue leaves as frames | |
//! | closing | answered with the rest and a close | not heard | the rest, then hangs up | all is sent, or time |
//! | closed | a pending one is told so, later ones refused | refused | hangs up | |

use super::heartbeat::{Beat, Heartbeat};
use super::probe::Probe;
use super::queue::Queue;
use super::{Bundle, CloseReason, Message, Packet, Refusal, Settings, Transport, split_payload};
use crate::protocol::websocket::{Opcode, frame};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

const CLOSE: &str = "1";
const NOOP: &str = "6";
/// A session with more than this waiting takes nothing volatile.
const WRITABLE_BYTES: usize = 64 << 10;

/// One of the ways by which a session's packets come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carrier(u32);

impl Carrier {
    /// All requests of long-polling.
    pub const POLLING: Self = Self(0);
    /// A WebSocket that belongs to no session: it is over before it begins.
    pub const STRAY: Self = Self(u32::MAX);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Closing { until: Duration },
    Closed(CloseReason),
}

/// One connection of one client.
#[derive(Debug)]
pub struct Session {
    settings: Arc<Settings>,
    state: State,
    carrier: Carrier,
    carriers: u32,
    probe: Option<Probe>,
    heartbeat: Heartbeat,
    queue: Queue,
    is_polled: bool,
    is_posted: bool,
    /// What a pending poll is answered with although nothing waits.
    release: Option<&'static str>,
    is_blocked: bool,
    /// Whether a WebSocket took over before its probe was answered.
    owes_answer: bool,
}

impl Session {
    /// A session that begins with this transport; its first packet introduces it.
    #[must_use]
    pub fn new(settings: Arc<Settings>, id: &str, transport: Transport, now: Duration) -> Self {
        let has_upgrades = transport == Transport::Polling && settings.upgrades;
        let open = format!(
            "0{{\"sid\":\"{id}\",\"upgrades\":[{}],\"pingInterval\":{},\"pingTimeout\":{},\"maxPayload\":{}}}",
            if has_upgrades { "\"websocket\"" } else { "" },
            settings.ping_interval.as_millis(),
            settings.ping_timeout.as_millis(),
            settings.max_payload,
        );
        let mut queue = Queue::default();
        queue.push_control(&open);
        let carriers = u32::from(transport == Transport::WebSocket);
        Self {
            state: State::Open,
            carrier: Carrier(carriers),
            carriers,
            probe: None,
            heartbeat: Heartbeat::new(settings.ping_interval, now),
            queue,
            is_polled: false,
            is_posted: false,
            release: None,
            is_blocked: false,
            owes_answer: false,
            settings,
        }
    }

    /// The carrier that packets leave by now.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// How the session travels now.
    #[must_use]
    pub fn transport(&self) -> Transport {
        if self.carrier == Carrier::POLLING { Transport::Polling } else { Transport::WebSocket }
    }

    /// Whether a WebSocket is about to take over.
    #[must_use]
    pub fn is_probed(&self) -> bool {
        self.probe.is_some()
    }

    /// Why the session ended, if it has.
    #[must_use]
    pub fn closed(&self) -> Option<CloseReason> {
        if let State::Closed(reason) = self.state { Some(reason) } else { None }
    }

    /// Whether messages are still taken and sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether something sent now could leave soon: a poll is pending, or the WebSocket takes bytes.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        let is_taking = match self.transport() {
            Transport::Polling => self.is_polled,
            Transport::WebSocket => !self.is_blocked,
        };
        self.is_open() && is_taking && self.queue.bytes() < WRITABLE_BYTES
    }

    /// How many bytes wait to be written.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.queue.bytes()
    }

    /// Notes whether the WebSocket takes no more bytes at the moment.
    pub fn set_blocked(&mut self, is_blocked: bool) {
        self.is_blocked = is_blocked;
    }

    /// Sends a message; a client that lets too much wait is gone.
    pub fn send(&mut self, bundle: Arc<Bundle>) {
        if self.is_open() && !self.queue.push_bundle(bundle, self.settings.outbox_bytes) {
            self.fail(CloseReason::Overflow);
        }
    }

    /// Closes the session once everything that waits is sent. A WebSocket that is about to take over
    /// may still do so: its client has stopped polling and would wait for ever.
    pub fn close(&mut self, now: Duration) {
        if self.is_open() {
            self.state = State::Closing { until: now + self.settings.close_timeout };
        }
    }

    /// Ends the session at once.
    pub fn fail(&mut self, reason: CloseReason) {
        if self.closed().is_none() {
            self.state = State::Closed(reason);
            self.probe = None;
            self.queue.clear();
        }
    }

    // Long-polling.

    /// A poll has come.
    pub fn begin_poll(&mut self) -> Result<(), Refusal> {
        self.check_request()?;
        if self.is_polled {
            self.fail(CloseReason::TransportError);
            return Err(Refusal::BadRequest);
        }
        self.is_polled = true;
        Ok(())
    }

    /// The client let go of its poll.
    pub fn cancel_poll(&mut self) {
        if std::mem::take(&mut self.is_polled) && self.transport() == Transport::Polling {
            self.fail(CloseReason::TransportError);
        }
    }

    /// What the pending poll is answered with, as soon as there is something to say.
    pub fn poll_payload(&mut self) -> Option<String> {
        if !self.is_polled {
            return None;
        }
        let release = self.release.take();
        let payload = match self.state {
            State::Closed(_) => release.unwrap_or(CLOSE).into(),
            _ if self.carrier != Carrier::POLLING => NOOP.into(),
            State::Closing { .. } => self.last_payload(),
            State::Open if self.queue.is_empty() => release?.into(),
            State::Open => self.next_payload(),
        };
        self.is_polled = false;
        Some(payload)
    }

    fn next_payload(&mut self) -> String {
        self.queue.take_payload(self.settings.payload_packets, self.settings.max_payload)
    }

    /// What is left, then the end: in a poll of its own, because clients take the end at once and
    /// what stands before it a moment later.
    fn last_payload(&mut self) -> String {
        if !self.queue.is_empty() {
            return self.next_payload();
        }
        self.fail(CloseReason::ForcedClose);
        CLOSE.into()
    }

    /// A post has come; its payload follows.
    pub fn begin_post(&mut self) -> Result<(), Refusal> {
        self.check_request()?;
        if self.is_posted {
            self.fail(CloseReason::TransportError);
            return Err(Refusal::BadRequest);
        }
        self.is_posted = true;
        Ok(())
    }

    /// The post is over.
    pub fn end_post(&mut self) {
        self.is_posted = false;
    }

    fn check_request(&self) -> Result<(), Refusal> {
        match (self.closed(), self.transport()) {
            (Some(_), _) => Err(Refusal::UnknownSession),
            (None, Transport::WebSocket) => Err(Refusal::BadRequest),
            (None, Transport::Polling) => Ok(()),
        }
    }

    /// Takes the payload of a post; gives its messages.
    pub fn receive_payload<'a>(&mut self, payload: &'a str, now: Duration) -> Vec<Message<'a>> {
        let mut messages = Vec::new();
        for packet in split_payload(payload, self.settings.payload_packets_received) {
            match packet {
                Ok(packet) => messages.extend(self.take(packet, now)),
                Err(reason) => self.fail(reason),
            }
            if self.closed().is_some() {
                break;
            }
        }
        messages
    }

    // WebSockets.

    /// Whether a WebSocket may try to take over.
    pub fn begin_probe(&mut self, now: Duration) -> Result<Carrier, Refusal> {
        let may = self.is_open()
            && self.settings.upgrades
            && self.probe.is_none()
            && self.transport() == Transport::Polling;
        if !may {
            return Err(Refusal::BadRequest);
        }
        self.carriers += 1;
        let carrier = Carrier(self.carriers);
        self.probe = Some(Probe::new(carrier, now + self.settings.upgrade_timeout));
        Ok(carrier)
    }

    /// Takes a text from a WebSocket; gives the message that it is.
    pub fn receive_text<'a>(
        &mut self,
        carrier: Carrier,
        text: &'a str,
        now: Duration,
    ) -> Option<Message<'a>> {
        let packet = Packet::parse(text);
        if carrier == self.carrier {
            return match packet {
                Ok(packet) => self.take(packet, now),
                Err(reason) => {
                    self.fail(reason);
                    None
                }
            };
        }
        let probe = self.probe.as_mut().filter(|probe| probe.carrier == carrier)?;
        match packet {
            Ok(Packet::Ping("probe")) => probe.asked(now),
            Ok(Packet::Upgrade) => self.take_over(carrier),
            _ => self.probe = None,
        }
        None
    }

    /// Takes bytes from a WebSocket; gives the message that they are.
    pub fn receive_binary<'a>(&mut self, carrier: Carrier, bytes: Bytes) -> Option<Message<'a>> {
        if carrier == self.carrier {
            return self.is_open().then_some(Message::Binary(bytes));
        }
        if self.probe.as_ref().is_some_and(|probe| probe.carrier == carrier) {
            self.probe = None;
        }
        None
    }

    fn take_over(&mut self, carrier: Carrier) {
        self.owes_answer = self.probe.take().is_some_and(|mut probe| probe.take_answer());
        self.carrier = carrier;
    }

    /// What is to be written next to a WebSocket.
    pub fn poll_frames(&mut self, carrier: Carrier) -> Option<Bytes> {
        if carrier == self.carrier && carrier != Carrier::POLLING {
            if std::mem::take(&mut self.owes_answer) {
                return Some(answer_to_probe());
            }
            return self.queue.take_frames();
        }
        let probe = self.probe.as_mut().filter(|probe| probe.carrier == carrier)?;
        probe.take_answer().then(answer_to_probe)
    }

    /// Whether there is nothing more to say by this WebSocket.
    #[must_use]
    pub fn is_over(&self, carrier: Carrier) -> bool {
        let is_probe = self.probe.as_ref().is_some_and(|probe| probe.carrier == carrier);
        match self.state {
            _ if carrier != self.carrier => !is_probe,
            State::Open => false,
            State::Closing { .. } => self.queue.is_empty(),
            State::Closed(_) => true,
        }
    }

    /// Whether this WebSocket is over even if something waits that it could carry.
    #[must_use]
    pub fn is_cut(&self, carrier: Carrier) -> bool {
        let is_probe = self.probe.as_ref().is_some_and(|probe| probe.carrier == carrier);
        self.closed().is_some() || (carrier != self.carrier && !is_probe)
    }

    /// A WebSocket is gone.
    pub fn lose(&mut self, carrier: Carrier, reason: CloseReason) {
        if carrier == self.carrier {
            let is_closing = matches!(self.state, State::Closing { .. });
            self.fail(if is_closing { CloseReason::ForcedClose } else { reason });
        } else if self.probe.as_ref().is_some_and(|probe| probe.carrier == carrier) {
            self.probe = None;
        }
    }

    // Time.

    /// When [`Self::handle_timeout`] is to be called, unless something else happens first.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        let of_probe = self.probe.as_ref().map_or(Duration::MAX, Probe::timeout);
        match self.state {
            State::Open => self.heartbeat.timeout().min(of_probe),
            State::Closing { until } => until.min(of_probe),
            State::Closed(_) => Duration::MAX,
        }
    }

    /// The client's answers are not read for now, so they are not expected.
    pub fn excuse(&mut self, now: Duration) {
        self.heartbeat.excuse(self.settings.ping_timeout, now);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        if let Some(probe) = &mut self.probe {
            if probe.until <= now {
                self.probe = None;
            } else if probe.is_release_due(now) && self.is_polled {
                self.release = Some(NOOP);
            }
        }
        match self.state {
            State::Closing { until } if until <= now => self.fail(CloseReason::ForcedClose),
            State::Open => match self.heartbeat.handle_timeout(self.settings.ping_timeout, now) {
                Beat::Nothing => {}
                Beat::Ping => self.queue.push_control("2"),
                Beat::Silent => self.fail(CloseReason::PingTimeout),
            },
            _ => {}
        }
    }

    /// Takes a packet from the present carrier.
    fn take<'a>(&mut self, packet: Packet<'a>, now: Duration) -> Option<Message<'a>> {
        match packet {
            Packet::Close => {
                self.fail(CloseReason::TransportClose);
                self.release = Some(NOOP);
            }
            _ if !self.is_open() => {}
            Packet::Message(message) => return Some(message),
            Packet::Pong(_) => self.heartbeat.answered(self.settings.ping_interval, now),
            Packet::Ping(_) => self.fail(CloseReason::TransportError),
            Packet::Upgrade | Packet::Noop => {}
        }
        None
    }
}

fn answer_to_probe() -> Bytes {
    let mut answer = Vec::new();
    frame(Opcode::Text, b"3probe", &mut answer);
    answer.into()
}
