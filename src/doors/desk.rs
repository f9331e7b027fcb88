//! The operator's desk: a port of its own, for those who know its token.
//!
//! | request | does |
//! |---|---|
//! | `GET /health`, `/ready` | says whether it runs, and lets anybody in; without a token |
//! | `GET /metrics` | what Prometheus asks |
//! | `GET /admin/matches` | all matches, private ones among them |
//! | `GET /admin/matches/ID` | who is in a match and what it holds |
//! | `DELETE /admin/matches/ID` | ends it |
//! | `POST /admin/matches/ID/lock`, `/unlock` | lets nobody new in, or does again |
//! | `POST /admin/matches/ID/message` | `{text}` to all who are in it, as the event `announcement` |
//! | `DELETE /admin/matches/ID/players/N` | takes a player out |
//! | `POST /admin/message` | `{text}` to everybody |
//! | `POST /admin/seats` | keeps a seat, as `/api/seats` does, for the user that it names |
//! | `POST /admin/drain` | begins no match any more |

use super::Server;
use super::api::{self, NewSeat, Problem, json_answer};
use super::http::{Answer, plain, status};
use crate::host::matches::Directory;
use crate::host::metrics;
use crate::host::users::Known;
use crate::ids::{MatchId, PlayerId};
use crate::protocol::native::Refusal;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::Semaphore;

/// So many operators at once.
const CONNECTIONS: usize = 32;
/// A request is here after this, and a match that is looked at has answered.
const PATIENCE: Duration = Duration::from_secs(5);
/// When nothing can be accepted, it is tried again after this.
const PAUSE: Duration = Duration::from_millis(75);

/// An open port for operators.
#[derive(Debug)]
pub struct Desk {
    listener: TcpListener,
    address: SocketAddr,
    server: Server,
    token: Arc<str>,
}

impl Server {
    /// Opens a port for those who know the token; nobody is served yet.
    pub async fn open_desk(&self, address: impl ToSocketAddrs, token: &str) -> io::Result<Desk> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Desk { listener, address, server: self.clone(), token: token.into() })
    }
}

impl Desk {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves operators until the server is closed.
    pub async fn serve(self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let place = places.clone().acquire_owned().await;
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = self.server.host().closed() => return,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let (server, token) = (self.server.clone(), self.token.clone());
            tokio::spawn(async move {
                let _place = place;
                let answer = service_fn(move |question| {
                    let (server, token) = (server.clone(), token.clone());
                    async move { Ok::<_, Infallible>(answer(&server, &token, question).await) }
                });
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(PATIENCE)
                    .serve_connection(TokioIo::new(stream), answer);
                let _ = connection.await;
            });
        }
    }
}

/// Says whether the server runs, or lets anybody in; for whoever balances load.
pub(super) fn state(server: &Server, path: &str) -> Option<Answer> {
    match path {
        "/health" => Some(plain(StatusCode::OK, "ok")),
        "/ready" if server.host().is_ready() => Some(plain(StatusCode::OK, "ready")),
        "/ready" => Some(plain(StatusCode::SERVICE_UNAVAILABLE, "about to stop")),
        _ => None,
    }
}

async fn answer(server: &Server, token: &str, question: Request<Incoming>) -> Answer {
    if !names_an_address(question.headers()) {
        // A page elsewhere may have its name point here.
        return plain(StatusCode::MISDIRECTED_REQUEST, "this port is known by its address");
    }
    if let Some(answer) = state(server, question.uri().path()) {
        return answer;
    }
    if !is_token(api::bearer(question.headers()).unwrap_or_default(), token) {
        let mut answer = plain(StatusCode::UNAUTHORIZED, "the operator's token is needed");
        let scheme = HeaderValue::from_static("Bearer");
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        return answer;
    }
    route(server, question).await.unwrap_or_else(|problem| problem.answer())
}

fn names_an_address(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
    });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<IpAddr>().is_ok()
}

/// Compares digests: how long that takes says nothing about the token.
fn is_token(said: &str, token: &str) -> bool {
    digest(&SHA256, said.as_bytes()).as_ref() == digest(&SHA256, token.as_bytes()).as_ref()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    text: String,
}

async fn route(server: &Server, question: Request<Incoming>) -> Result<Answer, Problem> {
    let (method, path) = (question.method().clone(), question.uri().path().to_owned());
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    if (&method, &parts[..]) == (&Method::GET, &["metrics"]) {
        let mut answer = Answer::new(metrics::text(server.host()).into());
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        return Ok(answer);
    }
    let directory = server.host().directory().ok_or(Refusal::NoSuchMatch)?;
    let done = || Ok(status(StatusCode::NO_CONTENT));
    match (method.as_str(), &parts[..]) {
        ("GET", ["admin", "matches"]) => {
            let all = directory.list();
            let matches: Vec<_> = all
                .iter()
                .map(|listing| {
                    let mut json = listing.to_json();
                    json["private"] = listing.is_private.into();
                    json
                })
                .collect();
            Ok(json_answer(StatusCode::OK, &json!({ "matches": matches })))
        }
        ("POST", ["admin", "message"]) => {
            let message: Message = api::body(server, question).await?;
            server.io().emit("announcement", message.text);
            done()
        }
        ("POST", ["admin", "drain"]) => {
            directory.drain();
            done()
        }
        ("POST", ["admin", "seats"]) => {
            let wish: NewSeat = api::body(server, question).await?;
            let known = wish.user.as_deref().map(|user| Known {
                user: user.into(),
                name: None,
                claims: String::new(),
            });
            api::reserve(directory, &wish, known, None)
        }
        (method, ["admin", "matches", id, rest @ ..]) => {
            let id = MatchId((*id).into());
            of_match(server, directory, &id, (method, rest), question).await
        }
        _ => Err(Problem::new(StatusCode::NOT_FOUND, "There is nothing here.")),
    }
}

async fn of_match(
    server: &Server,
    directory: &Arc<Directory>,
    id: &MatchId,
    asked: (&str, &[&str]),
    question: Request<Incoming>,
) -> Result<Answer, Problem> {
    match asked {
        ("GET", []) => {
            let seen = api::soon(|answer| directory.inspect(id, answer)).await?;
            return Ok(json_answer(StatusCode::OK, &seen));
        }
        ("DELETE", []) => directory.end(id)?,
        ("POST", ["lock"]) => directory.lock(id, true)?,
        ("POST", ["unlock"]) => directory.lock(id, false)?,
        ("POST", ["message"]) => {
            let message: Message = api::body(server, question).await?;
            directory.tell(id, &message.text)?;
        }
        ("DELETE", ["players", player]) => {
            let bad = |_| Problem::new(StatusCode::BAD_REQUEST, "A player is a number.");
            directory.remove(id, PlayerId(player.parse().map_err(bad)?))?;
        }
        _ => return Err(Problem::new(StatusCode::NOT_FOUND, "There is nothing here.")),
    }
    Ok(status(StatusCode::NO_CONTENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Threat 17: a page elsewhere whose name points to this port.
    #[test]
    fn the_desk_is_known_by_its_address_only() {
        let with = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            names_an_address(&headers)
        };
        for host in ["127.0.0.1:7778", "localhost:7778", "[::1]:7778", "10.0.0.7", "localhost"] {
            assert!(with(host), "{host}");
        }
        for host in ["evil.example:7778", "evil.example", "127.0.0.1.evil.example", ""] {
            assert!(!with(host), "{host}");
        }
        assert!(!names_an_address(&HeaderMap::new()));
    }
}
