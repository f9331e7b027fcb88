//! A WebSocket's bytes, both ways, in one task.
//!
//! The library reads: it knows masks, fragments, control frames and UTF-8. What is written is framed
//! already, once for all who are sent it, so frames go to the stream as they are, with the library's
//! few own answers between them.

use super::stream::Stream;
use crate::host::{Count, PlayConnection};
use crate::protocol::websocket::{CloseCode, close};
use bytes::{Buf, Bytes};
use futures_util::Stream as _;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

/// Most messages are short; long ones get room when they come.
const READ_BUFFER: usize = 2048;
/// After so many messages others have their turn.
const MESSAGES_AT_ONCE: usize = 16;
/// And after so long, for what some messages ask takes its time.
const TURN: Duration = Duration::from_micros(200);
/// So many bytes are taken from the outbox at once.
const WRITTEN_AT_ONCE: usize = 64 << 10;
const SLICES: usize = 16;
/// Pongs and the like that may wait to be written.
const ANSWERS_MOST: usize = 1024;
/// Of a client that was told goodbye so many bytes are read, until it hangs up.
const IGNORED_MOST: usize = 256 << 10;
/// Bytes that are no message yet, beyond those of the longest: for headers of many fragments.
const OVERHEAD: usize = 64 << 10;

/// What a WebSocket carries: one end of a connection.
pub(super) trait Line: Send + Unpin + 'static {
    /// Ready unless nothing more should be read for now.
    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()>;
    /// Whose it is, if a thread of matches may carry it.
    fn native(&self) -> Option<&Arc<PlayConnection>> {
        None
    }
    fn receive_text(&self, text: &str);
    fn receive_binary(&self, bytes: Bytes);
    fn receive_ping(&self);
    /// What is to be written next; `None`: nothing any more.
    fn poll_frames(&self, context: &mut Context<'_>) -> Poll<Option<Bytes>>;
    /// Ready once nobody cares any more for what is not written yet.
    fn poll_over(&self, context: &mut Context<'_>) -> Poll<()>;
    fn set_blocked(&self, is_blocked: bool);
    /// The client broke the rules of WebSockets.
    fn refuse(&self, count: Count, code: CloseCode, why: &'static str);
    /// The WebSocket is gone.
    fn lose(&self);
    fn goodbye(&self) -> (CloseCode, &'static str);
}

/// Carries a WebSocket until it is over.
pub(super) async fn run<L: Line>(
    stream: Stream,
    begun: Vec<u8>,
    longest: usize,
    goodbye: Duration,
    line: L,
) {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(4096)
        .max_message_size(Some(longest))
        .max_frame_size(Some(longest));
    let reading =
        Reading { stream, answers: Vec::new(), unfinished: 0, most: 2 * longest + OVERHEAD };
    let socket =
        WebSocketStream::from_partially_read(reading, begun, Role::Server, Some(config)).await;
    let mut pump =
        Pump { socket, line, waiting: VecDeque::new(), is_blocked: false, needs_flush: false };
    if poll_fn(|context| pump.poll(context)).await == End::Theirs {
        pump.line.lose();
    }
    let _ = tokio::time::timeout(goodbye, pump.say_goodbye()).await;
    pump.line.lose();
}

/// Who ended a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ours,
    Theirs,
}

struct Pump<L> {
    socket: WebSocketStream<Reading>,
    line: L,
    /// What left the outbox and is not written yet.
    waiting: VecDeque<Bytes>,
    is_blocked: bool,
    needs_flush: bool,
}

impl<L: Line> Pump<L> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        let read = self.poll_read(context);
        match self.poll_write(context) {
            Poll::Ready(Ok(())) => Poll::Ready(End::Ours),
            Poll::Ready(Err(_)) => Poll::Ready(End::Theirs),
            Poll::Pending => read,
        }
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<End> {
        let begun = Instant::now();
        for _ in 0..MESSAGES_AT_ONCE {
            // Who does not take the answers to its pings is not heard. Writing wakes this task.
            if self.socket.get_ref().answers.len() > ANSWERS_MOST {
                return Poll::Pending;
            }
            ready!(self.line.poll_ready(context));
            let message = ready!(Pin::new(&mut self.socket).poll_next(context));
            self.socket.get_mut().unfinished = 0;
            match message {
                Some(Ok(Message::Text(text))) => self.line.receive_text(&text),
                Some(Ok(Message::Binary(bytes))) => self.line.receive_binary(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => self.line.receive_ping(),
                Some(Ok(Message::Close(_) | Message::Frame(_))) | None => {
                    return Poll::Ready(End::Theirs);
                }
                Some(Err(error)) => return Poll::Ready(self.blame(&error)),
            }
            if begun.elapsed() > TURN {
                break;
            }
        }
        // Woken at once it would come again before the network is looked at for the others.
        let _ = std::pin::pin!(tokio::task::yield_now()).poll(context);
        Poll::Pending
    }

    /// Tells apart a client that broke the rules from one that is just gone.
    fn blame(&self, error: &Error) -> End {
        let (count, code, why) = match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                (Count::TooLong, CloseCode::TooBig, "the message is too long")
            }
            Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                (Count::BadFrames, CloseCode::Policy, "too many fragments")
            }
            Error::Io(_)
            | Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return End::Theirs,
            _ => (Count::BadFrames, CloseCode::Protocol, "no proper WebSocket frame"),
        };
        self.line.refuse(count, code, why);
        End::Ours
    }

    /// Ready when everything is written and nothing more will come.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let is_over = self.fill(context);
            if self.waiting.is_empty() {
                return self.poll_flush(is_over, context);
            }
            let Poll::Ready(written) = self.write_some(context) else {
                return self.wait_for_room(context);
            };
            self.needs_flush = true;
            self.advance(written?);
        }
    }

    /// Encryption may hold bytes back that it has taken.
    fn poll_flush(&mut self, is_over: bool, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.needs_flush {
            let Poll::Ready(flushed) =
                Pin::new(&mut self.socket.get_mut().stream).poll_flush(context)
            else {
                return self.wait_for_room(context);
            };
            flushed?;
            self.needs_flush = false;
        }
        self.note_blocked(false);
        if is_over { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// The client takes no more bytes; that may last for ever, so the end is looked out for.
    fn wait_for_room(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.note_blocked(true);
        self.line.poll_over(context).map(Ok)
    }

    /// Takes what is to be written; says whether nothing will follow.
    fn fill(&mut self, context: &mut Context<'_>) -> bool {
        let mut bytes: usize = self.waiting.iter().map(Bytes::len).sum();
        if bytes >= WRITTEN_AT_ONCE {
            return false;
        }
        let answers = std::mem::take(&mut self.socket.get_mut().answers);
        if !answers.is_empty() {
            bytes += answers.len();
            self.waiting.push_back(answers.into());
        }
        while bytes < WRITTEN_AT_ONCE {
            match self.line.poll_frames(context) {
                Poll::Ready(Some(frames)) => {
                    bytes += frames.len();
                    self.waiting.push_back(frames);
                }
                Poll::Ready(None) => return true,
                Poll::Pending => return false,
            }
        }
        false
    }

    fn write_some(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = self.waiting.len().min(SLICES);
        for (slice, bytes) in slices.iter_mut().zip(&self.waiting) {
            *slice = IoSlice::new(bytes);
        }
        let stream = Pin::new(&mut self.socket.get_mut().stream);
        match ready!(stream.poll_write_vectored(context, &slices[..count])) {
            Ok(0) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            written => Poll::Ready(written),
        }
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(first) = self.waiting.front_mut() {
            if written < first.len() {
                return first.advance(written);
            }
            written -= first.len();
            self.waiting.pop_front();
        }
        // An idle connection keeps nothing.
        self.waiting = VecDeque::new();
    }

    fn note_blocked(&mut self, is_blocked: bool) {
        if std::mem::replace(&mut self.is_blocked, is_blocked) != is_blocked {
            self.line.set_blocked(is_blocked);
        }
    }

    /// Writes what is left and waits until the client has hung up, lest it miss the last bytes.
    async fn say_goodbye(&mut self) -> io::Result<()> {
        let (code, why) = self.line.goodbye();
        self.waiting.push_back(close(code, why).into());
        while !self.waiting.is_empty() {
            let written = poll_fn(|context| self.write_some(context)).await?;
            self.advance(written);
        }
        let stream = &mut self.socket.get_mut().stream;
        stream.flush().await?;
        stream.shutdown().await?;
        // Not within the task, which would be twice as large for it.
        let mut ignored = vec![0; 4096];
        let mut bytes = 0;
        while bytes < IGNORED_MOST {
            match stream.read(&mut ignored).await? {
                0 => return Ok(()),
                read => bytes += read,
            }
        }
        // Whoever goes on regardless is not read any more, until its time is up.
        std::future::pending().await
    }
}

/// The stream as the library sees it: what it writes is put aside.
struct Reading {
    stream: Stream,
    /// Pongs and the like.
    answers: Vec<u8>,
    /// Bytes since the last message.
    unfinished: usize,
    most: usize,
}

impl AsyncRead for Reading {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unfinished > self.most {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.unfinished += buffer.filled().len() - before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Reading {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.answers.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
