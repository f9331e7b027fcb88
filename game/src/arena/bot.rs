//! A player made of rules of thumb. It knows nothing but what it sees.
//!
//! It looks around a few times a second, remembers a goal and a target, and in between runs and
//! aims by what it remembers. It turns no faster than a hand does, and strays a little.

use super::control::{Buttons, Input};
use super::foresight::{self, is_live};
use super::pickup::Gift;
use super::sight::{Glance, Sight};
use super::turn;
use super::weapon::Kind;
use arena_rules::Weapon;
use bevy_ecs::component::Component;
use serde::{Deserialize, Serialize};
use tickwire::cli::Own;
use tickwire::ids::Tick;
use tickwire::prelude::{NetId, PlayerId, Random};
use tickwire::sync::Seen;

/// Ticks from one look around to the next.
const LOOK: u32 = 5;
/// How far it turns in a tick at most, in 1/65536 of a turn.
const TURN_MOST: i32 = 5200;
/// Within which its aim must be before it fires, in 1/65536 of a turn.
const TURN_SURE: i32 = 900;
/// How far it shoots, in units.
const RANGE: f32 = 20.0;
/// How near it likes its targets, in units.
const NEAR: f32 = 7.0;
/// Up to where a scatter is better than a blaster, in units, and from where on a rocket is.
const SCATTER_TO: f32 = 6.0;
const ROCKET_FROM: f32 = 5.0;
/// How far ahead it feels for walls, in units.
const FEEL: f32 = 3.0;
/// How wide it believes it is, in units, from its middle.
const WIDTH: f32 = 0.48;

/// Whom it fights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Target {
    id: NetId,
    /// Where it was seen last, and how it moved, in units per tick.
    at: [f32; 2],
    velocity: [f32; 2],
    seen: Tick,
}

/// What a bot keeps in mind; saved, not sent.
#[derive(Component, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mind {
    avatar: Option<NetId>,
    target: Option<Target>,
    goal: [f32; 2],
    /// The way it runs around things, and around targets: 1 or -1.
    bias: i32,
    weapon: u8,
    /// Until when it stands and looks about.
    rests_until: Tick,
    looks_at: Tick,
    aim: u16,
    was_at: [f32; 2],
}

impl Default for Mind {
    fn default() -> Self {
        Self {
            avatar: None,
            target: None,
            goal: [0.0; 2],
            bias: 1,
            weapon: 0,
            rests_until: Tick(0),
            looks_at: Tick(0),
            aim: 0,
            was_at: [0.0; 2],
        }
    }
}

/// A bot in a client's seat.
#[derive(Debug)]
pub struct Bot {
    player: PlayerId,
    random: Random,
    mind: Mind,
    glance: Glance,
}

impl Bot {
    /// A bot in a seat; its chance depends on the seed and the seat.
    #[must_use]
    pub fn new(seed: u64, player: PlayerId) -> Self {
        let mixed = seed ^ u64::from(player.0 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let random = Random::from_seed(mixed);
        Self { player, random, mind: Mind::default(), glance: Glance::default() }
    }

    /// What its controls say, after what it sees.
    pub fn think(&mut self, view: Seen<'_>) -> Input {
        match self.glance.of(view, self.player) {
            Some(sight) => self.mind.think(&sight, &mut self.random),
            None => self.mind.idle(),
        }
    }

    /// What becomes of its avatar in this tick if its controls say this: that it runs as it is told, and
    /// that nothing else happens to it.
    pub fn foresee(&mut self, own: &mut Own, input: &Input, tick: Tick, view: Seen<'_>) {
        if let Some(field) = self.glance.field(view) {
            foresight::step(own, input, tick, field, is_live(view, tick));
        }
    }
}

impl Mind {
    /// What a bot's controls say while it has no avatar.
    pub(super) fn idle(&mut self) -> Input {
        self.target = None;
        Input { aim: self.aim, ..Input::default() }
    }

