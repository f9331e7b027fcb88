//! Rounds: how long one goes, who wins it, and what comes after.

use super::Options;
use super::player::{Entrant, Profile, Standing};
use super::projectile::Shot;
use super::score::Score;
use super::team::Side;
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cmp::Reverse;
use tickwire::prelude::*;

/// How long the result is looked at before the next round, in milliseconds.
const PAUSE: u32 = 8000;

/// How far the round is, and what it came to: one for all to see.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The first is 1.
    pub number: u32,
    /// The tick at which it is over, if there is a time limit.
    pub ends: Option<Tick>,
    /// The points at which it is over; 0 if none are enough.
    pub goal: u32,
    /// Whether it is over.
    pub is_over: bool,
    /// When the next one begins, once this one is over.
    pub next: Option<Tick>,
    /// The seat of the player who won it, or was the best when a side did; none after a draw.
    #[entities]
    pub winner: Option<Entity>,
    /// The side that won it, if there are sides; none after a draw.
    pub side: Option<Side>,
}

replicate! {
    Round {
        number: integer(1, 9_999),
        ends: optional(moment()),
        goal: integer(0, 99_999),
        is_over: boolean(),
        next: optional(moment()),
        winner: entity(),
        side: optional(choice(&Side::ALL)),
    }
}

impl Round {
    const fn first(ends: Option<Tick>, goal: u32) -> Self {
        Self { number: 1, ends, goal, is_over: false, next: None, winner: None, side: None }
    }
}

/// What ends a round: nothing counts while it is blown.
#[derive(Resource, Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Whistle {
    /// Whether the round is over.
    pub is_blown: bool,
    /// Whether it was the last.
    pub is_final: bool,
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Round>().save_resource(Whistle::default());
}

/// The end of a round that begins now.
fn end(options: &Options, time: &Time) -> Option<Tick> {
    let ticks = options.seconds.saturating_mul(time.hertz());
    (options.seconds > 0).then(|| Tick(time.tick().0.saturating_add(ticks)))
}

/// Begins the first round.
pub(super) fn open(world: &mut World) {
    let options = *world.resource::<Options>();
    let ends = end(&options, world.resource::<Time>());
    world.spawn(Round::first(ends, options.goal));
}

/// What all are told at the end of a round.
#[derive(Serialize)]
struct Verdict<'a> {
    number: u32,
    winner: Option<&'a str>,
    side: Option<Side>,
    standings: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    name: &'a str,
    points: u32,
}

type Scored<'a> = (Entity, &'a Owner, &'a Profile, &'a Score);

/// The first of these, the best of whom comes first; none if that is no more than the next has.
fn ahead<T>(ranked: impl IntoIterator<Item = (u32, T)>) -> Option<T> {
    let mut ranked = ranked.into_iter();
    let (most, first) = ranked.next()?;
    (most > ranked.next().map_or(0, |(points, _)| points)).then_some(first)
}

/// Ends the round when it is time.
pub(super) fn judge(
    (time, options): (Res<Time>, Res<Options>),
    mut whistle: ResMut<Whistle>,
    mut events: ResMut<Events>,
    mut rounds: Query<&mut Round>,
    scores: Query<Scored<'_>, With<Entrant>>,
) {
    let Ok(mut round) = rounds.single_mut() else { return };
    if round.is_over {
        return;
    }
    let mut sides = [0; Side::ALL.len()];
    let mut best = 0;
    for (.., profile, score) in &scores {
        let points = match profile.side {
            Some(side) => &mut sides[side as usize],
            None => &mut 0,
        };
        *points += score.points;
        best = best.max(*points);
    }
    let is_late = round.ends.is_some_and(|ends| ends <= time.tick());
    if !is_late && (round.goal == 0 || best < round.goal) {
        return;
    }
    let mut places: Vec<_> = scores.iter().collect();
    // The best first; of equals who came first.
    places.sort_by_key(|(_, owner, _, score)| (Reverse(score.points), owner.0));
    let mut ranked = Side::ALL.map(|side| (sides[side as usize], side));
    ranked.sort_by_key(|(points, _)| Reverse(*points));
    round.is_over = true;
    round.side = ahead(ranked);
    let first = match round.side {
        Some(_) => places.first(),
        None if options.teams > 0 => None,
        None => ahead(places.iter().map(|place| (place.3.points, place))),
    };
    round.winner = first.map(|(entity, ..)| *entity);
    *whistle = Whistle { is_blown: true, is_final: round.number == options.rounds };
    round.next = (!whistle.is_final).then(|| Tick(time.tick().0 + time.ticks(PAUSE)));
    let standings = places
        .iter()
        .map(|(.., profile, score)| Place { name: &profile.name, points: score.points });
    events.to_all().emit(
        "round",
        &Verdict {
            number: round.number,
            winner: first.map(|(.., profile, _)| profile.name.as_str()),
            side: round.side,
            standings: standings.collect(),
        },
    );
}

/// Begins the next round: all points are forgotten, and everybody appears anew.
pub(super) fn reopen(
    mut commands: Commands,
    (time, options): (Res<Time>, Res<Options>),
    mut whistle: ResMut<Whistle>,
    mut rounds: Query<&mut Round>,
    mut entrants: Query<(&Owner, &mut Score, &mut Standing)>,
    flying: Query<(&Net, Entity), With<Shot>>,
) {
    let Ok(mut round) = rounds.single_mut() else { return };
    if round.next.is_none_or(|next| next > time.tick()) {
        return;
    }
    let (number, ends) = (round.number + 1, end(&options, &time));
    *round = Round { number, ..Round::first(ends, options.goal) };
    *whistle = Whistle::default();
    let mut gone = Vec::new();
    for (owner, mut score, mut standing) in &mut entrants {
        gone.extend(standing.avatar.map(|avatar| (owner.0, avatar)));
        *score = Score::default();
        *standing = Standing { avatar: None, returns: Some(time.tick()) };
    }
    gone.sort_unstable();
    let mut shots: Vec<_> = flying.iter().map(|(net, entity)| (net.id, entity)).collect();
    shots.sort_unstable();
    gone.into_iter().for_each(|(_, avatar)| commands.entity(avatar).despawn());
    shots.into_iter().for_each(|(_, shot)| commands.entity(shot).despawn());
}

/// The result, once the match is over.
pub(super) fn outcome(world: &mut World) -> Option<Value> {
    if !world.resource::<Whistle>().is_final {
        return None;
    }
    let mut query = world.query_filtered::<(&Owner, &Profile, &Score), With<Entrant>>();
    let mut entrants: Vec<_> = query.iter(world).collect();
    // The best first; of equals who came first.
    entrants.sort_by_key(|(owner, _, score)| (Reverse(score.points), owner.0));
    let players: Vec<Value> = entrants
        .iter()
        .map(|(owner, profile, score)| {
            json!({
                "player": owner.0,
                "name": profile.name,
                "side": profile.side,
                "kills": score.kills,
                "deaths": score.deaths,
                "points": score.points,
            })
        })
        .collect();
    let points = |side: Side| -> u32 {
        let on_side = entrants.iter().filter(|(_, profile, _)| profile.side == Some(side));
        on_side.map(|(.., score)| score.points).sum()
    };
    let teams = usize::from(world.resource::<Options>().teams);
    let sides: Vec<Value> = Side::ALL[..teams.min(Side::ALL.len())]
        .iter()
        .map(|side| json!({ "side": side, "points": points(*side) }))
        .collect();
    Some(json!({ "players": players, "sides": sides }))
}
