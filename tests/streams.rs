//! The stream, feature by feature: what costs nothing, what is hidden, what is noticed.

use std::sync::Arc;
use tickwire::ids::{NetId, PlayerId, TeamId};
use tickwire::prelude::Random;
use tickwire::sync::field::FieldKind;
use tickwire::sync::schema::{Audience, ComponentId, ComponentSchema, FieldSchema, Motion, Schema};
use tickwire::sync::{
    Cell, Entry, Handle, PACKET_BYTES_LIMIT, Prediction, Replica, Stream, StreamError, View,
};

const PLACE: ComponentId = ComponentId(0);
const PURSE: ComponentId = ComponentId(1);
const ORDERS: ComponentId = ComponentId(2);
const MARK: ComponentId = ComponentId(3);
const ME: PlayerId = PlayerId(1);
const OTHER: PlayerId = PlayerId(2);

fn schema() -> Arc<Schema> {
    let component = |name: &str, audience, motion, lanes: u32| {
        let field = |index| FieldSchema {
            name: format!("lane {index}"),
            kind: FieldKind::Int { min: 0, max: 65535 },
            motion,
        };
        ComponentSchema::new(name, audience, (0..lanes).map(field).collect()).expect("fields")
    };
    let components = vec![
        component("Place", Audience::Everyone, Motion::Steady, 2),
        component("Purse", Audience::Owner, Motion::Hold, 1),
        component("Orders", Audience::Team, Motion::Auto, 2),
        component("Mark", Audience::Everyone, Motion::Auto, 80),
    ];
    Arc::new(Schema::new(components).expect("a schema"))
}

/// A stream and its receivers.
struct Pair {
    stream: Stream,
    replicas: Vec<(PlayerId, Replica)>,
}

impl Pair {
    fn new(grid: bool) -> Self {
        Self { stream: Stream::new(schema(), grid), replicas: Vec::new() }
    }

    fn join(&mut self, player: PlayerId, view: View) {
        let predicts = view.predicts;
        self.stream.join(player, view);
        self.replicas.push((player, Replica::new(schema(), player, predicts)));
    }

    /// Encodes; newcomers get a keyframe, the others a packet each, which are returned.
    fn tick(&mut self) -> Vec<Vec<u8>> {
        self.stream.encode();
        let mut packets = Vec::new();
        for (player, replica) in &mut self.replicas {
            let mut packet = Vec::new();
            self.stream.delta().gather(*player, &mut packet);
            if packet.is_empty() {
                packet = self.stream.keyframe(*player);
            }
            replica.receive(&packet).expect("an honest packet");
            packets.push(packet);
        }
        packets
    }

    fn lanes(&self, receiver: usize, id: NetId, component: ComponentId) -> Option<Vec<u32>> {
        let mut lanes = Vec::new();
        self.replicas[receiver].1.lanes(id, component, &mut lanes).then_some(lanes)
    }
}

fn spawn(stream: &mut Stream, entry: Entry, place: [u32; 2]) -> (Handle, NetId) {
    let handle = stream.spawn(entry, &[PLACE], &place);
    (handle, stream.id(handle))
}

#[test]
fn a_straight_flight_costs_one_byte_a_tick_and_arrives_exactly() {
    let mut pair = Pair::new(false);
    pair.join(ME, View::default());
    let flights: Vec<_> =
        (0..40).map(|index| spawn(&mut pair.stream, Entry::default(), [index * 99, 500])).collect();
    let mut late_bytes = 0;
    for tick in 1..200u32 {
        for (index, (handle, _)) in flights.iter().enumerate() {
            let x = index as u32 * 99 + (tick * (17 + index as u32 * 5)) / 7;
            pair.stream.set(*handle, PLACE, &[x, 500 + tick * 3]);
        }
        let packets = pair.tick();
        late_bytes += if tick >= 100 { packets[0].len() } else { 0 };
        for (index, (_, id)) in flights.iter().enumerate() {
            let x = index as u32 * 99 + (tick * (17 + index as u32 * 5)) / 7;
            assert_eq!(pair.lanes(0, *id, PLACE), Some(vec![x, 500 + tick * 3]));
        }
    }
    // 40 flights; a byte for the packet itself, and a rare rounding.
    assert!(late_bytes < 400, "{late_bytes} bytes in 100 ticks");
}

