//! Plays a recorded trace through the stream and a replica, and says what it cost.
//!
//! `xz -dc NAME.trc.xz | cargo run --release --example trace [-- --cut]`
//!
//! The schema is made from the trace's header; nothing else is known of it. One viewer sees
//! everything: it gets a keyframe after the first tick and a packet after each other one, and all
//! its values are compared with the trace at every tick. A second one joins in the middle; its
//! keyframe is the one reported. With `--cut`, more viewers follow, each of which is never sent
//! the chunks of one entity that it owns, and must be right about all others.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tickwire::ids::{NetId, PlayerId, Tick};
use tickwire::sync::field::FieldKind;
use tickwire::sync::schema::{Audience, ComponentId, ComponentSchema, FieldSchema, Motion, Schema};
use tickwire::sync::{Entry, Handle, Replica, Stream, View};

/// With `--cut`, so many entities of the first tick have a viewer of their own.
const CUT_VIEWERS: usize = 64;

/// The viewer that is measured, and the one that joins in the middle.
const FIRST: PlayerId = PlayerId(0);
const LATE: PlayerId = PlayerId(1);

/// Reads little-endian numbers off a trace.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(count);
        self.0 = rest;
        head
    }

    fn u8(&mut self) -> u8 {
        self.bytes(1)[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.bytes(2).try_into().expect("two bytes"))
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes(4).try_into().expect("four bytes"))
    }

    fn i32(&mut self) -> i32 {
        self.u32() as i32
    }

    fn name(&mut self) -> String {
        let length = usize::from(self.u8());
        String::from_utf8_lossy(self.bytes(length)).into_owned()
    }
}

/// One kind of entity: its components, and the place and least value of each field.
struct Kind {
    components: Vec<ComponentId>,
    /// For each field in the trace's order: its place among all lanes of the kind.
    places: Vec<usize>,
    mins: Vec<i32>,
    /// Where each component's lanes start.
    starts: Vec<usize>,
}

struct Header {
    name: String,
    ticks: u32,
    schema: Arc<Schema>,
    kinds: Vec<Kind>,
}

/// The schema that a trace's header describes.
fn read_header(reader: &mut Reader<'_>) -> Header {
    assert_eq!(reader.bytes(8), b"GSTRACE1", "not a trace");
    let name = reader.name();
    let (_hertz, _seed, ticks, kind_count) =
        (reader.u16(), reader.u32(), reader.u32(), reader.u16());
    let mut components = Vec::new();
    let mut kinds = Vec::new();
    for _ in 0..kind_count {
        let kind_name = reader.name();
        let field_count = usize::from(reader.u16());
        let mut groups: BTreeMap<u8, Vec<(usize, FieldSchema)>> = BTreeMap::new();
        let mut mins = Vec::new();
        for index in 0..field_count {
            let name = reader.name();
            let (component, wraps) = (reader.u8(), reader.u8() & 1 == 1);
            let (min, max) = (reader.i32(), reader.i32());
            let kind = if wraps {
                FieldKind::Angle { steps: (i64::from(max) - i64::from(min) + 1) as u32 }
            } else {
                FieldKind::Int { min: min.into(), max: max.into() }
            };
            let field = FieldSchema { name, kind, motion: Motion::Auto };
            groups.entry(component).or_default().push((index, field));
            mins.push(min);
        }
        let mut kind =
            Kind { components: Vec::new(), places: vec![0; field_count], mins, starts: Vec::new() };
        let mut place = 0;
        for (component, fields) in groups {
            kind.components.push(ComponentId(components.len() as u16));
            kind.starts.push(place);
            for (index, _) in &fields {
                kind.places[*index] = place;
                place += 1;
            }
            let fields = fields.into_iter().map(|(_, field)| field).collect();
            let name = format!("{kind_name}.{component}");
            let schema = ComponentSchema::new(&name, Audience::Everyone, fields);
            components.push(schema.expect("a trace's fields fit lanes"));
        }
        kind.starts.push(place);
        kinds.push(kind);
    }
    let schema = Arc::new(Schema::new(components).expect("a trace's schema is within limits"));
    Header { name, ticks, schema, kinds }
}

