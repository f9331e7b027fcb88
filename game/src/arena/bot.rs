//! A player made of rules of thumb. It knows nothing but what a client in its seat sees.
//!
//! It looks around a few times a second, remembers a goal and a target, and in between runs and
//! aims by what it remembers. It turns no faster than a hand does, and strays a little.

use super::Input;
use super::avatar::Body;
use super::field::{Ground, Wall};
use super::health::{Health, Shield};
use super::pickup::{Gift, Pickup};
use super::player::Profile;
use super::turn;
use super::weapon::Weapon;
use std::collections::BTreeMap;
use tickwire::ids::Tick;
use tickwire::prelude::{NetId, PlayerId, Random};
use tickwire::sync::Replica;

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
/// How far shots fly in a tick, in units.
const SHOT: f32 = 1.2;
/// How far ahead it feels for walls, in units.
const FEEL: f32 = 3.0;
/// How wide it believes it is, in units, from its middle.
const WIDTH: f32 = 0.48;

/// Whom it fights.
#[derive(Clone, Copy, Debug)]
struct Target {
    id: NetId,
    /// Where it was seen last, and how it moved, in units per tick.
    at: [f32; 2],
    velocity: [f32; 2],
    seen: Tick,
}

/// One bot, in one seat.
#[derive(Clone, Debug)]
pub struct Bot {
    player: PlayerId,
    random: Random,
    /// Walls do not change: each is learnt once.
    walls: BTreeMap<NetId, Wall>,
    side: f32,
    avatar: Option<NetId>,
    target: Option<Target>,
    goal: [f32; 2],
    /// The way it runs around things, and around targets: 1 or -1.
    bias: i32,
    /// Until when it stands and looks about.
    rests_until: Tick,
    looks_at: Tick,
    aim: u16,
    was_at: [f32; 2],
}

impl Bot {
    /// A bot in a seat; its chance depends on the seed and the seat.
    #[must_use]
    pub fn new(seed: u64, player: PlayerId) -> Self {
        let mixed = seed ^ u64::from(player.0 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            player,
            random: Random::from_seed(mixed),
            walls: BTreeMap::new(),
            side: 0.0,
            avatar: None,
            target: None,
            goal: [0.0; 2],
            bias: 1,
            rests_until: Tick(0),
            looks_at: Tick(0),
            aim: 0,
            was_at: [0.0; 2],
        }
    }

    /// What its controls say, after what it sees.
    pub fn think(&mut self, view: &Replica) -> Input {
        let now = view.tick();
        let Some(body) = self.own_body(view) else {
            self.target = None;
            return Input { aim: self.aim, ..Input::default() };
        };
        let at = body.at();
        self.track(view, now);
        let mut found_foe = false;
        if now >= self.looks_at {
            self.looks_at = Tick(now.0 + LOOK);
            let before = self.target.map(|target| target.id);
            self.look(view, at);
            found_foe = self.target.is_some_and(|target| Some(target.id) != before);
            self.wander(view, at, now);
        }
        let fire = self.take_aim(at);
        let wish = if now < self.rests_until && !fire { [0.0; 2] } else { self.way(at) };
        let [move_x, move_y] = wish.map(|axis| (axis * 127.0).round() as i8);
        let weapon: Weapon = self.avatar.and_then(|id| view.get(id)).unwrap_or_default();
        let reload = self.target.is_none() && weapon.loaded < 6;
        Input { move_x, move_y, aim: self.aim, fire, reload, mark: found_foe }
    }

    /// Its own body, if it is alive.
    fn own_body(&mut self, view: &Replica) -> Option<Body> {
        if let Some(body) = self.avatar.and_then(|id| view.get(id)) {
            return Some(body);
        }
        let is_own = |id: &NetId| view.owner(*id) == Some(self.player);
        let own = view.entities().filter(is_own).find_map(|id| Some((id, view.get::<Body>(id)?)));
        self.avatar = own.as_ref().map(|(id, _)| *id);
        let (_, body) = own?;
        // A new life: nothing of the last one counts.
        (self.goal, self.was_at) = (body.at(), [0.0; 2]);
        Some(body)
    }