    /// What its controls say, after what it sees.
    pub fn think(&mut self, sight: &Sight<'_>, random: &mut Random) -> Input {
        let at = sight.own.figure.at;
        if self.avatar != Some(sight.own.figure.id) {
            // A new life: nothing of the last one counts.
            (self.goal, self.was_at) = (at, [0.0; 2]);
            self.avatar = Some(sight.own.figure.id);
        }
        self.track(sight);
        let mut found_foe = false;
        if sight.now >= self.looks_at {
            self.looks_at = Tick(sight.now.0 + LOOK);
            let before = self.target.map(|target| target.id);
            self.look(sight, random);
            found_foe = self.target.is_some_and(|target| Some(target.id) != before);
            self.wander(sight, random);
        }
        let fire = self.take_aim(sight, random);
        let wish = if sight.now < self.rests_until && !fire { [0.0; 2] } else { self.way(sight) };
        let [move_x, move_y] = wish.map(|axis| (axis * 127.0).round() as i8);
        let in_need = self.target.is_some() && sight.own.health < 60;
        let buttons = Buttons::default()
            .with(Buttons::FIRE, fire)
            .with(Buttons::DASH, in_need && sight.own.dash <= sight.now && random.one_in(12))
            .with(Buttons::RELOAD, self.target.is_none() && sight.own.arms.loaded < 6)
            .with(Buttons::MARK, found_foe)
            .holding(Weapon::of(self.weapon));
        Input { move_x, move_y, aim: self.aim, buttons }
    }

    /// Follows its target from where it was to where it is.
    fn track(&mut self, sight: &Sight<'_>) {
        let Some(target) = &mut self.target else { return };
        let Some(figure) = sight.figures.iter().find(|figure| figure.id == target.id) else {
            self.target = None;
            return;
        };
        let ticks = sight.now.since(target.seen).max(1) as f32;
        let [x, y] = figure.at;
        let step = [(x - target.at[0]) / ticks, (y - target.at[1]) / ticks];
        // A hand follows what the eye sees a little late.
        let velocity = [0, 1].map(|axis| target.velocity[axis] * 0.6 + step[axis] * 0.4);
        *target = Target { at: [x, y], velocity, seen: sight.now, ..*target };
    }

    /// Chooses target, weapon and goal.
    fn look(&mut self, sight: &Sight<'_>, random: &mut Random) {
        let at = sight.own.figure.at;
        let mut wanted: Option<(f32, [f32; 2])> = None;
        for lure in sight.lures {
            let cost = turn::distance(at, lure.at) - want(sight, lure.gift);
            if cost < wanted.map_or(0.0, |(least, _)| least) {
                wanted = Some((cost, lure.at));
            }
        }
        self.choose(sight);
        self.arm(sight, random);
        self.goal = wanted.map_or(self.goal, |(_, place)| place);
    }

    /// Fights the nearest; one it cannot see or hurt is far.
    fn choose(&mut self, sight: &Sight<'_>) {
        let at = sight.own.figure.at;
        let effort = |there: [f32; 2], is_safe: bool| {
            let hidden = if is_free(sight, at, there) { 0.0 } else { 12.0 };
            let safe = if is_safe { 8.0 } else { 0.0 };
            turn::distance(at, there) + hidden + safe
        };
        let efforts = sight.foes().map(|foe| (effort(foe.at, foe.is_safe), foe));
        let nearest =
            efforts.min_by(|(a, one), (b, other)| a.total_cmp(b).then(one.id.cmp(&other.id)));
        let Some((_, foe)) = nearest else {
            self.target = None;
            return;
        };
        if self.target.is_none_or(|target| target.id != foe.id) {
            let (id, at, seen) = (foe.id, foe.at, sight.now);
            self.target = Some(Target { id, at, velocity: [0.0; 2], seen });
        }
    }

    /// Takes the weapon that suits the distance.
    fn arm(&mut self, sight: &Sight<'_>, random: &mut Random) {
        let apart = self.target.map_or(0.0, |t| turn::distance(sight.own.figure.at, t.at));
        let arms = sight.own.arms;
        let weapon = if arms.shells > 0 && apart < SCATTER_TO {
            Weapon::Scatter
        } else if arms.rockets > 0 && apart > ROCKET_FROM && random.one_in(3) {
            Weapon::Rocket
        } else {
            Weapon::Blaster
        };
        self.weapon = weapon as u8;
    }

