//! Clients that are not honest, beside those that are: what they do is counted, what they feel is not.

use super::crowd::{CHAOS, Crowd};
use super::plan::Plan;
use super::wire::{BINARY, Frame, Wire, next_frame, request};
use crate::ids::Tick;
use crate::protocol::native::{ClientSession, FromClient, Hello, Input, Join, Stage};
use crate::sim::Random;
use mio::Token;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A deed that nothing ends ends after this.
const GIVES_UP_AFTER: Duration = Duration::from_secs(20);
/// And the next one begins after up to this.
const PAUSE_MOST: Duration = Duration::from_millis(500);
/// How often those act who act again and again.
const ACTS_EVERY: Duration = Duration::from_millis(10);
const INPUTS_AT_ONCE: usize = 200;
const GARBAGE_MOST: u32 = 200;
/// Who stalls has so little room that it is soon full.
const RECEIVES: usize = 4 << 10;

/// What no honest client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// Bytes that are no messages.
    Malformed,
    /// Inputs as fast as they can be written.
    Flood,
    /// Half a request, and nothing more.
    HalfOpen,
    /// A WebSocket on which nothing is ever said.
    Mute,
    /// Is gone as soon as it has a seat.
    InstantLeaver,
    /// Takes a seat and reads nothing from then on.
    Stalled,
    /// A frame that says it is a gigabyte long.
    GiantFrame,
}

const DEEDS: [(Deed, &str); 7] = [
    (Deed::Malformed, "malformed packets"),
    (Deed::Flood, "flood of inputs"),
    (Deed::HalfOpen, "half-open socket"),
    (Deed::Mute, "nothing said"),
    (Deed::InstantLeaver, "instant leaver"),
    (Deed::Stalled, "stalled reader"),
    (Deed::GiantFrame, "giant frame"),
];

/// All who are not honest.
pub(super) struct Chaos {
    villains: Vec<Villain>,
    /// What was done, and how it ended, how often.
    pub(super) done: BTreeMap<String, u64>,
    buffer: Vec<u8>,
    /// What honest players do: the others go where they are.
    plan: Arc<Plan>,
    seed: u64,
}

struct Villain {
    random: Random,
    deed: usize,
    wire: Option<Wire>,
    session: Option<ClientSession>,
    has_begun: bool,
    /// Whether the server said goodbye; it hangs up a little later.
    is_dismissed: bool,
    until: Duration,
    next: Duration,
}

impl Chaos {
    /// Nobody yet.
    pub(super) fn new(plan: Arc<Plan>, seed: u64) -> Self {
        let (villains, done) = (Vec::new(), BTreeMap::new());
        Self { villains, done, buffer: Vec::new(), plan, seed }
    }

    /// There are so many from now on, if there were fewer.
    pub(super) fn grow(&mut self, count: usize) {
        let villain = |number: usize| Villain {
            random: Random::from_seed(!self.seed ^ ((number as u64) << 20)),
            deed: number % DEEDS.len(),
            wire: None,
            session: None,
            has_begun: false,
            is_dismissed: false,
            until: Duration::ZERO,
            next: Duration::ZERO,
        };
        let more: Vec<_> = (self.villains.len()..count).map(villain).collect();
        self.villains.extend(more);
    }

    /// Lets time pass; these sockets can be read or written.
    pub(super) fn pass(&mut self, crowd: &Crowd, now: Duration, ready: &[Token]) {
        for token in ready {
            if let Some(villain) = self.villains.get_mut(token.0 - CHAOS) {
                villain.read(&self.plan, &mut self.buffer, now);
            }
        }
        for (number, villain) in self.villains.iter_mut().enumerate() {
            if now >= villain.next {
                villain.act(crowd, Token(CHAOS + number), now, &mut self.done);
            }
        }
    }
}

