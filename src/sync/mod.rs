//! What changed, in few bytes: one stream for the whole room, encoded once.
//!
//! A component is flattened by its schema into integer lanes. The [`Stream`] tells, tick by tick,
//! what nobody could have expected: each lane against where its line would have gone, by tables
//! that both sides share. The [`Replica`] is the receiving half. Nothing here meets a socket; the
//! stream is relative to the tick before, so whatever carries it must be reliable and ordered.
//!
//! Bytes go through these files in this order: `field`, `codec`, `schema` say what a lane is;
//! `capture` takes lanes from the world; `stream` decides what is new; `section` and `part` code
//! it, over a `wire` that writes or reads, with the tables of a `model`; `delta` gathers packets;
//! `replica` reads them.

pub mod field;
pub mod codec;
pub mod rotation;
pub mod replicate;
pub mod schema;
mod values;
mod error;
mod checksum;
pub mod bits;
mod range;
mod token;
mod motion;
mod layout;
mod model;
mod wire;
mod shape;
mod part;
mod record;
mod section_key;
mod section;
mod room;
mod fit;
mod motion_fit;
mod viewer;
mod delta;
mod entry;
mod pending;
mod stream;
mod watching;
mod state;
mod encode;
mod telling;
mod prediction;
mod replica;
mod receive;
mod seen;
mod chorus;

pub use checksum::{hash_bytes, lanes_checksum};
pub use chorus::{Chorus, SingerId};
pub use delta::Delta;
pub use entry::{Entry, Handle};
pub use error::{PACKET_BYTES_LIMIT, StreamError};
pub use prediction::Prediction;
pub use replica::{Changes, Replica};
pub use section_key::Cell;
pub use seen::Seen;
pub use state::StreamState;
pub use stream::Stream;
pub use viewer::{VIEW_SECTIONS_LIMIT, View, is_keyframe};
