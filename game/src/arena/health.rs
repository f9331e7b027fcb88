//! Health: what hits take, what ends an avatar, and what keeps it safe for a while.

use super::Options;
use super::avatar::Body;
use super::player::{Entrant, Profile, Standing, face};
use super::round::Whistle;
use super::score::Score;
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// The health of an avatar that nothing hit.
pub const HEALTH_MOST: u8 = 100;
/// How long the dead are gone, in milliseconds.
const GONE: u32 = 2000;

/// How much an avatar can take.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// What is left.
    pub now: u8,
    /// The avatar that hit it last.
    #[entities]
    pub hurt_by: Option<Entity>,
    /// Whose avatar that was.
    pub culprit: Option<PlayerId>,
}

replicate! {
    Health { now: integer(0, 100), hurt_by: entity(), ..Health::full() }
}

impl Health {
    /// All of it.
    #[must_use]
    pub fn full() -> Self {
        Self { now: HEALTH_MOST, hurt_by: None, culprit: None }
    }

    /// Takes a hit; says whether it changed anything.
    pub(super) fn hurt(&mut self, damage: u8, by: Entity, culprit: PlayerId) -> bool {
        let is_alive = self.now > 0;
        if is_alive {
            self.now = self.now.saturating_sub(damage);
            self.hurt_by = Some(by);
            self.culprit = Some(culprit);
        }
        is_alive
    }
}

/// Keeps an avatar from harm while it has it.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shield {
    /// The first tick without it.
    pub until: Tick,
}

replicate! { Shield { until: moment() } }

impl Shield {
    /// One that holds for so many milliseconds from now.
    #[must_use]
    pub fn lasting(milliseconds: u32, time: &Time) -> Self {
        Self { until: Tick(time.tick().0 + time.ticks(milliseconds)) }
    }
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Health>().replicate::<Shield>();
}

/// What all are told of a kill.
#[derive(Serialize)]
struct Kill<'a> {
    victim: &'a str,
    killer: Option<&'a str>,
    /// Whose avatars they were: names may be the same.
    players: [Option<PlayerId>; 2],
    /// Where it was, unless that tells more than some see.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<[f32; 2]>,
}

/// Ends avatars without health; whoever hit them last gets the points.
pub(super) fn perish(
    mut commands: Commands,
    (time, options): (Res<Time>, Res<Options>),
    whistle: Res<Whistle>,
    mut events: ResMut<Events>,
    avatars: Query<(Entity, &Owner, &Health, &Body), With<Net>>,
    mut entrants: Query<(&Owner, &Profile, &mut Score, &mut Standing), With<Entrant>>,
) {
    let dead = avatars.iter().filter(|(_, _, health, _)| health.now == 0);
    let mut dead: Vec<_> = dead
        .map(|(entity, owner, health, body)| (owner.0, health.culprit, body.at(), entity))
        .collect();
    dead.sort_unstable_by_key(|(player, ..)| *player);
    for (victim, culprit, at, avatar) in dead {
        commands.entity(avatar).despawn();
        let [mut lost, mut won] = [String::new(), String::new()];
        for (owner, profile, mut score, mut standing) in &mut entrants {
            let counts = !whistle.is_blown;
            if owner.0 == victim {
                standing.avatar = None;
                standing.returns = Some(Tick(time.tick().0 + time.ticks(GONE)));
                score.lose(counts);
                lost.clone_from(&profile.name);
            } else if Some(owner.0) == culprit {
                score.win(counts);
                won.clone_from(&profile.name);
            }
        }
        let killer = (!won.is_empty()).then_some(won.as_str());
        let players = [Some(victim), culprit.filter(|_| killer.is_some())];
        let at = (!options.interest).then_some(at);
        events.to_all().emit("kill", &Kill { victim: &lost, killer, players, at });
    }
}

/// Takes shields away when their time is over.
pub(super) fn fade(
    mut commands: Commands,
    time: Res<Time>,
    shields: Query<(Entity, &Net, &Shield)>,
) {
    let over = shields.iter().filter(|(.., shield)| shield.until <= time.tick());
    let mut over: Vec<_> = over.map(|(entity, net, _)| (net.id, entity)).collect();
    over.sort_unstable();
    for (_, entity) in over {
        commands.entity(entity).remove::<Shield>();
    }
}

/// Gives those their avatars whose time has come.
pub(super) fn appear(world: &mut World, waiting: &mut QueryState<(Entity, &Owner, &Standing)>) {
    let tick = world.resource::<Time>().tick();
    let is_due = |standing: &Standing| standing.returns.is_some_and(|due| due <= tick);
    let due = waiting.iter(world).filter(|(.., standing)| is_due(standing));
    let mut due: Vec<_> = due.map(|(entity, owner, _)| (owner.0, entity)).collect();
    due.sort_unstable();
    for (player, entrant) in due {
        let is_away = |seats: &Seats| seats.get(player)?.away_since;
        if is_away(world.resource::<Seats>()).is_none() {
            face(world, player, entrant);
        }
    }
}
