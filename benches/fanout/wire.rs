//! A client's end of a WebSocket, without a task or a wait: what comes is taken apart where it lies,
//! what goes out waits until the network takes it.

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

/// What asks for a WebSocket.
pub(crate) const REQUEST: &str = "GET /play HTTP/1.1\r\nhost: bench\r\nupgrade: websocket\r\n\
    connection: Upgrade\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// First bytes of frames.
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
const MASKED: u8 = 0x80;
/// EINPROGRESS, which the standard library does not name.
const IN_PROGRESS: i32 = 115;
const READ_BUFFER: usize = 16 << 10;

/// What came in one frame.
pub(crate) enum Frame<'a> {
    Binary(&'a [u8]),
    /// The end, with its code.
    Close(u16),
    Other,
}

pub(crate) struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
    out: Vec<u8>,
    is_open: bool,
    is_gone: bool,
}

impl Wire {
    /// Connects and asks for nothing yet. `receives` is how many bytes the network may keep for a
    /// client that does not read; none: as many as it likes.
    pub(crate) fn connect(
        address: SocketAddr,
        token: Token,
        registry: &Registry,
        receives: Option<usize>,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if let Some(receives) = receives {
            socket.set_recv_buffer_size(receives)?;
        }
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        match socket.connect(&address.into()) {
            // What is written before it is connected waits.
            Err(error) if error.raw_os_error() == Some(IN_PROGRESS) => {}
            connected => connected?,
        }
        let mut stream = TcpStream::from_std(socket.into());
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { stream, received: Vec::new(), out: Vec::new(), is_open: false, is_gone: false })
    }

    /// The same, and asks for a WebSocket.
    pub(crate) fn upgrade(
        address: SocketAddr,
        token: Token,
        registry: &Registry,
        receives: Option<usize>,
    ) -> io::Result<Self> {
        let mut wire = Self::connect(address, token, registry, receives)?;
        wire.write(REQUEST.as_bytes());
        Ok(wire)
    }

    /// Whether it is a WebSocket by now.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the other end is gone, or is none.
    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// What came, up to the end of what is there, for [`next_frame`]; what that leaves over is to be
    /// given back.
    pub(crate) fn read(&mut self) -> Vec<u8> {
        let mut buffer = [0; READ_BUFFER];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.is_gone = true,
                Ok(read) => {
                    self.received.extend_from_slice(&buffer[..read]);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => self.is_gone = true,
            }
            break;
        }
        if !self.is_open {
            let end = self.received.windows(4).position(|window| window == b"\r\n\r\n");
            let Some(end) = end else { return Vec::new() };
            self.is_gone |= !self.received.starts_with(b"HTTP/1.1 101");
            self.is_open = true;
            self.received.drain(..end + 4);
        }
        std::mem::take(&mut self.received)
    }

    /// Takes back what [`Self::read`] gave, of which so much was used.
    pub(crate) fn keep(&mut self, mut bytes: Vec<u8>, used: usize) {
        bytes.drain(..used);
        self.received = bytes;
    }

    /// Says a packet.
    pub(crate) fn say(&mut self, packet: &[u8]) {
        self.frame(BINARY, packet);
        self.flush();
    }

    /// Puts a frame behind what waits, masked with zeros.
    pub(crate) fn frame(&mut self, first: u8, payload: &[u8]) {
        self.out.push(first);
        match payload.len() {
            length @ 0..126 => self.out.push(MASKED | length as u8),
            length @ 126..0x1_0000 => {
                self.out.push(MASKED | 126);
                self.out.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                self.out.push(MASKED | 127);
                self.out.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        self.out.extend_from_slice(&[0; 4]);
        self.out.extend_from_slice(payload);
    }

    /// Writes bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.flush();
    }

    /// Writes what waits, as far as the network takes it.
    pub(crate) fn flush(&mut self) {
        let mut written = 0;
        while written < self.out.len() && !self.is_gone {
            match self.stream.write(&self.out[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.is_gone = true,
            }
        }
        self.out.drain(..written);
    }

    /// Ends without a word, not even those of TCP's polite end.
    pub(crate) fn reset(self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

/// The first frame of these bytes if all of it is there, and how long it is.
pub(crate) fn next_frame(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (header, length) = match length {
        126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
        length => (2, usize::from(*length)),
    };
    let payload = bytes.get(header..header + length)?;
    let frame = match *first {
        BINARY => Frame::Binary(payload),
        CLOSE => Frame::Close(payload.first_chunk().map_or(0, |code| u16::from_be_bytes(*code))),
        _ => Frame::Other,
    };
    Some((frame, header + length))
}
