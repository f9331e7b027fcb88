//! Matches in virtual time, seed after seed, for as long as is wished.

use super::arguments::Kind;
use super::{Options, ends, foresees, minds};
use crate::cli::say;
use crate::cli::show::Show;
use crate::host::matches::{Catalog, MatchOptions, Rehearsal};
use crate::load::{Fault, Plan, Scenario, Weather, simulate, simulate_twice, smallest};
use crate::sim::Random;
use clap::ValueEnum;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// So much is said about what was simulated.
const SAID_EVERY: Duration = Duration::from_secs(10);
/// One seed in so many is played twice.
const TWICE_EVERY: u64 = 8;
/// Networks that simulations go through unless told: round trip, jitter, stall, in milliseconds.
const WEATHERS: [[u64; 3]; 6] =
    [[0, 0, 0], [40, 10, 0], [150, 30, 0], [80, 60, 700], [300, 200, 3000], [20, 0, 25_000]];
/// Ticks of each match unless told.
const TICKS: u32 = 2000;
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

/// What is wrong, and the smallest simulation that shows it.
struct Found {
    seed: u64,
    players: u32,
    fault: Fault,
}

pub(super) fn run<G: Show>(options: &Options) -> anyhow::Result<()> {
    let (start, mut said) = (Instant::now(), None::<Instant>);
    let (mut sum, ends) = (Sum::default(), ends()?);
    for seed in options.seed.. {
        let scenario = scenario::<G>(options, seed);
        // The first one was named, maybe because it was not the same when it was played twice.
        let is_twice = seed == options.seed || seed.is_multiple_of(TWICE_EVERY);
        let play = if is_twice { simulate_twice } else { simulate };
        match play(&scenario, seed) {
            Ok(ran) => {
                sum.seeds += 1;
                sum.ticks += u64::from(ran.ticks);
                sum.packets += ran.felt.counts.packets;
                sum.keyframes += ran.felt.counts.keyframes;
                sum.reconnects += ran.felt.counts.reconnects;
                sum.left += ran.felt.counts.left;
            }
            Err(fault) => return Err(report(options, scenario, seed, fault)),
        }
        let is_cut = ends.load(Ordering::Relaxed);
        let is_over = is_cut || start.elapsed() >= options.duration;
        if is_over || said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
            said = Some(Instant::now());
            say(&format!(
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
            ));
        }
        if is_over {
            anyhow::ensure!(!is_cut, "ended early, as it was told to");
            anyhow::ensure!(sum.packets > 0, "no packet came to anybody, so nothing was verified");
            return Ok(());
        }
    }
    Ok(())
}

/// Of a hundred players so many predict.
const PREDICTING: [u32; 3] = [0, 34, 100];

/// How many the match of a seed is made for: by the seed alone, so that it is the same match for fewer
/// players.
fn made_for(random: &mut Random) -> u32 {
    1 + random.below(PLAYERS_MOST)
}

/// How many play the match of a seed, and how many seats it has.
fn size(options: &Options, seed: u64) -> (u32, u32) {
    let made_for = made_for(&mut Random::from_seed(seed));
    let players = options.players.unwrap_or(made_for);
    (players, options.per_match.unwrap_or(made_for.max(players)))
}

/// What a seed is about: as it was asked for, else by chance.
fn scenario<G: Show>(options: &Options, seed: u64) -> Scenario {
    let mut random = Random::from_seed(seed);
    let made_for = made_for(&mut random);
    let (players, seats) = size(options, seed);
    let chosen = random.pick(&WEATHERS).copied().unwrap_or_default().map(Duration::from_millis);
    let [latency, jitter, stall] = chosen;
    let weather = options.told_weather().unwrap_or(Weather { latency, jitter, stall });
    let leaves = random.pick(&LEAVE_RATES).copied().unwrap_or_default();
    let by_chance = random.pick(&PREDICTING).copied().unwrap_or_default();
    let predicting = options.predicting.unwrap_or(by_chance);
    // As nearly all do who load a server, or as nobody does.
    let shares = random.one_in(2);
    let hosting = MatchOptions {
        seat_kept: SEAT_KEPT,
        empty_for: Duration::from_secs(3600),
        ..MatchOptions::default()
    };
    let rehearse = move |seed: u64| {
        let options = G::by_chance(made_for, &mut Random::from_seed(!seed));
        let catalog = Catalog::default().with(G::NAME, seats as usize, 0, G::game, options);
        Rehearsal::new(&catalog, hosting.clone(), seed)
    };
    Scenario {
        rehearse: Box::new(rehearse),
        players,
        ticks: options.ticks.unwrap_or(TICKS),
        weather,
        seat_kept: SEAT_KEPT,
        plan: Arc::new(Plan {
            place: String::new(),
            options: String::new(),
            minds: minds::<G>(options.behaviour),
            seed,
            leave_rate: options.leave_rate.unwrap_or(leaves),
            shares,
            predicting: if foresees::<G>(options) { predicting } else { 0 },
            planted_one_in: options.plant_desync,
        }),
    }
}