    /// Finds new goals, changes its mind, rests, and gets itself unstuck.
    fn wander(&mut self, sight: &Sight<'_>, random: &mut Random) {
        let (at, now) = (sight.own.figure.at, sight.now);
        let is_stuck = turn::distance(at, self.was_at) < 0.3 && now >= self.rests_until;
        self.was_at = at;
        if is_stuck || random.one_in(10) {
            self.bias = -self.bias;
        }
        if is_stuck || turn::distance(at, self.goal) < 1.5 {
            let end = (sight.field.side() - 2.0).max(2.0);
            self.goal = [random.between(2.0, end), random.between(2.0, end)];
        }
        let is_bored = self.target.is_none_or(|target| turn::distance(at, target.at) > RANGE);
        if is_bored && random.one_in(40) {
            self.rests_until = Tick(now.0 + 10 + random.below(20));
        }
        // Hunting brings people together; with little health it is not the time for it.
        let is_well = sight.own.health > 40;
        if let Some(target) = self.target.filter(|_| is_well && random.one_in(6)) {
            self.goal = target.at;
        }
    }

    /// Turns to where a shot would meet its target; says whether to fire.
    fn take_aim(&mut self, sight: &Sight<'_>, random: &mut Random) -> bool {
        let at = sight.own.figure.at;
        let Some(target) = self.target else {
            let ahead = [self.goal[0] - at[0], self.goal[1] - at[1]];
            self.turn_to(turn::bearing(ahead));
            return false;
        };
        let apart = turn::distance(at, target.at);
        let ticks = apart / flight(self.weapon) + 1.0;
        let lead = [0, 1].map(|axis| target.at[axis] + target.velocity[axis] * ticks);
        let stray = random.below(1201) as i32 - 600;
        let wanted = turn::bearing([lead[0] - at[0], lead[1] - at[1]]);
        let error = self.turn_to(wanted.wrapping_add(stray as u16));
        error < TURN_SURE && apart < RANGE && is_free(sight, at, target.at)
    }

    /// Turns as fast as it can; says how far it still is from there.
    fn turn_to(&mut self, wanted: u16) -> i32 {
        let error = i32::from(wanted.wrapping_sub(self.aim) as i16);
        let step = error.clamp(-TURN_MOST, TURN_MOST);
        self.aim = self.aim.wrapping_add(step as u16);
        (error - step).abs()
    }

    /// Which way to run, as a vector of length 1.
    fn way(&self, sight: &Sight<'_>) -> [f32; 2] {
        let at = sight.own.figure.at;
        let to_goal = turn::bearing([self.goal[0] - at[0], self.goal[1] - at[1]]);
        let fought = self.target.filter(|target| {
            turn::distance(at, target.at) < RANGE * 0.7 && is_free(sight, at, target.at)
        });
        let wanted = fought.map_or(to_goal, |target| {
            let to_target = turn::bearing([target.at[0] - at[0], target.at[1] - at[1]]);
            // Around it, nearer from afar and away from up close.
            let apart = turn::distance(at, target.at) - NEAR;
            let slant = 16_384.0 - (apart * 2_500.0).clamp(-9_000.0, 12_000.0);
            to_target.wrapping_add((slant as i32 * self.bias) as u16)
        });
        turn::direction(self.around(sight, wanted))
    }

    /// The direction nearest to the wanted one in which there is no wall soon.
    fn around(&self, sight: &Sight<'_>, wanted: u16) -> u16 {
        let mut best = (wanted, -1.0);
        for step in 0..8 {
            for side in [self.bias, -self.bias] {
                let towards = wanted.wrapping_add((step * 4096 * side) as u16);
                let ahead = turn::direction(towards).map(|axis| axis * FEEL);
                let free = sight.field.free_for(sight.own.figure.at, ahead, WIDTH);
                if free >= 1.0 {
                    return towards;
                }
                if free > best.1 {
                    best = (towards, free);
                }
            }
        }
        best.0
    }
}

/// How far it would go for a pickup, in units.
fn want(sight: &Sight<'_>, gift: Gift) -> f32 {
    let few = |there: u8, enough: f32| (enough - f32::from(there)).max(0.0);
    match gift {
        Gift::Health => (100.0 - f32::from(sight.own.health)) * 0.4,
        Gift::Shield => 9.0,
        Gift::Shells => few(sight.own.arms.shells, 8.0) * 1.5,
        Gift::Rockets => few(sight.own.arms.rockets, 3.0) * 4.0,
    }
}

fn is_free(sight: &Sight<'_>, from: [f32; 2], to: [f32; 2]) -> bool {
    sight.field.free(from, [to[0] - from[0], to[1] - from[1]]) >= 1.0
}

/// How far shots of a weapon fly in a tick, in units.
fn flight(weapon: u8) -> f32 {
    Kind::of(Weapon::of(weapon)).speed() / arena_rules::HERTZ as f32
}
