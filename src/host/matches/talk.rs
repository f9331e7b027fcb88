//! What people say to each other: in their match, to their team, in the lobby, to one user.
//!
//! | a client emits | with | hearers get |
//! |---|---|---|
//! | `say` | `{to: "match" \| "team" \| "lobby", text}` | `said` `{to, from, text}` |
//! | `say` | `{user, text}` | the same, with `to: "user"`, on all of their sockets |
//! | `enter-lobby`, `leave-lobby` | | `lobby` `{matches}`, whenever that changes, at most each second |
//!
//! `from` has the `name`, and where they are known the `user` and the `player`. The answer is `{ok}`, with
//! `code` and `reason` if it is not. Who speaks hears no echo.

use super::client::{Person, SeatOf};
use super::directory::Directory;
use super::entry::{Listing, Mail};
use super::live::Live;
use super::socketio::refused;
use crate::host::users::Known;
use crate::host::{Tokens, lock};
use crate::hub::{Ack, Io, Socket};
use crate::ids::PlayerId;
use crate::protocol::native::Refusal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Mutex, Weak};
use std::time::Duration;

/// The room of those who look for a match.
const LOBBY: &str = "lobby";
/// Those in the lobby are told this often, if anything changed.
const NEWS_EVERY: Duration = Duration::from_secs(1);

/// How much people may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalkOptions {
    /// What is said at once has at most so many bytes; 0: nobody says anything.
    pub bytes: usize,
    /// A socket may say so much in a second,
    pub per_second: u32,
    /// and this much at once.
    pub burst: u32,
}

impl Default for TalkOptions {
    fn default() -> Self {
        Self { bytes: 400, per_second: 1, burst: 5 }
    }
}

/// Where a socket sits; kept with it.
pub(in crate::host) struct CurrentSeat(pub(in crate::host) Option<SeatOf>);

/// What a socket may still say; kept with it.
struct Breath(Mutex<Tokens>);

/// Something said in a match.
pub(super) struct Said {
    pub(super) by: PlayerId,
    pub(super) to_team: bool,
    pub(super) text: String,
}

#[derive(Deserialize)]
struct Saying {
    #[serde(default)]
    to: String,
    user: Option<String>,
    text: String,
}

/// Hears what people say.
pub(super) fn serve(io: &Io, directory: &Weak<Directory>) {
    let of = directory.clone();
    io.on("say", move |socket, saying: Saying, ack: Ack| {
        let Some(directory) = of.upgrade() else { return };
        let said = directory.say(socket, &saying);
        ack.send(said.map_or_else(refused, |()| json!({ "ok": true })));
    });
    let of = directory.clone();
    io.on("enter-lobby", move |socket, (), ack: Ack| {
        let Some(directory) = of.upgrade() else { return };
        // A short question with a long answer.
        ack.send(directory.asked(socket, 1, || {
            socket.join(LOBBY);
            socket.emit("lobby", directory.lobby());
            json!({ "ok": true })
        }));
    });
    io.on("leave-lobby", |socket, (), ack: Ack| {
        socket.leave(LOBBY);
        ack.send(json!({ "ok": true }));
    });
    tokio::spawn(tell_news(io.clone(), directory.clone()));
}

/// Tells those in the lobby what changed; ends with the directory.
async fn tell_news(io: Io, directory: Weak<Directory>) {
    let mut told = Value::Null;
    let mut beat = tokio::time::interval(NEWS_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let Some(directory) = directory.upgrade() else { return };
        let news = directory.lobby();
        if news != told {
            io.to(LOBBY).emit("lobby", &news);
            told = news;
        }
    }
}

