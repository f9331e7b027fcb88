//! The arena, played: scenes with a script, and matches of bots.

mod table;
mod scenes;
mod seats;
mod matches;
mod crew;
mod rounds;
