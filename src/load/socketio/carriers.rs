//! What carries the messages of simulated clients: a WebSocket for each here, long-polling beside.
//!
//! What comes is bounded, and so is the time for which a server may take nothing.

use super::company::{Client, Next};
use super::line::{BYTES_MOST, Way, Word};
use super::polling;
use futures_util::{SinkExt, StreamExt};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::{Message, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// A connection is there within this, and the first answer over it.
pub(super) const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A server that takes nothing for this long is given up.
pub(super) const TAKES_WITHIN: Duration = Duration::from_secs(30);
/// So much is handed to the network at once.
pub(super) const AT_ONCE: usize = 64 << 10;

/// How clients travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Over a WebSocket.
    #[default]
    WebSocket,
    /// By long-polling, and nothing else ever.
    Polling,
    /// Every second one by long-polling.
    Mixed,
}

impl Transport {
    fn way(self, number: usize) -> Way {
        match self {
            Self::WebSocket => Way::Frames,
            Self::Polling => Way::Payloads,
            Self::Mixed if number.is_multiple_of(2) => Way::Frames,
            Self::Mixed => Way::Payloads,
        }
    }
}

/// Where clients connect.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) host: String,
    pub(super) path: String,
}

impl Target {
    /// A connection, and nothing said over it.
    pub(super) async fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Carries a client's messages, one connection after the other.
pub(super) async fn carry(client: Client, target: Arc<Target>, transport: Transport, index: usize) {
    loop {
        sleep_until(client.connects().into()).await;
        match transport.way(index) {
            Way::Frames => match timeout(CONNECT_WITHIN, upgrade(&target)).await {
                Ok(Ok(stream)) => {
                    client.opened(Way::Frames);
                    talk(&client, stream).await;
                    client.closed();
                }
                Ok(Err(error)) => client.refused(&reason(&error)),
                Err(_) => client.refused("no connection in time"),
            },
            Way::Payloads => {
                client.opened(Way::Payloads);
                match polling::talk(&client, &target).await {
                    Ok(()) => client.closed(),
                    Err(why) => client.refused(&why),
                }
            }
        }
    }
}

async fn upgrade(target: &Target) -> Result<WebSocketStream<TcpStream>, Error> {
    let stream = target.connect().await?;
    let request = format!("ws://{}{}?EIO=4&transport=websocket", target.host, target.path);
    let config = WebSocketConfig::default()
        .max_message_size(Some(BYTES_MOST))
        .max_frame_size(Some(BYTES_MOST));
    Ok(client_async_with_config(request, stream, Some(config)).await?.0)
}

/// Why there is no WebSocket, in words that many share.
fn reason(error: &Error) -> String {
    match error {
        Error::Http(answer) => format!("answered {}", answer.status()),
        Error::Io(error) => error.kind().to_string(),
        error => error.to_string(),
    }
}

/// Lets a client talk over its WebSocket for as long as there is one.
async fn talk(client: &Client, mut stream: WebSocketStream<TcpStream>) {
    loop {
        let next = client.pass();
        let words = client.words(AT_ONCE);
        if !words.is_empty()
            && !matches!(timeout(TAKES_WITHIN, say(&mut stream, words)).await, Ok(Ok(())))
        {
            return;
        }
        let Next::At(due) = next else { return };
        tokio::select! {
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => client.receive(&Word::Text(text.as_str().into())),
                Some(Ok(Message::Binary(bytes))) => client.receive(&Word::Binary(bytes)),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            () = sleep_until(due.into()) => {}
        }
    }
}

async fn say(stream: &mut WebSocketStream<TcpStream>, words: Vec<Word>) -> Result<(), Error> {
    for word in words {
        let message = match word {
            Word::Text(text) => Message::Text(text.into()),
            Word::Binary(bytes) => Message::Binary(bytes),
        };
        stream.feed(message).await?;
    }
    stream.flush().await
}
