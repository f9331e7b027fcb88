//! All native players of a run, on one thread: their sockets, and the clock.

use super::hall::Hall;
use super::plan::Plan;
use super::player::{Around, Player};
use super::road::{Road, Weather};
use super::tally::Felt;
use super::wire::{BINARY, Frame, Wire, next_frame, request};
use bytes::Bytes;
use mio::{Events, Poll, Token};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often sockets are looked at. What is said may be as late as that; when something came the
/// kernel says.
const PACE: Duration = Duration::from_millis(1);
const EVENTS: usize = 4096;
/// Sockets that belong to nobody honest have tokens from here on.
pub(super) const CHAOS: usize = 1 << 24;

/// Where players connect.
#[derive(Clone, Debug)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// How it is called.
    pub host: String,
    /// Where its native clients are.
    pub path: String,
}

/// Players and their connections.
pub struct Crowd {
    pub(super) poll: Poll,
    events: Events,
    ready: Vec<(Token, bool)>,
    members: Vec<Member>,
    /// When who is to be looked at; an entry may be older than what its player wants by now.
    agenda: BinaryHeap<Reverse<(Duration, usize)>>,
    pub(super) hall: Hall,
    /// What was felt since that was taken last.
    pub felt: Felt,
    buffer: Vec<u8>,
    request: String,
    pub(super) target: Target,
    weather: Weather,
    seed: u64,
    roads: u64,
    start: Instant,
    /// What the system's clock shows beyond the time since there is a crowd.
    epoch: Duration,
    /// When sockets were looked at, the time before the last and the last.
    passes: [Duration; 2],
}

struct Member {
    player: Player,
    wire: Option<Wire>,
    /// Where the network is simulated: there and back.
    roads: Option<[Road; 2]>,
    due: Duration,
}

