//! Shots: they fly straight from where they were fired until they hit or end.
//!
//! What travels is the line: from here, at this velocity, since that tick. So a flight is told
//! once, and then that it is over. Where it ends at a wall is known from the start, as walls stay.

use super::avatar::{Body, RADIUS};
use super::burst::{Burst, burst};
use super::field::{At, Field};
use super::health::{Health, Shield};
use super::turn;
use super::weapon::Kind;
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// What velocities are multiples of, in units per tick.
const QUANTUM: f64 = 1.0 / 256.0;
/// How far back at most what a shooter saw counts, in milliseconds.
pub(super) const LAG_MOST: u32 = 250;
/// How much of the lag is forgiven no more with each tick of flight, in 1/256 tick: the nearer the
/// target the more what the shooter saw counts, the farther the more what the target saw.
const LAG_FADE: u32 = 64;
/// How far from where it was seen an avatar can be, in units: a dash and a little more.
const LAG_DISTANCE: f32 = 4.0;

/// The line that a shot flies on.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shot {
    /// Where it was fired along x, in units.
    pub x: f32,
    /// Where it was fired along y, in units.
    pub y: f32,
    /// How fast it is along x, in units per tick.
    pub vx: f32,
    /// How fast it is along y, in units per tick.
    pub vy: f32,
    /// When it was fired.
    pub since: Tick,
    /// What fired it.
    pub kind: Kind,
}

replicate! {
    Shot {
        x: float(0.0, 128.0, super::avatar::QUANTUM),
        y: float(0.0, 128.0, super::avatar::QUANTUM),
        vx: float(-4.0, 4.0, QUANTUM),
        vy: float(-4.0, 4.0, QUANTUM),
        since: moment(),
        kind: choice(&Kind::ALL),
    }
}

impl Shot {
    /// Where it is so many ticks after it was fired.
    #[must_use]
    pub fn at(&self, age: f32) -> [f32; 2] {
        [self.x + self.vx * age, self.y + self.vy * age]
    }
}

/// What else there is to know of a shot; saved, not sent.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flight {
    /// The avatar that fired it.
    #[entities]
    shooter: Entity,
    /// How many ticks after it was fired it ends, at a wall or for good.
    ends: f32,
    /// How far behind the match its shooter saw the others, in 1/256 tick.
    behind: u32,
}

impl Kind {
    /// How fast its shots are, in units per second.
    pub(super) fn speed(self) -> f32 {
        match self {
            Self::Blaster => 24.0,
            Self::Scatter => 28.0,
            Self::Rocket => 14.0,
        }
    }

    /// How long they fly at most, in milliseconds.
    fn reach(self) -> u32 {
        match self {
            Self::Blaster => 1100,
            Self::Scatter => 350,
            Self::Rocket => 2500,
        }
    }

    /// What a hit takes.
    fn damage(self) -> u8 {
        match self {
            Self::Blaster => 18,
            Self::Scatter => 10,
            Self::Rocket => 40,
        }
    }
}

/// How a shot is fired.
pub(super) struct Aimed {
    pub(super) shooter: Entity,
    pub(super) from: [f32; 2],
    pub(super) towards: [f32; 2],
    pub(super) seen: Option<(Tick, u8)>,
    pub(super) kind: Kind,
}

/// A shot, but for whose it is.
pub(super) fn shoot(field: &Field, time: &Time, aimed: Aimed) -> impl Bundle {
    let Aimed { shooter, from, towards, seen, kind } = aimed;
    let speed = kind.speed() * time.seconds_per_tick();
    let step = |axis: f32| (axis * speed / QUANTUM as f32).round() * QUANTUM as f32;
    let [vx, vy] = towards.map(step);
    let shot = Shot { x: from[0], y: from[1], vx, vy, since: time.tick(), kind };
    let reach = time.ticks(kind.reach()) as f32;
    let ends = reach * field.free(from, [vx * reach, vy * reach]);
    let behind = seen.map_or(0, |(tick, part)| {
        let behind = time.tick().since(tick).min(time.ticks(LAG_MOST)) * 256;
        behind.saturating_sub(part.into())
    });
    (shot, Flight { shooter, ends, behind }, At(from))
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Shot>().save::<Flight>();
    setup.save_resource(History::reaching(LAG_MOST + 100));
}

