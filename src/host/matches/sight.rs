//! What operators, and what all, see of a running match from outside.

use super::live::Live;
use super::seated::{Feed, Seated};
use crate::ids::PlayerId;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// At most so many entities are shown.
const ENTITIES_MOST: usize = 2000;
/// What all may know is told so long.
const TOLD_FOR: Duration = Duration::from_millis(500);

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

    /// What anybody may know. However many ask, it is put together twice in a second at most.
    pub(super) fn published(&mut self, now: Duration) -> Arc<str> {
        if let Some((at, told)) = &self.published
            && now < *at + TOLD_FOR
        {
            return told.clone();
        }
        let told: Arc<str> = self.publish().to_string().into();
        self.published = Some((now, told.clone()));
        told
    }

    fn publish(&mut self) -> Value {
        let seats = self.seats.iter().map(|(player, seat)| (player, &seat.person));
        let players: Vec<_> = seats
            .filter(|(_, person)| !person.is_spectator)
            .map(|(player, person)| json!({ "player": player, "name": person.name }))
            .collect();
        let seen = self.game.public(ENTITIES_MOST);
        let schema = self.game.schema();
        let entities: Vec<_> = seen
            .iter()
            .map(|entity| {
                let parts: Map<String, Value> = entity
                    .components
                    .iter()
                    .filter_map(|(component, lanes)| {
                        let component = schema.component(*component)?;
                        Some((component.name().into(), Value::Object(component.values(lanes))))
                    })
                    .collect();
                json!({ "id": entity.id, "owner": entity.owner, "components": parts })
            })
            .collect();
        json!({
            "match": self.entry.id,
            "tick": self.game.tick_number(),
            "hertz": self.entry.hertz,
            "players": players,
            "entities": entities,
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
