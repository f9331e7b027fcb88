//! A client's session of Socket.IO in one of Engine.IO: messages and time go in, messages come out.
//!
//! It has no socket and no clock. Whatever carries it, packets are what they are on a WebSocket, or in
//! a payload of long-polling, where bytes are text behind a `b`.

use super::error::LineError;
use crate::event::{Args, Event, ToArgs};
use crate::load::tally::framed;
use crate::load::tally::{Bytes as Sum, Felt};
use crate::protocol::engine_io::{Message, Packet};
use crate::protocol::socket_io::{Body, Decoder, Format, Limits};
use bytes::Bytes;
use serde::Deserialize;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

/// Answers that take longer are lost.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The session is joined within this, or given up.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// A server is not believed to be silent for longer.
const HEARTBEAT_MOST: Duration = Duration::from_secs(86_400);
/// So many messages wait for a network that takes none.
const OUT_MOST: usize = 4096;
/// The attachments of an event have at most so many bytes.
pub(super) const BYTES_MOST: usize = 4 << 20;
/// The event that a stream comes in.
pub(super) const STREAM: &str = "state";
/// The mask of a frame that a client sends.
const MASK_BYTES: u64 = 4;

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As frames of a WebSocket.
    Frames,
    /// As packets of payloads of long-polling.
    Payloads,
}

/// A message, one way or the other; text begins with the type of its packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Text.
    Text(String),
    /// A binary message.
    Binary(Bytes),
}

/// What an answer is awaited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A room, or a seat.
    Place,
    /// A question whose time is measured.
    Question,
}

/// What bytes are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    State,
    Events,
    Control,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The session is joined.
    Welcome,
    /// Something happened.
    Event(Event),
    /// The answer to something that was asked.
    Answer(About, Args),
}

/// Something that was asked, and not yet answered.
#[derive(Clone, Copy, Debug)]
struct Asked {
    about: About,
    due: Duration,
    until: Duration,
}

impl Asked {
    /// No answer comes any more: it was waited for in vain until now.
    fn lose(self, now: Duration, felt: &mut Felt) {
        if self.about == About::Question {
            felt.counts.acks_lost += 1;
            felt.ack.note_wait(self.due, now);
        }
    }
}

/// How far a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Engine.IO's first packet is awaited.
    Opening,
    /// The answer to the wish to join is.
    Greeting,
    /// Joined.
    In,
    /// Nothing more is said.
    Ended,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    sid: String,
    ping_interval: u64,
    ping_timeout: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Denied {
    message: String,
}

/// A client's session.
pub(super) struct Line {
    way: Way,
    stage: Stage,
    sid: String,
    decoder: Decoder,
    /// Bytes of a packet whose attachments have not all come.
    arriving: u64,
    /// A server that pings is heard of within this.
    heartbeat: Duration,
    deadline: Duration,
    /// In the order in which they run out.
    asked: BTreeMap<u64, Asked>,
    next_id: u64,
    out: VecDeque<Word>,
}

impl Line {
    /// A session that begins now.
    pub(super) fn new(way: Way, now: Duration) -> Self {
        let limits = Limits { attachment_bytes: BYTES_MOST, ..Limits::default() };
        Self {
            way,
            stage: Stage::Opening,
            sid: String::new(),
            decoder: Decoder::new(Format::Json, Arc::new(limits)),
            arriving: 0,
            heartbeat: Duration::ZERO,
            deadline: now + HANDSHAKE_WITHIN,
            asked: BTreeMap::new(),
            next_id: 0,
            out: VecDeque::new(),
        }
    }

    /// The session's id, once that is known.
    pub(super) fn sid(&self) -> &str {
        &self.sid
    }

    /// Says nothing more: the connection is to be closed.
    pub(super) fn end(&mut self) {
        self.stage = Stage::Ended;
        self.out.clear();
    }

