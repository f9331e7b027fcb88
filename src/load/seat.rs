//! A seat in a match, as whoever has it knows it, whichever way its packets travel.
//!
//! What comes is verified by a replica, what is said was due at some time: both are noted here, so that
//! all simulated players measure the same things alike.

use super::eyes::{Eyes, Looks};
use super::foresight::Foresight;
use super::hall::{Hall, Place};
use super::mind::Mind;
use super::player::Around;
use super::tally::Felt;
use crate::ids::{PlayerId, Tick};
use crate::protocol::native::Applied;
use crate::sim::Random;
use crate::sync::schema::Schema;
use crate::sync::{Seen, StreamError, is_keyframe};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// People look, and change their minds, five times a second.
const THINKS_EVERY: Duration = Duration::from_millis(200);
/// So many inputs are remembered until the server says that it used them.
const INPUTS_KEPT: usize = 128;
/// Inputs for ticks further ahead than this would wait at the server.
const AHEAD_MOST: u32 = 1;
/// And so they would if so many in a row were ahead at all.
const AHEAD_IN_A_ROW: u8 = 10;
/// Nobody is ahead by more: then the match has let ticks go.
const AHEAD_EVER: u32 = 8;
/// The server answers those who lost the thread once a second.
const ASKS_EVERY: Duration = Duration::from_millis(1200);
/// Matches tick no more often than this.
const TICK_RATE_MOST: u16 = 1000;
/// A player who cannot keep up with its own inputs lets those go that are older.
const BEHIND_MOST: Duration = Duration::from_secs(1);

/// A seat, as whoever has it knows it.
pub(super) struct Seat {
    id: PlayerId,
    /// Who has it, among all simulated players.
    number: u32,
    place: Place,
    eyes: Eyes,
    mind: Box<dyn Mind>,
    /// What is known ahead of the server, if anything.
    foresight: Option<Foresight>,
    controls: Vec<u8>,
    period: Duration,
    /// One bit of one packet in so many is turned; 0: none.
    planted_one_in: u32,
    /// Whether a keyframe has come.
    is_in: bool,
    heard: Duration,
    /// The tick of the last packet.
    seen: Tick,
    /// When it asked for a keyframe.
    asked: Option<Duration>,
    newest: Tick,
    /// So many inputs in a row were for a later tick than the next.
    ahead_in_a_row: u8,
    /// The newest input that the server said it had used.
    used: Tick,
    sent: VecDeque<(Tick, Duration)>,
    next_input: Duration,
    next_thought: Duration,
}

/// What was found when somebody sat down.
pub(super) struct Found {
    /// The seat.
    pub(super) id: PlayerId,
    /// The match, as the hall numbers it.
    pub(super) place: Place,
    /// What is replicated in it.
    pub(super) schema: Arc<Schema>,
    /// Ticks in a second.
    pub(super) tick_rate: u16,
    /// How it is looked at from there.
    pub(super) looks: Looks,
}

/// What a packet of the stream came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// It was applied.
    Applied,
    /// It needs a keyframe, which was asked for before.
    Waits,
    /// It does not fit: a keyframe is to be asked for.
    Lost,
}

impl Seat {
    /// A seat that was taken now; inputs are due from some time within the first tick on.
    pub(super) fn new(
        number: u32,
        found: Found,
        mind: Box<dyn Mind>,
        planted_one_in: u32,
        (now, hall): (Duration, &mut Hall),
        random: &mut Random,
    ) -> Self {
        let period = Duration::from_secs(1) / u32::from(found.tick_rate.clamp(1, TICK_RATE_MOST));
        let start = now + period.mul_f32(random.unit());
        Self {
            id: found.id,
            number,
            place: found.place,
            eyes: Eyes::new(found.looks, found.schema, found.id, found.place, hall),
            mind,
            foresight: (found.looks == Looks::Ahead).then(Foresight::default),
            controls: Vec::new(),
            period,
            planted_one_in,
            is_in: false,
            heard: now,
            seen: Tick(0),
            asked: None,
            newest: Tick(0),
            ahead_in_a_row: 0,
            used: Tick(0),
            sent: VecDeque::with_capacity(INPUTS_KEPT),
            next_input: start,
            next_thought: start,
        }
    }

    /// Whether all that is to be seen from it has come.
    pub(super) fn is_in(&self) -> bool {
        self.is_in
    }

    /// Which one it is.
    pub(super) fn id(&self) -> PlayerId {
        self.id
    }

