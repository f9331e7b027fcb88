//! An event as all doors know it: a name, and arguments as JSON with binary attachments.
//!
//! Arguments stay text from the socket that sent them to those that hear them; they become values
//! only where somebody looks. In the text an attachment is what Socket.IO writes for it:
//! `{"_placeholder":true,"num":0}`.
//!
//! [`Args`] that came through [`Args::parse`] are a JSON array, no deeper than the limit, and each of
//! their placeholders has its attachment: a receiver that trusts them comes to no harm.

mod value;
mod key;
mod text;
mod encode;
mod decode;

pub use decode::FromArgs;
pub use encode::ToArgs;
pub use text::accept;
pub use value::Value;

use bytes::Bytes;
use serde_json::value::RawValue;
use std::fmt;

/// JSON may be nested this deep wherever no other limit is given.
pub const DEPTH_LIMIT: usize = 64;

/// Names that events cannot have: Socket.IO uses them itself.
pub const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// What is wrong with arguments.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArgsError {
    /// Not an array in JSON.
    #[error("the payload is not an array in JSON")]
    NotAnArray,
    /// An event without a name, or one that is neither text nor a number.
    #[error("the event has no name")]
    NoName,
    /// Deeper than the limit.
    #[error("the payload is nested deeper than {0}")]
    TooDeep(usize),
    /// A placeholder without its attachment or with that of another, or an attachment without
    /// placeholder.
    #[error("placeholders and attachments do not belong together")]
    Attachments,
    /// A name that the protocol uses itself.
    #[error("the name is reserved")]
    Reserved,
    /// The arguments are not what the handler takes, or a value cannot be written.
    #[error("{0}")]
    Shape(String),
}

impl serde::ser::Error for ArgsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Shape(message.to_string())
    }
}

impl serde::de::Error for ArgsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Shape(message.to_string())
    }
}

/// The arguments of an event or of an acknowledgement.
#[derive(Clone, PartialEq, Eq)]
pub struct Args {
    json: Box<str>,
    attachments: Vec<Bytes>,
}

/// A name and arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub name: Box<str>,
    /// To what.
    pub args: Args,
}

impl Default for Args {
    fn default() -> Self {
        Self { json: "[]".into(), attachments: Vec::new() }
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.json)?;
        if !self.attachments.is_empty() {
            write!(f, " with {} attachments", self.attachments.len())?;
        }
        Ok(())
    }
}

impl Args {
    /// Takes arguments that came from outside: a JSON array and what its placeholders stand for.
    pub fn parse(
        json: &str,
        attachments: Vec<Bytes>,
        depth_limit: usize,
    ) -> Result<Self, ArgsError> {
        accept_array(json, depth_limit)?;
        Self { json: json.into(), attachments }.checked()
    }

    /// Every placeholder has its attachment and the other way round.
    fn checked(self) -> Result<Self, ArgsError> {
        if !self.attachments.is_empty() {
            let mut used = vec![false; self.attachments.len()];
            Value::parse(&text::readable(&self.json), &self.attachments, &mut used)?;
            if used.contains(&false) {
                return Err(ArgsError::Attachments);
            }
        }
        Ok(self)
    }

    /// The JSON array, with placeholders for attachments.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The binary values, in the order of their placeholders' numbers.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// How many bytes the arguments hold.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.json.len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// The arguments as a type: a tuple takes them all, anything else the first one.
    pub fn to<T: FromArgs>(&self) -> Result<T, ArgsError> {
        T::from_args(self)
    }

    /// The arguments as values.
    pub fn values(&self) -> Result<Vec<Value>, ArgsError> {
        let mut used = vec![false; self.attachments.len()];
        match Value::parse(&text::readable(&self.json), &self.attachments, &mut used)? {
            Value::Array(values) => Ok(values),
            _ => Err(ArgsError::NotAnArray),
        }
    }

    /// The same with one more argument, a text.
    #[must_use]
    pub fn with_text(&self, text: &str) -> Self {
        let inner = self.inner();
        let comma = if inner.trim().is_empty() { "" } else { "," };
        let text = serde_json::to_string(text).expect("text is JSON");
        let json = format!("[{inner}{comma}{text}]").into();
        Self { json, attachments: self.attachments.clone() }
    }

    /// What stands between the brackets.
    fn inner(&self) -> &str {
        let json = self.json.trim();
        &json[1..json.len() - 1]
    }
}

