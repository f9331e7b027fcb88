//! A match on a table: the test is its clock.

use crate::first_game::Pond;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tickwire::host::{Matches, PlayConnection};
use tickwire::ids::{PlayerId, Tick};
use tickwire::protocol::native::{Applied, Input, Join, Joined, Refusal, ToClient};
use tickwire::sim::{self, Change, Controls, Match, TickInputs};

struct Seat {
    client: Arc<PlayConnection>,
    /// Whether it has the stream up to the last tick.
    is_current: bool,
    stamp: Option<Tick>,
}

struct Table {
    game: Match,
    next: TickInputs,
    seats: BTreeMap<PlayerId, Seat>,
    players: u32,
}

pub(super) struct Desk(Mutex<Table>);

impl Default for Desk {
    fn default() -> Self {
        let game = Match::new(Pond, (), 1);
        let (next, seats) = (TickInputs::default(), BTreeMap::new());
        Self(Mutex::new(Table { game, next, seats, players: 0 }))
    }
}

impl Table {
    fn player(&self, client: &Arc<PlayConnection>) -> Option<PlayerId> {
        let mut seats = self.seats.iter();
        seats.find(|(_, seat)| Arc::ptr_eq(&seat.client, client)).map(|(player, _)| *player)
    }

    fn seat(&mut self, client: &Arc<PlayConnection>) -> Option<&mut Seat> {
        let player = self.player(client)?;
        self.seats.get_mut(&player)
    }

    fn stand_up(&mut self, client: &Arc<PlayConnection>) {
        if let Some(player) = self.player(client) {
            self.seats.remove(&player);
            self.next.changes.push(Change::Leave(player));
        }
    }
}

impl Desk {
    pub(super) fn tick_number(&self) -> Tick {
        self.0.lock().unwrap().game.tick_number()
    }

    /// Ticks, and sends everybody what they are due.
    pub(super) fn tick(&self) {
        let table = &mut *self.0.lock().unwrap();
        let mut inputs = std::mem::take(&mut table.next);
        inputs.controls.sort_by_key(|controls| controls.player);
        inputs.controls.dedup_by_key(|controls| controls.player);
        table.game.tick(&inputs);
        for (player, seat) in &mut table.seats {
            let applied = seat.stamp.take().map(|stamp| Applied::new(stamp, 0));
            let is_current = std::mem::replace(&mut seat.is_current, true);
            seat.client.send_state(applied, &mut |packet| {
                if is_current {
                    table.game.frame().delta.gather_after(*player, packet);
                } else {
                    packet.extend(table.game.keyframe(*player));
                }
            });
        }
    }
}

impl Matches for Desk {
    fn join(&self, client: &Arc<PlayConnection>, join: &Join<'_>) -> Result<(), Refusal> {
        if join.place != "pond" {
            return Err(Refusal::NoSuchMatch);
        }
        let table = &mut *self.0.lock().unwrap();
        table.players += 1;
        let player = PlayerId(table.players);
        let seat = sim::Join { player, name: join.name.into(), ..sim::Join::default() };
        table.next.changes.push(Change::Join(seat));
        let schema = table.game.schema();
        let hash = schema.hash();
        if client.lacks_schema(hash) {
            let bytes = schema.to_bytes();
            client.send(&ToClient::Schema { hash, bytes: &bytes }).unwrap();
        }
        let (tick, tick_rate) = (table.game.tick_number(), table.game.hertz() as u16);
        let joined =
            Joined { match_id: "pond", player, spectator: false, tick, tick_rate, schema: hash };
        client.send(&ToClient::Joined(joined)).unwrap();
        let seat = Seat { client: client.clone(), is_current: false, stamp: None };
        table.seats.insert(player, seat);
        Ok(())
    }

    fn resume(&self, _: &Arc<PlayConnection>) -> Result<(), Refusal> {
        Err(Refusal::NotInMatch)
    }

    fn leave(&self, client: &Arc<PlayConnection>) -> bool {
        self.0.lock().unwrap().stand_up(client);
        false
    }

    fn input(&self, client: &Arc<PlayConnection>, input: &Input<'_>) {
        let table = &mut *self.0.lock().unwrap();
        let Some(player) = table.player(client) else { return };
        let controls = Controls { player, input: input.controls.into(), ..Controls::default() };
        table.next.controls.push(controls);
        table.seat(client).unwrap().stamp = Some(input.tick);
    }

    fn keyframe(&self, client: &Arc<PlayConnection>) {
        let table = &mut *self.0.lock().unwrap();
        table.seat(client).into_iter().for_each(|seat| seat.is_current = false);
    }

    fn look(&self, _: &Arc<PlayConnection>, _: [f32; 2]) {}

    fn gone(&self, client: &Arc<PlayConnection>) {
        self.0.lock().unwrap().stand_up(client);
    }

    fn time(&self, _: &Arc<PlayConnection>) -> (Tick, u8) {
        (self.tick_number(), 0)
    }
}
