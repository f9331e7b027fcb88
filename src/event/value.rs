//! JSON that also knows binary values.

use super::ArgsError;
use super::key::Key;
use super::text::readable;
use bytes::Bytes;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde::ser::{Serialize, Serializer};
use serde_json::Number;
use std::fmt;

/// A JSON value, or bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// Values in order.
    Array(Vec<Value>),
    /// Names and values, in the order in which they came.
    Object(Vec<(String, Value)>),
    /// Bytes, which travel beside the text.
    Binary(Bytes),
}

impl Value {
    /// The value of a name in an object; the last one where a name stands twice.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let Self::Object(entries) = self else { return None };
        entries.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// Whether there is a binary value anywhere within.
    #[must_use]
    pub fn has_binary(&self) -> bool {
        match self {
            Self::Binary(_) => true,
            Self::Array(values) => values.iter().any(Self::has_binary),
            Self::Object(entries) => entries.iter().any(|(_, value)| value.has_binary()),
            _ => false,
        }
    }

    /// Reads JSON text.
    pub fn read(json: &str) -> Result<Self, ArgsError> {
        Self::parse(&readable(json), &[], &mut [])
    }

    /// Reads JSON text, putting attachments where their placeholders are and noting which were used.
    pub(super) fn parse(
        json: &str,
        attachments: &[Bytes],
        used: &mut [bool],
    ) -> Result<Self, ArgsError> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let value =
            Reading { attachments, used }.deserialize(&mut deserializer).map_err(|error| {
                match error.to_string() {
                    text if text.starts_with(STRAY) => ArgsError::Attachments,
                    text => ArgsError::Shape(text),
                }
            })?;
        deserializer.end().map_err(|error| ArgsError::Shape(error.to_string()))?;
        Ok(value)
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Number(_) => Unexpected::Other("number"),
            Self::String(text) => Unexpected::Str(text),
            Self::Array(_) => Unexpected::Seq,
            Self::Object(_) => Unexpected::Map,
            Self::Binary(bytes) => Unexpected::Bytes(bytes),
        }
    }
}

const STRAY: &str = "a placeholder without attachment";

macro_rules! from {
    ($($type:ty => $make:expr;)*) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let make: fn($type) -> Self = $make;
                make(value)
            }
        })*
    };
}

from! {
    bool => Self::Bool;
    i32 => |value| Self::Number(value.into());
    u32 => |value| Self::Number(value.into());
    i64 => |value| Self::Number(value.into());
    u64 => |value| Self::Number(value.into());
    f64 => |value| Number::from_f64(value).map_or(Self::Null, Self::Number);
    String => Self::String;
    &str => |value| Self::String(value.into());
    Bytes => Self::Binary;
    Vec<Value> => Self::Array;
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => value.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Object(entries) => {
                serializer.collect_map(entries.iter().map(|(name, value)| (name, value)))
            }
            Self::Binary(bytes) => serializer.serialize_bytes(bytes),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reading { attachments: &[], used: &mut [] }.deserialize(deserializer)
    }
}

/// Reads a value; knows what placeholders stand for.
struct Reading<'a> {
    attachments: &'a [Bytes],
    used: &'a mut [bool],
}

impl Reading<'_> {
    fn again(&mut self) -> Reading<'_> {
        Reading { attachments: self.attachments, used: self.used }
    }

    /// What an object stands for if it is a placeholder.
    fn place(&mut self, object: Value) -> Option<Value> {
        if self.attachments.is_empty() || object.get("_placeholder") != Some(&Value::Bool(true)) {
            return Some(object);
        }
        let Some(Value::Number(number)) = object.get("num") else { return None };
        let at = usize::try_from(number.as_u64()?).ok()?;
        let attachment = self.attachments.get(at)?.clone();
        // Or few bytes would be many for whoever is sent them in another format.
        let is_first = !std::mem::replace(&mut self.used[at], true);
        is_first.then_some(Value::Binary(attachment))
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.into()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Binary(Bytes::copy_from_slice(bytes)))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(self.again())? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key()? {
            entries.push((name, map.next_value_seed(self.again())?));
        }
        self.place(Value::Object(entries)).ok_or_else(|| serde::de::Error::custom(STRAY))
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = ArgsError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(value) => {
                value.deserialize_any(visitor).map_err(|error| ArgsError::Shape(error.to_string()))
            }
            Self::String(text) => visitor.visit_string(text),
            Self::Array(values) => {
                let mut values = SeqDeserializer::new(values.into_iter());
                let taken = visitor.visit_seq(&mut values)?;
                values.end().map(|()| taken)
            }
            Self::Object(entries) => {
                let entries = entries.into_iter().map(|(name, value)| (Key(name), value));
                visitor.visit_map(MapDeserializer::new(entries))
            }
            Self::Binary(bytes) => visitor.visit_byte_buf(bytes.into()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        if self == Self::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        match self {
            Self::String(name) => visitor.visit_enum(Variant { name, content: None }),
            Self::Object(mut entries) if entries.len() == 1 => {
                let (name, content) = entries.remove(0);
                visitor.visit_enum(Variant { name, content: Some(content) })
            }
            other => Err(serde::de::Error::invalid_type(other.unexpected(), &"a variant")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, ArgsError> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Variant {
    name: String,
    content: Option<Value>,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = ArgsError;
    type Variant = Content;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Content), ArgsError> {
        let name = seed.deserialize(self.name.into_deserializer())?;
        Ok((name, Content(self.content)))
    }
}

struct Content(Option<Value>);

impl Content {
    fn needed(self) -> Result<Value, ArgsError> {
        self.0.ok_or_else(|| {
            serde::de::Error::invalid_type(Unexpected::UnitVariant, &"a variant with content")
        })
    }
}

impl<'de> VariantAccess<'de> for Content {
    type Error = ArgsError;

    fn unit_variant(self) -> Result<(), ArgsError> {
        Deserialize::deserialize(self.0.unwrap_or_default())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ArgsError> {
        seed.deserialize(self.needed()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ArgsError> {
        self.needed()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        self.needed()?.deserialize_any(visitor)
    }
}
