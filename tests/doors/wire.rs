//! HTTP and WebSockets by hand: for clients that do what no library lets them do.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

pub(crate) const TEXT: u8 = 0x81;
pub(crate) const CLOSE: u8 = 0x88;

/// What makes a request one for a WebSocket.
pub(crate) const UPGRADE: &str = "connection: Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A client's end of a connection.
pub(crate) struct Wire<S>(BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(BufReader::with_capacity(2048, stream))
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes).await?;
        self.0.get_mut().flush().await
    }

    /// The head of an answer.
    pub(crate) async fn read_head(&mut self) -> io::Result<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await?);
        }
        String::from_utf8(head).map_err(io::Error::other)
    }

    pub(crate) async fn read_exact(&mut self, bytes: usize) -> io::Result<Vec<u8>> {
        let mut read = vec![0; bytes];
        self.0.read_exact(&mut read).await?;
        Ok(read)
    }

    /// Asks for a WebSocket and gets it.
    pub(crate) async fn upgrade(&mut self, target: &str) -> io::Result<()> {
        let request = format!("GET {target} HTTP/1.1\r\nhost: game.example\r\n{UPGRADE}\r\n");
        self.write(request.as_bytes()).await?;
        let head = self.read_head().await?;
        if head.starts_with("HTTP/1.1 101 ") { Ok(()) } else { Err(io::Error::other(head)) }
    }

    /// The first byte of a WebSocket's frame and its payload.
    pub(crate) async fn read_frame(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let [first, length] = [self.0.read_u8().await?, self.0.read_u8().await?];
        let length = match length {
            126 => usize::from(self.0.read_u16().await?),
            127 => usize::try_from(self.0.read_u64().await?).map_err(io::Error::other)?,
            short => usize::from(short),
        };
        Ok((first, self.read_exact(length).await?))
    }

    /// Reads frames until a text begins like this.
    pub(crate) async fn read_until(&mut self, beginning: &str) -> io::Result<String> {
        loop {
            let (first, payload) = self.read_frame().await?;
            let text = String::from_utf8_lossy(&payload).into_owned();
            match first {
                TEXT if text.starts_with(beginning) => return Ok(text),
                TEXT if text == "2" => self.write(&frame(TEXT, b"3")).await?,
                CLOSE => return Err(io::Error::other(format!("closed: {:?}", &payload))),
                _ => {}
            }
        }
    }
}

/// A masked frame as a client writes it; the first byte says what it is and whether it is the last.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = header(first, payload.len() as u64);
    out.extend_from_slice(payload);
    out
}

/// The header of a frame with a mask of zeros.
pub(crate) fn header(first: u8, length: u64) -> Vec<u8> {
    let mut out = vec![first];
    match length {
        0..126 => out.push(0x80 | length as u8),
        126..0x1_0000 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out
}
