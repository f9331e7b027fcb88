//! The ways in: one port for polling, WebSockets, files and whatever HTTP brings later.
//!
//! Everybody out there may be hostile. What is not known to be a request in time is cut; every
//! size, count and wait has a limit in [`DoorLimits`](crate::host::DoorLimits); who is refused is
//! told why and counted.

mod accept;
mod api;
mod desk;
mod admission;
mod conduct;
mod spare;
mod http;
mod origin;
mod polling;
mod upgrade;
mod pump;
mod lines;
mod stream;
mod files;
mod tls;

pub use desk::Desk;
pub use files::{File, Files};
pub use tls::{TlsError, acceptor};

use crate::host::{Config, Host, Io, Opening};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio_rustls::TlsAcceptor;

type Allow = Arc<dyn Fn(&Opening) -> Result<(), String> + Send + Sync>;

/// A server: the hub and all of its doors.
#[derive(Clone)]
pub struct Server {
    host: Arc<Host>,
    files: Arc<Files>,
    allow: Option<Allow>,
    tls: Option<TlsAcceptor>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "server of {:?}", self.host)
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new(Config::default())
    }
}

impl Server {
    /// A server that behaves like this.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { host: Host::new(config), files: Arc::default(), allow: None, tls: None }
    }

    /// Events and rooms.
    #[must_use]
    pub fn io(&self) -> &Io {
        self.host.io()
    }

    /// What the doors lead to.
    #[must_use]
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Serves these files where nothing else is.
    #[must_use]
    pub fn files(mut self, files: Files) -> Self {
        self.files = Arc::new(files);
        self
    }

    /// Looks at each request that begins a session; who is refused is told 403.
    #[must_use]
    pub fn allow_request<F>(mut self, allow: F) -> Self
    where
        F: Fn(&Opening) -> Result<(), String> + Send + Sync + 'static,
    {
        self.allow = Some(Arc::new(allow));
        self
    }

    /// Encrypts all connections.
    #[must_use]
    pub fn tls(mut self, acceptor: TlsAcceptor) -> Self {
        self.tls = Some(acceptor);
        self
    }

    /// Opens a port and serves whoever comes, until the server is closed.
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        self.open(address).await?.serve().await;
        Ok(())
    }

    /// Opens a port; nobody is served yet.
    pub async fn open(&self, address: impl ToSocketAddrs) -> io::Result<Open> {
        let listener = TcpListener::bind(address).await?;
        self.host.start();
        Ok(Open { address: listener.local_addr()?, listener, server: self.clone() })
    }

    /// Disconnects everybody and lets nobody in any more.
    pub fn close(&self) {
        self.host.close();
    }
}

/// An open port.
#[derive(Debug)]
pub struct Open {
    listener: TcpListener,
    address: SocketAddr,
    server: Server,
}

impl Open {
    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves whoever comes, until the server is closed.
    pub async fn serve(self) {
        accept::run(self.listener, &self.server).await;
    }
}
