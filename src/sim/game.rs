//! What a game is to the engine: one trait, and what it sets up once.

use super::input::{Join, Missing};
use super::registry::{Registry, STAY};
use super::timer::Time;
use crate::ids::{PlayerId, TeamId};
use crate::sync::replicate::Replicate;
use bevy_ecs::component::{Component, Mutable};
use bevy_ecs::prelude::{IntoScheduleConfigs, Resource, Schedule, SystemSet, World};
use bevy_ecs::schedule::SingleThreadedExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The rules of a game. One value of it serves all its matches.
///
/// A match must be a pure function of seed, options and inputs. So systems read no clock, draw no
/// chance but [`Random`](super::Random), keep nothing in `Local` or in anything that is not
/// registered, do not ask for `Added` or `Changed`, and where order matters sort by
/// [`Net`](super::Net) or player. They do not disable entities, and refer from saved components only
/// to entities with a registered component, in fields marked `#[entities]`. Hooks and observers that change the world are run again
/// while a checkpoint is loaded; rules belong into systems.
pub trait Game: Send + Sync + 'static {
    /// Its name: journals and checkpoints of another game are refused.
    const NAME: &'static str;
    /// Its version: to be raised when the same inputs would give other frames.
    const VERSION: u32;
    /// What a player's controls say in one tick; its default is hands off.
    type Input: Serialize + DeserializeOwned + Clone + Default + Send + Sync + 'static;
    /// What can be chosen for a match.
    type Options: Serialize + DeserializeOwned + Clone + Default + Send + Sync + 'static;

    /// Says what the world is made of: components, resources, systems. Called for each match,
    /// new or restored, before anything is in it.
    fn setup(&self, setup: &mut Setup<'_>, options: &Self::Options);

    /// Fills the world of a new match.
    fn start(&self, world: &mut World, options: &Self::Options) {
        let _ = (world, options);
    }

    /// Someone took a seat.
    fn joined(&self, world: &mut World, join: &Join) {
        let _ = (world, join);
    }

    /// A seat was given up.
    fn left(&self, world: &mut World, player: PlayerId) {
        let _ = (world, player);
    }

    /// A player's connection was lost; the seat is kept.
    fn away(&self, world: &mut World, player: PlayerId) {
        let _ = (world, player);
    }

    /// A player's connection is there again.
    fn back(&self, world: &mut World, player: PlayerId) {
        let _ = (world, player);
    }

    /// When the match is over, its result.
    fn outcome(&self, world: &mut World) -> Option<serde_json::Value> {
        let _ = world;
        None
    }
}

/// When a system runs within a tick; phases run in this order.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Controls become intentions.
    Input,
    /// Things move.
    Move,
    /// What happens where things are: hits, pick-ups, scores.
    Resolve,
    /// What follows for the next tick: spawns, clean-up, views.
    Late,
}

/// A component by which an entity is someone's: who sees components that are `for owner`.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Owner(pub PlayerId);

/// The owner's client may predict this entity; while it is right, it is not told.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Predicted;

/// A component by which an entity is a team's: who sees components that are `for team`.
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct OnTeam(pub TeamId);

/// How much of the world a player sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interest {
    /// The side of a grid cell, in the game's units.
    pub cell: f32,
    /// How many cells are seen each way from the one that the view is in.
    pub radius: u8,
}

impl Interest {
    /// Whether who looks from one place is sure to see what is at another. It depends on the two places alone,
    /// so it is a little less than what is seen: who crosses a cell's edge counts as in the old cell for a bit.
    #[must_use]
    pub fn reaches(self, from: [f32; 2], to: [f32; 2]) -> bool {
        let reach = self.cell * (f32::from(self.radius) - 2.0 * STAY);
        from.iter().zip(to).all(|(from, to)| (to - from).abs() < reach)
    }
}

/// A view reaches at most this many cells each way.
pub(super) const INTEREST_RADIUS_LIMIT: u8 = 12;

/// What a game sets up for a match.
pub struct Setup<'a> {
    /// The match's world, still empty: for resources that never change.
    pub world: &'a mut World,
    systems: Schedule,
    pub(super) registry: Registry,
    pub(super) hertz: u32,
    pub(super) missing: Missing,
    pub(super) interest: Option<Interest>,
}

