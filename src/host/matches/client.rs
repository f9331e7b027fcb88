//! Somebody who is sent a match, however the connection travels.

use super::entry::Entry;
use super::talk::cleaned;
use crate::host::users::Known;
use crate::hub::Socket;
use crate::ids::{PlayerId, UserId};
use crate::protocol::native::{Applied, Joined, Refusal};
use std::sync::Arc;

/// A schema as it is sent.
#[derive(Debug)]
pub(super) struct SchemaText {
    pub(super) hash: u64,
    pub(super) json: Vec<u8>,
}

/// Who wants a seat, or has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// What to call them.
    pub name: String,
    /// Who they are, if that is known: the same for all their sockets.
    pub user: Option<UserId>,
    /// What else is known, as a JSON object; or nothing.
    pub claims: String,
    /// What they wish for themselves, as the game understands it: JSON, or nothing.
    pub wishes: String,
    /// Whether they only watch.
    pub is_spectator: bool,
}

/// Wishes are at most so long, as JSON.
const WISHES_BYTES_MOST: usize = 256;

/// What somebody wishes, as text.
pub(super) fn wishes(json: Option<&serde_json::Value>) -> Result<String, Refusal> {
    let text = json.map(ToString::to_string).unwrap_or_default();
    if text.len() > WISHES_BYTES_MOST { Err(Refusal::BadOptions) } else { Ok(text) }
}

impl Person {
    /// Whoever has this socket; called so unless their token says otherwise.
    pub(super) fn of(socket: Option<&Socket>, name: &str, is_spectator: bool) -> Self {
        let known = socket.and_then(|socket| socket.data::<Known>());
        Self {
            name: cleaned(known.as_ref().and_then(|known| known.name.as_deref()).unwrap_or(name)),
            user: socket.and_then(Socket::user),
            claims: known.map(|known| known.claims.clone()).unwrap_or_default(),
            wishes: String::new(),
            is_spectator,
        }
    }
}

/// Where somebody sits.
#[derive(Clone)]
pub struct SeatOf {
    pub(super) entry: Arc<Entry>,
    pub(super) player: PlayerId,
}

impl SeatOf {
    /// The thread of its match.
    pub(in crate::host) fn thread(&self) -> usize {
        self.entry.thread
    }
}

impl std::fmt::Debug for SeatOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "player {} of match {}", self.player, self.entry.id)
    }
}

/// One end of a match. Called from the thread of the match; none of it waits.
pub(super) trait Client: Send + Sync {
    /// The id of its socket.
    fn socket(&self) -> &str;
    /// A seat is kept for it; what it says from now on goes there.
    fn sit(&self, seat: SeatOf);
    /// Hears what it said, if that is to be done with the tick.
    fn pull(&self) {}
    /// It has its seat; it is sent the schema first if it lacks it.
    fn join(&self, joined: &Joined<'_>, schema: &SchemaText);
    /// Sends a packet of the stream, which `write` appends.
    fn send_state(&self, after: Option<Applied>, write: &mut dyn FnMut(&mut Vec<u8>));
    /// How many bytes wait to be sent to it.
    fn backlog(&self) -> usize;
    /// It has its seat no longer.
    fn leave(&self, why: Option<Refusal>);
    /// Ends the whole connection.
    fn cut(&self, why: Refusal);
}