/// An avatar as shots find it.
struct Target {
    id: NetId,
    entity: Entity,
    player: PlayerId,
    team: Option<OnTeam>,
    at: [f32; 2],
}

/// The share of a way after which it meets a disc.
fn meets(from: [f32; 2], way: [f32; 2], middle: [f32; 2], radius: f32) -> Option<f32> {
    let to = [middle[0] - from[0], middle[1] - from[1]];
    let along = to[0] * way[0] + to[1] * way[1];
    let (reach, apart) = (way[0] * way[0] + way[1] * way[1], to[0] * to[0] + to[1] * to[1]);
    let excess = apart - radius * radius;
    if excess <= 0.0 {
        return Some(0.0);
    }
    let root = along * along - reach * excess;
    if along <= 0.0 || root < 0.0 {
        return None;
    }
    let share = (along - root.sqrt()) / reach;
    (share <= 1.0).then_some(share)
}

/// One tick of a flight.
struct Leg<'a> {
    player: PlayerId,
    team: Option<OnTeam>,
    from: [f32; 2],
    way: [f32; 2],
    /// The tick whose places count, and how far on to the next; none if the latest do.
    when: Option<(Tick, u8)>,
    history: &'a History,
}

impl Leg<'_> {
    /// Where a target is, as far as this flight is concerned.
    fn place(&self, target: &Target) -> [f32; 2] {
        let seen = self.when.and_then(|(tick, part)| self.history.at(tick, part, target.id));
        seen.map_or(target.at, |[x, y, _]| [x, y])
    }

    /// The first that is hit.
    fn hits<'a>(&self, targets: &'a [Target]) -> Option<&'a Target> {
        let is_foe = |target: &&Target| {
            target.player != self.player && (self.team.is_none() || target.team != self.team)
        };
        // Most are so far away that they need not be looked at.
        let reach = LAG_DISTANCE + turn::length(self.way);
        let is_near = |target: &&Target| {
            let [x, y] = [target.at[0] - self.from[0], target.at[1] - self.from[1]];
            x * x + y * y < reach * reach
        };
        let hit = |target: &'a Target| {
            let share = meets(self.from, self.way, self.place(target), RADIUS + 0.1)?;
            Some((share, target))
        };
        let hits = targets.iter().filter(is_near).filter(is_foe).filter_map(hit);
        let first = hits.min_by(|(a, one), (b, other)| a.total_cmp(b).then(one.id.cmp(&other.id)));
        first.map(|(_, target)| target)
    }
}

/// What a victim is told of a hit.
#[derive(Serialize)]
struct Hit {
    by: PlayerId,
    damage: u8,
}

type Flying<'a> =
    (&'a Net, Entity, &'a Owner, &'a Shot, &'a Flight, &'a mut At, Option<&'a OnTeam>);
