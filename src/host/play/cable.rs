//! A client's socket, when a thread of matches carries it: what is to be written is framed into one
//! buffer and written in one go, by whoever has the connection's lock.

use super::{Inner, PlayConnection};
use crate::host::lock;
use crate::protocol::native::{Applied, Stage, begin_state};
use crate::protocol::websocket::{HEADER, Opcode, Reader, close, frame, seal};
use mio::net::TcpStream;
use std::io::{self, Write};
use std::net::Shutdown;
use std::task::Waker;

/// So many bytes leave the outbox at once.
const WRITTEN_AT_ONCE: usize = 64 << 10;
/// An empty buffer keeps so many bytes for what comes next.
const KEPT_MOST: usize = 2048;
/// With more than this waiting a ping is not answered: the next one will be.
const ANSWERED_MOST: usize = 1024;

/// A socket, and what is to be written to it.
pub(super) struct Cable {
    pub(super) stream: TcpStream,
    /// What is read of it goes here; not there while that is heard.
    pub(super) reader: Option<Box<Reader>>,
    /// Whether it is read with each tick of its match and not when something comes.
    pub(super) is_lazy: bool,
    pub(super) fate: Fate,
    /// Frames; up to `written` they are on their way.
    out: Vec<u8>,
    written: usize,
    /// Nothing follows after what is in `out`.
    pub(super) is_closing: bool,
    is_shut: bool,
}

/// What reading has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host) enum Fate {
    Open,
    /// What the client said waits for handlers; nothing is read until they have caught up.
    Paused,
    /// The client said goodbye.
    Left,
    /// The client cannot be reached any more.
    Lost,
}

/// How a connection is, now that as much as possible was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host) enum Flow {
    Open,
    /// The session is over; goodbye is to be said.
    Ended,
    /// The client cannot be reached.
    Gone,
}

impl Cable {
    pub(super) fn waiting(&self) -> usize {
        self.out.len() - self.written
    }

    /// Writes what the socket takes; says whether that was all.
    fn write(&mut self) -> io::Result<bool> {
        while self.written < self.out.len() {
            match (&self.stream).write(&self.out[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.written = 0;
        if self.out.capacity() > KEPT_MOST {
            self.out = Vec::new()
        } else {
            self.out.clear()
        }
        if self.is_closing && !std::mem::replace(&mut self.is_shut, true) {
            self.stream.shutdown(Shutdown::Write)?;
        }
        Ok(true)
    }
}

impl Inner {
    /// Frames what waits in the outbox, up to a measure.
    fn fill(&mut self) {
        let Some(cable) = self.cable.as_mut().filter(|cable| !cable.is_closing) else { return };
        while cable.waiting() < WRITTEN_AT_ONCE {
            let Some(packet) = self.session.poll_packet() else { break };
            frame(Opcode::Binary, &packet, &mut cable.out);
        }
        self.queued = 0;
    }

    /// Writes what can be written; an error is seen when it is read.
    pub(super) fn catch_up(&mut self) {
        self.fill();
        let _ = self.write();
    }

    /// Writes what is framed.
    fn write(&mut self) -> io::Result<()> {
        let Some(cable) = &mut self.cable else { return Err(io::ErrorKind::NotConnected.into()) };
        self.is_blocked = !cable.write()?;
        Ok(())
    }
}

impl PlayConnection {
    /// From now on this is how the client is reached.
    pub(in crate::host) fn attach(&self, stream: TcpStream, longest: usize) {
        let cable = Cable {
            stream,
            reader: Some(Box::new(Reader::new(longest))),
            is_lazy: false,
            fate: Fate::Open,
            out: Vec::new(),
            written: 0,
            is_closing: false,
            is_shut: false,
        };
        lock(&self.inner).cable = Some(cable);
    }

    /// The client cannot be reached any more.
    pub(in crate::host) fn detach(&self) {
        let cable = lock(&self.inner).cable.take();
        drop(cable);
        self.lose();
    }

    /// Does something with the socket, if it is there.
    pub(in crate::host) fn with_stream<T>(
        &self,
        act: impl FnOnce(&mut TcpStream) -> T,
    ) -> Option<T> {
        lock(&self.inner).cable.as_mut().map(|cable| act(&mut cable.stream))
    }

    /// Whether its socket took less than was to be written.
    pub(in crate::host) fn is_blocked(&self) -> bool {
        lock(&self.inner).is_blocked
    }

    /// The thread of the match that it is in.
    pub(in crate::host) fn home(&self) -> Option<usize> {
        lock(&self.inner).seat.as_ref().map(|seat| seat.thread())
    }

    /// Writes what waits; who is woken when something new does is `waker`.
    pub(in crate::host) fn flush(&self, waker: &Waker) -> Flow {
        let mut inner = lock(&self.inner);
        inner.fill();
        if inner.write().is_err() {
            return Flow::Gone;
        }
        if inner.session.stage() == Stage::Ended {
            return Flow::Ended;
        }
        if !inner.waker.as_ref().is_some_and(|before| before.will_wake(waker)) {
            inner.waker = Some(waker.clone());
        }
        Flow::Open
    }

    /// Says the last words, after what waits.
    pub(in crate::host) fn say_goodbye(&self) -> Flow {
        let (code, why) = self.goodbye();
        let mut inner = lock(&self.inner);
        inner.fill();
        if let Some(cable) = inner.cable.as_mut().filter(|cable| !cable.is_closing) {
            cable.out.extend(close(code, why));
            cable.is_closing = true;
        }
        if inner.write().is_ok() { Flow::Ended } else { Flow::Gone }
    }

    /// Answers a ping of the carrier's.
    pub(in crate::host) fn answer(&self, payload: &[u8]) {
        let mut inner = lock(&self.inner);
        let Some(cable) = inner.cable.as_mut().filter(|cable| !cable.is_closing) else { return };
        if cable.waiting() <= ANSWERED_MOST {
            frame(Opcode::Pong, payload, &mut cable.out);
            // Whether it could be written is seen with the next flush.
            let _ = inner.write();
        }
    }

    /// Sends a packet of the stream at once, after all that waits; says whether there is a cable to
    /// do so.
    pub(super) fn send_state_at_once(
        &self,
        after: Option<Applied>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> bool {
        let mut inner = lock(&self.inner);
        if inner.cable.is_none() {
            return false;
        }
        inner.fill();
        let Inner { cable: Some(cable), session, .. } = &mut *inner else { return false };
        if session.backlog() > 0 {
            // All of that goes first.
            return false;
        }
        if cable.is_closing || !session.hears_state() {
            return true;
        }
        append_state(&mut cable.out, after, write);
        if inner.write().is_err() {
            let waker = inner.waker.take();
            drop(inner);
            waker.into_iter().for_each(Waker::wake);
        }
        true
    }
}

/// Appends a frame with a packet of the stream; nothing if there is nothing to say.
fn append_state(out: &mut Vec<u8>, after: Option<Applied>, write: &mut dyn FnMut(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER]);
    begin_state(out, after);
    let begun = out.len();
    write(out);
    if out.len() == begun {
        return out.truncate(start);
    }
    seal(Opcode::Binary, start, out);
}
