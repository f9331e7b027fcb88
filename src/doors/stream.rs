//! A connection's bytes, encrypted or not.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::server::TlsStream;

/// One type for all connections. Who takes no byte for too long is given up.
#[derive(Debug)]
pub(super) struct Stream {
    bytes: Bytes,
    patience: Option<Duration>,
    /// When patience ends with a client that takes nothing.
    end: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
enum Bytes {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

macro_rules! either {
    ($self:expr, $stream:ident => $do:expr) => {
        match &mut $self.bytes {
            Bytes::Plain($stream) => $do,
            Bytes::Tls($stream) => $do,
        }
    };
}

impl Stream {
    pub(super) fn plain(stream: TcpStream, patience: Duration) -> Self {
        Self { bytes: Bytes::Plain(stream), patience: Some(patience), end: None }
    }

    pub(super) fn encrypted(stream: TlsStream<TcpStream>, patience: Duration) -> Self {
        Self { bytes: Bytes::Tls(Box::new(stream)), patience: Some(patience), end: None }
    }

    pub(super) fn is_plain(&self) -> bool {
        matches!(self.bytes, Bytes::Plain(_))
    }

    /// The bare stream, if it is not encrypted.
    pub(super) fn into_plain(self) -> io::Result<std::net::TcpStream> {
        match self.bytes {
            Bytes::Plain(stream) => stream.into_std(),
            Bytes::Tls(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// From now on whoever carries it knows for how long to wait.
    pub(super) fn wait_for_ever(&mut self) {
        self.patience = None;
        self.end = None;
    }

    fn lose_patience<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let Some(patience) = self.patience else { return written };
        if written.is_ready() {
            self.end = None;
            return written;
        }
        let end = self.end.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        end.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = either!(self, stream => Pin::new(stream).poll_write(context, bytes));
        self.lose_patience(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written =
            either!(self, stream => Pin::new(stream).poll_write_vectored(context, slices));
        self.lose_patience(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.bytes {
            Bytes::Plain(stream) => stream.is_write_vectored(),
            Bytes::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = either!(self, stream => Pin::new(stream).poll_flush(context));
        self.lose_patience(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = either!(self, stream => Pin::new(stream).poll_shutdown(context));
        self.lose_patience(context, shut)
    }
}
