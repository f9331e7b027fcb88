//! Somebody who is sent a match, however the connection travels.

use super::entry::Entry;
use crate::ids::PlayerId;
use crate::protocol::native::{Applied, Joined, Refusal};
use std::sync::Arc;

/// A schema as it is sent.
#[derive(Debug)]
pub(super) struct SchemaText {
    pub(super) hash: u64,
    pub(super) json: Vec<u8>,
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
