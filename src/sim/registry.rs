//! The closed list of what a match is made of: what is replicated, what else is saved.
//!
//! Generic at the door, then function pointers: nothing behind this file knows a game's types.

use super::SimError;
use super::capture::{Net, notice};
use crate::ids::NetId;
use crate::sync::replicate::{Packer, Replicate};
use crate::sync::schema::{ComponentSchema, Schema};
use crate::sync::{Cell, Handle};
use bevy_ecs::component::{Component, Mutable};
use bevy_ecs::entity::{Entity, EntityMapper};
use bevy_ecs::prelude::{Resource, World};
use bevy_ecs::query::{Changed, QueryState};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Names of entities, looked up while lanes are packed.
pub(super) type Ids<'a> = &'a dyn Fn(Entity) -> NetId;

/// Where components are visited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Where {
    /// Everywhere, and not only where they may have changed.
    pub(super) every: bool,
    /// Whether the world has archetypes that it had not at the last visit: one look for all
    /// components, as each query's own reads memory that nothing else needs.
    pub(super) grown: bool,
}

/// Visits the lanes of a component.
pub(super) type Visit =
    Box<dyn FnMut(&World, Where, Ids<'_>, &mut dyn FnMut(Handle, &[u32])) + Send + Sync>;

/// A replicated component.
pub(super) struct Replicated {
    pub(super) pack: fn(&World, Entity, &mut Vec<u32>, Ids<'_>) -> bool,
    pub(super) visit: Visit,
    /// Whether its lanes can change although it does not: it names entities.
    pub(super) names_entities: bool,
}

/// A saved component or resource.
pub(super) struct Saved {
    pub(super) name: &'static str,
    pub(super) save: fn(&World, Entity, &mut dyn EntityMapper) -> Option<Vec<u8>>,
    pub(super) load: fn(&mut World, Entity, &[u8], &mut dyn EntityMapper) -> Result<(), SimError>,
}

/// Where entities are on the grid.
pub(super) struct Places {
    pub(super) place: Box<dyn Fn(&World, Entity) -> Option<[f32; 2]> + Send + Sync>,
    pub(super) visit: PlaceVisit,
    pub(super) cell: f32,
}

/// Visits the entities that may have changed their place.
pub(super) type PlaceVisit = Box<dyn FnMut(&World, &mut dyn FnMut(Entity, [f32; 2])) + Send + Sync>;

/// All that a match is made of.
#[derive(Default)]
pub(super) struct Registry {
    pub(super) schema: Vec<ComponentSchema>,
    pub(super) replicated: Vec<Replicated>,
    pub(super) components: Vec<Saved>,
    pub(super) resources: Vec<Saved>,
    pub(super) places: Option<Places>,
}

impl Registry {
    pub(super) fn schema(&mut self) -> Schema {
        let components = std::mem::take(&mut self.schema);
        Schema::new(components).expect("a game's schema is within limits")
    }

    /// Whether a component is saved.
    pub(super) fn has<C: Component>(&self) -> bool {
        self.components.iter().any(|saved| saved.name == std::any::type_name::<C>())
    }

    pub(super) fn replicate<C>(&mut self, world: &mut World)
    where
        C: Component<Mutability = Mutable> + Replicate + Clone + Serialize + DeserializeOwned,
    {
        let schema = C::schema().unwrap_or_else(|error| panic!("component `{}`: {error}", C::NAME));
        let names_entities = schema.fields().iter().any(|field| field.kind.names_entities());
        let taken = self.schema.iter().any(|other| other.name() == schema.name());
        assert!(!taken, "component `{}` is registered twice", C::NAME);
        self.schema.push(schema);
        let mut changed: QueryState<(&Net, &C), Changed<C>> = QueryState::new(world);
        let mut all: QueryState<(&Net, &C)> = QueryState::new(world);
        let mut lanes = Vec::new();
        let visit: Visit = Box::new(move |world, Where { every, grown }, ids, visit| {
            let mut one = |(net, component): (&Net, &C)| {
                lanes.clear();
                component.pack(&mut Packer { lanes: &mut lanes, ids });
                visit(net.handle, &lanes);
            };
            if grown {
                changed.update_archetypes(world);
            }
            if every {
                all.iter(world).for_each(&mut one);
            } else {
                changed.iter_manual(world).for_each(&mut one);
            }
        });
        self.replicated.push(Replicated {
            pack: |world, entity, lanes, ids| {
                let component = world.get::<C>(entity);
                if let Some(component) = component {
                    component.pack(&mut Packer { lanes, ids });
                }
                component.is_some()
            },
            visit,
            names_entities,
        });
        self.save::<C>(world);
    }

    pub(super) fn save<C>(&mut self, world: &mut World)
    where
        C: Component + Clone + Serialize + DeserializeOwned,
    {
        self.components.push(Saved {
            name: std::any::type_name::<C>(),
            save: |world, entity, mapper| Some(to_bytes(world.get::<C>(entity)?, mapper)),
            load: |world, entity, bytes, mapper| {
                let component: C = from_bytes(bytes, mapper)?;
                world.entity_mut(entity).insert(component);
                Ok(())
            },
        });
        notice::<C>(world);
    }

    pub(super) fn save_resource<R>(&mut self, world: &mut World, value: R)
    where
        R: Resource + Component<Mutability = Mutable> + Clone + Serialize + DeserializeOwned,
    {
        world.insert_resource(value);
        self.resources.push(Saved {
            name: std::any::type_name::<R>(),
            save: |world, _, mapper| Some(to_bytes(world.get_resource::<R>()?, mapper)),
            load: |world, _, bytes, mapper| {
                let resource: R = from_bytes(bytes, mapper)?;
                world.insert_resource(resource);
                Ok(())
            },
        });
    }

    pub(super) fn place_by<C: Component>(
        &mut self,
        world: &mut World,
        cell: f32,
        place: fn(&C) -> [f32; 2],
    ) {
        let mut changed: QueryState<(Entity, &C), Changed<C>> = QueryState::new(world);
        self.places = Some(Places {
            place: Box::new(move |world, entity| world.get::<C>(entity).map(place)),
            visit: Box::new(move |world, visit| {
                changed.iter(world).for_each(|(entity, at)| visit(entity, place(at)));
            }),
            cell,
        });
    }
}

/// How far out of its cell, in cells, an entity is before it changes cells.
pub(super) const STAY: f32 = 0.1;

/// The cell of a place, for one that is in a cell now.
pub(super) fn cell_at(place: [f32; 2], size: f32, now: Option<Cell>) -> Cell {
    let axis = |at: f32, now: Option<i16>| {
        let at = at / size;
        match now {
            Some(now) if at >= f32::from(now) - STAY && at < f32::from(now) + 1.0 + STAY => now,
            _ => at.floor() as i16,
        }
    };
    Cell { x: axis(place[0], now.map(|cell| cell.x)), y: axis(place[1], now.map(|cell| cell.y)) }
}

fn to_bytes<C: Component + Clone + Serialize>(
    value: &C,
    mut mapper: &mut dyn EntityMapper,
) -> Vec<u8> {
    let mut value = value.clone();
    C::map_entities(&mut value, &mut mapper);
    bincode::serde::encode_to_vec(&value, bincode::config::standard())
        .expect("what is saved is plain data")
}

fn from_bytes<C: Component + DeserializeOwned>(
    bytes: &[u8],
    mut mapper: &mut dyn EntityMapper,
) -> Result<C, SimError> {
    let config =
        bincode::config::standard().with_limit::<{ super::checkpoint::VALUE_BYTES_LIMIT }>();
    let (mut value, used): (C, usize) = bincode::serde::decode_from_slice(bytes, config)
        .map_err(|_| SimError::Damaged("a value"))?;
    if used != bytes.len() {
        return Err(SimError::Damaged("a value"));
    }
    C::map_entities(&mut value, &mut mapper);
    Ok(value)
}
