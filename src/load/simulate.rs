//! The same players and the same matches without sockets, in virtual time: thousands of ticks a second,
//! each run the same as often as its seed is played.
//!
//! Beside what players verify themselves, what they hold is compared with the world now and then, and
//! in the end every seat must be free again.

use super::hall::Hall;
use super::plan::Plan;
use super::player::{Around, Player};
use super::road::{Road, Weather};
use super::tally::Felt;
use crate::host::matches::{Rehearsal, Stand};
use crate::ids::{PlayerId, Tick};
use crate::sim::Lanes;
use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// A period of a match is looked at in so many steps.
const STEPS: u32 = 8;
/// The network keeps so many bytes for one who does not take them.
const NETWORK_KEEPS: usize = 16 << 10;
/// What players hold is compared with the world every so many ticks.
const COMPARED_EVERY: u32 = 64;
/// So many comparisons wait for their packets.
const COMPARISONS_MOST: usize = 64;
/// So few players are tried one by one; then twice as many each time.
const FEW: u32 = 8;
/// Players come within so much time.
const ARRIVAL: Duration = Duration::from_secs(2);

/// What is simulated.
pub struct Scenario {
    /// What makes the match for a seed; who was lost keeps its seat for `seat_kept`.
    pub rehearse: Box<dyn Fn(u64) -> Result<Rehearsal, String>>,
    /// How many play.
    pub players: u32,
    /// For how many ticks.
    pub ticks: u32,
    /// The network.
    pub weather: Weather,
    /// How long a seat is kept.
    pub seat_kept: Duration,
    /// What players do.
    pub plan: Arc<Plan>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ran {
    /// What players felt.
    pub felt: Felt,
    /// Ticks that were simulated.
    pub ticks: u32,
    /// The state that the match came to.
    pub hash: u64,
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// At this tick.
    pub tick: u32,
    /// A run of so many ticks shows it.
    pub ticks: u32,
    /// One sentence.
    pub what: String,
}

/// One client and the roads to its match.
struct Link {
    player: Player,
    stand: Option<Stand>,
    up: Road,
    down: Road,
    /// What it must hold at which tick.
    expected: VecDeque<(Tick, PlayerId, Lanes)>,
}

struct World<'a> {
    scenario: &'a Scenario,
    seed: u64,
    rehearsal: Rehearsal,
    links: Vec<Link>,
    hall: Hall,
    felt: Felt,
    now: Duration,
    roads: u64,
}

/// Plays a scenario; stops at the first thing that must not be.
pub fn simulate(scenario: &Scenario, seed: u64) -> Result<Ran, Fault> {
    let mut world = World::new(scenario, seed)?;
    while world.tick() < scenario.ticks {
        world.safely(World::advance)?;
    }
    world.safely(World::conclude)?;
    let (ticks, hash) = (world.tick(), world.rehearsal.game().state_hash());
    world.safely(World::rest)?;
    Ok(Ran { felt: world.felt, ticks, hash })
}

/// Plays it twice: a match is a function of its seed and its inputs, and so is all around it here.
pub fn simulate_twice(scenario: &Scenario, seed: u64) -> Result<Ran, Fault> {
    let (one, other) = (simulate(scenario, seed)?, simulate(scenario, seed)?);
    if (one.hash, one.felt.counts) == (other.hash, other.felt.counts) {
        return Ok(one);
    }
    let what = "played twice it came to another state".into();
    let tick = first_difference(scenario, seed).unwrap_or(one.ticks);
    Err(Fault { tick, ticks: (tick + 1).min(scenario.ticks), what })
}

/// The first tick in which two who play the same differ.
fn first_difference(scenario: &Scenario, seed: u64) -> Option<u32> {
    let mut both = [World::new(scenario, seed).ok()?, World::new(scenario, seed).ok()?];
    while both[0].tick() < scenario.ticks {
        for world in &mut both {
            world.safely(World::advance).ok()?;
        }
        let state = |world: &mut World<'_>| {
            (world.tick(), world.rehearsal.game().state_hash(), world.felt.counts)
        };
        let [one, other] = both.each_mut().map(state);
        if one != other {
            return Some(one.0);
        }
    }
    None
}

