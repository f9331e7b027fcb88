//! A whole match as bytes: also what is not replicated.
//!
//! Magic, version and body, then a CRC over all of it. The body names the game; entities are
//! written in the order of their names, and refer to each other by name, so the same state is
//! always the same bytes.

use super::SimError;
use super::capture::Capture;
use super::registry::{Registry, Saved};
use crate::ids::NetId;
use crate::sync::{Stream, StreamState};
use bevy_ecs::entity::{Entity, EntityMapper};
use bevy_ecs::prelude::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MAGIC: &[u8; 4] = b"TWcp";
const VERSION: u8 = 1;
/// A checkpoint has at most this many bytes.
pub const CHECKPOINT_BYTES_LIMIT: usize = 1 << 26;
/// One component or resource in it has at most this many.
pub(super) const VALUE_BYTES_LIMIT: usize = 1 << 22;

/// A match in plain data.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    pub(super) game: String,
    pub(super) version: u32,
    pub(super) schema: u64,
    pub(super) options: Vec<u8>,
    pub(super) seed: u64,
    pub(super) outcome: Option<String>,
    pub(super) stream: StreamState,
    /// By name: the numbers of saved components and their bytes.
    pub(super) entities: Vec<(NetId, Vec<(u16, Vec<u8>)>)>,
    pub(super) resources: Vec<Vec<u8>>,
}

impl Checkpoint {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        let body = bincode::serde::encode_to_vec(self, bincode::config::standard());
        bytes.extend(body.expect("a checkpoint is plain data"));
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, SimError> {
        if bytes.len() > CHECKPOINT_BYTES_LIMIT {
            return Err(SimError::Damaged("it is too long"));
        }
        let split = bytes.len().checked_sub(4).ok_or(SimError::Damaged("it is too short"))?;
        let (rest, crc) = bytes.split_at(split);
        if crc != crc32fast::hash(rest).to_le_bytes() {
            return Err(SimError::Damaged("its checksum is wrong"));
        }
        let body = rest
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.strip_prefix(&[VERSION]))
            .ok_or(SimError::Damaged("it is no checkpoint of this version"))?;
        let config = bincode::config::standard().with_limit::<CHECKPOINT_BYTES_LIMIT>();
        match bincode::serde::decode_from_slice(body, config) {
            Ok((checkpoint, used)) if used == body.len() => Ok(checkpoint),
            _ => Err(SimError::Damaged("its body")),
        }
    }
}

/// From entities to their names as entities, for saving.
struct ToNames<'a>(&'a World);

impl EntityMapper for ToNames<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        let name = self.0.get::<super::Net>(source);
        name.and_then(|net| Entity::from_raw_u32(net.id.0)).unwrap_or(Entity::PLACEHOLDER)
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}

/// From names as entities to entities, for loading.
struct FromNames<'a>(&'a BTreeMap<NetId, Entity>);

impl EntityMapper for FromNames<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        let name = NetId(source.index_u32());
        self.0.get(&name).copied().unwrap_or(Entity::PLACEHOLDER)
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}

/// Saves all entities that have a name.
pub(super) fn save_entities(
    world: &mut World,
    registry: &Registry,
) -> Vec<(NetId, Vec<(u16, Vec<u8>)>)> {
    let mut nets = world.query::<(Entity, &super::Net)>();
    let mut named: Vec<(NetId, Entity)> =
        nets.iter(world).map(|(entity, net)| (net.id, entity)).collect();
    named.sort_unstable_by_key(|(id, _)| *id);
    let save = |entity: Entity| {
        let saved = registry.components.iter().enumerate();
        saved
            .filter_map(|(index, saved)| {
                Some((index as u16, (saved.save)(world, entity, &mut ToNames(world))?))
            })
            .collect()
    };
    named.into_iter().map(|(id, entity)| (id, save(entity))).collect()
}

/// Saves all registered resources.
pub(super) fn save_resources(world: &World, registry: &Registry) -> Vec<Vec<u8>> {
    let save = |saved: &Saved| {
        (saved.save)(world, Entity::PLACEHOLDER, &mut ToNames(world))
            .unwrap_or_else(|| panic!("the resource `{}` was removed", saved.name))
    };
    registry.resources.iter().map(save).collect()
}

/// Fills an empty world with what was saved.
pub(super) fn load(
    world: &mut World,
    registry: &Registry,
    stream: &Stream,
    checkpoint: &Checkpoint,
) -> Result<(), SimError> {
    let handles = stream.entities();
    let ids = checkpoint.entities.iter().map(|(id, _)| *id);
    if !handles.iter().map(|(id, _)| *id).eq(ids) {
        return Err(SimError::Damaged("its entities are not those of its stream"));
    }
    let mut names = BTreeMap::new();
    for (id, handle) in &handles {
        let entity = world.spawn_empty().id();
        Capture::name(world, entity, *id, *handle);
        names.insert(*id, entity);
    }
    for (id, components) in &checkpoint.entities {
        for (index, bytes) in components {
            let saved = registry.components.get(usize::from(*index));
            let saved = saved.ok_or(SimError::Damaged("a component is unknown"))?;
            (saved.load)(world, names[id], bytes, &mut FromNames(&names))?;
        }
    }
    if checkpoint.resources.len() != registry.resources.len() {
        return Err(SimError::Damaged("its resources are not those of the game"));
    }
    for (saved, bytes) in registry.resources.iter().zip(&checkpoint.resources) {
        (saved.load)(world, Entity::PLACEHOLDER, bytes, &mut FromNames(&names))?;
    }
    Capture::forget(world, stream);
    Ok(())
}
