//! Somebody who plays: what a native simulated player does, as a client of Socket.IO.
//!
//! Its seat is the same, and so is what is measured. It has no clock of the server's: for which tick it
//! speaks follows from the packets of the stream alone.

use super::line::{ANSWER_WITHIN, About, Kind, STREAM};
use super::talker::{Desk, Here, Role};
use crate::event::{Args, Event};
use crate::ids::PlayerId;
use crate::load::absence::Absence;
use crate::load::plan::{Plan, TRIES_AGAIN};
use crate::load::player::Around;
use crate::load::seat::{Followed, Found, Seat};
use crate::protocol::native::Applied;
use crate::sync::hash_bytes;
use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// Somebody who plays.
pub(super) struct Play {
    plan: Arc<Plan>,
    seat: Option<Seat>,
    absence: Absence,
    /// Since when a seat is due.
    wanted: Duration,
    next_join: Duration,
    next_whim: Duration,
}

#[derive(Deserialize)]
struct JoinedMatch {
    r#match: String,
    player: u32,
    tick_rate: u16,
    schema: Box<RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    ok: bool,
    reason: String,
}

#[derive(Deserialize)]
struct Left {
    code: u16,
    reason: String,
}

#[derive(Deserialize)]
struct Used {
    tick: u16,
    lead: i8,
}

#[derive(Serialize)]
struct Input {
    tick: u32,
    controls: Bytes,
    seen: (u32, u8),
}

impl Play {
    /// One who plays as it is planned.
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        Self {
            plan,
            seat: None,
            absence: Absence::default(),
            wanted: Duration::ZERO,
            next_join: Duration::MAX,
            next_whim: Duration::MAX,
        }
    }

    fn join(&mut self, desk: &mut Desk<'_, '_>) {
        let now = desk.here.now;
        // What is said beside the place may be anything.
        let mut wish: Map<_, _> = serde_json::from_str(&self.plan.options).unwrap_or_default();
        wish.insert("place".into(), Value::from(&*self.plan.place));
        wish.insert("name".into(), Value::from(format!("bot {}", desk.number)));
        desk.line.ask("join-match", wish, (About::Place, now), now, desk.here.felt);
        self.next_join = now + ANSWER_WITHIN;
    }

    fn sit(&mut self, event: &Event, desk: &mut Desk<'_, '_>) {
        // Games have events of that name, which say something else.
        let Ok(joined) = event.args.to::<JoinedMatch>() else { return };
        self.unseat(desk.here);
        let now = desk.here.now;
        let text = joined.schema.get().as_bytes();
        let schema = desk.here.hall.schema(hash_bytes(text), text);
        let found = schema.map(|schema| {
            let place = desk.here.hall.enter(&joined.r#match);
            let (id, tick_rate) = (PlayerId(joined.player), joined.tick_rate);
            Found { id, place, schema, tick_rate, looks: self.plan.looks_on() }
        });
        let Some(found) = found else {
            desk.here.felt.counts.broken += 1;
            return desk.line.end();
        };
        let mind = (self.plan.minds)(self.plan.seed ^ u64::from(desk.number), found.id);
        let planted = self.plan.planted_one_in;
        let here = (now, &mut *desk.here.hall);
        self.seat = Some(Seat::new(desk.number, found, mind, planted, here, desk.random));
        desk.here.felt.counts.joined += 1;
        self.next_join = Duration::MAX;
    }

    /// Who hears nothing any more has waited until now.
    fn settle_seat(&mut self, here: &mut Here<'_>) {
        let mut around = Around { now: here.now, felt: here.felt, hall: here.hall };
        self.seat.iter_mut().for_each(|seat| seat.settle(&mut around));
    }

    fn unseat(&mut self, here: &mut Here<'_>) {
        if let Some(seat) = self.seat.take() {
            seat.give_up(here.hall, here.felt);
        }
    }

    fn follow(&mut self, event: &Event, desk: &mut Desk<'_, '_>) {
        let Some((seat, packet)) = self.seat.as_mut().zip(event.args.attachments().first()) else {
            return;
        };
        let used = serde_json::from_str::<(IgnoredAny, Used)>(event.args.json()).ok();
        let applied = used.map(|(_, used)| Applied { stamp: used.tick, lead: used.lead });
        let (mut around, random) = desk.around();
        let followed = seat.follow(packet, applied, self.wanted, random, &mut around);
        self.absence.look(self.seat.as_ref(), desk.here.now, desk.here.felt);
        if followed == Followed::Lost {
            desk.line.emit("keyframe", (), Kind::Control, desk.here.felt);
        }
    }

    fn leave(&mut self, event: &Event, desk: &mut Desk<'_, '_>) {
        // As above.
        let Ok(Left { code, reason }) = event.args.to() else { return };
        let (was_in, now) = (self.seat.is_some(), desk.here.now);
        self.settle_seat(desk.here);
        if code != 0 {
            self.absence.begin(self.seat.as_ref());
            desk.here.felt.refused(&reason);
        }
        self.unseat(desk.here);
        if was_in || code == 0 {
            self.wanted = now;
        }
        self.next_join = now + if was_in { Duration::ZERO } else { TRIES_AGAIN };
    }

    /// Says what its controls say.
    fn play(&mut self, desk: &mut Desk<'_, '_>) {
        let Some(seat) = &mut self.seat else { return };
        let now = desk.here.now;
        let due = seat.fall_due(&mut desk.around().0);
        if !seat.is_in() {
            return;
        }
        let estimate = seat.estimate(now);
        let Some(tick) = seat.decide(due, &mut desk.around().0, estimate) else { return };
        let controls = Bytes::copy_from_slice(seat.controls());
        let input = Input { tick: tick.0, controls, seen: (seat.seen().0, 0) };
        desk.here.felt.counts.inputs += 1;
        desk.line.emit("input", input, Kind::State, desk.here.felt);
    }

    fn follow_a_whim(&mut self, desk: &mut Desk<'_, '_>) {
        self.next_whim = self.plan.next_whim(desk.here.now, desk.random);
        if self.seat.is_none() {
            return;
        }
        desk.here.felt.counts.left += 1;
        if desk.random.one_in(3) {
            desk.line.emit("leave-match", (), Kind::Control, desk.here.felt);
        } else {
            desk.line.end();
        }
    }
}

