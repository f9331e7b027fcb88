//! A session of Engine.IO, to which everything happens in any order.
//!
//! The first byte chooses the settings and the transport. Then come steps of two bytes, what happens and
//! how; where a text belongs to it, that follows with its length before it in a byte.
#![no_main]

use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tickwire::protocol::engine_io::{
    Bundle, Carrier, CloseReason, Message, Packet, Session, Settings, Transport, split_payload,
};
use tickwire_fuzz::wire::cut_frames;

const STEPS_MOST: usize = 300;
/// What the least of packets is taken to cost, and what a ping costs.
const COST_LEAST: usize = 64;
const PING_COST: usize = COST_LEAST + 1;
/// A session that nobody attends to is asked for its timeout at most so often before it ends.
const TIMEOUTS_MOST: usize = 250;
const LENGTHS: [usize; 8] = [1, 3, 20, 200, 700, 990, 1500, 5000];
const TIMES_MS: [u64; 8] = [0, 1, 99, 100, 1000, 9_999, 20_000, 30_000];
const TEXTS: [&str; 8] = ["2probe", "5", "3", "4x", "6", "2", "1", ""];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| engine_io(bytes));

fn engine_io(bytes: &[u8]) {
    let Some((choice, mut bytes)) = bytes.split_first() else { return };
    let mut driven = Driven::new(*choice);
    for _ in 0..STEPS_MOST {
        let [what, how, rest @ ..] = bytes else { break };
        let (text, left) = if what % 20 < 4 { cut_text(rest) } else { ("".into(), rest) };
        driven.step(what % 20, *how, &text);
        driven.look();
        bytes = left;
    }
    driven.finish();
}

fn cut_text(bytes: &[u8]) -> (String, &[u8]) {
    let Some((length, rest)) = bytes.split_first() else { return (String::new(), bytes) };
    let (text, left) = rest.split_at(usize::from(*length).min(rest.len()));
    (String::from_utf8_lossy(text).into_owned(), left)
}

fn settings(choice: u8) -> Settings {
    let of = |bit: u8, [off, on]: [usize; 2]| if choice >> bit & 1 == 0 { off } else { on };
    Settings {
        upgrades: choice >> 1 & 1 == 0,
        payload_packets: of(2, [16, 2]),
        payload_packets_received: of(3, [16_384, 3]),
        max_payload: of(4, [1_000_000, 100]),
        outbox_bytes: of(5, [4096, 1024]),
        ..Settings::default()
    }
}

enum Part {
    Text(String),
    Binary(Bytes),
}

/// A message that was sent and has not left whole.
struct Waiting {
    parts: VecDeque<Part>,
    cost: usize,
}

struct Driven {
    settings: Arc<Settings>,
    session: Session,
    now: Duration,
    carriers: Vec<Carrier>,
    /// The carriers that asked and were not answered.
    asked: Vec<Carrier>,
    waiting: VecDeque<Waiting>,
    waiting_cost: usize,
    /// What left since this was set to 0.
    left_cost: usize,
    largest: usize,
    sent: usize,
    is_greeted: bool,
}

impl Driven {
    fn new(choice: u8) -> Self {
        let settings = Arc::new(settings(choice));
        let now = Duration::from_secs(1);
        let transport = if choice & 1 == 0 { Transport::Polling } else { Transport::WebSocket };
        let session = Session::new(settings.clone(), "sid", transport, now);
        let carriers = vec![session.carrier(), Carrier::POLLING, Carrier::STRAY];
        Self {
            settings,
            session,
            now,
            carriers,
            asked: Vec::new(),
            waiting: VecDeque::new(),
            waiting_cost: 0,
            left_cost: 0,
            largest: 0,
            sent: 0,
            is_greeted: false,
        }
    }

    fn step(&mut self, what: u8, how: u8, text: &str) {
        let carrier = self.carriers[usize::from(how) % self.carriers.len()];
        let eighth = usize::from(how) % 8;
        match what {
            0 => self.post(text, how),
            1 => self.receive_text(carrier, text),
            2 => self.receive_binary(carrier, text.as_bytes()),
            3 => check_split(text, usize::from(how)),
            4 => self.receive_text(carrier, TEXTS[eighth]),
            5 => self.receive_text(*self.carriers.last().expect("three"), TEXTS[eighth]),
            6 | 7 => self.send(usize::from(how)),
            8 => drop(self.session.begin_poll()),
            9 => drop(self.poll()),
            10 => self.session.cancel_poll(),
            11 => self.probe(),
            12 => drop(self.take_frames(carrier)),
            13 => self.session.lose(carrier, CloseReason::TransportClose),
            14 => self.session.close(self.now),
            15 if how == 0 => self.session.fail(CloseReason::ForcedClose),
            15 => self.session.set_blocked(how.is_multiple_of(2)),
            16 => self.pass(Duration::from_millis(TIMES_MS[eighth]), how < 128),
            17 => self.pass(self.session.poll_timeout().saturating_sub(self.now), true),
            18 => self.post(TEXTS[eighth], how),
            _ => self.drain(),
        }
    }

