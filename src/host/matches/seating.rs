//! Who gets which seat: those who come, those for whom one is kept, those who are lost.

use super::catalog::Mode;
use super::client::{Client, Person, SeatOf};
use super::directory::{Directory, Wish};
use super::entry::{Entry, Mail, Newcomer, Seat};
use super::talk::cleaned;
use crate::host::lock;
use crate::hub::Socket;
use crate::ids::{MatchId, PlayerId, SocketId, UserId};
use crate::protocol::native::Refusal;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// At most so many seats are kept for those who are still to come.
const TICKETS_MOST: usize = 10_000;
/// And so many of them for those from one address who are nobody's users.
const TICKETS_OF_ADDRESS: usize = 64;
/// What tells a ticket from a match's id or code.
const TICKET: &str = "ticket-";
/// A match that somebody began may be full before they sit down; they try again so often.
const TRIES: usize = 8;

/// The match that a lost socket was in; kept with the socket.
struct LastMatch(MatchId);

/// Who wants a seat, and is here.
pub(super) struct Guest {
    pub(super) client: Arc<dyn Client>,
    pub(super) person: Person,
    pub(super) predicts: bool,
}

/// A seat that is kept for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// What gets it: the place to join. It is good for once, and grants nothing else.
    pub ticket: String,
    /// The match.
    pub id: MatchId,
    /// The seat.
    pub player: PlayerId,
    /// For how long it is kept.
    pub keeps: Duration,
}

/// Seats that are kept for those who were told a ticket.
#[derive(Default)]
pub(super) struct Tickets(Mutex<HashMap<String, Ticket>>);

struct Ticket {
    entry: Arc<Entry>,
    player: PlayerId,
    person: Person,
    /// Where somebody asked for it who is nobody's user.
    address: Option<IpAddr>,
    until: Duration,
}

impl Tickets {
    fn issue(&self, name: String, ticket: Ticket, now: Duration) -> Result<(), Refusal> {
        let mut tickets = lock(&self.0);
        tickets.retain(|_, ticket| ticket.until > now);
        let from_there = tickets.values().filter(|other| other.address == ticket.address).count();
        let is_greedy = ticket.address.is_some() && from_there >= TICKETS_OF_ADDRESS;
        if is_greedy || tickets.len() >= TICKETS_MOST {
            return Err(Refusal::Busy);
        }
        tickets.insert(name, ticket);
        Ok(())
    }

    fn take(&self, name: &str, now: Duration) -> Option<Ticket> {
        lock(&self.0).remove(name).filter(|ticket| ticket.until > now)
    }
}

impl Directory {
    /// Gives somebody a seat: the one that is kept for this ticket, or one in the match of this id or
    /// code, or in any open one.
    pub(super) fn seat(
        &self,
        place: &str,
        wish: &Wish<'_>,
        guest: &Guest,
    ) -> Result<(Arc<Entry>, PlayerId), Refusal> {
        if place.starts_with(TICKET) {
            let ticket = self.tickets.take(place, self.clock().now());
            return self.redeem(ticket.ok_or(Refusal::NoSuchMatch)?, guest);
        }
        self.find_seat(place, wish, guest.person.user.as_ref(), |entry| sit(entry, guest))
    }

    /// Keeps a seat for somebody who will come with a ticket; whoever asks for nobody's user may be known
    /// by an address, from which not too many are kept at once.
    pub fn reserve(
        &self,
        place: &str,
        wish: &Wish<'_>,
        person: &Person,
        address: Option<IpAddr>,
    ) -> Result<Reserved, Refusal> {
        let (now, keeps) = (self.clock().now(), self.options.reserved_for);
        let until = now + keeps;
        let reserve = |entry: &Arc<Entry>| entry.reserve(person, until);
        let (entry, player) = self.find_seat(place, wish, person.user.as_ref(), reserve)?;
        let mut random = [0; 15];
        (self.fill)(&mut random);
        let name = format!("{TICKET}{}", SocketId::new(random).as_str());
        let address = address.filter(|_| person.user.is_none());
        let person = Person { name: cleaned(&person.name), ..person.clone() };
        let ticket = Ticket { entry: entry.clone(), player, person, address, until };
        if let Err(refusal) = self.tickets.issue(name.clone(), ticket, now) {
            entry.give_up(player);
            return Err(refusal);
        }
        Ok(Reserved { ticket: name, id: entry.id.clone(), player, keeps })
    }

