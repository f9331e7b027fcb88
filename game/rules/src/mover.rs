//! How a body moves: it speeds up, slows down, dashes and slides along walls.

use crate::ground::Ground;
use crate::number::{quotient, root};
use crate::{Controls, ticks};

/// How far it reaches from its middle.
pub const RADIUS: i32 = 64;
/// How fast it runs, in quanta per tick: 8 units per second.
const SPEED: i32 = 51;
/// How much faster or slower it gets in a tick along each axis.
const GAIN: i32 = 13;
/// How fast it dashes: 19 units per second,
const DASH_SPEED: i32 = 122;
/// for so long,
const DASH: u32 = ticks(150);
/// and then again after so much.
const DASH_REST: u32 = ticks(1500);

/// A body and its motion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mover {
    /// Its middle.
    pub at: [i32; 2],
    /// How it moves, in quanta per tick.
    pub velocity: [i32; 2],
    /// Which way it looks, in 1/256 of a turn.
    pub aim: u8,
    /// The first tick in which it does not dash any more.
    pub dash_until: u32,
    /// The first tick in which it may dash again.
    pub dash_ready: u32,
}

impl Mover {
    /// Lets a tick pass.
    pub fn step(&mut self, controls: &Controls, now: u32, ground: &Ground) {
        self.aim = (controls.aim.wrapping_add(128) >> 8) as u8;
        let wish = controls.run.map(i32::from);
        if controls.dash && self.dash_ready <= now && wish != [0, 0] {
            self.velocity = directed(wish, DASH_SPEED, 0);
            self.dash_until = now + DASH;
            self.dash_ready = now + DASH_REST;
        } else if self.dash_until <= now {
            let wanted = directed(wish, SPEED, 127);
            self.velocity = [0, 1].map(|axis| {
                let now = self.velocity[axis];
                now + (wanted[axis] - now).clamp(-GAIN, GAIN)
            });
        }
        let next = ground.slide(self.at, self.velocity, RADIUS);
        self.velocity = [next[0] - self.at[0], next[1] - self.at[1]];
        self.at = next;
    }
}

/// A wish at this speed, or slower if it is shorter than `whole`.
fn directed([x, y]: [i32; 2], speed: i32, whole: i32) -> [i32; 2] {
    // In 1/16, so that directions differ by little.
    let length = root((x * x + y * y) * 256).max(whole * 16).max(1);
    [x, y].map(|axis| quotient(axis * speed * 16, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(mover: &mut Mover, run: [i8; 2], dash: bool, ticks: std::ops::Range<u32>) {
        let controls = Controls { run, dash, ..Controls::default() };
        ticks.for_each(|now| mover.step(&controls, now, &Ground::open(16)));
    }

    fn middle() -> Mover {
        Mover { at: [8192, 8192], ..Mover::default() }
    }

    #[test]
    fn a_velocity_is_reached_in_steps_and_is_the_same_in_all_directions() {
        let mut straight = middle();
        run(&mut straight, [127, 0], false, 1..4);
        assert_eq!(straight.velocity, [39, 0]);
        run(&mut straight, [127, 0], false, 4..6);
        assert_eq!(straight.velocity, [51, 0]);
        let mut slanting = middle();
        run(&mut slanting, [127, -127], false, 1..9);
        assert_eq!(slanting.velocity, [36, -36]);
        run(&mut slanting, [0, 0], false, 9..12);
        assert_eq!(slanting.velocity, [0, 0]);
    }

    #[test]
    fn a_dash_is_short_and_has_to_rest() {
        let mut mover = middle();
        run(&mut mover, [127, 0], true, 10..11);
        assert_eq!((mover.velocity, mover.dash_until, mover.dash_ready), ([122, 0], 13, 40));
        run(&mut mover, [0, 127], true, 11..13);
        assert_eq!(mover.velocity, [122, 0], "it keeps its way");
        run(&mut mover, [127, 0], true, 13..39);
        assert_eq!((mover.velocity, mover.dash_ready), ([51, 0], 40));
        run(&mut mover, [-127, 0], true, 40..41);
        assert_eq!(mover.velocity, [-122, 0]);
        let mut standing = middle();
        run(&mut standing, [0, 0], true, 1..2);
        assert_eq!(standing, middle(), "who stands has nowhere to dash");
    }
}
