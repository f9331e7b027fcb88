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
    state: Mutex<Gathering>,
}

/// What comes of a broadcast that all are to answer.
type Gathered = Result<Vec<Args>, Partial>;

#[derive(Debug)]
struct Gathering {
    promise: Option<Promise<Gathered>>,
    /// With the number under which each is asked: that of its namespace.
    asked: Vec<(Weak<SocketInner>, u64)>,
    /// Until then; `None` while some are still being asked.
    alarm: Option<AlarmKey>,
    replies: Vec<Args>,
    missing: usize,
}

impl Gather {
    pub(super) fn new(core: Arc<Core>, promise: Promise<Gathered>) -> Self {
        let state = Gathering {
            promise: Some(promise),
            asked: Vec::new(),
            alarm: None,
            replies: Vec::new(),
            missing: 0,
        };
        Self { core, state: Mutex::new(state) }
    }

    /// One more is asked.
    pub(super) fn ask(&self, socket: &Socket, id: u64) {
        lock(&self.state).asked.push((Arc::downgrade(&socket.0), id));
    }

    /// Those who were asked are waited for until the alarm.
    pub(super) fn all_are_asked(&self, alarm: AlarmKey) {
        self.note(|state| state.alarm = Some(alarm));
    }

    pub(super) fn answered(&self, answer: Option<Args>) {
        self.note(|state| match answer {
            Some(args) => state.replies.push(args),
            None => state.missing += 1,
        });
    }

    /// Nobody is waited for any longer.
    pub(super) fn time_out(&self) {
        let asked = lock(&self.state).asked.clone();
        let forget = |(socket, id): &(Weak<SocketInner>, u64)| {
            let Some(socket) = socket.upgrade() else { return false };
            let is_silent = lock(&socket.state).acks.remove(id).is_some();
            if is_silent {
                socket.link.note_answered();
            }
            is_silent
        };
        let silent = asked.iter().filter(|asked| forget(asked)).count();
        self.note(|state| state.missing += silent);
    }

    /// Notes something. If nobody is waited for any longer the promise is kept, and under no lock:
    /// that wakes whoever waits for it.
    fn note(&self, change: impl FnOnce(&mut Gathering)) {
        let finished = {
            let mut state = lock(&self.state);
            change(&mut state);
            state.finish_if_complete()
        };
        if let Some((promise, alarm, result)) = finished {
            self.core.timers.call_off(alarm);
            promise.keep(result);
        }
    }
}

impl Gathering {
    /// What is to be done once nobody is waited for any longer.
    fn finish_if_complete(&mut self) -> Option<(Promise<Gathered>, AlarmKey, Gathered)> {
        let alarm = self.alarm?;
        if self.replies.len() + self.missing < self.asked.len() {
            return None;
        }
        let promise = self.promise.take()?;
        let (replies, missing) = (std::mem::take(&mut self.replies), self.missing);
        let result = if missing == 0 { Ok(replies) } else { Err(Partial { replies, missing }) };
        Some((promise, alarm, result))
    }
}
