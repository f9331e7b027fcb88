//! One simulated player: packets and time go in, packets come out. It has no socket and no clock.
//!
//! It holds its match in a replica, which verifies every packet. What it says was due counts from when
//! it was due, however late whoever drives it is.

use super::hall::{Hall, Place};
use super::mind::Mind;
use super::tally::{Bytes as Sum, Felt};
use crate::ids::{PlayerId, Tick};
use crate::protocol::native::{
    Applied, ClientSession, FromClient, Hello, Input, Join, Joined, ProtocolError, Refusal, Stage,
    ToClient,
};
use crate::sim::Random;
use crate::sync::{Replica, SingerId, StreamError, is_keyframe};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// People look, and change their minds, five times a second.
const THINKS_EVERY: Duration = Duration::from_millis(200);
/// So many inputs are remembered until the server says that it used them.
const INPUTS_KEPT: usize = 32;
/// Inputs for ticks further ahead than this would wait at the server.
const AHEAD_MOST: u32 = 3;
/// Who was refused tries again after this.
const TRIES_AGAIN: Duration = Duration::from_secs(1);
/// Who lost its connection, or left, is back after up to this.
const BACK_WITHIN: Duration = Duration::from_secs(2);
/// A player who cannot keep up with its own inputs lets those go that are older.
const BEHIND_MOST: Duration = Duration::from_secs(1);

/// What makes a mind for a seed and a seat.
pub type Minds = dyn Fn(u64, PlayerId) -> Box<dyn Mind> + Send + Sync;

/// What all players of a run do.
pub struct Plan {
    /// The match to join: an id or a code; empty: any.
    pub place: String,
    /// What else is said when joining, as JSON.
    pub options: String,
    /// Who plays.
    pub minds: Arc<Minds>,
    /// What chance starts from.
    pub seed: u64,
    /// Of a hundred players so many leave, or lose their connection, in a minute.
    pub leave_rate: f64,
    /// Whether what players of a match are told alike is decoded once for all of them.
    pub shares: bool,
    /// Fault planted on purpose: one bit of one packet of the stream in so many is turned; 0: none.
    pub planted_one_in: u32,
}

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
    road: Way,
    out: VecDeque<Bytes>,
    seat: Option<Seat>,
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

/// A seat, as whoever has it knows it.
struct Seat {
    id: PlayerId,
    place: Place,
    eyes: Eyes,
    mind: Box<dyn Mind>,
    controls: Vec<u8>,
    period: Duration,
    /// Whether a keyframe has come.
    is_in: bool,
    heard: Duration,
    newest: Tick,
    sent: VecDeque<(Tick, Duration)>,
    next_input: Duration,
    next_thought: Duration,
}

/// What it sees with.
enum Eyes {
    Own(Box<Replica>),
    /// In the hall, with the others of its match.
    Shared(SingerId),
}

impl Eyes {
    fn receive(
        &mut self,
        packet: &[u8],
        hall: &mut Hall,
        place: Place,
    ) -> Result<Tick, StreamError> {
        match self {
            Self::Own(replica) => replica.receive(packet).map(|_| ())?,
            Self::Shared(id) => hall.chorus(place).receive(*id, packet)?,
        }
        Ok(self.tick(hall, place))
    }

    fn tick(&self, hall: &mut Hall, place: Place) -> Tick {
        match self {
            Self::Own(replica) => replica.tick(),
            Self::Shared(id) => hall.chorus(place).tick(*id),
        }
    }
}

impl Player {
    /// A player who is due to connect then.
    pub fn new(number: u32, plan: Arc<Plan>, due: Duration) -> Result<Self, ProtocolError> {
        let mut random = Random::from_seed(plan.seed ^ (u64::from(number) << 32));
        let mut player = Self {
            number,
            session: ClientSession::new(&hello(), due)?,
            road: Way::Away { until: due, comes_back: false },
            out: VecDeque::new(),
            seat: None,
            wanted: due,
            next_join: due,
            next_whim: Duration::MAX,
            random: random.clone(),
            plan,
        };
        player.next_whim = player.whim_after(due, &mut random);
        Ok(player)
    }

    /// Whether it should have a connection now and has none.
    #[must_use]
    pub fn wants_connection(&self, now: Duration) -> bool {
        matches!(self.road, Way::Away { until, .. } if now >= until)
    }

    /// Whether its connection is to be closed.
    #[must_use]
    pub fn hangs_up(&self) -> bool {
        matches!(self.road, Way::Goes { .. })
    }

    /// Whether it plays: it has a seat and all that is to be seen.
    #[must_use]
    pub fn is_in(&self) -> bool {
        self.seat.as_ref().is_some_and(|seat| seat.is_in)
    }

