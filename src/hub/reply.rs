//! A value that comes later: a future without a runtime.

use super::lock;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

#[derive(Debug)]
enum State<T> {
    Waiting(Option<Waker>),
    Here(T),
    Taken,
}

/// Comes later; whoever holds the other end says what it is.
#[derive(Debug)]
#[must_use = "a reply does nothing unless it is awaited"]
pub struct Reply<T>(Arc<Mutex<State<T>>>);

/// The other end of a [`Reply`].
#[derive(Debug)]
pub(super) struct Promise<T>(Arc<Mutex<State<T>>>);

/// A promise and its reply.
pub(super) fn promise<T>() -> (Promise<T>, Reply<T>) {
    let state = Arc::new(Mutex::new(State::Waiting(None)));
    (Promise(state.clone()), Reply(state))
}

impl<T> Promise<T> {
    pub(super) fn keep(self, value: T) {
        let before = std::mem::replace(&mut *lock(&self.0), State::Here(value));
        if let State::Waiting(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Future for Reply<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // Wakers are code of others, which runs under no lock: when one is made and when it goes.
        let waker = context.waker().clone();
        let before = {
            let mut state = lock(&self.0);
            let before = std::mem::replace(&mut *state, State::Taken);
            if !matches!(before, State::Here(_)) {
                *state = State::Waiting(Some(waker));
            }
            before
        };
        if let State::Here(value) = before { Poll::Ready(value) } else { Poll::Pending }
    }
}