impl Crowd {
    /// Nobody yet.
    pub fn new(target: Target, weather: Weather, seed: u64) -> anyhow::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            ready: Vec::new(),
            members: Vec::new(),
            agenda: BinaryHeap::new(),
            hall: Hall::default(),
            felt: Felt::default(),
            buffer: Vec::new(),
            request: request(&target.path, &target.host),
            target,
            weather,
            seed,
            roads: 0,
            start: Instant::now(),
            epoch: Duration::ZERO,
            passes: [Duration::ZERO; 2],
        })
    }

    /// The time since there is a crowd.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// So many more players come, evenly within this time from now on.
    pub fn add(&mut self, count: usize, plan: &Arc<Plan>, within: Duration) -> anyhow::Result<()> {
        let now = self.now();
        for place in 0..count {
            let due = now + within.mul_f64(place as f64 / count as f64);
            let number = self.members.len();
            let player = Player::new(u32::try_from(number)?, plan.clone(), due)?;
            self.members.push(Member { player, wire: None, roads: None, due });
            self.agenda.push(Reverse((due, number)));
        }
        Ok(())
    }

    /// How many there are, and how many of them play.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let playing = self.members.iter().filter(|member| member.player.is_in()).count();
        (self.members.len(), playing)
    }

    /// How many matches they are in.
    #[must_use]
    pub fn matches(&self) -> usize {
        self.hall.matches()
    }

    /// How often their matches tick; 0 as long as nobody is in one.
    #[must_use]
    pub fn hertz(&self) -> f64 {
        let period = self.members.iter().find_map(|member| member.player.period());
        period.map_or(0.0, |period| 1.0 / period.as_secs_f64())
    }

    /// All that was due until now is counted.
    pub fn settle(&mut self) {
        let now = self.now();
        for member in &mut self.members {
            member.player.settle(&mut Around { now, felt: &mut self.felt, hall: &mut self.hall });
        }
    }

    /// At the end: who waits for a packet has waited until now.
    pub fn conclude(&mut self) {
        let now = self.now();
        for member in &mut self.members {
            member.player.conclude(&mut Around { now, felt: &mut self.felt, hall: &mut self.hall });
        }
        self.hall.conclude(now, &mut self.felt.visible);
    }

    /// Lets all play until then; others who have sockets here are told of theirs.
    pub fn run_until(
        &mut self,
        until: Duration,
        mut others: impl FnMut(&mut Self, Duration, &[Token]),
    ) -> anyhow::Result<()> {
        let mut theirs = Vec::new();
        loop {
            let now = self.now();
            if now >= until {
                return Ok(());
            }
            // Anew each time: the system's clock is put right now and then.
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.epoch = since.saturating_sub(now);
            self.passes = [self.passes[1], now];
            self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
            theirs.clear();
            let mut ready = std::mem::take(&mut self.ready);
            ready.extend(self.events.iter().map(|event| (event.token(), event.is_read_closed())));
            for (token, ends) in ready.drain(..) {
                match token.0 {
                    CHAOS.. => theirs.push(token),
                    number => self.read(number, ends),
                }
            }
            self.ready = ready;
            self.keep_the_agenda();
            others(self, now, &theirs);
            std::thread::sleep(PACE.saturating_sub(self.now() - now));
        }
    }

    fn keep_the_agenda(&mut self) {
        let now = self.now();
        while let Some(Reverse((due, number))) = self.agenda.peek().copied() {
            if due > now {
                return;
            }
            self.agenda.pop();
            if self.members[number].due == due {
                self.act(number);
            }
        }
    }

    /// Does what is due for a player.
    fn act(&mut self, number: usize) {
        // Looked up anew: those before it took their time, and what is said now is not said then.
        let now = self.start.elapsed();
        let member = &mut self.members[number];
        let mut around = Around { now, felt: &mut self.felt, hall: &mut self.hall };
        if member.player.hangs_up() {
            (member.wire, member.roads) = (None, None);
            member.player.closed(&mut around);
        }
        if member.player.wants_connection(now) {
            let registry = self.poll.registry();
            let opened =
                Wire::upgrade(self.target.address, &self.request, Token(number), registry, None);
            match opened {
                Ok(wire) => {
                    member.wire = Some(wire);
                    member.player.opened(&mut around);
                    if !self.weather.is_fine() {
                        self.roads += 2;
                        let seed = |road: u64| self.seed ^ (road << 32);
                        member.roads = Some(
                            [self.roads, self.roads + 1]
                                .map(|road| Road::new(self.weather, seed(road), now)),
                        );
                    }
                }
                Err(error) => member.player.refused(&error.to_string(), &mut around),
            }
        }
        if now >= member.player.due() {
            member.player.pass(&mut around);
        }
        member.travel(&mut around);
        self.plan_ahead(number);
    }

    fn plan_ahead(&mut self, number: usize) {
        let member = &mut self.members[number];
        // What is on its way there waits until there is a way.
        let is_open = member.wire.as_ref().is_some_and(Wire::is_open);
        let roads = member.roads.as_ref().and_then(|[there, back]| {
            back.due().into_iter().chain(there.due().filter(|_| is_open)).min()
        });
        let due = member.player.due().min(roads.unwrap_or(Duration::MAX));
        if due != member.due {
            member.due = due;
            self.agenda.push(Reverse((due, number)));
        }
    }

    /// Reads what came for a player; perhaps it is the last.
    fn read(&mut self, number: usize, ends: bool) {
        let now = self.start.elapsed();
        let member = &mut self.members[number];
        let Some(wire) = &mut member.wire else { return };
        let mut buffer = std::mem::take(&mut self.buffer);
        if ends {
            wire.ends();
        }
        let came = wire.read(&mut buffer);
        // What came while this process did something else came then and not now; not before it looked
        // last, whatever becomes of the system's clock.
        let came = came.map_or(now, |at| at.saturating_sub(self.epoch).clamp(self.passes[0], now));
        let mut around = Around { now: came, felt: &mut self.felt, hall: &mut self.hall };
        let mut used = 0;
        while let Some((frame, length)) = next_frame(&buffer[used..]) {
            used += length;
            match (frame, &mut member.roads) {
                (Frame::Binary(packet), None) => member.player.receive(packet, &mut around),
                (Frame::Binary(packet), Some([_, back])) => {
                    back.send(Bytes::copy_from_slice(packet), came);
                }
                (Frame::Ping(payload), _) => wire.pong(payload),
                (Frame::Close(code, why), _) => member.player.dismissed(code, why, &mut around),
                _ => {}
            }
        }
        wire.keep(&buffer[used..]);
        self.buffer = buffer;
        around.now = now;
        member.travel(&mut around);
        self.plan_ahead(number);
    }
}

impl Member {
    /// Takes what has come to the end of its road, and writes what is to be written, all at once.
    fn travel(&mut self, around: &mut Around<'_>) {
        if let Some([there, back]) = &mut self.roads {
            while let Some(packet) = back.arrived(around.now) {
                self.player.receive(&packet, around);
            }
            while let Some(packet) = self.player.poll_packet() {
                there.send(packet, around.now);
            }
        }
        let Some(wire) = self.wire.as_mut().filter(|wire| wire.is_open() || wire.is_gone()) else {
            return;
        };
        match &mut self.roads {
            None => {
                while let Some(packet) = self.player.poll_packet() {
                    wire.frame(BINARY, &packet);
                }
            }
            Some([there, _]) => {
                while let Some(packet) = there.arrived(around.now) {
                    wire.frame(BINARY, &packet);
                }
            }
        }
        wire.flush();
        let is_on_the_way = self.roads.as_ref().is_some_and(|[_, back]| back.due().is_some());
        if wire.is_gone() && !is_on_the_way {
            let refusal = wire.refusal();
            self.wire = None;
            self.roads = None;
            match refusal {
                Some(why) => self.player.refused(&why, around),
                None => self.player.closed(around),
            }
        }
    }
}
