//! Who waits for something to write, at most one for each carrier: a poll, and a WebSocket.

use crate::hub::Link;
use crate::protocol::engine_io::Carrier;
use std::sync::OnceLock;
use std::task::{Poll, Waker};

/// Those who wait. Without memory of its own: they come and go with each message.
#[derive(Debug, Default)]
pub(super) struct Waiters([Option<(Carrier, Waker)>; 2]);

impl Waiters {
    /// Lets somebody wait for what leaves by a carrier.
    pub(super) fn add(&mut self, carrier: Carrier, waker: &Waker) {
        let is_own = |slot: &Option<_>| matches!(slot, Some((other, _)) if *other == carrier);
        let own = self.0.iter().position(is_own);
        let free = || self.0.iter().position(Option::is_none);
        let at = own.or_else(free).unwrap_or_default();
        if let Some((_, other)) = self.0[at].replace((carrier, waker.clone())) {
            // Nobody is forgotten: who lost the place looks again.
            if own.is_none() {
                other.wake();
            }
        }
    }

    /// Takes all of them, to be woken under no lock.
    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    pub(super) fn wake(self) {
        self.0.into_iter().flatten().for_each(|(_, waker)| waker.wake());
    }
}

/// Ready unless handlers are so far behind that nothing more should be read; then `wait` has left a
/// waker where [`Outlet::resume`](crate::hub::Outlet::resume) finds it.
pub(super) fn poll_ready(link: &OnceLock<Link>, wait: impl FnOnce()) -> Poll<()> {
    let is_busy = || link.get().is_some_and(Link::is_busy);
    if !is_busy() {
        return Poll::Ready(());
    }
    wait();
    // It may have changed before the waker was there.
    if is_busy() { Poll::Pending } else { Poll::Ready(()) }
}
