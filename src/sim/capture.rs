//! From the world to the stream: what came, went and changed in a tick.

use super::game::{OnTeam, Owner, Predicted};
use super::registry::{Places, Registry, Where, cell_at};
use crate::ids::NetId;
use crate::sync::schema::ComponentId;
use crate::sync::{Cell, Entry, Handle, Stream};
use bevy_ecs::archetype::ArchetypeGeneration;
use bevy_ecs::component::Component;
use bevy_ecs::entity::Entity;
use bevy_ecs::prelude::{Resource, World};
use bevy_ecs::query::{Changed, Or, QueryState};

/// What the stream calls an entity. It has one from the end of its first tick; sort by it where
/// order matters.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq)]
#[component(clone_behavior = Ignore)]
pub struct Net {
    /// Counted up in the order of spawning, never reused.
    pub id: NetId,
    pub(super) handle: Handle,
}

/// What the world's observers noticed since the last capture.
#[derive(Resource, Debug, Default)]
pub(super) struct Births {
    /// Entities that got a registered component: those without a name are new.
    pub(super) touched: Vec<Entity>,
    /// Entities that got or lost one.
    pub(super) restructured: Vec<Entity>,
    /// Entities that may have lost what says whose or where they are.
    pub(super) related: Vec<Entity>,
    /// Entities that are gone.
    departed: Vec<Handle>,
}

/// Takes what changed out of a world, tick by tick.
pub(super) struct Capture {
    related: QueryState<Entity, Or<(Changed<Owner>, Changed<Predicted>, Changed<OnTeam>)>>,
    /// The archetypes that queries know of.
    archetypes: ArchetypeGeneration,
    components: Vec<ComponentId>,
    lanes: Vec<u32>,
    moved: Vec<(NetId, Entity)>,
}

impl Capture {
    pub(super) fn new(world: &mut World) -> Self {
        world.register_component_hooks::<Net>().on_remove(|mut world, context| {
            if let Some(net) = world.get::<Net>(context.entity).copied() {
                world.resource_mut::<Births>().departed.push(net.handle);
            }
        });
        Self {
            related: QueryState::new(world),
            archetypes: ArchetypeGeneration::initial(),
            components: Vec::new(),
            lanes: Vec::new(),
            moved: Vec::new(),
        }
    }

    /// Tells the stream what the last tick did to the world.
    pub(super) fn run(&mut self, world: &mut World, registry: &mut Registry, stream: &mut Stream) {
        let mut births = std::mem::take(&mut *world.resource_mut::<Births>());
        let any_gone = !births.departed.is_empty();
        births.departed.drain(..).for_each(|handle| stream.despawn(handle));
        *world.resource_mut::<Births>() = births;
        let any_named = Self::name_births(world, stream);
        let mut births = std::mem::take(&mut *world.resource_mut::<Births>());
        // In the order of names, once each: it must be the same after a restore.
        let id = |entity: &Entity| world.get::<Net>(*entity).map(|net| net.id);
        births.restructured.sort_by_key(id);
        births.restructured.dedup();
        for entity in births.restructured.drain(..) {
            self.restructure(world, registry, stream, entity);
        }
        let archetypes = world.archetypes().generation();
        let grown = std::mem::replace(&mut self.archetypes, archetypes) != archetypes;
        if grown {
            self.related.update_archetypes(world);
        }
        self.relate(world, registry, stream, &mut births.related);
        set_changed(world, registry, stream, Where { every: any_gone || any_named, grown });
        *world.resource_mut::<Births>() = births;
        world.clear_trackers();
    }

    /// Tells what components an entity has now; of a new one, that it is there.
    fn restructure(
        &mut self,
        world: &World,
        registry: &Registry,
        stream: &mut Stream,
        entity: Entity,
    ) {
        let Some(net) = world.get::<Net>(entity).copied() else { return };
        self.pack(world, registry, entity);
        if stream.is_spawned(net.handle) {
            stream.reshape(net.handle, &self.components, &self.lanes);
        } else {
            let entry = entry(world, registry, entity, None);
            stream.spawn_reserved(net.handle, entry, &self.components, &self.lanes);
        }
    }

    /// Gathers an entity's replicated components and their lanes.
    fn pack(&mut self, world: &World, registry: &Registry, entity: Entity) {
        self.components.clear();
        self.lanes.clear();
        for (index, replicated) in registry.replicated.iter().enumerate() {
            if (replicated.pack)(world, entity, &mut self.lanes, &|entity| id_of(world, entity)) {
                self.components.push(ComponentId(index as u16));
            }
        }
    }

