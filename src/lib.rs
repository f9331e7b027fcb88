//! Tickwire hosts real-time matches. A match is a fixed-tick `bevy_ecs` world that is a pure
//! function of its seed and its inputs, so it can be replayed, recovered, moved and checked.
//!
//! This is the map, in reading order. All but the last four folders are the core: it meets no
//! socket, no clock, no file and no thread. The rest is behind the feature `server`.
//!
//! | folder | what lives there | meets the outside |
//! |---|---|---|
//! | [`ids`] | what one number means | no |
//! | [`event`] | a named thing with JSON and binary arguments, as all doors know it | no |
//! | [`sim`] | a match: a world that ticks | no |
//! | [`sync`] | what changed, in few bytes, and the receiving half | no |
//! | [`journal`] | what happened, and how to play it again | no |
//! | [`hub`] | events and rooms: `on`, `emit`, `to`, `join`, acknowledgements, namespaces | no |
//! | [`protocol`] | bytes to messages and back: a session for each connection | no |
//! | `host` | what all connections share: configuration, sessions, deadlines, counters | clock, chance |
//! | `load` | simulated players, and what they felt | sockets, clock |
//! | `doors` | the ways in: HTTP, polling, WebSockets, TLS | sockets, files |
//! | `cli` | the commands of a game's binary | terminal, clock |
//!
//! A game author needs [`prelude`] and the trait [`Game`](sim::Game); who wants events and rooms
//! begins with `doors::Server` and [`hub`].
#![forbid(unsafe_code)]

pub mod prelude;
pub mod ids;
pub mod event;
pub mod sim;
pub mod sync;
pub mod journal;
pub mod hub;
pub mod protocol;
#[cfg(feature = "server")]
pub mod host;
#[cfg(feature = "server")]
pub mod doors;
#[cfg(feature = "server")]
pub mod load;
#[cfg(feature = "server")]
pub mod cli;

/// The README's game is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
