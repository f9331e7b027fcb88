//! Hostile arguments and events, read as JSON, as values and as types.
//!
//! The first byte says how many attachments come with the text and how deep it may be.
#![no_main]

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::fmt::Debug;
use tickwire::event::{Args, DEPTH_LIMIT, Event, ToArgs, Value};
use tickwire::protocol::socket_io::Limits;
use tickwire_fuzz::wire::check_args;

/// Types take at most this many arguments.
const ARGUMENTS: usize = 4;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| event(bytes));

fn event(bytes: &[u8]) {
    let Some((choice, text)) = bytes.split_first() else { return };
    let attachments: Vec<Bytes> =
        (0..choice % 4).map(|index| Bytes::copy_from_slice(&[index, 0xff])).collect();
    let limits = Limits { depth: if *choice < 128 { DEPTH_LIMIT } else { 3 }, ..Limits::default() };
    let text = String::from_utf8_lossy(text);
    let event = Event::parse(&text, attachments.clone(), limits.depth);
    if let Ok(event) = &event {
        check_event(event, &limits);
    }
    let Ok(args) = Args::parse(&text, attachments, limits.depth) else { return };
    if let Ok(Value::String(_) | Value::Number(_)) = args.to() {
        assert!(event.is_ok(), "{event:?} of arguments that begin with a name");
    }
    check_args(&args, &limits);
    check_text(&args, "\u{1f600}\"\\\u{1e}");
    check_types(&args);
}

fn check_event(event: &Event, limits: &Limits) {
    let json = event.to_json();
    let again = Event::parse(&json, event.args.attachments().to_vec(), limits.depth);
    assert_eq!(again.as_ref(), Ok(event), "an event is what it is written as");
    assert_eq!(Event::new(&event.name, &event.args).as_ref(), Ok(event));
    check_args(&event.args, limits);
}

fn check_text(args: &Args, text: &str) {
    let longer = args.with_text(text);
    let longer = Args::parse(longer.json(), longer.attachments().to_vec(), DEPTH_LIMIT);
    let mut values = longer.expect("one more text is no harm").values().expect("values");
    assert_eq!(values.pop(), Some(Value::from(text)));
    assert_eq!(Ok(values), args.values(), "it comes last");
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Shot {
    by: String,
    #[serde(default)]
    at: [f64; 2],
    #[serde(default)]
    proof: Option<Bytes>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Name(String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    Stop,
    Wait(Option<u8>),
    Go(i8, i8),
    Turn { by: f64 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Tagged {
    A { x: u8 },
    B,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Any {
    Shot(Shot),
    Number(f64),
    Text(String),
    Many(Vec<u8>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u64,
    #[serde(flatten)]
    rest: BTreeMap<String, Option<bool>>,
}

fn check_types(args: &Args) {
    let types = Types { args, mixed: mixed(args) };
    types.check::<()>();
    types.check::<bool>();
    types.check::<u8>();
    types.check::<i64>();
    types.check::<f64>();
    types.check::<char>();
    types.check::<String>();
    types.check::<Bytes>();
    types.check::<Option<u64>>();
    types.check::<Vec<i32>>();
    types.check::<[u8; 2]>();
    types.check::<(Option<u8>, String)>();
    types.check::<(Name, (u8, u8), Option<Bytes>, Vec<()>)>();
    types.check::<Shot>();
    types.check::<Name>();
    types.check::<Nothing>();
    types.check::<Order>();
    types.check::<(Order, Tagged)>();
    types.check::<Any>();
    types.check::<Flat>();
    types.check::<BTreeMap<u32, Order>>();
    types.check::<BTreeMap<Name, Vec<Tagged>>>();
    let (value, first) = (args.to::<Value>(), args.to::<(Value,)>());
    assert_eq!(value, first.map(|(value,)| value));
}

/// The same arguments with an attachment behind them, and with what is missing before it.
fn mixed(args: &Args) -> Option<Args> {
    // There it would be one, and here it is none.
    if !args.attachments().is_empty() || args.json().contains("_placeholder") {
        return None;
    }
    let mut values = args.values().expect("values");
    values.resize(values.len().max(ARGUMENTS), Value::Null);
    let inner = args.json().trim().strip_prefix('[')?.strip_suffix(']')?;
    let missing = values.len() - args.values().expect("values").len();
    let mut elements = vec!["null"; missing];
    elements.push("{\"_placeholder\":true,\"num\":0}");
    if missing < values.len() {
        elements.insert(0, inner);
    }
    let json = format!("[{}]", elements.join(","));
    let mixed = Args::parse(&json, vec![Bytes::from_static(b"x")], DEPTH_LIMIT);
    Some(mixed.expect("nulls and an attachment"))
}

struct Types<'a> {
    args: &'a Args,
    mixed: Option<Args>,
}

impl Types<'_> {
    /// A type takes the same whether or not there are attachments, and what it gives it takes.
    fn check<T: DeserializeOwned + Serialize + PartialEq + Debug>(&self) {
        let taken = self.args.to::<T>();
        if let Some(mixed) = &self.mixed {
            let again = mixed.to::<T>();
            assert_eq!(taken.as_ref().ok(), again.as_ref().ok(), "{taken:?}, {again:?}");
        }
        let Ok(taken) = taken else { return };
        let given = taken.to_args().expect("it can be written");
        assert_eq!(given.to::<T>().as_ref(), Ok(&taken), "{given:?}");
    }
}
