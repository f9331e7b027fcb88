//! All matches of this server: who wants to play finds one, or begins one.

use super::catalog::Catalog;
use super::client::{Client, SeatOf};
use super::entry::{Entry, Listing, Mail, Newcomer, Seat};
use super::live::{Around, Live};
use super::tally::Tally;
use super::worker::Workers;
use super::{Away, MatchOptions, socketio};
use crate::host::hosting::Host;
use crate::host::wires::Wires;
use crate::host::{Clock, lock};
use crate::hub::{Io, Socket};
use crate::ids::{MatchId, PlayerId, SocketId, UserId};
use crate::protocol::native::Refusal;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Characters of short codes: none that is taken for another.
const CODE_LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH: usize = 8;

/// What somebody wants to play.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// In which mode; none: the first.
    pub mode: Option<&'a str>,
    /// The mode's options, as JSON; what they leave out is as the mode has it.
    pub options: &'a str,
    /// Whether only those come in who are told the match's code.
    pub is_private: bool,
}

/// The match that a lost socket was in; kept with the socket.
struct LastMatch(MatchId);

/// Who wants a seat.
pub(super) struct Guest {
    pub(super) client: Arc<dyn Client>,
    pub(super) name: String,
    pub(super) user: Option<UserId>,
    pub(super) is_spectator: bool,
    pub(super) predicts: bool,
}

/// All matches.
pub struct Directory {
    catalog: Catalog,
    options: MatchOptions,
    clock: Clock,
    io: Io,
    fill: fn(&mut [u8]),
    pub(super) away: Arc<Away>,
    tally: Arc<Tally>,
    workers: Workers,
    matches: Mutex<Matches>,
}

#[derive(Default)]
struct Matches {
    by_id: BTreeMap<MatchId, Arc<Entry>>,
    by_code: BTreeMap<String, MatchId>,
    is_closed: bool,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "directory of {} matches", lock(&self.matches).by_id.len())
    }
}

impl Directory {
    /// Hosts these games, within a runtime of tokio: native clients of the host find them here.
    pub fn start(host: &Arc<Host>, catalog: Catalog) -> std::io::Result<Arc<Self>> {
        let options = host.config().matches.clone();
        let tally = Arc::new(Tally::default());
        let goodbye = host.config().doors.goodbye_timeout;
        let (wires, reactors) = Wires::new(options.threads(), options.listens_to, goodbye)?;
        host.set_wires(wires.clone());
        let directory = Arc::new_cyclic(|directory: &std::sync::Weak<Self>| {
            let directory = directory.clone();
            let forget = move |entry: &Entry| {
                directory.upgrade().into_iter().for_each(|directory| directory.forget(entry));
            };
            Self {
                catalog,
                workers: Workers::start(&wires, reactors, host.clock(), &tally, forget),
                options,
                clock: host.clock(),
                io: host.io().clone(),
                fill: crate::host::hosting::fill,
                away: Arc::default(),
                tally,
                matches: Mutex::default(),
            }
        });
        host.set_matches(directory.clone());
        socketio::serve(host.io(), &Arc::downgrade(&directory));
        Ok(directory)
    }

    /// What happened in all matches.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// All matches that are not over, in the order of their ids; private ones among them.
    #[must_use]
    pub fn list(&self) -> Vec<Listing> {
        let entries: Vec<_> = lock(&self.matches).by_id.values().cloned().collect();
        entries.iter().filter_map(|entry| entry.listing()).collect()
    }

    /// Begins a match.
    pub fn create(&self, wish: &Wish<'_>) -> Result<Created, Refusal> {
        let entry = self.begin(wish)?;
        Ok(Created { id: entry.id.clone(), code: entry.code.clone() })
    }

    /// Lets nobody new into a match, or lets them in again.
    pub fn lock(&self, id: &MatchId, is_locked: bool) -> Result<(), Refusal> {
        self.find(&id.0).map(|entry| entry.set_locked(is_locked))
    }

    /// Ends a match; its players are told that it is over.
    pub fn end(&self, id: &MatchId) -> Result<(), Refusal> {
        self.find(&id.0).map(|entry| entry.post(Mail::End(Refusal::Ended)))
    }

    /// Takes a player out of a match.
    pub fn remove(&self, id: &MatchId, player: PlayerId) -> Result<(), Refusal> {
        let entry = self.find(&id.0)?;
        entry.post(Mail::Leave(player, Some(Refusal::Removed)));
        Ok(())
    }

    /// Ends all matches and begins none any more.
    pub fn close(&self) {
        let entries: Vec<_> = {
            let mut matches = lock(&self.matches);
            matches.is_closed = true;
            matches.by_id.values().cloned().collect()
        };
        entries.iter().for_each(|entry| entry.post(Mail::End(Refusal::ShuttingDown)));
    }

