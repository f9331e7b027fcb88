//! All end-to-end tests in one binary, a chapter for each feature.

mod allocation;
mod architecture;
mod bots;
mod doors;
mod fields;
mod first_game;
mod goldens;
mod hub;
mod journals;
mod load;
mod matches;
mod native;
mod sessions;
mod simulation;
mod streams;
mod table;
mod zoo;
