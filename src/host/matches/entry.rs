//! A match as everybody else has it: what may be known of it, who has a seat, and where its mail goes.

use super::catalog::Mode;
use super::client::{Client, Person, SeatOf};
use super::talk::Said;
use super::window::Stamped;
use crate::host::lock;
use crate::ids::{MatchId, PlayerId, Tick, UserId};
use crate::protocol::native::Refusal;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What came for a match since its last tick.
pub(super) enum Mail {
    /// Somebody got a seat.
    Join(Newcomer),
    /// A player gives its seat up, or is made to.
    Leave(PlayerId, Option<Refusal>),
    /// The connection is lost that this socket had.
    Gone(PlayerId, Arc<str>),
    /// A player's connection is there again, or another one is.
    Back(PlayerId, Arc<dyn Client>),
    Input(PlayerId, Stamped),
    /// A client lost the thread.
    Keyframe(PlayerId),
    Look(PlayerId, [f32; 2]),
    /// Somebody said something to the others.
    Say(Said),
    /// Somebody wants to know all about the match.
    Inspect(Answer),
    /// Somebody wants to know what anybody may know of it.
    Publish(PublicAnswer),
    /// The match ends for this reason.
    End(Refusal),
}

/// Where it goes what anybody may know.
pub(super) type PublicAnswer = Box<dyn FnOnce(Arc<str>) + Send>;

/// Where the answer goes; nowhere if it is over before it can be given.
pub(super) type Answer = Box<dyn FnOnce(serde_json::Value) + Send>;

/// Who got a seat.
pub(super) struct Newcomer {
    pub(super) player: PlayerId,
    pub(super) client: Arc<dyn Client>,
    pub(super) person: Person,
    pub(super) predicts: bool,
}

/// A match, from outside.
pub(super) struct Entry {
    pub(super) id: MatchId,
    /// What brings those in who were told it; only they come in then.
    pub(super) code: Option<String>,
    pub(super) mode: Arc<Mode>,
    pub(super) hertz: u32,
    /// The thread that it belongs to.
    pub(super) thread: usize,
    /// Whether it is as its mode has it: only then is it for anybody.
    pub(super) is_usual: bool,
    mail: Mutex<Vec<Mail>>,
    seats: Mutex<SeatBook>,
    /// Whether seats are kept for some who are still to come.
    keeps: AtomicBool,
    tick: AtomicU32,
    /// When the last tick was, in microseconds of the host's clock.
    ticked_us: AtomicU64,
}

/// Who has a seat or is about to sit down.
#[derive(Debug, Default)]
struct SeatBook {
    seats: BTreeMap<PlayerId, Booked>,
    players: usize,
    last: u32,
    is_locked: bool,
    is_over: bool,
}

#[derive(Clone, Debug)]
struct Booked {
    user: Option<UserId>,
    is_spectator: bool,
    /// Until when it is kept for somebody who has not come yet.
    kept_until: Option<Duration>,
}

/// What is known about a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its id.
    pub id: MatchId,
    /// Its mode.
    pub mode: Arc<str>,
    /// How many play.
    pub players: usize,
    /// How many may.
    pub players_most: usize,
    /// How many watch.
    pub spectators: usize,
    /// Its last tick.
    pub tick: Tick,
    /// Whether nobody is let in any more.
    pub is_locked: bool,
    /// Whether only those come in who know its code.
    pub is_private: bool,
}

impl Listing {
    /// As clients are told.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({
            "match": self.id,
            "mode": self.mode,
            "players": self.players,
            "players_most": self.players_most,
            "spectators": self.spectators,
            "tick": self.tick,
            "locked": self.is_locked,
        })
    }
}

/// A seat that was found.
pub(super) enum Seat {
    New(PlayerId),
    /// The user had one already.
    Own(PlayerId),
}

impl SeatBook {
    fn find(
        &mut self,
        mode: &Mode,
        user: Option<&UserId>,
        is_spectator: bool,
    ) -> Result<Seat, Refusal> {
        if self.is_over {
            return Err(Refusal::Ended);
        }
        let own = user
            .and_then(|user| self.seats.iter().find(|(_, seat)| seat.user.as_ref() == Some(user)));
        if let Some((player, seat)) = own
            && seat.is_spectator == is_spectator
        {
            return Ok(Seat::Own(*player));
        }
        if self.is_locked {
            return Err(Refusal::Locked);
        }
        let spectators = self.seats.len() - self.players;
        let (taken, most) =
            if is_spectator { (spectators, mode.spectators) } else { (self.players, mode.players) };
        if taken >= most {
            return Err(Refusal::Full);
        }
        self.last += 1;
        let player = PlayerId(self.last);
        self.players += usize::from(!is_spectator);
        self.seats.insert(player, Booked { user: user.cloned(), is_spectator, kept_until: None });
        Ok(Seat::New(player))
    }
}

impl SeatBook {
    fn free(&mut self, player: PlayerId) {
        if let Some(seat) = self.seats.remove(&player) {
            self.players -= usize::from(!seat.is_spectator);
        }
    }
}

impl Entry {
    pub(super) fn new(
        id: MatchId,
        code: Option<String>,
        mode: Arc<Mode>,
        hertz: u32,
        thread: usize,
        is_usual: bool,
    ) -> Self {
        Self {
            id,
            code,
            mode,
            hertz,
            thread,
            is_usual,
            mail: Mutex::default(),
            seats: Mutex::default(),
            keeps: AtomicBool::new(false),
            tick: AtomicU32::new(0),
            ticked_us: AtomicU64::new(0),
        }
    }

    /// Puts something into the match's mailbox.
    pub(super) fn post(&self, mail: Mail) {
        lock(&self.mail).push(mail);
    }

