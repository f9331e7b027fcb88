//! An avatar, its controls and the ground as a row of numbers: how other languages see them.

use crate::ground::{Block, Ground, SIDE_MOST};
use crate::{Arms, Avatar, Controls, Mover, Weapon};

/// How many numbers there are. The row begins with the time, the controls and whether the round
/// goes on; from [`AVATAR`] on is the avatar, from [`GROUND`] on the ground.
pub const CELLS: usize = GROUND + 1 + 4 * SIDE_MOST * SIDE_MOST;
/// Where the avatar begins.
pub const AVATAR: usize = 8;
/// Where the ground begins: blocks along a side, then walls by their corners.
pub const GROUND: usize = 24;
const FIRE: i32 = 1;
const DASH: i32 = 2;
const RELOAD: i32 = 4;

fn controls(cells: &[i32]) -> Controls {
    let [_, x, y, aim, buttons, weapon, ..] = *cells else { return Controls::default() };
    Controls {
        run: [x as i8, y as i8],
        aim: aim as u16,
        fire: buttons & FIRE != 0,
        dash: buttons & DASH != 0,
        reload: buttons & RELOAD != 0,
        weapon: Weapon::of(weapon as u8),
    }
}

fn avatar(cells: &[i32]) -> Avatar {
    let at = |index: usize| cells[AVATAR + index];
    Avatar {
        mover: Mover {
            at: [at(0), at(1)],
            velocity: [at(2), at(3)],
            aim: at(4) as u8,
            dash_until: at(5) as u32,
            dash_ready: at(6) as u32,
        },
        arms: Arms {
            weapon: Weapon::of(at(7) as u8),
            loaded: at(8) as u8,
            shells: at(9) as u8,
            rockets: at(10) as u8,
            reload: at(11) as u32,
            ready: at(12) as u32,
        },
    }
}

fn put(avatar: &Avatar, cells: &mut [i32]) {
    let Avatar { mover, arms } = avatar;
    let values = [
        mover.at[0],
        mover.at[1],
        mover.velocity[0],
        mover.velocity[1],
        mover.aim.into(),
        mover.dash_until as i32,
        mover.dash_ready as i32,
        arms.weapon as i32,
        arms.loaded.into(),
        arms.shells.into(),
        arms.rockets.into(),
        arms.reload as i32,
        arms.ready as i32,
    ];
    cells[AVATAR..AVATAR + values.len()].copy_from_slice(&values);
}

fn ground(cells: &[i32]) -> Ground {
    let mut ground = Ground::open(usize::try_from(cells[GROUND]).unwrap_or(1));
    for wall in cells[GROUND + 1..].chunks_exact(4).filter(|wall| wall[2] > wall[0]) {
        ground.build(Block { least: [wall[0], wall[1]], most: [wall[2], wall[3]] });
    }
    ground
}

/// Lets a tick pass for the avatar in the row, which has [`CELLS`] numbers; says whether it fires.
pub fn step_flat(cells: &mut [i32]) -> bool {
    let mut stepped = avatar(cells);
    let (now, is_live) = (cells[0] as u32, cells[6] != 0);
    let fires = stepped.step(&controls(cells), now, is_live, &ground(cells));
    put(&stepped, cells);
    fires
}
