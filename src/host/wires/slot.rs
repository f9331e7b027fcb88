//! One connection of a reactor: what came of it, in frames.

use super::super::PlayConnection;
use super::super::counters::Count;
use crate::host::play::Taken;
use crate::protocol::native::ProtocolError;
use crate::protocol::websocket::{CloseCode, FrameError, Heard, Reader};
use std::any::Any;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::Waker;

/// A connection on its way to a thread, or there.
pub(super) struct Slot {
    pub(super) client: Arc<PlayConnection>,
    reader: Reader,
    /// What came before it was here.
    pub(super) begun: Vec<u8>,
    pub(super) stage: Stage,
    /// How it tells that something waits; made anew at each thread.
    pub(super) waker: Option<Waker>,
    /// Tells it from others that had its key.
    pub(super) serial: u64,
    /// How much of it was ignored after the end.
    pub(super) ignored: usize,
    _guard: Box<dyn Any + Send>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Open,
    /// What it said waits for handlers; nothing is read until they have caught up.
    Paused,
    /// It was told goodbye, or will be once it takes that.
    Closing,
}

/// What follows from what was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    GoesOn,
    Pause,
    /// The session is over: what waits is still said.
    Ended,
    /// The client said goodbye.
    Left,
}

impl Slot {
    pub(super) fn new(
        client: Arc<PlayConnection>,
        begun: Vec<u8>,
        longest: usize,
        guard: Box<dyn Any + Send>,
    ) -> Self {
        Self {
            client,
            reader: Reader::new(longest),
            begun,
            stage: Stage::Open,
            waker: None,
            serial: 0,
            ignored: 0,
            _guard: guard,
        }
    }

    /// Hears bytes as they came.
    pub(super) fn hear(&mut self, bytes: &mut [u8]) -> Next {
        let client = &self.client;
        let mut next = Next::GoesOn;
        let taken = self.reader.take(bytes, &mut |heard| {
            match heard {
                Heard::Binary(packet) => match client.take(packet) {
                    Taken::GoesOn => {}
                    Taken::Full => next = Next::Pause,
                    Taken::Ended => next = Next::Ended,
                },
                Heard::Text(_) => {
                    client.fail(ProtocolError::TextMessage);
                    next = Next::Ended;
                }
                Heard::Ping(payload) => {
                    client.receive_ping();
                    client.answer(payload);
                }
                Heard::Pong => client.receive_ping(),
                Heard::Close => next = Next::Left,
            }
            if next == Next::GoesOn { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        match taken {
            Ok(()) => next,
            Err(error) => {
                let (count, code, why) = blame(error);
                client.cut(count, code, why);
                Next::Ended
            }
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
