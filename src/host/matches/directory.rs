//! All matches of this server: who wants to play finds one, or begins one.

use super::catalog::{Catalog, Mode};
use super::entry::{Entry, Listing, Mail};
use super::live::{Around, Live};
use super::seating::Tickets;
use super::tally::Tally;
use super::worker::Workers;
use super::{Away, MatchOptions, socketio, talk};
use crate::host::cables::Cables;
use crate::host::hosting::Host;
use crate::host::{Clock, lock};
use crate::hub::Io;
use crate::ids::{MatchId, PlayerId, SocketId, UserId};
use crate::protocol::native::Refusal;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Characters of short codes: none that is taken for another.
const CODE_LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH: usize = 8;
/// At most so many matches are listed.
const LISTED_MOST: usize = 100;

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

impl Wish<'_> {
    /// Options as a wish has them; none are as good as an empty object.
    #[must_use]
    pub fn options_of(json: Option<&serde_json::Value>) -> String {
        let some = json.filter(|json| **json != serde_json::json!({}));
        some.map(ToString::to_string).unwrap_or_default()
    }
}

/// All matches.
pub struct Directory {
    catalog: Catalog,
    pub(super) options: MatchOptions,
    clock: Clock,
    io: Io,
    pub(super) fill: fn(&mut [u8]),
    pub(super) away: Arc<Away>,
    tally: Arc<Tally>,
    workers: Workers,
    matches: Mutex<Matches>,
    pub(super) tickets: Tickets,
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
        let (cables, reactors) = Cables::new(options.threads(), options.listens_to, goodbye)?;
        host.set_cables(cables.clone());
        let directory = Arc::new_cyclic(|directory: &std::sync::Weak<Self>| {
            let directory = directory.clone();
            let forget = move |entry: &Entry| {
                directory.upgrade().into_iter().for_each(|directory| directory.forget(entry));
            };
            Self {
                catalog,
                workers: Workers::start(&cables, reactors, host.clock(), &tally, forget),
                options,
                clock: host.clock(),
                io: host.io().clone(),
                fill: crate::host::hosting::fill,
                away: Arc::default(),
                tally,
                matches: Mutex::default(),
                tickets: Tickets::default(),
            }
        });
        host.set_matches(directory.clone());
        host.set_directory(directory.clone());
        socketio::serve(host.io(), &Arc::downgrade(&directory));
        talk::serve(host.io(), &Arc::downgrade(&directory));
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

    /// Public matches, in one mode or in all, as many as are told at once.
    #[must_use]
    pub fn list_open(&self, mode: Option<&str>) -> Vec<Listing> {
        let entries: Vec<_> = lock(&self.matches).by_id.values().cloned().collect();
        let is_wished = |entry: &&Arc<Entry>| {
            entry.code.is_none() && mode.is_none_or(|mode| *entry.mode.name == *mode)
        };
        let wished = entries.iter().filter(is_wished);
        wished.filter_map(|entry| entry.listing()).take(LISTED_MOST).collect()
    }

    /// Those matches of a mode that anybody may join, as far as is known without asking them.
    pub(super) fn usual(&self, mode: &Arc<Mode>) -> Vec<Arc<Entry>> {
        let is_usual = |entry: &&Arc<Entry>| {
            entry.code.is_none() && entry.is_usual && Arc::ptr_eq(&entry.mode, mode)
        };
        lock(&self.matches).by_id.values().filter(is_usual).cloned().collect()
    }

    pub(super) fn mode(&self, name: Option<&str>) -> Result<Arc<Mode>, Refusal> {
        self.catalog.find(name).cloned().ok_or(Refusal::NoSuchMatch)
    }

    /// Whether somebody may begin a match of their own.
    #[must_use]
    pub fn lets_create(&self, user: Option<&UserId>) -> bool {
        user.is_some() || self.options.guests_create
    }

    /// Says something to all who are in a match.
    pub fn tell(&self, id: &MatchId, text: &str) -> Result<(), Refusal> {
        let entry = self.find(&id.0)?;
        self.io.to(&*entry.id.0).emit("announcement", text);
        Ok(())
    }

    /// All about a match, with its next tick: who is in it and what it holds.
    pub fn inspect(
        &self,
        id: &MatchId,
        answer: impl FnOnce(serde_json::Value) + Send + 'static,
    ) -> Result<(), Refusal> {
        self.find(&id.0)?.post(Mail::Inspect(Box::new(answer)));
        Ok(())
    }

    /// What anybody may know of a match, as JSON, with its next tick; it may be a little old.
    pub fn publish(
        &self,
        place: &str,
        answer: impl FnOnce(Arc<str>) + Send + 'static,
    ) -> Result<(), Refusal> {
        self.visit(place)?.post(Mail::Publish(Box::new(answer)));
        Ok(())
    }

    /// Begins no match and gives no seat any more; those who play may go on, and come back.
    pub fn drain(&self) {
        lock(&self.matches).is_closed = true;
        let after = self.options.drain_timeout.as_secs();
        self.io.emit("draining", serde_json::json!({ "seconds": after }));
    }

    /// Whether nobody is let in any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        lock(&self.matches).is_closed
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

    pub(super) fn find(&self, place: &str) -> Result<Arc<Entry>, Refusal> {
        let matches = lock(&self.matches);
        let by_code = || matches.by_code.get(&place.to_ascii_uppercase()).cloned();
        let id = by_code().unwrap_or_else(|| MatchId(place.into()));
        matches.by_id.get(&id).cloned().ok_or(Refusal::NoSuchMatch)
    }

    /// The match at a place that somebody from outside names. The id of a private one is known to
    /// all who were in it; its code lets in, to watch as well.
    pub(super) fn visit(&self, place: &str) -> Result<Arc<Entry>, Refusal> {
        let entry = self.find(place)?;
        let is_hidden = entry.code.is_some() && *entry.id.0 == *place;
        if is_hidden { Err(Refusal::NoSuchMatch) } else { Ok(entry) }
    }

    pub(super) fn begin(&self, wish: &Wish<'_>) -> Result<Arc<Entry>, Refusal> {
        let mode = self.mode(wish.mode)?;
        self.may_begin()?;
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

    /// Whether there may be one match more.
    pub(super) fn may_begin(&self) -> Result<(), Refusal> {
        self.has_room(&lock(&self.matches))
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

    pub(super) fn io(&self) -> &Io {
        &self.io
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
