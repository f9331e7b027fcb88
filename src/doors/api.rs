//! What web services and pages ask of matches by HTTP, on the same port as everything else.
//!
//! | request | with | is answered |
//! |---|---|---|
//! | `GET /api/matches?mode=` | | `{matches}` |
//! | `GET /api/matches/PLACE` | an id, or a private match's code | `{match, tick, hertz, players, entities}` |
//! | `POST /api/matches` | `{mode, options, private}` | 201 `{match, code}` |
//! | `POST /api/seats` | `{place, mode, options, name, spectator}` | 201 `{ticket, match, player, seconds}` |
//!
//! All entries are optional. A ticket is the `place` that a client joins with. Who asks says who they are
//! with `Authorization: Bearer`. What is refused has a `code` and a `reason`, as in the native protocol.

use super::Server;
use super::http::{Answer, plain};
use super::origin::{self, Asker};
use crate::host::matches::{Directory, Listing, Person, Wish};
use crate::host::{Count, users::Known};
use crate::protocol::native::{NAME_BYTES_LIMIT, Refusal};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// What is begun or kept costs as much as so many other requests.
const COST: u32 = 20;
/// How long a match may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a request counts for.
pub(super) fn cost(method: &Method, path: &str) -> u32 {
    if method == Method::POST || path.starts_with(STATE) { COST } else { 1 }
}
/// Bodies are short.
const BODY_BYTES: usize = 16 << 10;

/// Why a request is not answered as it wishes.
pub(super) struct Problem {
    status: StatusCode,
    code: u16,
    reason: String,
}

impl From<Refusal> for Problem {
    fn from(why: Refusal) -> Self {
        let status = match why {
            Refusal::BadToken => StatusCode::UNAUTHORIZED,
            Refusal::Forbidden => StatusCode::FORBIDDEN,
            Refusal::NoSuchMatch => StatusCode::NOT_FOUND,
            Refusal::BadOptions | Refusal::TooLong | Refusal::BadPacket => StatusCode::BAD_REQUEST,
            Refusal::ShuttingDown | Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::CONFLICT,
        };
        Self { status, code: why.code(), reason: why.sentence().into() }
    }
}

impl Problem {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, code: Refusal::BadPacket.code(), reason: reason.into() }
    }

    pub(super) fn answer(&self) -> Answer {
        json_answer(self.status, &json!({ "code": self.code, "reason": self.reason }))
    }
}

pub(super) fn json_answer(status: StatusCode, body: &Value) -> Answer {
    json_text(status, body.to_string())
}

fn json_text(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Full::from(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// Answers a request below `/api/`.
pub(super) async fn answer(server: Server, address: IpAddr, question: Request<Incoming>) -> Answer {
    let origins = &server.host().config().origins;
    let asked = question.headers().clone();
    if origin::asker(origins, &asked) == Asker::Stranger {
        server.host().counters().add(Count::BadOrigin);
        return plain(StatusCode::FORBIDDEN, "pages of other origins may not ask here");
    }
    let mut answer = if question.method() == Method::OPTIONS {
        let mut answer = Answer::default();
        *answer.status_mut() = StatusCode::NO_CONTENT;
        origin::preflight(&asked, answer.headers_mut());
        answer
    } else {
        route(&server, address, question).await.unwrap_or_else(|problem| problem.answer())
    };
    origin::permit(origins, &asked, answer.headers_mut());
    answer
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct NewMatch {
    mode: Option<String>,
    options: Option<Value>,
    private: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct NewSeat {
    place: String,
    mode: Option<String>,
    options: Option<Value>,
    name: String,
    spectator: bool,
    /// Only an operator's service may say who it is for.
    pub(super) user: Option<String>,
}

/// Below it is what anybody may see of a match.
const STATE: &str = "/api/matches/";

/// What a match answers with its next tick.
pub(super) async fn soon<T: Send + 'static>(
    ask: impl FnOnce(Box<dyn FnOnce(T) + Send>) -> Result<(), Refusal>,
) -> Result<T, Refusal> {
    let (answer, seen) = oneshot::channel();
    ask(Box::new(|seen| drop(answer.send(seen))))?;
    let seen = tokio::time::timeout(PATIENCE, seen).await;
    seen.ok().and_then(Result::ok).ok_or(Refusal::Ended)
}

async fn route(
    server: &Server,
    address: IpAddr,
    question: Request<Incoming>,
) -> Result<Answer, Problem> {
    let directory = server.host().directory().ok_or(Refusal::NoSuchMatch)?;
    let (method, path) = (question.method().clone(), question.uri().path().to_owned());
    match (method, path.as_str()) {
        (Method::GET, "/api/matches") => {
            let query = question.uri().query().unwrap_or_default().to_owned();
            let mode = form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == "mode")
                .map(|(_, mode)| mode.into_owned());
            let matches: Vec<_> =
                directory.list_open(mode.as_deref()).iter().map(Listing::to_json).collect();
            Ok(json_answer(StatusCode::OK, &json!({ "matches": matches })))
        }
        (Method::POST, "/api/matches") => {
            let known = who(server, question.headers())?;
            let wish: NewMatch = body(server, question).await?;
            if !directory.lets_create(known.map(|known| known.user).as_ref()) {
                return Err(Refusal::Forbidden.into());
            }
            create(directory, &wish)
        }
        (Method::POST, "/api/seats") => {
            let known = who(server, question.headers())?;
            let wish: NewSeat = body(server, question).await?;
            if wish.user.is_some() {
                return Err(Refusal::Forbidden.into());
            }
            reserve(directory, &wish, known, Some(address))
        }
        (Method::GET, path) if path.starts_with(STATE) => {
            who(server, question.headers())?;
            let seen = soon(|answer| directory.publish(&path[STATE.len()..], answer)).await?;
            Ok(json_text(StatusCode::OK, seen.to_string()))
        }
        (_, "/api/matches" | "/api/seats") => {
            Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "That cannot be done here."))
        }
        _ => Err(Problem::new(StatusCode::NOT_FOUND, "There is nothing here.")),
    }
}

