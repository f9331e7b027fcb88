//! What an operator can set: one file, the environment above it, flags above that.
//!
//! Whatever is wrong is one line that names where it stands.

mod span;
mod tables;

use super::config::{Config, Cookie, DoorLimits, Origins};
use super::matches::MatchOptions;
use crate::hub::HubOptions;
use crate::protocol::{engine_io, native, socket_io};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use tables::{DoorsTable, EngineTable, HubTable, MatchesTable, PacketsTable};

/// What comes before the names of settings in the environment; `__` stands between the name of a table
/// and that of a setting.
pub const ENVIRONMENT: &str = "TICKWIRE_";

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
        Self {
            name: name.into(),
            players: usual_players(),
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

/// What an operator set wrongly, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {why}")]
pub struct SettingsError {
    /// A line of the file, a variable, a flag or a setting.
    pub at: String,
    /// What is wrong with it.
    pub why: String,
}

impl SettingsError {
    fn new(at: impl Into<String>, why: impl ToString) -> Self {
        Self { at: at.into(), why: why.to_string() }
    }
}

/// One setting from the environment or from a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// What it is called where it came from.
    pub at: String,
    /// The names of its tables, and its own.
    pub path: Vec<String>,
    /// What it is set to: as in the file, or bare text.
    pub value: String,
}

impl Override {
    /// Those among the variables of an environment.
    pub fn of_environment(variables: impl Iterator<Item = (String, String)>) -> Vec<Self> {
        let setting = |(name, value): (String, String)| {
            let path = name.strip_prefix(ENVIRONMENT)?.to_ascii_lowercase();
            (path != "config").then(|| Self {
                path: path.split("__").map(Into::into).collect(),
                at: name,
                value,
            })
        };
        let mut all: Vec<_> = variables.filter_map(setting).collect();
        all.sort_by(|a, b| a.at.cmp(&b.at));
        all
    }

    /// One as a flag has it: `doors.connections=100`.
    pub fn of_flag(text: &str) -> Result<Self, SettingsError> {
        let at = format!("--set {text}");
        let Some((path, value)) = text.split_once('=') else {
            return Err(SettingsError::new(
                at,
                "a setting and its value, such as `doors.connections=100`",
            ));
        };
        let path = path.trim().split('.').map(Into::into).collect();
        Ok(Self {
            at: format!("--set {}", text.split('=').next().unwrap_or_default()),
            path,
            value: value.trim().into(),
        })
    }

    fn put(&self, table: &mut toml::Table) -> Result<(), SettingsError> {
        let value = toml::from_str::<toml::Table>(&format!("value = {}", self.value))
            .ok()
            .and_then(|mut parsed| parsed.remove("value"))
            .unwrap_or_else(|| toml::Value::String(self.value.clone()));
        let Some((name, tables)) = self.path.split_last() else { return Ok(()) };
        let mut table = table;
        for part in tables {
            let entry = table.entry(part.clone()).or_insert_with(|| toml::Table::new().into());
            table = entry
                .as_table_mut()
                .ok_or_else(|| SettingsError::new(&self.at, format!("`{part}` is no table")))?;
        }
        table.insert(name.clone(), value);
        Ok(())
    }
}

impl Settings {
    /// What a file of this name says, and what is set above it.
    pub fn read(name: &str, text: &str, overrides: &[Override]) -> Result<Self, SettingsError> {
        // By itself first: then an error has a line.
        let _: Self = toml::from_str(text).map_err(|error| in_file(name, text, &error))?;
        let mut table: toml::Table =
            toml::from_str(text).map_err(|error| in_file(name, text, &error))?;
        for setting in overrides {
            let mut alone = toml::Table::new();
            setting.put(&mut alone)?;
            let wrong = |error: toml::de::Error| SettingsError::new(&setting.at, error.message());
            let _: Self = alone.try_into().map_err(wrong)?;
            setting.put(&mut table)?;
        }
        let settings: Self = table
            .try_into()
            .map_err(|error: toml::de::Error| SettingsError::new(name, error.message()))?;
        settings.check()?;
        Ok(settings)
    }

    /// What no type says.
    fn check(&self) -> Result<(), SettingsError> {
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

/// An error of a file, with its line and what stands there.
fn in_file(name: &str, text: &str, error: &toml::de::Error) -> SettingsError {
    let Some(span) = error.span() else { return SettingsError::new(name, error.message()) };
    let before = &text[..span.start.min(text.len())];
    let line = before.matches('\n').count();
    let stands = text.lines().nth(line).unwrap_or_default();
    let key = stands.split('=').next().unwrap_or_default().trim();
    let why = if key.is_empty() || error.message().contains(key) {
        error.message().to_owned()
    } else {
        format!("{key}: {}", error.message())
    };
    SettingsError::new(format!("{name}, line {}", line + 1), why.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn read(text: &str, overrides: &[Override]) -> Result<Settings, String> {
        Settings::read("my.toml", text, overrides).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_is_the_default_and_what_is_printed_says_the_same() {
        let settings = read("", &[]).unwrap();
        assert_eq!(settings.config().doors, DoorLimits::default());
        assert_eq!(settings.config().native, native::Limits::default());
        let again = read(&settings.to_text(), &[]).unwrap();
        assert_eq!(again.config(), settings.config());
        assert_eq!(again.listen, settings.listen);
    }

    #[test]
    fn flags_are_above_the_environment_and_that_is_above_the_file() {
        let text = "listen = \"0.0.0.0:80\"\n[doors]\nconnections = 5\nidle_timeout = \"3s\"\n";
        let variables =
            [("TICKWIRE_DOORS__CONNECTIONS", "6"), ("TICKWIRE_LISTEN", "[::1]:81"), ("HOME", "/")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut overrides = Override::of_environment(variables.into_iter());
        assert_eq!(overrides.len(), 2);
        overrides.push(Override::of_flag("doors.connections = 7").unwrap());
        let settings = read(text, &overrides).unwrap();
        assert_eq!(settings.doors.connections, 7);
        assert_eq!(settings.doors.idle_timeout, Duration::from_secs(3));
        assert_eq!(settings.listen.to_string(), "[::1]:81");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let cases = [
            ("[doors]\nconnection = 5", "my.toml, line 2: unknown field `connection`"),
            ("\n\nlisten = 5", "my.toml, line 3: listen: invalid type"),
            ("[doors]\nidle_timeout = \"soon\"", "my.toml, line 2: idle_timeout: "),
            ("[doors\n", "my.toml, line 1: "),
            ("[matches]\nmatches = -1", "my.toml, line 2: matches: "),
            ("[doors]\nheader_bytes = 1", "doors.header_bytes: is at least 8192"),
            ("origins = [\"any\", \"https://a.b\"]", "my.toml, line 1: "),
            ("[[modes]]\nname = \"a\"\n[[modes]]\nname = \"a\"", "modes: have names of their own"),
        ];
        for (text, expected) in cases {
            let error = read(text, &[]).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let flag = Override::of_flag("doors.connections=many").unwrap();
        let error = read("", &[flag]).unwrap_err();
        assert!(error.starts_with("--set doors.connections: invalid type"), "{error}");
        let flag = Override::of_flag("doors.nothing=1").unwrap();
        assert!(read("", &[flag]).unwrap_err().starts_with("--set doors.nothing: unknown field"));
        assert!(Override::of_flag("doors").is_err());
    }
}
