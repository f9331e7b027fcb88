//! The ground: a square with walls, laid out by chance, the same from both ends.
//!
//! It is made of blocks. A block has at most one wall, and a margin all around it: so there is
//! always a way through, and who stands in a block can only touch that block's wall.

use super::avatar::quanta;
use arena_rules::{Block, Ground as Floor};
use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};
use tickwire::prelude::*;

/// The side of a block, in units.
const BLOCK: f32 = (arena_rules::BLOCK / arena_rules::UNIT) as f32;
/// The first of the shapes of a block that are nothing but a spot.
const SPOT: u32 = 8;
/// The field's side is at most this, in units.
pub const SIDE_MOST: u16 = 128;
/// The field's side is at least this, in units.
pub const SIDE_LEAST: u16 = 24;

/// How large the field is: told once, to all.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ground {
    /// Its side, in units.
    pub side: f32,
}

replicate! { Ground { side: float(0.0, 128.0, 1.0) } }

/// A box that nothing passes.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wall {
    /// Its least x, in units.
    pub x: f32,
    /// Its least y, in units.
    pub y: f32,
    /// How far it reaches along x, in units.
    pub width: f32,
    /// How far it reaches along y, in units.
    pub height: f32,
}

replicate! {
    Wall {
        x: float(0.0, 128.0, 0.5),
        y: float(0.0, 128.0, 0.5),
        width: float(0.0, 16.0, 0.5),
        height: float(0.0, 16.0, 0.5),
    }
}

impl Wall {
    fn least(&self) -> [f32; 2] {
        [self.x, self.y]
    }

    fn most(&self) -> [f32; 2] {
        [self.x + self.width, self.y + self.height]
    }

    /// The share of a way after which it meets the wall, grown by `margin` on all sides.
    #[must_use]
    pub fn meets(&self, from: [f32; 2], way: [f32; 2], margin: f32) -> Option<f32> {
        let (least, most) = (self.least(), self.most());
        let (mut enter, mut leave) = (0.0f32, 1.0f32);
        for axis in 0..2 {
            let (low, high) = (least[axis] - margin - from[axis], most[axis] + margin - from[axis]);
            if way[axis] == 0.0 {
                if low > 0.0 || high < 0.0 {
                    return None;
                }
                continue;
            }
            let (a, b) = (low / way[axis], high / way[axis]);
            enter = enter.max(a.min(b));
            leave = leave.min(a.max(b));
        }
        (enter <= leave).then_some(enter)
    }
}

/// Where things stand on the grid of what players see; saved, not sent.
#[derive(Component, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct At(pub [f32; 2]);

/// The field of a match. It follows from seed and options and never changes.
#[derive(Resource, Clone, Debug)]
pub struct Field {
    side: f32,
    /// Blocks along a side.
    count: usize,
    /// By block, row by row.
    walls: Vec<Option<Wall>>,
    /// The same, as bodies feel it.
    ground: Floor,
    /// Where avatars may appear.
    spots: Vec<[f32; 2]>,
    /// Where pickups lie, twins next to each other.
    stores: Vec<[f32; 2]>,
}

impl Field {
    /// A field without walls.
    #[must_use]
    pub fn open(side: u16) -> Self {
        let count = (f32::from(side.clamp(SIDE_LEAST, SIDE_MOST)) / BLOCK) as usize;
        let mut field = Self {
            side: count as f32 * BLOCK,
            count,
            walls: vec![None; count * count],
            ground: Floor::open(count),
            spots: Vec::new(),
            stores: Vec::new(),
        };
        (0..count * count).for_each(|block| field.build(block, SPOT));
        field
    }

    /// The field that somebody sees: only its walls are known.
    #[must_use]
    pub fn seen(ground: &Ground, walls: impl Iterator<Item = Wall>) -> Self {
        let mut field = Self::open(ground.side as u16);
        walls.for_each(|wall| field.put(wall));
        field
    }

    /// A field laid out by chance.
    #[must_use]
    pub fn by_chance(side: u16, random: &mut Random) -> Self {
        let mut field = Self::open(side);
        field.spots.clear();
        let last = field.count * field.count - 1;
        for block in 0..=last / 2 {
            let is_corner = block == 0 || block == field.count - 1;
            let shape = if is_corner { SPOT } else { random.below(SPOT + 3) };
            for block in [block, last - block] {
                field.build(block, shape);
            }
        }
        // The middle of a field with an odd number of blocks is its own twin.
        field.stores.dedup();
        field
    }

