//! One match: a world that steps when it is told to.
//!
//! A match knows nothing of sockets, clocks or threads. The same seed, options and inputs always
//! give the same frames, byte for byte, also when it was saved and restored in between; which is
//! what replay, recovery, moving and the tests rest on.

mod error;
mod game;
mod input;
mod seats;
mod timer;
mod random;
mod emit;
mod history;
mod views;
mod registry;
mod capture;
mod rules;
mod checkpoint;
mod hosted;
mod inspect;

pub use capture::Net;
pub use checkpoint::CHECKPOINT_BYTES_LIMIT;
pub use emit::{EVENT_NAME_LIMIT, EVENTS_LIMIT, Emitted, Emitter, Events, Hearers};
pub use error::SimError;
pub use game::{Game, Interest, OnTeam, Owner, Phase, Predicted, Setup};
pub use history::History;
pub use hosted::{Frame, Match, Refused};
pub use input::{
    Change, Controls, INPUT_BYTES_LIMIT, Inputs, JOIN_TEXT_LIMIT, Join, Missing, TickInputs,
    decode_input, encode_input,
};
pub use inspect::{Lanes, Public};
pub use random::Random;
pub use seats::{SEATS_LIMIT, Seat, Seats};
pub use timer::{Time, Timer};
pub use views::Views;
