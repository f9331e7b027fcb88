//! What an operator can set: one file, the environment above it, flags above that.
//!
//! Whatever is wrong is one line that names where it stands.

mod sources;
mod span;
mod tables;

pub use sources::{Override, SettingsError};

use super::config::{Config, Cookie, DoorLimits, Origins};
use super::matches::MatchOptions;
use crate::hub::HubOptions;
use crate::protocol::{engine_io, native, socket_io};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use tables::{DoorsTable, EngineTable, HubTable, MatchesTable, PacketsTable};

/// An operator's token is not guessed.
const TOKEN_LEAST: usize = 16;

/// All that can be set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where to listen; nobody else's machine comes in unless this says so.
    pub listen: SocketAddr,
    /// Where Socket.IO is.
    pub socket_io_path: String,
    /// Where native clients are.
    pub play_path: String,
    /// Whether packets of Socket.IO are written as msgpack.
    pub msgpack: bool,
    /// Pages of which origins may connect: `["own"]`, `["any"]`, or those that are named.
    #[serde(with = "tables::origins")]
    pub origins: Origins,
    /// A folder whose files browsers get instead of those that come with the game.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<PathBuf>,
    /// What is logged.
    pub log: Log,
    /// Encryption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Who is who; without it nobody is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<UsersSettings>,
    /// A port for operators; without it there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admin: Option<Admin>,
    /// Cookies for those who balance load by them.
    #[serde(with = "tables::cookie", skip_serializing_if = "Option::is_none")]
    pub cookie: Option<Cookie>,
    /// What strangers may do.
    #[serde(with = "DoorsTable")]
    pub doors: DoorLimits,
    /// How matches are run.
    #[serde(with = "MatchesTable")]
    pub matches: MatchOptions,
    /// What native clients may do.
    pub native: native::Limits,
    /// Engine.IO: heartbeats, payloads, outbox.
    #[serde(with = "EngineTable")]
    pub engine: engine_io::Settings,
    /// Socket.IO: what a packet may be.
    #[serde(with = "PacketsTable")]
    pub packets: socket_io::Limits,
    /// Namespaces, rooms, acknowledgements, recovery.
    #[serde(with = "HubTable")]
    pub hub: HubOptions,
    /// Ways to play the game; none: one that is called like it.
    pub modes: Vec<ModeSettings>,
}

/// What is logged.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Which events: `info`, `warn,tickwire::host=debug`, ...
    pub filter: String,
    /// As JSON, one object a line.
    pub json: bool,
}

/// How it is known who is who: one of a secret and a public key.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsersSettings {
    /// What tokens are signed with (HS256); at least 32 bytes.
    pub secret: Option<SecretText>,
    /// The public key, in PEM, of what signs tokens (EdDSA).
    pub public_key: Option<PathBuf>,
    /// Who must have issued a token.
    pub issuer: Option<String>,
    /// Whom a token must be meant for.
    pub audience: Option<String>,
    /// Whether those come in who have no token.
    pub guests: bool,
}

/// A port for operators.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Where it listens.
    #[serde(default = "usual_desk")]
    pub listen: SocketAddr,
    /// What operators say to be let in; at least 16 characters.
    pub token: SecretText,
}

fn usual_desk() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7778))
}

/// A text that nobody else is shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretText(pub String);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

impl Serialize for SecretText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(secret)")
    }
}

/// Encryption.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// A way to play the game.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeSettings {
    /// What it is called.
    pub name: String,
    /// At most so many play.
    #[serde(default = "usual_players")]
    pub players: u32,
    /// At most so many watch.
    #[serde(default = "usual_spectators")]
    pub spectators: usize,
    /// The game's options, as far as they are not the usual ones.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub options: toml::Table,
}

fn usual_players() -> u32 {
    20
}

fn usual_spectators() -> usize {
    64
}

impl ModeSettings {
    /// The one way to play a game for which nothing else is set.
    #[must_use]
    pub fn usual(name: &str) -> Self {
        Self::of(name, usual_players())
    }

    /// One for so many players.
    #[must_use]
    pub fn of(name: &str, players: u32) -> Self {
        Self {
            name: name.into(),
            players,
            spectators: usual_spectators(),
            options: toml::Table::new(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let Config {
            path,
            engine,
            packets,
            doors,
            origins,
            cookie,
            play_path,
            native,
            matches,
            ..
        } = Config::default();
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7777)),
            socket_io_path: path,
            play_path,
            msgpack: false,
            origins,
            log: Log::default(),
            tls: None,
            users: None,
            admin: None,
            pages: None,
            cookie,
            doors,
            matches,
            native,
            engine,
            packets,
            hub: tables::usual_hub(),
            modes: Vec::new(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".into(), json: false }
    }
}

impl Settings {
    /// What no type says.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let path = |path: &str| path.starts_with('/') && path.ends_with('/');
        let names: std::collections::BTreeSet<_> =
            self.modes.iter().map(|mode| &mode.name).collect();
        let rules: &[(&str, bool, &str)] = &[
            ("socket_io_path", path(&self.socket_io_path), "begins and ends with `/`"),
            ("play_path", self.play_path.starts_with('/'), "begins with `/`"),
            ("doors.connections", self.doors.connections > 0, "is at least 1"),
            ("doors.header_bytes", self.doors.header_bytes >= 8192, "is at least 8192"),
            ("doors.messages_per_second", self.doors.messages_per_second > 0, "is at least 1"),
            ("doors.messages_burst", self.doors.messages_burst > 0, "is at least 1"),
            ("native.packet_bytes", self.native.packet_bytes >= 1024, "is at least 1024"),
            ("native.silence_ms", self.native.silence_ms >= 1000, "is at least 1000"),
            ("engine.ping_interval", !self.engine.ping_interval.is_zero(), "is not zero"),
            ("engine.ping_timeout", !self.engine.ping_timeout.is_zero(), "is not zero"),
            ("engine.max_payload", self.engine.max_payload >= 1024, "is at least 1024"),
            ("matches.matches", self.matches.matches > 0, "is at least 1"),
            (
                "admin.token",
                self.admin.as_ref().is_none_or(|admin| admin.token.0.len() >= TOKEN_LEAST),
                "has at least 16 characters",
            ),
            (
                "users",
                self.users
                    .as_ref()
                    .is_none_or(|users| users.secret.is_some() != users.public_key.is_some()),
                "need a secret or a public key, and not both",
            ),
            ("modes", names.len() == self.modes.len(), "have names of their own"),
            ("modes.players", self.modes.iter().all(|mode| mode.players > 0), "is at least 1"),
        ];
        match rules.iter().find(|(_, holds, _)| !holds) {
            Some((at, _, rule)) => Err(SettingsError::new(*at, rule)),
            None => Ok(()),
        }
    }

    /// The part that a host needs.
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            path: self.socket_io_path.clone(),
            engine: self.engine.clone(),
            packets: self.packets.clone(),
            format: if self.msgpack { socket_io::Format::Msgpack } else { socket_io::Format::Json },
            hub: self.hub.clone(),
            doors: self.doors.clone(),
            origins: self.origins.clone(),
            cookie: self.cookie.clone(),
            play_path: self.play_path.clone(),
            native: self.native.clone(),
            matches: self.matches.clone(),
            echoes: false,
        }
    }

    /// All settings as a file that says the same.
    #[must_use]
    pub fn to_text(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }
}
