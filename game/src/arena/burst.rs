//! A burst: what a rocket does to all who are near when it ends, unless a wall is between.

use super::avatar::RADIUS;
use super::field::Field;
use super::projectile::{Mark, Source, hurt};
use super::turn;
use bevy_ecs::prelude::*;
use tickwire::prelude::*;

/// How far it reaches, in units.
pub const REACH: f32 = 2.5;
/// What it takes of those in its middle; nothing at its edge.
const DAMAGE: f32 = 55.0;
/// Whoever fired it is hurt by this share of it.
const OWN_SHARE: f32 = 0.5;

/// Where it is.
pub(super) struct Burst<'a> {
    pub(super) at: [f32; 2],
    /// Who was hit by the rocket itself, which is worse already.
    pub(super) spared: Option<Entity>,
    pub(super) field: &'a Field,
}

impl Burst<'_> {
    /// What it takes of somebody there.
    fn damage(&self, there: [f32; 2]) -> u8 {
        let apart = (turn::distance(self.at, there) - RADIUS).max(0.0);
        let way = [there[0] - self.at[0], there[1] - self.at[1]];
        // It begins a little off the wall that it met.
        let start = [0, 1].map(|axis| self.at[axis] + way[axis] * 0.02);
        let is_open = self.field.free(start, way.map(|axis| axis * 0.98)) >= 1.0;
        if apart >= REACH || !is_open {
            return 0;
        }
        (DAMAGE * (1.0 - apart / REACH)).round() as u8
    }
}

/// Hurts all who are near; friends are spared.
pub(super) fn burst(
    burst: &Burst<'_>,
    source: &Source,
    avatars: &mut Query<'_, '_, Mark<'_>>,
    events: &mut Events,
) {
    let mut near = Vec::new();
    for (net, entity, owner, body, _, _, team) in avatars.iter() {
        let is_own = owner.0 == source.player;
        let is_friend = !is_own && source.team.is_some() && team.copied() == source.team;
        let damage = burst.damage(body.at());
        if damage > 0 && !is_friend && burst.spared != Some(entity) {
            let share = if is_own { OWN_SHARE } else { 1.0 };
            near.push((net.id, entity, (f32::from(damage) * share).round() as u8));
        }
    }
    near.sort_unstable();
    for (_, entity, damage) in near {
        if let Ok(target) = avatars.get_mut(entity) {
            hurt(target, damage, source, events);
        }
    }
}
