//! Unit quaternions by their smallest three parts.

use super::codec::{Codec, Describe};
use super::field::FieldKind;
use super::replicate::{Packer, Unpacker};

/// See [`rotation`].
#[derive(Clone, Copy, Debug)]
pub struct Rotation {
    bits: u32,
}

/// A unit quaternion `[x, y, z, w]` by its smallest three, in so many bits each: `[f32; 4]`.
#[must_use]
pub const fn rotation(bits: u32) -> Rotation {
    Rotation { bits }
}

impl Rotation {
    /// The greatest number that is not the greatest part of a unit quaternion.
    const EDGE: f64 = std::f64::consts::FRAC_1_SQRT_2;

    fn steps(self) -> f64 {
        f64::from((1u32 << self.bits) - 2)
    }

    /// So that 0 is a lane, an odd number of lanes is used.
    fn lane(self, part: f64) -> u32 {
        let lane = ((part / Self::EDGE + 1.0) / 2.0 * self.steps()).round();
        lane.max(0.0).min(self.steps()) as u32
    }

    fn part(self, lane: u32) -> f64 {
        (f64::from(lane) / self.steps() * 2.0 - 1.0) * Self::EDGE
    }
}

impl Describe for Rotation {
    fn kind(&self) -> FieldKind {
        FieldKind::Rotation { bits: self.bits }
    }
}

impl Rotation {
    /// The index of the greatest part, and the lanes of the others.
    fn lanes(self, parts: [f64; 4]) -> [u32; 4] {
        let greatest = (0..4).max_by(|a, b| parts[*a].abs().total_cmp(&parts[*b].abs()));
        let greatest = greatest.expect("four parts");
        let sign = if parts[greatest] < 0.0 { -1.0 } else { 1.0 };
        let mut lanes = [greatest as u32; 4];
        let others = (0..4).filter(|at| *at != greatest);
        others.zip(&mut lanes[1..]).for_each(|(at, lane)| *lane = self.lane(parts[at] * sign));
        lanes
    }

    fn parts(self, lanes: [u32; 4]) -> [f64; 4] {
        let greatest = lanes[0] as usize % 4;
        let mut parts = [0.0; 4];
        let mut rest = 1.0;
        let others = (0..4).filter(|at| *at != greatest);
        for (at, lane) in others.zip(&lanes[1..]) {
            parts[at] = self.part(*lane);
            rest -= parts[at] * parts[at];
        }
        parts[greatest] = rest.max(0.0).sqrt();
        parts
    }
}

impl Codec<[f32; 4]> for Rotation {
    fn pack(&self, value: &[f32; 4], lanes: &mut Packer<'_>) {
        let mut parts = value.map(f64::from);
        let length = parts.iter().map(|part| part * part).sum::<f64>().sqrt();
        parts = if length.is_finite() && length > 0.0 {
            parts.map(|part| part / length)
        } else {
            [0.0, 0.0, 0.0, 1.0]
        };
        // Rounding can make another part the greatest, and then what comes back would not pack the
        // same: such a part is moved a step away from being it.
        let mut packed = self.lanes(parts);
        for _ in 0..16 {
            let again = self.lanes(self.parts(packed).map(|part| f64::from(part as f32)));
            if again == packed {
                break;
            }
            let rival = again[0];
            if rival == packed[0] {
                packed = again;
            } else {
                let lane = &mut packed
                    [if rival < packed[0] { rival as usize + 1 } else { rival as usize }];
                *lane = if self.part(*lane) > 0.0 { *lane - 1 } else { *lane + 1 };
            }
        }
        packed.into_iter().for_each(|lane| lanes.push(lane));
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> [f32; 4] {
        let lanes = std::array::from_fn(|_| lanes.take());
        self.parts(lanes).map(|part| part as f32)
    }
}
