//! The ground, as far as it stops a body: blocks with at most one wall in each.

use crate::UNIT;

/// The side of a block.
pub const BLOCK: i32 = 8 * UNIT;
/// Blocks along a side, at most.
pub const SIDE_MOST: usize = 16;

/// A wall, by its least and its greatest corner; it lies within its block, a unit from its edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The corner with the least x and y.
    pub least: [i32; 2],
    /// The corner with the greatest x and y.
    pub most: [i32; 2],
}

/// A square of blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Blocks along a side.
    count: usize,
    /// Row by row.
    walls: Vec<Option<Block>>,
}

impl Ground {
    /// A ground of so many blocks along a side, without walls.
    #[must_use]
    pub fn open(count: usize) -> Self {
        let count = count.clamp(1, SIDE_MOST);
        Self { count, walls: vec![None; count * count] }
    }

    /// Puts a wall where it is; one that lies in no block is left out.
    pub fn build(&mut self, wall: Block) {
        let block = self.block(wall.least);
        self.walls[block] = Some(wall);
    }

    /// The block of a place, or the nearest.
    fn block(&self, at: [i32; 2]) -> usize {
        let [column, row] =
            at.map(|axis| usize::try_from(axis / BLOCK).unwrap_or(0).min(self.count - 1));
        row * self.count + column
    }

    /// Where a body that reaches `half` each way ends up after a step; it slides along walls.
    #[must_use]
    pub fn slide(&self, from: [i32; 2], step: [i32; 2], half: i32) -> [i32; 2] {
        let side = self.count as i32 * BLOCK;
        let mut at = from;
        for axis in 0..2 {
            at[axis] = (at[axis] + step[axis]).max(half).min(side - half);
            let Some(wall) = self.walls[self.block(at)] else { continue };
            let is_inside = (0..2).all(|axis| {
                at[axis] > wall.least[axis] - half && at[axis] < wall.most[axis] + half
            });
            if is_inside && step[axis] != 0 {
                at[axis] =
                    if step[axis] > 0 { wall.least[axis] - half } else { wall.most[axis] + half };
            }
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_slides_along_a_wall_and_never_into_it() {
        let mut ground = Ground::open(6);
        ground.build(Block { least: [448, 128], most: [576, 896] });
        let mut at = [256, 512];
        for _ in 0..40 {
            at = ground.slide(at, [32, 16], 64);
            assert!(at[0] <= 384 || at[1] >= 960, "{at:?} is in the wall");
        }
        assert!(at[0] > 512, "it came around the end, to {at:?}");
        assert_eq!(ground.slide([96, 512], [-1000, 0], 64), [64, 512]);
        assert_eq!(ground.slide([640, 512], [-32, 0], 64), [640, 512]);
    }
}
