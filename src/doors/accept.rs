//! Whoever knocks: let in within the limits, encrypted if so configured, and heard in time.

use super::admission::{Admission, Full, Place};
use super::conduct::Conduct;
use super::spare::Spare;
use super::stream::Stream;
use super::{Server, http};
use crate::host::{Count, Host, Tokens};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tower::{Service, ServiceBuilder};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// When nothing can be accepted, it is tried again after this and not at once.
const PAUSE: Duration = Duration::from_millis(75);
/// Once the server is closed, clients between two polls have so long to fetch what is left for them.
const LAST_ANSWER: Duration = Duration::from_millis(500);
/// Shorter answers are not worth compressing.
const COMPRESSED_FROM: u64 = 1024;

/// What all connections of a port share.
#[derive(Debug)]
pub(super) struct Hall {
    connections: Arc<Admission>,
    /// Sessions are counted by themselves: one connection of a proxy may carry many.
    pub(super) sessions: Arc<Admission>,
    pub(super) conduct: Arc<Conduct>,
}

/// A connection and what it holds.
#[derive(Debug)]
pub(super) struct Visitor {
    /// Where it comes from.
    pub(super) peer: SocketAddr,
    /// Whether it is encrypted.
    pub(super) is_secure: bool,
    pub(super) hall: Arc<Hall>,
    /// Whether it has made a request.
    has_asked: AtomicBool,
    /// How many requests it may still make; proxies any number.
    requests: Option<Mutex<Tokens>>,
    _place: Option<Place>,
    /// Once all of these are gone nobody is in.
    _presence: Presence,
}

type Presence = mpsc::Sender<Infallible>;

impl Visitor {
    /// It makes a request.
    pub(super) fn note_request(&self) {
        self.has_asked.store(true, Ordering::Relaxed);
    }

    /// Whether it may make a request that costs so much and belongs to no session: those have limits of
    /// their own.
    pub(super) fn may_ask(&self, host: &Host, cost: u32) -> bool {
        let Some(requests) = &self.requests else { return true };
        let (limits, now) = (&host.config().doors, host.clock().now());
        let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        let may = requests.take_some(cost, limits.requests_per_second, limits.requests_burst, now);
        if !may {
            host.counters().add(Count::Flood);
            self.blame();
        }
        may
    }

    fn blame(&self) {
        if self.requests.is_some() {
            self.hall.conduct.blame(self.peer.ip());
        }
    }
}

/// Lets people in until the server is closed, then waits until they have left.
pub(super) async fn run(listener: TcpListener, server: &Server) {
    let host = server.host();
    let limits = &host.config().doors;
    let hall = Arc::new(Hall {
        connections: Arc::default(),
        sessions: Arc::default(),
        conduct: Arc::new(Conduct::new(host.clock(), limits.misdeeds)),
    });
    let (presence, mut nobody) = mpsc::channel(1);
    let mut spare = Spare::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = host.closed() => break,
        };
        match accepted {
            Ok((stream, peer)) => enter(server, &hall, stream, peer, &presence),
            Err(error) => {
                host.counters().add(Count::AcceptFailed);
                spare.turn_away(server, &listener, &error);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop((listener, presence));
    let _ = tokio::time::timeout(limits.closing_timeout, nobody.recv()).await;
}

fn enter(
    server: &Server,
    hall: &Arc<Hall>,
    stream: TcpStream,
    peer: SocketAddr,
    presence: &Presence,
) {
    let host = server.host();
    let limits = &host.config().doors;
    let is_proxy = is_trusted(&limits.trusted_proxies, peer.ip());
    let place = if is_proxy {
        None
    } else {
        match admit(server, hall, peer.ip()) {
            Ok(place) => Some(place),
            Err((count, why)) => {
                host.counters().add(count);
                return turn_away(server, &stream, why);
            }
        }
    };
    host.counters().add(Count::Accepted);
    let _ = stream.set_nodelay(true);
    let requests = Tokens::new(limits.requests_burst, host.clock().now());
    let visitor = Visitor {
        peer,
        is_secure: server.tls.is_some(),
        hall: hall.clone(),
        has_asked: AtomicBool::new(false),
        requests: (!is_proxy).then(|| Mutex::new(requests)),
        _place: place,
        _presence: presence.clone(),
    };
    tokio::spawn(encrypt(stream, Arc::new(visitor), server.clone()));
}

/// Whether an address is that of a proxy of ours.
pub(super) fn is_trusted(proxies: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    proxies.iter().any(|proxy| proxy.contains(&address))
}

/// A place inside, or why there is none.
fn admit(server: &Server, hall: &Hall, address: IpAddr) -> Result<Place, (Count, &'static str)> {
    let limits = &server.host().config().doors;
    if !hall.conduct.is_welcome(address) {
        return Err((Count::Unwelcome, "too many rules were broken from your address"));
    }
    let (most, from_address) = (limits.connections, limits.connections_per_address);
    hall.connections.enter(address, most, from_address).map_err(|full| match full {
        Full::House => (Count::TooManyConnections, "the server is full"),
        Full::Address => (Count::TooManyFromAddress, "too many connections from your address"),
    })
}

/// Says why somebody does not come in, as far as that goes without waiting.
pub(super) fn turn_away(server: &Server, stream: &TcpStream, why: &str) {
    if server.tls.is_none() {
        let length = why.len();
        let answer = format!(
            "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 5\r\ncontent-length: {length}\r\n\r\n{why}"
        );
        let _ = stream.try_write(answer.as_bytes());
    }
}

async fn encrypt(stream: TcpStream, visitor: Arc<Visitor>, server: Server) {
    let limits = &server.host().config().doors;
    let stream = match server.tls.clone() {
        None => Stream::plain(stream, limits.write_timeout),
        Some(tls) => match tokio::time::timeout(limits.handshake_timeout, tls.accept(stream)).await
        {
            Ok(Ok(stream)) => Stream::encrypted(stream, limits.write_timeout),
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
    let (mut is_closing, mut is_late) = (false, false);
    let closed = async {
        host.closed().await;
        tokio::time::sleep(LAST_ANSWER).await;
    };
    let handshake = tokio::time::sleep(limits.handshake_timeout);
    let (mut closed, mut handshake) = (std::pin::pin!(closed), std::pin::pin!(handshake));
    let ended = loop {
        tokio::select! {
            ended = &mut connection => break ended,
            () = &mut closed, if !is_closing => {
                is_closing = true;
                connection.as_mut().graceful_shutdown();
            }
            () = &mut handshake, if !is_late => {
                is_late = true;
                if !asked.has_asked.load(Ordering::Relaxed) {
                    return host.counters().add(Count::SlowHandshake);
                }
            }
        }
    };
    let Err(error) = ended else { return };
    // The library has answered already.
    if error.is_parse() {
        host.counters().add(Count::BadRequest);
        asked.blame();
    } else if is_timeout(&error) {
        host.counters().add(Count::SlowReader);
    }
}

fn is_timeout(error: &hyper::Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(|source| source.kind() == io::ErrorKind::TimedOut)
}
