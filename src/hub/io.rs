//! The hub as a whole: its namespaces, those that are made when somebody asks, and its clock.

use super::link::{Link, Opening, Outlet};
use super::namespace::{Guest, Namespace};
use super::peers::{PeerMessage, Peers};
use super::socket::Socket;
use super::timers::{Alarm, Timers};
use super::{AckError, Fault, HubOptions, Surroundings, lock};
use crate::event::{Args, ArgsError, RESERVED, ToArgs, Value};
use crate::ids::SocketId;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

/// What everything in the hub shares.
pub(super) struct Core {
    pub(super) surroundings: Box<dyn Surroundings>,
    pub(super) options: HubOptions,
    pub(super) timers: Timers,
    pub(super) peers: OnceLock<Arc<dyn Peers>>,
    io: OnceLock<Weak<IoInner>>,
    is_closed: AtomicBool,
}

impl Core {
    pub(super) fn new_id(&self) -> SocketId {
        let mut random = [0; 15];
        self.surroundings.fill(&mut random);
        SocketId::new(random)
    }

    pub(super) fn new_secret(&self) -> String {
        let mut random = [0; 18];
        self.surroundings.fill(&mut random);
        URL_SAFE_NO_PAD.encode(random)
    }

    /// A secret that brings back this socket: whose it is stands before it.
    pub(super) fn new_return(&self, id: SocketId) -> String {
        format!("{id}{}", self.new_secret())
    }

    pub(super) fn io(&self) -> Option<Io> {
        self.io.get()?.upgrade().map(Io)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// The arguments, if they can be sent; else the fault is reported.
    pub(super) fn checked_args(&self, name: &str, args: &impl ToArgs) -> Option<Args> {
        let is_free = if RESERVED.contains(&name) { Err(ArgsError::Reserved) } else { Ok(()) };
        let args = is_free.and_then(|()| args.to_args()).and_then(|args| {
            let has_room = args.attachments().len() <= self.options.attachments;
            if has_room { Ok(args) } else { Err(ArgsError::Attachments) }
        });
        let fault = |error| Fault::Emit { event: name.into(), error };
        args.map_err(|error| self.surroundings.report(&fault(error))).ok()
    }
}

type Matches = Arc<dyn Fn(&str, &Value) -> bool + Send + Sync>;

/// Namespaces that are made when a client asks for one of them.
#[derive(Clone)]
struct Family {
    matches: Matches,
    /// Whether a name alone tells if it belongs to it.
    is_by_name: bool,
    parent: Namespace,
}

impl Family {
    /// Asks code of others; if it panics, the name does not belong to it.
    fn has(&self, name: &str, auth: &Value) -> bool {
        let asked = catch_unwind(AssertUnwindSafe(|| (self.matches)(name, auth)));
        asked.unwrap_or_else(|_| self.parent.report_panic("namespace"))
    }
}

/// What the parent of a family is called.
pub(super) const FAMILY: &str = "/*";

pub(super) struct IoInner {
    core: Arc<Core>,
    main: Namespace,
    namespaces: Mutex<BTreeMap<Arc<str>, Namespace>>,
    families: Mutex<Vec<Family>>,
}

/// A handle to the hub; all clones are the same hub. What concerns sockets is about namespace `/`.
#[derive(Clone)]
pub struct Io(Arc<IoInner>);

impl std::fmt::Debug for Io {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "hub of {} namespaces", lock(&self.0.namespaces).len())
    }
}

impl Io {
    /// A hub in these surroundings.
    #[must_use]
    pub fn new(surroundings: impl Surroundings, options: HubOptions) -> Self {
        let core = Arc::new(Core {
            surroundings: Box::new(surroundings),
            options,
            timers: Timers::default(),
            peers: OnceLock::new(),
            io: OnceLock::new(),
            is_closed: AtomicBool::new(false),
        });
        let main = Namespace::new("/", core.clone(), None);
        let namespaces = BTreeMap::from([(main.shared_name().clone(), main.clone())]);
        let inner = IoInner {
            core: core.clone(),
            main,
            namespaces: Mutex::new(namespaces),
            families: Mutex::default(),
        };
        let io = Self(Arc::new(inner));
        let _ = core.io.set(Arc::downgrade(&io.0));
        io
    }

    /// The namespace of this name; it is made if there is none, as one of a pattern's if its name
    /// matches. The name begins with `/`.
    pub fn of(&self, name: &str) -> Namespace {
        let name = if name.starts_with('/') { name.to_owned() } else { format!("/{name}") };
        let families: Vec<_> = lock(&self.0.families).clone();
        let by_name = families.iter().filter(|family| family.is_by_name);
        let family = by_name.into_iter().find(|family| family.has(&name, &Value::Null));
        let parent = family.map(|family| &family.parent);
        self.make_in(&mut lock(&self.0.namespaces), &name, parent).clone()
    }