    /// The time from tick to tick of its match.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        self.seat.as_ref().map(|seat| seat.period)
    }

    /// Its seat and what it sees from there, if it sees with eyes of its own.
    #[must_use]
    pub fn view(&self) -> Option<(PlayerId, &Replica)> {
        let seat = self.seat.as_ref().filter(|seat| seat.is_in)?;
        match &seat.eyes {
            Eyes::Own(replica) => Some((seat.id, &**replica)),
            Eyes::Shared(_) => None,
        }
    }

    /// When [`Player::pass`] is to be called at the latest.
    #[must_use]
    pub fn due(&self) -> Duration {
        match self.road {
            Way::Away { until, .. } => until,
            Way::Goes { .. } => Duration::ZERO,
            Way::Here => {
                let acts = match &self.seat {
                    Some(seat) => seat.next_input,
                    None => self.next_join,
                };
                acts.min(self.session.poll_timeout()).min(self.next_whim)
            }
        }
    }

    /// A connection was opened for it.
    pub fn opened(&mut self, around: &mut Around<'_>) {
        let comes_back = matches!(self.road, Way::Away { comes_back: true, .. });
        let begun = if comes_back {
            self.session.reconnect(around.now)
        } else {
            ClientSession::new(&hello(), around.now).map(|session| self.session = session)
        };
        self.road = if begun.is_ok() { Way::Here } else { self.away(around.now, false) };
        self.drain(around, |_| None);
    }

    /// Its connection is gone.
    pub fn closed(&mut self, around: &mut Around<'_>) {
        self.road = match self.road {
            Way::Away { .. } => return,
            Way::Goes { comes_back } => self.away(around.now, comes_back),
            Way::Here => {
                around.felt.counts.lost += 1;
                self.away(around.now, true)
            }
        };
        self.out.clear();
        self.unseat(around);
        if let Way::Away { until, .. } = self.road {
            self.wanted = until;
        }
    }

    /// A connection could not be opened.
    pub fn refused(&mut self, why: &str, around: &mut Around<'_>) {
        around.felt.refused(why);
        self.road = Way::Away { until: around.now + TRIES_AGAIN, comes_back: false };
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
                self.unseat(around);
                if code != 0 {
                    around.felt.refused(&sentence(code));
                }
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
        let period = Duration::from_secs(1) / u32::from(joined.tick_rate.max(1));
        let start = around.now + period.mul_f32(self.random.unit());
        let place = around.hall.enter(joined.match_id);
        self.seat = Some(Seat {
            id: joined.player,
            place,
            eyes: if self.plan.shares {
                Eyes::Shared(around.hall.chorus(place).enter(schema, joined.player))
            } else {
                Eyes::Own(Box::new(Replica::new(schema, joined.player, false)))
            },
            mind: (self.plan.minds)(self.plan.seed ^ u64::from(self.number), joined.player),
            controls: Vec::new(),
            period,
            is_in: false,
            heard: around.now,
            newest: Tick(0),
            sent: VecDeque::with_capacity(INPUTS_KEPT),
            next_input: start,
            next_thought: start,
        });
        around.felt.counts.joined += 1;
        self.next_join = Duration::MAX;
    }

    fn unseat(&mut self, around: &mut Around<'_>) {
        if let Some(seat) = self.seat.take() {
            if let Eyes::Shared(id) = seat.eyes {
                around.hall.chorus(seat.place).leave(id);
            }
            around.hall.leave(seat.place);
        }
    }

    fn hear_state(&mut self, packet: &[u8], applied: Option<Applied>, around: &mut Around<'_>) {
        let Some(seat) = &mut self.seat else { return };
        let (now, felt) = (around.now, &mut *around.felt);
        let is_keyframe = is_keyframe(packet);
        let planted = self.plan.planted_one_in;
        let received = if planted > 0 && !is_keyframe && self.random.one_in(planted) {
            let turned = turn_a_bit(packet, &mut self.random);
            seat.eyes.receive(&turned, around.hall, seat.place)
        } else {
            seat.eyes.receive(packet, around.hall, seat.place)
        };
        let tick = match received {
            Ok(tick) => tick,
            Err(error) => return self.lose_the_thread(&error, around),
        };
        felt.counts.packets += 1;
        felt.counts.keyframes += u64::from(is_keyframe);
        if seat.is_in {
            felt.gap.note_due(now.saturating_sub(seat.heard), seat.period);
        } else {
            seat.is_in = true;
            felt.join.note(now.saturating_sub(self.wanted));
        }
        seat.heard = now;
        around.hall.heard(seat.place, self.number, tick, now, &mut felt.visible);
        if let Some(applied) = applied {
            felt.counts.applied += 1;
            let used = applied.tick(seat.newest);
            if let Some((_, due)) = seat.sent.iter().find(|(sent, _)| *sent == used) {
                around.hall.applied(seat.place, self.number, tick, *due, &mut felt.visible);
            }
        }
    }

    fn lose_the_thread(&mut self, error: &StreamError, around: &mut Around<'_>) {
        match error {
            // It is known already, and a keyframe was asked for.
            StreamError::NoKeyframe => return,
            StreamError::Desync { .. } => around.felt.counts.desyncs += 1,
            _ => around.felt.counts.broken += 1,
        }
        self.say(&FromClient::Keyframe, around, |_| None);
    }

    /// Lets time pass, and does what is due.
    pub fn pass(&mut self, around: &mut Around<'_>) {
        if self.road != Way::Here {
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
            Some(seat) if now >= seat.next_input => self.play(around),
            Some(_) => {}
            None if now >= self.next_join => {
                self.next_join = Duration::MAX;
                let plan = self.plan.clone();
                let (place, options) = (&*plan.place, &*plan.options);
                let name = format!("bot {}", self.number);
                let join = Join { place, options, name: &name, ..Join::default() };
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
        let due = seat.next_input;
        around.felt.own_late.note(now.saturating_sub(due));
        seat.next_input += seat.period;
        around.felt.counts.expected += u64::from(seat.is_in);
        if now > seat.next_input + BEHIND_MOST {
            // Those that are let go were due as well.
            let missed = (now - seat.next_input).div_duration_f64(seat.period).ceil() as u32;
            around.felt.counts.expected += u64::from(missed);
            seat.next_input += seat.period * missed;
        }
        if !seat.is_in || self.session.stage() != Stage::Joined {
            return;
        }
        let seen = seat.eyes.tick(around.hall, seat.place);
        if now >= seat.next_thought {
            let view = match &seat.eyes {
                Eyes::Own(replica) => Some(&**replica),
                Eyes::Shared(id) => around.hall.chorus(seat.place).view(*id),
            };
            if let Some(view) = view {
                seat.controls = seat.mind.controls(view);
            }
            seat.next_thought = now + THINKS_EVERY.saturating_sub(seat.period / 2);
        }
        let server = estimate.map_or(seen, |(tick, _)| tick);
        let tick = Tick((server.0 + 1).max(seat.newest.0 + 1));
        if tick.0 > server.0 + 1 + AHEAD_MOST && seat.newest != Tick(0) {
            // The estimate was wrong before: the next ones are heard again.
            return;
        }
        seat.newest = tick;
        if seat.sent.len() == INPUTS_KEPT {
            seat.sent.pop_front();
        }
        seat.sent.push_back((tick, due));
        let seen = Some((seen, 0));
        let controls = std::mem::take(&mut seat.controls);
        let input = Input { tick, seen, controls: &controls, ..Input::default() };
        around.felt.counts.inputs += 1;
        self.say(&FromClient::Input(input), around, |sent| Some(&mut sent.state));
        self.seat.iter_mut().for_each(|seat| seat.controls.clone_from(&controls));
    }

    /// At the end of a run: who hears nothing any more has waited until now.
    pub fn conclude(&mut self, around: &mut Around<'_>) {
        let Some(seat) = self.seat.as_ref().filter(|seat| seat.is_in) else { return };
        let waited = around.now.saturating_sub(seat.heard);
        if waited > seat.period * 2 {
            around.felt.gap.note_due(waited, seat.period);
        }
    }

    fn follow_a_whim(&mut self, around: &mut Around<'_>) {
        let mut random = self.random.clone();
        self.next_whim = self.whim_after(around.now, &mut random);
        self.random = random;
        if self.seat.is_none() {
            return;
        }
        around.felt.counts.left += 1;
        match self.random.below(3) {
            0 => self.say(&FromClient::Leave, around, |_| None),
            whim => self.hang_up(whim == 1),
        }
    }

    fn whim_after(&self, now: Duration, random: &mut Random) -> Duration {
        if self.plan.leave_rate <= 0.0 {
            return Duration::MAX;
        }
        let mean = Duration::from_secs_f64(6000.0 / self.plan.leave_rate);
        now + mean.mul_f32(random.between(0.1, 1.9))
    }

    fn hang_up(&mut self, comes_back: bool) {
        self.road = Way::Goes { comes_back };
    }

    fn away(&mut self, now: Duration, comes_back: bool) -> Way {
        Way::Away { until: now + BACK_WITHIN.mul_f32(self.random.unit()), comes_back }
    }

    fn fail(&mut self, error: &ProtocolError, around: &mut Around<'_>) {
        around.felt.refused(&error.to_string());
        around.felt.counts.lost += 1;
        self.hang_up(false);
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
    fn drain(
        &mut self,
        around: &mut Around<'_>,
        kind: impl Fn(&mut Sum) -> Option<&mut u64>,
    ) {
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

/// How long the frame of a WebSocket is around so many bytes, unmasked.
fn framed(length: usize) -> u64 {
    let header = match length {
        0..126 => 2,
        126..0x1_0000 => 4,
        _ => 10,
    };
    header + length as u64
}

fn sentence(code: u16) -> String {
    let known = Refusal::from_code(code).map(Refusal::sentence);
    known.map_or_else(|| format!("code {code}"), String::from)
}

/// The same with one bit turned, in its later half.
fn turn_a_bit(packet: &[u8], random: &mut Random) -> Vec<u8> {
    let mut turned = packet.to_vec();
    let half = turned.len() / 2;
    let at = half + random.below((turned.len() - half) as u32) as usize;
    if let Some(byte) = turned.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
    turned
}