    /// What is seen from it.
    pub(super) fn view<'a>(&'a self, hall: &'a mut Hall) -> Option<Seen<'a>> {
        self.eyes.view(self.place, hall)
    }

    /// The tick that is seen.
    pub(super) fn seen(&self) -> Tick {
        self.seen
    }

    /// From tick to tick.
    pub(super) fn period(&self) -> Duration {
        self.period
    }

    /// Nobody has it any more.
    pub(super) fn give_up(self, hall: &mut Hall, felt: &mut Felt) {
        if self.eyes.close(self.place, hall).is_some_and(|fault| fault != StreamError::NoKeyframe) {
            felt.counts.broken += 1;
        }
        hall.leave(self.place);
    }

    /// What its controls say.
    pub(super) fn controls(&self) -> &[u8] {
        &self.controls
    }

    /// When its next input is due.
    pub(super) fn next_input(&self) -> Duration {
        self.next_input
    }

    /// The tick that the match has reached by now for all that is known from its packets alone.
    pub(super) fn estimate(&self, now: Duration) -> Tick {
        let waited = now.saturating_sub(self.heard).min(BEHIND_MOST);
        let ticks = waited.div_duration_f64(self.period) as u32;
        Tick(self.seen.0.saturating_add(ticks))
    }

    /// Takes a packet of the stream; `wanted` is since when the seat was due.
    pub(super) fn follow(
        &mut self,
        packet: &[u8],
        applied: Option<Applied>,
        wanted: Duration,
        random: &mut Random,
        around: &mut Around<'_>,
    ) -> Followed {
        let (now, felt) = (around.now, &mut *around.felt);
        let is_keyframe = is_keyframe(packet);
        let planted = self.planted_one_in;
        let (ahead, here) = (self.foresight.as_ref(), (self.place, &mut *around.hall));
        let received = if planted > 0 && !is_keyframe && random.one_in(planted) {
            self.eyes.receive(&turn_a_bit(packet, random), ahead, here)
        } else {
            self.eyes.receive(packet, ahead, here)
        };
        let tick = match received {
            Ok(tick) => tick,
            Err(error) => return self.lose(&error, now, felt),
        };
        felt.counts.packets += 1;
        felt.counts.keyframes += u64::from(is_keyframe);
        if self.is_in {
            felt.wait_for_packets(self.heard, now, self.period);
        } else {
            self.is_in = true;
            felt.ticks_due += 1.0;
            felt.join.note(now.saturating_sub(wanted));
        }
        (self.heard, self.seen) = (now, tick);
        // Of inputs that were never said nothing can be used.
        let used = applied.map(|applied| (applied.tick(self.newest), applied.lead));
        let used = used.filter(|(used, _)| *used <= self.newest);
        if let (Some(ahead), Some(replica)) = (&mut self.foresight, self.eyes.own()) {
            if let Some((used, early)) = used {
                ahead.learn(used, early, self.newest);
            }
            let used = used.map(|(used, _)| used);
            felt.counts.corrections += ahead.receive(replica, used, &mut *self.mind);
        }
        if let Some((used, _)) = used {
            felt.counts.applied += 1;
            // Who predicts says its inputs early, for a later tick: that is no time that anybody waits.
            let sent = self.sent.iter().find(|(sent, _)| *sent == used);
            if let Some((_, due)) = sent.filter(|_| self.foresight.is_none()) {
                let what = (tick, *due);
                around.hall.applied(self.place, self.number, what, now, &mut felt.visible);
            }
            self.used = self.used.max(used);
            while self.sent.pop_front_if(|(sent, _)| *sent < used).is_some() {}
        }
        // Afterwards: what others have seen already is not seen by oneself.
        around.hall.heard(self.place, self.number, tick, now, &mut felt.visible);
        Followed::Applied
    }

    /// It does not know any more what is.
    fn lose(&mut self, error: &StreamError, now: Duration, felt: &mut Felt) -> Followed {
        match error {
            StreamError::NoKeyframe => {
                if self.asked.is_some_and(|asked| now < asked + ASKS_EVERY) {
                    return Followed::Waits;
                }
            }
            StreamError::Desync { .. } => felt.counts.desyncs += 1,
            _ => felt.counts.broken += 1,
        }
        self.asked = Some(now);
        Followed::Lost
    }