fn create(directory: &Arc<Directory>, wish: &NewMatch) -> Result<Answer, Problem> {
    let options = Wish::options_of(wish.options.as_ref());
    let mode = wish.mode.as_deref();
    let created = directory.create(&Wish { mode, options: &options, is_private: wish.private })?;
    let body = json!({ "match": created.id, "code": created.code });
    Ok(json_answer(StatusCode::CREATED, &body))
}

pub(super) fn reserve(
    directory: &Arc<Directory>,
    wish: &NewSeat,
    known: Option<Known>,
    address: Option<IpAddr>,
) -> Result<Answer, Problem> {
    if wish.name.len() > NAME_BYTES_LIMIT {
        return Err(Refusal::TooLong.into());
    }
    let options = Wish::options_of(wish.options.as_ref());
    let name = known.as_ref().and_then(|known| known.name.clone()).unwrap_or(wish.name.clone());
    let person = Person {
        name,
        user: known.as_ref().map(|known| known.user.clone()),
        claims: known.map(|known| known.claims).unwrap_or_default(),
        is_spectator: wish.spectator,
        ..Person::default()
    };
    let mode = wish.mode.as_deref();
    let wished = Wish { mode, options: &options, is_private: false };
    let seat = directory.reserve(&wish.place, &wished, &person, address)?;
    let body = json!({
        "ticket": seat.ticket,
        "match": seat.id,
        "player": seat.player,
        "seconds": seat.keeps.as_secs(),
    });
    Ok(json_answer(StatusCode::CREATED, &body))
}

/// Who asks; nobody known if the server knows nobody.
fn who(server: &Server, headers: &HeaderMap) -> Result<Option<Known>, Problem> {
    let Some(users) = server.host().users() else { return Ok(None) };
    users
        .of(bearer(headers).unwrap_or_default())
        .map_err(|why| Problem { reason: why.into(), ..Refusal::BadToken.into() })
}

/// The token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// What a request brings, as JSON; nothing is as good as `{}`.
pub(super) async fn body<T: DeserializeOwned>(
    server: &Server,
    question: Request<Incoming>,
) -> Result<T, Problem> {
    let within = server.host().config().doors.body_timeout;
    let body = Limited::new(question.into_body(), BODY_BYTES).collect();
    let bytes = match tokio::time::timeout(within, body).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => {
            server.host().counters().add(Count::BadBody);
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "That is too long."));
        }
        Err(_) => {
            server.host().counters().add(Count::BadBody);
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "That took too long."));
        }
    };
    let bytes = if bytes.is_empty() { &b"{}"[..] } else { &bytes };
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))
}