#[test]
fn a_quiet_room_costs_one_byte_a_tick() {
    let mut pair = Pair::new(false);
    pair.join(ME, View::default());
    (0..500).for_each(|index| {
        let _ = spawn(&mut pair.stream, Entry::default(), [index, 7]);
    });
    let sizes: Vec<usize> = (0..300).map(|_| pair.tick()[0].len()).collect();
    // But for the checksum at every 32nd tick, once the tables are learned.
    let plain = sizes.iter().enumerate().skip(200).filter(|(tick, _)| (tick + 1) % 32 != 0);
    assert!(plain.clone().all(|(_, size)| *size == 1), "{sizes:?}");
}

#[test]
fn components_come_and_go_on_live_entities_also_a_kind_first_seen_late() {
    let mut pair = Pair::new(false);
    pair.join(ME, View::default());
    let (handle, id) = spawn(&mut pair.stream, Entry::default(), [3, 4]);
    (0..20).for_each(|_| {
        let _ = pair.tick();
    });
    let mut lanes = vec![30, 40];
    lanes.extend(1000..1080);
    pair.stream.reshape(handle, &[PLACE, MARK], &lanes);
    pair.tick();
    assert_eq!(pair.lanes(0, id, MARK), Some((1000..1080).collect()));
    assert_eq!(pair.lanes(0, id, PLACE), Some(vec![30, 40]));
    pair.stream.reshape(handle, &[MARK], &lanes[2..]);
    pair.tick();
    assert_eq!(pair.lanes(0, id, PLACE), None);
    pair.stream.reshape(handle, &[], &[]);
    pair.tick();
    assert_eq!(pair.replicas[0].1.entities().count(), 0);
}

#[test]
fn nobody_can_tell_what_is_hidden_from_him() {
    // Two rooms that differ only in what is hidden from ME give him the same bytes.
    let play = |secret: u32| {
        let mut pair = Pair::new(false);
        let team = Some(TeamId(1));
        pair.join(ME, View { team, ..View::default() });
        pair.join(OTHER, View { team: Some(TeamId(2)), ..View::default() });
        let entry = Entry { owner: Some(OTHER), team: Some(TeamId(2)), ..Entry::default() };
        let all = [PLACE, PURSE, ORDERS];
        let handle = pair.stream.spawn(entry, &all, &[1, 2, secret, secret, 9]);
        let id = pair.stream.id(handle);
        let mut random = Random::from_seed(9);
        let mut heard = Vec::new();
        for tick in 0..300 {
            pair.stream.set(handle, PLACE, &[random.below(60_000), 8]);
            pair.stream.set(handle, PURSE, &[(secret * tick) % 60_000]);
            pair.stream.set(handle, ORDERS, &[secret, (tick * tick * secret) % 50_000]);
            heard.extend(pair.tick().swap_remove(0));
            assert_eq!(pair.lanes(1, id, PURSE), Some(vec![(secret * tick) % 60_000]));
            assert_eq!(pair.lanes(0, id, PURSE), None);
            assert_eq!(pair.lanes(0, id, ORDERS), None);
        }
        heard
    };
    assert!(play(1) == play(77), "the bytes differ");
}

