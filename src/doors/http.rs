//! What a request is about, and the answer.

use super::accept::{Visitor, is_trusted};
use super::admission::{SessionPlace, network};
use super::origin::{self, Asker};
use super::polling::{self, Poll, Post};
use super::{Server, api, desk, upgrade};
use crate::host::{Count, Host, NewSession, Opening};
use crate::protocol::engine_io::{Refusal, Transport};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use ipnet::IpNet;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

pub(super) type Answer = Response<Full<Bytes>>;
type Question = Request<Incoming>;

/// Longer queries are refused; those of clients have a hundred bytes.
const QUERY_BYTES: usize = 2048;

/// Begins at once and answers later.
pub(super) fn answer(
    server: Server,
    visitor: Arc<Visitor>,
    question: Question,
) -> impl Future<Output = Result<Answer, Infallible>> {
    visitor.note_request();
    let path = question.uri().path();
    let config = server.host().config();
    let is_of_session = question.uri().query().is_some_and(|query| query.contains("sid="));
    let is_engine = path == config.path || path == config.path.trim_end_matches('/');
    let is_api = path.starts_with("/api/");
    let cost = if is_api { api::cost(question.method(), path) } else { 1 };
    let may_ask = (is_engine && is_of_session) || visitor.may_ask(server.host(), cost);
    // Those in front may have read another length than this server: nothing follows such a request.
    let is_last = !may_ask || question.headers().contains_key(header::TRANSFER_ENCODING);
    let step = if !may_ask {
        Step::Done(plain(StatusCode::TOO_MANY_REQUESTS, "too many requests"))
    } else if is_engine {
        engine(&server, &visitor, question)
    } else if path == config.play_path && !config.echoes {
        Step::Done(play(&server, &visitor, question))
    } else if is_api {
        let proxies = &config.doors.trusted_proxies;
        let address = network(address(proxies, visitor.peer.ip(), question.headers()));
        Step::Later(Box::pin(api::answer(server, address, question)))
    } else {
        file(&server, &question)
    };
    async move {
        let mut answer = match step {
            Step::Done(answer) => answer,
            Step::Later(later) => later.await,
        };
        if is_last {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(answer)
    }
}

/// An answer, now or later.
enum Step {
    Done(Answer),
    Later(Pin<Box<dyn Future<Output = Answer> + Send>>),
}

fn file(server: &Server, question: &Question) -> Step {
    let path = question.uri().path();
    let files = || server.files.answer(question.method(), path, question.headers());
    Step::Done(desk::state(server, path).unwrap_or_else(files))
}

/// Requests of Engine.IO.
fn engine(server: &Server, visitor: &Arc<Visitor>, question: Question) -> Step {
    let host = server.host().clone();
    let asked = question.headers().clone();
    if origin::asker(&host.config().origins, &asked) == Asker::Stranger {
        host.counters().add(Count::BadOrigin);
        return Step::Done(finish(
            &host,
            &asked,
            refusal(StatusCode::FORBIDDEN, Refusal::Forbidden),
        ));
    }
    if question.method() == Method::OPTIONS {
        let mut answer = status(StatusCode::NO_CONTENT);
        origin::preflight(&asked, answer.headers_mut());
        return Step::Done(finish(&host, &asked, answer));
    }
    match route(server, visitor, question) {
        Ok(Act::Answer(answer)) => Step::Done(finish(&host, &asked, answer)),
        Ok(Act::Poll(poll)) => Step::Later(Box::pin(async move {
            let answer = poll.answer().await;
            finish(&host, &asked, answer)
        })),
        Ok(Act::Post(post)) => Step::Later(Box::pin(async move {
            let answer = post.answer(&host).await;
            finish(&host, &asked, answer)
        })),
        Err(refused) => {
            host.counters().add(Count::BadRequest);
            Step::Done(finish(&host, &asked, refusal(StatusCode::BAD_REQUEST, refused)))
        }
    }
}

/// What every answer of Engine.IO has.
fn finish(host: &Host, asked: &HeaderMap, mut answer: Answer) -> Answer {
    origin::permit(&host.config().origins, asked, answer.headers_mut());
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// What a request comes to.
enum Act {
    Answer(Answer),
    Poll(Poll),
    Post(Post),
}

fn route(server: &Server, visitor: &Arc<Visitor>, question: Question) -> Result<Act, Refusal> {
    let query = query(&question)?;
    let value =
        |name: &str| query.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let transport = match value("transport") {
        Some("polling") => Transport::Polling,
        Some("websocket") => Transport::WebSocket,
        _ => return Err(Refusal::UnknownTransport),
    };
    let wants_upgrade = upgrade::is_wanted(question.headers());
    let is_version = value("EIO") == Some("4");
    if let Some(session) = value("sid") {
        let Some(connection) = server.host().find(session) else {
            // It was let through as a session's, and is none.
            visitor.may_ask(server.host(), 1);
            return Err(Refusal::UnknownSession);
        };
        return match (transport, wants_upgrade) {
            _ if !is_version => Err(Refusal::BadRequest),
            (Transport::WebSocket, true) => {
                upgrade::probe(server, visitor, connection, question).map(Act::Answer)
            }
            (Transport::Polling, false) if *question.method() == Method::GET => {
                Poll::begin(connection).map(Act::Poll)
            }
            (Transport::Polling, false) if *question.method() == Method::POST => {
                Post::begin(connection, question).map(Act::Post)
            }
            _ => Err(Refusal::BadRequest),
        };
    }
    if question.method() != Method::GET {
        return Err(Refusal::BadHandshakeMethod);
    }
    if wants_upgrade != (transport == Transport::WebSocket) {
        return Err(Refusal::BadRequest);
    }
    if !is_version {
        return Err(Refusal::UnsupportedVersion);
    }
    let opening = opening(server, visitor, question.headers(), query);
    let place = match admit(server, visitor, &opening) {
        Ok(place) => place,
        Err(answer) => return Ok(Act::Answer(*answer)),
    };
    let new = NewSession { transport, opening, place: Some(Box::new(place)) };
    match transport {
        Transport::Polling => Poll::open(server.host(), new).map(Act::Poll),
        Transport::WebSocket => upgrade::begin(server, visitor, new, question).map(Act::Answer),
    }
}

/// A session's place, if the hook that looks at requests lets it in and there is one.
fn admit(
    server: &Server,
    visitor: &Visitor,
    opening: &Opening,
) -> Result<SessionPlace, Box<Answer>> {
    if let Some(allow) = &server.allow
        && let Err(why) = allow(opening)
    {
        server.host().counters().add(Count::NotAllowed);
        tracing::debug!("not allowed: {why}");
        return Err(Box::new(refusal(StatusCode::FORBIDDEN, Refusal::Forbidden)));
    }
    polling::place(server, visitor, opening)
        .ok_or_else(|| Box::new(refusal(StatusCode::TOO_MANY_REQUESTS, Refusal::Forbidden)))
}

/// A native client, which only ever is a WebSocket.
fn play(server: &Server, visitor: &Arc<Visitor>, question: Question) -> Answer {
    let counters = server.host().counters();
    if origin::asker(&server.host().config().origins, question.headers()) == Asker::Stranger {
        counters.add(Count::BadOrigin);
        return plain(StatusCode::FORBIDDEN, "pages of other origins may not play here");
    }
    if !upgrade::is_wanted(question.headers()) {
        let mut answer = plain(StatusCode::UPGRADE_REQUIRED, "this is a WebSocket");
        let headers = answer.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        return answer;
    }
    let Ok(query) = query(&question) else { return status(StatusCode::BAD_REQUEST) };
    let opening = opening(server, visitor, question.headers(), query);
    match admit(server, visitor, &opening) {
        Err(answer) => *answer,
        Ok(place) => {
            upgrade::play(server, visitor, opening, place, question).unwrap_or_else(|_| {
                counters.add(Count::BadRequest);
                plain(StatusCode::BAD_REQUEST, "no proper WebSocket handshake")
            })
        }
    }
}

fn query(question: &Question) -> Result<Vec<(String, String)>, Refusal> {
    let text = question.uri().query().unwrap_or_default();
    if text.len() > QUERY_BYTES {
        return Err(Refusal::BadRequest);
    }
    Ok(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
}

/// What is known of a client when its session begins.
fn opening(
    server: &Server,
    visitor: &Visitor,
    headers: &HeaderMap,
    query: Vec<(String, String)>,
) -> Opening {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let proxies = &server.host().config().doors.trusted_proxies;
    Opening {
        headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        query,
        address: address(proxies, visitor.peer.ip(), headers).to_string(),
        time: server.host().clock().now(),
        issued_ms: SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        is_secure: visitor.is_secure,
    }
}

/// Where a client is: its peer, or what trusted proxies say, from the last of them backwards.
pub(super) fn address(proxies: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut address = peer.to_canonical();
    let forwarded = headers.get_all(HeaderName::from_static("x-forwarded-for"));
    let lines: Vec<_> = forwarded.iter().filter_map(|line| line.to_str().ok()).collect();
    for said in lines.iter().flat_map(|line| line.split(',')).rev() {
        if !is_trusted(proxies, address) {
            break;
        }
        let Ok(said) = said.trim().parse::<IpAddr>() else { break };
        address = said.to_canonical();
    }
    address
}

pub(super) fn refusal(status: StatusCode, refused: Refusal) -> Answer {
    let mut answer = Response::new(Full::from(refused.to_json()));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

pub(super) fn status(status: StatusCode) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = status;
    answer
}

pub(super) fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = Response::new(Full::from(text));
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=UTF-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_trusted_proxies_say_about_an_address_is_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = ["10.0.0.1/32", "10.0.0.2/31"].map(|net| net.parse().unwrap());
        let cases = [
            ("6.6.6.6", "1.1.1.1", "6.6.6.6"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
            ("10.0.0.1", "9.9.9.9, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
            ("::ffff:10.0.0.1", "9.9.9.9, nonsense", "10.0.0.1"),
        ];
        for (peer, forwarded, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_str(forwarded).unwrap());
            assert_eq!(address(&proxies, ip(peer), &headers), ip(expected));
        }
    }
}
