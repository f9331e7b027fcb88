//! From Rust values to arguments: a tuple is all of them, anything else the only one.
//!
//! `serde` tells tuples from sequences, but not tuples from arrays: `[x; 3]` is three arguments, as
//! `(x, x, x)` is. For one argument that is a list write a `Vec`, a slice, or `([x; 3],)`.
//!
//! What `serde` serialises as bytes (`bytes::Bytes`, for one) becomes an attachment.

use super::{Args, ArgsError};
use bytes::Bytes;
use serde::ser::{Impossible, Serialize, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};
use std::io;

/// What can be sent as arguments: all that `serde` can serialise, and [`Args`] as they are.
///
/// A tuple or an array (`[x; 3]`) is all arguments; a `Vec`, a slice and anything else is the only one.
pub trait ToArgs {
    /// The arguments.
    fn to_args(&self) -> Result<Args, ArgsError>;
}

impl ToArgs for Args {
    fn to_args(&self) -> Result<Args, ArgsError> {
        Ok(self.clone())
    }
}

impl ToArgs for &Args {
    fn to_args(&self) -> Result<Args, ArgsError> {
        Ok((*self).clone())
    }
}

impl<T: Serialize + ?Sized> ToArgs for T {
    fn to_args(&self) -> Result<Args, ArgsError> {
        let mut attachments = Vec::new();
        let json = match self.serialize(Probe).expect_err("a probe writes nothing") {
            Shape::Nothing => "[]".into(),
            Shape::All => write(self, &mut attachments)?,
            Shape::One => format!("[{}]", write(self, &mut attachments)?),
        };
        let args = Args { json: json.into(), attachments };
        if args.attachments.is_empty() { Ok(args) } else { args.checked() }
    }
}

fn write<T: Serialize + ?Sized>(
    value: &T,
    attachments: &mut Vec<Bytes>,
) -> Result<String, ArgsError> {
    let mut text = Vec::with_capacity(64);
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Placing { attachments });
    value.serialize(&mut serializer).map_err(|error| ArgsError::Shape(error.to_string()))?;
    String::from_utf8(text).map_err(|error| ArgsError::Shape(error.to_string()))
}

/// Puts bytes aside and a placeholder into the text.
struct Placing<'a> {
    attachments: &'a mut Vec<Bytes>,
}

impl Formatter for Placing<'_> {
    fn write_byte_array<W: io::Write + ?Sized>(
        &mut self,
        to: &mut W,
        value: &[u8],
    ) -> io::Result<()> {
        write!(to, "{{\"_placeholder\":true,\"num\":{}}}", self.attachments.len())?;
        self.attachments.push(Bytes::copy_from_slice(value));
        Ok(())
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, to: &mut W, value: f64) -> io::Result<()> {
        // As `JSON.stringify` does: a whole number has no fraction.
        if value.fract() == 0.0 && value.abs() < 9e15 {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            return write!(to, "{}", value as i64);
        }
        CompactFormatter.write_f64(to, value)
    }
}

/// How many arguments a value is.
#[derive(Debug)]
enum Shape {
    Nothing,
    One,
    All,
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Shape {}

impl serde::ser::Error for Shape {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self::One
    }
}

/// Looks only at what a value is: its first word ends it.
struct Probe;

macro_rules! one {
    ($($method:ident($($value:ty),*))*) => {
        $(fn $method(self, $(_: $value),*) -> Result<(), Shape> { Err(Shape::One) })*
    };
}

impl Serializer for Probe {
    type Ok = ();
    type Error = Shape;
    type SerializeSeq = Impossible<(), Shape>;
    type SerializeTuple = Impossible<(), Shape>;
    type SerializeTupleStruct = Impossible<(), Shape>;
    type SerializeTupleVariant = Impossible<(), Shape>;
    type SerializeMap = Impossible<(), Shape>;
    type SerializeStruct = Impossible<(), Shape>;
    type SerializeStructVariant = Impossible<(), Shape>;

    one! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_i128(i128) serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_u128(u128) serialize_f32(f32) serialize_f64(f64) serialize_char(char)
        serialize_str(&str) serialize_bytes(&[u8]) serialize_none()
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    fn serialize_unit(self) -> Result<(), Shape> {
        Err(Shape::Nothing)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Shape> {
        Err(Shape::Nothing)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Shape> {
        Err(Shape::One)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<(), Shape> {
        Err(Shape::One)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Shape> {
        Err(Shape::One)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Shape> {
        Err(Shape::One)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Shape> {
        Err(Shape::All)
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTuple, Shape> {
        Err(Shape::All)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Shape> {
        Err(Shape::One)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Shape> {
        Err(Shape::One)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Shape> {
        Err(Shape::One)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Shape> {
        Err(Shape::One)
    }
}