    fn find_seat(
        &self,
        place: &str,
        wish: &Wish<'_>,
        user: Option<&UserId>,
        sit: impl Fn(&Arc<Entry>) -> Result<PlayerId, Refusal>,
    ) -> Result<(Arc<Entry>, PlayerId), Refusal> {
        if self.is_closed() {
            return Err(Refusal::ShuttingDown);
        }
        if !place.is_empty() {
            let entry = self.visit(place)?;
            return sit(&entry).map(|player| (entry.clone(), player));
        }
        if !wish.options.is_empty() && !self.lets_create(user) {
            // There may be none like that yet.
            return Err(Refusal::Forbidden);
        }
        let mode = self.mode(wish.mode)?;
        for _ in 0..TRIES {
            match self.find_open(&mode, wish, user, &sit) {
                // Others took all of its seats first.
                Err(Refusal::Full) => {}
                found => return found,
            }
        }
        Err(Refusal::Busy)
    }

    /// A seat in any open match, or in a new one.
    fn find_open(
        &self,
        mode: &Arc<Mode>,
        wish: &Wish<'_>,
        user: Option<&UserId>,
        sit: impl Fn(&Arc<Entry>) -> Result<PlayerId, Refusal>,
    ) -> Result<(Arc<Entry>, PlayerId), Refusal> {
        let _founding;
        if wish.options.is_empty() {
            if let Some(found) = self.sit_anywhere(mode, user, &sit)? {
                return Ok(found);
            }
            if let Err(refusal) = self.may_begin() {
                // Nobody waits for a match that cannot begin; the last one may have begun by now.
                return self.sit_anywhere(mode, user, &sit)?.ok_or(refusal);
            }
            // Of many who come at once and find all taken, one begins a match, and the others find it.
            _founding = lock(&mode.founding);
            if let Some(found) = self.sit_anywhere(mode, user, &sit)? {
                return Ok(found);
            }
        }
        let entry = self.begin(&Wish { mode: Some(&mode.name), ..*wish })?;
        let player = sit(&entry)?;
        Ok((entry, player))
    }

    /// A seat in any open match, if there is one.
    fn sit_anywhere(
        &self,
        mode: &Arc<Mode>,
        user: Option<&UserId>,
        sit: impl Fn(&Arc<Entry>) -> Result<PlayerId, Refusal>,
    ) -> Result<Option<(Arc<Entry>, PlayerId)>, Refusal> {
        let mut open = self.usual(mode);
        if let Some(own) = open.iter().find(|entry| user.is_some_and(|user| entry.seats_user(user)))
        {
            return sit(own).map(|player| Some((own.clone(), player)));
        }
        // The fullest first: a match with many is more fun, and the others may end.
        open.sort_by_cached_key(|entry| {
            std::cmp::Reverse(entry.listing().map_or(0, |listing| listing.players))
        });
        Ok(open.into_iter().find_map(|entry| {
            let player = sit(&entry).ok()?;
            Some((entry, player))
        }))
    }

    fn redeem(&self, ticket: Ticket, guest: &Guest) -> Result<(Arc<Entry>, PlayerId), Refusal> {
        let Ticket { entry, player, mut person, .. } = ticket;
        let here = &guest.person;
        match &person.user {
            // Whoever has the ticket sits there, as who they are.
            None => (person.user, person.claims) = (here.user.clone(), here.claims.clone()),
            Some(user) if here.user.as_ref().is_some_and(|here| here != user) => {
                entry.give_up(player);
                return Err(Refusal::Forbidden);
            }
            Some(_) => {}
        }
        if person.name.is_empty() {
            person.name.clone_from(&here.name);
        }
        let user = person.user.clone();
        entry.redeem(player, user.as_ref(), || {
            guest.client.sit(SeatOf { entry: entry.clone(), player });
            let (client, predicts) = (guest.client.clone(), guest.predicts);
            Mail::Join(Newcomer { player, client, person, predicts })
        })?;
        Ok((entry, player))
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
        self.away.keep(&socket, &entry, player);
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
}

pub(super) fn sit(entry: &Arc<Entry>, guest: &Guest) -> Result<PlayerId, Refusal> {
    entry.book(guest.person.user.as_ref(), guest.person.is_spectator, |seat| {
        let (Seat::New(player) | Seat::Own(player)) = seat;
        guest.client.sit(SeatOf { entry: entry.clone(), player });
        match seat {
            Seat::Own(player) => Mail::Back(player, guest.client.clone()),
            Seat::New(player) => Mail::Join(Newcomer {
                player,
                client: guest.client.clone(),
                person: guest.person.clone(),
                predicts: guest.predicts,
            }),
        }
    })
}