    /// Tells whose entities are, and where.
    fn relate(
        &mut self,
        world: &World,
        registry: &mut Registry,
        stream: &mut Stream,
        related: &mut Vec<Entity>,
    ) {
        let mut moved = std::mem::take(&mut self.moved);
        let mut note = |entity: Entity| {
            if let Some(net) = world.get::<Net>(entity) {
                moved.push((net.id, entity));
            }
        };
        related.drain(..).for_each(&mut note);
        self.related.iter_manual(world).for_each(&mut note);
        if let Some(Places { visit, cell, .. }) = &mut registry.places {
            visit(world, &mut |entity, place| {
                let Some(net) = world.get::<Net>(entity) else { return };
                let now = stream.entry(net.handle).cell;
                if now != Some(cell_at(place, *cell, now)) {
                    note(entity);
                }
            });
        }
        // In the order of names: that of tables is not the same after a restore.
        moved.sort_unstable_by_key(|(id, _)| *id);
        moved.dedup();
        for (_, entity) in moved.drain(..) {
            let Some(net) = world.get::<Net>(entity).copied() else { continue };
            let old = stream.entry(net.handle);
            let new = entry(world, registry, entity, old.cell);
            if new != old {
                self.pack(world, registry, entity);
                stream.relocate(net.handle, new, &self.components, &self.lanes);
            }
        }
        self.moved = moved;
    }

    /// Names the entities that are new, in the order in which they were spawned; says whether there
    /// were any.
    pub(super) fn name_births(world: &mut World, stream: &mut Stream) -> bool {
        let mut any = false;
        let mut touched = std::mem::take(&mut world.resource_mut::<Births>().touched);
        for entity in touched.drain(..) {
            if world.get_entity(entity).is_ok_and(|entity| !entity.contains::<Net>()) {
                let handle = stream.reserve();
                Self::name(world, entity, stream.id(handle), handle);
                any = true;
            }
        }
        world.resource_mut::<Births>().touched = touched;
        any
    }

    /// Names an entity.
    pub(super) fn name(world: &mut World, entity: Entity, id: NetId, handle: Handle) {
        world.entity_mut(entity).insert(Net { id, handle });
    }

    /// Forgets what was noticed while a world was loaded, but for what nobody was told of yet.
    pub(super) fn forget(world: &mut World, stream: &Stream) {
        let mut births = std::mem::take(&mut *world.resource_mut::<Births>());
        births.touched.clear();
        births.related.clear();
        births.restructured.retain(|entity| {
            world.get::<Net>(*entity).is_some_and(|net| !stream.is_spawned(net.handle))
        });
        *world.resource_mut::<Births>() = births;
        world.clear_trackers();
    }
}

/// Notices when an entity gets or loses a registered component. Hooks and not observers: an
/// observer for each component takes more memory than all the rest of an empty match.
pub(super) fn notice<C: Component>(world: &mut World) {
    let name = std::any::type_name::<C>();
    let hooks = world.register_component_hooks::<C>();
    let free = hooks
        .try_on_add(|mut world, context| {
            let mut births = world.resource_mut::<Births>();
            births.touched.push(context.entity);
            births.restructured.push(context.entity);
        })
        .and_then(|hooks| {
            hooks.try_on_remove(|mut world, context| {
                let mut births = world.resource_mut::<Births>();
                births.restructured.push(context.entity);
                births.related.push(context.entity);
            })
        });
    assert!(free.is_some(), "`{name}` is registered twice or has hooks of its own: use observers");
}

/// Tells what changed. Where names came or went, what names entities may have changed too.
fn set_changed(world: &World, registry: &mut Registry, stream: &mut Stream, place: Where) {
    for (index, replicated) in registry.replicated.iter_mut().enumerate() {
        let every = place.every && replicated.names_entities;
        let ids = |entity| id_of(world, entity);
        (replicated.visit)(world, Where { every, ..place }, &ids, &mut |handle, lanes| {
            // All of an entity that is new or changed shape was told in this tick.
            if !stream.is_fresh(handle) {
                stream.set(handle, ComponentId(index as u16), lanes);
            }
        });
    }
}

fn id_of(world: &World, entity: Entity) -> NetId {
    world.get::<Net>(entity).map_or(NetId(0), |net| net.id)
}

/// What the stream must know of an entity that is in a cell now.
fn entry(world: &World, registry: &Registry, entity: Entity, now: Option<Cell>) -> Entry {
    let place = |places: &Places| Some(cell_at((places.place)(world, entity)?, places.cell, now));
    Entry {
        owner: world.get::<Owner>(entity).map(|owner| owner.0),
        predicted: world.get::<Predicted>(entity).is_some(),
        team: world.get::<OnTeam>(entity).map(|team| team.0),
        cell: registry.places.as_ref().and_then(place),
    }
}
