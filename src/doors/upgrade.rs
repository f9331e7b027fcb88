//! From a request to a WebSocket.

use super::Server;
use super::accept::Visitor;
use super::admission::SessionPlace;
use super::http::{Answer, status};
use super::lines::{PlayLine, SocketIoLine};
use super::pump::{self, Line};
use super::stream::Stream;
use crate::host::{Connection, Count, NewCable, NewSession, Opening};
use crate::protocol::engine_io::{Carrier, Refusal};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::upgrade::Upgraded;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Whether a request asks to become a WebSocket.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    has_word(headers, header::UPGRADE, "websocket")
        && has_word(headers, header::CONNECTION, "upgrade")
}

fn has_word(headers: &HeaderMap, name: header::HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name);
    let words = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    words.into_iter().any(|other| other.trim().eq_ignore_ascii_case(word))
}

/// Begins a session with a WebSocket.
pub(super) fn begin(
    server: &Server,
    visitor: &Arc<Visitor>,
    new: NewSession,
    question: Request<Incoming>,
) -> Result<Answer, Refusal> {
    let key = key(&question)?;
    let connection = server.host().begin(new);
    let carrier = connection.carrier();
    let longest = server.host().config().engine.max_payload;
    let line = SocketIoLine { connection, carrier };
    Ok(switch(server, visitor, line, longest, question, &key))
}

/// A WebSocket that wants to take over from polling.
pub(super) fn probe(
    server: &Server,
    visitor: &Arc<Visitor>,
    connection: Arc<Connection>,
    question: Request<Incoming>,
) -> Result<Answer, Refusal> {
    let key = key(&question)?;
    // Clients expect a WebSocket that may not take over to open and to close.
    let carrier = connection.begin_probe().unwrap_or(Carrier::STRAY);
    let longest = server.host().config().engine.max_payload;
    let line = SocketIoLine { connection, carrier };
    Ok(switch(server, visitor, line, longest, question, &key))
}

/// A native client.
pub(super) fn play(
    server: &Server,
    visitor: &Arc<Visitor>,
    opening: Opening,
    place: SessionPlace,
    question: Request<Incoming>,
) -> Result<Answer, Refusal> {
    let key = key(&question)?;
    let longest = server.host().config().native.packet_bytes;
    let line = PlayLine(server.host().begin_play(opening, Some(Box::new(place))));
    Ok(switch(server, visitor, line, longest, question, &key))
}

/// What proves that this is a WebSocket's handshake, of the one version that there is.
fn key(question: &Request<Incoming>) -> Result<HeaderValue, Refusal> {
    let headers = question.headers();
    let is_version =
        headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24);
    match key {
        Some(key) if is_version && question.method() == Method::GET => {
            let accepted = derive_accept_key(key.as_bytes());
            HeaderValue::from_str(&accepted).map_err(|_| Refusal::BadRequest)
        }
        _ => Err(Refusal::BadRequest),
    }
}

/// Answers 101; from then on the stream belongs to the pump.
fn switch<L: Line>(
    server: &Server,
    visitor: &Arc<Visitor>,
    line: L,
    longest: usize,
    mut question: Request<Incoming>,
    accepted: &HeaderValue,
) -> Answer {
    let upgrade = hyper::upgrade::on(&mut question);
    let limits = &server.host().config().doors;
    let (timeout, goodbye) = (limits.handshake_timeout, limits.goodbye_timeout);
    let (host, visitor) = (server.host().clone(), visitor.clone());
    tokio::spawn(async move {
        let upgraded = tokio::time::timeout(timeout, upgrade).await;
        let Some((stream, begun)) = upgraded.ok().and_then(Result::ok).and_then(parts) else {
            host.counters().add(Count::SlowHandshake);
            return line.lose();
        };
        match line.native().filter(|_| stream.is_plain() && host.has_cables()) {
            Some(client) => {
                let (client, guard) = (client.clone(), Box::new(visitor));
                match stream.into_plain() {
                    Ok(stream) => host.carry(NewCable { stream, begun, client, guard }),
                    Err(_) => line.lose(),
                }
            }
            None => {
                drop(host);
                pump::run(stream, begun, longest, goodbye, line).await;
                drop(visitor);
            }
        }
    });
    let mut answer = status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted.clone());
    answer
}

/// The stream, and what was read of it already.
fn parts(upgraded: Upgraded) -> Option<(Stream, Vec<u8>)> {
    let parts = upgraded.downcast::<TokioIo<Stream>>().ok()?;
    let mut stream = parts.io.into_inner();
    stream.wait_for_ever();
    Some((stream, parts.read_buf.to_vec()))
}
