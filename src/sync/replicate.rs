//! How a game declares a replicated component, once, at the component.

use super::codec::Describe;
use super::field::{FieldKind, SchemaError};
use super::schema::{Audience, ComponentSchema, FieldSchema, Motion};
use crate::ids::NetId;
use bevy_ecs::entity::Entity;

/// A component that is replicated. Declare it with [`replicate!`](crate::replicate).
pub trait Replicate: Sized {
    /// Its name in the schema.
    const NAME: &'static str;

    /// Its fields as data.
    fn schema() -> Result<ComponentSchema, SchemaError>;
    /// Appends its lanes.
    fn pack(&self, lanes: &mut Packer<'_>);
    /// Makes it from lanes.
    fn unpack(lanes: &mut Unpacker<'_>) -> Self;

    /// Makes it from as many lanes as its schema has.
    #[must_use]
    fn from_lanes(lanes: &[u32]) -> Self {
        Self::unpack(&mut Unpacker::new(lanes))
    }
}

/// Takes the lanes of a component.
pub struct Packer<'a> {
    pub(crate) lanes: &'a mut Vec<u32>,
    pub(crate) ids: &'a dyn Fn(Entity) -> NetId,
}

impl<'a> Packer<'a> {
    /// Appends to `lanes`, with ids for references to entities.
    pub fn new(lanes: &'a mut Vec<u32>, ids: &'a dyn Fn(Entity) -> NetId) -> Self {
        Self { lanes, ids }
    }

    /// Appends one lane.
    pub fn push(&mut self, lane: u32) {
        self.lanes.push(lane);
    }

    pub(crate) fn push_bytes(&mut self, bytes: &[u8], max: u32) {
        self.push(bytes.len() as u32);
        self.lanes.extend(bytes.iter().map(|byte| u32::from(*byte)));
        self.lanes.extend((bytes.len()..max as usize).map(|_| 0));
    }

    pub(crate) fn id_of(&self, entity: Entity) -> NetId {
        (self.ids)(entity)
    }
}

/// Gives the lanes of a component.
pub struct Unpacker<'a> {
    lanes: std::slice::Iter<'a, u32>,
}

impl<'a> Unpacker<'a> {
    /// Gives these lanes.
    #[must_use]
    pub fn new(lanes: &'a [u32]) -> Self {
        Self { lanes: lanes.iter() }
    }

    /// Takes one lane off; 0 when there is none left.
    pub fn take(&mut self) -> u32 {
        self.lanes.next().copied().unwrap_or(0)
    }

    pub(crate) fn take_bytes(&mut self, max: u32) -> Vec<u8> {
        let count = self.take().min(max) as usize;
        let bytes: Vec<u8> = (0..max).map(|_| self.take() as u8).collect();
        bytes[..count].to_vec()
    }
}

/// A field in the making: see [`replicate!`](crate::replicate).
#[doc(hidden)]
pub fn field(name: &str, codec: &impl Describe, motion: Motion) -> FieldSchema {
    let kind: FieldKind = codec.kind();
    FieldSchema { name: name.into(), kind, motion }
}

#[doc(hidden)]
pub fn component(
    name: &str,
    audience: Audience,
    fields: Vec<FieldSchema>,
) -> Result<ComponentSchema, SchemaError> {
    ComponentSchema::new(name, audience, fields)
}

/// Declares which fields of a component travel, how finely, and to whom.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use tickwire::prelude::*;
///
/// #[derive(Component, Default)]
/// struct Body { x: f32, y: f32, heading: f32, mass: f32 }
///
/// replicate! {
///     Body {
///         x: steady float(-20.0, 20.0, 0.01),
///         y: steady float(-20.0, 20.0, 0.01),
///         heading: angle(256),
///         ..Default::default()
///     }
/// }
///
/// #[derive(Component)]
/// struct Purse(u32);
///
/// replicate! { Purse for owner { 0: integer(0, 9999) } }
/// ```
///
/// Before the codec may stand `steady`, for lanes that keep their velocity when nothing is said of
/// them, or `auto`, where the sender shall find out. After the name may stand `for owner` or
/// `for team`. Fields that do not travel are made by the expression after `..`.
#[macro_export]
macro_rules! replicate {
    ($component:ident { $($fields:tt)* }) => {
        $crate::replicate!(@ Everyone, $component, [] $($fields)*);
    };
    ($component:ident for owner { $($fields:tt)* }) => {
        $crate::replicate!(@ Owner, $component, [] $($fields)*);
    };
    ($component:ident for team { $($fields:tt)* }) => {
        $crate::replicate!(@ Team, $component, [] $($fields)*);
    };
    (@ $audience:ident, $component:ident, [$($done:tt)*] $name:tt: steady $codec:expr $(, $($rest:tt)*)?) => {
        $crate::replicate!(@ $audience, $component, [$($done)* ($name Steady $codec)] $($($rest)*)?);
    };
    (@ $audience:ident, $component:ident, [$($done:tt)*] $name:tt: auto $codec:expr $(, $($rest:tt)*)?) => {
        $crate::replicate!(@ $audience, $component, [$($done)* ($name Auto $codec)] $($($rest)*)?);
    };
    (@ $audience:ident, $component:ident, [$($done:tt)*] $name:tt: $codec:expr $(, $($rest:tt)*)?) => {
        $crate::replicate!(@ $audience, $component, [$($done)* ($name Hold $codec)] $($($rest)*)?);
    };
    (@ $audience:ident, $component:ident, [$(($name:tt $motion:ident $codec:expr))*] $(..$rest:expr)?) => {
        impl $crate::sync::replicate::Replicate for $component {
            const NAME: &'static str = stringify!($component);

            fn schema() -> Result<
                $crate::sync::schema::ComponentSchema,
                $crate::sync::field::SchemaError,
            > {
                use $crate::sync::{replicate, schema};
                let fields = vec![$(replicate::field(
                    stringify!($name),
                    &$codec,
                    schema::Motion::$motion,
                )),*];
                replicate::component(Self::NAME, schema::Audience::$audience, fields)
            }

            fn pack(&self, lanes: &mut $crate::sync::replicate::Packer<'_>) {
                $($crate::sync::codec::Codec::pack(&$codec, &self.$name, lanes);)*
                let _ = lanes;
            }

            fn unpack(lanes: &mut $crate::sync::replicate::Unpacker<'_>) -> Self {
                let _ = &lanes;
                Self {
                    $($name: $crate::sync::codec::Codec::unpack(&$codec, lanes),)*
                    $(..$rest)?
                }
            }
        }
    };
}