    /// What holds at any time.
    fn look(&mut self) {
        let session = &self.session;
        let is_polling = session.carrier() == Carrier::POLLING;
        assert_eq!(is_polling, session.transport() == Transport::Polling);
        assert!(!session.is_writable() || session.is_open());
        assert!(session.is_over(Carrier::STRAY), "it never begins");
        if session.closed().is_some() {
            assert!(!session.is_open() && !session.is_probed());
            assert_eq!(session.poll_timeout(), Duration::MAX, "nothing more is due");
            assert!(session.is_over(session.carrier()));
            (self.waiting_cost, self.waiting) = (0, VecDeque::new());
        } else if session.is_over(session.carrier()) {
            assert!(!session.is_open() && self.waiting.is_empty(), "all is said before the end");
        }
    }

    // What the client does.

    fn post(&mut self, payload: &str, how: u8) {
        let was_open = self.session.is_open();
        if self.session.begin_post().is_err() {
            return;
        }
        let messages = self.session.receive_payload(payload, self.now);
        let (expected, reason) =
            hear(split_payload(payload, self.settings.payload_packets_received));
        assert_eq!(messages, if was_open { expected } else { Vec::new() });
        if was_open {
            assert_eq!(self.session.closed(), reason);
        }
        if how < 250 {
            self.session.end_post();
        }
    }

    fn receive_text(&mut self, carrier: Carrier, text: &str) {
        let is_current = carrier == self.session.carrier();
        let (was_open, was_probed) = (self.session.is_open(), self.session.is_probed());
        let message = self.session.receive_text(carrier, text, self.now);
        let (expected, reason) = hear([Packet::parse(text)]);
        let is_heard = is_current && was_open;
        assert_eq!(message.as_ref(), expected.first().filter(|_| is_heard));
        if is_heard {
            assert_eq!(self.session.closed(), reason);
        }
        if !is_current && was_probed && text == "2probe" {
            self.asked.push(carrier);
        }
    }

    fn receive_binary(&mut self, carrier: Carrier, bytes: &[u8]) {
        let is_heard = carrier == self.session.carrier() && self.session.is_open();
        let message = self.session.receive_binary(carrier, Bytes::copy_from_slice(bytes));
        let expected = Message::Binary(Bytes::copy_from_slice(bytes));
        assert_eq!(message, is_heard.then_some(expected));
    }

    fn probe(&mut self) {
        let is_possible = self.session.is_open()
            && self.settings.upgrades
            && !self.session.is_probed()
            && self.session.transport() == Transport::Polling;
        let carrier = self.session.begin_probe(self.now);
        assert_eq!(carrier.is_ok(), is_possible);
        if let Ok(carrier) = carrier {
            assert!(!self.carriers.contains(&carrier), "a WebSocket is a new carrier");
            self.carriers.push(carrier);
        }
    }

    // What the server does.

    fn send(&mut self, how: usize) {
        let was_open = self.session.is_open();
        self.sent += 1;
        let text = format!("4{}:{}", self.sent, "x".repeat(LENGTHS[how % 8]));
        let attachment = Bytes::from(vec![self.sent as u8; LENGTHS[how / 8 % 8]]);
        let attachments = vec![attachment; how / 64];
        let mut parts: VecDeque<_> = attachments.iter().cloned().map(Part::Binary).collect();
        let bundle = if how == 255 {
            parts.truncate(1);
            Bundle::binary(attachments[0].clone())
        } else {
            parts.push_front(Part::Text(text.clone()));
            Bundle::text(text, &attachments)
        };
        let cost = COST_LEAST + bundle.bytes();
        self.session.send(Arc::new(bundle));
        let total = self.waiting_cost + cost;
        if was_open && self.session.is_open() {
            let has_room = self.waiting.is_empty() || total <= self.settings.outbox_bytes;
            assert!(has_room, "{total} bytes wait");
            self.largest = self.largest.max(cost);
            self.waiting_cost = total;
            self.waiting.push_back(Waiting { parts, cost });
        } else if was_open {
            assert_eq!(self.session.closed(), Some(CloseReason::Overflow));
            let own = 3 * COST_LEAST + PING_COST * (self.waiting.len() + 1);
            assert!(total + own > self.settings.outbox_bytes, "{total} bytes were too much");
        }
    }

    fn pass(&mut self, time: Duration, is_noticed: bool) {
        if self.session.poll_timeout() == Duration::MAX && time > Duration::from_secs(60) {
            return;
        }
        self.now += time;
        if is_noticed {
            self.session.handle_timeout(self.now);
            assert!(self.session.poll_timeout() > self.now, "what was handled is over");
        }
    }

