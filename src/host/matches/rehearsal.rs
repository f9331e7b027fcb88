//! A match as it is hosted, without threads, sockets and clocks: time is passed in.
//!
//! What its clients meet is what they meet in a server: seats, the window of inputs, backlog, keyframes,
//! seats that are kept. So what goes wrong with matches can be looked for by seed, thousands of ticks
//! a second. Events of the game go nowhere.

use super::client::{Client, Person, SchemaText, SeatOf};
use super::entry::{Entry, Mail};
use super::live::{Around, Live, Verdict};
use super::seating::{Guest, sit};
use super::tally::Tally;
use super::window::Stamped;
use super::{Away, Catalog, MatchOptions};
use crate::host::lock;
use crate::hub::{Fault, HubOptions, Io, Surroundings, Task};
use crate::ids::MatchId;
use crate::protocol::native::{
    Applied, FromClient, Joined, Limits, Pong, ProtocolError, Refusal, Secret, ServerSession,
    Stage, ToClient, Welcome, begin_state,
};
use crate::sim::Match;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A hub that nobody comes to.
struct Nowhere;

impl Surroundings for Nowhere {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
    fn spawn(&self, _: Task) {}
    fn wake_at(&self, _: Duration) {}
    fn report(&self, _: &Fault) {}
}

/// A match, and those who are lost and may come back.
pub struct Rehearsal {
    live: Live,
    entry: Arc<Entry>,
    away: Arc<Away>,
    tally: Arc<Tally>,
    /// By what brings them back: who they were.
    lost: BTreeMap<String, Arc<str>>,
    count: u32,
}

/// The host's end of one client's connection.
pub struct Stand {
    client: Arc<StandIn>,
    /// What brings it back once it was welcomed.
    way_back: Option<String>,
}

struct StandIn {
    socket: Arc<str>,
    inner: Mutex<Inner>,
}

struct Inner {
    session: ServerSession,
    seat: Option<SeatOf>,
}

impl StandIn {
    fn say(&self, message: &ToClient<'_>) {
        let mut inner = lock(&self.inner);
        if let Err(ProtocolError::OutboxFull(_)) = inner.session.send(message) {
            inner.session.refuse(Refusal::OutboxFull);
        }
    }
}

impl Client for StandIn {
    fn socket(&self) -> &str {
        &self.socket
    }

    fn sit(&self, seat: SeatOf) {
        lock(&self.inner).seat = Some(seat);
    }

    fn join(&self, joined: &Joined<'_>, schema: &SchemaText) {
        let lacks_schema = lock(&self.inner).session.lacks_schema(schema.hash);
        if lacks_schema {
            self.say(&ToClient::Schema { hash: schema.hash, bytes: &schema.json });
        }
        self.say(&ToClient::Joined(*joined));
    }

    fn send_state(&self, after: Option<Applied>, write: &mut dyn FnMut(&mut Vec<u8>)) {
        let mut packet = Vec::new();
        begin_state(&mut packet, after);
        let begun = packet.len();
        write(&mut packet);
        let mut inner = lock(&self.inner);
        if packet.len() > begun
            && let Err(ProtocolError::OutboxFull(_)) = inner.session.send_state(packet.into())
        {
            inner.session.refuse(Refusal::OutboxFull);
        }
    }

    fn backlog(&self) -> usize {
        lock(&self.inner).session.backlog()
    }

    fn leave(&self, why: Option<Refusal>) {
        lock(&self.inner).seat = None;
        self.say(&why.map_or(ToClient::Left { code: 0, reason: "" }, ToClient::left));
    }

    fn cut(&self, why: Refusal) {
        lock(&self.inner).session.refuse(why);
    }
}

impl Stand {
    /// The next packet to the client.
    #[must_use]
    pub fn poll_packet(&self) -> Option<Bytes> {
        lock(&self.client.inner).session.poll_packet()
    }

    /// Whether the host is done with it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let inner = lock(&self.client.inner);
        inner.session.stage() == Stage::Ended && inner.session.backlog() == 0
    }
}

impl Rehearsal {
    /// A match of the catalog's first mode.
    pub fn new(catalog: &Catalog, options: MatchOptions, seed: u64) -> Result<Self, String> {
        let mode = catalog.find(None).cloned().ok_or("there is nothing to play")?;
        let game = mode.make("", seed)?;
        let id = MatchId("rehearsal".into());
        let entry = Arc::new(Entry::new(id, None, mode, game.hertz(), 0, true));
        let (away, tally) = (Arc::new(Away::default()), Arc::new(Tally::default()));
        let around = Around {
            io: Io::new(Nowhere, HubOptions::default()),
            away: away.clone(),
            tally: tally.clone(),
            options,
        };
        let live = Live::new(entry.clone(), game, around, Duration::ZERO);
        Ok(Self { live, entry, away, tally, lost: BTreeMap::new(), count: 0 })
    }