    /// Gives somebody a seat: in the match of this id or code, or in any open one.
    pub(super) fn seat(
        &self,
        place: &str,
        wish: &Wish<'_>,
        guest: &Guest,
    ) -> Result<(Arc<Entry>, PlayerId), Refusal> {
        if !place.is_empty() {
            let entry = self.find(place)?;
            if entry.code.is_some() && *entry.id.0 == *place {
                // Its id is known to all who were in it; its code lets in, to watch as well.
                return Err(Refusal::NoSuchMatch);
            }
            return self.sit(&entry, guest).map(|player| (entry.clone(), player));
        }
        let mode = self.catalog.find(wish.mode).ok_or(Refusal::NoSuchMatch)?.clone();
        let wants_any = wish.options.is_empty();
        let mut open: Vec<_> = {
            let matches = lock(&self.matches);
            let is_open = |entry: &&Arc<Entry>| {
                wants_any
                    && entry.code.is_none()
                    && entry.is_usual
                    && Arc::ptr_eq(&entry.mode, &mode)
            };
            matches.by_id.values().filter(is_open).cloned().collect()
        };
        // The fullest first: a match with many is more fun, and the others may end.
        open.sort_by_cached_key(|entry| {
            std::cmp::Reverse(entry.listing().map_or(0, |listing| listing.players))
        });
        for entry in open {
            if let Ok(player) = self.sit(&entry, guest) {
                return Ok((entry, player));
            }
        }
        let entry = self.begin(&Wish { mode: Some(&mode.name), ..*wish })?;
        let player = self.sit(&entry, guest)?;
        Ok((entry, player))
    }

    fn sit(&self, entry: &Arc<Entry>, guest: &Guest) -> Result<PlayerId, Refusal> {
        entry.book(guest.user.as_ref(), guest.is_spectator, |seat| {
            let (Seat::New(player) | Seat::Own(player)) = seat;
            guest.client.sit(SeatOf { entry: entry.clone(), player });
            match seat {
                Seat::Own(player) => Mail::Back(player, guest.client.clone()),
                Seat::New(player) => Mail::Join(Newcomer {
                    player,
                    client: guest.client.clone(),
                    name: guest.name.clone(),
                    user: guest.user.clone(),
                    is_spectator: guest.is_spectator,
                    predicts: guest.predicts,
                }),
            }
        })
    }

    fn find(&self, place: &str) -> Result<Arc<Entry>, Refusal> {
        let matches = lock(&self.matches);
        let by_code = || matches.by_code.get(&place.to_ascii_uppercase()).cloned();
        let id = by_code().unwrap_or_else(|| MatchId(place.into()));
        matches.by_id.get(&id).cloned().ok_or(Refusal::NoSuchMatch)
    }

    fn begin(&self, wish: &Wish<'_>) -> Result<Arc<Entry>, Refusal> {
        let mode = self.catalog.find(wish.mode).ok_or(Refusal::NoSuchMatch)?.clone();
        self.has_room(&lock(&self.matches))?;
        let mut seed = [0; 8];
        (self.fill)(&mut seed);
        // Under no lock and on no match's thread: it takes a fifth of a millisecond.
        let made = mode.make(wish.options, u64::from_le_bytes(seed));
        let game = made.map_err(|why| {
            tracing::debug!("no match: {why}");
            Refusal::BadOptions
        })?;
        let mut random = [0; 15];
        (self.fill)(&mut random);
        let id = MatchId(SocketId::new(random).as_str().into());
        let code = wish.is_private.then(|| self.new_code());
        let is_usual = wish.options.is_empty();
        let (hertz, thread) = (game.hertz(), self.workers.choose());
        let entry = Entry::new(id.clone(), code.clone(), mode, hertz, thread, is_usual);
        let entry = Arc::new(entry);
        {
            let mut matches = lock(&self.matches);
            if let Err(refusal) = self.has_room(&matches) {
                self.workers.give_back(thread);
                return Err(refusal);
            }
            matches.by_id.insert(id.clone(), entry.clone());
            code.into_iter().for_each(|code| drop(matches.by_code.insert(code, id.clone())));
        }
        self.tally.begun.add(1);
        let around = Around {
            io: self.io.clone(),
            away: self.away.clone(),
            tally: self.tally.clone(),
            options: self.options.clone(),
        };
        let now = self.clock.now();
        self.workers.take(Live::new(entry.clone(), game, around, now));
        Ok(entry)
    }

    fn has_room(&self, matches: &Matches) -> Result<(), Refusal> {
        match matches.by_id.len() {
            _ if matches.is_closed => Err(Refusal::ShuttingDown),
            count if count >= self.options.matches => Err(Refusal::Busy),
            _ => Ok(()),
        }
    }

    fn new_code(&self) -> String {
        let mut random = [0; CODE_LENGTH];
        (self.fill)(&mut random);
        let letter = |byte: u8| char::from(CODE_LETTERS[usize::from(byte) % CODE_LETTERS.len()]);
        random.into_iter().map(letter).collect()
    }

    /// A match is over.
    fn forget(&self, entry: &Entry) {
        let mut matches = lock(&self.matches);
        matches.by_id.remove(&entry.id);
        entry.code.iter().for_each(|code| drop(matches.by_code.remove(code)));
        drop(matches);
        self.tally.ended.add(1);
    }

    /// The connection of a seat is lost. It is kept if there is a way back to it.
    pub(super) fn lose(&self, seat: SeatOf, socket: &Socket, has_way_back: bool) {
        let SeatOf { entry, player } = seat;
        if !has_way_back && socket.user().is_none() {
            return entry.post(Mail::Leave(player, None));
        }
        // In case it comes back too late.
        socket.set_data(LastMatch(entry.id.clone()));
        let socket: Arc<str> = socket.id().as_str().into();
        self.away.keep(socket.clone(), entry.clone(), player);
        entry.post(Mail::Gone(player, socket.clone()));
        if entry.is_over() {
            // Its box may not be looked into any more.
            self.away.forget(&socket);
        }
    }

    /// A socket is back with its rooms, but its seat is gone.
    pub(super) fn shut_out(socket: &Socket) {
        let last = socket.data::<LastMatch>();
        last.into_iter().for_each(|last| socket.leave(&last.0.0));
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }
}

/// A match that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub id: MatchId,
    /// What brings others in, if it is private.
    pub code: Option<String>,
}
