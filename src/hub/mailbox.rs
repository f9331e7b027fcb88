//! The events of one socket, handled one after the other in the order in which they came.
//!
//! As long as handlers finish at once, no task is made and nothing waits. A handler that takes its
//! time hands the rest of the work to a task; what comes meanwhile waits in the mailbox.

use super::acks::Ack;
use super::link::LinkInner;
use super::listeners::Handler;
use super::middleware::{Filter, Refused};
use super::socket::Socket;
use super::{Fault, Task, lock};
use crate::event::Event;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll};

/// An event and the number under which an answer to it is expected.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) event: Event,
    pub(super) ack: Option<u64>,
}

impl Job {
    fn bytes(&self) -> usize {
        self.event.name.len() + self.event.args.bytes()
    }
}

/// What waits while another event is handled.
#[derive(Debug)]
pub(super) struct Mailbox {
    queue: VecDeque<Job>,
    /// Whether somebody is at it; a socket begins busy, until its connection handlers have run.
    is_busy: bool,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self { queue: VecDeque::new(), is_busy: true }
    }
}

impl Mailbox {
    /// Takes a job; gives it back if it can be done at once.
    fn put(&mut self, job: Job, link: &LinkInner) -> Option<Job> {
        if self.is_busy {
            link.note_waiting(job.bytes());
            self.queue.push_back(job);
            return None;
        }
        self.is_busy = true;
        Some(job)
    }

    fn next(&mut self) -> Option<Job> {
        let next = self.queue.pop_front();
        if next.is_none() {
            self.is_busy = false;
            self.queue = VecDeque::new();
        }
        next
    }

    /// Forgets what waits; says how much that was, in events and bytes.
    pub(super) fn clear(&mut self) -> (usize, usize) {
        let queue = std::mem::take(&mut self.queue);
        (queue.len(), queue.iter().map(Job::bytes).sum())
    }
}

impl Socket {
    /// Takes an event in its turn.
    pub(super) fn take_event(&self, job: Job) {
        let first = {
            let mut state = lock(&self.0.state);
            if !state.is_connected {
                return;
            }
            state.mailbox.put(job, &self.0.link)
        };
        if let Some(job) = first {
            self.work(Some(job));
        }
    }

    /// Handles an event and what came meanwhile.
    pub(super) fn work(&self, first: Option<Job>) {
        let mut next = first.or_else(|| self.next_job());
        while let Some(job) = next {
            if let Some(rest) = self.handle(job) {
                let socket = self.clone();
                let task = async move {
                    rest.await;
                    socket.work(None);
                };
                self.core().surroundings.spawn(Box::pin(task));
                return;
            }
            next = self.next_job();
        }
    }

    fn next_job(&self) -> Option<Job> {
        let job = lock(&self.0.state).mailbox.next();
        job.iter().for_each(|job| self.0.link.note_handled(1, job.bytes()));
        job
    }

    /// Does what can be done at once; gives what takes longer.
    fn handle(&self, job: Job) -> Option<Task> {
        self.hear_all(&job);
        let filters = lock(&self.0.state).filters.clone();
        if filters.iter().any(|filter| matches!(filter, Filter::Later(_))) {
            let socket = self.clone();
            return Some(Box::pin(async move { socket.filter_and_hear(filters, job).await }));
        }
        for filter in &filters {
            let Filter::Now(filter) = filter else { continue };
            let verdict = self.guarded(&job.event.name, || filter(self, &job.event));
            if let Err(refused) = verdict.unwrap_or_else(|| Err(Refused::new("internal error"))) {
                self.refuse(&job.event, &refused);
                return None;
            }
        }
        self.hear(job)
    }

    async fn filter_and_hear(&self, filters: Vec<Filter>, job: Job) {
        for filter in filters {
            let verdict = match filter {
                Filter::Now(filter) => self.guarded(&job.event.name, || filter(self, &job.event)),
                Filter::Later(filter) => {
                    let ask = || filter(self.clone(), job.event.clone());
                    self.caught(&job.event.name, ask).await
                }
            };
            if let Err(refused) = verdict.unwrap_or_else(|| Err(Refused::new("internal error"))) {
                return self.refuse(&job.event, &refused);
            }
        }
        if let Some(rest) = self.hear(job) {
            rest.await;
        }
    }

    /// Lets those hear an event who hear all, whatever middleware thinks of it.
    fn hear_all(&self, job: &Job) {
        let mut handlers = Vec::new();
        self.namespace().hear_all(&mut handlers);
        lock(&self.0.state).listeners.hear_all(&mut handlers);
        for handler in handlers {
            let none = self.call(&handler, job, &Arc::default());
            debug_assert!(none.is_none(), "those that hear all are done at once");
        }
    }

    /// Lets the listeners of an event hear it; gives what takes longer.
    fn hear(&self, job: Job) -> Option<Task> {
        let mut handlers = Vec::new();
        self.namespace().hear(&job.event.name, &mut handlers);
        {
            let mut state = lock(&self.0.state);
            if !state.is_connected {
                return None;
            }
            state.listeners.hear(&job.event.name, &mut handlers);
        }
        let is_sent = Arc::new(AtomicBool::new(false));
        let mut handlers = handlers.into_iter();
        while let Some(handler) = handlers.next() {
            if let Some(task) = self.call(&handler, &job, &is_sent) {
                let socket = self.clone();
                return Some(Box::pin(async move {
                    task.await;
                    for handler in handlers {
                        if let Some(task) = socket.call(&handler, &job, &is_sent) {
                            task.await;
                        }
                    }
                }));
            }
        }
        None
    }

    /// Calls one handler; gives what the next one must wait for.
    fn call(&self, handler: &Handler, job: &Job, is_sent: &Arc<AtomicBool>) -> Option<Task> {
        let event = &job.event;
        let ack = Ack::new(self, job.ack, is_sent);
        let made = match handler {
            Handler::Now(handler) => {
                self.guarded(&event.name, || handler(self, event, ack));
                return None;
            }
            Handler::InTurn(handler) | Handler::Detached(handler) => {
                self.guarded(&event.name, || handler(self, event, ack)).flatten()?
            }
        };
        let (socket, name) = (self.clone(), event.name.clone());
        let task = Box::pin(async move {
            socket.caught(&name, || made).await;
        });
        if matches!(handler, Handler::Detached(_)) {
            self.core().surroundings.spawn(task);
            return None;
        }
        Some(task)
    }

    /// Runs code of others; a panic in it is reported and goes no further.
    pub(super) fn guarded<T>(&self, event: &str, run: impl FnOnce() -> T) -> Option<T> {
        catch_unwind(AssertUnwindSafe(run)).map_err(|_| self.report_panic(event)).ok()
    }

    /// The same for what takes longer.
    pub(super) async fn caught<F: Future + Unpin>(
        &self,
        event: &str,
        make: impl FnOnce() -> F,
    ) -> Option<F::Output> {
        let output = Caught(self.guarded(event, make)?).await;
        if output.is_none() {
            self.report_panic(event);
        }
        output
    }

    fn report_panic(&self, event: &str) {
        self.core().surroundings.report(&Fault::Panic {
            namespace: self.namespace().name().into(),
            event: event.into(),
            socket: self.id(),
        });
    }
}

struct Caught<F>(F);

impl<F: Future + Unpin> Future for Caught<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut self.0).poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    }
}
