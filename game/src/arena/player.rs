//! What there is of a player also while its avatar is gone: one entity for each seat.

use super::avatar::{Away, Body, Velocity, avatar};
use super::field::Field;
use super::health::Shield;
use super::score::Score;
use super::team::{Side, smallest};
use super::{Options, turn};
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// What hides itself or turns around what follows.
const INVISIBLE: [char; 17] = [
    '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}',
    '\u{202d}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}', '\u{3164}',
    '\u{feff}',
];
/// A name has at most this many bytes.
pub const NAME_BYTES: u32 = 16;
/// How long who just appeared is safe, in milliseconds.
const FRESH: u32 = 1500;
/// How long who just lost the connection is safe, in milliseconds.
const SPARED: u32 = 3000;
/// How many spots are tried to appear at.
const TRIES: usize = 4;

/// On the entity of a seat; saved, not sent.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entrant;

/// Who plays.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// What to call them.
    pub name: String,
    /// Their colour's place in the rainbow, in degrees.
    pub hue: u16,
    /// Their side, if there are teams.
    pub side: Option<Side>,
    /// Whether nobody is behind it.
    pub is_bot: bool,
}

replicate! {
    Profile {
        name: text(NAME_BYTES),
        hue: integer(0, 359),
        side: optional(choice(&Side::ALL)),
        is_bot: boolean(),
    }
}

/// Where a player's avatar is, or when there will be one.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The avatar, while there is one.
    #[entities]
    pub avatar: Option<Entity>,
    /// The tick at which there will be one; later if the connection is lost.
    pub returns: Option<Tick>,
}

replicate! { Standing { avatar: entity(), returns: optional(moment()) } }

pub(super) fn plug(setup: &mut Setup<'_>) {
    setup.replicate::<Profile>().replicate::<Standing>().save::<Entrant>();
}

/// A name without what cannot be shown, cut to what travels.
fn shown(name: &str, player: PlayerId) -> String {
    let is_shown = |letter: &char| !letter.is_control() && !INVISIBLE.contains(letter);
    let shown: String = name.chars().filter(is_shown).collect();
    let shown = shown.trim();
    let end = shown.floor_char_boundary(NAME_BYTES as usize);
    if end == 0 { format!("Player {player}") } else { shown[..end].into() }
}

/// What others are told of one who comes or goes.
#[derive(Serialize)]
struct Passage<'a> {
    player: PlayerId,
    name: &'a str,
}

/// What players may choose for themselves.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Wishes {
    hue: Option<u16>,
}

/// A colour for one who wishes none: neighbours in number are far apart.
pub(super) fn hue(player: PlayerId) -> u16 {
    (u64::from(player.0) * 137 % 360) as u16
}

/// Someone took a seat: the avatar comes at the end of the tick.
pub(super) fn join(world: &mut World, join: &Join) {
    let player = join.player;
    let teams = world.resource::<Options>().teams;
    // Whoever wishes nonsense wishes nothing.
    let wishes: Wishes = serde_json::from_str(&join.wishes).unwrap_or_default();
    let profile = Profile {
        name: shown(&join.name, player),
        hue: wishes.hue.map_or_else(|| hue(player), |hue| hue % 360),
        side: smallest(world, teams),
        is_bot: false,
    };
    let passage = Passage { player, name: &profile.name };
    world.resource_mut::<Events>().to_all_but(player).emit("came", &passage);
    seat(world, player, profile);
}

/// Puts somebody in; the avatar comes at the end of the tick.
pub(super) fn seat(world: &mut World, player: PlayerId, profile: Profile) -> Entity {
    let side = profile.side;
    let standing = Standing { avatar: None, returns: Some(world.resource::<Time>().tick()) };
    let mut entrant = world.spawn((Entrant, Owner(player), profile, standing, Score::default()));
    if let Some(side) = side {
        entrant.insert(OnTeam(side.team()));
    }
    let entrant = entrant.id();
    if let Some(side) = side {
        world.resource_mut::<Views>().set_team(player, Some(side.team()));
    }
    entrant
}

