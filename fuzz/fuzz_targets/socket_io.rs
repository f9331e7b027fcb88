//! Hostile packets of Socket.IO as text, with their attachments.
//!
//! The first byte chooses the limits. Then come messages, each with its kind and its length before it
//! in three bytes, the last with what is left: text, an attachment, or time that passes.
#![no_main]

use bytes::Bytes;
use std::time::Duration;
use tickwire::protocol::engine_io::Message;
use tickwire::protocol::socket_io::{DecodeError, Format, Limits, Packet, Session};
use tickwire_fuzz::wire::{check_packet, limits, session};

const STEPS_MOST: usize = 50;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| socket_io(bytes));

fn socket_io(bytes: &[u8]) {
    let Some((choice, mut bytes)) = bytes.split_first() else { return };
    let limits = limits(*choice);
    let mut client = Client::new(&limits);
    let mut steps = 0;
    while let [kind, low, high, rest @ ..] = bytes
        && steps < STEPS_MOST
    {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (content, left) = rest.split_at(length);
        if !client.step(*kind, content, &limits) {
            client = Client::new(&limits);
        }
        (bytes, steps) = (left, steps + 1);
    }
}

struct Client {
    session: Session,
    now: Duration,
    /// How many bytes of attachments came since the last text.
    bytes: usize,
    /// When text came that has attachments.
    since: Option<Duration>,
}

impl Client {
    fn new(limits: &Limits) -> Self {
        let now = Duration::from_secs(1);
        Self { session: session(Format::Json, limits), now, bytes: 0, since: None }
    }

    /// Says whether the connection goes on.
    fn step(&mut self, kind: u8, content: &[u8], limits: &Limits) -> bool {
        match kind % 4 {
            0 | 1 => self.receive_text(&String::from_utf8_lossy(content), limits),
            2 => self.receive_attachment(content, limits),
            _ => self.wait(Duration::from_millis(100 * content.len() as u64), limits),
        }
    }

    fn receive_text(&mut self, text: &str, limits: &Limits) -> bool {
        let packet = self.session.receive(Message::Text(text), self.now);
        if self.since.is_some() {
            assert_eq!(packet, Err(DecodeError::MissingBinary));
        }
        if packet == Ok(None) {
            (self.since, self.bytes) = (Some(self.now), 0);
        }
        accept(packet, limits)
    }

    fn receive_attachment(&mut self, content: &[u8], limits: &Limits) -> bool {
        let bytes = Bytes::copy_from_slice(content);
        let packet = self.session.receive(Message::Binary(bytes), self.now);
        self.bytes += content.len();
        match &packet {
            Ok(_) => {
                assert!(self.since.is_some(), "an attachment belongs to a text");
                assert!(self.bytes <= limits.attachment_bytes, "what waits is bounded");
            }
            Err(DecodeError::UnexpectedBinary) => assert_eq!(self.since, None),
            Err(_) => {}
        }
        if !matches!(packet, Ok(None)) {
            self.since = None;
        }
        accept(packet, limits)
    }

    fn wait(&mut self, time: Duration, limits: &Limits) -> bool {
        self.now += time;
        let result = self.session.handle_timeout(self.now);
        let is_late = self.since.is_some_and(|since| since + limits.attachment_wait <= self.now);
        assert_eq!(result.is_err(), is_late, "attachments come in time");
        assert!(is_late || self.session.poll_timeout() > self.now, "what was handled is over");
        !is_late
    }
}

/// Says whether the packet was accepted.
fn accept(packet: Result<Option<Packet>, DecodeError>, limits: &Limits) -> bool {
    if let Ok(Some(packet)) = &packet {
        check_packet(packet, limits);
    }
    packet.is_ok()
}
