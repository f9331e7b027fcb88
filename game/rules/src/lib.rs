//! What an avatar does with its controls in one tick: a pure function of whole numbers.
//!
//! The match runs it for everybody, a client that predicts runs it for itself, ahead of the match.
//! Both must come to the same lanes, in Rust, in WebAssembly and in the twin in JavaScript: so there
//! are no floats here, and nothing but `+ - * /`, shifts and a whole root. Lengths are in quanta, of
//! which a unit has [`UNIT`]; angles in 1/65536 of a turn; times are ticks.

mod arms;
mod flat;
mod ground;
mod mover;
mod number;
#[cfg(target_family = "wasm")]
mod wasm;

pub use arms::{Arms, LOADED_MOST, ROCKETS_MOST, SHELLS_MOST, WEAPONS, Weapon};
pub use flat::{AVATAR, CELLS, GROUND, step_flat};
pub use ground::{BLOCK, Block, Ground, SIDE_MOST};
pub use mover::{Mover, RADIUS};

/// Quanta in a unit.
pub const UNIT: i32 = 128;
/// Ticks in a second.
pub const HERTZ: u32 = 20;

/// So many milliseconds in ticks, rounded up.
const fn ticks(milliseconds: u32) -> u32 {
    (milliseconds * HERTZ).div_ceil(1000)
}

/// What controls say in one tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Controls {
    /// How much to run along x and y, from -127 to 127.
    pub run: [i8; 2],
    /// Which way to look, in 1/65536 of a turn.
    pub aim: u16,
    /// Whether the trigger is held.
    pub fire: bool,
    /// Whether to dash.
    pub dash: bool,
    /// Whether to reload.
    pub reload: bool,
    /// The weapon to hold.
    pub weapon: Weapon,
}

/// An avatar, as far as its controls concern it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Avatar {
    /// How it moves.
    pub mover: Mover,
    /// What it holds.
    pub arms: Arms,
}

impl Avatar {
    /// Lets a tick pass; says whether it fires.
    pub fn step(&mut self, controls: &Controls, now: u32, is_live: bool, ground: &Ground) -> bool {
        self.mover.step(controls, now, ground);
        self.arms.step(controls, now, is_live)
    }
}