/// An entity of the trace.
struct Live {
    handle: Handle,
    id: NetId,
    kind: usize,
}

/// One tick of the trace: who went, and the lanes of who is there.
struct TickState {
    despawned: Vec<u32>,
    live: Vec<(u32, usize, Vec<u32>)>,
}

fn read_tick(
    reader: &mut Reader<'_>,
    kinds: &[Kind],
    kind_of: &mut BTreeMap<u32, usize>,
) -> TickState {
    let _tick = reader.u32();
    for _ in 0..reader.u32() {
        let (id, kind) = (reader.u32(), reader.u16());
        kind_of.insert(id, usize::from(kind));
    }
    let despawned: Vec<u32> = (0..reader.u32()).map(|_| reader.u32()).collect();
    let count = reader.u32();
    let live = (0..count)
        .map(|_| {
            let id = reader.u32();
            let kind = kind_of[&id];
            let mut lanes = vec![0; kinds[kind].places.len()];
            for (place, min) in kinds[kind].places.iter().zip(&kinds[kind].mins) {
                lanes[*place] = (i64::from(reader.i32()) - i64::from(*min)) as u32;
            }
            (id, kind, lanes)
        })
        .collect();
    TickState { despawned, live }
}

/// A receiver, and the entity whose chunks it is not sent.
struct Receiver {
    player: PlayerId,
    replica: Replica,
    cut: Option<NetId>,
    joined: Tick,
}

struct Player {
    header: Header,
    stream: Stream,
    live: BTreeMap<u32, Live>,
    cut: bool,
}

impl Player {
    /// Tells the stream what the trace says and encodes it.
    fn encode(&mut self, state: &TickState) -> Duration {
        let start = Instant::now();
        for id in &state.despawned {
            let live = self.live.remove(id).expect("it lived");
            self.stream.despawn(live.handle);
        }
        for (id, kind, lanes) in &state.live {
            let Kind { components, starts, .. } = &self.header.kinds[*kind];
            if let Some(live) = self.live.get(id) {
                for (index, component) in components.iter().enumerate() {
                    let range = starts[index]..starts[index + 1];
                    self.stream.set(live.handle, *component, &lanes[range]);
                }
                continue;
            }
            let owner = (self.cut && self.stream.tick() == Tick(0)).then_some(PlayerId(id + 2));
            let entry = Entry { owner, predicted: owner.is_some(), ..Entry::default() };
            let handle = self.stream.spawn(entry, components, lanes);
            self.live.insert(*id, Live { handle, id: self.stream.id(handle), kind: *kind });
        }
        self.stream.encode();
        start.elapsed()
    }

    /// Compares every entity and field that a receiver must know.
    fn verify(&self, receiver: &Receiver, state: &TickState) {
        let known = receiver.replica.entities().count();
        assert_eq!(known, state.live.len(), "entities at {:?}", self.stream.tick());
        let mut found = Vec::new();
        for (id, _, lanes) in &state.live {
            let live = &self.live[id];
            if receiver.cut == Some(live.id) {
                continue;
            }
            let Kind { components, starts, .. } = &self.header.kinds[live.kind];
            for (index, component) in components.iter().enumerate() {
                assert!(receiver.replica.lanes(live.id, *component, &mut found));
                let expected = &lanes[starts[index]..starts[index + 1]];
                assert_eq!(found, expected, "entity {id} at {:?}", self.stream.tick());
            }
        }
    }

    fn join(&mut self, player: PlayerId, cut: Option<NetId>) -> Receiver {
        let view = View { predicts: cut.is_some(), ..View::default() };
        self.stream.join(player, view);
        let replica = Replica::new(self.header.schema.clone(), player, cut.is_some());
        Receiver { player, replica, cut, joined: self.stream.tick().next() }
    }
}

fn percentile<T: Copy + Ord>(sorted: &mut [T], percent: usize) -> T {
    sorted.sort_unstable();
    sorted[(sorted.len() - 1) * percent / 100]
}

/// What was measured.
#[derive(Default)]
struct Measured {
    sizes: Vec<usize>,
    encode_times: Vec<Duration>,
    decode_times: Vec<Duration>,
    keyframe: usize,
    cut_bytes: usize,
    cut_packets: usize,
}