    fn build(&mut self, block: usize, shape: u32) {
        let corner = self.corner(block);
        let centre = corner.map(|axis| axis + BLOCK / 2.0);
        let mut wall = |dx: f32, dy: f32, width: f32, height: f32| {
            self.put(Wall { x: corner[0] + dx, y: corner[1] + dy, width, height });
        };
        match shape {
            0 | 1 => wall(1.0, 3.5, 6.0, 1.0),
            2 | 3 => wall(3.5, 1.0, 1.0, 6.0),
            4 | 5 => wall(2.5, 2.5, 3.0, 3.0),
            6 | 7 => self.stores.push(centre),
            _ => self.spots.push(centre),
        }
    }

    /// Puts a wall into its block.
    fn put(&mut self, wall: Wall) {
        let [column, row] = self.block(wall.least());
        self.walls[row * self.count + column] = Some(wall);
        self.ground.build(Block { least: quanta(wall.least()), most: quanta(wall.most()) });
    }

    fn corner(&self, block: usize) -> [f32; 2] {
        [(block % self.count) as f32 * BLOCK, (block / self.count) as f32 * BLOCK]
    }

    /// Its side, in units.
    #[must_use]
    pub fn side(&self) -> f32 {
        self.side
    }

    /// What bodies feel of it.
    #[must_use]
    pub fn ground(&self) -> &Floor {
        &self.ground
    }

    /// Its walls, row by row.
    pub fn walls(&self) -> impl Iterator<Item = &Wall> {
        self.walls.iter().flatten()
    }

    /// Where avatars may appear.
    #[must_use]
    pub fn spots(&self) -> &[[f32; 2]] {
        &self.spots
    }

    /// Where pickups lie.
    #[must_use]
    pub fn stores(&self) -> &[[f32; 2]] {
        &self.stores
    }

    /// The number, along each axis, of the block of a place.
    fn block(&self, at: [f32; 2]) -> [usize; 2] {
        at.map(|axis| ((axis / BLOCK).max(0.0) as usize).min(self.count - 1))
    }

    /// The share of a way that is free of walls, from 0 to 1.
    #[must_use]
    pub fn free(&self, from: [f32; 2], way: [f32; 2]) -> f32 {
        self.free_for(from, way, 0.0)
    }

    /// The same for something that reaches so far from its middle, at most a unit.
    #[must_use]
    pub fn free_for(&self, from: [f32; 2], way: [f32; 2], margin: f32) -> f32 {
        let mut free = 1.0f32;
        for axis in 0..2 {
            let edge = if way[axis] > 0.0 { self.side - margin } else { margin };
            let is_past = (way[axis] > 0.0) == (from[axis] + way[axis] > edge);
            if way[axis] != 0.0 && is_past {
                free = free.min(((edge - from[axis]) / way[axis]).max(0.0));
            }
        }
        let (a, b) = (self.block(from), self.block([from[0] + way[0], from[1] + way[1]]));
        for row in a[1].min(b[1])..=a[1].max(b[1]) {
            for column in a[0].min(b[0])..=a[0].max(b[0]) {
                let wall = &self.walls[row * self.count + column];
                let meets = wall.as_ref().and_then(|wall| wall.meets(from, way, margin));
                free = free.min(meets.unwrap_or(1.0));
            }
        }
        free
    }
}

pub(super) fn plug(setup: &mut Setup<'_>, field: Field) {
    setup.world.insert_resource(field);
    setup.replicate::<Ground>().replicate::<Wall>().save::<At>();
}

/// Tells everybody what the field is like.
pub(super) fn build(world: &mut World) {
    let field = world.resource::<Field>().clone();
    world.spawn(Ground { side: field.side });
    field.walls().for_each(|wall| {
        world.spawn(*wall);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_wall() -> Field {
        let mut field = Field::open(48);
        field.put(Wall { x: 3.5, y: 1.0, width: 1.0, height: 6.0 });
        field
    }

    #[test]
    fn a_way_is_free_up_to_a_wall_or_the_edge() {
        let field = with_wall();
        assert_eq!(field.free([1.5, 4.0], [4.0, 0.0]), 0.5);
        assert_eq!(field.free([1.5, 7.5], [4.0, 0.0]), 1.0);
        assert_eq!(field.free([1.0, 7.5], [-4.0, 0.0]), 0.25);
        assert_eq!(field.free([40.0, 44.0], [0.0, 8.0]), 0.5);
    }

    #[test]
    fn a_field_by_chance_is_the_same_from_both_ends() {
        for seed in 0..40 {
            let field = Field::by_chance(24 + seed as u16 * 3, &mut Random::from_seed(seed));
            assert!(field.spots().len() >= 4, "seed {seed}");
            let side = field.side();
            let has = |x: f32, y: f32| field.walls().any(|wall| wall.x == x && wall.y == y);
            for wall in field.walls() {
                let [x, y] = wall.most();
                assert!(has(side - x, side - y), "seed {seed}: {wall:?} has no twin");
            }
        }
    }
}