impl Role for Play {
    fn welcomed(&mut self, desk: &mut Desk<'_, '_>) {
        self.wanted = desk.here.now;
        self.next_whim = self.plan.next_whim(desk.here.now, desk.random);
        self.join(desk);
    }

    fn hear(&mut self, event: &Event, desk: &mut Desk<'_, '_>) {
        match &*event.name {
            STREAM => self.follow(event, desk),
            "joined" => self.sit(event, desk),
            "left" => self.leave(event, desk),
            _ => {}
        }
    }

    fn placed(&mut self, answer: &Args, desk: &mut Desk<'_, '_>) {
        let Answer { ok, reason } = answer.to().unwrap_or_default();
        if !ok && self.seat.is_none() {
            desk.here.felt.refused(&reason);
            self.next_join = desk.here.now + TRIES_AGAIN;
        }
    }

    fn act(&mut self, desk: &mut Desk<'_, '_>) {
        let now = desk.here.now;
        if now >= self.next_whim {
            self.follow_a_whim(desk);
        }
        match &self.seat {
            Some(seat) if now >= seat.next_input() => self.play(desk),
            None if now >= self.next_join => self.join(desk),
            _ => {}
        }
    }

    fn due(&self) -> Duration {
        let acts = self.seat.as_ref().map_or(self.next_join, Seat::next_input);
        acts.min(self.next_whim)
    }

    fn period(&self) -> Option<Duration> {
        self.seat.as_ref().map(Seat::period)
    }

    fn is_in(&self) -> bool {
        self.seat.as_ref().is_some_and(Seat::is_in)
    }

    fn cut(&mut self, here: &mut Here<'_>) {
        let mut around = Around { now: here.now, felt: here.felt, hall: here.hall };
        self.seat.iter_mut().for_each(|seat| seat.conclude(&mut around));
        self.absence.begin(self.seat.as_ref());
    }

    fn gone(&mut self, here: &mut Here<'_>) {
        self.settle_seat(here);
        self.unseat(here);
        self.next_join = Duration::MAX;
    }

    fn settle(&mut self, here: &mut Here<'_>) {
        self.absence.pass(here.now, here.felt);
        self.settle_seat(here);
    }

    fn conclude(&mut self, is_welcome: bool, here: &mut Here<'_>) {
        if is_welcome && !self.is_in() {
            self.wanted = here.felt.join.note_wait(self.wanted, here.now);
        }
        let mut around = Around { now: here.now, felt: here.felt, hall: here.hall };
        self.seat.iter_mut().for_each(|seat| seat.conclude(&mut around));
    }
}