impl Event {
    /// An event.
    pub fn new(name: &str, args: impl ToArgs) -> Result<Self, ArgsError> {
        Ok(Self { name: name.into(), args: args.to_args()? })
    }

    /// Takes an event that came from outside as one JSON array, its name first.
    pub fn parse(
        json: &str,
        attachments: Vec<Bytes>,
        depth_limit: usize,
    ) -> Result<Self, ArgsError> {
        accept_array(json, depth_limit)?;
        let elements: Vec<&RawValue> =
            serde_json::from_str(json).map_err(|_| ArgsError::NotAnArray)?;
        let first = elements.first().ok_or(ArgsError::NoName)?.get();
        let name: Box<str> = match first.as_bytes()[0] {
            b'"' => serde_json::from_str(&text::readable(first)).map_err(|_| ArgsError::NoName)?,
            b'-' | b'0'..=b'9' => first.into(),
            _ => return Err(ArgsError::NoName),
        };
        let inner: Vec<&str> = elements[1..].iter().map(|element| element.get()).collect();
        let json = format!("[{}]", inner.join(",")).into();
        Ok(Self { name, args: Args { json, attachments }.checked()? })
    }

    /// The name and the arguments as one JSON array.
    #[must_use]
    pub fn to_json(&self) -> String {
        let name = serde_json::to_string(&self.name).expect("text is JSON");
        let inner = self.args.inner();
        let comma = if inner.trim().is_empty() { "" } else { "," };
        format!("[{name}{comma}{inner}]")
    }
}

fn accept_array(json: &str, depth_limit: usize) -> Result<(), ArgsError> {
    check_depth(json, depth_limit)?;
    let is_array = json.trim_start().starts_with('[') && text::accept(json);
    if is_array { Ok(()) } else { Err(ArgsError::NotAnArray) }
}

