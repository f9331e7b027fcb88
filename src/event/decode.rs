//! From arguments to Rust values: a tuple takes all of them, anything else the first.
//!
//! Arguments that are missing are null, as in JavaScript; those that are too many are ignored.

use super::text::readable;
use super::{Args, ArgsError, Value};
use bytes::Bytes;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What a handler can take as its arguments: all that `serde` can make, and [`Args`] as they are.
///
/// A tuple or an array (`[x; 3]`) takes all arguments; a `Vec` and anything else takes the first.
pub trait FromArgs: Sized {
    /// Takes the arguments.
    fn from_args(args: &Args) -> Result<Self, ArgsError>;
}

impl FromArgs for Args {
    fn from_args(args: &Args) -> Result<Self, ArgsError> {
        Ok(args.clone())
    }
}

impl<T: DeserializeOwned> FromArgs for T {
    fn from_args(args: &Args) -> Result<Self, ArgsError> {
        let json = readable(&args.json);
        let elements: Vec<&RawValue> = serde_json::from_str(&json).unwrap_or_default();
        T::deserialize(Arguments { elements: elements.into_iter(), attachments: &args.attachments })
    }
}

struct Arguments<'a> {
    attachments: &'a [Bytes],
    elements: std::vec::IntoIter<&'a RawValue>,
}

impl<'a> Arguments<'a> {
    fn next<S: DeserializeSeed<'a>>(&mut self, seed: S) -> Result<S::Value, ArgsError> {
        let text = self.elements.next().map_or("null", RawValue::get);
        if self.attachments.is_empty() {
            let mut text = serde_json::Deserializer::from_str(text);
            return seed
                .deserialize(&mut text)
                .map_err(|error| ArgsError::Shape(error.to_string()));
        }
        let mut used = vec![false; self.attachments.len()];
        seed.deserialize(Value::parse(text, self.attachments, &mut used)?)
    }
}

macro_rules! first {
    ($($method:ident($($name:ident: $type:ty),*))*) => {
        $(fn $method<V: Visitor<'a>>(mut self, $($name: $type,)* visitor: V) -> Result<V::Value, ArgsError> {
            struct One<V>($($type,)* V);
            impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for One<V> {
                type Value = V::Value;
                fn deserialize<D: Deserializer<'de>>(self, of: D) -> Result<V::Value, D::Error> {
                    let One($($name,)* visitor) = self;
                    of.$method($($name,)* visitor)
                }
            }
            self.next(One($($name,)* visitor))
        })*
    };
}

impl<'a> Deserializer<'a> for Arguments<'a> {
    type Error = ArgsError;

    first! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32()
        deserialize_i64() deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32()
        deserialize_u64() deserialize_u128() deserialize_f32() deserialize_f64() deserialize_char()
        deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_seq() deserialize_map() deserialize_identifier()
        deserialize_ignored_any()
        deserialize_newtype_struct(name: &'static str)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'a>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        visitor.visit_seq(All { arguments: self, left: length })
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.deserialize_tuple(length, visitor)
    }
}

struct All<'a> {
    arguments: Arguments<'a>,
    left: usize,
}

impl<'a> SeqAccess<'a> for All<'a> {
    type Error = ArgsError;

    fn next_element_seed<S: DeserializeSeed<'a>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ArgsError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        self.arguments.next(seed).map(Some)
    }
}
