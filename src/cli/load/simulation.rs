//! Matches in virtual time, seed after seed, for as long as is wished.

use super::{Options, minds};
use crate::cli::show::Show;
use crate::host::matches::{Catalog, MatchOptions, Rehearsal};
use crate::load::{Fault, Plan, Scenario, Weather, simulate, simulate_twice, smallest};
use crate::sim::Random;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So much is said about what was simulated.
const SAID_EVERY: Duration = Duration::from_secs(10);
/// One seed in so many is played twice.
const TWICE_EVERY: u64 = 8;
/// Networks that simulations go through unless told: round trip, jitter, stall, in milliseconds.
const WEATHERS: [[u64; 3]; 6] =
    [[0, 0, 0], [40, 10, 0], [150, 30, 0], [80, 60, 700], [300, 200, 3000], [20, 0, 25_000]];
/// And up to how many players.
const PLAYERS_MOST: u32 = 24;
/// And how many leave.
const LEAVE_RATES: [f64; 4] = [0.0, 30.0, 200.0, 1500.0];
/// A seat is kept so long: less than it takes some to come back.
const SEAT_KEPT: Duration = Duration::from_millis(1500);

/// What was simulated.
#[derive(Default)]
struct Sum {
    seeds: u64,
    ticks: u64,
    packets: u64,
    keyframes: u64,
    reconnects: u64,
    left: u64,
}

pub(super) fn run<G: Show>(options: &Options) -> anyhow::Result<()> {
    let (start, mut said) = (Instant::now(), Instant::now());
    let mut sum = Sum::default();
    for seed in options.seed.. {
        let scenario = scenario::<G>(options, seed);
        let play = if seed.is_multiple_of(TWICE_EVERY) { simulate_twice } else { simulate };
        match play(&scenario, seed) {
            Ok(ran) => {
                sum.seeds += 1;
                sum.ticks += u64::from(ran.ticks);
                sum.packets += ran.felt.counts.packets;
                sum.keyframes += ran.felt.counts.keyframes;
                sum.reconnects += ran.felt.counts.reconnects;
                sum.left += ran.felt.counts.left;
            }
            Err(fault) => return Err(report(scenario, seed, fault)),
        }
        let is_over = start.elapsed() >= options.duration;
        if is_over || said.elapsed() >= SAID_EVERY {
            said = Instant::now();
            println!(
                "{:>5.0} s   seeds {} to {seed}   {} ticks ({:.0} a second)   {} packets verified   {} \
                 keyframes   {} left, {} came back   no fault",
                start.elapsed().as_secs_f64(),
                options.seed,
                sum.ticks,
                sum.ticks as f64 / start.elapsed().as_secs_f64(),
                sum.packets,
                sum.keyframes,
                sum.left,
                sum.reconnects,
            );
        }
        if is_over {
            return Ok(());
        }
    }
    Ok(())
}

/// What a seed is about: as it was asked for, else by chance.
fn scenario<G: Show>(options: &Options, seed: u64) -> Scenario {
    let mut random = Random::from_seed(seed);
    let by_chance = 1 + random.below(PLAYERS_MOST);
    let players = options.players.unwrap_or(by_chance);
    let chosen = random.pick(&WEATHERS).copied().unwrap_or_default().map(Duration::from_millis);
    let [latency, jitter, stall] = chosen;
    let by_chance = Weather { latency, jitter, stall };
    let weather = if options.weather().is_fine() { by_chance } else { options.weather() };
    let leaves = random.pick(&LEAVE_RATES).copied().unwrap_or_default();
    let hosting = MatchOptions {
        seat_kept: SEAT_KEPT,
        empty_for: Duration::from_secs(3600),
        ..MatchOptions::default()
    };
    let rehearse = move |seed: u64| {
        let mut random = Random::from_seed(!seed);
        let options = G::by_chance(players, &mut random);
        let catalog = Catalog::default().with(G::NAME, players as usize, 0, G::game, options);
        Rehearsal::new(&catalog, hosting.clone(), seed)
    };
    Scenario {
        rehearse: Box::new(rehearse),
        players,
        ticks: options.ticks,
        weather,
        seat_kept: SEAT_KEPT,
        plan: Arc::new(Plan {
            place: String::new(),
            options: String::new(),
            minds: minds::<G>(options.behaviour),
            seed,
            leave_rate: if options.leave_rate > 0.0 { options.leave_rate } else { leaves },
            shares: false,
            planted_one_in: options.plant_desync,
        }),
    }
}

/// Says what was found, as small as it can be shown.
fn report(mut scenario: Scenario, seed: u64, fault: Fault) -> anyhow::Error {
    println!("seed {seed}, tick {}: {}", fault.tick, fault.what);
    println!("looking for less that shows it ...");
    let (players, fault) = smallest(&mut scenario, seed, fault);
    anyhow::anyhow!(
        "seed {seed}: {} at tick {}, with {players} players (repeat: load --simulate --seed {seed} \
         --players {players} --ticks {})",
        fault.what,
        fault.tick,
        fault.tick + 1
    )
}
