//! What all connections share: the hub, the configuration, the counters, and who is connected.

use super::cables::{Cables, NewCable};
use super::clock::Clock;
use super::config::Config;
use super::connection::Connection;
use super::counters::{Count, Counters};
use super::deadlines::{self, Deadlines};
use super::lock;
use super::matches::Directory;
use super::play::{Matches, PlayConnection};
use super::users::Users;
use crate::event::Value;
use crate::hub::{Fault, Io, Opening, Refused, Surroundings, Task};
use crate::ids::SocketId;
use crate::protocol::engine_io::Transport;
use crate::protocol::native::Refusal;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// What the hub is given of the world.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) clock: Clock,
    pub(super) counters: Counters,
    pub(super) deadlines: Deadlines,
}

struct HubAround(Arc<Around>);

impl Surroundings for HubAround {
    fn now(&self) -> Duration {
        self.0.clock.now()
    }

    fn fill(&self, bytes: &mut [u8]) {
        fill(bytes);
    }

    fn spawn(&self, task: Task) {
        tokio::spawn(task);
    }

    fn wake_at(&self, _: Duration) {
        self.0.deadlines.wake();
    }

    fn report(&self, fault: &Fault) {
        let count = match fault {
            Fault::Panic { .. } => Count::Panics,
            Fault::Args { .. } => Count::BadArgs,
            Fault::Emit { .. } => Count::NotEmitted,
            Fault::Limit(_) => Count::HubLimits,
        };
        self.0.counters.add(count);
        match fault {
            Fault::Panic { .. } | Fault::Emit { .. } => tracing::error!("{fault}"),
            Fault::Args { .. } | Fault::Limit(_) => tracing::debug!("{fault}"),
        }
    }
}

/// Fills bytes so that nobody can guess them.
///
/// # Panics
///
/// If the machine has no randomness: nothing here would be safe.
pub(super) fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the machine has randomness");
}

/// A server without its doors.
pub struct Host {
    config: Arc<Config>,
    engine: Arc<crate::protocol::engine_io::Settings>,
    packets: Arc<crate::protocol::socket_io::Limits>,
    around: Arc<Around>,
    io: Io,
    connections: Mutex<HashMap<Box<str>, Arc<Connection>>>,
    matches: OnceLock<Arc<dyn Matches>>,
    cables: OnceLock<Cables>,
    directory: OnceLock<Arc<Directory>>,
    users: OnceLock<Arc<Users>>,
    clock_task: Mutex<Option<tokio::task::JoinHandle<()>>>,
    closed: tokio::sync::watch::Sender<bool>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} with {} connections", self.io, lock(&self.connections).len())
    }
}

/// What a session begins with.
pub struct NewSession {
    /// Its first transport.
    pub transport: Transport,
    /// What is known of the client.
    pub opening: Opening,
    /// What is dropped when the session ends.
    pub place: Option<Box<dyn Place>>,
}

/// What a connection has at its door as long as it lives: a place among those of its address.
pub trait Place: Send + Sync {
    /// The connection broke a rule and is cut for it.
    fn blame(&self);
}

impl Host {
    /// A host; its clock starts now and runs once [`Self::start`] is called.
    #[must_use]
    pub fn new(config: Config) -> Arc<Self> {
        let around = Arc::new(Around::default());
        let io = Io::new(HubAround(around.clone()), config.hub.clone());
        Arc::new(Self {
            engine: Arc::new(config.engine.clone()),
            packets: Arc::new(config.packets.clone()),
            config: Arc::new(config),
            around,
            io,
            connections: Mutex::default(),
            matches: OnceLock::new(),
            cables: OnceLock::new(),
            directory: OnceLock::new(),
            users: OnceLock::new(),
            clock_task: Mutex::default(),
            closed: tokio::sync::watch::Sender::new(false),
        })
    }

