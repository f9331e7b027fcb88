//! Long-polling: a GET waits for packets, a POST brings some.
//!
//! Both take effect when the request is read, before anything is awaited.

use super::Server;
use super::accept::Visitor;
use super::admission::{Full as NoPlace, SessionPlace};
use super::http::{Answer, refusal, status};
use crate::host::{Connection, Count, Host, NewSession, Opening};
use crate::protocol::engine_io::{CloseReason, Refusal};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode};
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

/// While a WebSocket is about to take over, what it brought first is read first.
const PROBE_FIRST: Duration = Duration::from_millis(5);

/// A session's place among those of its address; nothing if there are too many.
pub(super) fn place(server: &Server, visitor: &Visitor, opening: &Opening) -> Option<SessionPlace> {
    let limits = &server.host().config().doors;
    let hall = &visitor.hall;
    let address = opening.address.parse().unwrap_or_else(|_| visitor.peer.ip());
    let (most, from_address) = (limits.connections, limits.connections_per_address);
    let count = if !hall.conduct.is_welcome(address) {
        Count::Unwelcome
    } else {
        match hall.sessions.enter(address, most, from_address) {
            Ok(place) => return Some(SessionPlace { place, conduct: hall.conduct.clone() }),
            Err(NoPlace::House) => Count::TooManyConnections,
            Err(NoPlace::Address) => Count::TooManyFromAddress,
        }
    };
    server.host().counters().add(count);
    None
}

/// A poll; one that is let go of ends its session.
pub(super) struct Poll {
    connection: Arc<Connection>,
    state: Pending,
    cookie: Option<HeaderValue>,
}

#[derive(PartialEq)]
enum Pending {
    /// It waits until a WebSocket was heard first.
    Probed,
    Begun,
    Answered,
}

impl Drop for Poll {
    fn drop(&mut self) {
        if self.state == Pending::Begun {
            self.connection.cancel_poll();
        }
    }
}

impl Poll {
    /// The first poll of a new session.
    pub(super) fn open(host: &Arc<Host>, new: NewSession) -> Result<Self, Refusal> {
        let connection = host.begin(new);
        let cookie = host.config().cookie.as_ref().and_then(|cookie| {
            let cookie = format!("{}={}{}", cookie.name, connection.id(), cookie.attributes);
            HeaderValue::from_str(&cookie).ok()
        });
        let mut poll = Self::begin(connection)?;
        poll.cookie = cookie;
        Ok(poll)
    }

    pub(super) fn begin(connection: Arc<Connection>) -> Result<Self, Refusal> {
        if connection.is_probed() {
            return Ok(Self { connection, state: Pending::Probed, cookie: None });
        }
        connection.begin_poll()?;
        Ok(Self { connection, state: Pending::Begun, cookie: None })
    }

    pub(super) async fn answer(mut self) -> Answer {
        if self.state == Pending::Probed {
            tokio::time::sleep(PROBE_FIRST).await;
            if let Err(refused) = self.connection.begin_poll() {
                return refusal(StatusCode::BAD_REQUEST, refused);
            }
            self.state = Pending::Begun;
        }
        let payload = poll_fn(|context| self.connection.poll_payload(context)).await;
        self.state = Pending::Answered;
        let mut answer = Response::new(Full::from(payload));
        let plain = HeaderValue::from_static("text/plain; charset=UTF-8");
        answer.headers_mut().insert(header::CONTENT_TYPE, plain);
        if let Some(cookie) = self.cookie.take() {
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        answer
    }
}

/// A post that is under way; one that is let go of ends its session.
pub(super) struct Post {
    connection: Arc<Connection>,
    body: Option<Incoming>,
    failed: Option<CloseReason>,
}

impl Drop for Post {
    fn drop(&mut self) {
        self.connection.end_post(self.failed);
    }
}

impl Post {
    pub(super) fn begin(
        connection: Arc<Connection>,
        question: Request<Incoming>,
    ) -> Result<Self, Refusal> {
        connection.begin_post()?;
        let kind = question.headers().get(header::CONTENT_TYPE);
        let is_binary = kind.is_some_and(|kind| kind == "application/octet-stream");
        let failed = Some(CloseReason::TransportError);
        let post = Self { connection, body: Some(question.into_body()), failed };
        if is_binary { Err(Refusal::BadRequest) } else { Ok(post) }
    }

    pub(super) async fn answer(mut self, host: &Host) -> Answer {
        let config = host.config();
        let Some(body) = self.body.take() else { return status(StatusCode::BAD_REQUEST) };
        let announces_too_much = body.size_hint().lower() > config.engine.max_payload as u64;
        let body = Limited::new(body, config.engine.max_payload).collect();
        let why = if announces_too_much {
            StatusCode::PAYLOAD_TOO_LARGE
        } else {
            match tokio::time::timeout(config.doors.body_timeout, body).await {
                Ok(Ok(body)) => return self.receive(&body.to_bytes()).await,
                Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                    StatusCode::PAYLOAD_TOO_LARGE
                }
                Ok(Err(_)) => StatusCode::BAD_REQUEST,
                Err(_) => StatusCode::REQUEST_TIMEOUT,
            }
        };
        host.counters().add(Count::BadBody);
        // The rest of the body is not read.
        let mut answer = status(why);
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        answer
    }

    async fn receive(&mut self, body: &Bytes) -> Answer {
        let Ok(payload) = std::str::from_utf8(body) else {
            self.failed = Some(CloseReason::ParseError);
            return refusal(StatusCode::BAD_REQUEST, Refusal::BadRequest);
        };
        self.connection.receive_payload(payload);
        poll_fn(|context| self.connection.poll_ready(context)).await;
        self.failed = None;
        let mut answer = Response::new(Full::from("ok"));
        // Old browsers offer other types for download.
        let html = HeaderValue::from_static("text/html");
        answer.headers_mut().insert(header::CONTENT_TYPE, html);
        answer
    }
}
