//! Bytes to messages and back: one session for each connection, without sockets or clocks.
//!
//! A session is told what came and what time it is, and is asked what to send and when to be woken:
//! `receive`, `send`, `poll_packet`, `poll_timeout`, `handle_timeout`. Time is what has passed since
//! the server started. Whatever bytes come, a session answers with a message or an error.

pub mod websocket;
pub mod engine_io;
pub mod socket_io;
pub mod native;
