//! Writes packets as msgpack.

use super::text::{connect_json, error_json};
use super::{Bundle, Outgoing};
use crate::event::{Args, Value};

/// Writes a packet.
pub(super) fn encode(namespace: &str, packet: &Outgoing<'_>) -> Bundle {
    let json = |text: String| Some(serde_json::from_str(&text).unwrap_or_default());
    let (kind, data, id): (u8, Option<Value>, Option<u64>) = match packet {
        Outgoing::Connect { sid, pid } => (0, json(connect_json(sid, *pid)), None),
        Outgoing::ConnectError { message, data } => (4, json(error_json(message, *data)), None),
        Outgoing::Disconnect => (1, None, None),
        Outgoing::Event { event, ack, offset } => {
            let mut values = vec![Value::String(event.name.to_string())];
            values.extend(all(&event.args));
            values.extend(offset.map(Value::from));
            (2, Some(Value::Array(values)), *ack)
        }
        Outgoing::Ack { id, args } => (3, Some(Value::Array(all(args))), Some(*id)),
    };
    let count = 2 + usize::from(data.is_some()) + usize::from(id.is_some());
    let mut out = vec![0x80 | count as u8];
    text("type", &mut out);
    unsigned(kind.into(), &mut out);
    text("nsp", &mut out);
    text(namespace, &mut out);
    if let Some(data) = data {
        text("data", &mut out);
        value(&data, &mut out);
    }
    if let Some(id) = id {
        text("id", &mut out);
        unsigned(id, &mut out);
    }
    Bundle::binary(out.into())
}

fn all(args: &Args) -> Vec<Value> {
    args.values().unwrap_or_default()
}

fn value(of: &Value, out: &mut Vec<u8>) {
    match of {
        Value::Null => out.push(0xc0),
        Value::Bool(value) => out.push(0xc2 | u8::from(*value)),
        Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), _, _) => unsigned(number, out),
            (None, Some(number), _) => signed(number, out),
            (None, None, number) => {
                out.push(0xcb);
                out.extend_from_slice(&number.unwrap_or_default().to_be_bytes());
            }
        },
        Value::String(content) => text(content, out),
        Value::Array(values) => {
            length(values.len(), &[(16, 0x90)], [None, Some(0xdc), Some(0xdd)], out);
            values.iter().for_each(|element| value(element, out));
        }
        Value::Object(entries) => {
            length(entries.len(), &[(16, 0x80)], [None, Some(0xde), Some(0xdf)], out);
            for (name, content) in entries {
                text(name, out);
                value(content, out);
            }
        }
        Value::Binary(bytes) => {
            length(bytes.len(), &[], [Some(0xc4), Some(0xc5), Some(0xc6)], out);
            out.extend_from_slice(bytes);
        }
    }
}

fn text(content: &str, out: &mut Vec<u8>) {
    length(content.len(), &[(32, 0xa0)], [Some(0xd9), Some(0xda), Some(0xdb)], out);
    out.extend_from_slice(content.as_bytes());
}

/// Writes a length in as few bytes as it takes: within the mark, or in 1, 2 or 4 bytes behind it.
fn length(of: usize, within: &[(usize, u8)], behind: [Option<u8>; 3], out: &mut Vec<u8>) {
    if let Some((_, mark)) = within.iter().find(|(most, _)| of < *most) {
        out.push(mark | of as u8);
        return;
    }
    let [one, two, four] = behind;
    match (one, two, four) {
        (Some(mark), _, _) if of < 1 << 8 => out.extend([mark, of as u8]),
        (_, Some(mark), _) if of < 1 << 16 => {
            out.push(mark);
            out.extend_from_slice(&(of as u16).to_be_bytes());
        }
        _ => {
            out.push(four.unwrap_or_default());
            out.extend_from_slice(&(of as u32).to_be_bytes());
        }
    }
}

fn unsigned(number: u64, out: &mut Vec<u8>) {
    match number {
        0..0x80 => out.push(number as u8),
        0x80..0x100 => out.extend([0xcc, number as u8]),
        0x100..0x1_0000 => {
            out.push(0xcd);
            out.extend_from_slice(&(number as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(0xce);
            out.extend_from_slice(&(number as u32).to_be_bytes());
        }
        _ => {
            out.push(0xcf);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

fn signed(number: i64, out: &mut Vec<u8>) {
    match number {
        -0x20..0 => out.push(number as u8),
        -0x80..-0x20 => out.extend([0xd0, number as u8]),
        -0x8000..-0x80 => {
            out.push(0xd1);
            out.extend_from_slice(&(number as i16).to_be_bytes());
        }
        -0x8000_0000..-0x8000 => {
            out.push(0xd2);
            out.extend_from_slice(&(number as i32).to_be_bytes());
        }
        _ => {
            out.push(0xd3);
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}
