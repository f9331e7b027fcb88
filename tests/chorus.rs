//! Viewers who sing together hold what each of them would hold alone, however late their packets are,
//! whoever comes and goes, and whatever is wrong with one of them.

use crate::simulation::for_seeds;
use std::collections::{BTreeMap, VecDeque};
use tickwire::ids::NetId;
use tickwire::prelude::*;
use tickwire::sim::{Change, Controls, encode_input};
use tickwire::sync::schema::ComponentId;
use tickwire::sync::{Chorus, PACKET_BYTES_LIMIT, Replica, Seen, SingerId, StreamError};

const SEEDS: u64 = 40;
const TICKS: u32 = 150;
const PLAYERS_MOST: usize = 8;

/// All that somebody sees: who is there and whose, the lanes, and what is met by going through bodies.
#[derive(Debug, Default, PartialEq)]
struct Held {
    owners: BTreeMap<NetId, Option<PlayerId>>,
    lanes: BTreeMap<(NetId, ComponentId), Vec<u32>>,
    bodies: BTreeMap<NetId, [f32; 2]>,
}

/// Somebody whose packets come late, and who sees them with eyes of its own as well.
struct Viewer {
    id: SingerId,
    alone: Replica,
    under_way: VecDeque<Vec<u8>>,
    needs_keyframe: bool,
    is_slow: bool,
}

/// A match and its viewers.
struct Stage {
    game: Match,
    chorus: Chorus,
    viewers: BTreeMap<PlayerId, Viewer>,
    came: u32,
    random: Random,
}

fn held(seen: Seen<'_>) -> Held {
    let mut held = Held { lanes: seen.held(), ..Held::default() };
    for id in seen.entities() {
        assert!(held.owners.insert(id, seen.owner(id)).is_none(), "{id:?} is named twice");
        for component in seen.components(id) {
            assert!(held.lanes.contains_key(&(id, component)), "{id:?} has no lanes");
        }
    }
    seen.each(|id, owner, body: crate::zoo::Body| {
        assert_eq!(seen.owner(id), owner);
        assert_eq!(seen.get(id), Some(body.clone()));
        held.bodies.insert(id, [body.x, body.y]);
    });
    held
}

impl Stage {
    fn new(seed: u64, grid: bool) -> Self {
        let options = crate::zoo::Options { grid, teams: seed % 3 == 1 };
        Self {
            game: Match::new(crate::zoo::Zoo::default(), options, seed),
            chorus: Chorus::default(),
            viewers: BTreeMap::new(),
            came: 0,
            random: Random::from_seed(seed ^ 0xc0),
        }
    }

    fn come_and_go(&mut self, inputs: &mut TickInputs) {
        if self.viewers.len() < PLAYERS_MOST && self.random.one_in(5) {
            self.came += 1;
            let player = PlayerId(self.came);
            inputs.changes.push(Change::Join(Join { player, ..Join::default() }));
            let schema = self.game.schema().clone();
            let viewer = Viewer {
                id: self.chorus.enter(schema.clone(), player),
                alone: Replica::new(schema, player, false),
                under_way: VecDeque::new(),
                needs_keyframe: true,
                is_slow: false,
            };
            self.viewers.insert(player, viewer);
        }
        let players: Vec<_> = self.viewers.keys().copied().collect();
        if self.random.one_in(30)
            && let Some(player) = self.random.pick(&players).copied()
        {
            inputs.changes.push(Change::Leave(player));
            let viewer = self.viewers.remove(&player).unwrap();
            self.chorus.leave(viewer.id);
        }
    }

    fn tick(&mut self) {
        let mut inputs = TickInputs::default();
        self.come_and_go(&mut inputs);
        for player in self.viewers.keys() {
            let input =
                crate::zoo::Input { turn: self.random.below(200) as i8, go: self.random.one_in(2) };
            let input = encode_input(&input);
            inputs.controls.push(Controls { player: *player, input, ..Controls::default() });
        }
        self.game.tick(&inputs);
        for (player, viewer) in &mut self.viewers {
            let mut packet = Vec::new();
            if viewer.needs_keyframe || self.random.one_in(60) {
                viewer.needs_keyframe = false;
                packet = self.game.keyframe(*player);
            } else {
                self.game.frame().delta.gather(*player, &mut packet);
            }
            viewer.under_way.push_back(packet);
            viewer.is_slow ^= self.random.one_in(if viewer.is_slow { 12 } else { 40 });
        }
    }

    /// Packets arrive, those of slow viewers late and many at once.
    fn deliver(&mut self) {
        for viewer in self.viewers.values_mut() {
            while !viewer.is_slow
                && !self.random.one_in(4)
                && let Some(packet) = viewer.under_way.pop_front()
            {
                viewer.alone.receive(&packet).expect("an honest packet");
                self.chorus.receive(viewer.id, &packet).expect("the same packet");
                assert_eq!(self.chorus.tick(viewer.id), viewer.alone.tick());
            }
        }
    }

    /// All packets arrive, whoever has more of them first.
    fn deliver_all(&mut self) {
        self.viewers.values_mut().for_each(|viewer| viewer.is_slow = false);
        while self.viewers.values().any(|viewer| !viewer.under_way.is_empty()) {
            self.deliver();
        }
    }

