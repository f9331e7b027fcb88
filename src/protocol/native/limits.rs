//! How much a connection may ask for. What the standard fixes is a constant; what a host may choose
//! is in [`Limits`].

use super::error::ProtocolError;
use super::message::{FromClient, ToClient};
use crate::event::{Args, DEPTH_LIMIT, check_depth};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// The bytes of a client's name for itself.
pub const SOFTWARE_BYTES_LIMIT: usize = 64;
/// The bytes of a user's token.
pub const TOKEN_BYTES_LIMIT: usize = 4096;
/// The bytes of a token for coming back.
pub const RESUME_BYTES_LIMIT: usize = 64;
/// The bytes of an event's offset.
pub const OFFSET_BYTES_LIMIT: usize = 32;
/// The bytes of a match's id, short code or ticket.
pub const PLACE_BYTES_LIMIT: usize = 128;
/// The bytes of a player's name.
pub const NAME_BYTES_LIMIT: usize = 64;
/// The bytes of a game's options for joining.
pub const OPTIONS_BYTES_LIMIT: usize = 4096;
/// The bytes of an event's name.
pub const EVENT_NAME_BYTES_LIMIT: usize = 256;
/// The bytes of an input's controls.
pub const CONTROLS_BYTES_LIMIT: usize = 1024;
/// The bytes of the id of a socket or of a match.
pub const ID_BYTES_LIMIT: usize = 128;
/// The bytes of a sentence for humans.
pub const SENTENCE_BYTES_LIMIT: usize = 512;

/// The bytes of a packet, in either direction, whatever a host chooses.
pub const PACKET_BYTES_LIMIT: usize = 1 << 24;

/// How much one connection may ask for, as far as a host may choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The bytes of one packet; over 16 MiB count as 16 MiB.
    pub packet_bytes: usize,
    /// Attachments of one event.
    pub attachments: usize,
    /// How deep the JSON of an event may be nested; over 64 count as 64.
    pub depth: usize,
    /// The bytes that may wait to be sent, as they are in memory.
    pub outbox_bytes: usize,
    /// From the opening of the connection to the welcome, in milliseconds.
    pub handshake_ms: u32,
    /// A client must send something at least this often, in milliseconds; what a
    /// [`Welcome`](super::Welcome) should announce.
    pub silence_ms: u32,
    /// Messages in a second, on average. A join or a keyframe counts for 64, and each KiB of a
    /// packet for one more.
    pub messages_per_second: u32,
    /// Messages at once, as after a moment without network.
    pub messages_burst: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self::FROM_CLIENT
    }
}

impl Limits {
    /// What a server lets a client send if nobody chose otherwise.
    pub const FROM_CLIENT: Self = Self {
        packet_bytes: 1 << 16,
        attachments: 10,
        depth: DEPTH_LIMIT,
        outbox_bytes: 1 << 20,
        handshake_ms: 10_000,
        silence_ms: 15_000,
        messages_per_second: 512,
        messages_burst: 2048,
    };

    /// What a client lets a server send.
    pub const TO_CLIENT: Self =
        Self { packet_bytes: PACKET_BYTES_LIMIT, attachments: 255, ..Self::FROM_CLIENT };
}

impl FromClient<'_> {
    /// Refuses what is longer than the standard and `limits` allow.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), ProtocolError> {
        match self {
            Self::Hello(hello) => {
                at_most("the software's name", hello.software, SOFTWARE_BYTES_LIMIT)?;
                let token = hello.token.map_or("", |token| token.0);
                at_most("the token", token, TOKEN_BYTES_LIMIT)?;
                let Some(resume) = &hello.resume else { return Ok(()) };
                at_most("the token for coming back", resume.token.0, RESUME_BYTES_LIMIT)?;
                at_most("the offset", resume.offset.unwrap_or_default(), OFFSET_BYTES_LIMIT)
            }
            Self::Join(join) => {
                at_most("the place", join.place, PLACE_BYTES_LIMIT)?;
                at_most("the name", join.name, NAME_BYTES_LIMIT)?;
                at_most("the options", join.options, OPTIONS_BYTES_LIMIT)?;
                check_options(join.options)
            }
            Self::Input(input) => at_most("the input", input.controls, CONTROLS_BYTES_LIMIT),
            Self::Event { event, .. } => {
                at_most("the name of the event", &*event.name, EVENT_NAME_BYTES_LIMIT)?;
                check_args(&event.args, limits)
            }
            Self::Ack { args, .. } => check_args(args, limits),
            Self::Look { at } if !at.iter().all(|axis| axis.is_finite()) => {
                Err(ProtocolError::NotFinite)
            }
            Self::Leave | Self::Ping { .. } | Self::Keyframe | Self::Look { .. } => Ok(()),
        }
    }
}

impl ToClient<'_> {
    /// Refuses what is longer than the standard and `limits` allow.
    pub(super) fn check(&self, limits: &Limits) -> Result<(), ProtocolError> {
        match self {
            Self::Welcome(welcome) => {
                at_most("the socket's id", welcome.socket, ID_BYTES_LIMIT)?;
                at_most("the token for coming back", welcome.resume.0, RESUME_BYTES_LIMIT)
            }
            Self::Joined(joined) => at_most("the match's id", joined.match_id, ID_BYTES_LIMIT),
            Self::Left { reason: sentence, .. } | Self::Error { sentence, .. } => {
                at_most("the sentence", sentence, SENTENCE_BYTES_LIMIT)
            }
            Self::Event { event, offset, .. } => {
                at_most("the offset", offset.unwrap_or_default(), OFFSET_BYTES_LIMIT)?;
                at_most("the name of the event", &*event.name, EVENT_NAME_BYTES_LIMIT)?;
                check_args(&event.args, limits)
            }
            Self::Ack { args, .. } => check_args(args, limits),
            Self::Schema { .. } | Self::State(_) | Self::StateAfter { .. } | Self::Pong(_) => {
                Ok(())
            }
        }
    }
}

fn at_most<T: AsRef<[u8]> + ?Sized>(
    what: &'static str,
    field: &T,
    most: usize,
) -> Result<(), ProtocolError> {
    let bytes = field.as_ref().len();
    if bytes > most { Err(ProtocolError::FieldTooLong { what, bytes, most }) } else { Ok(()) }
}

fn check_args(args: &Args, limits: &Limits) -> Result<(), ProtocolError> {
    let (count, most) = (args.attachments().len(), limits.attachments);
    if count > most {
        return Err(ProtocolError::TooManyAttachments { count: count as u64, most });
    }
    Ok(())
}

fn check_options(options: &str) -> Result<(), ProtocolError> {
    if options.is_empty() {
        return Ok(());
    }
    check_depth(options, DEPTH_LIMIT)?;
    serde_json::from_str::<IgnoredAny>(options).map_err(|_| ProtocolError::Options)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_names_only_what_it_changes() {
        let limits: Limits = serde_json::from_str(r#"{"silence_ms":5000}"#).unwrap();
        assert_eq!(limits, Limits { silence_ms: 5000, ..Limits::default() });
        assert!(serde_json::from_str::<Limits>(r#"{"silense_ms":5000}"#).is_err());
    }
}
