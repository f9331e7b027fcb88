//! Bots that fill empty seats: they come when there are few players and go when there are enough.
//!
//! They are part of the match like anything else in it, so they are the same wherever it is played
//! again.

use super::avatar::{Body, Dash};
use super::bot::Mind;
use super::control::Will;
use super::field::Field;
use super::health::{Health, Shield};
use super::pickup::Pickup;
use super::player::{Entrant, Profile, Standing, hue, seat, unseat};
use super::score::Score;
use super::sight::{Figure, Lure, Own, Sight};
use super::team::{Side, smallest};
use super::weapon::Arms;
use super::{INTEREST, Options};
use bevy_ecs::prelude::*;
use bevy_ecs::query::QueryData;
use std::cmp::Reverse;
use tickwire::prelude::*;

/// Bots are numbered from here, where no seat's number comes.
const FIRST: u32 = 1 << 20;
const NAMES: [&str; 16] = [
    "Ada", "Bo", "Cleo", "Dov", "Edda", "Finn", "Gus", "Hana", "Ivo", "June", "Kai", "Lou", "Mo",
    "Nia", "Ole", "Pia",
];

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.save::<Mind>();
}

/// Brings as many bots as are wanted, now that somebody came or went.
pub(super) fn fill(world: &mut World) {
    let wanted = usize::from(world.resource::<Options>().bots);
    let mut profiles = world.query::<&Profile>();
    let sides: Vec<_> = profiles.iter(world).filter_map(|profile| profile.side).collect();
    let size = |profile: &Profile| sides.iter().filter(|side| profile.side == Some(**side)).count();
    let mut minds = world.query_filtered::<(Entity, &Owner, &Profile, &Score), With<Mind>>();
    let mut bots: Vec<_> = minds
        .iter(world)
        .map(|(entity, owner, profile, score)| {
            ((Reverse(size(profile)), score.points, Reverse(owner.0)), owner.0, entity)
        })
        .collect();
    // Those of the largest side go first, then those with the fewest points; of equals who came last.
    bots.sort_unstable_by_key(|(order, ..)| *order);
    let mut entrants = world.query_filtered::<(), (With<Entrant>, Without<Mind>)>();
    let missing = wanted.saturating_sub(entrants.iter(world).count());
    for (.., entrant) in bots.iter().take(bots.len().saturating_sub(missing)) {
        unseat(world, *entrant);
    }
    let numbers = (FIRST..).map(PlayerId).filter(|it| bots.iter().all(|(_, bot, _)| bot != it));
    for player in numbers.take(missing.saturating_sub(bots.len())) {
        let teams = world.resource::<Options>().teams;
        let number = (player.0 - FIRST) as usize;
        let name = NAMES[number % NAMES.len()].to_owned();
        let hue = hue(PlayerId(number as u32 * 3 + 2));
        let profile = Profile { name, hue, side: smallest(world, teams), is_bot: true };
        let entrant = seat(world, player, profile);
        world.entity_mut(entrant).insert(Mind::default());
    }
}

type Thinker<'a> = (&'a Owner, &'a Standing, &'a mut Mind);
/// What is seen of an avatar, and what only its own player knows.
#[derive(QueryData)]
pub(super) struct Seen {
    net: &'static Net,
    owner: &'static Owner,
    body: &'static Body,
    health: &'static Health,
    arms: &'static Arms,
    dash: &'static Dash,
    is_safe: Has<Shield>,
    team: Option<&'static OnTeam>,
}

/// What bots may see, in the order of names.
#[derive(Default)]
struct Scene {
    figures: Vec<Figure>,
    lures: Vec<Lure>,
}

impl Scene {
    fn of(avatars: &Query<Seen>, pickups: &Query<(&Net, &Pickup)>) -> Self {
        let mut figures: Vec<Figure> = avatars.iter().map(|seen| figure(&seen)).collect();
        figures.sort_unstable_by_key(|figure| figure.id);
        let mut lures: Vec<_> = pickups.iter().filter(|(_, pickup)| pickup.is_there).collect();
        lures.sort_unstable_by_key(|(net, _)| net.id);
        let lures = lures.iter().map(|(_, it)| Lure { gift: it.gift, at: [it.x, it.y] }).collect();
        Self { figures, lures }
    }

    /// Makes it that part of another which a player there is shown for certain: a bot knows no more.
    fn narrow(&mut self, all: &Self, from: [f32; 2]) {
        self.figures.clear();
        self.lures.clear();
        let figures = all.figures.iter().filter(|figure| INTEREST.reaches(from, figure.at));
        self.figures.extend(figures);
        self.lures.extend(all.lures.iter().filter(|lure| INTEREST.reaches(from, lure.at)));
    }
}

/// Lets bots make up their minds.
pub(super) fn think(
    (time, field, options): (Res<Time>, Res<Field>, Res<Options>),
    mut random: ResMut<Random>,
    mut bots: Query<Thinker<'_>>,
    avatars: Query<Seen>,
    pickups: Query<(&Net, &Pickup)>,
    mut wills: Query<&mut Will>,
) {
    if bots.is_empty() {
        return;
    }
    let (all, mut near) = (Scene::of(&avatars, &pickups), Scene::default());
    let mut bots: Vec<_> = bots.iter_mut().collect();
    bots.sort_unstable_by_key(|(owner, ..)| owner.0);
    for (_, standing, mut mind) in bots {
        let avatar = standing.avatar.and_then(|avatar| Some((avatar, avatars.get(avatar).ok()?)));
        let Some((avatar, seen)) = avatar else {
            mind.idle();
            continue;
        };
        let own = Own {
            figure: figure(&seen),
            health: seen.health.now,
            arms: *seen.arms,
            dash: seen.dash.ready,
        };
        if options.interest {
            near.narrow(&all, own.figure.at);
        }
        let Scene { figures, lures } = if options.interest { &near } else { &all };
        let sight = Sight { now: time.tick(), own, figures, lures, field: &field };
        let input = mind.think(&sight, &mut random);
        if let Ok(mut will) = wills.get_mut(avatar) {
            *will = Will { input, seen: None };
        }
    }
}

fn figure(seen: &SeenItem<'_, '_>) -> Figure {
    Figure {
        id: seen.net.id,
        player: seen.owner.0,
        side: seen.team.and_then(|team| Side::of(team.0)),
        at: seen.body.at(),
        is_safe: seen.is_safe,
    }
}
