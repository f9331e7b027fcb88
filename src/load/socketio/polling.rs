//! Long-polling: a request that waits for what comes and, beside it, one that takes what is said.
//!
//! Each has a connection of its own, so that what is said never waits for what comes.

use super::carriers::{AT_ONCE, CONNECT_WITHIN, TAKES_WITHIN, Target};
use super::company::{Client, Next};
use super::line::{BYTES_MOST, Word};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::pin::Pin;
use tokio::time::{sleep_until, timeout};

/// Between the packets of a payload.
const SEPARATOR: char = '\x1e';

/// A request on its way; gives back what it travelled on.
type Asking<'a> = Pin<Box<dyn Future<Output = Result<(Road<'a>, Bytes), String>> + Send + 'a>>;

/// A connection for one request after the other.
struct Road<'a> {
    target: &'a Target,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl<'a> Road<'a> {
    fn new(target: &'a Target) -> Self {
        Self { target, sender: None }
    }

    /// Asks for the next payload.
    async fn hear(mut self, sid: String) -> Result<(Self, Bytes), String> {
        let body = self.ask(Method::GET, &sid, String::new()).await?;
        Ok((self, body))
    }

    /// Hands a payload over.
    async fn say(mut self, sid: String, payload: String) -> Result<(Self, Bytes), String> {
        let asked = timeout(TAKES_WITHIN, self.ask(Method::POST, &sid, payload)).await;
        let body = asked.map_err(|_| "no answer in time")??;
        Ok((self, body))
    }

    async fn ask(&mut self, method: Method, sid: &str, payload: String) -> Result<Bytes, String> {
        let Target { host, path, .. } = self.target;
        let session = if sid.is_empty() { String::new() } else { format!("&sid={sid}") };
        let request = Request::builder()
            .method(method)
            .uri(format!("{path}?EIO=4&transport=polling{session}"))
            .header("host", host)
            .header("content-type", "text/plain;charset=UTF-8")
            .body(Full::new(Bytes::from(payload)));
        let request = request.map_err(|error| error.to_string())?;
        let answer = self.sender().await?.send_request(request).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), BYTES_MOST).collect().await;
        let body = body.map_err(|error| error.to_string())?.to_bytes();
        if status == StatusCode::OK { Ok(body) } else { Err(format!("answered {status}")) }
    }

    /// A connection that takes the next request: servers close those that are not used for a while.
    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        if let Some(sender) = &mut self.sender
            && sender.ready().await.is_err()
        {
            self.sender = None;
        }
        match &mut self.sender {
            Some(sender) => Ok(sender),
            empty => {
                let stream = timeout(CONNECT_WITHIN, self.target.connect()).await;
                let stream = stream.map_err(|_| "no connection in time")?;
                let stream = stream.map_err(|error| error.kind().to_string())?;
                let (sender, connection) =
                    handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
                // It ends with its sender.
                tokio::spawn(connection);
                Ok(empty.insert(sender))
            }
        }
    }
}

/// Lets a client talk by polling for as long as there is a session; an error if there never was one.
pub(super) async fn talk(client: &Client, target: &Target) -> Result<(), String> {
    let opening = timeout(CONNECT_WITHIN, Road::new(target).hear(String::new())).await;
    let (road, payload) = opening.map_err(|_| "no connection in time")??;
    receive(client, &payload);
    let sid = client.sid();
    let mut hearing: Asking<'_> = Box::pin(road.hear(sid.clone()));
    let (mut idle, mut saying) = (Some(Road::new(target)), None::<Asking<'_>>);
    loop {
        let Next::At(due) = client.pass() else { return Ok(()) };
        if let Some(road) = idle.take() {
            let words = client.words(AT_ONCE);
            if words.is_empty() {
                idle = Some(road);
            } else {
                saying = Some(Box::pin(road.say(sid.clone(), payload_of(words))));
            }
        }
        let said = async {
            match &mut saying {
                Some(saying) => saying.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = &mut hearing => {
                let Ok((road, payload)) = heard else { return Ok(()) };
                receive(client, &payload);
                hearing = Box::pin(road.hear(sid.clone()));
            }
            said = said => {
                let Ok((road, _)) = said else { return Ok(()) };
                (idle, saying) = (Some(road), None);
            }
            () = sleep_until(due.into()) => {}
        }
    }
}

fn receive(client: &Client, payload: &[u8]) {
    for packet in String::from_utf8_lossy(payload).split(SEPARATOR) {
        client.receive(&Word::Text(packet.into()));
    }
}

/// Words as one payload.
fn payload_of(words: Vec<Word>) -> String {
    let mut payload = String::new();
    for word in words {
        if !payload.is_empty() {
            payload.push(SEPARATOR);
        }
        match word {
            Word::Text(text) => payload.push_str(&text),
            Word::Binary(bytes) => {
                payload.push('b');
                BASE64.encode_string(bytes, &mut payload);
            }
        }
    }
    payload
}
