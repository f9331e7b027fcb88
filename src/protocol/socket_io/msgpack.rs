//! Packets as msgpack: a map of `type`, `nsp`, `data` and `id`, whose data becomes JSON text on the
//! way in, without a tree between.
//!
//! No length is believed before the bytes are there: an array of a million elements costs nothing
//! until the elements come.

use super::{Body, DecodeError, Limits, Packet, check_name};
use crate::event::{Args, ArgsError, Event};
use bytes::Bytes;
use std::fmt::Write;

/// How clients in JavaScript write `undefined` and dates: extensions of 1 and of 8 bytes.
const UNDEFINED: u8 = 0xd4;
const DATE: u8 = 0xd7;
/// Dates are at most so many milliseconds before or after 1970.
const DATE_MOST: u64 = 8_640_000_000_000_000;

/// Reads a packet.
pub(super) fn decode(bytes: &Bytes, limits: &Limits) -> Result<Packet, DecodeError> {
    let mut reader = Reader { bytes, at: 0, limits, attachments: Vec::new(), attachment_bytes: 0 };
    let Mark::Map(count) = reader.mark()? else { return Err(DecodeError::UnknownType) };
    let (mut kind, mut namespace, mut id, mut json) = (None, None, None, None);
    for _ in 0..count {
        match reader.text()? {
            "type" => kind = Some(reader.integer()?),
            "nsp" => namespace = Some(reader.text()?),
            "id" => id = reader.optional_integer()?,
            "data" => {
                let mut text = String::new();
                reader.json(&mut text, 0)?;
                json = Some(text).filter(|text| text != "null");
            }
            _ => reader.json(&mut String::new(), 0)?,
        }
    }
    if reader.at != bytes.len() {
        return Err(DecodeError::BadPayload);
    }
    let namespace = namespace.ok_or(DecodeError::BadPayload)?;
    if namespace.len() > limits.name_bytes {
        return Err(DecodeError::NameTooLong(limits.name_bytes));
    }
    let attachments = reader.attachments;
    let body = match (kind.ok_or(DecodeError::UnknownType)?, json) {
        (0, None) => Body::Connect(None),
        (0, Some(json)) if json.starts_with('{') && attachments.is_empty() => {
            Body::Connect(Some(json.into()))
        }
        (1, None) => Body::Disconnect,
        (2, Some(json)) => {
            let event = Event::parse(&json, attachments, limits.depth)?;
            check_name(&event.name, limits)?;
            Body::Event { event, ack: id }
        }
        (3, json) => {
            let json = json.as_deref().unwrap_or("[]");
            let args = Args::parse(json, attachments, limits.depth)?;
            Body::Ack { id: id.ok_or(DecodeError::BadId)?, args }
        }
        (0..=2, _) => return Err(DecodeError::BadPayload),
        _ => return Err(DecodeError::UnknownType),
    };
    Ok(Packet { namespace: namespace.into(), body })
}

/// What a value begins with.
enum Mark {
    Nil,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(usize),
    Binary(usize),
    Array(usize),
    Map(usize),
    /// With the byte that it began with.
    Extension(u8, i8, usize),
}

struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
    limits: &'a Limits,
    attachments: Vec<Bytes>,
    attachment_bytes: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(count).ok_or(DecodeError::BadPayload)?;
        let taken = self.bytes.get(self.at..end).ok_or(DecodeError::BadPayload)?;
        self.at = end;
        Ok(taken)
    }

    /// A big-endian number of so many bytes.
    fn number(&mut self, count: usize) -> Result<u64, DecodeError> {
        Ok(self.take(count)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn length(&mut self, count: usize) -> Result<usize, DecodeError> {
        usize::try_from(self.number(count)?).map_err(|_| DecodeError::BadPayload)
    }

    #[expect(
        clippy::cast_possible_wrap,
        clippy::cast_possible_truncation,
        reason = "the format's own"
    )]
    fn mark(&mut self) -> Result<Mark, DecodeError> {
        let first = self.take(1)?[0];
        Ok(match first {
            0x00..=0x7f => Mark::Unsigned(first.into()),
            0x80..=0x8f => Mark::Map((first & 0x0f).into()),
            0x90..=0x9f => Mark::Array((first & 0x0f).into()),
            0xa0..=0xbf => Mark::Text((first & 0x1f).into()),
            0xc0 => Mark::Nil,
            0xc1 => return Err(DecodeError::BadPayload),
            0xc2 | 0xc3 => Mark::Bool(first == 0xc3),
            0xc4..=0xc6 => Mark::Binary(self.length(1 << (first - 0xc4))?),
            0xc7..=0xc9 => {
                let length = self.length(1 << (first - 0xc7))?;
                Mark::Extension(first, self.take(1)?[0] as i8, length)
            }
            0xca => Mark::Float(f32::from_bits(self.number(4)? as u32).into()),
            0xcb => Mark::Float(f64::from_bits(self.number(8)?)),
            0xcc..=0xcf => Mark::Unsigned(self.number(1 << (first - 0xcc))?),
            0xd0 => Mark::Signed((self.number(1)? as i8).into()),
            0xd1 => Mark::Signed((self.number(2)? as i16).into()),
            0xd2 => Mark::Signed((self.number(4)? as i32).into()),
            0xd3 => Mark::Signed(self.number(8)? as i64),
            0xd4..=0xd8 => Mark::Extension(first, self.take(1)?[0] as i8, 1 << (first - 0xd4)),
            0xd9..=0xdb => Mark::Text(self.length(1 << (first - 0xd9))?),
            0xdc..=0xdd => Mark::Array(self.length(2 << (first - 0xdc))?),
            0xde..=0xdf => Mark::Map(self.length(2 << (first - 0xde))?),
            0xe0..=0xff => Mark::Signed((first as i8).into()),
        })
    }

    fn text(&mut self) -> Result<&'a str, DecodeError> {
        let Mark::Text(length) = self.mark()? else { return Err(DecodeError::BadPayload) };
        self.text_of(length)
    }

    fn text_of(&mut self, length: usize) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::BadPayload)
    }

    fn integer(&mut self) -> Result<u64, DecodeError> {
        self.optional_integer()?.ok_or(DecodeError::BadPayload)
    }

    fn optional_integer(&mut self) -> Result<Option<u64>, DecodeError> {
        let number = match self.mark()? {
            Mark::Unsigned(number) => Some(number),
            Mark::Signed(number) => u64::try_from(number).ok(),
            Mark::Nil => return Ok(None),
            Mark::Extension(UNDEFINED, 0, length) => return self.take(length).map(|_| None),
            _ => None,
        };
        number.filter(|number| *number < 1 << 53).map(Some).ok_or(DecodeError::BadPayload)
    }

    /// Writes the next value as JSON.
    fn json(&mut self, out: &mut String, depth: usize) -> Result<(), DecodeError> {
        match self.mark()? {
            Mark::Nil => out.push_str("null"),
            Mark::Bool(value) => out.push_str(if value { "true" } else { "false" }),
            Mark::Unsigned(number) => drop(write!(out, "{number}")),
            Mark::Signed(number) => drop(write!(out, "{number}")),
            Mark::Float(number) => push_float(number, out),
            Mark::Text(length) => push_text(self.text_of(length)?, out),
            Mark::Binary(length) => self.attachment(length, out)?,
            Mark::Array(count) => {
                self.check_depth(depth)?;
                out.push('[');
                for index in 0..count {
                    if index > 0 {
                        out.push(',');
                    }
                    self.json(out, depth + 1)?;
                }
                out.push(']');
            }
            Mark::Map(count) => {
                self.check_depth(depth)?;
                out.push('{');
                for index in 0..count {
                    if index > 0 {
                        out.push(',');
                    }
                    push_text(self.text()?, out);
                    out.push(':');
                    self.json(out, depth + 1)?;
                }
                out.push('}');
            }
            Mark::Extension(mark, kind, length) => self.extension(mark, kind, length, out)?,
        }
        Ok(())
    }

    fn check_depth(&self, depth: usize) -> Result<(), DecodeError> {
        let limit = self.limits.depth;
        if depth < limit { Ok(()) } else { Err(ArgsError::TooDeep(limit).into()) }
    }

    fn attachment(&mut self, length: usize, out: &mut String) -> Result<(), DecodeError> {
        let start = self.at;
        self.take(length)?;
        self.attachment_bytes += length;
        if self.attachments.len() == self.limits.attachments {
            return Err(DecodeError::AttachmentCount(self.limits.attachments));
        }
        if self.attachment_bytes > self.limits.attachment_bytes {
            return Err(DecodeError::AttachmentBytes(self.limits.attachment_bytes));
        }
        let _ = write!(out, "{{\"_placeholder\":true,\"num\":{}}}", self.attachments.len());
        self.attachments.push(self.bytes.slice(start..start + length));
        Ok(())
    }

    /// What clients in JavaScript write: `undefined`, dates, and buffers of one of their kinds.
    fn extension(
        &mut self,
        mark: u8,
        kind: i8,
        length: usize,
        out: &mut String,
    ) -> Result<(), DecodeError> {
        match (mark, kind) {
            (UNDEFINED, 0) => {
                self.take(length)?;
                out.push_str("null");
            }
            (DATE, 0) => {
                #[expect(clippy::cast_possible_wrap, reason = "signed in the format")]
                let milliseconds = self.number(8)? as i64;
                match iso_date(milliseconds) {
                    Some(date) => push_text(&date, out),
                    None => out.push_str("null"),
                }
            }
            (0xc7..=0xc9, 0) => self.attachment(length, out)?,
            _ => return Err(DecodeError::BadPayload),
        }
        Ok(())
    }
}

