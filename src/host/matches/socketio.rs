//! Clients of Socket.IO in matches, and what all clients ask of the directory by events.
//!
//! | a client emits | with | is answered |
//! |---|---|---|
//! | `join-match` | `{place, name, mode, options, spectator, predicts}`, all optional | `{ok, match, player}`, then `joined` |
//! | `leave-match` | | `{ok}`, then `left` |
//! | `input` | `{tick, controls, seen, predicted}` | |
//! | `keyframe` | | |
//! | `look` | `[x, y]` | |
//! | `create-match` | `{mode, options, private}` | `{ok, match, code}` |
//! | `list-matches` | `{mode}` | `{ok, matches}` |
//!
//! Answers that are not `ok` have a `code` and a `reason`, as in the native protocol. The stream comes as
//! `state` with the packet and, where one was used, `{tick, lead}` of the input that is in it.

use super::client::{Client, Person, SchemaText, SeatOf, wishes};
use super::directory::{Directory, Wish};
use super::entry::{Listing, Mail};
use super::seating::Guest;
use super::talk::note_seat;
use super::window::Stamped;
use crate::event::ToArgs;
use crate::host::{Tokens, lock};
use crate::hub::{Ack, Io, Socket, WeakSocket};
use crate::ids::{SocketId, Tick};
use crate::protocol::native::{Applied, Joined, NAME_BYTES_LIMIT, Refusal};
use crate::sim::INPUT_BYTES_LIMIT;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// A socket may ask the directory for so much in a second, and at once.
const ASKS_PER_SECOND: u32 = 2;
const ASKS_BURST: u32 = 20;
/// What it costs to begin a match.
const CREATE_COST: u32 = 5;
/// How a native client's connection travels; it joins with messages of its own.
const NATIVE: &str = "native";

/// A client of Socket.IO that is in a match, or was.
pub(super) struct SocketClient {
    id: SocketId,
    /// Not a strong one: the socket keeps this.
    socket: WeakSocket,
    seat: Mutex<Option<SeatOf>>,
    /// What it may still ask of the directory.
    asks: Mutex<Tokens>,
    /// Whether it had a seat when it was lost.
    lost: AtomicBool,
}

impl SocketClient {
    /// The one of this socket, if it has asked for anything yet.
    fn find(socket: &Socket) -> Option<Arc<Self>> {
        // One that came back has that of its former self.
        let is_own = |client: &Arc<Self>| client.socket.upgrade().as_ref() == Some(socket);
        socket.data::<Self>().filter(is_own)
    }

    fn of(socket: &Socket, now: Duration) -> Arc<Self> {
        Self::find(socket).unwrap_or_else(|| {
            socket.set_data(Self {
                id: socket.id(),
                socket: socket.downgrade(),
                seat: Mutex::default(),
                asks: Mutex::new(Tokens::new(ASKS_BURST, now)),
                lost: AtomicBool::new(false),
            });
            socket.data::<Self>().unwrap_or_else(|| unreachable!("it was set just now"))
        })
    }

    /// Whether it may ask for something that costs so much.
    fn may_ask(&self, cost: u32, now: Duration) -> bool {
        lock(&self.asks).take_some(cost, ASKS_PER_SECOND, ASKS_BURST, now)
    }

    fn emit(&self, name: &str, args: impl ToArgs) {
        if let Some(socket) = self.socket.upgrade() {
            socket.unkept().emit(name, args);
        }
    }

    fn was_seated(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    fn seat(&self) -> Option<SeatOf> {
        lock(&self.seat).clone()
    }
}

impl Client for SocketClient {
    fn socket(&self) -> &str {
        self.id.as_str()
    }

    fn sit(&self, seat: SeatOf) {
        note_seat(self.socket.upgrade().as_ref(), Some(&seat));
        *lock(&self.seat) = Some(seat);
    }

    fn join(&self, joined: &Joined<'_>, schema: &SchemaText) {
        let parts: serde_json::Value = serde_json::from_slice(&schema.json).unwrap_or_default();
        let about = json!({
            "match": joined.match_id,
            "player": joined.player,
            "spectator": joined.spectator,
            "tick": joined.tick,
            "tick_rate": joined.tick_rate,
            "schema": parts,
        });
        self.emit("joined", about);
    }

    fn send_state(&self, after: Option<Applied>, write: &mut dyn FnMut(&mut Vec<u8>)) {
        let mut packet = Vec::new();
        write(&mut packet);
        if packet.is_empty() {
            return;
        }
        let packet = Bytes::from(packet);
        match after {
            None => self.emit("state", (packet,)),
            Some(Applied { stamp, lead }) => {
                self.emit("state", (packet, json!({ "tick": stamp, "lead": lead })));
            }
        }
    }

