//! What sockets say, without the bytes.

use crate::event::{Args, Event};

/// A packet from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// For which namespace.
    pub namespace: Box<str>,
    /// What it says.
    pub body: Body,
}

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Let me in; with a JSON object that says who I am.
    Connect(Option<Box<str>>),
    /// I leave the namespace.
    Disconnect,
    /// Something happened.
    Event {
        /// What, and to what.
        event: Event,
        /// The number under which an answer is expected.
        ack: Option<u64>,
    },
    /// The answer to an event.
    Ack {
        /// Its number.
        id: u64,
        /// The answer.
        args: Args,
    },
}

/// What the server says.
#[derive(Clone, Debug)]
pub enum Outgoing<'a> {
    /// You are in.
    Connect {
        /// The socket's id.
        sid: &'a str,
        /// What brings it back after a loss.
        pid: Option<&'a str>,
    },
    /// You are not.
    ConnectError {
        /// Why.
        message: &'a str,
        /// More about it, as JSON.
        data: Option<&'a str>,
    },
    /// You are no longer.
    Disconnect,
    /// Something happened.
    Event {
        /// What, and to what.
        event: &'a Event,
        /// The number under which an answer is expected.
        ack: Option<u64>,
        /// What the client says to get what came after this.
        offset: Option<&'a str>,
    },
    /// The answer to an event.
    Ack {
        /// Its number.
        id: u64,
        /// The answer.
        args: &'a Args,
    },
}