/// Says what was found, as small as it can be shown.
fn report(options: &Options, mut scenario: Scenario, seed: u64, fault: Fault) -> anyhow::Error {
    say(&format!("seed {seed}, tick {}: {}", fault.tick, fault.what));
    say("looking for less that shows it ...");
    let (players, fault) = smallest(&mut scenario, seed, fault);
    let found = Found { seed, players, fault };
    anyhow::anyhow!(
        "seed {seed}: {} at tick {}, with {players} players (repeat: load {})",
        found.fault.what,
        found.fault.tick,
        found.repeated(options)
    )
}

impl Found {
    /// The arguments that show it again, and nothing else.
    fn repeated(&self, options: &Options) -> String {
        let Self { seed, players, fault } = self;
        let (_, seats) = size(options, *seed);
        let mut all = format!(
            "--simulate --seed {seed} --players {players} --per-match {seats} --ticks {} --duration 0s",
            fault.ticks
        );
        let mut say = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                all.push_str(&format!(" --{name} {value}"));
            }
        };
        let behaviour = options.behaviour.to_possible_value();
        let behaviour = behaviour.filter(|_| options.behaviour != Kind::Play);
        say("behaviour", behaviour.map(|it| it.get_name().into()));
        if let Some(Weather { latency, jitter, stall }) = options.told_weather() {
            let exact = |time: Duration| Some(format!("{}ns", time.as_nanos()));
            say("latency", exact(latency));
            say("jitter", exact(jitter));
            say("stall", exact(stall));
        }
        say("leave-rate", options.leave_rate.map(|rate| rate.to_string()));
        say("predicting", options.predicting.map(|percent| percent.to_string()));
        let planted = Some(options.plant_desync).filter(|planted| *planted > 0);
        say("plant-desync", planted.map(|planted| planted.to_string()));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::canvas::Canvas;
    use crate::ids::PlayerId;
    use crate::load::Bot;
    use crate::sim::{Game, Setup};
    use crate::sync::Replica;
    use clap::Parser;

    /// A game whose ticks say with what options it is played.
    struct Metronome;

    impl Game for Metronome {
        const NAME: &'static str = "metronome";
        const VERSION: u32 = 1;
        type Input = ();
        type Options = u32;

        fn setup(&self, setup: &mut Setup<'_>, options: &u32) {
            setup.tick_rate(*options);
        }
    }

    impl Show for Metronome {
        fn game() -> Self {
            Self
        }

        fn options(players: u32) -> u32 {
            players
        }

        fn by_chance(players: u32, random: &mut Random) -> u32 {
            players + random.below(30)
        }

        fn bot(_: u64, _: PlayerId) -> Box<dyn Bot<()> + Send> {
            unreachable!("nobody plays")
        }

        fn name(_: PlayerId) -> String {
            String::new()
        }

        fn draw(_: &Replica, _: &mut Canvas) {}
    }

    fn hertz(arguments: &str, seed: u64) -> u32 {
        let words = ["load", "--simulate"].into_iter().chain(arguments.split_whitespace());
        let scenario = scenario::<Metronome>(&Options::parse_from(words), seed);
        (scenario.rehearse)(seed).expect("a match").game().hertz()
    }

    #[test]
    fn the_options_of_a_match_are_its_seed_s_alone() {
        let of_seeds: Vec<_> = (1..9).map(|seed| hertz("", seed)).collect();
        assert!(of_seeds.windows(2).any(|pair| pair[0] != pair[1]), "{of_seeds:?}");
        for arguments in ["--players 1", "--players 50", "--per-match 7", "--latency 9ms"] {
            let same: Vec<_> = (1..9).map(|seed| hertz(arguments, seed)).collect();
            assert_eq!(same, of_seeds, "{arguments}");
        }
    }
}