/// A date as `JSON.stringify` writes it, unless JavaScript has no such date.
fn iso_date(milliseconds: i64) -> Option<String> {
    if milliseconds.unsigned_abs() > DATE_MOST {
        return None;
    }
    let (days, rest) = (milliseconds.div_euclid(86_400_000), milliseconds.rem_euclid(86_400_000));
    // Days to a date of the Gregorian calendar, counted from March of the year 0 in eras of 400 years.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (date, month) =
        (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + i64::from(month <= 2);
    let (seconds, thousandths) = (rest / 1000, rest % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let year =
        if (0..=9999).contains(&year) { format!("{year:04}") } else { format!("{year:+07}") };
    let time = format!("{hours:02}:{minutes:02}:{seconds:02}.{thousandths:03}");
    Some(format!("{year}-{month:02}-{date:02}T{time}Z"))
}

fn push_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).expect("text is JSON"));
}

fn push_float(number: f64, out: &mut String) {
    match serde_json::Number::from_f64(number) {
        Some(_) if number.fract() == 0.0 && number.abs() < 9e15 => drop(write!(out, "{number:.0}")),
        Some(number) => drop(write!(out, "{number}")),
        None => out.push_str("null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_javascript_does() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_191_845_123, "2026-11-20T16:24:05.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
        ];
        for (milliseconds, expected) in cases {
            assert_eq!(iso_date(milliseconds).as_deref(), Some(expected));
        }
        for milliseconds in [i64::MIN, i64::MAX, 8_640_000_000_000_001] {
            assert_eq!(iso_date(milliseconds), None);
        }
    }

    #[test]
    fn a_number_that_expects_an_answer_is_one_in_javascript() {
        let decode = |id: &[u8]| {
            let begin = b"\x84\xa4type\x02\xa3nsp\xa1/\xa4data\x91\xa1x\xa2id";
            super::decode(&[&begin[..], id].concat().into(), &Limits::default())
        };
        let ids: [&[u8]; 3] = [b"\x05", b"\xd3\0\x1f\xff\xff\xff\xff\xff\xff", b"\xc0"];
        assert!(ids.iter().all(|id| decode(id).is_ok()));
        let ids: [&[u8]; 4] = [
            b"\xff",
            b"\xd3\0\x20\0\0\0\0\0\0",
            b"\xcf\0\x20\0\0\0\0\0\0",
            b"\xcb\0\0\0\0\0\0\0\0",
        ];
        for id in ids {
            assert_eq!(decode(id), Err(DecodeError::BadPayload));
        }
    }
}