    /// Swaps what has come for the emptied box.
    pub(super) fn take_mail(&self, emptied: &mut Vec<Mail>) {
        debug_assert!(emptied.is_empty());
        std::mem::swap(&mut *lock(&self.mail), emptied);
    }

    /// Finds a seat and takes it; the mail about it is there before the match can end without it.
    pub(super) fn book(
        &self,
        user: Option<&UserId>,
        is_spectator: bool,
        mail: impl FnOnce(Seat) -> Mail,
    ) -> Result<PlayerId, Refusal> {
        let mut book = lock(&self.seats);
        let seat = book.find(&self.mode, user, is_spectator)?;
        let (Seat::New(player) | Seat::Own(player)) = seat;
        self.post(mail(seat));
        Ok(player)
    }

    /// A seat is free again.
    pub(super) fn free(&self, player: PlayerId) {
        lock(&self.seats).free(player);
    }

    /// Keeps a seat for somebody who is still to come.
    pub(super) fn reserve(&self, person: &Person, until: Duration) -> Result<PlayerId, Refusal> {
        let mut book = lock(&self.seats);
        let seat = book.find(&self.mode, person.user.as_ref(), person.is_spectator)?;
        let (Seat::New(player) | Seat::Own(player)) = seat;
        let booked = book.seats.get_mut(&player).ok_or(Refusal::Internal)?;
        if matches!(seat, Seat::Own(_)) && booked.kept_until.is_none() {
            return Err(Refusal::AlreadyInMatch);
        }
        booked.kept_until = Some(until);
        self.keeps.store(true, Ordering::Relaxed);
        Ok(player)
    }

    /// Whether a user has a seat, or one is kept for it.
    pub(super) fn seats_user(&self, user: &UserId) -> bool {
        lock(&self.seats).seats.values().any(|seat| seat.user.as_ref() == Some(user))
    }

    /// A seat is not kept any longer; whoever sits there already stays.
    pub(super) fn give_up(&self, player: PlayerId) {
        let mut book = lock(&self.seats);
        if book.seats.get(&player).is_some_and(|seat| seat.kept_until.is_some()) {
            book.free(player);
        }
    }

    /// Whoever a seat was kept for has come.
    pub(super) fn redeem(
        &self,
        player: PlayerId,
        user: Option<&UserId>,
        mail: impl FnOnce() -> Mail,
    ) -> Result<(), Refusal> {
        let mut book = lock(&self.seats);
        if book.is_over {
            return Err(Refusal::Ended);
        }
        let seat = book.seats.get_mut(&player).filter(|seat| seat.kept_until.is_some());
        let seat = seat.ok_or(Refusal::NoSuchMatch)?;
        (seat.kept_until, seat.user) = (None, user.cloned());
        self.post(mail());
        Ok(())
    }

    /// Frees the seats of those who did not come.
    pub(super) fn expire(&self, now: Duration) {
        if !self.keeps.load(Ordering::Relaxed) {
            return;
        }
        let mut book = lock(&self.seats);
        let is_late = |seat: &Booked| seat.kept_until.is_some_and(|until| until <= now);
        let late: Vec<_> = book
            .seats
            .iter()
            .filter(|(_, seat)| is_late(seat))
            .map(|(player, _)| *player)
            .collect();
        late.into_iter().for_each(|player| book.free(player));
        let keeps = book.seats.values().any(|seat| seat.kept_until.is_some());
        self.keeps.store(keeps, Ordering::Relaxed);
    }

    /// The connection of a seat is another one, if the seat is still kept.
    pub(super) fn bring_back(self: &Arc<Self>, player: PlayerId, client: Arc<dyn Client>) -> bool {
        let book = lock(&self.seats);
        let is_kept = !book.is_over && book.seats.contains_key(&player);
        if is_kept {
            client.sit(SeatOf { entry: self.clone(), player });
            self.post(Mail::Back(player, client));
        }
        is_kept
    }

    /// Lets nobody new in, or lets them in again.
    pub(super) fn set_locked(&self, is_locked: bool) {
        lock(&self.seats).is_locked = is_locked;
    }

    /// Nobody comes in any more if nobody is in; says whether that is so.
    pub(super) fn end_if_empty(&self) -> bool {
        let mut book = lock(&self.seats);
        book.is_over |= book.seats.is_empty();
        book.is_over
    }

    pub(super) fn is_over(&self) -> bool {
        lock(&self.seats).is_over
    }

    /// Nobody comes in any more.
    pub(super) fn end(&self) {
        lock(&self.seats).is_over = true;
    }

    pub(super) fn listing(&self) -> Option<Listing> {
        let book = lock(&self.seats);
        (!book.is_over).then(|| Listing {
            id: self.id.clone(),
            mode: self.mode.name.clone(),
            players: book.players,
            players_most: self.mode.players,
            spectators: book.seats.len() - book.players,
            tick: Tick(self.tick.load(Ordering::Relaxed)),
            is_locked: book.is_locked,
            is_private: self.code.is_some(),
        })
    }

    pub(super) fn note_tick(&self, tick: Tick, at: Duration) {
        self.tick.store(tick.0, Ordering::Relaxed);
        let us = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        self.ticked_us.store(us, Ordering::Relaxed);
    }

    /// The last tick, and how far on to the next, in 1/256.
    pub(super) fn time(&self, now: Duration) -> (Tick, u8) {
        let ticked = Duration::from_micros(self.ticked_us.load(Ordering::Relaxed));
        let passed = now.saturating_sub(ticked).as_micros() * 256 * u128::from(self.hertz);
        let phase = u8::try_from(passed / 1_000_000).unwrap_or(u8::MAX);
        (Tick(self.tick.load(Ordering::Relaxed)), phase)
    }
}
