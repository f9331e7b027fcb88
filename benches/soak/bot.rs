//! One bot: plays, and now and then does something that real clients do, or hostile ones.
//!
//! It holds its match in a replica, which verifies each packet. What the server does that it must
//! not do to a client is a wrong, and ends the soak with an error.

mod hearing;
mod whims;

use crate::deeds::Deed;
use crate::tally::Tally;
use game::arena::Input as Controls;
use game::arena::control::Buttons;
use mio::{Registry, Token};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tickwire::ids::Tick;
use tickwire::load::wire::{Wire, request};
use tickwire::protocol::native::{ClientSession, FromClient, Hello, Input, Join, Stage};
use tickwire::sim::{Random, encode_input};
use tickwire::sync::Replica;
use tickwire::sync::schema::Schema;

/// The network keeps so little for a bot that it is soon seen when it does not read.
const RECEIVES: usize = 8 << 10;
const INPUT_INTERVAL: Duration = Duration::from_millis(50);
const SECOND: Duration = Duration::from_secs(1);
/// An answer takes no longer, nor the next packet of a match.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Nor does the end of a connection that has earned it: silence is heard after 15 seconds.
const END_WITHIN: Duration = Duration::from_secs(30);
const MODES: [&str; 2] = ["", r#"{"mode":"wide"}"#];

/// What all bots have in common.
pub(crate) struct Around<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) registry: &'a Registry,
    pub(crate) now: Duration,
    pub(crate) shared: &'a mut Shared,
}

#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) tally: Tally,
    places: Vec<String>,
    schemas: BTreeMap<u64, Arc<Schema>>,
}

pub(crate) struct Bot {
    number: usize,
    random: Random,
    wire: Option<Wire>,
    session: ClientSession,
    mood: Mood,
    seat: Option<Seat>,
    /// Whether it said whom it wants to be again and was not told whether it is.
    comes_back: bool,
    /// Whether it asked for more than it took since it connected.
    is_greedy: bool,
    /// The code it was cut with.
    code: u16,
    controls: Controls,
    /// Where its session is, and since when.
    stage: (Stage, Duration),
    next_join: Duration,
    next_input: Duration,
    next_whim: Duration,
    last_whim: &'static str,
}

struct Seat {
    place: Box<str>,
    replica: Replica,
    is_spectator: bool,
    heard: Duration,
    states: u64,
}

#[derive(Clone, Copy, Debug)]
enum Mood {
    Plays,
    /// Does not read; may go on talking.
    Stalls {
        until: Duration,
        is_mute: bool,
    },
    /// Has no connection; comes back as who it was, or as somebody new.
    Away {
        until: Duration,
    },
    /// Has done what must end its connection.
    Doomed {
        deed: Deed,
        since: Duration,
    },
}

impl Bot {
    pub(crate) fn new(number: usize, seed: u64, now: Duration) -> anyhow::Result<Self> {
        let mut random = Random::from_seed(seed ^ ((number as u64) << 32));
        let spread = INPUT_INTERVAL.mul_f32(random.unit());
        Ok(Self {
            number,
            wire: None,
            session: ClientSession::new(&Self::hello(), now)?,
            mood: Mood::Away { until: now },
            seat: None,
            comes_back: false,
            is_greedy: false,
            code: 0,
            controls: Controls::default(),
            stage: (Stage::Opened, now),
            next_join: now,
            next_input: now + spread,
            next_whim: now + SECOND.mul_f32(random.between(1.0, 20.0)),
            last_whim: "nothing",
            random,
        })
    }

