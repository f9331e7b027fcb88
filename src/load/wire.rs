//! A client's end of a WebSocket, without a task or a wait: what comes is taken apart where it lies,
//! what goes out waits until the network takes it.

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, SockRef, Socket, Type};
use std::io::{self, IoSliceMut, Write};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

/// What asks for a WebSocket at this path of this host.
#[must_use]
pub fn request(path: &str, host: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// The first byte of a text frame.
pub const TEXT: u8 = 0x81;
/// Of a binary one.
pub const BINARY: u8 = 0x82;
/// Of the last one.
pub const CLOSE: u8 = 0x88;
/// Of a ping.
pub const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const MASKED: u8 = 0x80;
/// EINPROGRESS, which the standard library does not name.
const IN_PROGRESS: i32 = 115;
/// A server that says or takes nothing whole for so many bytes is none.
const WAITS_MOST: usize = 8 << 20;
/// A status line is no longer.
const STATUS_MOST: usize = 100;
/// The end without a code.
const NO_CODE: u16 = 1005;
const READ_BUFFER: usize = 4 << 10;

/// What came in one frame.
pub enum Frame<'a> {
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping, to be answered with the same.
    Ping(&'a [u8]),
    /// The end, with its code and what is said about it.
    Close(u16, &'a [u8]),
    /// Anything else.
    Other,
}

/// A client's end of a connection.
pub struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
    out: Vec<u8>,
    /// Where the kernel writes when something came.
    stamp: Vec<u8>,
    is_open: bool,
    is_upgraded: bool,
    /// Whether the other end has said all.
    has_ended: bool,
    is_gone: bool,
}

impl Wire {
    /// Connects and asks for nothing yet. `receives` is how many bytes the network may keep for a
    /// client that does not read; none: as many as it likes.
    pub fn connect(
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
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        match socket.connect(&address.into()) {
            // What is written before it is connected waits.
            Err(error) if error.raw_os_error() == Some(IN_PROGRESS) => {}
            connected => connected?,
        }
        let mut stream = TcpStream::from_std(socket.into());
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            received: Vec::new(),
            out: Vec::new(),
            stamp: cmsg_space!(TimeSpec),
            is_open: false,
            is_upgraded: false,
            has_ended: false,
            is_gone: false,
        })
    }

    /// The same, and asks for a WebSocket.
    pub fn upgrade(
        address: SocketAddr,
        request: &str,
        token: Token,
        registry: &Registry,
        receives: Option<usize>,
    ) -> io::Result<Self> {
        let mut wire = Self::connect(address, token, registry, receives)?;
        wire.write(request.as_bytes());
        Ok(wire)
    }

    /// Whether it is a WebSocket by now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether the other end is gone, or is none.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Why it never became a WebSocket, if it is gone and never did.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        if !self.is_gone || self.is_upgraded {
            return None;
        }
        let head = String::from_utf8_lossy(&self.received[..self.received.len().min(STATUS_MOST)]);
        let status = head.lines().next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
        Some(status.map_or("the connection was not accepted".into(), |it| format!("answered {it}")))
    }

    /// The other end has said all that it will: it is gone once that was read.
    pub fn ends(&mut self) {
        self.has_ended = true;
    }

    /// Puts what came into a buffer, for [`next_frame`]; what that leaves over is to be kept. Gives
    /// when the last of it came to this machine, as the system's clock has it: however late this
    /// process looks.
    pub fn read(&mut self, buffer: &mut Vec<u8>) -> Option<Duration> {
        buffer.clear();
        buffer.append(&mut self.received);
        let mut came = None;
        loop {
            let had = buffer.len();
            buffer.resize(had + READ_BUFFER, 0);
            let received = self.receive(&mut buffer[had..]);
            let count = received.as_ref().map_or(0, |(count, _)| *count);
            buffer.truncate(had + count);
            match received {
                Ok((0, _)) => self.is_gone = true,
                Ok((_, at)) => {
                    came = at.or(came);
                    // With less than that there was no more, unless it is the end.
                    if count == READ_BUFFER || self.has_ended {
                        continue;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => self.is_gone = true,
            }
            break;
        }
        if !self.is_open {
            self.hear_the_answer(buffer);
        }
        came
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<(usize, Option<Duration>)> {
        let (stream, stamp) = (self.stream.as_raw_fd(), &mut self.stamp);
        let mut parts = [IoSliceMut::new(buffer)];
        let message = recvmsg::<()>(stream, &mut parts, Some(stamp), MsgFlags::empty())?;
        let at = message.cmsgs()?.find_map(|it| match it {
            ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
            _ => None,
        });
        Ok((message.bytes, at))
    }

    /// Looks for the server's answer at the beginning of what it says.
    fn hear_the_answer(&mut self, buffer: &mut Vec<u8>) {
        let end = buffer.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = end else {
            self.received.append(buffer);
            self.is_gone |= self.received.len() > WAITS_MOST;
            return;
        };
        self.is_upgraded = buffer.starts_with(b"HTTP/1.1 101");
        self.is_open = true;
        if !self.is_upgraded {
            self.is_gone = true;
            self.received.append(buffer);
            return;
        }
        buffer.drain(..end + 4);
    }

    /// Keeps what was not used of what was read.
    pub fn keep(&mut self, rest: &[u8]) {
        self.received.extend_from_slice(rest);
        self.is_gone |= rest.len() > WAITS_MOST;
    }

    /// Says a packet.
    pub fn say(&mut self, packet: &[u8]) {
        self.frame(BINARY, packet);
        self.flush();
    }

    /// Answers a ping.
    pub fn pong(&mut self, payload: &[u8]) {
        self.frame(PONG, payload);
        self.flush();
    }

    /// Puts a frame behind what waits, masked with zeros.
    pub fn frame(&mut self, first: u8, payload: &[u8]) {
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
    pub fn write(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.flush();
    }

    /// Writes what waits, as far as the network takes it.
    pub fn flush(&mut self) {
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
        self.is_gone |= self.out.len() > WAITS_MOST;
    }

    /// Ends without a word, not even those of TCP's polite end.
    pub fn reset(self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}

/// The first frame of these bytes if all of it is there, and how long it is.
#[must_use]
pub fn next_frame(bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
    let (first, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (header, length): (usize, usize) = match length {
        126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?),
        length => (2, usize::from(*length)),
    };
    let payload = bytes.get(header..header.checked_add(length)?)?;
    let frame = match *first {
        BINARY => Frame::Binary(payload),
        PING => Frame::Ping(payload),
        CLOSE => match payload.split_first_chunk() {
            Some((code, why)) => Frame::Close(u16::from_be_bytes(*code), why),
            None => Frame::Close(NO_CODE, b""),
        },
        _ => Frame::Other,
    };
    Some((frame, header + length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Events, Poll};
    use std::io::Read;
    use std::net::{Shutdown, TcpListener};
    use std::time::SystemTime;

    const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

    fn clock() -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
    }

    /// A client that asked for a WebSocket, what it waits with, and the server's end.
    fn asked() -> (Wire, Poll, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let poll = Poll::new().unwrap();
        let asks = request("/play", "here");
        let mut wire = Wire::upgrade(address, &asks, Token(0), poll.registry(), None).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        wire.flush();
        server.read_exact(&mut vec![0; asks.len()]).unwrap();
        (wire, poll, server)
    }

    #[test]
    fn what_comes_with_the_end_is_read_and_so_is_the_end() {
        let (mut wire, mut poll, mut server) = asked();
        let goodbye = [&[CLOSE, 5][..], &1008u16.to_be_bytes(), b"why"].concat();
        server.write_all(&[ANSWER, &[BINARY, 1, 7], &goodbye].concat()).unwrap();
        server.shutdown(Shutdown::Write).unwrap();
        // One look, after all of it has come.
        let mut events = Events::with_capacity(8);
        let mut ends = false;
        while !ends {
            poll.poll(&mut events, None).unwrap();
            ends |= events.iter().any(|event| event.is_read_closed());
        }
        wire.ends();
        let mut bytes = Vec::new();
        wire.read(&mut bytes);
        let (frame, length) = next_frame(&bytes).unwrap();
        assert!(matches!(frame, Frame::Binary([7])));
        assert!(matches!(next_frame(&bytes[length..]), Some((Frame::Close(1008, b"why"), 7))));
        assert!(wire.is_open() && wire.is_gone() && wire.refusal().is_none());
    }

    #[test]
    fn the_kernel_says_when_it_came() {
        let (mut wire, mut poll, mut server) = asked();
        let (mut bytes, mut last) = (Vec::new(), None);
        server.write_all(ANSWER).unwrap();
        // It begins to a little after it was asked to, and only then is there anything to wait for.
        while last.is_none() {
            server.write_all(&[0]).unwrap();
            poll.poll(&mut Events::with_capacity(8), None).unwrap();
            last = wire.read(&mut bytes);
        }
        for length in [1, READ_BUFFER * 3] {
            server.write_all(&vec![0; length]).unwrap();
            let sent = clock();
            let mut came = None;
            while came.is_none() {
                poll.poll(&mut Events::with_capacity(8), None).unwrap();
                came = wire.read(&mut bytes);
            }
            assert!(last <= came && came <= Some(clock()), "{last:?} {came:?}");
            // It had come before this process looked.
            assert!(length > 1 || came <= Some(sent), "{came:?} {sent:?}");
            last = came;
        }
        wire.read(&mut bytes);
    }
}
