//! `cargo bench`: what a tick costs, and how encoding grows.
//!
//! Medians of many ticks in microseconds, printed as a table for docs/performance.md. Not asserted:
//! machines differ. With `-- --only "20 players"` one match alone; with `-- --cold 100` what a tick costs
//! when a hundred matches take turns; a profiler that looks into `take_turns` alone (callgrind:
//! `--toggle-collect`) counts the same always.

use game::arena::bot::Bot;
use game::arena::{Arena, Options};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tickwire::cli::{Load, Show};
use tickwire::prelude::*;
use tickwire::sim::{Change, Controls, encode_input};
use tickwire::sync::field::FieldKind;
use tickwire::sync::schema::{Audience, ComponentId, ComponentSchema, FieldSchema, Motion, Schema};
use tickwire::sync::{Entry, Handle, Replica, Stream, View};

const PLACE: ComponentId = ComponentId(0);
const VIEWER: PlayerId = PlayerId(1);

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// Walkers in a stream, each with a place.
struct Walkers {
    stream: Stream,
    replica: Replica,
    handles: Vec<(Handle, [u32; 2])>,
    chance: Random,
    packet: Vec<u8>,
}

impl Walkers {
    fn new(count: u32) -> Self {
        let axis = |name: &str| FieldSchema {
            name: name.into(),
            kind: FieldKind::Int { min: 0, max: 65535 },
            motion: Motion::Steady,
        };
        let fields = vec![axis("x"), axis("y")];
        let place = ComponentSchema::new("Place", Audience::Everyone, fields).expect("fields");
        let schema = Arc::new(Schema::new(vec![place]).expect("a schema"));
        let mut stream = Stream::new(schema.clone(), false);
        let spawn = |index: u32| {
            let at = [index * 6 % 65536, 30_000];
            (stream.spawn(Entry::default(), &[PLACE], &at), at)
        };
        let handles = (0..count).map(spawn).collect();
        stream.join(VIEWER, View::default());
        stream.encode();
        let mut replica = Replica::new(schema, VIEWER, false);
        replica.receive(&stream.keyframe(VIEWER)).expect("a keyframe");
        Self { stream, replica, handles, chance: Random::from_seed(1), packet: Vec::new() }
    }

    /// Lets so many go somewhere else; encoding and decoding time, and bytes.
    fn tick(&mut self, changed: usize) -> (Duration, Duration, usize) {
        let first = self.chance.below(self.handles.len() as u32) as usize;
        for index in 0..changed {
            let at = (first + index) % self.handles.len();
            let (handle, place) = &mut self.handles[at];
            for axis in place.iter_mut() {
                *axis = (*axis + self.chance.below(60)).saturating_sub(30).min(65535);
            }
            self.stream.set(*handle, PLACE, place);
        }
        let start = Instant::now();
        self.stream.encode();
        let encode = start.elapsed();
        self.stream.delta().gather(VIEWER, &mut self.packet);
        let start = Instant::now();
        self.replica.receive(&self.packet).expect("an honest packet");
        (encode, start.elapsed(), self.packet.len())
    }
}

fn curve(title: &str, changed: impl Fn(usize) -> usize) {
    println!("\n{title}\n| entities | changed | encode µs | ns per change | decode µs | bytes |");
    println!("|--:|--:|--:|--:|--:|--:|");
    for count in [10u32, 30, 100, 300, 1000, 3000, 10_000] {
        let mut walkers = Walkers::new(count);
        let changes = changed(count as usize).min(count as usize);
        let ticks = (200_000 / count).clamp(100, 2000);
        (0..ticks / 2).for_each(|_| assert!(black_box(walkers.tick(changes)).2 > 0));
        let measured: Vec<_> = (0..ticks).map(|_| walkers.tick(changes)).collect();
        let encode = median(&mut measured.iter().map(|(encode, ..)| *encode).collect::<Vec<_>>());
        let decode = median(&mut measured.iter().map(|(_, decode, _)| *decode).collect::<Vec<_>>());
        let bytes = measured.iter().map(|(.., bytes)| bytes).sum::<usize>() / measured.len();
        let each = encode * 1000.0 / changes as f64;
        println!("| {count} | {changes} | {encode:.1} | {each:.0} | {decode:.1} | {bytes} |");
    }
}

