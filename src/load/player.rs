//! One simulated player: packets and time go in, packets come out. It has no socket and no clock.
//!
//! It holds its match in a replica, which verifies every packet. What it says was due counts from when
//! it was due, however late whoever drives it is.

use super::absence::Absence;
use super::eyes::Looks;
use super::hall::Hall;
use super::plan::{BACK_WITHIN, Plan, TRIES_AGAIN};
use super::seat::{Followed, Found, Seat};
use super::tally::{Bytes as Sum, Felt, framed};
use crate::ids::{PlayerId, Tick};
use crate::protocol::native::{
    Applied, ClientSession, FromClient, Hello, Input, Join, Joined, ProtocolError, Refusal, Stage,
    ToClient,
};
use crate::sim::Random;
use crate::sync::Seen;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What a player needs while it acts.
pub struct Around<'a> {
    /// The time since the run began.
    pub now: Duration,
    /// What players felt.
    pub felt: &'a mut Felt,
    /// What they have in common.
    pub hall: &'a mut Hall,
}

/// A simulated player.
pub struct Player {
    number: u32,
    plan: Arc<Plan>,
    random: Random,
    session: ClientSession,
    way: Way,
    out: VecDeque<Bytes>,
    seat: Option<Seat>,
    absence: Absence,
    /// Since when a connection, or a seat, is due.
    wanted: Duration,
    next_join: Duration,
    next_whim: Duration,
}

/// Whether it has a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It has none until then; it comes back as who it was, or as somebody new.
    Away { until: Duration, comes_back: bool },
    /// It has one.
    Here,
    /// It hangs up.
    Goes { comes_back: bool },
}

impl Player {
    /// A player who is due to connect then.
    pub fn new(number: u32, plan: Arc<Plan>, due: Duration) -> Result<Self, ProtocolError> {
        let mut random = Random::from_seed(plan.seed ^ (u64::from(number) << 32));
        let mut player = Self {
            number,
            session: ClientSession::new(&hello(), due)?,
            way: Way::Away { until: due, comes_back: false },
            out: VecDeque::new(),
            seat: None,
            absence: Absence::default(),
            wanted: due,
            next_join: due,
            next_whim: Duration::MAX,
            random: random.clone(),
            plan,
        };
        player.next_whim = player.plan.next_whim(due, &mut random);
        Ok(player)
    }

    /// Whether it should have a connection now and has none.
    #[must_use]
    pub fn wants_connection(&self, now: Duration) -> bool {
        matches!(self.way, Way::Away { until, .. } if now >= until)
    }

    /// Whether its connection is to be closed.
    #[must_use]
    pub fn hangs_up(&self) -> bool {
        matches!(self.way, Way::Goes { .. })
    }

    /// Whether it plays: it has a seat and all that is to be seen.
    #[must_use]
    pub fn is_in(&self) -> bool {
        self.seat.as_ref().is_some_and(Seat::is_in)
    }

