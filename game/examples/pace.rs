//! Says how long a tick of bots takes, and how many bytes it makes.
//!
//! `cargo run --release -p game --example pace [-- PLAYERS [large]]`
//!
//! Bots think between the ticks; their time is not counted. The game's share ends where the match
//! asks for its outcome: what comes before are inputs and systems, what comes after is the engine.

use bevy_ecs::prelude::*;
use game::arena::bot::Bot;
use game::arena::{Arena, Input, Options};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tickwire::prelude::*;
use tickwire::sim::{Change, Controls, encode_input};
use tickwire::sync::Replica;

/// When the systems of the last tick were done.
static SIMULATED: Mutex<Option<Instant>> = Mutex::new(None);

/// The arena, with a look at the clock.
struct Timed;

impl Game for Timed {
    const NAME: &'static str = "timed arena";
    const VERSION: u32 = 1;
    type Input = Input;
    type Options = Options;

    fn setup(&self, setup: &mut Setup<'_>, options: &Options) {
        Arena.setup(setup, options);
    }

    fn start(&self, world: &mut World, options: &Options) {
        Arena.start(world, options);
    }

    fn joined(&self, world: &mut World, join: &Join) {
        Arena.joined(world, join);
    }

    fn outcome(&self, _: &mut World) -> Option<serde_json::Value> {
        *SIMULATED.lock().expect("no panic") = Some(Instant::now());
        None
    }
}

fn percentile<T: Copy + Ord>(values: &mut [T], percent: usize) -> T {
    values.sort_unstable();
    values[(values.len() - 1) * percent / 100]
}

fn micros(values: &mut [Duration], percent: usize) -> f64 {
    percentile(values, percent).as_secs_f64() * 1e6
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let players = arguments.get(1).and_then(|count| count.parse().ok()).unwrap_or(20);
    let large = arguments.get(2).is_some_and(|word| word == "large");
    let chosen = if large { Options::large() } else { Options { side: 64, ..Options::default() } };
    let options = Options { goal: 0, seconds: 0, ..chosen };
    let mut game = Match::new(Timed, options, 1);
    let mut seats: Vec<(Bot, Replica)> = Vec::new();
    let mut changes = Vec::new();
    for player in (1..=players).map(PlayerId) {
        let name = format!("Bot {player}");
        changes.push(Change::Join(Join { player, name, ..Join::default() }));
        seats.push((Bot::new(1, player), Replica::new(game.schema().clone(), player, false)));
    }
    let (mut ticks, mut simulations, mut gathers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut thoughts, mut sizes) = (Vec::new(), Vec::new());
    let mut packet = Vec::new();
    for tick in 0..6000u32 {
        let mut controls = Vec::new();
        let start = Instant::now();
        for (player, (bot, replica)) in (1..).map(PlayerId).zip(&mut seats).filter(|_| tick > 0) {
            let seen = Some((replica.tick(), 0));
            let input = encode_input(&bot.think(replica));
            controls.push(Controls { player, input, seen, predicted: None });
        }
        thoughts.push(start.elapsed() / players);
        let inputs = TickInputs { changes: std::mem::take(&mut changes), controls };
        let start = Instant::now();
        game.tick(&inputs);
        let elapsed = start.elapsed();
        let simulated = SIMULATED.lock().expect("no panic").expect("an outcome was asked for");
        let mut gathering = Duration::ZERO;
        for (player, (_, replica)) in (1..).map(PlayerId).zip(&mut seats) {
            let start = Instant::now();
            game.frame().delta.gather(player, &mut packet);
            gathering += start.elapsed();
            if tick == 0 {
                packet = game.keyframe(player);
            } else if tick >= 200 {
                sizes.push(packet.len());
            }
            replica.receive(&packet).expect("an honest packet");
        }
        if tick >= 200 {
            ticks.push(elapsed);
            simulations.push(simulated - start);
            gathers.push(gathering);
        }
    }
    let mean = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
    println!(
        "players={players} tick_us p50={:.1} p99={:.1} simulation_us p50={:.1} gather_us p50={:.1} \
         think_us p50={:.2} bytes mean={mean:.1} p50={} p99={}",
        micros(&mut ticks, 50),
        micros(&mut ticks, 99),
        micros(&mut simulations, 50),
        micros(&mut gathers, 50),
        micros(&mut thoughts, 50),
        percentile(&mut sizes, 50),
        percentile(&mut sizes, 99),
    );
}