impl Measured {
    /// Sends a receiver what it is due and notes what that cost.
    fn send(&mut self, player: &Player, receiver: &mut Receiver, encode_time: Duration) {
        let joins = receiver.joined == player.stream.tick();
        let mut packet = Vec::new();
        if joins {
            packet = player.stream.keyframe(receiver.player);
        } else {
            player.stream.delta().gather(receiver.player, &mut packet);
        }
        let start = Instant::now();
        receiver.replica.receive(&packet).expect("an honest packet");
        let decode_time = start.elapsed();
        if joins && receiver.player == LATE {
            self.keyframe = packet.len();
        } else if !joins && receiver.player == FIRST {
            self.sizes.push(packet.len());
            self.encode_times.push(encode_time);
            self.decode_times.push(decode_time);
        } else if !joins && receiver.cut.is_some() {
            self.cut_bytes += packet.len();
            self.cut_packets += 1;
        }
    }

    fn report(mut self, header: &Header, cut_viewers: usize) {
        if cut_viewers > 0 {
            let mean = self.cut_bytes as f64 / self.cut_packets as f64;
            println!("cut: {cut_viewers} viewers, each without its own entity, mean={mean:.1}");
        }
        let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
        println!(
            "trace={} ticks={} mean={:.1} p50={} p99={} keyframe={} encode_us={:.1} \
             decode_us={:.1} verified=ok",
            header.name,
            header.ticks,
            self.sizes.iter().sum::<usize>() as f64 / self.sizes.len() as f64,
            percentile(&mut self.sizes, 50),
            percentile(&mut self.sizes, 99),
            self.keyframe,
            microseconds(percentile(&mut self.encode_times, 50)),
            microseconds(percentile(&mut self.decode_times, 50)),
        );
    }
}

fn main() {
    let cut = std::env::args().any(|argument| argument == "--cut");
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).expect("a trace on the standard input");
    let mut reader = Reader(&bytes);
    let header = read_header(&mut reader);
    let stream = Stream::new(header.schema.clone(), false);
    let mut player = Player { header, stream, live: BTreeMap::new(), cut };
    let mut kind_of = BTreeMap::new();
    let mut receivers = vec![player.join(FIRST, None)];
    let mut measured = Measured::default();
    for index in 0..player.header.ticks {
        let state = read_tick(&mut reader, &player.header.kinds, &mut kind_of);
        if index == player.header.ticks / 2 {
            receivers.push(player.join(LATE, None));
        }
        if index == 0 && cut {
            for (id, ..) in state.live.iter().take(CUT_VIEWERS) {
                // Ids count up from 1 in the order of spawning.
                let net = NetId(receivers.len() as u32);
                receivers.push(player.join(PlayerId(id + 2), Some(net)));
            }
        }
        for receiver in receivers.iter().filter(|receiver| receiver.cut.is_some()) {
            let truth = true_claim(&player, receiver, &state);
            player.stream.claim(receiver.player, truth);
        }
        let encode_time = player.encode(&state);
        for receiver in &mut receivers {
            measured.send(&player, receiver, encode_time);
        }
        receivers.iter().for_each(|receiver| player.verify(receiver, &state));
    }
    let cut_viewers = receivers.iter().filter(|receiver| receiver.cut.is_some()).count();
    measured.report(&player.header, cut_viewers);
}

/// What the stream will find the viewer's own entity to be, so that it leaves it out.
fn true_claim(player: &Player, receiver: &Receiver, state: &TickState) -> Option<u32> {
    let id = receiver.cut?;
    let (_, live) = player.live.iter().find(|(_, live)| live.id == id)?;
    let trace_id = receiver.player.0 - 2;
    let (.., lanes) = state.live.iter().find(|(id, ..)| *id == trace_id)?;
    let Kind { components, starts, .. } = &player.header.kinds[live.kind];
    let mut prediction = tickwire::sync::Prediction::default();
    for (index, component) in components.iter().enumerate() {
        prediction.set(id, *component, &lanes[starts[index]..starts[index + 1]]);
    }
    Some(prediction.checksum())
}
