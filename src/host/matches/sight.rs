//! What an operator sees of a running match.

use super::live::Live;
use super::seated::{Feed, Seated};
use crate::ids::PlayerId;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// At most so many entities are shown.
const ENTITIES_MOST: usize = 2000;

impl Live {
    /// Who is in it and what it holds.
    pub(super) fn inspect(&mut self, now: Duration) -> Value {
        let players: Vec<_> =
            self.seats.iter().map(|(player, seat)| of_seat(*player, seat, now)).collect();
        let (game, seed) = (self.game.game(), self.game.seed());
        json!({
            "match": self.entry.id,
            "game": game,
            "seed": seed.to_string(),
            "tick": self.game.tick_number(),
            "hertz": self.entry.hertz,
            "thread": self.entry.thread,
            "players": players,
            "entities": self.entities(),
        })
    }

    fn entities(&mut self) -> Vec<Value> {
        let lanes = self.game.inspect();
        let schema = self.game.schema();
        let mut entities: Vec<(u32, Map<String, Value>)> = Vec::new();
        for ((id, component), lanes) in &lanes {
            let Some(component) = schema.component(*component) else { continue };
            if entities.last().is_none_or(|(last, _)| *last != id.0) {
                if entities.len() == ENTITIES_MOST {
                    break;
                }
                entities.push((id.0, Map::new()));
            }
            let values = Value::Object(component.values(lanes));
            if let Some((_, parts)) = entities.last_mut() {
                parts.insert(component.name().into(), values);
            }
        }
        entities.into_iter().map(|(id, parts)| json!({ "id": id, "components": parts })).collect()
    }
}

fn of_seat(player: PlayerId, seat: &Seated, now: Duration) -> Value {
    let away = seat.away_since.map(|since| (now.saturating_sub(since)).as_secs_f32());
    json!({
        "player": player,
        "name": seat.person.name,
        "user": seat.person.user.as_ref().map(ToString::to_string),
        "spectator": seat.person.is_spectator,
        "socket": &*seat.socket,
        "away_seconds": away,
        "stalled": matches!(seat.feed, Feed::Stalled(_)),
        "backlog": seat.client.as_ref().map(|client| client.backlog()),
    })
}