impl<'a> Setup<'a> {
    pub(super) fn new(world: &'a mut World) -> Self {
        let mut systems = Schedule::default();
        systems.set_executor(SingleThreadedExecutor::new());
        systems.configure_sets((Phase::Input, Phase::Move, Phase::Resolve, Phase::Late).chain());
        let mut setup = Self {
            registry: Registry::default(),
            world,
            systems,
            hertz: 20,
            missing: Missing::default(),
            interest: None,
        };
        setup.save::<Owner>().save::<Predicted>().save::<OnTeam>();
        setup
    }

    pub(super) fn into_parts(self) -> (Registry, Schedule, Time) {
        (self.registry, self.systems, Time::new(self.hertz))
    }

    /// Ticks in a second, from 1 to 128; 20 unless told.
    pub fn tick_rate(&mut self, hertz: u32) -> &mut Self {
        assert!((1..=128).contains(&hertz), "a tick rate is from 1 to 128 Hz, not {hertz}");
        self.hertz = hertz;
        self
    }

    /// What controls are taken to say when nothing came.
    pub fn missing_input(&mut self, missing: Missing) -> &mut Self {
        self.missing = missing;
        self
    }

    /// Replicates and saves a component; see [`replicate!`](crate::replicate).
    pub fn replicate<C>(&mut self) -> &mut Self
    where
        C: Component<Mutability = Mutable> + Replicate + Clone + Serialize + DeserializeOwned,
    {
        self.registry.replicate::<C>(self.world);
        self
    }

    /// Saves a component in checkpoints, without sending it.
    pub fn save<C>(&mut self) -> &mut Self
    where
        C: Component + Clone + Serialize + DeserializeOwned,
    {
        self.registry.save::<C>(self.world);
        self
    }

    /// Saves a resource in checkpoints, and puts its first value into the world.
    pub fn save_resource<R>(&mut self, value: R) -> &mut Self
    where
        R: Resource + Component<Mutability = Mutable> + Clone + Serialize + DeserializeOwned,
    {
        self.registry.save_resource(self.world, value);
        self
    }

    /// Runs systems in a phase of each tick, in the order given if they are chained. Two systems
    /// of a phase that touch the same data must be chained.
    pub fn systems<M>(
        &mut self,
        phase: Phase,
        systems: impl IntoScheduleConfigs<bevy_ecs::system::ScheduleSystem, M>,
    ) -> &mut Self {
        self.systems.add_systems(systems.in_set(phase));
        self
    }

    /// Shows players only the cells around where they look; a component says where things are.
    /// Things without it are seen by all. See [`Views`](super::Views) for where players look.
    pub fn interest<C: Component>(
        &mut self,
        interest: Interest,
        place: fn(&C) -> [f32; 2],
    ) -> &mut Self {
        let is_cell = interest.cell.is_finite() && interest.cell > 0.0;
        assert!(is_cell, "a grid cell has a size above 0");
        assert!(
            interest.radius <= INTEREST_RADIUS_LIMIT,
            "a view reaches at most {INTEREST_RADIUS_LIMIT} cells"
        );
        assert!(
            self.registry.has::<C>(),
            "the component that says where things are must be replicated or saved first"
        );
        self.interest = Some(interest);
        self.registry.place_by::<C>(self.world, interest.cell, place);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Random;
    use crate::sim::registry::cell_at;

    #[test]
    fn what_is_within_reach_is_in_view_whichever_cells_both_came_from() {
        let interest = Interest { cell: 16.0, radius: 2 };
        let mut random = Random::from_seed(7);
        let mut places = [[48.0f32; 2]; 2];
        let mut cells = [None; 2];
        let mut reached = 0;
        for _ in 0..20_000 {
            for (place, cell) in places.iter_mut().zip(&mut cells) {
                *place = place.map(|at| (at + random.between(-3.0, 3.0)).clamp(0.0, 96.0));
                *cell = Some(cell_at(*place, interest.cell, *cell));
            }
            let [Some(from), Some(to)] = cells else { continue };
            if interest.reaches(places[0], places[1]) {
                let apart = from.x.abs_diff(to.x).max(from.y.abs_diff(to.y));
                assert!(apart <= u16::from(interest.radius), "{places:?} in {cells:?}");
                reached += 1;
            }
        }
        assert!((2000..18_000).contains(&reached), "{reached} within reach");
    }
}