    /// Compares what those hold whose common state is at their own tick.
    fn compare(&self) -> usize {
        let mut compared = 0;
        for viewer in self.viewers.values() {
            let Some(seen) = self.chorus.view(viewer.id) else { continue };
            if seen.tick() == viewer.alone.tick() {
                assert_eq!(held(seen), held(viewer.alone.seen()));
                compared += 1;
            }
        }
        compared
    }
}

#[test]
fn who_sings_together_holds_what_each_would_hold_alone() {
    for_seeds(SEEDS, |seed| {
        let mut stage = Stage::new(seed, seed % 2 == 1);
        for _ in 0..TICKS {
            stage.tick();
            stage.deliver();
            stage.compare();
        }
        // Once all that was under way has arrived, nobody is alone any more.
        stage.deliver_all();
        stage.tick();
        stage.deliver_all();
        let (together, all) = stage.chorus.together();
        assert_eq!((together, stage.compare()), (all, all));
    });
}

#[test]
fn who_is_in_step_sings_together() {
    for grid in [false, true] {
        let (mut together, mut all, mut compared) = (0, 0, 0);
        let mut stage = Stage::new(1, grid);
        for tick in 0..TICKS {
            stage.tick();
            stage.deliver_all();
            compared += stage.compare();
            if tick > TICKS / 2 {
                let count = stage.chorus.together();
                (together, all) = (together + count.0, all + count.1);
            }
        }
        assert!(compared > 300, "{compared}");
        assert_eq!(together, all, "sang together");
    }
}

#[test]
fn a_packet_that_nobody_sends_does_not_wait() {
    let mut stage = Stage::new(1, true);
    while stage.chorus.together().0 < 3 {
        stage.tick();
        stage.deliver_all();
    }
    let id = stage.viewers.values().next().unwrap().id;
    let long = vec![0; PACKET_BYTES_LIMIT + 1];
    assert_eq!(stage.chorus.receive(id, &long), Err(StreamError::TooLong(long.len())));
    assert_eq!(stage.chorus.receive(id, &[0; 2]), Err(StreamError::NoKeyframe));
    // Who sends much while the others are silent makes nobody keep it.
    let id = stage.viewers.values().nth(1).unwrap().id;
    let before = stage.chorus.together().0;
    assert_eq!(stage.chorus.receive(id, &long[..PACKET_BYTES_LIMIT]), Ok(()));
    assert_eq!((stage.chorus.together().0, before), (before, before));
    assert_eq!(stage.chorus.receive(id, &long[..PACKET_BYTES_LIMIT]), Ok(()));
    assert!(stage.chorus.together().0 < before);
}

#[test]
fn a_bit_that_is_turned_for_one_is_noticed() {
    let mut noticed = 0;
    for seed in 0..SEEDS {
        let mut stage = Stage::new(seed, seed % 2 == 1);
        let mut is_noticed = false;
        for tick in 0..TICKS {
            stage.tick();
            stage.viewers.values_mut().for_each(|viewer| viewer.is_slow = false);
            let victim = stage.viewers.keys().next().copied();
            for (player, viewer) in &mut stage.viewers {
                while let Some(mut packet) = viewer.under_way.pop_front() {
                    viewer.alone.receive(&packet).expect("an honest packet");
                    if tick == TICKS / 2 && Some(*player) == victim {
                        let at = packet.len() - 1 - packet.len() / 3;
                        packet[at] ^= 0x10;
                    }
                    is_noticed |= stage.chorus.receive(viewer.id, &packet).is_err();
                }
            }
            if is_noticed {
                assert!(tick >= TICKS / 2, "seed {seed}: nothing was wrong before");
                noticed += 1;
                break;
            }
        }
        // A bit of the last byte's filling changes nothing: all hold what they would without it.
        assert!(is_noticed || stage.compare() == stage.viewers.len(), "seed {seed}");
    }
    assert!(noticed * 10 >= SEEDS * 9, "{noticed} of {SEEDS}");
}

#[test]
fn one_who_is_told_nothing_while_others_are_told_something_is_noticed() {
    let (mut silenced, mut noticed) = (0, 0);
    for seed in 0..SEEDS {
        let mut stage = Stage::new(seed, false);
        let (mut is_noticed, mut was_silenced) = (false, false);
        for tick in 0..TICKS {
            // What is found with the last packet of a tick is said with the next one.
            let is_last = was_silenced;
            stage.tick();
            stage.viewers.values_mut().for_each(|viewer| viewer.is_slow = false);
            let together = stage.chorus.together().0;
            let victim = stage.viewers.keys().next().copied();
            for (player, viewer) in &mut stage.viewers {
                while let Some(mut packet) = viewer.under_way.pop_front() {
                    let is_delta = !tickwire::sync::is_keyframe(&packet);
                    if tick > TICKS / 2 && !was_silenced && together > 2 && Some(*player) == victim
                    {
                        was_silenced = is_delta && packet.len() > 3;
                        packet = if was_silenced { vec![0; 2] } else { packet };
                    }
                    is_noticed |= stage.chorus.receive(viewer.id, &packet).is_err();
                }
            }
            if is_last {
                break;
            }
        }
        assert!(was_silenced || !is_noticed, "seed {seed}: nothing was wrong");
        silenced += u32::from(was_silenced);
        noticed += u32::from(is_noticed);
    }
    // At once, unless the one sang alone just then: its own checksum tells it later.
    assert!(silenced > 20 && noticed * 10 >= silenced * 7, "{noticed} of {silenced}");
}
