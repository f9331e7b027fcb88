//! The client's end of one connection, for bots and clients in Rust.
//!
//! It keeps the time, pings often enough not to be taken for gone, and remembers what it needs to
//! come back: [`ClientSession::reconnect`] goes on over a new connection. What does
//! not keep to the order or to the limits that are usual it does not let through.

use super::clock::{Clock, microseconds};
use super::error::ProtocolError;
use super::limits::Limits;
use super::message::{FromClient, Hello, Resume, Secret, ToClient};
use super::order::{Order, Stage, Verdict};
use super::outbox::Outbox;
use super::{NEVER, VERSION};
use crate::ids::Tick;
use bytes::Bytes;
use std::time::Duration;

/// A server that has not welcomed the client by then is given up.
const HANDSHAKE_LIMIT_MS: u32 = 10_000;
/// So many pings in quick succession at the start of a connection or of a match.
const QUICK_PINGS: u32 = 5;
const QUICK_PING_INTERVAL: Duration = Duration::from_millis(200);
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// One connection, as a client has it. `now` is the time since the client started.
#[derive(Debug)]
pub struct ClientSession {
    software: Box<str>,
    token: Option<Secret<Box<str>>>,
    resume: Option<(Secret<Box<str>>, Option<Box<str>>)>,
    schema: Option<(u64, Bytes)>,
    order: Order,
    outbox: Outbox,
    clock: Clock,
    /// By when something must have come.
    deadline: Duration,
    silence_ms: u32,
    greeted: Duration,
    next_ping: Duration,
    pings: u32,
}

impl ClientSession {
    /// A connection that was opened now, on which this is said first.
    pub fn new(hello: &Hello<'_>, now: Duration) -> Result<Self, ProtocolError> {
        let mut session = Self {
            software: hello.software.into(),
            token: hello.token.map(|token| Secret(token.0.into())),
            resume: hello
                .resume
                .map(|resume| (Secret(resume.token.0.into()), resume.offset.map(Into::into))),
            schema: None,
            order: Order { schema: hello.schema, ..Order::default() },
            outbox: Outbox::new(Limits::FROM_CLIENT.outbox_bytes),
            clock: Clock::default(),
            deadline: Duration::ZERO,
            silence_ms: 0,
            greeted: Duration::ZERO,
            next_ping: Duration::ZERO,
            pings: 0,
        };
        session.reconnect(now)?;
        Ok(session)
    }

    /// Is somebody from the next hello on: tokens grow old.
    pub fn set_token(&mut self, token: &str) {
        self.token = Some(Secret(token.into()));
    }

    /// Goes on over a new connection, which was opened now. What was not sent yet is forgotten.
    pub fn reconnect(&mut self, now: Duration) -> Result<(), ProtocolError> {
        let mut order = Order::default();
        let mut outbox = Outbox::new(Limits::FROM_CLIENT.outbox_bytes);
        let hello = FromClient::Hello(self.hello_again());
        order.client_says(&hello)?;
        outbox.push(hello.to_packet(&Limits::FROM_CLIENT)?)?;
        (self.order, self.outbox, self.clock) = (order, outbox, Clock::default());
        self.greeted = now;
        self.deadline = after(now, HANDSHAKE_LIMIT_MS);
        Ok(())
    }