/// A match of the arena with its bots; the median of simulation and encoding together.
fn arena(players: u32, options: Options) -> (f64, f64, f64) {
    let mut arena = Match::new(Arena, options, 7);
    let mut clients: Vec<(PlayerId, Replica, Bot)> = (1..=players)
        .map(PlayerId)
        .map(|id| (id, Replica::new(arena.schema().clone(), id, false), Bot::new(7, id)))
        .collect();
    let join = |player: u32| Change::Join(Join { player: PlayerId(player), ..Join::default() });
    let mut inputs =
        TickInputs { changes: (1..=players).map(join).collect(), ..TickInputs::default() };
    let (mut times, mut gathers, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut packets = vec![Vec::new(); players as usize];
    for tick in 0..2400 {
        let start = Instant::now();
        arena.tick(&inputs);
        times.push(start.elapsed());
        let start = Instant::now();
        for ((player, ..), packet) in clients.iter().zip(&mut packets) {
            arena.frame().delta.gather(*player, packet);
        }
        gathers.push(start.elapsed());
        bytes += packets.iter().map(Vec::len).sum::<usize>();
        inputs = TickInputs::default();
        for ((player, replica, bot), packet) in clients.iter_mut().zip(&mut packets) {
            if tick == 0 {
                *packet = arena.keyframe(*player);
            }
            replica.receive(packet).expect("an honest packet");
            let input = encode_input(&bot.think(replica.seen()));
            let seen = Some((replica.tick(), 0));
            inputs.controls.push(Controls { player: *player, input, seen, predicted: None });
        }
    }
    let mean = bytes as f64 / f64::from(players) / 2400.0;
    (median(&mut times), median(&mut gathers), mean)
}

/// A match of the arena with so many players, who run about without looking; as for bots.
fn crowd(players: u32, options: Options) -> (f64, f64, f64) {
    let mut arena = Match::new(Arena, options, 7);
    let ids = || (1..=players).map(PlayerId);
    let joins = ids().map(|player| Change::Join(Join { player, ..Join::default() }));
    arena.tick(&TickInputs { changes: joins.collect(), ..TickInputs::default() });
    let mut random = Random::from_seed(7);
    let mut eyes = Replica::new(arena.schema().clone(), PlayerId(1), false);
    eyes.receive(&arena.keyframe(PlayerId(1))).expect("a keyframe");
    let (mut times, mut gathers, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut packets = vec![Vec::new(); players as usize];
    for _ in 0..600 {
        let mut inputs = TickInputs::default();
        inputs.controls.extend(ids().map(|player| Controls {
            player,
            input: encode_input(&Arena::wander(&mut random)),
            seen: Some((arena.tick_number(), 0)),
            predicted: None,
        }));
        let start = Instant::now();
        arena.tick(&inputs);
        times.push(start.elapsed());
        let start = Instant::now();
        for (player, packet) in ids().zip(&mut packets) {
            arena.frame().delta.gather(player, packet);
        }
        gathers.push(start.elapsed());
        bytes += packets.iter().map(Vec::len).sum::<usize>();
        eyes.receive(&packets[0]).expect("an honest packet");
    }
    let mean = bytes as f64 / f64::from(players) / 600.0;
    (median(&mut times), median(&mut gathers), mean)
}

/// What bots do in each tick of a match of the arena with 20 players.
fn script(ticks: u32) -> Vec<TickInputs> {
    let mut arena = Match::new(Arena, endless(), 7);
    let players = || (1..=20).map(PlayerId);
    let joins = players().map(|player| Change::Join(Join { player, ..Join::default() }));
    let mut script = vec![TickInputs { changes: joins.collect(), ..TickInputs::default() }];
    let mut eyes: Vec<_> = players()
        .map(|id| (id, Replica::new(arena.schema().clone(), id, false), Bot::new(7, id)))
        .collect();
    let mut packet = Vec::new();
    for tick in 0..ticks as usize {
        arena.tick(&script[tick]);
        let mut inputs = TickInputs::default();
        for (player, replica, bot) in &mut eyes {
            if tick == 0 {
                packet = arena.keyframe(*player);
            } else {
                arena.frame().delta.gather(*player, &mut packet);
            }
            replica.receive(&packet).expect("an honest packet");
            let (player, seen) = (*player, Some((replica.tick(), 0)));
            let input = encode_input(&bot.think(replica.seen()));
            inputs.controls.push(Controls { player, input, seen, predicted: None });
        }
        script.push(inputs);
    }
    script
}

/// Lets each match tick and gathers for its players, as a host does. A function of its own, so
/// that a profiler can be told to look only here.
#[inline(never)]
fn take_turns(matches: &mut [Match], inputs: &TickInputs, packet: &mut Vec<u8>) {
    for arena in matches {
        let delta = arena.tick(inputs).delta;
        packet.clear();
        (1..=20).for_each(|player| delta.gather_after(PlayerId(player), packet));
        black_box(&packet);
    }
}

/// What a tick of the arena costs when so many matches take turns: their memory has left the
/// caches.
fn cold(count: usize) {
    const GROWN: usize = 400;
    const MEASURED: usize = 128;
    let script = script((GROWN + MEASURED) as u32);
    let mut packet = Vec::new();
    println!("| matches that take turns | tick and gather µs |");
    println!("|--:|--:|");
    for count in [1, count] {
        let mut matches: Vec<_> = (0..count).map(|_| Match::new(Arena, endless(), 7)).collect();
        for inputs in &script[..GROWN] {
            matches.iter_mut().for_each(|arena| _ = arena.tick(inputs));
        }
        let mut times = Vec::new();
        for inputs in &script[GROWN..GROWN + MEASURED] {
            let start = Instant::now();
            take_turns(&mut matches, inputs, &mut packet);
            times.push(start.elapsed());
        }
        println!("| {count} | {:.1} |", median(&mut times) / count as f64);
    }
}

fn endless() -> Options {
    Options { goal: 0, seconds: 0, ..Options::default() }
}

fn main() {
    if let Some(count) = std::env::args().skip_while(|arg| arg != "--cold").nth(1) {
        return cold(count.parse().expect("a number of matches"));
    }
    let only = std::env::args().skip_while(|arg| arg != "--only").nth(1);
    let is_asked = |name: &str| only.as_deref().is_none_or(|only| only == name);
    println!("| match of the arena | tick µs | gather for all µs | bytes per tick and player |");
    println!("|---|--:|--:|--:|");
    let large = Options { goal: 0, seconds: 0, ..Options::large() };
    let room = Load { players: 1000, interest: true, hertz: None };
    let wide = Arena::under_load(room).expect("room for a thousand");
    let cases: [(&str, u32, Options, fn(u32, Options) -> _); 4] = [
        ("8 players", 8, endless(), arena),
        ("20 players", 20, endless(), arena),
        ("20, interest", 20, large, arena),
        ("1000, interest", 1000, wide, crowd),
    ];
    for (name, players, options, play) in cases.into_iter().filter(|case| is_asked(case.0)) {
        let (tick, gather, bytes) = play(players, options);
        println!("| {name} | {tick:.1} | {gather:.1} | {bytes:.1} |");
    }
    if only.is_some() {
        return;
    }
    curve("All change, by chance:", |count| count);
    curve("Ten change:", |_| 10);
}
