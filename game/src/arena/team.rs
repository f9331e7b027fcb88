//! Teams, if there are any, and the marks that only one's own team sees.

use super::avatar::Body;
use super::control::{Buttons, Will};
use super::field::Field;
use super::player::{Entrant, Profile};
use super::turn;
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// How far ahead a mark is at most, in units.
const REACH: f32 = 12.0;
/// How long a mark is seen, in milliseconds.
const SEEN: u32 = 3000;

/// A team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first.
    #[default]
    Red,
    /// The second.
    Blue,
    /// The third.
    Green,
    /// The fourth.
    Gold,
}

impl Side {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Red, Self::Blue, Self::Green, Self::Gold];

    /// Its number to the engine.
    #[must_use]
    pub fn team(self) -> TeamId {
        TeamId(self as u8)
    }

    /// The side with this number.
    #[must_use]
    pub fn of(team: TeamId) -> Option<Self> {
        Self::ALL.get(usize::from(team.0)).copied()
    }
}

/// What a player shows the others of its team: "there".
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marker {
    /// Where along x, in units.
    pub x: f32,
    /// Where along y, in units.
    pub y: f32,
    /// The first tick without it.
    pub until: Tick,
}

replicate! {
    Marker for team { x: float(0.0, 128.0, 0.5), y: float(0.0, 128.0, 0.5), until: moment() }
}

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Marker>();
}

/// The side with the fewest players, if there are sides.
pub(super) fn smallest(world: &mut World, teams: u8) -> Option<Side> {
    let mut profiles = world.query::<&Profile>();
    let mut counts = [0; Side::ALL.len()];
    let sides = profiles.iter(world).filter_map(|profile| profile.side);
    sides.for_each(|side| counts[side as usize] += 1);
    let sides = Side::ALL.into_iter().take(teams.into());
    sides.min_by_key(|side| (counts[*side as usize], side.team()))
}

type Marking<'a> = (Entity, &'a Owner, Option<&'a Marker>);

/// Sets marks, and takes away those that were seen for long enough. A player has one at a time.
pub(super) fn mark(
    mut commands: Commands,
    (time, field): (Res<Time>, Res<Field>),
    avatars: Query<(&Owner, &Body, &Will)>,
    entrants: Query<Marking<'_>, (With<Entrant>, With<OnTeam>)>,
) {
    let will = |player: PlayerId| avatars.iter().find(|(owner, ..)| owner.0 == player);
    let marks =
        |player| will(player).is_some_and(|(.., will)| will.input.buttons.has(Buttons::MARK));
    let mut ended = Vec::new();
    let mut marked = Vec::new();
    for (entity, owner, marker) in &entrants {
        match marker {
            Some(marker) if marker.until <= time.tick() => ended.push((owner.0, entity)),
            None if marks(owner.0) => marked.push((owner.0, entity)),
            _ => {}
        }
    }
    ended.sort_unstable();
    marked.sort_unstable();
    for (_, entity) in ended {
        commands.entity(entity).remove::<Marker>();
    }
    for (player, entity) in marked {
        let Some((_, body, will)) = will(player) else { continue };
        let way = turn::direction(will.input.aim).map(|axis| axis * REACH);
        let share = field.free(body.at(), way);
        let until = Tick(time.tick().0 + time.ticks(SEEN));
        let (x, y) = (body.x + way[0] * share, body.y + way[1] * share);
        commands.entity(entity).insert(Marker { x, y, until });
    }
}
