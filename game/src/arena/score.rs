//! The score, and when the match is over.

use super::Options;
use super::player::{Entrant, Profile};
use super::team::Side;
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tickwire::prelude::*;

/// What a kill brings.
const KILL_POINTS: u32 = 10;
/// What a kill brings more for each one before it in the same life, five at most.
const STREAK_POINTS: u32 = 2;
/// What a pickup brings.
pub(super) const PICKUP_POINTS: u32 = 1;

/// What a player achieved.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// How many others it ended.
    pub kills: u32,
    /// How often it was ended.
    pub deaths: u32,
    /// Kills since it appeared.
    pub streak: u32,
    /// What decides the match.
    pub points: u32,
}

replicate! {
    Score {
        kills: integer(0, 999),
        deaths: integer(0, 999),
        streak: integer(0, 99),
        points: integer(0, 99_999),
    }
}

impl Score {
    /// Its avatar ended.
    pub(super) fn lose(&mut self, counts: bool) {
        self.deaths += u32::from(counts);
        self.streak = 0;
    }

    /// It ended another's avatar.
    pub(super) fn win(&mut self, counts: bool) {
        if counts {
            self.points += KILL_POINTS + STREAK_POINTS * self.streak.min(5);
            self.kills += 1;
            self.streak += 1;
        }
    }
}

/// How long the match goes, and how far: one for all to see.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// The tick at which it is over, if there is a time limit.
    pub ends: Option<Tick>,
    /// The points at which it is over; 0 if none are enough.
    pub goal: u32,
    /// Whether it is over.
    pub is_over: bool,
}

replicate! {
    Round { ends: optional(moment()), goal: integer(0, 99_999), is_over: boolean() }
}

/// What ends the match: nothing counts when it is blown.
#[derive(Resource, Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Whistle {
    /// Whether the match is over.
    pub is_blown: bool,
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Score>().replicate::<Round>().save_resource(Whistle::default());
}

/// Says how long the match goes.
pub(super) fn open(world: &mut World) {
    let Options { goal, seconds, .. } = *world.resource::<Options>();
    let hertz = world.resource::<Time>().hertz();
    let ends = (seconds > 0).then(|| Tick(seconds.saturating_mul(hertz)));
    world.spawn(Round { ends, goal, is_over: false });
}

/// Ends the match when it is time.
pub(super) fn judge(
    time: Res<Time>,
    mut whistle: ResMut<Whistle>,
    mut events: ResMut<Events>,
    mut rounds: Query<&mut Round>,
    scores: Query<(&Profile, &Score), With<Entrant>>,
) {
    let Ok(mut round) = rounds.single_mut() else { return };
    if round.is_over {
        return;
    }
    let mut best = 0;
    let mut sides = [0; Side::ALL.len()];
    for (profile, score) in &scores {
        let points = match profile.side {
            Some(side) => &mut sides[side as usize],
            None => &mut 0,
        };
        *points += score.points;
        best = best.max(*points);
    }
    let is_late = round.ends.is_some_and(|ends| ends <= time.tick());
    if is_late || (round.goal > 0 && best >= round.goal) {
        round.is_over = true;
        whistle.is_blown = true;
        events.to_all().emit("over", &best);
    }
}

/// The result, once the match is over.
pub(super) fn outcome(world: &mut World) -> Option<Value> {
    if !world.resource::<Whistle>().is_blown {
        return None;
    }
    let mut query = world.query_filtered::<(&Owner, &Profile, &Score), With<Entrant>>();
    let mut entrants: Vec<_> = query.iter(world).collect();
    // The best first; of equals who came first.
    entrants.sort_by_key(|(owner, _, score)| (std::cmp::Reverse(score.points), owner.0));
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
