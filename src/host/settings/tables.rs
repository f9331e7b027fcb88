//! The tables of the file: what each setting is called, for types that know nothing of files.

use super::super::config::{Cookie, DoorLimits, Origins};
use super::super::matches::{MatchOptions, TalkOptions};
use super::span;
use crate::hub::{HubOptions, RecoveryOptions};
use crate::protocol::{engine_io, socket_io};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Serialize, Deserialize)]
#[serde(
    remote = "engine_io::Settings",
    default = "engine_io::Settings::default",
    deny_unknown_fields
)]
pub(super) struct EngineTable {
    #[serde(with = "span")]
    ping_interval: Duration,
    #[serde(with = "span")]
    ping_timeout: Duration,
    #[serde(with = "span")]
    upgrade_timeout: Duration,
    #[serde(with = "span")]
    close_timeout: Duration,
    max_payload: usize,
    payload_packets: usize,
    payload_packets_received: usize,
    outbox_bytes: usize,
    upgrades: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "socket_io::Limits", default = "socket_io::Limits::default", deny_unknown_fields)]
pub(super) struct PacketsTable {
    depth: usize,
    attachments: usize,
    attachment_bytes: usize,
    #[serde(with = "span")]
    attachment_wait: Duration,
    name_bytes: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DoorLimits", default = "DoorLimits::default", deny_unknown_fields)]
pub(super) struct DoorsTable {
    connections: usize,
    connections_per_address: usize,
    trusted_proxies: Vec<IpNet>,
    #[serde(with = "span")]
    handshake_timeout: Duration,
    #[serde(with = "span")]
    idle_timeout: Duration,
    #[serde(with = "span")]
    body_timeout: Duration,
    header_bytes: usize,
    #[serde(with = "span")]
    write_timeout: Duration,
    misdeeds: u32,
    requests_per_second: u32,
    requests_burst: u32,
    messages_per_second: u32,
    messages_burst: u32,
    #[serde(with = "span")]
    goodbye_timeout: Duration,
    #[serde(with = "span")]
    closing_timeout: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "MatchOptions", default = "MatchOptions::default", deny_unknown_fields)]
pub(super) struct MatchesTable {
    matches: usize,
    #[serde(with = "span")]
    empty_for: Duration,
    guests_create: bool,
    #[serde(with = "span")]
    reserved_for: Duration,
    #[serde(with = "span")]
    drain_timeout: Duration,
    #[serde(with = "span")]
    seat_kept: Duration,
    #[serde(with = "span")]
    stall_timeout: Duration,
    listens_to: usize,
    #[serde(with = "TalkTable")]
    talk: TalkOptions,
    threads: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TalkOptions", default = "TalkOptions::default", deny_unknown_fields)]
struct TalkTable {
    bytes: usize,
    per_second: u32,
    burst: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HubOptions", default = "usual_hub", deny_unknown_fields)]
pub(super) struct HubTable {
    #[serde(with = "span")]
    connect_timeout: Duration,
    namespaces: usize,
    rooms: usize,
    room_bytes: usize,
    listeners: usize,
    acks: usize,
    waiting_events: usize,
    waiting_bytes: usize,
    attachments: usize,
    #[serde(with = "span")]
    ack_timeout: Duration,
    cleans_empty_namespaces: bool,
    #[serde(with = "recovery")]
    recovery: Option<RecoveryOptions>,
}

/// A server of matches keeps the sockets of those who lost their connection.
pub(super) fn usual_hub() -> HubOptions {
    HubOptions { recovery: Some(RecoveryOptions::default()), ..HubOptions::default() }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RecoveryOptions", default = "RecoveryOptions::default", deny_unknown_fields)]
struct RecoveryTable {
    #[serde(with = "span")]
    keeps: Duration,
    events: usize,
    bytes: usize,
    sockets: usize,
    asks_middleware: bool,
}

/// Recovery; none if nothing is kept for any time.
mod recovery {
    use super::{RecoveryOptions, RecoveryTable};
    use serde::{Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(
        recovery: &Option<RecoveryOptions>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let none = RecoveryOptions { keeps: Duration::ZERO, ..RecoveryOptions::default() };
        RecoveryTable::serialize(recovery.as_ref().unwrap_or(&none), serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<RecoveryOptions>, D::Error> {
        let recovery = RecoveryTable::deserialize(deserializer)?;
        Ok((!recovery.keeps.is_zero()).then_some(recovery))
    }
}

/// Origins as a list of words.
pub(super) mod origins {
    use super::Origins;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        origins: &Origins,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let word = |word: &str| vec![word.to_owned()];
        let words = match origins {
            Origins::Own => word("own"),
            Origins::Any => word("any"),
            Origins::These(these) => these.clone(),
        };
        words.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Origins, D::Error> {
        let words = Vec::<String>::deserialize(deserializer)?;
        match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] | ["own"] => Ok(Origins::Own),
            ["any"] => Ok(Origins::Any),
            _ if words.iter().all(|word| word.contains("://")) => Ok(Origins::These(words)),
            _ => Err(serde::de::Error::custom(
                "`[\"own\"]`, `[\"any\"]`, or origins such as `https://example.com`",
            )),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Cookie", default = "Cookie::default", deny_unknown_fields)]
struct CookieTable {
    name: String,
    attributes: String,
}

/// A cookie, if there is to be one.
pub(super) mod cookie {
    use super::{Cookie, CookieTable};
    use serde::{Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        cookie: &Option<Cookie>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match cookie {
            Some(cookie) => CookieTable::serialize(cookie, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Cookie>, D::Error> {
        CookieTable::deserialize(deserializer).map(Some)
    }
}
