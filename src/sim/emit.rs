//! Events that a game emits to players.

use crate::ids::PlayerId;
use bevy_ecs::resource::Resource;
use serde::Serialize;

/// A match emits at most this many events in one tick; the rest are counted and dropped.
pub const EVENTS_LIMIT: usize = 4096;
/// The name of an event has at most this many bytes.
pub const EVENT_NAME_LIMIT: usize = 128;

/// Who hears an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hearers {
    /// All in the match room.
    All,
    /// All but one.
    AllBut(PlayerId),
    /// These.
    Some(Vec<PlayerId>),
}

/// An event on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// Who hears it.
    pub to: Hearers,
    /// Its name.
    pub name: String,
    /// Its argument as JSON.
    pub payload: String,
}

/// Where game systems emit events; they leave with the frame.
#[derive(Resource, Clone, Debug, Default)]
pub struct Events {
    pub(super) emitted: Vec<Emitted>,
    pub(super) dropped: u32,
}

impl Events {
    pub(super) fn clear(&mut self) {
        self.emitted.clear();
        self.dropped = 0;
    }

    /// To all in the match room.
    pub fn to_all(&mut self) -> Emitter<'_> {
        Emitter { events: self, to: Hearers::All }
    }

    /// To all but one.
    pub fn to_all_but(&mut self, player: PlayerId) -> Emitter<'_> {
        Emitter { events: self, to: Hearers::AllBut(player) }
    }

    /// To one.
    pub fn to(&mut self, player: PlayerId) -> Emitter<'_> {
        self.to_some(&[player])
    }

    /// To these.
    pub fn to_some(&mut self, players: &[PlayerId]) -> Emitter<'_> {
        Emitter { events: self, to: Hearers::Some(players.to_vec()) }
    }
}

/// Knows to whom, not yet what.
#[must_use = "nothing is sent before `emit`"]
#[derive(Debug)]
pub struct Emitter<'a> {
    events: &'a mut Events,
    to: Hearers,
}

impl Emitter<'_> {
    /// Emits an event with one argument.
    pub fn emit<T: Serialize + ?Sized>(self, name: &str, payload: &T) {
        let payload = serde_json::to_string(payload);
        match payload {
            Ok(payload)
                if self.events.emitted.len() < EVENTS_LIMIT && name.len() <= EVENT_NAME_LIMIT =>
            {
                self.events.emitted.push(Emitted { to: self.to, name: name.into(), payload });
            }
            _ => self.events.dropped += 1,
        }
    }
}
