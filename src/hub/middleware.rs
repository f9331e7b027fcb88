//! What stands before a namespace, and before the handlers of a socket: each lets pass or refuses.

use super::socket::Socket;
use crate::event::Event;
use serde::Serialize;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Why somebody or something was not let pass.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct Refused {
    /// One clear sentence for the client.
    pub message: String,
    /// More about it, as JSON.
    pub data: Option<String>,
}

impl Refused {
    /// Refused, for this reason.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), data: None }
    }

    /// With more about it. What cannot be written as JSON is left out.
    #[must_use]
    pub fn with(mut self, data: &impl Serialize) -> Self {
        self.data = serde_json::to_string(data).ok();
        self
    }
}

pub(super) type Verdict = Pin<Box<dyn Future<Output = Result<(), Refused>> + Send>>;

/// Stands before a namespace.
#[derive(Clone)]
pub(super) enum Guard {
    Now(Arc<dyn Fn(&Socket) -> Result<(), Refused> + Send + Sync>),
    Later(Arc<dyn Fn(Socket) -> Verdict + Send + Sync>),
}

/// Stands before the handlers of a socket.
#[derive(Clone)]
pub(super) enum Filter {
    Now(Arc<dyn Fn(&Socket, &Event) -> Result<(), Refused> + Send + Sync>),
    Later(Arc<dyn Fn(Socket, Event) -> Verdict + Send + Sync>),
}