    /// Its seat and what it sees from there.
    #[must_use]
    pub fn view<'a>(&'a self, hall: &'a mut Hall) -> Option<(PlayerId, Seen<'a>)> {
        let seat = self.seat.as_ref().filter(|seat| seat.is_in())?;
        Some((seat.id(), seat.view(hall)?))
    }

    /// The time from tick to tick of its match.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        self.seat.as_ref().map(Seat::period)
    }

    /// When [`Player::pass`] is to be called at the latest.
    #[must_use]
    pub fn due(&self) -> Duration {
        match self.way {
            Way::Away { until, .. } => until,
            Way::Goes { .. } => Duration::ZERO,
            Way::Here => {
                let acts = match &self.seat {
                    Some(seat) => seat.next_input(),
                    None => self.next_join,
                };
                acts.min(self.session.poll_timeout()).min(self.next_whim)
            }
        }
    }

    /// A connection was opened for it.
    pub fn opened(&mut self, around: &mut Around<'_>) {
        let comes_back = matches!(self.way, Way::Away { comes_back: true, .. });
        let begun = if comes_back {
            self.session.reconnect(around.now)
        } else {
            ClientSession::new(&hello(), around.now).map(|session| self.session = session)
        };
        self.way = if begun.is_ok() { Way::Here } else { self.away(around.now, false) };
        self.drain(around, |_| None);
    }

    /// Its connection is gone.
    pub fn closed(&mut self, around: &mut Around<'_>) {
        self.way = match self.way {
            Way::Away { .. } => return,
            Way::Goes { comes_back } => self.away(around.now, comes_back),
            Way::Here => {
                self.lose(around);
                self.away(around.now, true)
            }
        };
        self.out.clear();
        self.seat.iter_mut().for_each(|seat| seat.settle(around));
        self.unseat(around);
        let was_welcome = !matches!(self.session.stage(), Stage::Opened | Stage::Greeted);
        if let (Way::Away { until, .. }, true) = (self.way, was_welcome) {
            self.wanted = until;
        }
    }

    /// The server says goodbye: its connection will be gone.
    pub fn dismissed(&mut self, code: u16, why: &[u8], around: &mut Around<'_>) {
        if self.way == Way::Here {
            let why = String::from_utf8_lossy(why);
            around.felt.refused(&format!("the connection was ended: {why} ({code})"));
        }
    }

    /// A connection could not be opened.
    pub fn refused(&mut self, why: &str, around: &mut Around<'_>) {
        around.felt.refused(why);
        self.way = Way::Away { until: around.now + TRIES_AGAIN, comes_back: false };
    }

    /// The next packet to send.
    pub fn poll_packet(&mut self) -> Option<Bytes> {
        self.out.pop_front()
    }

    /// A packet came.
    pub fn receive(&mut self, packet: &[u8], around: &mut Around<'_>) {
        let bytes = framed(packet.len());
        let now = around.now;
        let message = match self.session.receive(packet, now) {
            Ok(message) => message,
            Err(error) => {
                around.felt.received.control += bytes;
                return self.fail(&error, around);
            }
        };
        match message {
            Some(ToClient::State(packet)) => {
                around.felt.received.state += bytes;
                self.hear_state(packet, None, around);
            }
            Some(ToClient::StateAfter { applied, packet }) => {
                around.felt.received.state += bytes;
                self.hear_state(packet, Some(applied), around);
            }
            Some(ToClient::Event { .. } | ToClient::Ack { .. }) => {
                around.felt.received.events += bytes;
                around.felt.counts.events += 1;
            }
            other => {
                around.felt.received.control += bytes;
                self.hear(other, around);
            }
        }
    }

    fn hear(&mut self, message: Option<ToClient<'_>>, around: &mut Around<'_>) {
        match message {
            Some(ToClient::Welcome(welcome)) => {
                around.felt.connect.note(around.now.saturating_sub(self.wanted));
                around.felt.counts.connected += 1;
                around.felt.counts.reconnects += u64::from(welcome.resumed);
                self.wanted = around.now;
                self.next_join = if welcome.resumed { Duration::MAX } else { around.now };
                self.act(around);
            }
            Some(ToClient::Joined(joined)) => self.sit(&joined, around),
            Some(ToClient::Left { code, .. }) => {
                let was_in = self.seat.is_some();
                self.seat.iter_mut().for_each(|seat| seat.settle(around));
                if code != 0 {
                    self.absence.begin(self.seat.as_ref());
                    around.felt.refused(&sentence(code));
                }
                self.unseat(around);
                if was_in || code == 0 {
                    self.wanted = around.now;
                }
                self.next_join = around.now + if was_in { Duration::ZERO } else { TRIES_AGAIN };
            }
            Some(ToClient::Error { code, .. }) => around.felt.refused(&sentence(code)),
            _ => {}
        }
    }

    fn sit(&mut self, joined: &Joined<'_>, around: &mut Around<'_>) {
        self.unseat(around);
        let schema = self.session.schema();
        let schema = schema.and_then(|(hash, bytes)| around.hall.schema(hash, bytes));
        let Some(schema) = schema else {
            around.felt.counts.broken += 1;
            return self.hang_up(false);
        };
        let found = Found {
            id: joined.player,
            place: around.hall.enter(joined.match_id),
            schema,
            tick_rate: joined.tick_rate,
            looks: self.plan.looks(self.number),
        };
        let mind = (self.plan.minds)(self.plan.seed ^ u64::from(self.number), joined.player);
        let (planted, random) = (self.plan.planted_one_in, &mut self.random);
        let here = (around.now, &mut *around.hall);
        self.seat = Some(Seat::new(self.number, found, mind, planted, here, random));
        around.felt.counts.joined += 1;
        self.next_join = Duration::MAX;
    }

    fn unseat(&mut self, around: &mut Around<'_>) {
        if let Some(seat) = self.seat.take() {
            seat.give_up(around.hall, around.felt);
        }
    }

    fn hear_state(&mut self, packet: &[u8], applied: Option<Applied>, around: &mut Around<'_>) {
        let Some(seat) = &mut self.seat else { return };
        let followed = seat.follow(packet, applied, self.wanted, &mut self.random, around);
        self.absence.look(self.seat.as_ref(), around.now, around.felt);
        if followed == Followed::Lost {
            self.say(&FromClient::Keyframe, around, |_| None);
        }
    }

    /// Lets time pass, and does what is due.
    pub fn pass(&mut self, around: &mut Around<'_>) {
        if self.way != Way::Here {
            return;
        }
        if around.now >= self.session.poll_timeout() {
            match self.session.handle_timeout(around.now) {
                Ok(()) => self.drain(around, |_| None),
                Err(error) => return self.fail(&error, around),
            }
        }
        self.act(around);
    }

    fn act(&mut self, around: &mut Around<'_>) {
        let now = around.now;
        if now >= self.next_whim {
            self.follow_a_whim(around);
        }
        match &self.seat {
            Some(seat) if now >= seat.next_input() => self.play(around),
            Some(_) => {}
            None if now >= self.next_join => {
                self.next_join = Duration::MAX;
                let plan = self.plan.clone();
                let (place, options) = (&*plan.place, &*plan.options);
                let name = format!("bot {}", self.number);
                let predicts = plan.looks(self.number) == Looks::Ahead;
                let join = Join { place, options, name: &name, predicts, ..Join::default() };
                if matches!(self.session.stage(), Stage::Free | Stage::Left) {
                    self.say(&FromClient::Join(join), around, |_| None);
                }
            }
            None => {}
        }
    }

    /// Says what its controls say.
    fn play(&mut self, around: &mut Around<'_>) {
        let now = around.now;
        let estimate = self.session.server_tick(now);
        let Some(seat) = &mut self.seat else { return };
        let due = seat.fall_due(around);
        if !seat.is_in() || self.session.stage() != Stage::Joined {
            return;
        }
        let server = estimate.map_or(seat.seen(), |(tick, _)| tick);
        let server = Tick(server.0.saturating_add(seat.lead()));
        let Some(tick) = seat.decide(due, around, server) else { return };
        let seen = Some((seat.seen(), 0));
        let (controls, predicted) = (seat.controls().to_vec(), seat.foresee(tick));
        let input = Input { tick, seen, predicted, controls: &controls };
        around.felt.counts.inputs += 1;
        around.felt.counts.predicted += u64::from(predicted.is_some());
        self.say(&FromClient::Input(input), around, |sent| Some(&mut sent.state));
    }

    /// All that was due until now is counted: who hears nothing any more has waited.
    pub fn settle(&mut self, around: &mut Around<'_>) {
        self.seat.iter_mut().for_each(|seat| seat.settle(around));
        self.absence.pass(around.now, around.felt);
    }

    /// At the end of a run: who waits for a connection or a seat has waited until now as well.
    pub fn conclude(&mut self, around: &mut Around<'_>) {
        self.absence.pass(around.now, around.felt);
        self.seat.iter_mut().for_each(|seat| seat.conclude(around));
        if !self.is_in() {
            let was_welcome = !matches!(self.session.stage(), Stage::Opened | Stage::Greeted);
            let is_welcome = self.way == Way::Here && was_welcome;
            let felt = &mut *around.felt;
            let times = if is_welcome { &mut felt.join } else { &mut felt.connect };
            self.wanted = times.note_wait(self.wanted, around.now);
        }
    }

    fn follow_a_whim(&mut self, around: &mut Around<'_>) {
        self.next_whim = self.plan.next_whim(around.now, &mut self.random);
        if self.seat.is_none() {
            return;
        }
        around.felt.counts.left += 1;
        match self.random.below(3) {
            0 => self.say(&FromClient::Leave, around, |_| None),
            whim => self.hang_up(whim == 1),
        }
    }

    fn hang_up(&mut self, comes_back: bool) {
        self.way = Way::Goes { comes_back };
    }

    fn away(&mut self, now: Duration, comes_back: bool) -> Way {
        Way::Away { until: now + BACK_WITHIN.mul_f32(self.random.unit()), comes_back }
    }

    fn fail(&mut self, error: &ProtocolError, around: &mut Around<'_>) {
        around.felt.refused(&error.to_string());
        self.lose(around);
        self.hang_up(false);
    }

    /// It is cut off: it has waited until now, and goes on to miss its match.
    fn lose(&mut self, around: &mut Around<'_>) {
        around.felt.counts.lost += 1;
        self.seat.iter_mut().for_each(|seat| seat.conclude(around));
        self.absence.begin(self.seat.as_ref());
    }

    fn say(
        &mut self,
        message: &FromClient<'_>,
        around: &mut Around<'_>,
        kind: impl Fn(&mut Sum) -> Option<&mut u64>,
    ) {
        // What does not belong there any more is not said.
        if self.session.send(message).is_ok() {
            self.drain(around, kind);
        }
    }

    /// Takes what the session wants to send, as bytes of this kind; none: control.
    fn drain(&mut self, around: &mut Around<'_>, kind: impl Fn(&mut Sum) -> Option<&mut u64>) {
        while let Some(packet) = self.session.poll_packet() {
            let bytes = framed(packet.len()) + 4;
            let sent = &mut around.felt.sent;
            match kind(sent) {
                Some(sum) => *sum += bytes,
                None => around.felt.sent.control += bytes,
            }
            self.out.push_back(packet);
        }
    }
}

fn hello() -> Hello<'static> {
    Hello { software: "tickwire load", ..Hello::default() }
}

fn sentence(code: u16) -> String {
    let known = Refusal::from_code(code).map(Refusal::sentence);
    known.map_or_else(|| format!("code {code}"), String::from)
}
