//! A server on a port of its own, and clients that know its answers.

use super::wire::{CLOSE, TEXT, Wire, frame};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tickwire::doors::Server;
use tickwire::event::Args;
use tickwire::host::{Config, Count};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Nothing that a test waits for takes this long.
const DEADLINE: Duration = Duration::from_secs(60);
/// A condition is looked at this often.
const GLANCE: Duration = Duration::from_millis(2);
/// Longer than any test: for limits that are not meant.
pub(crate) const NEVER: Duration = Duration::from_secs(3600);
/// Shorter than a test's patience: for limits that are meant.
pub(crate) const SOON: Duration = Duration::from_millis(100);

pub(crate) const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
pub(crate) const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// Runs a test within a runtime; it ends, one way or the other.
pub(crate) fn live(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        tokio::time::timeout(DEADLINE, test).await.expect("something never happened");
    });
}

/// A server that is being served.
pub(crate) struct Door {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
}

impl Door {
    pub(crate) async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        change(&mut config);
        Self::serve(Server::new(config)).await
    }

    /// Serves; `echo` is answered with its arguments, and to `burst` that much is said.
    pub(crate) async fn serve(server: Server) -> Self {
        let main = server.io().main().clone();
        main.on("echo", |_, args: Args, ack| ack.send(args));
        main.on("burst", |socket, (count, text): (u32, String), _| {
            (0..count).for_each(|_| socket.emit("said", &text));
        });
        let open = server.open(("127.0.0.1", 0)).await.expect("a port");
        let address = open.address();
        tokio::spawn(open.serve());
        Self { server, address }
    }

    pub(crate) async fn connect(&self) -> Wire<TcpStream> {
        Wire::new(TcpStream::connect(self.address).await.expect("a connection"))
    }

    /// A WebSocket whose session has begun.
    pub(crate) async fn websocket(&self) -> Wire<TcpStream> {
        let mut wire = self.connect().await;
        wire.upgrade(WEBSOCKET).await.expect("an upgrade");
        wire.read_until("0{").await.expect("an opening");
        wire
    }

    /// One that has joined `/`; and the public id of its socket.
    pub(crate) async fn joined(&self) -> (Wire<TcpStream>, String) {
        let mut wire = self.websocket().await;
        wire.say("40").await;
        let joined = wire.read_until("40{").await.expect("a socket");
        (wire, quoted(&joined, 1).to_owned())
    }

    /// A polling session that has begun, and the target of its requests.
    pub(crate) async fn polling(&self) -> (Wire<TcpStream>, String) {
        let mut wire = self.connect().await;
        let opened = wire.ask("GET", POLLING, "", "").await;
        let target = format!("{POLLING}&sid={}", quoted(&opened.text(), 1));
        (wire, target)
    }

    pub(crate) fn count(&self, count: Count) -> u64 {
        self.server.host().counters().get(count)
    }

    /// Waits until something was counted so often.
    pub(crate) async fn until(&self, count: Count, times: u64) {
        while self.count(count) < times {
            tokio::time::sleep(GLANCE).await;
        }
        assert_eq!(self.count(count), times, "{count:?}");
    }

    /// Waits until there are so many sessions.
    pub(crate) async fn until_sessions(&self, sessions: usize) {
        while self.server.host().sessions() != sessions {
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// That the server is well: somebody else comes in and is answered.
    pub(crate) async fn serves_others(&self) {
        let (mut wire, _) = self.joined().await;
        wire.is_heard().await;
    }
}

/// What stands between the quotation marks after the first so many pairs of them.
pub(crate) fn quoted(text: &str, pairs: usize) -> &str {
    text.split('"').nth(2 * pairs + 1).expect("a quoted text")
}

/// An answer over HTTP.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        pairs
            .into_iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A request with its body; more headers end in line breaks.
pub(crate) fn request(method: &str, target: &str, headers: &str, body: &str) -> String {
    let length = match body.len() {
        0 => String::new(),
        length => format!("content-length: {length}\r\n"),
    };
    format!("{method} {target} HTTP/1.1\r\nhost: game.example\r\n{length}{headers}\r\n{body}")
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Asks and is answered.
    pub(crate) async fn ask(
        &mut self,
        method: &str,
        target: &str,
        headers: &str,
        body: &str,
    ) -> Answer {
        let request = request(method, target, headers, body);
        self.write(request.as_bytes()).await.expect("an open connection");
        self.answer(method).await
    }

    pub(crate) async fn answer(&mut self, method: &str) -> Answer {
        let head = self.read_head().await.expect("an answer");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut answer = Answer { status: status.expect("a status"), head, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        if method != "HEAD" {
            answer.body = self.read_exact(length).await.expect("a body");
        }
        answer
    }

    /// Sends a text over a WebSocket.
    pub(crate) async fn say(&mut self, text: &str) {
        self.write(&frame(TEXT, text.as_bytes())).await.expect("an open WebSocket");
    }

    /// That an event is answered.
    pub(crate) async fn is_heard(&mut self) {
        self.say(r#"427["echo","hello"]"#).await;
        self.read_until(r#"437["hello"]"#).await.expect("an answer");
    }

    /// The code and the reason with which a WebSocket is closed; nothing follows.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        let (first, payload) = loop {
            let (first, payload) = self.read_frame().await.expect("a closing frame");
            if first == CLOSE {
                break (first, payload);
            }
        };
        assert_eq!(first, CLOSE);
        let code = u16::from_be_bytes([payload[0], payload[1]]);
        (code, String::from_utf8_lossy(&payload[2..]).into_owned())
    }

    /// Waits until the server hangs up; what it says before does not matter.
    pub(crate) async fn hung_up(&mut self) {
        while self.read_exact(1).await.is_ok() {}
    }
}

/// That a WebSocket that says this is closed like that, and counted.
pub(crate) async fn closes_with(door: &Door, said: &[u8], (code, why): (u16, &str), count: Count) {
    let before = door.count(count);
    let (mut wire, _) = door.joined().await;
    wire.write(said).await.expect("an open WebSocket");
    assert_eq!(wire.closed().await, (code, why.to_owned()));
    door.until(count, before + 1).await;
    drop(wire);
    door.until_sessions(0).await;
}

/// Writes until the server takes no more.
pub(crate) async fn write_on(wire: &mut Wire<TcpStream>, bytes: &[u8]) -> io::Error {
    loop {
        if let Err(error) = wire.write(bytes).await {
            return error;
        }
    }
}
