//! What comes from a client whose socket a thread of matches carries.

use super::cable::{Cable, Fate};
use super::{Inner, PlayConnection};
use crate::host::counters::Count;
use crate::host::lock;
use crate::protocol::native::{FromClient, ProtocolError, Stage};
use crate::protocol::websocket::{CloseCode, FrameError, Heard};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::task::Waker;

/// What a client said and nobody has heard yet: so many packets, and so many bytes.
const UNHEARD_MOST: usize = 64;
const UNHEARD_BYTES_MOST: usize = 64 << 10;
/// What a tick reads of one player at once, and how often.
const TICK_BUFFER: usize = 2048;
const TICK_READS: usize = 8;

/// What waits to be heard.
#[derive(Default)]
pub(super) struct Unheard {
    packets: VecDeque<Bytes>,
    bytes: usize,
    /// Whether somebody is hearing them.
    is_heard: bool,
}

/// How much was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::host) enum Pulled {
    /// All there was.
    All,
    /// Perhaps not all.
    More,
    /// So many bytes were ignored: nothing the client says counts any more.
    Ignored(usize),
    /// Nothing more is to be read, for the reason that its fate or its session says.
    Stopped,
}

/// What became of a packet that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    GoesOn,
    /// It was taken; no more until there is room.
    Full,
    /// The session is over.
    Ended,
}

impl PlayConnection {
    /// Reads and hears what came, as far as a buffer holds it.
    pub(in crate::host) fn pull(&self, buffer: &mut [u8]) -> Pulled {
        let read = {
            let mut inner = lock(&self.inner);
            let Some(cable) = &mut inner.cable else { return Pulled::Stopped };
            if cable.fate != Fate::Open && !cable.is_closing {
                return Pulled::Stopped;
            }
            match cable.read(buffer) {
                Ok(Some(read)) if cable.is_closing => return Pulled::Ignored(read),
                Ok(Some(read)) => read,
                Ok(None) => return Pulled::All,
                Err(_) => {
                    cable.fate = Fate::Lost;
                    return Pulled::Stopped;
                }
            }
        };
        if !self.hear_bytes(&mut buffer[..read]) {
            return Pulled::Stopped;
        }
        if read < buffer.len() { Pulled::All } else { Pulled::More }
    }

    /// The same from within a tick, if that is how it is read.
    pub(in crate::host) fn pull_lazily(&self) {
        {
            let mut inner = lock(&self.inner);
            if !inner.cable.as_ref().is_some_and(|cable| cable.is_lazy) {
                return;
            }
            if inner.is_blocked {
                // Nobody else looks whether there is room again.
                inner.catch_up();
            }
        }
        let mut buffer = [0; TICK_BUFFER];
        for _ in 0..TICK_READS {
            match self.pull(&mut buffer) {
                Pulled::More => {}
                Pulled::All => break,
                Pulled::Ignored(_) | Pulled::Stopped => {
                    let waker = lock(&self.inner).waker.take();
                    return waker.into_iter().for_each(Waker::wake);
                }
            }
        }
    }

