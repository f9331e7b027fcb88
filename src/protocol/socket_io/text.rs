//! Packets as text: `5` type, `1-` attachments, `/chat,` namespace, `12` acknowledgement, `["name",…]`.

use super::{Body, Bundle, DecodeError, Limits, Outgoing, Packet, check_name};
use crate::event::{Args, Event, accept, check_depth};
use bytes::Bytes;
use std::fmt::Write;

/// An acknowledgement's number has at most this many digits.
const ID_DIGITS: usize = 16;

/// A text packet, before its attachments.
#[derive(Debug)]
pub(super) struct Head {
    kind: u8,
    /// How many attachments follow.
    pub(super) attachments: usize,
    namespace: Box<str>,
    id: Option<u64>,
    json: Box<str>,
}

impl Head {
    /// Reads what stands before the payload.
    pub(super) fn parse(text: &str, limits: &Limits) -> Result<Self, DecodeError> {
        let kind = *text.as_bytes().first().ok_or(DecodeError::UnknownType)?;
        if !(b'0'..=b'6').contains(&kind) {
            return Err(DecodeError::UnknownType);
        }
        let mut rest = &text[1..];
        let mut attachments = 0;
        if matches!(kind, b'5' | b'6') {
            let wrong = DecodeError::AttachmentCount(limits.attachments);
            let (count, after) = rest.split_once('-').ok_or(wrong.clone())?;
            let is_number = count.len() <= 4 && count.bytes().all(|byte| byte.is_ascii_digit());
            attachments = count.parse().ok().filter(|_| is_number).unwrap_or(0);
            if attachments == 0 || attachments > limits.attachments {
                return Err(wrong);
            }
            rest = after;
        }
        let mut namespace = "/";
        if rest.starts_with('/') {
            (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        }
        if namespace.len() > limits.name_bytes {
            return Err(DecodeError::NameTooLong(limits.name_bytes));
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > ID_DIGITS {
            return Err(DecodeError::BadId);
        }
        let id = rest[..digits].parse().ok();
        let json = rest[digits..].into();
        check_depth(&rest[digits..], limits.depth)?;
        Ok(Self { kind, attachments, namespace: namespace.into(), id, json })
    }

    /// Makes it a packet, once its attachments are here.
    pub(super) fn finish(
        self,
        attachments: Vec<Bytes>,
        limits: &Limits,
    ) -> Result<Packet, DecodeError> {
        let body = match self.kind {
            b'0' => Body::Connect(auth(&self.json)?),
            b'1' if self.json.is_empty() => Body::Disconnect,
            b'2' | b'5' => {
                let event = Event::parse(&self.json, attachments, limits.depth)?;
                check_name(&event.name, limits)?;
                Body::Event { event, ack: self.id }
            }
            b'3' | b'6' => {
                let json = if self.json.is_empty() { "[]" } else { &self.json };
                let args = Args::parse(json, attachments, limits.depth)?;
                Body::Ack { id: self.id.ok_or(DecodeError::BadId)?, args }
            }
            _ => return Err(DecodeError::BadPayload),
        };
        Ok(Packet { namespace: self.namespace, body })
    }
}

fn auth(json: &str) -> Result<Option<Box<str>>, DecodeError> {
    let json = json.trim();
    if json.is_empty() {
        return Ok(None);
    }
    let is_object = json.starts_with('{') && accept(json);
    if is_object { Ok(Some(json.into())) } else { Err(DecodeError::BadPayload) }
}

/// Writes a packet.
pub(super) fn encode(namespace: &str, packet: &Outgoing<'_>) -> Bundle {
    let mut text = String::from(Bundle::TEXT);
    match packet {
        Outgoing::Connect { sid, pid } => {
            begin(&mut text, '0', 0, namespace, None);
            text.push_str(&connect_json(sid, *pid));
        }
        Outgoing::ConnectError { message, data } => {
            begin(&mut text, '4', 0, namespace, None);
            text.push_str(&error_json(message, *data));
        }
        Outgoing::Disconnect => begin(&mut text, '1', 0, namespace, None),
        Outgoing::Event { event, ack, offset } => {
            let attachments = event.args.attachments();
            let kind = if attachments.is_empty() { '2' } else { '5' };
            begin(&mut text, kind, attachments.len(), namespace, *ack);
            match offset {
                Some(offset) => {
                    let args = event.args.with_text(offset);
                    text.push_str(&Event { name: event.name.clone(), args }.to_json());
                }
                None => text.push_str(&event.to_json()),
            }
            return Bundle::text(text, attachments);
        }
        Outgoing::Ack { id, args } => {
            let attachments = args.attachments();
            let kind = if attachments.is_empty() { '3' } else { '6' };
            begin(&mut text, kind, attachments.len(), namespace, Some(*id));
            text.push_str(args.json());
            return Bundle::text(text, attachments);
        }
    }
    Bundle::text(text, &[])
}

fn begin(text: &mut String, kind: char, attachments: usize, namespace: &str, id: Option<u64>) {
    text.push(kind);
    if attachments > 0 {
        let _ = write!(text, "{attachments}-");
    }
    if namespace != "/" {
        let _ = write!(text, "{namespace},");
    }
    if let Some(id) = id {
        let _ = write!(text, "{id}");
    }
}

/// What tells a client that it is in.
pub(super) fn connect_json(sid: &str, pid: Option<&str>) -> String {
    match pid {
        Some(pid) => format!("{{\"sid\":\"{sid}\",\"pid\":\"{pid}\"}}"),
        None => format!("{{\"sid\":\"{sid}\"}}"),
    }
}

/// What tells a client that it is not.
pub(super) fn error_json(message: &str, data: Option<&str>) -> String {
    let message = serde_json::to_string(message).expect("text is JSON");
    match data {
        Some(data) => format!("{{\"message\":{message},\"data\":{data}}}"),
        None => format!("{{\"message\":{message}}}"),
    }
}
