//! What leaves the hub: one value for all who are sent it, encoded once for each way of writing.

use crate::event::{Args, Event};
use std::any::Any;
use std::sync::{Arc, OnceLock};

/// Ways of writing that remember what they wrote.
const FORMATS: usize = 3;

/// Something for one or many sockets of a namespace.
pub struct Parcel {
    /// The namespace.
    pub namespace: Arc<str>,
    /// What it says.
    pub letter: Letter,
    /// Whether it is dropped where the connection is not writable.
    pub is_volatile: bool,
    encoded: [OnceLock<Arc<dyn Any + Send + Sync>>; FORMATS],
}

/// What sockets are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Letter {
    /// You are in.
    Connect {
        /// The socket's id.
        sid: String,
        /// What brings it back after a loss.
        pid: Option<String>,
        /// Whether it came back.
        recovered: bool,
    },
    /// You are not.
    ConnectError {
        /// Why.
        message: String,
        /// More about it, as JSON.
        data: Option<String>,
    },
    /// You are no longer.
    Disconnect,
    /// Something happened.
    Event {
        /// What, and to what.
        event: Event,
        /// The number under which an answer is expected.
        ack: Option<u64>,
        /// Where it stands among what is kept.
        offset: Option<Box<str>>,
    },
    /// The answer to an event.
    Ack {
        /// Its number.
        id: u64,
        /// The answer.
        args: Args,
    },
}

impl Parcel {
    /// Something for sockets of a namespace.
    #[must_use]
    pub fn new(namespace: &Arc<str>, letter: Letter) -> Self {
        Self {
            namespace: namespace.clone(),
            letter,
            is_volatile: false,
            encoded: Default::default(),
        }
    }

    pub(super) fn volatile(mut self, is_volatile: bool) -> Self {
        self.is_volatile = is_volatile;
        self
    }

    /// What one way of writing made of it, once for all.
    ///
    /// # Panics
    ///
    /// If `format` is 3 or more, or was used for another type.
    pub fn encoded<T: Any + Send + Sync>(
        &self,
        format: usize,
        make: impl FnOnce(&Self) -> T,
    ) -> Arc<T> {
        let made = self.encoded[format].get_or_init(|| Arc::new(make(self))).clone();
        made.downcast().expect("each format writes one type")
    }
}

impl std::fmt::Debug for Parcel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.namespace, self.letter)
    }
}
