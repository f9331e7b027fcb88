//! Acknowledgements, both ways: what handlers answer, and what clients answer to the server.

use super::io::Core;
use super::reply::Promise;
use super::socket::{Socket, SocketInner};
use super::timers::AlarmKey;
use super::{Letter, lock};
use crate::event::{Args, ToArgs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

/// Answers an event, at most once. Where the client expects no answer, it does nothing.
#[derive(Debug)]
pub struct Ack {
    socket: Socket,
    id: Option<u64>,
    /// Shared by all listeners of the event.
    is_sent: Arc<AtomicBool>,
}

impl Ack {
    pub(super) fn new(socket: &Socket, id: Option<u64>, is_sent: &Arc<AtomicBool>) -> Self {
        Self { socket: socket.clone(), id, is_sent: is_sent.clone() }
    }

    /// Whether the client expects an answer.
    #[must_use]
    pub fn is_expected(&self) -> bool {
        self.id.is_some()
    }

    /// Answers.
    pub fn send(self, args: impl ToArgs) {
        let Some(id) = self.id else { return };
        if self.is_sent.swap(true, Ordering::Relaxed) {
            return;
        }
        if let Some(args) = self.socket.checked_args("acknowledgement", &args) {
            self.socket.deliver(Letter::Ack { id, args });
        }
    }
}

/// Why an answer did not come.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum AckError {
    /// Not in time.
    #[error("the client did not answer in time")]
    Timeout,
    /// The socket is gone.
    #[error("the socket disconnected")]
    Disconnected,
    /// It owes too many answers already.
    #[error("the socket owes {0} answers already")]
    TooMany(usize),
    /// The event could not be sent.
    #[error("the event could not be sent")]
    NotSent,
}

/// What a broadcast gathered when not all answered.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{missing} of {} clients did not answer", missing + replies.len())]
pub struct Partial {
    /// The answers that came.
    pub replies: Vec<Args>,
    /// How many did not.
    pub missing: usize,
}

/// Who waits for the answer of one socket.
#[derive(Debug)]
pub(super) enum Waiting {
    One(Promise<Result<Args, AckError>>, Option<AlarmKey>),
    Gather(Arc<Gather>),
}

impl Waiting {
    pub(super) fn answered(self, answer: Result<Args, AckError>) {
        match self {
            Self::One(promise, _) => promise.keep(answer),
            Self::Gather(gather) => gather.answered(answer.ok()),
        }
    }
}

/// The answers to one broadcast.
#[derive(Debug)]
pub(super) struct Gather {
    core: Arc<Core>,
    /// The number under which all are asked.
    pub(super) id: u64,
    state: Mutex<Gathering>,
}

#[derive(Debug)]
struct Gathering {
    promise: Option<Promise<Result<Vec<Args>, Partial>>>,
    asked: Vec<Weak<SocketInner>>,
    /// Until then; `None` while some are still being asked.
    alarm: Option<AlarmKey>,
    replies: Vec<Args>,
    missing: usize,
}

impl Gather {
    pub(super) fn new(
        core: Arc<Core>,
        id: u64,
        promise: Promise<Result<Vec<Args>, Partial>>,
    ) -> Self {
        let state = Gathering {
            promise: Some(promise),
            asked: Vec::new(),
            alarm: None,
            replies: Vec::new(),
            missing: 0,
        };
        Self { core, id, state: Mutex::new(state) }
    }

    /// One more is asked.
    pub(super) fn ask(&self, socket: &Socket) {
        lock(&self.state).asked.push(Arc::downgrade(&socket.0));
    }

    /// Those who were asked are waited for until the alarm.
    pub(super) fn all_are_asked(&self, alarm: AlarmKey) {
        let mut state = lock(&self.state);
        state.alarm = Some(alarm);
        state.finish_if_complete(&self.core);
    }

    pub(super) fn answered(&self, answer: Option<Args>) {
        let mut state = lock(&self.state);
        match answer {
            Some(args) => state.replies.push(args),
            None => state.missing += 1,
        }
        state.finish_if_complete(&self.core);
    }

    /// Nobody is waited for any longer.
    pub(super) fn time_out(&self) {
        let asked = lock(&self.state).asked.clone();
        let forget = |socket: &Arc<SocketInner>| {
            let is_silent = lock(&socket.state).acks.remove(&self.id).is_some();
            if is_silent {
                socket.link.note_answered();
            }
            is_silent
        };
        let silent = asked.iter().filter_map(Weak::upgrade).filter(forget).count();
        let mut state = lock(&self.state);
        state.missing += silent;
        state.finish_if_complete(&self.core);
    }
}

impl Gathering {
    fn finish_if_complete(&mut self, core: &Core) {
        let Some(alarm) = self.alarm else { return };
        if self.replies.len() + self.missing < self.asked.len() {
            return;
        }
        if let Some(promise) = self.promise.take() {
            core.timers.call_off(alarm);
            let replies = std::mem::take(&mut self.replies);
            let missing = self.missing;
            let is_whole = missing == 0;
            promise.keep(if is_whole { Ok(replies) } else { Err(Partial { replies, missing }) });
        }
    }
}
