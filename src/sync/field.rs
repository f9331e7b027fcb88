//! What a field can hold, and the lanes it becomes.
//!
//! This is the part of the schema that travels as data: a client in another language reads a
//! [`FieldKind`] and knows how to turn lanes into values.

use serde::{Deserialize, Serialize};

/// A lane has at most this many values.
pub(crate) const LANE_VALUES: u64 = 1 << 32;
/// A string or byte string has at most this many bytes.
pub const BYTES_LIMIT: u32 = 255;

/// What one field of a component holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One lane: 0 or 1.
    Bool,
    /// One lane: the number less `min`.
    Int {
        /// The least number.
        min: i64,
        /// The greatest number.
        max: i64,
    },
    /// One lane: `(value - min) / step`, rounded.
    Float {
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
        /// The distance of two neighbouring values.
        step: f64,
    },
    /// One lane: so many steps make a turn; the field is in radians from 0.
    Angle {
        /// Steps of a full turn.
        steps: u32,
    },
    /// One lane for each axis, as [`FieldKind::Float`].
    Vector {
        /// 2 or 3.
        axes: u8,
        /// The least value on each axis.
        min: f64,
        /// The greatest value on each axis.
        max: f64,
        /// The distance of two neighbouring values.
        step: f64,
    },
    /// A unit quaternion `x y z w` as its smallest three: one lane for the index of the greatest
    /// part, three for the others, made positive with it, each from -1/√2 to 1/√2.
    Rotation {
        /// Bits of each of the three.
        bits: u32,
    },
    /// One lane: the index of a name.
    Choice {
        /// What can be chosen.
        names: Vec<String>,
    },
    /// One lane for the length in bytes, then one for each of `max` bytes; UTF-8.
    Text {
        /// The greatest length in bytes.
        max: u32,
    },
    /// One lane for the length, then one for each of `max` bytes.
    Bytes {
        /// The greatest length.
        max: u32,
    },
    /// One lane: the id of an entity, 0 for none.
    Entity,
    /// One lane: the number of a tick.
    Moment,
    /// One lane: 0 or 1; then those of the inner kind, which mean nothing after a 0.
    Optional(Box<FieldKind>),
}

/// Why a schema cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A range or step that holds no value, or too many for a lane or for its number type.
    #[error("field `{0}` has a range or step that no lane can hold")]
    Range(String),
    /// A bound of zero or above its limit.
    #[error("field `{0}` has a size out of bounds")]
    Size(String),
    /// A motion on a field that cannot move.
    #[error("field `{0}` cannot be steady")]
    Motion(String),
    /// Too many components, fields, or lanes.
    #[error("the schema is larger than its limits")]
    TooLarge,
    /// Bytes that are not a schema.
    #[error("not a schema: {0}")]
    Malformed(String),
}

/// The quantised values of a float range: how many, if a lane can hold them.
fn float_values(min: f64, max: f64, step: f64) -> Option<u64> {
    let finite = min.is_finite() && max.is_finite() && step.is_finite();
    if !finite || step <= 0.0 || max <= min {
        return None;
    }
    let steps = ((max - min) / step).round();
    // Neighbouring values must be different numbers of 32 bits, or they would not come back.
    let apart = step >= f64::from(f32::EPSILON) * min.abs().max(max.abs());
    (apart && (1.0..(LANE_VALUES as f64)).contains(&steps)).then(|| steps as u64 + 1)
}

/// One lane as its field makes it: how many values, whether they wrap, whether they can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldLane {
    pub(crate) modulus: u64,
    pub(crate) wraps: bool,
    pub(crate) moves: bool,
    /// Whether it is one of a row of bytes, alike to the one before.
    pub(crate) repeats: bool,
}

impl FieldLane {
    fn plain(modulus: u64) -> Self {
        Self { modulus, wraps: false, moves: false, repeats: false }
    }

    fn moving(modulus: u64, wraps: bool) -> Self {
        Self { modulus, wraps, moves: true, repeats: false }
    }
}

impl FieldKind {
    /// Whether it holds the id of an entity.
    pub(crate) fn names_entities(&self) -> bool {
        match self {
            Self::Entity => true,
            Self::Optional(inner) => inner.names_entities(),
            _ => false,
        }
    }

    /// Appends the lanes of a field called `name`, or says why there are none.
    pub(crate) fn lanes(&self, name: &str, out: &mut Vec<FieldLane>) -> Result<(), SchemaError> {
        let range = || SchemaError::Range(name.into());
        match self {
            Self::Bool => out.push(FieldLane::plain(2)),
            Self::Int { min, max } => {
                let values = i128::from(*max) - i128::from(*min) + 1;
                if !(1..=i128::from(LANE_VALUES)).contains(&values) {
                    return Err(range());
                }
                out.push(FieldLane::moving(values as u64, false));
            }
            Self::Float { min, max, step } => {
                let modulus = float_values(*min, *max, *step).ok_or_else(range)?;
                out.push(FieldLane::moving(modulus, false));
            }
            Self::Angle { steps } => {
                if !(2..=1 << 24).contains(steps) {
                    return Err(range());
                }
                out.push(FieldLane::moving(u64::from(*steps), true));
            }
            Self::Vector { axes, min, max, step } => {
                let modulus = float_values(*min, *max, *step).ok_or_else(range)?;
                if !(2..=3).contains(axes) {
                    return Err(SchemaError::Size(name.into()));
                }
                let lane = FieldLane::moving(modulus, false);
                out.extend((0..*axes).map(|_| lane));
            }
            Self::Rotation { bits } => {
                if !(2..=20).contains(bits) {
                    return Err(SchemaError::Size(name.into()));
                }
                out.push(FieldLane::plain(4));
                let part = FieldLane::moving(1 << bits, false);
                out.extend([part; 3]);
            }
            Self::Choice { names } => {
                if !(1..=1 << 16).contains(&names.len()) {
                    return Err(SchemaError::Size(name.into()));
                }
                out.push(FieldLane::plain(names.len() as u64));
            }
            Self::Text { max } | Self::Bytes { max } => {
                if !(1..=BYTES_LIMIT).contains(max) {
                    return Err(SchemaError::Size(name.into()));
                }
                out.push(FieldLane::plain(u64::from(*max) + 1));
                out.extend(
                    (0..*max).map(|at| FieldLane { repeats: at > 0, ..FieldLane::plain(256) }),
                );
            }
            Self::Entity | Self::Moment => out.push(FieldLane::plain(LANE_VALUES)),
            Self::Optional(inner) => {
                if matches!(**inner, Self::Optional(_)) {
                    return Err(SchemaError::Size(name.into()));
                }
                out.push(FieldLane::plain(2));
                inner.lanes(name, out)?;
            }
        }
        Ok(())
    }
}
