//! What a bot is told, and whether that may be.

use super::{Around, Bot, Mood, SECOND, Seat, Shared};
use std::sync::Arc;
use tickwire::load::wire::{Frame, next_frame};
use tickwire::protocol::native::{Joined, Refusal, ToClient};
use tickwire::sync::Replica;
use tickwire::sync::schema::Schema;

/// So many matches are known, to watch them.
const PLACES: usize = 64;
/// Answers to what was asked for in greed, which tell no time.
const PONG: u8 = 0x89;
/// Of a packet's first byte: it is a keyframe.
const KEYFRAME: u8 = 0x80;

impl Bot {
    pub(super) fn read(&mut self, around: &mut Around<'_>) {
        let Some(wire) = &mut self.wire else { return };
        let was_open = wire.is_open();
        let mut bytes = Vec::new();
        wire.read(&mut bytes);
        let is_doomed = matches!(self.mood, Mood::Doomed { .. });
        if wire.is_open() && !was_open && !is_doomed {
            self.say_all();
        }
        let mut used = 0;
        while self.wire.is_some()
            && let Some((frame, length)) = next_frame(&bytes[used..])
        {
            used += length;
            match frame {
                Frame::Binary(packet) if !is_doomed => self.hear(packet, around),
                Frame::Close(code, _) => self.code = code,
                Frame::Binary(_) | Frame::Ping(_) | Frame::Other => {}
            }
        }
        let Some(wire) = &mut self.wire else { return };
        wire.keep(&bytes[used..]);
        if wire.is_gone() {
            self.end(around);
        }
    }

    /// Its connection has ended.
    fn end(&mut self, around: &mut Around<'_>) {
        let (tally, code) = (&mut around.shared.tally, self.code);
        let is_slow = code == 0 || code == Refusal::OutboxFull.close_code();
        match self.mood {
            Mood::Doomed { deed, .. } => {
                tally.deeds.entry(deed.name()).or_default().note(code);
                // It may have been found too slow before the deed was seen.
                if !(deed.may_end_with(code) || self.is_greedy && is_slow) {
                    let about = format!("{} with {code}", deed.name());
                    tally.wrong("a connection ended with another code", &about);
                }
            }
            _ if self.is_greedy && is_slow => tally.stalls_cut.note(code),
            _ => {
                let about = format!("{code}, {:?} after {}", self.stage, self.last_whim);
                tally.wrong("who did nothing wrong was cut", &about);
            }
        }
        self.renew(around);
        self.comes_back = self.random.one_in(3);
    }

    fn hear(&mut self, packet: &[u8], around: &mut Around<'_>) {
        if self.is_greedy && packet.first() == Some(&PONG) {
            return;
        }
        let now = around.now;
        let message = match self.session.receive(packet, now) {
            Ok(message) => message,
            Err(error) => {
                let about = format!("{error}, after {}", self.last_whim);
                around.shared.tally.wrong("the server broke the protocol", &about);
                return self.renew(around);
            }
        };
        match message {
            Some(ToClient::Welcome(welcome)) => {
                if self.comes_back && !welcome.resumed {
                    self.comes_back = false;
                    around.shared.tally.came_back_new += 1;
                }
                self.next_join = now;
            }
            Some(ToClient::Joined(joined)) => self.sit(&joined, around),
            Some(ToClient::Left { code, .. }) => self.stand_up(code, around),
            Some(ToClient::State(state) | ToClient::StateAfter { packet: state, .. }) => {
                self.follow(state, around);
            }
            Some(ToClient::Error { code, .. }) => self.code = 4000 + code,
            _ => {}
        }
    }

    fn sit(&mut self, joined: &Joined<'_>, around: &mut Around<'_>) {
        let Shared { tally, places, schemas } = &mut *around.shared;
        if std::mem::take(&mut self.comes_back) {
            tally.came_back += 1;
        } else {
            tally.joins += 1;
            tally.spectators += u64::from(joined.spectator);
        }
        if !places.iter().any(|place| place == joined.match_id) {
            if places.len() == PLACES {
                places.remove(0);
            }
            places.push(joined.match_id.into());
        }
        let session = &self.session;
        let schema = schemas.entry(joined.schema).or_insert_with(|| {
            let told = session.schema().and_then(|(_, bytes)| Schema::from_bytes(bytes).ok());
            Arc::new(told.unwrap_or_default())
        });
        self.seat = Some(Seat {
            place: joined.match_id.into(),
            replica: Replica::new(schema.clone(), joined.player, false),
            is_spectator: joined.spectator,
            heard: around.now,
            states: 0,
        });
    }

    fn stand_up(&mut self, code: u16, around: &mut Around<'_>) {
        let tally = &mut around.shared.tally;
        let was_in = self.seat.take().is_some();
        if std::mem::take(&mut self.comes_back) {
            tally.came_back_refused.note(code);
        } else if was_in {
            tally.matches_ended.note(code);
        } else {
            tally.joins_refused.note(code);
        }
        self.next_join = around.now + SECOND.mul_f32(self.random.unit());
    }

    fn follow(&mut self, state: &[u8], around: &mut Around<'_>) {
        let tally = &mut around.shared.tally;
        tally.packets += 1;
        tally.bytes += state.len() as u64;
        tally.keyframes += u64::from(state.first().is_some_and(|first| first & KEYFRAME != 0));
        let Some(seat) = &mut self.seat else { return };
        seat.heard = around.now;
        seat.states += 1;
        if let Err(error) = seat.replica.receive(state) {
            let about = format!(
                "{error}: packet {} of bot {}, after {}",
                seat.states, self.number, self.last_whim
            );
            tally.wrong("desync", &about);
            self.renew(around);
        }
    }
}