    fn backlog(&self) -> usize {
        self.socket.upgrade().map_or(0, |socket| socket.backlog())
    }

    fn leave(&self, why: Option<Refusal>) {
        note_seat(self.socket.upgrade().as_ref(), None);
        *lock(&self.seat) = None;
        let (code, reason) = why.map_or((0, ""), |why| (why.code(), why.sentence()));
        self.emit("left", json!({ "code": code, "reason": reason }));
    }

    fn cut(&self, why: Refusal) {
        tracing::debug!("{}: {}", self.id, why.sentence());
        self.socket.upgrade().into_iter().for_each(|socket| socket.close());
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct JoinWish {
    place: String,
    name: String,
    mode: Option<String>,
    options: Option<serde_json::Value>,
    spectator: bool,
    predicts: bool,
    player: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CreateWish {
    mode: Option<String>,
    options: Option<serde_json::Value>,
    private: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ListWish {
    mode: Option<String>,
}

#[derive(Deserialize)]
struct SocketInput {
    tick: u32,
    controls: Bytes,
    #[serde(default)]
    seen: Option<(u32, u8)>,
    #[serde(default)]
    predicted: Option<u32>,
}

pub(super) fn refused(why: Refusal) -> serde_json::Value {
    json!({ "ok": false, "code": why.code(), "reason": why.sentence() })
}

/// Hears what clients ask of matches.
pub(super) fn serve(io: &Io, directory: &Weak<Directory>) {
    let hear = |name: &'static str, act: fn(&Arc<Directory>, &Socket) -> serde_json::Value| {
        let directory = directory.clone();
        io.on(name, move |socket, (), ack| {
            let Some(directory) = directory.upgrade() else { return };
            ack.send(act(&directory, socket));
        });
    };
    hear("leave-match", |_, socket| {
        let seat = SocketClient::find(socket).and_then(|client| client.seat());
        seat.iter().for_each(|seat| seat.entry.post(Mail::Leave(seat.player, None)));
        if seat.is_some() { json!({ "ok": true }) } else { refused(Refusal::NotInMatch) }
    });
    hear("keyframe", |_, socket| {
        let seat = SocketClient::find(socket).and_then(|client| client.seat());
        seat.iter().for_each(|seat| seat.entry.post(Mail::Keyframe(seat.player)));
        serde_json::Value::Null
    });
    io.on("look", |socket, (at,): ([f32; 2],), _| {
        let seat = SocketClient::find(socket).and_then(|client| client.seat());
        let seat = seat.filter(|_| at.iter().all(|place| place.is_finite()));
        seat.iter().for_each(|seat| seat.entry.post(Mail::Look(seat.player, at)));
    });
    serve_wishes(io, directory);
    serve_players(io, directory);
}

/// Hears those who look for a match.
fn serve_wishes(io: &Io, directory: &Weak<Directory>) {
    let of = directory.clone();
    io.on("create-match", move |socket, wish: Option<CreateWish>, ack: Ack| {
        if let Some(directory) = of.upgrade() {
            let wish = wish.unwrap_or_default();
            ack.send(directory.asked(socket, CREATE_COST, || create(&directory, socket, &wish)));
        }
    });
    let of = directory.clone();
    io.on("list-matches", move |socket, wish: Option<ListWish>, ack: Ack| {
        if let Some(directory) = of.upgrade() {
            ack.send(directory.asked(socket, 1, || list(&directory, &wish.unwrap_or_default())));
        }
    });
    let of = directory.clone();
    io.on("join-match", move |socket, wish: Option<JoinWish>, ack: Ack| {
        if let Some(directory) = of.upgrade() {
            let wish = wish.unwrap_or_default();
            // One with options of its own may have to be made.
            let cost = if wish.options.is_some() { CREATE_COST } else { 1 };
            ack.send(directory.asked(socket, cost, || directory.join_socket(socket, &wish)));
        }
    });
}

/// Hears those who play, and meets those who come.
fn serve_players(io: &Io, directory: &Weak<Directory>) {
    let of = directory.clone();
    io.on("input", move |socket, input: SocketInput, _| {
        let seat = SocketClient::find(socket).and_then(|client| client.seat());
        let Some((directory, seat)) = of.upgrade().zip(seat) else { return };
        if input.controls.len() <= INPUT_BYTES_LIMIT {
            let stamped = Stamped {
                tick: Tick(input.tick),
                came: directory.clock().now(),
                seen: input.seen.map(|(tick, phase)| (Tick(tick), phase)),
                predicted: input.predicted,
                controls: input.controls.to_vec(),
            };
            seat.entry.post(Mail::Input(seat.player, stamped));
        }
    });
    let of = directory.clone();
    io.on_connection(move |socket| {
        if socket.transport() != NATIVE
            && let Some(directory) = of.upgrade()
        {
            directory.meet(socket);
        }
    });
}

fn create(directory: &Directory, socket: &Socket, wish: &CreateWish) -> serde_json::Value {
    if !directory.lets_create(socket.user().as_ref()) {
        return refused(Refusal::Forbidden);
    }
    let options = Wish::options_of(wish.options.as_ref());
    let mode = wish.mode.as_deref();
    let wish = Wish { mode, options: &options, is_private: wish.private };
    match directory.create(&wish) {
        Ok(created) => json!({ "ok": true, "match": created.id, "code": created.code }),
        Err(why) => refused(why),
    }
}

/// Public matches and how full they are.
fn list(directory: &Directory, wish: &ListWish) -> serde_json::Value {
    let matches = directory.list_open(wish.mode.as_deref());
    let matches: Vec<_> = matches.iter().map(Listing::to_json).collect();
    json!({ "ok": true, "matches": matches })
}

impl Directory {
    /// Answers a socket that asks for something that costs so much, if it may.
    pub(super) fn asked(
        &self,
        socket: &Socket,
        cost: u32,
        answer: impl FnOnce() -> serde_json::Value,
    ) -> serde_json::Value {
        let now = self.clock().now();
        if SocketClient::of(socket, now).may_ask(cost, now) {
            answer()
        } else {
            refused(Refusal::Busy)
        }
    }

    fn join_socket(&self, socket: &Socket, wish: &JoinWish) -> serde_json::Value {
        let client = SocketClient::of(socket, self.clock().now());
        if client.seat().is_some() || socket.transport() == NATIVE {
            return refused(Refusal::AlreadyInMatch);
        }
        if wish.name.len() > NAME_BYTES_LIMIT {
            return refused(Refusal::TooLong);
        }
        let wishes = match wishes(wish.player.as_ref()) {
            Ok(wishes) => wishes,
            Err(why) => return refused(why),
        };
        let person = Person { wishes, ..Person::of(Some(socket), &wish.name, wish.spectator) };
        let guest = Guest { client, person, predicts: wish.predicts };
        let options = Wish::options_of(wish.options.as_ref());
        let wished = Wish { mode: wish.mode.as_deref(), options: &options, is_private: false };
        let seat = self.seat(&wish.place, &wished, &guest);
        if !socket.is_connected() {
            self.part(socket, "");
        }
        match seat {
            Ok((entry, player)) => json!({ "ok": true, "match": entry.id, "player": player }),
            Err(why) => refused(why),
        }
    }

    /// A client of Socket.IO has come, perhaps back to its seat.
    fn meet(self: &Arc<Self>, socket: &Socket) {
        let part = |directory: Weak<Self>| {
            move |socket: &Socket, reason: &str| {
                directory
                    .upgrade()
                    .into_iter()
                    .for_each(|directory| directory.part(socket, reason));
            }
        };
        // Before it can be back; and afterwards, if it sat down in between.
        socket.on_disconnecting(part(Arc::downgrade(self)));
        socket.on_disconnect(part(Arc::downgrade(self)));
        if !socket.is_recovered() {
            return;
        }
        let was_seated = socket.data::<SocketClient>().is_some_and(|former| former.was_seated());
        let seat = self.away.take(socket.id().as_str());
        let client = SocketClient::of(socket, self.clock().now());
        let is_back = seat.is_some_and(|(entry, player)| entry.bring_back(player, client.clone()));
        if !is_back && was_seated {
            Self::shut_out(socket);
            client.leave(Some(Refusal::NotInMatch));
        }
        if !socket.is_connected() {
            self.part(socket, "");
        }
    }

    /// A client of Socket.IO is gone, or about to be.
    fn part(&self, socket: &Socket, reason: &str) {
        let Some(client) = SocketClient::find(socket) else { return };
        if let Some(seat) = lock(&client.seat).take() {
            client.lost.store(true, Ordering::Relaxed);
            note_seat(Some(socket), None);
            self.lose(seat, socket, socket.may_come_back(reason));
        }
    }
}