/// What shots can hit.
pub(super) type Mark<'a> =
    (&'a Net, Entity, &'a Owner, &'a Body, &'a mut Health, Has<Shield>, Option<&'a OnTeam>);
/// One of them, to be changed.
pub(super) type MarkItem<'a> =
    (&'a Net, Entity, &'a Owner, &'a Body, Mut<'a, Health>, bool, Option<&'a OnTeam>);

/// Moves shots on; they end where they hit.
pub(super) fn fly(
    mut commands: Commands,
    (time, history, field): (Res<Time>, Res<History>, Res<Field>),
    mut events: ResMut<Events>,
    mut shots: Query<Flying<'_>>,
    mut avatars: Query<Mark<'_>>,
) {
    if shots.is_empty() {
        return;
    }
    let target = |(net, entity, owner, body, _, _, team): (&Net, _, &Owner, &Body, _, _, _)| {
        let team: Option<&OnTeam> = team;
        let (id, player, team, at) = (net.id, owner.0, team.copied(), body.at());
        Target { id, entity, player, team, at }
    };
    let targets: Vec<Target> = avatars.iter().map(target).collect();
    let mut over = Vec::new();
    for (net, entity, owner, shot, flight, mut at, team) in &mut shots {
        let age = time.tick().since(shot.since);
        let from = shot.at((age.saturating_sub(1) as f32).min(flight.ends));
        at.0 = shot.at((age as f32).min(flight.ends));
        let leg = Leg {
            player: owner.0,
            team: team.copied(),
            from,
            way: [at.0[0] - from[0], at.0[1] - from[1]],
            when: seen_at(flight.behind.saturating_sub(age * LAG_FADE), time.tick()),
            history: &history,
        };
        let hit = leg.hits(&targets).map(|target| target.entity);
        if hit.is_some() || age as f32 >= flight.ends {
            over.push((net.id, entity, hit, Source::of(owner, shot, flight, team), at.0));
        }
    }
    over.sort_unstable_by_key(|(id, ..)| *id);
    for (_, entity, hit, source, at) in over {
        commands.entity(entity).despawn();
        if source.kind == Kind::Rocket {
            let burst_at = Burst { at, spared: hit, field: &field };
            burst(&burst_at, &source, &mut avatars, &mut events);
        }
        if let Some(target) = hit.and_then(|hit| avatars.get_mut(hit).ok()) {
            hurt(target, source.kind.damage(), &source, &mut events);
        }
    }
}

/// Who is behind a hit, and with what.
#[derive(Clone, Copy)]
pub(super) struct Source {
    pub(super) player: PlayerId,
    pub(super) team: Option<OnTeam>,
    pub(super) shooter: Entity,
    pub(super) kind: Kind,
}

impl Source {
    fn of(owner: &Owner, shot: &Shot, flight: &Flight, team: Option<&OnTeam>) -> Self {
        Self { player: owner.0, team: team.copied(), shooter: flight.shooter, kind: shot.kind }
    }
}

/// Takes so much of a target's health, unless it is safe.
pub(super) fn hurt(target: MarkItem<'_>, damage: u8, source: &Source, events: &mut Events) {
    let (.., owner, _, mut health, is_safe, _) = target;
    if !is_safe && health.hurt(damage, source.shooter, source.player) {
        events.to(owner.0).emit("hit", &Hit { by: source.player, damage });
    }
}

/// The tick that lies so many 1/256 back, and how far on to the next.
fn seen_at(behind: u32, now: Tick) -> Option<(Tick, u8)> {
    let back = behind.div_ceil(256);
    let part = back * 256 - behind;
    (behind > 0).then(|| (Tick(now.0.saturating_sub(back)), part as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_way_does_not_pass_through_a_disc() {
        assert_eq!(
            meets([0.0, 0.0], [100.0, 0.0], [50.0, 0.25], 0.5).map(|at| at < 0.5),
            Some(true)
        );
        assert_eq!(meets([0.0, 0.0], [100.0, 0.0], [50.0, 0.75], 0.5), None);
        assert_eq!(meets([0.0, 0.0], [10.0, 0.0], [50.0, 0.0], 0.5), None);
        assert_eq!(meets([0.0, 0.0], [10.0, 0.0], [-1.0, 0.0], 0.5), None);
        assert_eq!(meets([0.0, 0.0], [0.0, 0.0], [0.25, 0.0], 0.5), Some(0.0));
    }

    #[test]
    fn lag_is_counted_back_from_now() {
        assert_eq!(seen_at(0, Tick(9)), None);
        assert_eq!(seen_at(256, Tick(9)), Some((Tick(8), 0)));
        assert_eq!(seen_at(300, Tick(9)), Some((Tick(7), 212)));
    }
}
