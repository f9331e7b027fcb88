//! The server's end of one connection: what came, what goes out, and how long it may be quiet.
//!
//! A client that errs is told why and gone: after an error the last packet that is polled says what
//! it was, and nothing is heard any more. What a session keeps is bounded by its limits.

use super::NEVER;
use super::allowance::{Allowance, cost};
use super::error::ProtocolError;
use super::limits::Limits;
use super::message::{FromClient, ToClient};
use super::order::{Order, Stage, Verdict};
use super::outbox::Outbox;
use super::packet::tag;
use super::refusal::Refusal;
use bytes::Bytes;
use std::time::Duration;

/// One connection, as the server has it. `now` is the time since the server started.
#[derive(Debug)]
pub struct ServerSession {
    limits: Limits,
    order: Order,
    allowance: Allowance,
    outbox: Outbox,
    /// By when something must have come.
    deadline: Duration,
    /// What the welcome announced.
    silence_ms: u32,
}

impl ServerSession {
    /// A connection that was opened now.
    #[must_use]
    pub fn new(limits: Limits, now: Duration) -> Self {
        Self {
            order: Order::default(),
            allowance: Allowance::new(limits.messages_per_second, limits.messages_burst),
            outbox: Outbox::new(limits.outbox_bytes),
            deadline: now.saturating_add(milliseconds(limits.handshake_ms)),
            silence_ms: limits.silence_ms,
            limits,
        }
    }