    /// Namespaces whose names match, each made when a client asks for it. What is given to the
    /// namespace that this returns (handlers, middleware) is theirs.
    pub fn of_matching<F>(&self, matches: F) -> Namespace
    where
        F: Fn(&str, &Value) -> bool + Send + Sync + 'static,
    {
        self.add_family(Arc::new(matches), false)
    }

    /// The same for names that match a regular expression.
    pub fn of_pattern(&self, pattern: &str) -> Result<Namespace, regex_lite::Error> {
        let pattern = regex_lite::Regex::new(pattern)?;
        Ok(self.add_family(Arc::new(move |name, _| pattern.is_match(name)), true))
    }

    fn add_family(&self, matches: Matches, is_by_name: bool) -> Namespace {
        let parent = Namespace::new(FAMILY, self.0.core.clone(), None);
        let family = Family { matches, is_by_name, parent: parent.clone() };
        lock(&self.0.families).push(family);
        parent
    }

    /// The namespaces of a family that there are now.
    pub(super) fn children(&self, parent: &Namespace) -> Vec<Namespace> {
        let namespaces = lock(&self.0.namespaces);
        namespaces.values().filter(|child| child.is_child_of(parent)).cloned().collect()
    }

    fn make_in<'a>(
        &self,
        namespaces: &'a mut BTreeMap<Arc<str>, Namespace>,
        name: &str,
        parent: Option<&Namespace>,
    ) -> &'a Namespace {
        namespaces
            .entry(name.into())
            .or_insert_with(|| Namespace::new(name, self.0.core.clone(), parent.cloned()))
    }

    /// The namespace that a client asks for.
    pub(super) fn find(&self, name: &str, auth: &Value) -> Option<Guest> {
        if let Some(namespace) = lock(&self.0.namespaces).get(name) {
            return Some(Guest::of(namespace));
        }
        let families: Vec<_> = lock(&self.0.families).clone();
        let family = families.iter().find(|family| family.has(name, auth))?;
        let mut namespaces = lock(&self.0.namespaces);
        Some(Guest::of(self.make_in(&mut namespaces, name, Some(&family.parent))))
    }

    /// Forgets a dynamic namespace that nobody is in, about to be in, or may come back to.
    pub(super) fn forget(&self, namespace: &Namespace) {
        let mut namespaces = lock(&self.0.namespaces);
        // By now another may have its name, with others in it.
        let is_same = |other: &Namespace| Arc::ptr_eq(&other.0, &namespace.0);
        if namespaces.get(namespace.name()).is_some_and(is_same) && namespace.is_deserted() {
            namespaces.remove(namespace.name());
        }
    }

    /// A connection has come; what it says is handed to its link.
    pub fn open(&self, outlet: Weak<dyn Outlet>, opening: Arc<Opening>) -> Link {
        Link::open(&self.0.core, outlet, opening)
    }

    /// Disconnects all sockets; nobody comes in any more.
    pub fn close(&self) {
        self.0.core.is_closed.store(true, Ordering::Relaxed);
        let namespaces: Vec<_> = lock(&self.0.namespaces).values().cloned().collect();
        for socket in namespaces.iter().flat_map(Namespace::sockets) {
            socket.gone("server shutting down");
            if let Some(outlet) = socket.0.link.outlet.upgrade() {
                outlet.close();
            }
        }
    }

    /// When [`Self::handle_timeout`] is to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.0.core.timers.next()
    }

    /// Does what is due.
    pub fn handle_timeout(&self, now: Duration) {
        while let Some(alarm) = self.0.core.timers.take_due(now) {
            match alarm {
                Alarm::Connect(link) => link.upgrade().into_iter().for_each(|link| link.too_late()),
                Alarm::Ack(socket, id) => socket
                    .upgrade()
                    .into_iter()
                    .for_each(|socket| Socket(socket).acknowledged(id, Err(AckError::Timeout))),
                Alarm::Gather(gather) => {
                    gather.upgrade().into_iter().for_each(|gather| gather.time_out());
                }
                Alarm::Recovery(namespace) => namespace
                    .upgrade()
                    .into_iter()
                    .for_each(|namespace| Namespace(namespace).forget_lost(now)),
            }
        }
    }

    /// Other servers of the same hub.
    pub fn set_peers(&self, peers: Arc<dyn Peers>) {
        let _ = self.0.core.peers.set(peers);
    }

    /// Takes what another server says.
    pub fn receive_from_peer(&self, message: PeerMessage) {
        let namespace = lock(&self.0.namespaces).get(message.namespace()).cloned();
        namespace.into_iter().for_each(|namespace| namespace.take_from_peer(&message));
    }

    /// Namespace `/`.
    #[must_use]
    pub fn main(&self) -> &Namespace {
        &self.0.main
    }
}

/// What concerns sockets is about namespace `/`.
impl Deref for Io {
    type Target = Namespace;

    fn deref(&self) -> &Namespace {
        self.main()
    }
}