/// The text as it is passed on: without what moves a terminal's cursor or hides what follows.
pub(super) fn cleaned(text: &str) -> String {
    let is_harmless = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            && !matches!(c, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().filter(is_harmless).collect::<String>().trim().to_owned()
}

impl Directory {
    fn lobby(&self) -> Value {
        // Ticks change all the time; who looks for a match does not care.
        let matches = self.list_open(None).into_iter().map(|listing| {
            let mut json = Listing::to_json(&listing);
            json.as_object_mut().into_iter().for_each(|json| drop(json.remove("tick")));
            json
        });
        json!({ "matches": matches.collect::<Vec<_>>() })
    }

    fn say(&self, socket: &Socket, saying: &Saying) -> Result<(), Refusal> {
        let options = &self.options.talk;
        if saying.text.len() > options.bytes {
            return Err(Refusal::TooLong);
        }
        let now = self.clock().now();
        let breath = socket.data::<Breath>().unwrap_or_else(|| {
            socket.set_data(Breath(Mutex::new(Tokens::new(options.burst, now))));
            socket.data().unwrap_or_else(|| unreachable!("it was set just now"))
        });
        if !lock(&breath.0).take(options.per_second, options.burst, now) {
            return Err(Refusal::TooMany);
        }
        let text = cleaned(&saying.text);
        if text.is_empty() {
            return Err(Refusal::BadPacket);
        }
        let seat = socket.data::<CurrentSeat>().and_then(|current| current.0.clone());
        match (saying.to.as_str(), &saying.user) {
            ("match" | "team", None) => {
                let seat = seat.ok_or(Refusal::NotInMatch)?;
                let said = Said { by: seat.player, to_team: saying.to == "team", text };
                seat.entry.post(Mail::Say(said));
                Ok(())
            }
            ("lobby", None) => {
                if !socket.rooms().iter().any(|room| **room == *LOBBY) {
                    return Err(Refusal::Forbidden);
                }
                let said = json!({ "to": "lobby", "from": self.speaker(socket), "text": text });
                socket.to(LOBBY).emit("said", said);
                Ok(())
            }
            ("" | "user", Some(user)) if socket.user().is_some() => {
                let said = json!({ "to": "user", "from": self.speaker(socket), "text": text });
                self.io().to_users([user.as_str()]).emit("said", said);
                Ok(())
            }
            ("" | "user", Some(_)) => Err(Refusal::Forbidden),
            _ => Err(Refusal::BadPacket),
        }
    }

    fn speaker(&self, socket: &Socket) -> Value {
        let known = socket.data::<Known>().and_then(|known| known.name.clone());
        let id = socket.id();
        let guest = || format!("guest {}", &id.as_str()[..4]);
        json!({
            "name": known.unwrap_or_else(guest),
            "user": socket.user().map(|user| user.to_string()),
        })
    }
}

/// Notes where a socket sits from now on.
pub(in crate::host) fn note_seat(socket: Option<&Socket>, seat: Option<&SeatOf>) {
    if let Some(socket) = socket {
        socket.set_data(CurrentSeat(seat.cloned()));
    }
}

impl Said {
    /// As those are told who hear it.
    pub(super) fn to_event(&self, speaker: &Person) -> Value {
        let to = if self.to_team { "team" } else { "match" };
        let user = speaker.user.as_ref().map(ToString::to_string);
        let from = json!({ "name": speaker.name, "user": user, "player": self.by });
        json!({ "to": to, "from": from, "text": self.text })
    }
}

impl Live {
    /// Passes on what a player said, to all others or to those of its team.
    pub(super) fn pass_on(&self, said: &Said) {
        let Some(seat) = self.seats.get(&said.by) else { return };
        let event = said.to_event(&seat.person);
        if !said.to_team {
            let room = self.io.to(&*self.entry.id.0);
            return room.except(vec![&*seat.socket]).emit("said", event);
        }
        let Some(team) = self.game.team_of(said.by) else { return };
        let is_mate =
            |player: &PlayerId| *player != said.by && self.game.team_of(*player) == Some(team);
        let mates = self.seats.iter().filter(|(player, _)| is_mate(player));
        let mates: Vec<_> = mates.map(|(_, seat)| &*seat.socket).collect();
        self.io.to(mates).emit("said", event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Threat 19: what is said may end up in a terminal or a log.
    #[test]
    fn what_is_said_moves_no_cursor_and_hides_nothing() {
        assert_eq!(cleaned("  grüße 世界 👾 "), "grüße 世界 👾");
        assert_eq!(cleaned("a\u{1b}[2Jb\n\u{202e}c\u{7}\u{0}"), "a[2Jbc");
        assert_eq!(cleaned("\n\t \u{2066}"), "");
    }
}
