//! Where settings come from: a file, above it the environment, above that flags.

use super::Settings;

/// What comes before the names of settings in the environment; `__` stands between the name of a table
/// and that of a setting.
const ENVIRONMENT: &str = "TICKWIRE_";

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
    pub(super) fn new(at: impl Into<String>, why: impl ToString) -> Self {
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
        let mut table: toml::Table =
            toml::from_str(text).map_err(|error| in_file(name, text, &error))?;
        // Each by itself first: then an error has a place. What one leaves out another may say.
        let mut incomplete = Vec::new();
        if let Err(error) = toml::from_str::<Self>(text) {
            let wrong = in_file(name, text, &error);
            if !is_incomplete(&error) {
                return Err(wrong);
            }
            incomplete.push((wrong, error));
        }
        for setting in overrides {
            let mut alone = toml::Table::new();
            setting.put(&mut alone)?;
            let read: Result<Self, toml::de::Error> = alone.try_into();
            if let Err(error) = read {
                let wrong = SettingsError::new(&setting.at, error.message());
                if !is_incomplete(&error) {
                    return Err(wrong);
                }
                incomplete.push((wrong, error));
            }
            setting.put(&mut table)?;
        }
        let read: Result<Self, toml::de::Error> = table.try_into();
        let settings = read.map_err(|error| {
            let is_this = |(_, other): &(_, toml::de::Error)| other.message() == error.message();
            let told = incomplete.into_iter().find(is_this).map(|(wrong, _)| wrong);
            told.unwrap_or_else(|| {
                SettingsError::new(name, error.to_string().trim().replace('\n', " "))
            })
        })?;
        settings.check()?;
        Ok(settings)
    }
}

/// Whether something is not there that has to be.
fn is_incomplete(error: &toml::de::Error) -> bool {
    error.message().starts_with("missing field")
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
    use crate::host::DoorLimits;
    use crate::protocol::native;
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
    fn what_one_place_leaves_out_another_may_say() {
        let token = Override {
            at: "TICKWIRE_ADMIN__TOKEN".into(),
            path: vec!["admin".into(), "token".into()],
            value: "at least sixteen characters".into(),
        };
        let listen = Override::of_flag("admin.listen=127.0.0.1:9").unwrap();
        let text = "[admin]\nlisten = \"127.0.0.1:9\"\n";
        assert!(read(text, std::slice::from_ref(&token)).unwrap().admin.is_some());
        assert!(read("", &[token.clone(), listen.clone()]).unwrap().admin.is_some());
        let cases = [
            (text, &[][..], "my.toml, line 1: "),
            ("", &[listen], "--set admin.listen: missing field `token`"),
            (
                "[tls]\ncertificate = \"a\"\n[admin]\n",
                &[token],
                "my.toml: missing field `key` in `tls`",
            ),
        ];
        for (text, overrides, expected) in cases {
            let error = read(text, overrides).unwrap_err();
            assert!(error.starts_with(expected) && error.contains("missing field"), "{error}");
        }
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
