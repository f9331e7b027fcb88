//! What can be played: the games that a server hosts, each in one or more modes.

use crate::sim::{Game, Match};
use std::fmt;
use std::sync::{Arc, Mutex};

type Make = dyn Fn(&str, u64) -> Result<Match, String> + Send + Sync;

/// A way to play a game.
pub struct Mode {
    /// What it is called.
    pub(super) name: Arc<str>,
    /// At most so many play.
    pub(super) players: usize,
    /// At most so many watch.
    pub(super) spectators: usize,
    /// Held by whoever begins a match of it because all others are full.
    pub(super) founding: Mutex<()>,
    make: Box<Make>,
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mode {} for {}", self.name, self.players)
    }
}

impl Mode {
    /// A new match of it. Options are JSON: what they leave out is as the mode has it.
    pub(super) fn make(&self, options: &str, seed: u64) -> Result<Match, String> {
        (self.make)(options, seed)
    }
}

/// All modes, in the order in which they were added; the first is what is played unless told.
#[derive(Clone, Debug, Default)]
pub struct Catalog(Vec<Arc<Mode>>);

impl Catalog {
    /// Adds a mode of a game: for so many players, with so many who watch, with these options.
    #[must_use]
    pub fn with<G: Game>(
        mut self,
        name: &str,
        players: usize,
        spectators: usize,
        game: impl Fn() -> G + Send + Sync + 'static,
        options: G::Options,
    ) -> Self {
        let make = move |wished: &str, seed| {
            let options = overlay(&options, wished)?;
            Ok(Match::new(game(), options, seed))
        };
        let (make, founding) = (Box::new(make), Mutex::default());
        self.0.push(Arc::new(Mode { name: name.into(), players, spectators, founding, make }));
        self
    }

    /// The same with options of which some are named, as JSON; says which of them there are not.
    pub fn with_wishes<G: Game>(
        self,
        name: &str,
        players: usize,
        spectators: usize,
        game: impl Fn() -> G + Send + Sync + 'static,
        options: &G::Options,
        wished: &str,
    ) -> Result<Self, String> {
        let options = overlay(options, wished)?;
        Ok(self.with(name, players, spectators, game, options))
    }

    /// The mode of this name; the first if there is none.
    pub(super) fn find(&self, name: Option<&str>) -> Option<&Arc<Mode>> {
        match name {
            None => self.0.first(),
            Some(name) => self.0.iter().find(|mode| *mode.name == *name),
        }
    }
}

/// The options with those entries replaced that are named.
fn overlay<O>(options: &O, wished: &str) -> Result<O, String>
where
    O: serde::Serialize + serde::de::DeserializeOwned + Clone,
{
    if matches!(wished, "" | "{}") {
        return Ok(options.clone());
    }
    let wished: serde_json::Map<_, _> =
        serde_json::from_str(wished).map_err(|error| format!("options: {error}"))?;
    let mut all = serde_json::to_value(options).map_err(|error| error.to_string())?;
    let known = all.as_object_mut().ok_or("this mode has no options")?;
    for (name, value) in wished {
        let Some(option) = known.get_mut(&name) else {
            return Err(format!("there is no option `{name}`"));
        };
        *option = value;
    }
    serde_json::from_value(all).map_err(|error| format!("options: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Options {
        side: u8,
        walls: bool,
    }

    #[test]
    fn options_are_those_of_the_mode_but_for_what_is_wished() {
        let usual = Options { side: 48, walls: true };
        let with = |wished| overlay(&usual, wished);
        assert_eq!(with(""), Ok(usual.clone()));
        assert_eq!(with(r#"{"walls":false}"#), Ok(Options { side: 48, walls: false }));
        assert_eq!(with(r#"{"wals":false}"#).unwrap_err(), "there is no option `wals`");
        assert!(with(r#"{"side":300}"#).unwrap_err().contains("300"));
        assert!(with("[]").unwrap_err().starts_with("options: "));
    }
}
