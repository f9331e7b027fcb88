//! How a game says what a field may hold: `float(-20.0, 20.0, 0.01)`, `choice(&[..])`, ...
//!
//! A codec is named once, at the field; it packs, unpacks and describes. What comes back from
//! lanes packs into the same lanes again.

use super::field::FieldKind;
use super::replicate::{Packer, Unpacker};
use crate::ids::{NetId, PlayerId, Tick};
use bevy_ecs::entity::Entity;
use std::fmt::Debug;

/// Turns values of a type into lanes and back.
pub trait Codec<T> {
    /// Appends the value's lanes.
    fn pack(&self, value: &T, lanes: &mut Packer<'_>);
    /// Takes the lanes off and makes the value.
    fn unpack(&self, lanes: &mut Unpacker<'_>) -> T;
}

/// What a codec's lanes are, as data.
pub trait Describe {
    /// The kind that goes into the schema.
    fn kind(&self) -> FieldKind;
}

/// See [`boolean`].
#[derive(Clone, Copy, Debug)]
pub struct Boolean;

/// Yes or no: `bool`.
#[must_use]
pub const fn boolean() -> Boolean {
    Boolean
}

impl Describe for Boolean {
    fn kind(&self) -> FieldKind {
        FieldKind::Bool
    }
}

impl Codec<bool> for Boolean {
    fn pack(&self, value: &bool, lanes: &mut Packer<'_>) {
        lanes.push(u32::from(*value));
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> bool {
        lanes.take() != 0
    }
}

/// See [`integer`].
#[derive(Clone, Copy, Debug)]
pub struct Integer {
    min: i64,
    max: i64,
}

/// A whole number from `min` to `max`, both possible; what is outside is moved to the edge.
#[must_use]
pub const fn integer(min: i64, max: i64) -> Integer {
    Integer { min, max }
}

impl Describe for Integer {
    fn kind(&self) -> FieldKind {
        FieldKind::Int { min: self.min, max: self.max }
    }
}

macro_rules! integer_codec {
    ($($number:ty),*) => {$(
        impl Codec<$number> for Integer {
            fn pack(&self, value: &$number, lanes: &mut Packer<'_>) {
                let value = i128::from(*value).clamp(self.min.into(), self.max.into());
                lanes.push((value - i128::from(self.min)) as u32);
            }

            fn unpack(&self, lanes: &mut Unpacker<'_>) -> $number {
                (self.min + i64::from(lanes.take())) as $number
            }
        }
    )*};
}
integer_codec!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Codec<PlayerId> for Integer {
    fn pack(&self, value: &PlayerId, lanes: &mut Packer<'_>) {
        self.pack(&value.0, lanes);
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> PlayerId {
        PlayerId(self.unpack(lanes))
    }
}

/// See [`float`].
#[derive(Clone, Copy, Debug)]
pub struct Float {
    min: f64,
    max: f64,
    step: f64,
}

/// A number from `min` to `max` in steps: `f32`. What is outside is moved to the edge; what is no
/// number becomes `min`.
#[must_use]
pub const fn float(min: f64, max: f64, step: f64) -> Float {
    Float { min, max, step }
}

impl Float {
    fn lane(&self, value: f32) -> u32 {
        let steps = ((self.max - self.min) / self.step).round();
        let lane = ((f64::from(value) - self.min) / self.step).round();
        // `max` and `min` turn what is no number into 0.
        lane.max(0.0).min(steps) as u32
    }

    fn value(&self, lane: u32) -> f32 {
        (self.min + f64::from(lane) * self.step) as f32
    }
}

impl Describe for Float {
    fn kind(&self) -> FieldKind {
        FieldKind::Float { min: self.min, max: self.max, step: self.step }
    }
}

impl Codec<f32> for Float {
    fn pack(&self, value: &f32, lanes: &mut Packer<'_>) {
        lanes.push(self.lane(*value));
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> f32 {
        self.value(lanes.take())
    }
}

/// See [`vector`].
#[derive(Clone, Copy, Debug)]
pub struct Vector<const AXES: usize>(Float);

/// Two or three numbers from `min` to `max` in steps: `[f32; 2]` or `[f32; 3]`.
#[must_use]
pub const fn vector<const AXES: usize>(min: f64, max: f64, step: f64) -> Vector<AXES> {
    assert!(AXES == 2 || AXES == 3, "a vector has two or three axes");
    Vector(float(min, max, step))
}

impl<const AXES: usize> Describe for Vector<AXES> {
    fn kind(&self) -> FieldKind {
        let Float { min, max, step } = self.0;
        FieldKind::Vector { axes: AXES as u8, min, max, step }
    }
}

impl<const AXES: usize> Codec<[f32; AXES]> for Vector<AXES> {
    fn pack(&self, value: &[f32; AXES], lanes: &mut Packer<'_>) {
        value.iter().for_each(|axis| self.0.pack(axis, lanes));
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> [f32; AXES] {
        std::array::from_fn(|_| self.0.unpack(lanes))
    }
}

/// See [`angle`].
#[derive(Clone, Copy, Debug)]
pub struct Angle {
    steps: u32,
}

/// An angle in radians, in so many steps of a turn: `f32`. It comes back from 0 to below a turn.
#[must_use]
pub const fn angle(steps: u32) -> Angle {
    Angle { steps }
}

impl Describe for Angle {
    fn kind(&self) -> FieldKind {
        FieldKind::Angle { steps: self.steps }
    }
}

impl Codec<f32> for Angle {
    fn pack(&self, value: &f32, lanes: &mut Packer<'_>) {
        let turns = f64::from(*value) / std::f64::consts::TAU;
        let turns = if turns.is_finite() { turns - turns.floor() } else { 0.0 };
        lanes.push((turns * f64::from(self.steps)).round() as u32 % self.steps);
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> f32 {
        (f64::from(lanes.take()) * std::f64::consts::TAU / f64::from(self.steps)) as f32
    }
}

/// See [`choice`].
#[derive(Clone, Copy, Debug)]
pub struct Choice<T: 'static>(&'static [T]);

/// One of these: an enum, say. What is not among them becomes the first.
#[must_use]
pub const fn choice<T>(choices: &'static [T]) -> Choice<T> {
    Choice(choices)
}

impl<T: Debug> Describe for Choice<T> {
    fn kind(&self) -> FieldKind {
        FieldKind::Choice { names: self.0.iter().map(|choice| format!("{choice:?}")).collect() }
    }
}

impl<T: Debug + Copy + PartialEq> Codec<T> for Choice<T> {
    fn pack(&self, value: &T, lanes: &mut Packer<'_>) {
        let at = self.0.iter().position(|choice| choice == value);
        lanes.push(at.unwrap_or(0) as u32);
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> T {
        self.0[(lanes.take() as usize).min(self.0.len() - 1)]
    }
}

/// See [`text`].
#[derive(Clone, Copy, Debug)]
pub struct Text {
    max: u32,
}

/// A string of at most so many bytes; a longer one is cut at a character.
#[must_use]
pub const fn text(max: u32) -> Text {
    Text { max }
}

impl Describe for Text {
    fn kind(&self) -> FieldKind {
        FieldKind::Text { max: self.max }
    }
}

impl Codec<String> for Text {
    fn pack(&self, value: &String, lanes: &mut Packer<'_>) {
        let end = value.floor_char_boundary(self.max as usize);
        lanes.push_bytes(&value.as_bytes()[..end], self.max);
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> String {
        // Between two steps of a hostile sender the bytes may be anything.
        String::from_utf8_lossy(&lanes.take_bytes(self.max)).into_owned()
    }
}

/// See [`bytes()`].
#[derive(Clone, Copy, Debug)]
pub struct Bytes {
    max: u32,
}

/// A byte string of at most so many bytes; a longer one is cut.
#[must_use]
pub const fn bytes(max: u32) -> Bytes {
    Bytes { max }
}

impl Describe for Bytes {
    fn kind(&self) -> FieldKind {
        FieldKind::Bytes { max: self.max }
    }
}

impl Codec<Vec<u8>> for Bytes {
    fn pack(&self, value: &Vec<u8>, lanes: &mut Packer<'_>) {
        lanes.push_bytes(&value[..value.len().min(self.max as usize)], self.max);
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> Vec<u8> {
        lanes.take_bytes(self.max)
    }
}

/// See [`entity`].
#[derive(Clone, Copy, Debug)]
pub struct EntityReference;

/// A replicated entity, or none: `Option<Entity>`, or `NetId` with 0 for none.
#[must_use]
pub const fn entity() -> EntityReference {
    EntityReference
}

impl Describe for EntityReference {
    fn kind(&self) -> FieldKind {
        FieldKind::Entity
    }
}

impl Codec<Option<Entity>> for EntityReference {
    fn pack(&self, value: &Option<Entity>, lanes: &mut Packer<'_>) {
        let id = value.map_or(NetId(0), |entity| lanes.id_of(entity));
        lanes.push(id.0);
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> Option<Entity> {
        let id = lanes.take();
        if id == 0 { None } else { Entity::from_raw_u32(id) }
    }
}

impl Codec<NetId> for EntityReference {
    fn pack(&self, value: &NetId, lanes: &mut Packer<'_>) {
        lanes.push(value.0);
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> NetId {
        NetId(lanes.take())
    }
}

/// See [`moment`].
#[derive(Clone, Copy, Debug)]
pub struct Moment;

/// The number of a tick.
#[must_use]
pub const fn moment() -> Moment {
    Moment
}

impl Describe for Moment {
    fn kind(&self) -> FieldKind {
        FieldKind::Moment
    }
}

impl Codec<Tick> for Moment {
    fn pack(&self, value: &Tick, lanes: &mut Packer<'_>) {
        lanes.push(value.0);
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> Tick {
        Tick(lanes.take())
    }
}

/// See [`optional`].
#[derive(Clone, Copy, Debug)]
pub struct Optional<C>(C);

/// What another codec holds, or nothing.
#[must_use]
pub const fn optional<C>(inner: C) -> Optional<C> {
    Optional(inner)
}

impl<C: Describe> Describe for Optional<C> {
    fn kind(&self) -> FieldKind {
        FieldKind::Optional(Box::new(self.0.kind()))
    }
}

impl<T: Default, C: Codec<T>> Codec<Option<T>> for Optional<C> {
    fn pack(&self, value: &Option<T>, lanes: &mut Packer<'_>) {
        lanes.push(u32::from(value.is_some()));
        match value {
            Some(value) => self.0.pack(value, lanes),
            None => self.0.pack(&T::default(), lanes),
        }
    }

    fn unpack(&self, lanes: &mut Unpacker<'_>) -> Option<T> {
        let is_some = lanes.take() != 0;
        let value = self.0.unpack(lanes);
        is_some.then_some(value)
    }
}