/// What a panic says.
fn told(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("nothing")
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario, seed: u64) -> Result<Self, Fault> {
        let fault = |what: String| Fault { tick: 0, ticks: 1, what };
        let rehearsal = (scenario.rehearse)(seed).map_err(fault)?;
        let mut world = Self {
            scenario,
            seed,
            rehearsal,
            links: Vec::new(),
            hall: Hall::default(),
            felt: Felt::default(),
            now: Duration::ZERO,
            roads: 0,
        };
        for number in 0..scenario.players {
            let due = ARRIVAL * number / scenario.players.max(1);
            let player = Player::new(number, scenario.plan.clone(), due);
            let player = player.map_err(|error| fault(error.to_string()))?;
            let (up, down) = (world.road(), world.road());
            world.links.push(Link { player, stand: None, up, down, expected: VecDeque::new() });
        }
        Ok(world)
    }

    fn tick(&mut self) -> u32 {
        self.rehearsal.game().tick_number().0
    }

    fn road(&mut self) -> Road {
        self.roads += 1;
        Road::new(self.scenario.weather, self.seed ^ (self.roads << 32), self.now)
    }

    /// Whatever panics, the game or a player, is a fault of this seed.
    fn safely(&mut self, act: fn(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        let tick = self.tick();
        let acted = catch_unwind(AssertUnwindSafe(|| act(self)));
        acted.unwrap_or_else(|panic| {
            let what = format!("a panic: {}", told(&*panic));
            Err(Fault { tick, ticks: tick + 1, what })
        })
    }

    /// A moment: everybody does what is due, then the match.
    fn advance(&mut self) -> Result<(), Fault> {
        let links = std::mem::take(&mut self.links);
        self.links = links.into_iter().map(|link| self.look(link)).collect();
        if self.now >= self.rehearsal.due() {
            self.step()?;
        }
        self.now += Duration::from_secs(1) / self.rehearsal.game().hertz() / STEPS;
        self.verify()
    }

    /// At the end: what came and was not looked at yet, since others did not have it, is looked at.
    fn conclude(&mut self) -> Result<(), Fault> {
        for link in &mut self.links {
            let (now, felt, hall) = (self.now, &mut self.felt, &mut self.hall);
            link.player.conclude(&mut Around { now, felt, hall });
        }
        self.verify()
    }

    /// Whether players have found all as it must be.
    fn verify(&mut self) -> Result<(), Fault> {
        let counts = &self.felt.counts;
        let what = match (counts.desyncs, counts.broken) {
            (0, 0) => return Ok(()),
            (0, _) => "a packet could not be applied",
            _ => "a checksum came to something else",
        };
        let tick = self.tick();
        Err(Fault { tick, ticks: tick + 1, what: what.into() })
    }

    fn look(&mut self, mut link: Link) -> Link {
        let now = self.now;
        if link.player.hangs_up() || link.stand.as_ref().is_some_and(|stand| stand.is_over()) {
            if let Some(stand) = link.stand.take() {
                self.rehearsal.close(stand);
            }
            link.expected.clear();
            link.player.closed(&mut self.around());
        }
        if link.player.wants_connection(now) {
            link.stand = Some(self.rehearsal.open(now));
            (link.up, link.down) = (self.road(), self.road());
            link.player.opened(&mut self.around());
        }
        if now >= link.player.due() {
            link.player.pass(&mut self.around());
        }
        let Some(stand) = &mut link.stand else { return link };
        while let Some(packet) = link.player.poll_packet() {
            link.up.send(packet, now);
        }
        while let Some(packet) = link.up.arrived(now) {
            self.rehearsal.receive(stand, &packet, now);
        }
        self.rehearsal.pass(stand, now);
        while link.down.bytes() < NETWORK_KEEPS
            && let Some(packet) = stand.poll_packet()
        {
            link.down.send(packet, now);
        }
        while let Some(packet) = link.down.arrived(now) {
            link.player.receive(&packet, &mut self.around());
            link.compare(&mut self.hall, &mut self.felt);
        }
        link
    }

    fn around(&mut self) -> Around<'_> {
        Around { now: self.now, felt: &mut self.felt, hall: &mut self.hall }
    }

    fn step(&mut self) -> Result<(), Fault> {
        let next = self.tick() + 1;
        if !self.rehearsal.step(self.now) {
            return Err(Fault { tick: next, ticks: next, what: "the match ended".into() });
        }
        if next.is_multiple_of(COMPARED_EVERY) {
            for link in &mut self.links {
                let Some((player, _)) = link.player.view(&mut self.hall) else { continue };
                let lanes = self.rehearsal.game().visible_to(player);
                link.expected.push_back((Tick(next), player, lanes));
                if link.expected.len() > COMPARISONS_MOST {
                    link.expected.pop_front();
                }
            }
        }
        Ok(())
    }

    /// All hang up for good; then nothing may be left of them.
    fn rest(&mut self) -> Result<(), Fault> {
        for link in &mut self.links {
            if let Some(stand) = link.stand.take() {
                self.rehearsal.close(stand);
            }
        }
        let until = self.now + self.scenario.seat_kept + Duration::from_secs(1);
        while self.now < until {
            self.now = self.rehearsal.due();
            let goes_on = self.rehearsal.step(self.now);
            if !goes_on {
                break;
            }
        }
        match self.rehearsal.seats() {
            0 => Ok(()),
            seats => {
                let what = format!("{seats} seats are taken by nobody");
                Err(Fault { tick: self.tick(), ticks: self.scenario.ticks, what })
            }
        }
    }
}

impl Link {
    /// Compares what it holds with what it must hold at this tick, if that was noted. What those who wait
    /// for each other have passed in one go is compared no more.
    fn compare(&mut self, hall: &mut Hall, felt: &mut Felt) {
        let Some((player, seen)) = self.player.view(hall) else { return };
        let tick = seen.tick();
        while let Some((at, seat, lanes)) = self.expected.front() {
            if *at > tick {
                return;
            }
            if *at == tick && *seat == player && seen.held() != *lanes {
                felt.counts.desyncs += 1;
            }
            self.expected.pop_front();
        }
    }
}

/// Makes a scenario a small one that shows a fault of this seed: few players, then the fewest ticks.
pub fn smallest(scenario: &mut Scenario, seed: u64, fault: Fault) -> (u32, Fault) {
    let (asked, mut found) = (scenario.players, fault);
    // What is found with the last tick was there in so many.
    scenario.ticks = scenario.ticks.min(found.ticks);
    let more = std::iter::successors(Some(FEW), |players| players.checked_mul(2));
    for fewer in (1..FEW).chain(more).take_while(|fewer| *fewer < asked) {
        scenario.players = fewer;
        if let Err(less) = simulate_twice(scenario, seed) {
            found = less;
            break;
        }
        scenario.players = asked;
    }
    // What is found only in the end may be there in fewer ticks.
    let (mut none, mut some) = (0, scenario.ticks.min(found.ticks));
    while none + 1 < some {
        scenario.ticks = none + (some - none) / 2;
        match simulate_twice(scenario, seed) {
            Err(less) => (some, found) = (scenario.ticks.min(less.ticks), less),
            Ok(_) => none = scenario.ticks,
        }
    }
    (scenario.ticks, found.ticks) = (some, some);
    (scenario.players, found)
}
