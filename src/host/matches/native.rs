//! Native clients: what they ask of matches, and what matches send them.

use super::client::{Client, Person, SchemaText, SeatOf, wishes};
use super::directory::{Directory, Wish};
use super::entry::Mail;
use super::seating::Guest;
use super::window::Stamped;
use crate::host::play::{Matches, PlayConnection};
use crate::ids::Tick;
use crate::protocol::native::{Applied, Input, Join, Joined, Refusal, ToClient};
use std::sync::Arc;

impl Client for PlayConnection {
    fn socket(&self) -> &str {
        Self::socket(self).unwrap_or_default()
    }

    fn sit(&self, seat: SeatOf) {
        self.set_seat(Some(seat));
    }

    fn join(&self, joined: &Joined<'_>, schema: &SchemaText) {
        if self.lacks_schema(schema.hash) {
            let _ = self.send(&ToClient::Schema { hash: schema.hash, bytes: &schema.json });
        }
        let _ = self.send(&ToClient::Joined(*joined));
    }

    fn pull(&self) {
        self.pull_lazily();
    }

    fn send_state(&self, after: Option<Applied>, write: &mut dyn FnMut(&mut Vec<u8>)) {
        Self::send_state(self, after, write);
    }

    fn backlog(&self) -> usize {
        Self::backlog(self)
    }

    fn leave(&self, why: Option<Refusal>) {
        self.set_seat(None);
        let left = why.map_or(ToClient::Left { code: 0, reason: "" }, ToClient::left);
        let _ = self.send(&left);
    }

    fn cut(&self, why: Refusal) {
        self.refuse(why);
    }
}

/// What options of a join say about the match that is wanted.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Wanted {
    mode: Option<String>,
    player: Option<serde_json::Value>,
}

impl Matches for Directory {
    fn join(&self, client: &Arc<PlayConnection>, join: &Join<'_>) -> Result<(), Refusal> {
        let wanted = match join.options {
            "" => Wanted::default(),
            options => serde_json::from_str(options).map_err(|_| Refusal::BadOptions)?,
        };
        let person = Person::of(client.hub_socket().as_ref(), join.name, join.spectator);
        let guest = Guest {
            client: client.clone(),
            person: Person { wishes: wishes(wanted.player.as_ref())?, ..person },
            predicts: join.predicts,
        };
        let wish = Wish { mode: wanted.mode.as_deref(), ..Wish::default() };
        self.seat(join.place, &wish, &guest)?;
        if client.is_over() {
            // It went while it sat down.
            self.gone(client);
        }
        Ok(())
    }

    fn resume(&self, client: &Arc<PlayConnection>) -> Result<(), Refusal> {
        let socket = client.socket().unwrap_or_default();
        let seat = self.away.take(socket);
        if !seat.is_some_and(|(entry, player)| entry.bring_back(player, client.clone())) {
            client.hub_socket().iter().for_each(Self::shut_out);
            return Err(Refusal::NotInMatch);
        }
        if client.is_over() {
            self.gone(client);
        }
        Ok(())
    }

    fn leave(&self, client: &Arc<PlayConnection>) -> bool {
        let seat = client.seat();
        seat.iter().for_each(|seat| seat.entry.post(Mail::Leave(seat.player, None)));
        seat.is_some()
    }

    fn input(&self, client: &Arc<PlayConnection>, input: &Input<'_>) {
        let Some(seat) = client.seat() else { return };
        let stamped = Stamped {
            tick: input.tick,
            came: self.clock().now(),
            seen: input.seen,
            predicted: input.predicted,
            controls: input.controls.to_vec(),
        };
        seat.entry.post(Mail::Input(seat.player, stamped));
    }

    fn keyframe(&self, client: &Arc<PlayConnection>) {
        if let Some(seat) = client.seat() {
            seat.entry.post(Mail::Keyframe(seat.player));
        }
    }

    fn look(&self, client: &Arc<PlayConnection>, at: [f32; 2]) {
        if let Some(seat) = client.seat() {
            seat.entry.post(Mail::Look(seat.player, at));
        }
    }

    fn gone(&self, client: &Arc<PlayConnection>) {
        if let Some(seat) = client.set_seat(None) {
            match client.hub_socket() {
                Some(socket) => self.lose(seat, &socket, socket.may_come_back(client.reason())),
                None => seat.entry.post(Mail::Leave(seat.player, None)),
            }
        }
    }

    fn time(&self, client: &Arc<PlayConnection>) -> (Tick, u8) {
        client.seat().map_or((Tick(0), 0), |seat| seat.entry.time(self.clock().now()))
    }
}