    /// Answers the poll; says whether there was something to answer.
    fn poll(&mut self) -> bool {
        let is_closing = !self.session.is_open() && self.session.closed().is_none();
        let is_current = self.session.carrier() == Carrier::POLLING;
        let was_closed = self.session.closed().is_some();
        let Some(payload) = self.session.poll_payload() else { return false };
        assert!(self.session.poll_payload().is_none(), "a poll is answered once");
        if payload == "6" || payload == "1" {
            let is_end = payload == "1" && is_closing && is_current;
            assert!(!is_end || self.waiting.is_empty(), "all is said before the end");
            return true;
        }
        assert!(is_current && !was_closed, "only the carrier of the moment has messages");
        let packets: Vec<&str> = payload.split('\x1e').collect();
        assert!(packets.len() <= self.settings.payload_packets, "{} packets", packets.len());
        let is_short = payload.len() <= self.settings.max_payload + 8;
        assert!(is_short || packets.len() == 1, "{} bytes", payload.len());
        for packet in packets {
            match Packet::parse(packet) {
                Ok(Packet::Message(message)) => self.leaves(&message),
                _ => self.leaves_own(packet),
            }
        }
        true
    }

    /// Takes what is to be written to a WebSocket; says whether there was something.
    fn take_frames(&mut self, carrier: Carrier) -> bool {
        let Some(frames) = self.session.poll_frames(carrier) else { return false };
        for message in cut_frames(&frames) {
            let current = self.session.carrier();
            match message {
                Message::Text("3probe") => {
                    let at = self.asked.iter().position(|asked| *asked == carrier);
                    self.asked.remove(at.expect("only who asked is answered"));
                    continue;
                }
                _ => assert_eq!(carrier, current, "only the carrier of the moment has messages"),
            }
            match message {
                Message::Text(text) => match Packet::parse(text) {
                    Ok(Packet::Message(message)) => self.leaves(&message),
                    _ => self.leaves_own(text),
                },
                binary @ Message::Binary(_) => self.leaves(&binary),
            }
        }
        true
    }

    /// What leaves is the next part of what was sent.
    fn leaves(&mut self, message: &Message<'_>) {
        let first = self.waiting.front_mut().expect("only what was sent leaves");
        let part = first.parts.pop_front().expect("a message has parts");
        match (part, message) {
            (Part::Text(sent), Message::Text(left)) => assert_eq!(sent[1..], **left),
            (Part::Binary(sent), Message::Binary(left)) => assert_eq!(sent, left),
            (_, message) => panic!("{message:?} is not what was sent next"),
        }
        if first.parts.is_empty() {
            let cost = first.cost;
            self.waiting.pop_front();
            self.waiting_cost -= cost;
            self.left_cost += cost;
        }
    }

    fn leaves_own(&mut self, packet: &str) {
        match packet {
            "2" => {}
            _ => {
                assert!(packet.starts_with("0{") && !std::mem::replace(&mut self.is_greeted, true))
            }
        }
        self.left_cost += COST_LEAST + packet.len();
    }

    /// The client takes all that waits, which is bounded.
    fn drain(&mut self) {
        self.left_cost = 0;
        if self.session.carrier() == Carrier::POLLING {
            loop {
                // It may be pending already, and then a second would be one too many.
                let was_answered = self.poll();
                if self.session.closed().is_some() {
                    return;
                }
                if !was_answered {
                    if self.session.is_writable() {
                        break;
                    }
                    self.session.begin_poll().expect("a poll");
                }
            }
        } else {
            while self.take_frames(self.session.carrier()) {}
        }
        if self.session.closed().is_none() {
            assert!(self.waiting.is_empty(), "all that was sent leaves");
        }
        let most = self.settings.outbox_bytes.max(self.largest) + PING_COST;
        assert!(self.left_cost <= most, "{} bytes waited, at most {most} may", self.left_cost);
    }

    /// All leaves, and a session that nobody attends to ends.
    fn finish(mut self) {
        self.drain();
        for _ in 0..TIMEOUTS_MOST {
            self.look();
            if self.session.closed().is_some() {
                return;
            }
            self.pass(self.session.poll_timeout().saturating_sub(self.now), true);
        }
        panic!("nobody attends to it, and it goes on");
    }
}

/// The messages of these packets, and what ends the session.
fn hear<'a>(
    packets: impl IntoIterator<Item = Result<Packet<'a>, CloseReason>>,
) -> (Vec<Message<'a>>, Option<CloseReason>) {
    let mut messages = Vec::new();
    for packet in packets {
        match packet {
            Ok(Packet::Message(message)) => messages.push(message),
            Ok(Packet::Pong(_) | Packet::Upgrade | Packet::Noop) => {}
            Ok(Packet::Ping(_)) => return (messages, Some(CloseReason::TransportError)),
            Ok(Packet::Close) => return (messages, Some(CloseReason::TransportClose)),
            Err(reason) => return (messages, Some(reason)),
        }
    }
    (messages, None)
}

/// A payload has as many packets as it has separators, or one too many for the limit.
fn check_split(payload: &str, most: usize) {
    let packets: Vec<_> = split_payload(payload, most).collect();
    let count = payload.split('\x1e').count();
    assert_eq!(packets.len(), count.min(most + 1));
    assert!(count <= most || packets[most] == Err(CloseReason::ParseError));
    for (packet, text) in packets.iter().zip(payload.split('\x1e')).take(most) {
        assert_eq!(*packet, Packet::parse(text));
    }
}