    /// Its input is due; gives since when.
    pub(super) fn fall_due(&mut self, around: &mut Around<'_>) -> Duration {
        let (now, due) = (around.now, self.next_input);
        let felt = &mut *around.felt;
        felt.own_late.note(now.saturating_sub(due));
        felt.counts.inputs_due += u64::from(self.is_in);
        self.next_input += self.period;
        if now > self.next_input + BEHIND_MOST {
            // Those that are let go were due as well.
            let late = now - self.next_input;
            let missed = late.div_duration_f64(self.period).ceil() as u32;
            felt.own_late.note_due(late, self.period);
            felt.counts.inputs_due += u64::from(missed) * u64::from(self.is_in);
            self.next_input += self.period * missed;
        }
        due
    }

    /// Looks and decides; gives the tick for which the controls are to be said, if any, while the match
    /// is at that of the `server`.
    pub(super) fn decide(
        &mut self,
        due: Duration,
        around: &mut Around<'_>,
        server: Tick,
    ) -> Option<Tick> {
        let now = around.now;
        if now >= self.next_thought {
            if let Some(view) = self.eyes.view(self.place, around.hall) {
                self.controls = self.mind.controls(view);
            }
            self.next_thought = now + THINKS_EVERY.saturating_sub(self.period / 2);
        }
        let next = server.0.saturating_add(1);
        if self.newest.0 > next.saturating_add(AHEAD_EVER) {
            self.begin_anew(around);
        }
        let tick = Tick(next.max(self.newest.0.saturating_add(1)));
        let ahead = tick.0 - next;
        self.ahead_in_a_row = if ahead > 0 { self.ahead_in_a_row + 1 } else { 0 };
        if ahead > AHEAD_MOST || self.ahead_in_a_row > AHEAD_IN_A_ROW {
            // It was late and said several at once, or its estimate was wrong before: what it said for
            // this tick is enough.
            self.ahead_in_a_row = 0;
            return None;
        }
        self.newest = tick;
        if self.sent.len() == INPUTS_KEPT {
            self.wait_for_inputs(around, 1);
            self.sent.pop_front();
        }
        self.sent.push_back((tick, due));
        Some(tick)
    }

    /// The match is not where it would be by now if it had ticked all the time: what was said for times that
    /// did not come is answered no more.
    fn begin_anew(&mut self, around: &mut Around<'_>) {
        self.wait_for_inputs(around, INPUTS_KEPT);
        self.sent.clear();
        (self.newest, self.used) = (Tick(0), Tick(0));
        self.foresight.iter_mut().for_each(Foresight::begin_anew);
    }

    /// The first of the inputs that the server has not answered have waited until now. What it used is
    /// the hall's, and what a later one was used for is counted only.
    fn wait_for_inputs(&mut self, around: &mut Around<'_>, first: usize) {
        if around.hall.is_watched(self.place) && self.foresight.is_none() {
            let waiting = self.sent.iter_mut().take(first).filter(|(tick, _)| *tick > self.used);
            for (_, due) in waiting {
                *due = around.felt.visible.note_wait(*due, around.now);
            }
        }
    }

    /// For how many ticks later than the server's next one its inputs are to be.
    pub(super) fn lead(&self) -> u32 {
        self.foresight.as_ref().map_or(0, Foresight::lead)
    }

    /// What its own comes to after this tick if its controls say what they do, for the server to compare;
    /// nothing if it does not look ahead.
    pub(super) fn foresee(&mut self, tick: Tick) -> Option<u32> {
        let (ahead, replica) = (self.foresight.as_mut()?, self.eyes.own()?);
        ahead.say(tick, &self.controls, replica, &mut *self.mind)
    }

    /// At the end of a run, or of the seat: what is still waited for has been until now.
    pub(super) fn conclude(&mut self, around: &mut Around<'_>) {
        self.settle(around);
        self.wait_for_inputs(around, INPUTS_KEPT);
        let fault = self.eyes.fault(self.place, around.hall);
        if fault.is_some_and(|fault| fault != StreamError::NoKeyframe) {
            around.felt.counts.broken += 1;
        }
    }

    /// All that was due until now is counted: who hears nothing any more has waited.
    pub(super) fn settle(&mut self, around: &mut Around<'_>) {
        if self.is_in && around.now.saturating_sub(self.heard) > self.period * 2 {
            around.felt.wait_for_packets(self.heard, around.now, self.period);
            self.heard = around.now;
        }
    }

    /// Since when the next packet is waited for.
    pub(super) fn heard(&self) -> Duration {
        self.heard
    }
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
