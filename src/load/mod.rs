//! Simulated players: how many does a server hold, how well, and are all of them right about their
//! match?
//!
//! ```text
//! Crowd (sockets, clock) ── Wire ─┐
//!                                 ├── Player ── Mind
//! simulate (virtual time) ─ Road ─┘      └───── Hall, Felt ── Outcome
//! ```
//!
//! A [`Player`] is pure: packets and time go in, packets come out. It verifies every packet of the
//! stream, so a run that ends well has shown that all players saw the same world. Times count from
//! when a thing was due, and how late this process itself was is measured beside them. Clients of
//! Socket.IO, who chat or play, are in [`socketio`].

mod mind;
mod tally;
mod hall;
mod foresight;
mod eyes;
mod plan;
mod seat;
mod absence;
mod player;
mod road;
mod crowd;
mod chaos;
mod run;
mod simulate;
mod metrics;
mod thread_clock;
mod report;
pub mod server;
pub mod socketio;
pub mod wire;

pub use crowd::{Crowd, Target};
pub use foresight::Own;
pub use hall::Hall;
pub use metrics::{Desk, LastWord, Probe, Reading};
pub use mind::{Bot, Idle, Mind, Playing, Wandering};
pub use plan::{Minds, Plan};
pub use player::{Around, Player};
pub use report::{
    ByKind, Expect, ExpectError, FORMAT, GeneratorPart, Judged, Made, Outcome, Pair, Second,
    ServerPart, ServerSecond, Shares, Spread, Step, Tail, comparison, page, plain, table,
};
pub use road::{Road, Weather};
pub use run::{Progress, Run, RunOptions, SocketIo};
pub use simulate::{Fault, Ran, Scenario, simulate, simulate_twice, smallest};
pub use tally::{Counts, Felt, Times};