#[test]
fn one_who_changes_sides_sees_other_orders() {
    let mut pair = Pair::new(false);
    let view = |team| View { team: Some(TeamId(team)), ..View::default() };
    pair.join(ME, view(1));
    let entry = Entry { team: Some(TeamId(2)), ..Entry::default() };
    let handle = pair.stream.spawn(entry, &[PLACE, ORDERS], &[1, 2, 3, 4]);
    let id = pair.stream.id(handle);
    pair.tick();
    assert_eq!(pair.lanes(0, id, ORDERS), None);
    pair.stream.set_view(ME, view(2));
    pair.tick();
    assert_eq!(pair.lanes(0, id, ORDERS), Some(vec![3, 4]));
    pair.stream.relocate(handle, Entry::default(), &[PLACE, ORDERS], &[1, 2, 3, 4]);
    pair.tick();
    assert_eq!(pair.lanes(0, id, ORDERS), None);
    assert_eq!(pair.lanes(0, id, PLACE), Some(vec![1, 2]));
}

/// One predicted walker of ME that goes where chance takes it, and what ME predicts of it.
fn predicted(ticks: u32, mut predict: impl FnMut(u32, [u32; 2]) -> [u32; 2]) -> Vec<usize> {
    let mut pair = Pair::new(false);
    pair.stream.join(ME, View { predicts: true, ..View::default() });
    let mut replica = Replica::new(schema(), ME, true);
    let entry = Entry { owner: Some(ME), predicted: true, ..Entry::default() };
    let (handle, id) = spawn(&mut pair.stream, entry, [5, 5]);
    pair.tick();
    replica.receive(&pair.stream.keyframe(ME)).expect("a keyframe");
    let mut random = Random::from_seed(5);
    let mut sizes = Vec::new();
    for tick in 0..ticks {
        let truth = [random.below(60_000), random.below(60_000)];
        pair.stream.set(handle, PLACE, &truth);
        let mut prediction = Prediction::default();
        prediction.set(id, PLACE, &predict(tick, truth));
        pair.stream.claim(ME, Some(prediction.checksum()));
        pair.stream.encode();
        let mut packet = Vec::new();
        pair.stream.delta().gather(ME, &mut packet);
        replica.receive_predicted(&packet, &prediction).expect("an honest packet");
        sizes.push(packet.len());
        let mut lanes = Vec::new();
        assert!(replica.lanes(id, PLACE, &mut lanes) && lanes == truth, "tick {tick}");
        assert_eq!(replica.own_checksum(), pair.stream.own_checksum(ME));
    }
    sizes
}

#[test]
fn one_who_predicts_well_pays_nothing_for_itself() {
    let sizes = predicted(100, |_, truth| truth);
    // Only what is for the whole room: a few bits, a checksum at times, and new tables.
    assert!(sizes.iter().filter(|size| **size > 2).count() < 20, "{sizes:?}");
}

#[test]
fn one_who_predicts_badly_is_corrected_in_the_same_packet() {
    let sizes = predicted(100, |tick, [x, y]| if tick % 5 == 0 { [x ^ 1, y] } else { [x, y] });
    assert!(sizes.iter().step_by(5).all(|size| *size > 3), "{sizes:?}");
}

#[test]
fn one_who_walks_from_cell_to_cell_is_not_told_anew_to_those_who_see_both() {
    let cell = |x| Some(Cell { x, y: 0 });
    let cells = |xs: std::ops::Range<i16>| View {
        cells: xs.map(|x| Cell { x, y: 0 }).collect(),
        ..View::default()
    };
    let mut pair = Pair::new(true);
    pair.join(ME, cells(0..3));
    pair.join(OTHER, cells(2..4));
    let entry = Entry { cell: cell(0), ..Entry::default() };
    let all = [PLACE, MARK];
    let mut lanes = vec![100, 100];
    lanes.extend((0..80).map(|index| index * 700));
    let handle = pair.stream.spawn(entry, &all, &lanes);
    let id = pair.stream.id(handle);
    (0..20).for_each(|_| {
        let _ = pair.tick();
    });
    for x in 1..4 {
        pair.stream.relocate(handle, Entry { cell: cell(x), ..entry }, &all, &lanes);
        let packets = pair.tick();
        let (me, other) = (pair.lanes(0, id, MARK), pair.lanes(1, id, MARK));
        assert_eq!(me.is_some(), x < 3, "ME sees cells 0 to 2");
        assert_eq!(other.is_some(), x >= 2, "OTHER sees cells 2 and 3");
        let is_first = x == 2;
        assert!(packets[0].len() < 20, "{} bytes", packets[0].len());
        assert_eq!(packets[1].len() > 40, is_first, "only one who did not see it is told all");
    }
}

