//! A match with everybody around it: players, receivers, a journal; no network.

use std::collections::BTreeMap;
use tickwire::journal::Journal;
use tickwire::prelude::*;
use tickwire::sim::{Change, Controls, Lanes};
use tickwire::sync::{Changes, Prediction, Replica, StreamError};

/// What a client was told in a tick, and what came of it.
pub(crate) struct Told {
    pub(crate) packet: Vec<u8>,
    /// What it had predicted of its own.
    pub(crate) prediction: Lanes,
    pub(crate) changes: Changes,
}

/// One receiver.
pub(crate) struct Client {
    pub(crate) replica: Replica,
    /// Kept up to date by what the replica says has changed, and nothing else.
    mirror: Lanes,
    pub(crate) predicts: bool,
    /// Whether it has the stream up to the last tick.
    is_current: bool,
    /// What it was told last.
    pub(crate) told: Option<Told>,
    /// Bytes received in packets, without keyframes.
    pub(crate) bytes: usize,
    pub(crate) packets: usize,
}

impl Client {
    fn reflect(&mut self, changes: &Changes) {
        self.mirror.retain(|(id, _), _| !changes.removed.contains(id));
        changes.lost.iter().for_each(|key| drop(self.mirror.remove(key)));
        let added = changes.added.iter().flat_map(|id| {
            self.replica.components(*id).map(|component| (*id, component)).collect::<Vec<_>>()
        });
        for key in changes.changed.iter().copied().chain(added) {
            let mut lanes = Vec::new();
            assert!(self.replica.lanes(key.0, key.1, &mut lanes));
            self.mirror.insert(key, lanes);
        }
    }
}

pub(crate) fn prediction_of(lanes: &Lanes) -> Prediction {
    let mut prediction = Prediction::default();
    lanes.iter().for_each(|((id, component), lanes)| prediction.set(*id, *component, lanes));
    prediction
}

/// A match, its clients and its journal.
pub(crate) struct Table {
    pub(crate) game: Match,
    pub(crate) journal: Journal,
    pub(crate) clients: BTreeMap<PlayerId, Client>,
    restore: fn(&[u8]) -> Match,
    /// Makes some predictions wrong.
    chance: Random,
    next: TickInputs,
    pub(crate) hashes: Vec<u64>,
    packet: Vec<u8>,
}

impl Table {
    pub(crate) fn new(mut game: Match, restore: fn(&[u8]) -> Match) -> Self {
        Self {
            journal: Journal::new(&mut game),
            restore,
            chance: Random::from_seed(game.seed()),
            game,
            clients: BTreeMap::new(),
            next: TickInputs::default(),
            hashes: Vec::new(),
            packet: Vec::new(),
        }
    }

    pub(crate) fn join(&mut self, player: u32, predicts: bool, spectator: bool) {
        let player = PlayerId(player);
        let name = format!("player {player}");
        let join = Join { player, name, spectator, predicts, ..Join::default() };
        self.next.changes.push(Change::Join(join));
        let replica = Replica::new(self.game.schema().clone(), player, predicts);
        let client = Client {
            replica,
            mirror: Lanes::new(),
            predicts,
            is_current: false,
            told: None,
            bytes: 0,
            packets: 0,
        };
        self.clients.insert(player, client);
    }

    pub(crate) fn leave(&mut self, player: u32) {
        self.next.changes.push(Change::Leave(PlayerId(player)));
        self.clients.remove(&PlayerId(player));
    }

    pub(crate) fn change(&mut self, change: Change) {
        self.next.changes.push(change);
    }

    pub(crate) fn control<I: serde::Serialize>(&mut self, player: u32, input: &I) {
        let input = tickwire::sim::encode_input(input);
        let player = PlayerId(player);
        let seen = Some((self.game.tick_number(), 0));
        self.next.controls.push(Controls { player, input, seen, predicted: None });
    }

    /// Ticks, and sends everybody but `lost` what they are due.
    pub(crate) fn tick(&mut self, lost: &[u32]) -> Result<(), StreamError> {
        let mut inputs = std::mem::take(&mut self.next);
        inputs.controls.sort_by_key(|controls| controls.player);
        let mut predictions = self.predict(&mut inputs);
        self.journal.note_inputs(&inputs);
        let hash = self.game.tick(&inputs).hash();
        self.hashes.push(hash);
        for (player, client) in &mut self.clients {
            client.told = None;
            if lost.contains(&player.0) {
                client.is_current = false;
                continue;
            }
            if client.is_current {
                self.game.frame().delta.gather(*player, &mut self.packet);
                client.bytes += self.packet.len();
                client.packets += 1;
            } else {
                self.packet = self.game.keyframe(*player);
                client.is_current = true;
            }
            let lanes = predictions.remove(player).unwrap_or_default();
            let prediction = prediction_of(&lanes);
            let changes = client.replica.receive_predicted(&self.packet, &prediction)?.clone();
            client.reflect(&changes);
            client.told = Some(Told { packet: self.packet.clone(), prediction: lanes, changes });
        }
        Ok(())
    }

    /// Lets clients that predict be right about their own lanes, or sometimes wrong: a copy of the
    /// match tells them the truth of the coming tick.
    fn predict(&mut self, inputs: &mut TickInputs) -> BTreeMap<PlayerId, Lanes> {
        let mut predictions = BTreeMap::new();
        let predicting: Vec<PlayerId> = self
            .clients
            .iter()
            .filter(|(player, client)| {
                client.predicts
                    && client.is_current
                    && inputs.controls.iter().any(|controls| controls.player == **player)
            })
            .map(|(player, _)| *player)
            .collect();
        if predicting.is_empty() {
            return predictions;
        }
        let mut ahead = (self.restore)(&self.game.checkpoint());
        ahead.tick(inputs);
        for player in predicting {
            let replica = &self.clients[&player].replica;
            let mut prediction = Lanes::new();
            let wrong = self.chance.one_in(4);
            for ((id, component), mut lanes) in ahead.visible_to(player) {
                if replica.is_own(id) {
                    lanes.iter_mut().take(1).for_each(|lane| *lane ^= u32::from(wrong));
                    prediction.insert((id, component), lanes);
                }
            }
            let controls = inputs.controls.iter_mut().find(|controls| controls.player == player);
            controls.expect("it has controls").predicted =
                Some(prediction_of(&prediction).checksum());
            predictions.insert(player, prediction);
        }
        predictions
    }

    /// What a client sees, in the form of [`Match::visible_to`].
    pub(crate) fn seen_by(&self, player: u32) -> Lanes {
        self.clients[&PlayerId(player)].replica.seen().held()
    }

    /// Compares what every current client sees with what it must see.
    pub(crate) fn check(&mut self) {
        let current = self.clients.iter().filter(|(_, client)| client.is_current);
        let current: Vec<PlayerId> = current.map(|(player, _)| *player).collect();
        for player in current {
            let expected = self.game.visible_to(player);
            let seen = self.seen_by(player.0);
            assert!(self.clients[&player].mirror == seen, "player {player}: changes are not all");
            if seen == expected {
                continue;
            }
            let wrong: Vec<_> = expected
                .iter()
                .filter(|(key, lanes)| seen.get(key) != Some(lanes))
                .map(|(key, lanes)| (key, lanes, seen.get(key)))
                .take(3)
                .collect();
            let extra: Vec<_> = seen.keys().filter(|key| !expected.contains_key(key)).collect();
            panic!(
                "player {player} at tick {}: wrong or missing {wrong:?}, too much {extra:?}",
                self.game.tick_number()
            );
        }
    }
}