    /// Lets time pass, within a runtime of tokio. Once is enough; again does nothing.
    pub fn start(self: &Arc<Self>) {
        let mut task = lock(&self.clock_task);
        if task.is_none() {
            *task = Some(tokio::spawn(deadlines::run(Arc::downgrade(self))));
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn engine(&self) -> &Arc<crate::protocol::engine_io::Settings> {
        &self.engine
    }

    pub(super) fn packets(&self) -> &Arc<crate::protocol::socket_io::Limits> {
        &self.packets
    }

    /// Events and rooms.
    #[must_use]
    pub fn io(&self) -> &Io {
        &self.io
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.around.clock
    }

    /// What happened how often.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.around.counters
    }

    pub(super) fn around(&self) -> &Arc<Around> {
        &self.around
    }

    pub(super) fn deadlines(&self) -> &Deadlines {
        &self.around.deadlines
    }

    /// The session of this secret name.
    #[must_use]
    pub fn find(&self, session: &str) -> Option<Arc<Connection>> {
        lock(&self.connections).get(session).cloned()
    }

    /// How many sessions there are.
    #[must_use]
    pub fn sessions(&self) -> usize {
        lock(&self.connections).len()
    }

    /// Begins a session; its name is a secret between the client and the server.
    pub fn begin(self: &Arc<Self>, new: NewSession) -> Arc<Connection> {
        let mut random = [0; 15];
        fill(&mut random);
        let id: Box<str> = SocketId::new(random).as_str().into();
        let connection = Connection::open(self, &id, new);
        lock(&self.connections).insert(id, connection.clone());
        self.counters().add(Count::Sessions);
        connection
    }

    /// Ready once the host is closed.
    pub async fn closed(&self) {
        let _ = self.closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }

    /// Says who hosts matches; the first who says so does.
    pub fn set_matches(&self, matches: Arc<dyn Matches>) {
        let _ = self.matches.set(matches);
    }

    pub(super) fn matches(&self) -> Option<&Arc<dyn Matches>> {
        self.matches.get()
    }

    /// A native client has come.
    pub fn begin_play(
        self: &Arc<Self>,
        opening: Opening,
        place: Option<Box<dyn Place>>,
    ) -> Arc<PlayConnection> {
        self.counters().add(Count::Sessions);
        PlayConnection::open(self, opening, place)
    }

    pub(super) fn set_directory(&self, directory: Arc<Directory>) {
        let _ = self.directory.set(directory);
    }

    /// All matches, if it hosts any.
    #[must_use]
    pub fn directory(&self) -> Option<&Arc<Directory>> {
        self.directory.get()
    }

    /// Says how it is known who is who: whoever comes to the namespace `/` is asked for a token. Once,
    /// before anybody comes.
    pub fn set_users(&self, users: Users) {
        let users = Arc::new(users);
        if self.users.set(users.clone()).is_ok() {
            self.io.main().middleware(move |socket| {
                let token = socket.handshake().auth.get("token").and_then(Value::as_str);
                match users.of(token.unwrap_or_default()) {
                    Ok(Some(known)) => {
                        socket.set_user(known.user.clone());
                        socket.set_data(known);
                        Ok(())
                    }
                    Ok(None) => Ok(()),
                    Err(why) => {
                        let code = Refusal::BadToken.code();
                        Err(Refused::new(why).with(&serde_json::json!({ "code": code })))
                    }
                }
            });
        }
    }

    /// Who is who, if that can be known.
    #[must_use]
    pub fn users(&self) -> Option<&Users> {
        self.users.get().map(|users| &**users)
    }

    /// Whether it takes those who come: it is not about to stop.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !*self.closed.borrow() && !self.directory().is_some_and(|directory| directory.is_closed())
    }

    pub(super) fn set_cables(&self, cables: Cables) {
        let _ = self.cables.set(cables);
    }

    /// Whether threads of matches carry the connections of native clients.
    #[must_use]
    pub fn has_cables(&self) -> bool {
        self.cables.get().is_some()
    }

    /// Has a thread of matches carry a connection.
    pub fn carry(&self, cable: NewCable) {
        if let Some(cables) = self.cables.get() {
            cables.take(cable, self.config.native.packet_bytes);
        }
    }

    pub(super) fn forget(&self, session: &str) {
        if lock(&self.connections).remove(session).is_some() {
            self.counters().add(Count::SessionsEnded);
        }
    }

    /// Disconnects everybody; nobody comes in any more.
    pub fn close(&self) {
        self.closed.send_replace(true);
        self.io.close();
        let connections: Vec<_> = lock(&self.connections).values().cloned().collect();
        connections.iter().for_each(|connection| connection.close());
    }
}