    /// What to say first on a new connection to go on where this one is.
    #[must_use]
    pub fn hello_again(&self) -> Hello<'_> {
        let resume = self
            .resume
            .as_ref()
            .map(|(token, offset)| Resume { token: Secret(&*token.0), offset: offset.as_deref() });
        Hello {
            version: VERSION,
            software: &self.software,
            schema: self.order.schema,
            token: self.token.as_ref().map(|token| Secret(&*token.0)),
            resume,
        }
    }

    /// Takes a packet that came. There is no message if it concerns only the session (a pong), or
    /// came after its match. An error ends the session.
    pub fn receive<'a>(
        &mut self,
        packet: &'a [u8],
        now: Duration,
    ) -> Result<Option<ToClient<'a>>, ProtocolError> {
        let accepted = self.accept(packet, now);
        if accepted.is_err() {
            self.order.stage = Stage::Ended;
        }
        accepted
    }

    /// Says something to the server. What is said in a match that has just ended is passed over.
    pub fn send(&mut self, message: &FromClient<'_>) -> Result<(), ProtocolError> {
        let mut order = self.order;
        if order.client_says(message)? == Verdict::Heard {
            self.outbox.push(message.to_packet(&Limits::FROM_CLIENT)?)?;
            self.order = order;
        }
        Ok(())
    }

    /// The next packet to write.
    pub fn poll_packet(&mut self) -> Option<Bytes> {
        self.outbox.pop()
    }

    /// When [`ClientSession::handle_timeout`] is to be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Duration {
        match self.order.stage {
            Stage::Ended => NEVER,
            _ if self.order.is_welcomed() => self.deadline.min(self.next_ping),
            _ => self.deadline,
        }
    }

    /// Lets time pass: pings, or gives the server up.
    pub fn handle_timeout(&mut self, now: Duration) -> Result<(), ProtocolError> {
        if self.order.stage == Stage::Ended {
            return Ok(());
        }
        let is_welcomed = self.order.is_welcomed();
        if now >= self.deadline {
            self.order.stage = Stage::Ended;
            return Err(if is_welcomed {
                ProtocolError::Silent(self.silence_ms)
            } else {
                ProtocolError::HandshakeTimeout(HANDSHAKE_LIMIT_MS)
            });
        }
        if is_welcomed && now >= self.next_ping {
            self.send(&FromClient::Ping { sent_us: microseconds(now) })?;
            self.pings = self.pings.saturating_add(1);
            let often_enough = Duration::from_millis(self.silence_ms.into()) / 3;
            let interval =
                if self.pings < QUICK_PINGS { QUICK_PING_INTERVAL } else { PING_INTERVAL };
            self.next_ping = now.saturating_add(interval.min(often_enough));
        }
        Ok(())
    }

    /// Where the connection is.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.order.stage
    }

    /// The schema that was sent last, and its hash.
    #[must_use]
    pub fn schema(&self) -> Option<(u64, &Bytes)> {
        self.schema.as_ref().map(|(hash, bytes)| (*hash, bytes))
    }

    /// What the server's clock shows now, as far as that is known.
    #[must_use]
    pub fn server_now(&self, now: Duration) -> Option<Duration> {
        self.clock.server_now(now)
    }

    /// How long a ping takes there and back, at its best of late.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.clock.round_trip()
    }

    /// The tick that the match has reached at the server now, and how far it is on to the next, in
    /// 1/256.
    #[must_use]
    pub fn server_tick(&self, now: Duration) -> Option<(Tick, u8)> {
        self.clock.tick(now)
    }

    fn accept<'a>(
        &mut self,
        packet: &'a [u8],
        now: Duration,
    ) -> Result<Option<ToClient<'a>>, ProtocolError> {
        let message = ToClient::decode(packet, &Limits::TO_CLIENT)?;
        let verdict = self.order.server_says(&message)?;
        self.note(&message, now);
        if self.order.is_welcomed() {
            self.deadline = after(now, self.silence_ms);
        }
        let is_told = verdict == Verdict::Heard && !matches!(message, ToClient::Pong(_));
        Ok(is_told.then_some(message))
    }

    /// Remembers what is needed later.
    fn note(&mut self, message: &ToClient<'_>, now: Duration) {
        match message {
            ToClient::Welcome(welcome) => {
                let offset = self.resume.take().filter(|_| welcome.resumed);
                let offset = offset.and_then(|(_, offset)| offset);
                self.resume = Some((Secret(welcome.resume.0.into()), offset));
                self.silence_ms = welcome.silence_ms;
                self.clock.note(microseconds(self.greeted), welcome.now_us, now);
                self.ping_quickly(now);
            }
            ToClient::Schema { hash, bytes } => {
                self.schema = Some((*hash, Bytes::copy_from_slice(bytes)));
            }
            ToClient::Joined(joined) => {
                self.clock.set_match(joined.tick_rate);
                self.ping_quickly(now);
            }
            ToClient::Left { .. } => self.clock.set_match(0),
            ToClient::Event { offset: Some(offset), .. } => {
                if let Some((_, last)) = &mut self.resume {
                    *last = Some((*offset).into());
                }
            }
            ToClient::Pong(pong) => self.clock.note_pong(pong, now),
            _ => {}
        }
    }

    fn ping_quickly(&mut self, now: Duration) {
        self.pings = 0;
        self.next_ping = now;
    }
}