    /// Follows its target from where it was to where it is.
    fn track(&mut self, view: &Replica, now: Tick) {
        let Some(target) = &mut self.target else { return };
        let Some(body) = view.get::<Body>(target.id) else {
            self.target = None;
            return;
        };
        let ticks = now.since(target.seen).max(1) as f32;
        let [x, y] = body.at();
        let step = [(x - target.at[0]) / ticks, (y - target.at[1]) / ticks];
        // A hand follows what the eye sees a little late.
        let velocity = [0, 1].map(|axis| target.velocity[axis] * 0.6 + step[axis] * 0.4);
        *target = Target { at: [x, y], velocity, seen: now, ..*target };
    }

    /// Learns walls and chooses target and goal.
    fn look(&mut self, view: &Replica, at: [f32; 2]) {
        let ids: Vec<NetId> = view.entities().filter(|id| !self.walls.contains_key(id)).collect();
        let mut sides = BTreeMap::new();
        let mut foes = Vec::new();
        let mut wanted: Option<(f32, [f32; 2])> = None;
        for id in ids {
            if let Some(body) = view.get::<Body>(id) {
                foes.extend(view.owner(id).map(|owner| (owner, id, body.at())));
            } else if let Some(pickup) = view.get::<Pickup>(id) {
                let place = [pickup.x, pickup.y];
                let cost = turn::distance(at, place) - self.want(view, &pickup);
                if cost < wanted.map_or(0.0, |(least, _)| least) {
                    wanted = Some((cost, place));
                }
            } else if let Some(profile) = view.get::<Profile>(id) {
                sides.extend(view.owner(id).map(|owner| (owner, profile.side)));
            } else if let Some(wall) = view.get::<Wall>(id) {
                self.walls.insert(id, wall);
            } else if let Some(ground) = view.get::<Ground>(id) {
                self.side = ground.side;
            }
        }
        let own_side = sides.get(&self.player).copied().flatten();
        let is_friend = |owner: PlayerId| {
            owner == self.player
                || (own_side.is_some() && sides.get(&owner).copied().flatten() == own_side)
        };
        foes.retain(|(owner, ..)| !is_friend(*owner));
        self.choose(view, at, &foes);
        self.goal = wanted.map_or(self.goal, |(_, place)| place);
    }

    /// How far it would go for a pickup, in units.
    fn want(&self, view: &Replica, pickup: &Pickup) -> f32 {
        let Some(own) = self.avatar.filter(|_| pickup.is_there) else { return 0.0 };
        match pickup.gift {
            Gift::Health => {
                let health = view.get::<Health>(own).map_or(100, |health| health.now);
                (100.0 - f32::from(health)) * 0.4
            }
            Gift::Ammo => {
                let spare = view.get::<Weapon>(own).map_or(99, |weapon| weapon.spare);
                (40.0 - f32::from(spare)).max(0.0)
            }
            Gift::Shield => 9.0,
        }
    }

    /// Fights the nearest; one it cannot see or hurt is far.
    fn choose(&mut self, view: &Replica, at: [f32; 2], foes: &[(PlayerId, NetId, [f32; 2])]) {
        let effort = |id: NetId, place: [f32; 2]| {
            let hidden = if self.is_free(at, place, 0.0) { 0.0 } else { 12.0 };
            let safe = if view.get::<Shield>(id).is_some() { 8.0 } else { 0.0 };
            turn::distance(at, place) + hidden + safe
        };
        let efforts = foes.iter().map(|(_, id, place)| (effort(*id, *place), *id, *place));
        let Some((_, id, place)) = efforts.min_by(|(a, ..), (b, ..)| a.total_cmp(b)) else {
            self.target = None;
            return;
        };
        if self.target.is_none_or(|target| target.id != id) {
            self.target = Some(Target { id, at: place, velocity: [0.0; 2], seen: view.tick() });
        }
    }

