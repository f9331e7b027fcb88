//! JSON text that came from outside: as it came for those who are sent it, and as those can read it
//! who look into it.
//!
//! No number is out of range. Half of a surrogate pair, which `JSON.stringify` writes where a user's
//! text was cut in the middle, is read as U+FFFD.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Whether JSON can be read as values, once halves of surrogate pairs are mended.
pub fn accept(json: &str) -> bool {
    serde_json::from_str::<Readable>(&readable(json)).is_ok()
}

/// JSON without halves of surrogate pairs.
pub(super) fn readable(json: &str) -> Cow<'_, str> {
    if json.contains("\\u") { Cow::Owned(mend(json)) } else { Cow::Borrowed(json) }
}

fn mend(json: &str) -> String {
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                mended.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 1 + usize::from(escape.as_bytes().get(1).is_some_and(u8::is_ascii)),
        };
        mended.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    mended.push_str(rest);
    mended
}

/// The number of the escape that a text begins with.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Any value, looked at and not kept.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_surrogate_pairs_are_mended_and_nothing_else_is_touched() {
        let cases = [
            (r#"["\ud83d"]"#, r#"["\ufffd"]"#),
            (r#"["a\uDE00b","\ud83d\ude00"]"#, r#"["a\ufffdb","\ud83d\ude00"]"#),
            (r#"["\ud83d\ud83d\ude00\\ud83d\né"]"#, r#"["\ufffd\ud83d\ude00\\ud83d\né"]"#),
            (r#"{"\ud800":"\ud800\u0041"}"#, r#"{"\ufffd":"\ufffd\u0041"}"#),
            (r#"["\ud83d\ude00",1e-999]"#, r#"["\ud83d\ude00",1e-999]"#),
        ];
        for (json, mended) in cases {
            assert_eq!(readable(json), mended);
            assert!(accept(json));
        }
        let long = format!("[1{}]", "0".repeat(400));
        for json in ["[1e999]", &long, r#"["\ud83d",1e999]"#, r#"["\ud8"#, r#"["\ud83d\"]"#, "\\é"]
        {
            assert!(!accept(json), "{json}");
        }
    }
}