    /// Takes a packet that came. There is no message if it crossed another one on the way: what was
    /// said in a match that the client had lost by then.
    pub fn receive<'a>(
        &mut self,
        packet: &'a [u8],
        now: Duration,
    ) -> Result<Option<FromClient<'a>>, ProtocolError> {
        match self.accept(packet, now) {
            Ok(message) => Ok(message),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Says something to the client. A [`ToClient::Welcome`] fixes how long the client may be quiet.
    /// An error is the host's mistake, or the client receives too slowly; then nothing was said.
    pub fn send(&mut self, message: &ToClient<'_>) -> Result<(), ProtocolError> {
        self.send_with(message, || message.to_packet(&Limits::TO_CLIENT))
    }

    /// The same with the message's packet, which was made once for many.
    pub fn send_packet(
        &mut self,
        message: &ToClient<'_>,
        packet: Bytes,
    ) -> Result<(), ProtocolError> {
        self.send_with(message, || Ok(packet))
    }

    fn send_with(
        &mut self,
        message: &ToClient<'_>,
        packet: impl FnOnce() -> Result<Bytes, ProtocolError>,
    ) -> Result<(), ProtocolError> {
        let mut order = self.order;
        if order.server_says(message)? == Verdict::PassedOver {
            return Ok(());
        }
        let packet = packet()?;
        if order.stage == Stage::Ended {
            self.outbox.push_last(packet);
        } else {
            self.outbox.push(packet)?;
        }
        if let ToClient::Welcome(welcome) = message {
            // Counted from the end of the handshake's time: the host may have taken all of it.
            self.silence_ms = welcome.silence_ms;
            self.deadline = self.deadline.saturating_add(milliseconds(welcome.silence_ms));
        }
        self.order = order;
        Ok(())
    }

    /// Sends a packet that [`begin_state`](super::begin_state) began. To a client that is in no match
    /// by now nothing is said.
    pub fn send_state(&mut self, packet: Bytes) -> Result<(), ProtocolError> {
        match self.order.server_says(&ToClient::State(&[]))? {
            Verdict::PassedOver => Ok(()),
            Verdict::Heard => self.outbox.push(packet),
        }
    }

    /// Whether a packet of the stream would be heard now; for hosts that write it themselves, after
    /// all that waits here.
    #[must_use]
    pub fn hears_state(&self) -> bool {
        let mut order = self.order;
        matches!(order.server_says(&ToClient::State(&[])), Ok(Verdict::Heard))
    }

    /// The next packet to write. After the end there may still be some, then the connection is to be
    /// closed.
    pub fn poll_packet(&mut self) -> Option<Bytes> {
        self.outbox.pop()
    }

    /// How many bytes wait to be written.
    #[must_use]
    pub fn backlog(&self) -> usize {
        self.outbox.bytes()
    }

    /// When [`ServerSession::handle_timeout`] is to be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        if self.order.stage == Stage::Ended { NEVER } else { self.deadline }
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Duration) -> Result<(), ProtocolError> {
        if self.order.stage == Stage::Ended || now < self.deadline {
            return Ok(());
        }
        Err(self.fail(if self.order.is_welcomed() {
            ProtocolError::Silent(self.silence_ms)
        } else {
            ProtocolError::HandshakeTimeout(self.limits.handshake_ms)
        }))
    }

    /// Ends the session for what only its carrier saw, such as [`ProtocolError::TextMessage`]; the
    /// last packet says so.
    pub fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        let code = error.refusal().code();
        self.end(&ToClient::Error { code, sentence: &error.sentence(), fatal: true });
        error
    }

    /// Ends the session for a reason of the host's; the last packet says so.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.end(&ToClient::farewell(refusal));
    }

    /// Where the connection is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.order.stage
    }

    /// Whether the client must be sent this schema before it can be told that it joined.
    #[must_use]
    pub fn lacks_schema(&self, hash: u64) -> bool {
        self.order.schema != Some(hash)
    }

    /// What the client may ask for.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn accept<'a>(
        &mut self,
        packet: &'a [u8],
        now: Duration,
    ) -> Result<Option<FromClient<'a>>, ProtocolError> {
        if self.order.stage == Stage::Ended {
            return Err(ProtocolError::Ended);
        }
        if self.order.is_welcomed() {
            let deadline = now.saturating_add(milliseconds(self.silence_ms));
            self.deadline = self.deadline.max(deadline);
        }
        let is_heavy = matches!(packet.first(), Some(&(tag::JOIN | tag::KEYFRAME)));
        if !self.allowance.pay(cost(packet.len(), is_heavy), now) {
            return Err(ProtocolError::TooManyMessages(self.limits.messages_per_second));
        }
        let message = FromClient::decode(packet, &self.limits)?;
        let verdict = self.order.client_says(&message)?;
        Ok((verdict == Verdict::Heard).then_some(message))
    }

    fn end(&mut self, farewell: &ToClient<'_>) {
        // Refused only if the session is over already; then the first reason stands.
        let _ = self.send(farewell);
    }
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{hello, joined, say, welcome};
    use super::super::{Input, Join, Joined};
    use super::*;
    use crate::event::Event;

    const AT: fn(u64) -> Duration = Duration::from_millis;

    fn session() -> ServerSession {
        ServerSession::new(Limits::default(), AT(0))
    }

    /// A session of somebody who said hello at once and is in no match.
    fn free() -> ServerSession {
        let mut session = session();
        session.receive(&say(&hello()), AT(0)).unwrap();
        session.send(&welcome()).unwrap();
        session.poll_packet().unwrap();
        session
    }

    fn in_match() -> ServerSession {
        let mut session = free();
        session.receive(&say(&FromClient::Join(Join::default())), AT(0)).unwrap();
        session.send(&ToClient::Schema { hash: 7, bytes: b"{}" }).unwrap();
        session.send(&joined(7)).unwrap();
        while session.poll_packet().is_some() {}
        session
    }

    #[track_caller]
    fn assert_farewell(session: &mut ServerSession, refusal: Refusal) {
        let last = std::iter::from_fn(|| session.poll_packet()).last().expect("a last packet");
        let last = ToClient::decode(&last, &Limits::TO_CLIENT).unwrap();
        let ToClient::Error { code, sentence, fatal: true } = last else { panic!("{last:?}") };
        assert_eq!((code, sentence.is_empty()), (refusal.code(), false));
        assert_eq!(session.stage(), Stage::Ended);
        assert_eq!(session.poll_timeout(), NEVER);
        let ping = say(&FromClient::Ping { sent_us: 1 });
        assert_eq!(session.receive(&ping, AT(0)), Err(ProtocolError::Ended));
        assert_eq!(session.poll_packet(), None, "the first reason stands");
    }

    #[test]
    fn the_handshake_has_a_deadline_until_the_welcome() {
        let mut session = session();
        assert_eq!(session.poll_timeout(), AT(10_000));
        session.receive(&say(&hello()), AT(9000)).unwrap();
        assert_eq!(session.handle_timeout(AT(9999)), Ok(()));
        let late = session.handle_timeout(AT(10_000));
        assert_eq!(late, Err(ProtocolError::HandshakeTimeout(10_000)));
        assert_farewell(&mut session, Refusal::HandshakeTimeout);
    }

    #[test]
    fn a_quiet_client_is_let_go_and_a_slow_welcome_is_not_its_fault() {
        let mut session = free();
        assert_eq!(session.poll_timeout(), AT(25_000));
        session.receive(&say(&FromClient::Ping { sent_us: 1 }), AT(20_000)).unwrap();
        assert_eq!(session.poll_timeout(), AT(35_000));
        assert_eq!(session.handle_timeout(AT(34_999)), Ok(()));
        assert_eq!(session.handle_timeout(AT(35_000)), Err(ProtocolError::Silent(15_000)));
        assert_farewell(&mut session, Refusal::Silent);
        assert_eq!(session.handle_timeout(AT(99_000)), Ok(()));
    }

    #[test]
    fn each_limit_has_its_own_refusal() {
        let long = vec![b'x'; 70_000];
        let name = std::str::from_utf8(&long[..65]).unwrap();
        let join = FromClient::Join(Join { name, ..Default::default() });
        let event = Event::new("e", (vec![bytes::Bytes::from_static(b"x"); 11],)).unwrap();
        let event = FromClient::Event { ack: None, event };
        let bad_name = [&[tag::EVENT, 0, 1, 0xff][..], &[2, b'[', b']', 0]].concat();
        let cases: [(&[u8], Refusal); 8] = [
            (&long, Refusal::TooLong),
            (&say(&join), Refusal::TooLong),
            (&say(&event), Refusal::TooMany),
            (&[], Refusal::BadPacket),
            (&[0x42], Refusal::BadPacket),
            (&[tag::PING, 1, 1], Refusal::BadPacket),
            (&[tag::PING, 251, 1, 0], Refusal::BadPacket),
            (&bad_name, Refusal::BadPacket),
        ];
        for (packet, refusal) in cases {
            let mut session = free();
            let error = session.receive(packet, AT(1)).unwrap_err();
            assert_eq!(error.refusal(), refusal, "{error}");
            assert_farewell(&mut session, refusal);
        }
    }

    #[test]
    fn who_floods_is_let_go_and_who_was_stalled_is_not() {
        let mut session = in_match();
        let input = say(&FromClient::Input(Input::default()));
        // Fifteen seconds at 128 Hz, all at once.
        for _ in 0..1920 {
            session.receive(&input, AT(15_000)).unwrap();
        }
        let keyframe = say(&FromClient::Keyframe);
        let taken = (0..9).take_while(|_| session.receive(&keyframe, AT(15_000)).is_ok()).count();
        assert_eq!(taken, 2);
        assert_farewell(&mut session, Refusal::TooMany);
    }

    #[test]
    fn a_host_that_errs_is_told_and_the_client_hears_nothing_of_it() {
        let mut session = free();
        let out_of_order = session.send(&joined(7)).unwrap_err();
        assert_eq!(out_of_order, ProtocolError::OutOfOrder { tag: 0x83, stage: Stage::Free });
        session.receive(&say(&FromClient::Join(Join::default())), AT(0)).unwrap();
        assert!(session.lacks_schema(7));
        assert_eq!(session.send(&joined(7)), Err(ProtocolError::SchemaMissing(7)));
        let socket = "x".repeat(129);
        let long = ToClient::Joined(Joined { match_id: &socket, ..Default::default() });
        session.send(&ToClient::Schema { hash: 0, bytes: b"{}" }).unwrap();
        assert!(matches!(session.send(&long), Err(ProtocolError::FieldTooLong { .. })));
        assert_eq!(session.stage(), Stage::Joining);
        assert_eq!(std::iter::from_fn(|| session.poll_packet()).count(), 1);
        session.send(&ToClient::State(b"stray")).unwrap();
        assert_eq!(session.poll_packet(), None);
    }

    #[test]
    fn what_waits_is_bounded_and_a_farewell_always_fits() {
        let mut session = in_match();
        let state = vec![0; 100_000];
        let sent = (0..99).take_while(|_| session.send(&ToClient::State(&state)).is_ok()).count();
        assert_eq!(sent, 10);
        session.refuse(Refusal::OutboxFull);
        assert_farewell(&mut session, Refusal::OutboxFull);
    }

    #[test]
    fn what_is_out_of_order_has_the_code_that_says_most() {
        let join = FromClient::Join(Join::default());
        let ping = FromClient::Ping { sent_us: 1 };
        let cases = [
            (session(), &ping, Refusal::OutOfOrder),
            (free(), &hello(), Refusal::OutOfOrder),
            (free(), &FromClient::Leave, Refusal::NotInMatch),
            (in_match(), &join, Refusal::AlreadyInMatch),
        ];
        for (mut session, message, refusal) in cases {
            assert!(session.receive(&say(message), AT(1)).is_err());
            assert_farewell(&mut session, refusal);
        }
    }

    #[test]
    fn a_text_message_ends_the_session() {
        let mut session = session();
        session.fail(ProtocolError::TextMessage);
        assert_farewell(&mut session, Refusal::TextMessage);
    }
}