/// A seat was given up: nothing of it stays.
pub(super) fn leave(world: &mut World, player: PlayerId) {
    let Some(entrant) = find(world, player) else { return };
    let name = world.get::<Profile>(entrant).map(|profile| profile.name.clone());
    let passage = Passage { player, name: name.as_deref().unwrap_or_default() };
    world.resource_mut::<Events>().to_all().emit("went", &passage);
    unseat(world, entrant);
}

/// Takes somebody out, with the avatar.
pub(super) fn unseat(world: &mut World, entrant: Entity) {
    if let Some(avatar) = world.get::<Standing>(entrant).and_then(|standing| standing.avatar) {
        world.despawn(avatar);
    }
    world.despawn(entrant);
}

/// A connection was lost: the avatar stands still, and is spared for a while.
pub(super) fn pause(world: &mut World, player: PlayerId) {
    let shield = Shield::lasting(SPARED, world.resource::<Time>());
    let Some(avatar) = find_avatar(world, player) else { return };
    if world.get::<Shield>(avatar).is_some_and(|other| other.until >= shield.until) {
        world.entity_mut(avatar).insert(Away::default());
    } else {
        world.entity_mut(avatar).insert((Away { spared: Some(shield.until) }, shield));
    }
}

/// A connection is there again.
pub(super) fn resume(world: &mut World, player: PlayerId) {
    let Some(avatar) = find_avatar(world, player) else { return };
    let spared = world.get::<Away>(avatar).and_then(|away| away.spared);
    // Whoever is back fights on: else one would be safe who is cut again and again.
    if spared.is_some() && world.get::<Shield>(avatar).map(|shield| shield.until) == spared {
        world.entity_mut(avatar).remove::<Shield>();
    }
    world.entity_mut(avatar).remove::<Away>();
}

fn find(world: &mut World, player: PlayerId) -> Option<Entity> {
    let mut entrants = world.query_filtered::<(Entity, &Owner), With<Entrant>>();
    entrants.iter(world).find(|(_, owner)| owner.0 == player).map(|(entity, _)| entity)
}

fn find_avatar(world: &mut World, player: PlayerId) -> Option<Entity> {
    let entrant = find(world, player)?;
    world.get::<Standing>(entrant)?.avatar
}

/// Gives a player an avatar, as far from others as a few tries find.
pub(super) fn face(world: &mut World, player: PlayerId, entrant: Entity) {
    let mut bodies = world.query_filtered::<&Body, With<Velocity>>();
    let others: Vec<[f32; 2]> = bodies.iter(world).map(Body::at).collect();
    let lonely = |spot: &[f32; 2]| {
        others.iter().fold(f32::MAX, |least, other| least.min(turn::distance(*spot, *other)))
    };
    let tries = world.resource_scope(|world, mut random: Mut<Random>| {
        let spots = world.resource::<Field>().spots();
        let middle = [world.resource::<Field>().side() / 2.0; 2];
        [(); TRIES].map(|()| random.pick(spots).copied().unwrap_or(middle))
    });
    let best = tries.into_iter().max_by(|a, b| lonely(a).total_cmp(&lonely(b)));
    let shield = Shield::lasting(FRESH, world.resource::<Time>());
    let team = world.get::<OnTeam>(entrant).copied();
    let is_bot = world.get::<Profile>(entrant).is_some_and(|profile| profile.is_bot);
    let mut spawned = world.spawn(avatar(player, best.unwrap_or_default(), shield));
    if let Some(team) = team {
        spawned.insert(team);
    }
    if !is_bot {
        spawned.insert(Predicted);
    }
    let avatar = Some(spawned.id());
    if let Some(mut standing) = world.get_mut::<Standing>(entrant) {
        *standing = Standing { avatar, returns: None };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_a_letter_and_never_empty() {
        let shown = |name| shown(name, PlayerId(7));
        assert_eq!(shown("  Ada\u{7}\n "), "Ada");
        assert_eq!(
            (shown("A\u{202e}d\u{200b}a"), shown("\u{200b} \u{feff}")),
            ("Ada".into(), "Player 7".into())
        );
        assert_eq!(shown("ééééééééé"), "éééééééé");
        assert_eq!(shown("aééééééééé"), "aééééééé");
        assert_eq!(shown(" \t"), "Player 7");
    }
}
