//! The arena: run, shoot, take what lies about, be shot, come back.
//!
//! Each file is one idea: its components, its systems, and `plug`, which makes them known. What
//! runs when within a tick is said once, in [`Arena`]'s `setup`.

pub mod turn;
pub mod control;
pub mod field;
pub mod player;
pub mod avatar;
pub mod weapon;
pub mod projectile;
pub mod burst;
pub mod pickup;
pub mod health;
pub mod team;
pub mod score;
pub mod round;
pub mod sight;
pub mod foresight;
pub mod bot;
pub mod crew;
pub mod show;
#[cfg(test)]
mod tests;

use bevy_ecs::prelude::*;
pub use control::Input;
use field::{At, Field};
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// What can be chosen for a match.
#[derive(Resource, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// The field's side, in units.
    pub side: u16,
    /// Whether there are walls and pickups.
    pub walls: bool,
    /// How many teams there are, up to 4; 0 is each for itself.
    pub teams: u8,
    /// The points that end a round, a team's together; 0 if none do.
    pub goal: u32,
    /// The seconds after which it ends; 0 if never.
    pub seconds: u32,
    /// The rounds after which the match ends; 0 if it goes on and on.
    pub rounds: u32,
    /// Bots take the place of players as long as there are fewer than this.
    pub bots: u8,
    /// Whether players see only what is around them.
    pub interest: bool,
    /// Ticks in a second, up to 128; 0 is as the rules have it. All that moves is faster with more:
    /// a quick motion, or a heavier load.
    pub hertz: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            side: 48,
            walls: true,
            teams: 0,
            goal: 300,
            seconds: 600,
            rounds: 1,
            bots: 0,
            interest: false,
            hertz: 0,
        }
    }
}

impl Options {
    /// For many players on a large field.
    #[must_use]
    pub fn large() -> Self {
        Self { side: 96, goal: 600, interest: true, ..Self::default() }
    }

    /// The same within what there is.
    fn bounded(self) -> Self {
        Self {
            teams: self.teams.min(team::Side::ALL.len() as u8),
            goal: self.goal.min(score::POINTS_MOST),
            seconds: self.seconds.min(SECONDS_MOST),
            bots: self.bots.min(PLAYERS_MOST),
            hertz: self.hertz.min(HERTZ_MOST),
            ..self
        }
    }

    fn field(&self, random: &mut Random) -> Field {
        if self.walls { Field::by_chance(self.side, random) } else { Field::open(self.side) }
    }
}

/// The arena is for so many; more bots do not come.
const PLAYERS_MOST: u8 = 32;
/// A round goes on for at most so long, if it ends at all.
const SECONDS_MOST: u32 = 86_400;

/// Matches tick at most so often.
const HERTZ_MOST: u8 = 128;

/// How much of a large field players see.
const INTEREST: Interest = Interest { cell: 16.0, radius: 2 };

/// The rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arena;

impl Game for Arena {
    const NAME: &'static str = "arena";
    const VERSION: u32 = 3;
    type Input = Input;
    type Options = Options;

    fn setup(&self, setup: &mut Setup<'_>, options: &Options) {
        let options = options.bounded();
        setup.tick_rate(if options.hertz == 0 { arena_rules::HERTZ } else { options.hertz.into() });
        setup.world.insert_resource(options);
        // A copy: the layout follows from the seed also when a match is restored.
        let mut random = setup.world.resource::<Random>().clone();
        field::plug(setup, options.field(&mut random));
        player::plug(setup);
        control::plug(setup);
        avatar::plug(setup);
        weapon::plug(setup);
        projectile::plug(setup);
        pickup::plug(setup);
        health::plug(setup);
        team::plug(setup);
        score::plug(setup);
        round::plug(setup);
        crew::plug(setup);
        setup.systems(Phase::Input, control::obey);
        if options.bots > 0 {
            setup.systems(Phase::Input, crew::think.after(control::obey));
        }
        setup.systems(Phase::Move, (avatar::walk, projectile::fly).chain());
        setup.systems(
            Phase::Resolve,
            (pickup::take, weapon::fire, health::perish, round::judge).chain(),
        );
        if options.teams > 0 {
            let mark = team::mark.after(weapon::fire).before(health::perish);
            setup.systems(Phase::Resolve, mark);
        }
        setup.systems(Phase::Late, (health::fade, health::appear, avatar::remember).chain());
        if options.rounds != 1 {
            setup.systems(Phase::Late, round::reopen.before(health::fade));
        }
        if options.interest {
            setup.interest::<At>(INTEREST, |at| at.0);
            setup.systems(Phase::Late, avatar::follow.after(avatar::remember));
        }
    }

    fn start(&self, world: &mut World, _: &Options) {
        field::build(world);
        pickup::stock(world);
        round::open(world);
        crew::fill(world);
    }

    fn joined(&self, world: &mut World, join: &Join) {
        if !join.spectator {
            player::join(world, join);
            crew::fill(world);
        }
    }

    fn left(&self, world: &mut World, player: PlayerId) {
        player::leave(world, player);
        crew::fill(world);
    }

    fn away(&self, world: &mut World, player: PlayerId) {
        player::pause(world, player);
    }

    fn back(&self, world: &mut World, player: PlayerId) {
        player::resume(world, player);
    }

    fn outcome(&self, world: &mut World) -> Option<serde_json::Value> {
        round::outcome(world)
    }
}