    /// When it is to be stepped.
    #[must_use]
    pub fn due(&self) -> Duration {
        self.live.due()
    }

    /// One tick; says whether the match goes on.
    pub fn step(&mut self, now: Duration) -> bool {
        self.live.step(now) == Verdict::GoesOn
    }

    /// The match itself.
    pub fn game(&mut self) -> &mut Match {
        &mut self.live.game
    }

    /// What happened in it.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many have a seat, whether they are connected or not.
    #[must_use]
    pub fn seats(&self) -> usize {
        self.entry.listing().map_or(0, |listing| listing.players + listing.spectators)
    }

    /// A client connects.
    #[must_use]
    pub fn open(&mut self, now: Duration) -> Stand {
        self.count += 1;
        let inner = Inner { session: ServerSession::new(Limits::default(), now), seat: None };
        let socket = format!("socket {}", self.count).into();
        let client = Arc::new(StandIn { socket, inner: Mutex::new(inner) });
        Stand { client, way_back: None }
    }

    /// A packet came from a client.
    pub fn receive(&mut self, stand: &mut Stand, packet: &[u8], now: Duration) {
        let client = stand.client.clone();
        let heard = lock(&client.inner).session.receive(packet, now);
        let (seat, message) = match heard {
            Ok(Some(message)) => (lock(&client.inner).seat.clone(), message),
            _ => return,
        };
        match (message, seat) {
            (FromClient::Hello(hello), _) => {
                self.welcome(stand, hello.resume.map(|resume| resume.token.0), now);
            }
            (FromClient::Join(join), _) => {
                let person = Person {
                    name: join.name.into(),
                    is_spectator: join.spectator,
                    ..Person::default()
                };
                let guest = Guest { client: client.clone(), person, predicts: join.predicts };
                if let Err(why) = sit(&self.entry, &guest) {
                    client.say(&ToClient::left(why));
                }
            }
            (FromClient::Ping { sent_us }, _) => {
                let (tick, phase) = self.entry.time(now);
                let now_us = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
                client.say(&ToClient::Pong(Pong { sent_us, now_us, tick, phase }));
            }
            (FromClient::Leave, None) => client.say(&ToClient::Left { code: 0, reason: "" }),
            (FromClient::Leave, Some(seat)) => {
                seat.entry.post(Mail::Leave(seat.player, None));
            }
            (FromClient::Input(input), Some(seat)) => {
                let stamped = Stamped {
                    tick: input.tick,
                    came: now,
                    seen: input.seen,
                    predicted: input.predicted,
                    controls: input.controls.to_vec(),
                };
                seat.entry.post(Mail::Input(seat.player, stamped));
            }
            (FromClient::Keyframe, Some(seat)) => seat.entry.post(Mail::Keyframe(seat.player)),
            (FromClient::Look { at }, Some(seat)) => {
                seat.entry.post(Mail::Look(seat.player, at));
            }
            _ => {}
        }
    }

    /// Says hello; to one who was lost with its seat, or with what is left of it.
    fn welcome(&mut self, stand: &mut Stand, way_back: Option<&str>, now: Duration) {
        let socket = way_back.and_then(|token| self.lost.remove(token));
        let resumed = socket.is_some();
        if let Some(socket) = socket {
            let inner = std::mem::replace(
                &mut *lock(&stand.client.inner),
                Inner { session: ServerSession::new(Limits::default(), now), seat: None },
            );
            stand.client = Arc::new(StandIn { socket, inner: Mutex::new(inner) });
        }
        self.count += 1;
        let token = format!("way back {}", self.count);
        stand.client.say(&ToClient::Welcome(Welcome {
            version: crate::protocol::native::VERSION,
            socket: &stand.client.socket,
            resume: Secret(&token),
            resumed,
            silence_ms: Limits::default().silence_ms,
            now_us: u64::try_from(now.as_micros()).unwrap_or(u64::MAX),
        }));
        stand.way_back = Some(token);
        if resumed {
            let client = stand.client.clone();
            let seat = self.away.take(&client.socket);
            if !seat.is_some_and(|(entry, player)| entry.bring_back(player, client.clone())) {
                client.say(&ToClient::left(Refusal::NotInMatch));
            }
        }
    }

    /// Lets time pass for a connection.
    pub fn pass(&self, stand: &Stand, now: Duration) {
        // A client that was quiet for too long is told so, and over.
        let _ = lock(&stand.client.inner).session.handle_timeout(now);
    }

    /// A client's connection is gone.
    pub fn close(&mut self, stand: Stand) {
        let seat = lock(&stand.client.inner).seat.take();
        let Some(SeatOf { entry, player }) = seat else { return };
        match stand.way_back {
            Some(token) => {
                self.lost.insert(token, stand.client.socket.clone());
                self.away.keep(&stand.client.socket, &entry, player);
            }
            None => entry.post(Mail::Leave(player, None)),
        }
    }
}
