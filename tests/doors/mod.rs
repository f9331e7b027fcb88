//! The doors over real sockets: what a public server meets, from clients that are not polite.
//!
//! Nothing here waits for time to pass: a test waits for what must happen, and fails if it does not.

mod bodies;
pub(crate) mod client;
mod descriptors;
mod files;
mod flood;
mod frames;
mod guests;
mod origins;
mod packets;
mod requests;
mod sessions;
mod tls;
pub(crate) mod wire;