    fn hello() -> Hello<'static> {
        Hello { software: "soak", ..Hello::default() }
    }

    /// How many packets it has had in its match.
    pub(crate) fn states(&self) -> u64 {
        self.seat.as_ref().map_or(0, |seat| seat.states)
    }

    /// The match that it is in.
    pub(crate) fn place(&self) -> Option<&str> {
        self.seat.as_ref().map(|seat| &*seat.place)
    }

    /// Plays and does nothing else from now on.
    pub(crate) fn behave(&mut self) {
        self.next_whim = Duration::MAX;
    }

    /// Its socket can be read or written.
    pub(crate) fn look(&mut self, around: &mut Around<'_>) {
        self.wire.iter_mut().for_each(Wire::flush);
        if !matches!(self.mood, Mood::Stalls { .. }) {
            self.read(around);
        }
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, around: &mut Around<'_>) {
        let now = around.now;
        match self.mood {
            Mood::Away { until } if now >= until => return self.connect(around),
            Mood::Away { .. } => return,
            Mood::Doomed { deed, since } if now > since + END_WITHIN => {
                around.shared.tally.wrong("a connection was not ended", &deed.name());
                return self.renew(around);
            }
            Mood::Doomed { .. } => return,
            Mood::Stalls { until, .. } if now >= until => {
                self.mood = Mood::Plays;
                self.stage.1 = now;
                self.seat.iter_mut().for_each(|seat| seat.heard = now);
                return self.read(around);
            }
            Mood::Stalls { is_mute: true, .. } => return,
            Mood::Stalls { .. } | Mood::Plays => {}
        }
        if now >= self.session.poll_timeout() {
            if let Err(error) = self.session.handle_timeout(now) {
                let about = format!(
                    "{error}; {:?} since {:?}, after {}, came back: {}, in {:?}",
                    self.stage.0,
                    now.saturating_sub(self.stage.1),
                    self.last_whim,
                    self.comes_back,
                    self.place()
                );
                around.shared.tally.wrong("the server said nothing", &about);
                return self.renew(around);
            }
            self.say_all();
        }
        if now >= self.next_input {
            self.next_input = now.max(self.next_input + INPUT_INTERVAL);
            self.play(now);
        }
        if matches!(self.mood, Mood::Plays) {
            self.wait(around);
        }
    }

    /// What it does when it is told, and what it does not wait for.
    fn wait(&mut self, around: &mut Around<'_>) {
        let now = around.now;
        let stage = self.session.stage();
        if stage != self.stage.0 {
            self.stage = (stage, now);
        }
        let is_asking = !matches!(stage, Stage::Free | Stage::Left | Stage::Joined);
        let heard = self.seat.as_ref().map_or(now, |seat| seat.heard);
        if (is_asking && now > self.stage.1 + ANSWER_WITHIN) || now > heard + ANSWER_WITHIN {
            let about = format!("{stage:?}, after {}", self.last_whim);
            around.shared.tally.wrong("no answer came", &about);
            return self.renew(around);
        }
        if matches!(stage, Stage::Free | Stage::Left) && now >= self.next_join {
            self.join(around.shared);
        }
        if now >= self.next_whim {
            self.next_whim = now + SECOND.mul_f32(self.random.between(2.0, 22.0));
            self.follow_a_whim(around);
        }
    }

    /// Is somebody else from now on.
    fn renew(&mut self, around: &mut Around<'_>) {
        self.wire = None;
        self.seat = None;
        self.comes_back = false;
        self.mood = Mood::Away { until: around.now };
    }

    fn connect(&mut self, around: &mut Around<'_>) {
        let connected = Wire::upgrade(
            around.address,
            &request("/play", "soak"),
            Token(self.number),
            around.registry,
            Some(RECEIVES),
        );
        let begun = if self.comes_back {
            self.session.reconnect(around.now)
        } else {
            ClientSession::new(&Self::hello(), around.now).map(|session| self.session = session)
        };
        match (connected, begun) {
            (Ok(wire), Ok(())) => {
                self.wire = Some(wire);
                self.mood = Mood::Plays;
                self.stage = (self.session.stage(), around.now);
                (self.code, self.is_greedy) = (0, false);
            }
            (wire, begun) => {
                let about = format!("{:?} {begun:?}", wire.err());
                around.shared.tally.wrong("no connection could be opened", &about);
                self.mood = Mood::Away { until: around.now + SECOND };
            }
        }
    }

    fn join(&mut self, shared: &Shared) {
        let chance = self.random.below(100);
        let known = self.random.pick(&shared.places).map(String::as_str);
        let mode = *self.random.pick(&MODES).unwrap_or(&"");
        let join = match (chance, known) {
            (0..10, Some(place)) => Join { place, spectator: true, ..Join::default() },
            (10..15, Some(place)) => Join { place, ..Join::default() },
            _ => Join { options: mode, ..Join::default() },
        };
        self.say(&FromClient::Join(Join { name: "bot", ..join }));
    }

    fn play(&mut self, now: Duration) {
        let Some(seat) = self.seat.as_ref().filter(|_| self.session.stage() == Stage::Joined)
        else {
            return;
        };
        if seat.is_spectator {
            if self.random.one_in(10) {
                let at = [self.random.between(0.0, 96.0), self.random.between(0.0, 96.0)];
                self.say(&FromClient::Look { at });
            }
            return;
        }
        if self.random.one_in(10) {
            let bits = self.random.bits().to_le_bytes();
            self.controls = Controls {
                move_x: bits[0] as i8,
                move_y: bits[1] as i8,
                aim: self.controls.aim.wrapping_add(u16::from(bits[2]) << 6),
                buttons: Buttons(bits[3]),
            };
        }
        let (tick, controls) = (self.tick(now), encode_input(&self.controls));
        self.say(&FromClient::Input(Input { tick, controls: &controls, ..Input::default() }));
    }

    /// The tick that an input is best meant for.
    fn tick(&self, now: Duration) -> Tick {
        let seen = || self.seat.as_ref().map_or(Tick(0), |seat| seat.replica.tick());
        Tick(self.session.server_tick(now).map_or_else(seen, |(tick, _)| tick).0 + 2)
    }

    fn say(&mut self, message: &FromClient<'_>) {
        if self.session.send(message).is_ok() {
            self.say_all();
        }
    }

    fn say_all(&mut self) {
        let Some(wire) = self.wire.as_mut().filter(|wire| wire.is_open()) else { return };
        while let Some(packet) = self.session.poll_packet() {
            wire.say(&packet);
        }
    }
}