impl Villain {
    fn act(
        &mut self,
        crowd: &Crowd,
        token: Token,
        now: Duration,
        done: &mut BTreeMap<String, u64>,
    ) {
        let (deed, name) = DEEDS[self.deed];
        let Some(wire) = &mut self.wire else { return self.begin(crowd, token, now) };
        let is_cut = wire.is_gone() || self.is_dismissed;
        let is_in = self.session.as_ref().is_some_and(|it| it.stage() == Stage::Joined);
        if is_cut || now >= self.until || (deed == Deed::InstantLeaver && is_in) {
            let end = if is_cut { "cut by the server" } else { "gave up" };
            let end = if deed == Deed::InstantLeaver && is_in { "left" } else { end };
            *done.entry(format!("{name}: {end}")).or_default() += 1;
            (self.wire, self.session) = (None, None);
            self.deed = self.random.below(DEEDS.len() as u32) as usize;
            self.next = now + PAUSE_MOST.mul_f32(self.random.unit());
            return;
        }
        self.next = now + ACTS_EVERY;
        if deed == Deed::Stalled && is_in && !self.has_begun {
            self.has_begun = true;
            *done.entry(format!("{name}: began")).or_default() += 1;
        }
        match deed {
            Deed::Malformed if wire.is_open() => {
                let length = self.random.below(GARBAGE_MOST) as usize;
                let bytes: Vec<u8> = (0..length).map(|_| self.random.bits() as u8).collect();
                wire.frame(BINARY, &bytes);
                wire.flush();
            }
            Deed::Flood if is_in => {
                for tick in 0..INPUTS_AT_ONCE {
                    let input = Input { tick: Tick(tick as u32), ..Input::default() };
                    let said = self.session.as_mut().map(|it| it.send(&FromClient::Input(input)));
                    if !matches!(said, Some(Ok(()))) {
                        break;
                    }
                    say_all(wire, self.session.as_mut());
                }
            }
            Deed::GiantFrame if wire.is_open() && !self.has_begun => {
                self.has_begun = true;
                let mut header = vec![BINARY, 0x80 | 127];
                header.extend((1u64 << 30).to_be_bytes());
                header.extend([0; 4]);
                wire.write(&header);
            }
            _ => wire.flush(),
        }
    }

    fn begin(&mut self, crowd: &Crowd, token: Token, now: Duration) {
        let (registry, target) = (crowd.poll.registry(), &crowd.target);
        let (deed, _) = DEEDS[self.deed];
        let receives = (deed == Deed::Stalled).then_some(RECEIVES);
        let asks = request(&target.path, &target.host);
        let asks = if deed == Deed::HalfOpen { &asks[..asks.len() / 2] } else { &asks };
        // One that cannot even connect tries something else in a moment.
        self.wire = Wire::upgrade(target.address, asks, token, registry, receives).ok();
        let speaks = matches!(deed, Deed::Flood | Deed::InstantLeaver | Deed::Stalled);
        let hello = Hello { software: "tickwire load, not honest", ..Hello::default() };
        self.session = if speaks { ClientSession::new(&hello, now).ok() } else { None };
        (self.has_begun, self.is_dismissed) = (false, false);
        self.until = now + GIVES_UP_AFTER;
        self.next = now + ACTS_EVERY;
    }

    fn read(&mut self, plan: &Plan, buffer: &mut Vec<u8>, now: Duration) {
        let (deed, _) = DEEDS[self.deed];
        let Some(wire) = &mut self.wire else { return };
        let is_in = self.session.as_ref().is_some_and(|it| it.stage() == Stage::Joined);
        if deed == Deed::Stalled && is_in {
            return;
        }
        wire.read(buffer);
        let mut used = 0;
        while let Some((frame, length)) = next_frame(&buffer[used..]) {
            used += length;
            self.is_dismissed |= matches!(frame, Frame::Close(..));
            let (Frame::Binary(packet), Some(session)) = (frame, &mut self.session) else {
                continue;
            };
            // What is said to it is of no matter.
            let _ = session.receive(packet, now);
            if session.stage() == Stage::Free {
                let (place, options) = (&*plan.place, &*plan.options);
                let join = Join { name: "nobody honest", place, options, ..Join::default() };
                let _ = session.send(&FromClient::Join(join));
            }
        }
        wire.keep(&buffer[used..]);
        if wire.is_open() {
            say_all(wire, self.session.as_mut());
        }
    }
}

fn say_all(wire: &mut Wire, session: Option<&mut ClientSession>) {
    let Some(session) = session else { return };
    while let Some(packet) = session.poll_packet() {
        wire.frame(BINARY, &packet);
    }
    wire.flush();
}
