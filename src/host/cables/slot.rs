//! One connection, as a thread has it.

use super::super::PlayConnection;
use std::any::Any;
use std::sync::Arc;
use std::task::Waker;

/// A connection on its way to a thread, or there.
pub(super) struct Slot {
    pub(super) client: Arc<PlayConnection>,
    /// What came before it was here.
    pub(super) begun: Vec<u8>,
    /// It was told goodbye, or will be once it takes that.
    pub(super) is_closing: bool,
    /// How it tells that something waits; made anew at each thread.
    pub(super) waker: Option<Waker>,
    /// Tells it from others that had its key.
    pub(super) serial: u64,
    /// How much of it was ignored after the end.
    pub(super) ignored: usize,
    _guard: Box<dyn Any + Send>,
}

impl Slot {
    pub(super) fn new(
        client: Arc<PlayConnection>,
        begun: Vec<u8>,
        guard: Box<dyn Any + Send>,
    ) -> Self {
        Self { client, begun, is_closing: false, waker: None, serial: 0, ignored: 0, _guard: guard }
    }
}
