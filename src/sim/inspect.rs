//! A match looked at from outside: for operators, and to compare receivers with.

use super::Net;
use super::hosted::Match;
use crate::ids::{NetId, PlayerId, TeamId};
use crate::sync::Handle;
use crate::sync::schema::{Audience, ComponentId};
use bevy_ecs::entity::Entity;
use std::collections::BTreeMap;

/// An entity, as far as anybody may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Public {
    /// Its name.
    pub id: NetId,
    /// Whose it is.
    pub owner: Option<PlayerId>,
    /// Its components' lanes.
    pub components: Vec<(ComponentId, Vec<u32>)>,
}

/// Lanes of components by entity.
pub type Lanes = BTreeMap<(NetId, ComponentId), Vec<u32>>;

impl Match {
    /// What a player must see after the last tick, taken from the world and not from the stream;
    /// nothing for one who has no seat.
    #[must_use]
    pub fn visible_to(&mut self, player: PlayerId) -> Lanes {
        let entities = self.named();
        let mut visible = Lanes::new();
        for (id, entity, handle) in entities {
            for (index, lanes) in self.lanes(entity) {
                if self.sees(player, handle, index) {
                    visible.insert((id, index), lanes);
                }
            }
        }
        visible
    }

    /// All entities, ascending, with all their replicated components.
    #[must_use]
    pub fn inspect(&mut self) -> Lanes {
        let entities = self.named();
        let lanes = entities.into_iter().flat_map(|(id, entity, _)| {
            self.lanes(entity).into_iter().map(move |(component, lanes)| ((id, component), lanes))
        });
        lanes.collect()
    }

    /// What anybody may see, wherever they look: no component that is for some, and nothing that
    /// stands on a grid of what is seen. Ascending, with the owners, and at most so many.
    #[must_use]
    pub fn public(&mut self, most: usize) -> Vec<Public> {
        let named = self.named();
        let is_public = |component: &ComponentId| {
            let schema = self.schema().component(*component);
            schema.is_some_and(|schema| schema.audience() == Audience::Everyone)
        };
        let everywhere = named.into_iter().filter_map(|(id, entity, handle)| {
            let entry = self.stream.entry(handle);
            let mut components = self.lanes(entity);
            components.retain(|(component, _)| is_public(component));
            let is_seen = entry.cell.is_none() && !components.is_empty();
            is_seen.then_some(Public { id, owner: entry.owner, components })
        });
        everywhere.take(most).collect()
    }

    /// A player's team, if it has one.
    #[must_use]
    pub fn team_of(&self, player: PlayerId) -> Option<TeamId> {
        self.stream.view(player)?.team
    }

    fn named(&mut self) -> Vec<(NetId, Entity, Handle)> {
        let mut nets = self.world.query::<(Entity, &Net)>();
        let nets = nets.iter(&self.world);
        let mut named: Vec<_> = nets.map(|(entity, net)| (net.id, entity, net.handle)).collect();
        named.sort_unstable_by_key(|(id, ..)| *id);
        named
    }

    fn lanes(&self, entity: Entity) -> Vec<(ComponentId, Vec<u32>)> {
        let ids = |entity| self.world.get::<Net>(entity).map_or(NetId(0), |net| net.id);
        let replicated = self.registry.replicated.iter().enumerate();
        replicated
            .filter_map(|(index, replicated)| {
                let mut lanes = Vec::new();
                (replicated.pack)(&self.world, entity, &mut lanes, &ids)
                    .then_some((ComponentId(index as u16), lanes))
            })
            .collect()
    }

    fn sees(&self, player: PlayerId, handle: Handle, component: ComponentId) -> bool {
        let Some(view) = self.stream.view(player) else { return false };
        let entry = self.stream.entry(handle);
        if entry.cell.is_some_and(|cell| !view.cells.contains(&cell)) {
            return false;
        }
        let audience = self.schema().component(component).map(|schema| schema.audience());
        match audience {
            Some(Audience::Everyone) => true,
            Some(Audience::Team) => entry.team.is_some() && entry.team == view.team,
            Some(Audience::Owner) => entry.owner == Some(player),
            None => false,
        }
    }
}