    /// Finds new goals, changes its mind, rests, and gets itself unstuck.
    fn wander(&mut self, view: &Replica, at: [f32; 2], now: Tick) {
        let is_stuck = turn::distance(at, self.was_at) < 0.3 && now >= self.rests_until;
        self.was_at = at;
        if is_stuck || self.random.one_in(10) {
            self.bias = -self.bias;
        }
        if is_stuck || turn::distance(at, self.goal) < 1.5 {
            let end = (self.side - 2.0).max(2.0);
            self.goal = [self.random.between(2.0, end), self.random.between(2.0, end)];
        }
        let is_bored = self.target.is_none_or(|target| turn::distance(at, target.at) > RANGE);
        if is_bored && self.random.one_in(40) {
            self.rests_until = Tick(now.0 + 10 + self.random.below(20));
        }
        // Hunting brings people together; with little health it is not the time for it.
        let is_well = self.avatar.and_then(|id| view.get(id)).is_some_and(|h: Health| h.now > 40);
        if let Some(target) = self.target.filter(|_| is_well && self.random.one_in(6)) {
            self.goal = target.at;
        }
    }

    /// Turns to where a shot would meet its target; says whether to fire.
    fn take_aim(&mut self, at: [f32; 2]) -> bool {
        let Some(target) = self.target else {
            let ahead = [self.goal[0] - at[0], self.goal[1] - at[1]];
            self.turn_to(turn::bearing(ahead));
            return false;
        };
        let apart = turn::distance(at, target.at);
        let ticks = apart / SHOT + 1.0;
        let lead = [0, 1].map(|axis| target.at[axis] + target.velocity[axis] * ticks);
        let stray = self.random.below(1201) as i32 - 600;
        let wanted = turn::bearing([lead[0] - at[0], lead[1] - at[1]]);
        let error = self.turn_to(wanted.wrapping_add(stray as u16));
        error < TURN_SURE && apart < RANGE && self.is_free(at, target.at, 0.0)
    }

    /// Turns as fast as it can; says how far it still is from there.
    fn turn_to(&mut self, wanted: u16) -> i32 {
        let error = i32::from(wanted.wrapping_sub(self.aim) as i16);
        let step = error.clamp(-TURN_MOST, TURN_MOST);
        self.aim = self.aim.wrapping_add(step as u16);
        (error - step).abs()
    }

    /// Which way to run, as a vector of length 1.
    fn way(&self, at: [f32; 2]) -> [f32; 2] {
        let to_goal = turn::bearing([self.goal[0] - at[0], self.goal[1] - at[1]]);
        let fought = self.target.filter(|target| {
            turn::distance(at, target.at) < RANGE * 0.7 && self.is_free(at, target.at, 0.0)
        });
        let wanted = fought.map_or(to_goal, |target| {
            let to_target = turn::bearing([target.at[0] - at[0], target.at[1] - at[1]]);
            // Around it, nearer from afar and away from up close.
            let apart = turn::distance(at, target.at) - NEAR;
            let slant = 16_384.0 - (apart * 2_500.0).clamp(-9_000.0, 12_000.0);
            to_target.wrapping_add((slant as i32 * self.bias) as u16)
        });
        turn::direction(self.around(at, wanted))
    }

    /// The direction nearest to the wanted one in which there is no wall soon.
    fn around(&self, at: [f32; 2], wanted: u16) -> u16 {
        let mut best = (wanted, -1.0);
        for step in 0..8 {
            for side in [self.bias, -self.bias] {
                let towards = wanted.wrapping_add((step * 4096 * side) as u16);
                let ahead = turn::direction(towards).map(|axis| axis * FEEL);
                let free = self.free(at, [at[0] + ahead[0], at[1] + ahead[1]], WIDTH);
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

    fn is_free(&self, from: [f32; 2], to: [f32; 2], margin: f32) -> bool {
        self.free(from, to, margin) >= 1.0
    }

    /// The share of a way that is free of what it knows of.
    fn free(&self, from: [f32; 2], to: [f32; 2], margin: f32) -> f32 {
        let way = [to[0] - from[0], to[1] - from[1]];
        let mut free = 1.0f32;
        for axis in 0..2 {
            let edge = if way[axis] > 0.0 { self.side - margin } else { margin };
            if (way[axis] > 0.0) == (to[axis] > edge) && way[axis] != 0.0 {
                free = free.min(((edge - from[axis]) / way[axis]).max(0.0));
            }
        }
        let meets = self.walls.values().filter_map(|wall| wall.meets(from, way, margin));
        meets.fold(free, f32::min)
    }
}