    /// Whether the connection is to be closed.
    pub(super) fn is_ended(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// When [`Self::pass`] is to be called at the latest.
    pub(super) fn due(&self) -> Duration {
        let answers = self.asked.first_key_value().map_or(Duration::MAX, |(_, asked)| asked.until);
        answers.min(self.deadline).min(self.decoder.poll_timeout())
    }

    /// The next message to send.
    pub(super) fn poll_word(&mut self) -> Option<Word> {
        self.out.pop_front()
    }

    /// Says something; what cannot be said any more is passed over.
    pub(super) fn emit(&mut self, name: &str, args: impl ToArgs, kind: Kind, felt: &mut Felt) {
        if let Ok(event) = Event::new(name, args) {
            self.say(&event, None, kind, felt);
        }
    }

    /// Asks something that was due then.
    pub(super) fn ask(
        &mut self,
        name: &str,
        args: impl ToArgs,
        (about, due): (About, Duration),
        now: Duration,
        felt: &mut Felt,
    ) {
        let Ok(event) = Event::new(name, args) else { return };
        let kind = if about == About::Place { Kind::Control } else { Kind::Events };
        self.asked.insert(self.next_id, Asked { about, due, until: now + ANSWER_WITHIN });
        self.say(&event, Some(self.next_id), kind, felt);
        self.next_id += 1;
    }

    /// A message came; gives what it completes. An error ends the session.
    pub(super) fn receive(
        &mut self,
        word: &Word,
        now: Duration,
        felt: &mut Felt,
    ) -> Result<Option<Heard>, LineError> {
        let bytes = self.bytes(word);
        let packet = match word {
            Word::Text(text) if self.stage == Stage::Opening => {
                felt.received.control += bytes;
                return self.open(text, felt).map(|()| None);
            }
            Word::Text(text) => Packet::parse(text).map_err(|_| LineError::BadPacket)?,
            Word::Binary(bytes) => Packet::Message(Message::Binary(bytes.clone())),
        };
        match packet {
            Packet::Message(message) => return self.hear(message, bytes, now, felt),
            Packet::Close => return Err(LineError::Closed),
            Packet::Ping(data) => {
                self.deadline = now + self.heartbeat;
                self.push(Word::Text(format!("3{data}")), Kind::Control, felt);
            }
            Packet::Pong(_) | Packet::Upgrade | Packet::Noop => {}
        }
        felt.received.control += bytes;
        Ok(None)
    }

    /// Lets time pass: gives up what did not come in time. An error ends the session.
    pub(super) fn pass(&mut self, now: Duration, felt: &mut Felt) -> Result<(), LineError> {
        while let Some(first) = self.asked.first_entry().filter(|it| it.get().until <= now) {
            first.remove().lose(now, felt);
        }
        self.decoder.handle_timeout(now)?;
        match self.stage {
            _ if self.out.len() > OUT_MOST => Err(LineError::Full(OUT_MOST)),
            Stage::Opening | Stage::Greeting if now >= self.deadline => Err(LineError::NoWelcome),
            Stage::In if now >= self.deadline => Err(LineError::Silent),
            _ => Ok(()),
        }
    }

    /// The connection is lost, and with it the answers that have not come.
    pub(super) fn lose(&mut self, now: Duration, felt: &mut Felt) {
        std::mem::take(&mut self.asked).into_values().for_each(|asked| asked.lose(now, felt));
    }

    /// At the end of a run: who waits for an answer has waited until now.
    pub(super) fn conclude(&mut self, now: Duration, felt: &mut Felt) {
        for asked in self.asked.values_mut().filter(|asked| asked.about == About::Question) {
            asked.due = felt.ack.note_wait(asked.due, now);
        }
    }

    fn open(&mut self, text: &str, felt: &mut Felt) -> Result<(), LineError> {
        let opened = text.strip_prefix('0').ok_or(LineError::BadPacket)?;
        let opened: Opened = serde_json::from_str(opened).map_err(|_| LineError::BadPacket)?;
        let heartbeat = opened.ping_interval.saturating_add(opened.ping_timeout);
        self.heartbeat = Duration::from_millis(heartbeat).min(HEARTBEAT_MOST);
        self.sid = opened.sid;
        self.stage = Stage::Greeting;
        self.push(Word::Text("40".into()), Kind::Control, felt);
        Ok(())
    }

    fn hear(
        &mut self,
        message: Message<'_>,
        bytes: u64,
        now: Duration,
        felt: &mut Felt,
    ) -> Result<Option<Heard>, LineError> {
        if let Message::Text(text) = &message
            && let Some(denied) = text.strip_prefix('4')
        {
            let denied: Denied = serde_json::from_str(denied).unwrap_or_default();
            return Err(LineError::NotLetIn(denied.message));
        }
        self.arriving += bytes;
        let Some(packet) = self.decoder.receive(message, now)? else { return Ok(None) };
        let bytes = std::mem::take(&mut self.arriving);
        let received = &mut felt.received;
        match packet.body {
            Body::Connect(_) => {
                received.control += bytes;
                self.stage = Stage::In;
                self.deadline = now + self.heartbeat;
                Ok(Some(Heard::Welcome))
            }
            Body::Disconnect => Err(LineError::Closed),
            Body::Event { event, ack } => {
                let is_stream = &*event.name == STREAM;
                *if is_stream { &mut received.state } else { &mut received.events } += bytes;
                felt.counts.events += u64::from(!is_stream);
                if let Some(id) = ack {
                    // Who asks everybody waits for everybody.
                    self.push(Word::Text(format!("43{id}[]")), Kind::Events, felt);
                }
                Ok(Some(Heard::Event(event)))
            }
            Body::Ack { id, args } => {
                received.events += bytes;
                let Some(asked) = self.asked.remove(&id) else { return Ok(None) };
                if asked.about == About::Question {
                    felt.ack.note(now.saturating_sub(asked.due));
                    felt.counts.acks += 1;
                }
                Ok(Some(Heard::Answer(asked.about, args)))
            }
        }
    }

    fn say(&mut self, event: &Event, id: Option<u64>, kind: Kind, felt: &mut Felt) {
        let attachments = event.args.attachments();
        let mut text = match attachments.len() {
            0 => String::from("42"),
            count => format!("45{count}-"),
        };
        if let Some(id) = id {
            // A text takes whatever is written to it.
            let _ = write!(text, "{id}");
        }
        text.push_str(&event.to_json());
        self.push(Word::Text(text), kind, felt);
        for bytes in attachments {
            self.push(Word::Binary(bytes.clone()), kind, felt);
        }
    }

    fn push(&mut self, word: Word, kind: Kind, felt: &mut Felt) {
        if self.is_ended() {
            return;
        }
        let mask = if self.way == Way::Frames { MASK_BYTES } else { 0 };
        *sum(&mut felt.sent, kind) += self.bytes(&word) + mask;
        self.out.push_back(word);
    }

    /// How long a message is on its way; requests' heads do not count.
    fn bytes(&self, word: &Word) -> u64 {
        match (self.way, word) {
            (Way::Frames, Word::Text(text)) => framed(text.len()),
            (Way::Frames, Word::Binary(bytes)) => framed(bytes.len()),
            // With what parts it from the next one.
            (Way::Payloads, Word::Text(text)) => text.len() as u64 + 1,
            (Way::Payloads, Word::Binary(bytes)) => bytes.len().div_ceil(3) as u64 * 4 + 2,
        }
    }
}

fn sum(of: &mut Sum, kind: Kind) -> &mut u64 {
    match kind {
        Kind::State => &mut of.state,
        Kind::Events => &mut of.events,
        Kind::Control => &mut of.control,
    }
}