/// Refuses what is nested too deep, before anything looks into it.
pub fn check_depth(json: &str, limit: usize) -> Result<(), ArgsError> {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > limit {
                    return Err(ArgsError::TooDeep(limit));
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Shot {
        by: String,
        #[serde(default)]
        proof: Option<Bytes>,
    }

    #[test]
    fn a_tuple_is_all_arguments_and_anything_else_is_the_first() {
        let cases: [(Args, &str); 6] = [
            (().to_args().unwrap(), "[]"),
            ("hi".to_args().unwrap(), r#"["hi"]"#),
            ((1, "two").to_args().unwrap(), r#"[1,"two"]"#),
            (vec![1, 2].to_args().unwrap(), "[[1,2]]"),
            ((vec![1, 2],).to_args().unwrap(), "[[1,2]]"),
            (
                Shot { by: "me".into(), proof: None }.to_args().unwrap(),
                r#"[{"by":"me","proof":null}]"#,
            ),
        ];
        for (args, json) in cases {
            assert_eq!(args.json(), json);
        }
        let args = Args::parse(r#"[1,"two",[3]]"#, vec![], 9).unwrap();
        assert_eq!(args.to::<u8>(), Ok(1));
        assert_eq!(args.to::<(u8, String)>(), Ok((1, "two".into())));
        assert_eq!(
            args.to::<(u8, String, Vec<u8>, Option<u8>)>(),
            Ok((1, "two".into(), vec![3], None))
        );
        assert_eq!(args.to::<()>(), Ok(()));
        assert_eq!(args.to::<Args>(), Ok(args.clone()));
        assert!(args.to::<String>().is_err());
    }

    #[test]
    fn binary_values_travel_beside_the_text_wherever_they_are() {
        let proof = Bytes::from_static(&[1, 2]);
        let args =
            (Shot { by: "me".into(), proof: Some(proof.clone()) }, &proof).to_args().unwrap();
        let json =
            r#"[{"by":"me","proof":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]"#;
        assert_eq!(args.json(), json);
        assert_eq!(args.attachments(), [proof.clone(), proof.clone()]);
        let (shot, alone): (Shot, Bytes) = args.to().unwrap();
        assert_eq!((shot.proof, alone), (Some(proof.clone()), proof.clone()));
        let values = args.values().unwrap();
        assert_eq!(values[1], Value::Binary(proof.clone()));
        assert_eq!((&values[0], &values[1]).to_args().unwrap(), args);
    }

    #[test]
    fn placeholders_and_attachments_must_belong_together() {
        let one = || vec![Bytes::from_static(b"x")];
        let bad = [
            (r#"[{"_placeholder":true,"num":1}]"#, one()),
            (r#"[{"_placeholder":true,"num":-1}]"#, one()),
            (r#"[{"_placeholder":true,"num":0.5}]"#, one()),
            (r#"[{"_placeholder":true}]"#, one()),
            (r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#, one()),
            ("[]", one()),
        ];
        for (json, attachments) in bad {
            assert_eq!(Args::parse(json, attachments, 9), Err(ArgsError::Attachments), "{json}");
        }
        let literal = Args::parse(r#"[{"_placeholder":true,"num":7}]"#, vec![], 9).unwrap();
        let mixed = (literal.to::<Value>().unwrap(), Bytes::from_static(b"x"));
        assert_eq!(mixed.to_args(), Err(ArgsError::Attachments));
    }

    #[test]
    fn what_is_accepted_can_be_read() {
        let cut = Event::parse(r#"["say","cut \ud83d"]"#, vec![], 9).unwrap();
        assert_eq!(cut.args.to::<String>(), Ok("cut \u{fffd}".into()));
        assert_eq!(cut.to_json(), r#"["say","cut \ud83d"]"#, "a relay changes nothing");
        for json in ["[1e999]", r#"["x",-1e999]"#, r#"["x",{"a":[1e309]}]"#] {
            assert_eq!(Args::parse(json, vec![], 9), Err(ArgsError::NotAnArray), "{json}");
            assert_eq!(Event::parse(json, vec![], 9), Err(ArgsError::NotAnArray), "{json}");
        }
    }

    #[test]
    fn a_type_takes_the_same_whether_or_not_there_are_attachments() {
        #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        struct Name(String);
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        enum Order {
            Stop,
            Wait(Option<u8>),
        }
        fn check<T: serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(first: &str) {
            let plain = Args::parse(&format!("[{first}]"), vec![], 9).unwrap();
            let json = format!(r#"[{first},{{"_placeholder":true,"num":0}}]"#);
            let mixed = Args::parse(&json, vec![Bytes::from_static(b"x")], 9).unwrap();
            assert_eq!(plain.to::<T>().ok(), mixed.to::<T>().ok(), "{first}");
        }
        type Named = std::collections::BTreeMap<Name, Order>;
        type Numbered = std::collections::BTreeMap<u32, Option<bool>>;
        for first in
            [r#"{"1":true,"22":null}"#, r#"{"-1":null}"#, r#"{" 1":null}"#, r#"{"a":null}"#]
        {
            check::<Numbered>(first);
        }
        check::<Named>(r#"{"a":"Stop","b":{"Wait":3}}"#);
        for first in [r#""Wait""#, r#""Stop""#, r#"{"Wait":null}"#, r#"{"Stop":null}"#] {
            check::<Order>(first);
        }
        check::<((u8, u8),)>("[1,2]");
        check::<((u8, u8),)>("[1,2,3]");
    }

    #[test]
    fn an_event_is_one_array_with_its_name_first() {
        let event = Event::parse(r#" [ "a\"b" , 1 ,{"c": [ ]} ] "#, vec![], 9).unwrap();
        assert_eq!((&*event.name, event.args.json()), ("a\"b", r#"[1,{"c": [ ]}]"#));
        assert_eq!(event.to_json(), r#"["a\"b",1,{"c": [ ]}]"#);
        assert_eq!(&*Event::parse("[7]", vec![], 9).unwrap().name, "7");
        assert_eq!(Event::parse("[7]", vec![], 9).unwrap().to_json(), r#"["7"]"#);
        for json in ["[]", "[null]", "[[]]", "[true]"] {
            assert_eq!(Event::parse(json, vec![], 9), Err(ArgsError::NoName), "{json}");
        }
        for json in ["", "{}", "[1", "[1]]", "\"a\"", "[1,]", "[01]"] {
            assert_eq!(Event::parse(json, vec![], 9), Err(ArgsError::NotAnArray), "{json}");
        }
        assert_eq!(Event::parse("[1,[[[]]]]", vec![], 3), Err(ArgsError::TooDeep(3)));
        assert!(Event::parse(r#"["[[[[[["]"#, vec![], 1).is_ok());
        assert_eq!(event.args.with_text("o").json(), r#"[1,{"c": [ ]},"o"]"#);
        assert_eq!(Args::default().with_text("o").json(), r#"["o"]"#);
    }
}
