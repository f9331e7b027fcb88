//! Whoever knocks: let in within the limits, encrypted if so configured, and heard in time.

use super::admission::{Admission, Full, Place};
use super::stream::Stream;
use super::{Server, http};
use crate::host::Count;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower::{Service, ServiceBuilder};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// When nothing can be accepted, it is tried again after this and not at once.
const PAUSE: Duration = Duration::from_millis(75);
/// Shorter answers are not worth compressing.
const COMPRESSED_FROM: u64 = 1024;

/// A connection and what it holds.
#[derive(Debug)]
pub(super) struct Visitor {
    /// Where it comes from.
    pub(super) peer: SocketAddr,
    /// Whether it is encrypted.
    pub(super) is_secure: bool,
    /// Its sessions are counted here.
    pub(super) sessions: Arc<Admission>,
    /// Whether it has made a request.
    has_asked: AtomicBool,
    _place: Option<Place>,
}

impl Visitor {
    pub(super) fn asks(&self) {
        self.has_asked.store(true, Ordering::Relaxed);
    }
}

pub(super) async fn run(listener: TcpListener, server: &Server) {
    let connections = Arc::new(Admission::default());
    let sessions = Arc::new(Admission::default());
    let host = server.host();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = host.closed() => return,
        };
        let Ok((stream, peer)) = accepted else {
            host.counters().add(Count::AcceptFailed);
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Some(place) = admit(server, &connections, peer.ip(), &stream) else { continue };
        host.counters().add(Count::Accepted);
        let _ = stream.set_nodelay(true);
        let visitor = Visitor {
            peer,
            is_secure: server.tls.is_some(),
            sessions: sessions.clone(),
            has_asked: AtomicBool::new(false),
            _place: place,
        };
        tokio::spawn(encrypt(stream, Arc::new(visitor), server.clone()));
    }
}

/// A place inside, or none for proxies that need none; nothing for those who do not come in.
fn admit(
    server: &Server,
    connections: &Arc<Admission>,
    address: IpAddr,
    stream: &TcpStream,
) -> Option<Option<Place>> {
    let limits = &server.host().config().doors;
    if limits.trusted_proxies.contains(&address.to_canonical()) {
        return Some(None);
    }
    match connections.enter(address, limits.connections, limits.connections_per_address) {
        Ok(place) => Some(Some(place)),
        Err(full) => {
            let (count, why) = match full {
                Full::House => (Count::TooManyConnections, "the server is full"),
                Full::Address => {
                    (Count::TooManyFromAddress, "too many connections from your address")
                }
            };
            server.host().counters().add(count);
            if server.tls.is_none() {
                let length = why.len();
                let answer = format!(
                    "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{why}"
                );
                let _ = stream.try_write(answer.as_bytes());
            }
            None
        }
    }
}

async fn encrypt(stream: TcpStream, visitor: Arc<Visitor>, server: Server) {
    let limits = &server.host().config().doors;
    let stream = match server.tls.clone() {
        None => Stream::Plain(stream),
        Some(tls) => match tokio::time::timeout(limits.handshake_timeout, tls.accept(stream)).await
        {
            Ok(Ok(stream)) => Stream::Tls(Box::new(stream)),
            _ => return server.host().counters().add(Count::SlowHandshake),
        },
    };
    converse(stream, visitor, &server).await;
}

async fn converse(stream: Stream, visitor: Arc<Visitor>, server: &Server) {
    let host = server.host();
    let limits = &host.config().doors;
    let is_worth_it = SizeAbove::new(COMPRESSED_FROM)
        .and(NotForContentType::new("image/"))
        .and(NotForContentType::new("application/octet-stream"));
    let asked = visitor.clone();
    let answering = server.clone();
    let answer =
        tower::service_fn(move |request| http::answer(answering.clone(), visitor.clone(), request));
    let answer = ServiceBuilder::new()
        .layer(CompressionLayer::new().compress_when(is_worth_it))
        .service(answer);
    // Called at once, not when it is first polled: a request counts even if its client is gone then.
    let answer = move |request| answer.clone().call(request);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_timeout)
        .max_buf_size(limits.header_bytes.max(8192))
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = tokio::time::sleep(limits.handshake_timeout) => {
            if !asked.has_asked.load(Ordering::Relaxed) {
                return host.counters().add(Count::SlowHandshake);
            }
            connection.await
        }
    };
    // The library has answered already.
    if ended.is_err_and(|error| error.is_parse()) {
        host.counters().add(Count::BadRequest);
    }
}