    /// Hears bytes as they came; says whether more may be read.
    pub(in crate::host) fn hear_bytes(&self, bytes: &mut [u8]) -> bool {
        let reader = lock(&self.inner).cable.as_mut().and_then(|cable| cable.reader.take());
        let Some(mut reader) = reader else { return false };
        let (mut goes_on, mut fate) = (true, Fate::Open);
        let taken = reader.take(bytes, &mut |heard| {
            match heard {
                Heard::Binary(packet) => match self.take(packet) {
                    Taken::GoesOn => {}
                    Taken::Full => fate = Fate::Paused,
                    Taken::Ended => goes_on = false,
                },
                Heard::Text(_) => {
                    self.fail(ProtocolError::TextMessage);
                    goes_on = false;
                }
                Heard::Ping(payload) => {
                    self.receive_ping();
                    self.answer(payload);
                }
                Heard::Pong => self.receive_ping(),
                Heard::Close => fate = Fate::Left,
            }
            goes_on &= fate == Fate::Open;
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        if let Err(error) = taken {
            let (count, code, why) = blame(error);
            self.cut(count, code, why);
            goes_on = false;
        }
        if let Some(cable) = &mut lock(&self.inner).cable {
            cable.reader = Some(reader);
            cable.fate = fate;
        }
        goes_on
    }

    /// What reading has come to.
    pub(in crate::host) fn fate(&self) -> Fate {
        lock(&self.inner).cable.as_ref().map_or(Fate::Lost, |cable| cable.fate)
    }

    /// From now on it is read with each tick, or when something comes; says whether that is new.
    pub(in crate::host) fn set_lazy(&self, is_lazy: bool) -> bool {
        let mut inner = lock(&self.inner);
        let Some(cable) = &mut inner.cable else { return false };
        std::mem::replace(&mut cable.is_lazy, is_lazy) != is_lazy
    }

    /// Takes a packet. What concerns the running match is heard at once; the rest, in its order, by
    /// a task: handlers may take their time.
    fn take(&self, packet: &[u8]) -> Taken {
        {
            let mut inner = lock(&self.inner);
            if inner.session.stage() == Stage::Ended {
                return Taken::Ended;
            }
            if inner.unheard.is_heard || !FromClient::is_light(packet) {
                let is_new = inner.unheard.push(packet);
                let is_full = inner.unheard.is_full();
                drop(inner);
                if let (true, Some(me)) = (is_new, self.me.upgrade()) {
                    tokio::spawn(async move { me.hear_all().await });
                }
                return if is_full { Taken::Full } else { Taken::GoesOn };
            }
        }
        self.receive(packet);
        Taken::GoesOn
    }

    /// Goes on with what was put off, if there is room; says whether it was.
    pub(in crate::host) fn go_on(&self) -> bool {
        {
            let mut inner = lock(&self.inner);
            let Inner { cable: Some(cable), unheard, .. } = &mut *inner else { return false };
            if cable.fate != Fate::Paused || unheard.is_full() {
                return false;
            }
            cable.fate = Fate::Open;
        }
        self.hear_bytes(&mut [])
    }

    async fn hear_all(&self) {
        loop {
            std::future::poll_fn(|context| self.poll_ready(context)).await;
            let (packet, waker) = {
                let mut inner = lock(&self.inner);
                let was_full = inner.unheard.is_full();
                let packet = inner.unheard.pop();
                (packet, if was_full { inner.waker.take() } else { None })
            };
            waker.into_iter().for_each(Waker::wake);
            match packet {
                Some(packet) => self.receive(&packet),
                None => return,
            }
            if self.is_over() {
                lock(&self.inner).unheard = Unheard::default();
                return;
            }
        }
    }
}

impl Unheard {
    /// Keeps a packet; says whether nobody is hearing yet.
    fn push(&mut self, packet: &[u8]) -> bool {
        self.bytes += packet.len();
        self.packets.push_back(Bytes::copy_from_slice(packet));
        !std::mem::replace(&mut self.is_heard, true)
    }

    /// The next packet; if there is none nobody hears any more.
    fn pop(&mut self) -> Option<Bytes> {
        let packet = self.packets.pop_front();
        match &packet {
            Some(packet) => self.bytes -= packet.len(),
            None => *self = Self::default(),
        }
        packet
    }

    fn is_full(&self) -> bool {
        self.packets.len() >= UNHEARD_MOST || self.bytes >= UNHEARD_BYTES_MOST
    }
}

impl Cable {
    /// Reads what is there; none: nothing. An end is an error.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            return match (&self.stream).read(buffer) {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => Ok(Some(read)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
        }
    }
}

fn blame(error: FrameError) -> (Count, CloseCode, &'static str) {
    match error {
        FrameError::TooLong => (Count::TooLong, CloseCode::TooBig, "the message is too long"),
        FrameError::Fragments => (Count::BadFrames, CloseCode::Policy, "too many fragments"),
        FrameError::Improper(_) => {
            (Count::BadFrames, CloseCode::Protocol, "no proper WebSocket frame")
        }
    }
}