/// A room of walkers with one receiver that was just given its keyframe.
fn walkers() -> (Pair, Vec<(Handle, NetId)>, Random) {
    let mut pair = Pair::new(false);
    pair.join(ME, View::default());
    let walkers =
        (0..20).map(|index| spawn(&mut pair.stream, Entry::default(), [index, 9])).collect();
    pair.tick();
    (pair, walkers, Random::from_seed(2))
}

fn wander(pair: &mut Pair, walkers: &[(Handle, NetId)], random: &mut Random) -> Vec<u8> {
    for (handle, _) in walkers {
        pair.stream.set(*handle, PLACE, &[random.below(65536), random.below(100)]);
    }
    pair.stream.encode();
    let mut packet = Vec::new();
    pair.stream.delta().gather(ME, &mut packet);
    packet
}

#[test]
fn one_who_missed_a_packet_notices_and_is_healed_by_a_keyframe() {
    let (mut pair, walkers, mut random) = walkers();
    for _ in 0..10 {
        let packet = wander(&mut pair, &walkers, &mut random);
        pair.replicas[0].1.receive(&packet).expect("an honest packet");
    }
    wander(&mut pair, &walkers, &mut random);
    let noticed = (0..64).find_map(|_| {
        let packet = wander(&mut pair, &walkers, &mut random);
        pair.replicas[0].1.receive(&packet).err()
    });
    let error = noticed.expect("it notices by the next checksum at the latest");
    assert_ne!(error, StreamError::NoKeyframe);
    let packet = wander(&mut pair, &walkers, &mut random);
    let refused = pair.replicas[0].1.receive(&packet).map(drop);
    assert_eq!(refused, Err(StreamError::NoKeyframe));
    let keyframe = pair.stream.keyframe(ME);
    pair.replicas[0].1.receive(&keyframe).expect("a keyframe");
    for _ in 0..70 {
        let packet = wander(&mut pair, &walkers, &mut random);
        pair.replicas[0].1.receive(&packet).expect("it is healed");
    }
}

#[test]
fn a_packet_that_ends_early_or_late_is_refused() {
    let (mut pair, walkers, mut random) = walkers();
    let keyframe = pair.stream.keyframe(ME);
    let packet = wander(&mut pair, &walkers, &mut random);
    for whole in [&keyframe, &packet] {
        for end in 0..whole.len() {
            let mut replica = Replica::new(schema(), ME, false);
            replica.receive(&keyframe).expect("a keyframe");
            assert!(replica.receive(&whole[..end]).is_err(), "{end} of {} bytes", whole.len());
        }
        let endless = vec![0; PACKET_BYTES_LIMIT + 1];
        let mut replica = Replica::new(schema(), ME, false);
        let refused = replica.receive(&endless).map(drop);
        assert_eq!(refused, Err(StreamError::TooLong(endless.len())));
        let mut longer = whole.clone();
        longer.extend([0, 7]);
        let mut replica = Replica::new(schema(), ME, false);
        replica.receive(&keyframe).expect("a keyframe");
        assert_eq!(replica.receive(&longer).map(drop), Err(StreamError::Trailing(2)));
    }
}

#[test]
fn a_keyframe_says_nothing_to_anybody_else_and_changes_nothing() {
    let play = |asks: bool| {
        let (mut pair, walkers, mut random) = walkers();
        let mut heard = Vec::new();
        for _ in 0..80 {
            heard.extend(wander(&mut pair, &walkers, &mut random));
            if asks {
                let _ = pair.stream.keyframe(ME);
            }
        }
        heard
    };
    assert!(play(false) == play(true), "keyframes change the stream");
}
