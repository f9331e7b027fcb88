//! The hub without a network: a clock that is set by hand, tasks that are carried on by hand, and
//! clients that note what they are told.

mod hall;
mod client;
mod gate;
mod listening;
mod answers;
mod gathering;
mod emitting;
mod groups;
mod users;
mod hooks;
mod guarding;
mod leaving;
mod limits;
mod dynamic;
mod order;
mod panics;
mod everything;
mod questions;
mod recovery;
mod peers;
mod model;
mod simulation;
mod rushed;
mod threads;
mod races;
mod crowds;

use client::Client;
use gate::{Gate, Log, ready};
use hall::{Hall, options, seconds};
use tickwire::hub::Socket;