fn after(now: Duration, milliseconds: u32) -> Duration {
    now.saturating_add(Duration::from_millis(milliseconds.into()))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{event, joined, tell, welcome, welcome_with};
    use super::super::{Join, Pong, Welcome};
    use super::*;

    const AT: fn(u64) -> Duration = Duration::from_millis;

    fn hello() -> Hello<'static> {
        Hello { software: "bot", token: Some(Secret("me")), ..Hello::default() }
    }

    fn next(session: &mut ClientSession) -> Option<String> {
        let packet = session.poll_packet()?;
        Some(format!("{:?}", FromClient::decode(&packet, &Limits::default()).unwrap()))
    }

    fn welcomed() -> ClientSession {
        let mut session = ClientSession::new(&hello(), AT(100)).unwrap();
        session.poll_packet().unwrap();
        session.receive(&tell(&welcome()), AT(140)).unwrap().unwrap();
        session
    }

    #[test]
    fn it_pings_quickly_at_first_and_then_steadily() {
        let mut session = welcomed();
        let mut pings = Vec::new();
        while session.poll_timeout() < AT(7000) {
            let now = session.poll_timeout();
            session.handle_timeout(now).unwrap();
            assert!(next(&mut session).unwrap().starts_with("Ping"));
            pings.push(now.as_millis());
        }
        assert_eq!(pings, [140, 340, 540, 740, 940, 2940, 4940, 6940]);
        let quick = Welcome { silence_ms: 300, ..welcome_with("r", false) };
        let mut session = ClientSession::new(&hello(), AT(0)).unwrap();
        session.receive(&tell(&ToClient::Welcome(quick)), AT(0)).unwrap();
        session.handle_timeout(AT(0)).unwrap();
        assert_eq!(session.poll_timeout(), AT(100));
    }

    #[test]
    fn a_quiet_server_is_given_up() {
        let mut session = ClientSession::new(&hello(), AT(0)).unwrap();
        assert_eq!(session.poll_timeout(), AT(10_000));
        let late = session.handle_timeout(AT(10_000));
        assert_eq!(late, Err(ProtocolError::HandshakeTimeout(10_000)));
        let mut session = welcomed();
        assert_eq!(session.handle_timeout(AT(15_139)), Ok(()));
        assert_eq!(session.handle_timeout(AT(15_140)), Err(ProtocolError::Silent(15_000)));
        assert_eq!(session.poll_timeout(), NEVER);
    }

    #[test]
    fn it_comes_back_with_the_last_token_offset_and_schema() {
        let mut session = welcomed();
        session.send(&FromClient::Join(Join::default())).unwrap();
        session.receive(&tell(&ToClient::Schema { hash: 7, bytes: b"{}" }), AT(150)).unwrap();
        session.receive(&tell(&joined(7)), AT(150)).unwrap();
        session.receive(&tell(&event("e", Some("12"))), AT(160)).unwrap();
        session.receive(&tell(&event("e", None)), AT(170)).unwrap();
        session.set_token("me, later");
        session.reconnect(AT(9000)).unwrap();
        let packet = session.poll_packet().unwrap();
        let again = FromClient::decode(&packet, &Limits::default()).unwrap();
        let resume = Some(Resume { token: Secret("r1"), offset: Some("12") });
        let token = Some(Secret("me, later"));
        assert_eq!(again, FromClient::Hello(Hello { schema: Some(7), token, resume, ..hello() }));
        assert_eq!((session.poll_packet(), session.schema()), (None, Some((7, &"{}".into()))));

        session.receive(&tell(&ToClient::Welcome(welcome_with("r2", true))), AT(9001)).unwrap();
        assert_eq!(session.hello_again().resume.unwrap().offset, Some("12"));
        session.receive(&tell(&joined(7)), AT(9002)).unwrap();
        session.reconnect(AT(9003)).unwrap();
        session.receive(&tell(&ToClient::Welcome(welcome_with("r3", false))), AT(9004)).unwrap();
        assert_eq!(
            session.hello_again().resume,
            Some(Resume { token: Secret("r3"), offset: None })
        );
    }

    #[test]
    fn a_session_shows_no_secrets_in_logs() {
        let token = Some(Secret("eyJhbGci"));
        let session = ClientSession::new(&Hello { token, ..hello() }, AT(0)).unwrap();
        assert!(!format!("{session:?}").contains("eyJhbGci"));
    }

    #[test]
    fn pongs_set_the_clock_and_are_not_told() {
        let mut session = welcomed();
        // The welcome says second 1 at the middle of 100 to 140 ms.
        assert_eq!(session.server_now(AT(120)), Some(AT(1000)));
        assert_eq!(session.round_trip(), Some(AT(40)));
        let pong = Pong { sent_us: 200_000, now_us: 990_000, ..Default::default() };
        assert_eq!(session.receive(&tell(&ToClient::Pong(pong)), AT(220)), Ok(None));
        assert_eq!(session.server_now(AT(220)), Some(AT(1000)));
        assert_eq!(session.round_trip(), Some(AT(20)));
    }

    #[test]
    fn a_server_that_errs_ends_the_session() {
        let mut session = welcomed();
        assert_eq!(session.receive(&tell(&ToClient::State(b"stray")), AT(150)), Ok(None));
        let error = session.receive(&tell(&joined(7)), AT(150)).unwrap_err();
        assert_eq!(error, ProtocolError::OutOfOrder { tag: 0x83, stage: Stage::Free });
        assert_eq!(session.receive(&tell(&welcome()), AT(150)), Err(ProtocolError::Ended));
        assert!(session.send(&FromClient::Keyframe).is_err());
    }
}
