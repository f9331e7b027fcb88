//! A client of a hub: its connection notes what it is told, and says what a test wants.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use tickwire::event::{Event, ToArgs, Value};
use tickwire::hub::{Io, Letter, Link, Opening, Outlet, Parcel, Return, Socket, Violation};

/// The connection outside: notes what it is told to send.
#[derive(Default)]
struct Notes {
    parcels: Mutex<Vec<Arc<Parcel>>>,
    /// By namespace: the id and the secret that it was told last.
    connected: Mutex<BTreeMap<String, (String, Option<String>)>>,
    /// By namespace: the last offset.
    offsets: Mutex<BTreeMap<String, String>>,
    is_closed: AtomicBool,
    is_blocked: AtomicBool,
    resumed: AtomicUsize,
    link: Mutex<Weak<Link>>,
}

impl Outlet for Notes {
    fn backlog(&self) -> usize {
        0
    }

    fn keeps_secret(&self) -> bool {
        true
    }

    fn deliver(&self, parcel: &Arc<Parcel>) {
        let is_dropped = parcel.is_volatile && self.is_blocked.load(Ordering::Relaxed);
        if is_dropped || self.is_closed.load(Ordering::Relaxed) {
            return;
        }
        let namespace = parcel.namespace.to_string();
        match &parcel.letter {
            Letter::Connect { sid, pid, .. } => {
                let mut connected = self.connected.lock().unwrap();
                connected.insert(namespace, (sid.clone(), pid.clone()));
            }
            Letter::Event { offset: Some(offset), .. } => {
                self.offsets.lock().unwrap().insert(namespace, offset.to_string());
            }
            _ => {}
        }
        self.parcels.lock().unwrap().push(parcel.clone());
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    fn supplant(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        let link = self.link.lock().unwrap().upgrade();
        link.into_iter().for_each(|link| link.closed("transport close"));
    }

    fn transport(&self) -> &'static str {
        "notes"
    }

    fn resume(&self) {
        self.resumed.fetch_add(1, Ordering::Relaxed);
    }
}

/// A client with its connection.
pub(super) struct Client {
    io: Io,
    notes: Arc<Notes>,
    link: Option<Arc<Link>>,
}

impl Client {
    pub(super) fn open(io: &Io, opening: Opening) -> Self {
        let notes = Arc::new(Notes::default());
        let outlet: Arc<dyn Outlet> = notes.clone();
        let link = Arc::new(io.open(Arc::downgrade(&outlet), Arc::new(opening)));
        *notes.link.lock().unwrap() = Arc::downgrade(&link);
        Self { io: io.clone(), notes, link: Some(link) }
    }

    pub(super) fn link(&self) -> &Link {
        self.link.as_ref().expect("the connection is there")
    }

    /// Asks to join a namespace.
    pub(super) fn connect(&self, namespace: &str) {
        self.connect_as(namespace, &(), None).expect("it may ask");
    }

    pub(super) fn connect_as(
        &self,
        namespace: &str,
        auth: &impl serde::Serialize,
        returning: Option<Return>,
    ) -> Result<(), Violation> {
        let json = serde_json::to_string(auth).expect("it can be written");
        let auth: Value = serde_json::from_str(&json).expect("it was just written");
        self.link().connect(namespace, auth, returning)
    }

    /// Joins a namespace that lets it in at once; gives its socket there.
    pub(super) fn enter(&self, namespace: &str) -> Socket {
        self.connect(namespace);
        assert_eq!(self.heard().last().map(String::as_str), Some(&*place(namespace, "connect")));
        self.socket(namespace)
    }

    /// Its socket in a namespace, by the id that it was told.
    pub(super) fn socket(&self, namespace: &str) -> Socket {
        let sid = self.told_at_connect(namespace).0;
        let sockets = self.io.of(namespace).sockets();
        let socket = sockets.into_iter().find(|socket| socket.id().as_str() == sid);
        socket.expect("it is in the namespace")
    }

    /// The id and the secret that it was told when it last joined the namespace.
    pub(super) fn told_at_connect(&self, namespace: &str) -> (String, Option<String>) {
        let told = self.notes.connected.lock().unwrap();
        told.get(namespace).cloned().expect("it was let in")
    }

    pub(super) fn say(&self, name: &str, args: impl ToArgs) {
        self.say_in("/", name, args);
    }

    pub(super) fn say_in(&self, namespace: &str, name: &str, args: impl ToArgs) {
        let event = Event::new(name, args).expect("it can be sent");
        self.link().event(namespace, event, None).expect("it is in the namespace");
    }

    /// Says something that wants an answer under a number.
    pub(super) fn ask(&self, id: u64, name: &str, args: impl ToArgs) {
        let event = Event::new(name, args).expect("it can be sent");
        self.link().event("/", event, Some(id)).expect("it is in the namespace");
    }

    /// Answers what it was asked under this number.
    pub(super) fn answer(&self, id: u64, args: impl ToArgs) {
        self.link().ack("/", id, args.to_args().expect("it can be sent")).expect("it is in");
    }

    pub(super) fn leave(&self, namespace: &str) {
        self.link().leave(namespace).expect("it is in the namespace");
    }

    /// The connection is gone, for this reason.
    pub(super) fn lose(&mut self, reason: &str) {
        self.notes.close();
        self.link.take().expect("the connection was there").closed(reason);
    }

    /// What it was told since the last time that somebody asked.
    pub(super) fn heard(&self) -> Vec<String> {
        self.parcels().iter().map(|parcel| told(parcel)).collect()
    }

    pub(super) fn parcels(&self) -> Vec<Arc<Parcel>> {
        std::mem::take(&mut self.notes.parcels.lock().unwrap())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.notes.is_closed.load(Ordering::Relaxed)
    }

    /// Whether the connection takes nothing volatile.
    pub(super) fn block(&self, is_blocked: bool) {
        self.notes.is_blocked.store(is_blocked, Ordering::Relaxed);
    }

    /// How often it was told to go on reading.
    pub(super) fn resumed(&self) -> usize {
        self.notes.resumed.load(Ordering::Relaxed)
    }

    /// What brings it back to a namespace: its secret there, and the last offset that it heard.
    pub(super) fn way_back(&self, namespace: &str) -> Return {
        let way = self.last_secret(namespace).zip(self.last_offset(namespace));
        way.expect("it has a secret and heard something")
    }

    pub(super) fn last_secret(&self, namespace: &str) -> Option<String> {
        self.notes.connected.lock().unwrap().get(namespace)?.1.clone()
    }

    pub(super) fn last_offset(&self, namespace: &str) -> Option<String> {
        self.notes.offsets.lock().unwrap().get(namespace).cloned()
    }
}

/// A letter as text, after its namespace.
fn told(parcel: &Parcel) -> String {
    let words = match &parcel.letter {
        Letter::Connect { recovered: true, .. } => "connect again".into(),
        Letter::Connect { .. } => "connect".into(),
        Letter::ConnectError { message, data: None } => format!("refused: {message}"),
        Letter::ConnectError { message, data: Some(data) } => format!("refused: {message} {data}"),
        Letter::Disconnect => "disconnect".into(),
        Letter::Event { event, ack: None, .. } => format!("{} {:?}", event.name, event.args),
        Letter::Event { event, ack: Some(id), .. } => {
            format!("{} {:?} #{id}", event.name, event.args)
        }
        Letter::Ack { id, args } => format!("ack {args:?} #{id}"),
    };
    place(&parcel.namespace, &words)
}

fn place(namespace: &str, words: &str) -> String {
    if namespace == "/" { words.into() } else { format!("{namespace} {words}") }
}
