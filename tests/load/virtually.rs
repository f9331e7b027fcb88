//! Players and matches in virtual time: the same again for the same seed, and faults are found.

use super::{arena, plan};
use game::arena::{Arena, Input};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tickwire::cli::Show;
use tickwire::host::matches::{Catalog, MatchOptions, Rehearsal};
use tickwire::load::{
    Around, Bot, Counts, Felt, Hall, Idle, Mind, Minds, Plan, Player, Playing, Scenario, Weather,
    simulate, simulate_twice, smallest,
};
use tickwire::sync::Seen;

const MS: fn(u64) -> Duration = Duration::from_millis;
const SEAT_KEPT: Duration = Duration::from_secs(2);

fn scenario(catalog: Catalog, plan: Plan, weather: Weather, ticks: u32) -> Scenario {
    let options = MatchOptions {
        seat_kept: SEAT_KEPT,
        empty_for: Duration::from_secs(3600),
        ..MatchOptions::default()
    };
    Scenario {
        rehearse: Box::new(move |seed| Rehearsal::new(&catalog, options.clone(), seed)),
        players: 6,
        ticks,
        weather,
        seat_kept: SEAT_KEPT,
        plan: Arc::new(plan),
    }
}

#[test]
fn the_same_seed_gives_the_same_run_over_bad_roads_with_people_who_come_and_go() {
    let weather = Weather { latency: MS(150), jitter: MS(60), stall: MS(900) };
    let mut scenario = scenario(arena(8), plan(), weather, 600);
    let hashes: Vec<_> = (1..=4)
        .map(|seed| {
            // Decoded together, and each alone.
            let shares = seed % 2 == 0;
            scenario.plan = Arc::new(Plan { leave_rate: 1000.0, shares, ..plan() });
            let ran = simulate_twice(&scenario, seed).expect("no fault");
            let counts = ran.felt.counts;
            assert!(
                counts.packets > 1000 && counts.left > 3 && counts.reconnects > 0,
                "{counts:?}"
            );
            ran.hash
        })
        .collect();
    assert!(hashes.windows(2).all(|pair| pair[0] != pair[1]), "seeds differ");
}

/// A bot that believes that nothing ever becomes of anything.
struct Blind(Box<dyn Bot<Input> + Send>);

impl Bot<Input> for Blind {
    fn think(&mut self, view: Seen<'_>) -> Input {
        self.0.think(view)
    }
}

#[test]
fn who_predicts_is_corrected_when_it_is_wrong_and_sees_what_all_see() {
    let play = |players, minds: Arc<Minds>| {
        let weather = Weather { latency: MS(100), jitter: MS(20), ..Weather::default() };
        let plan = Plan { predicting: 100, minds, ..plan() };
        let scenario = Scenario { players, ..scenario(arena(8), plan, weather, 600) };
        // What they hold is compared with the match itself.
        let counts = simulate(&scenario, 1).expect("no fault").felt.counts;
        assert!(counts.predicted > 500 * u64::from(players), "{counts:?}");
        counts
    };
    let alone = play(1, plan().minds);
    assert!(alone.corrections < alone.predicted / 50, "{alone:?}");
    // Somebody is hit now and then, and takes what lies about.
    let many = play(6, plan().minds);
    assert!(many.corrections > 0 && many.corrections < many.predicted / 5, "{many:?}");
    let blind = play(
        6,
        Arc::new(|seed, player| Box::new(Playing(Box::new(Blind(Arena::bot(seed, player)))))),
    );
    assert!(blind.corrections > blind.predicted / 2, "{blind:?}");
}

#[test]
fn what_others_do_is_seen_as_late_as_the_road_is_long() {
    for latency in [0, 200] {
        let weather = Weather { latency: MS(latency), ..Weather::default() };
        let ran = simulate(&scenario(arena(8), plan(), weather, 300), 1).expect("no fault");
        let least = latency as f64;
        let seen = ran.felt.visible.ms(0.01)..=ran.felt.visible.longest_ms();
        // There and back, and up to two ticks until it is used and sent.
        assert!(*seen.start() >= least && *seen.end() <= least + 160.0, "{latency}: {seen:?}");
        assert!(ran.felt.visible.count() > 500);
    }
}

/// What goes wrong within ten seconds, in milliseconds from when to when.
#[derive(Clone, Debug, Default)]
struct Troubles {
    /// The server lets nobody in, and puts out who is in.
    shut: Range<u64>,
    /// It does nothing at all.
    stalled: Range<u64>,
    /// Whoever simulates the players does nothing at all.
    frozen: Range<u64>,
    /// From when on nothing is heard of the first player.
    mute: Option<u64>,
}

/// Some who play for ten seconds, while something goes wrong.
fn play(count: u32, troubles: &Troubles) -> Felt {
    play_as(&plan(), count, troubles)
}

fn play_as(plan: &Plan, count: u32, troubles: &Troubles) -> Felt {
    let options = MatchOptions { seat_kept: SEAT_KEPT, ..MatchOptions::default() };
    let mut rehearsal = Rehearsal::new(&arena(4), options, 1).expect("a match");
    let plan = Arc::new(Plan { shares: false, ..plan.clone() });
    let player = |number| Player::new(number, plan.clone(), MS(0)).expect("a player");
    let mut links: Vec<_> = (0..count).map(|number| (number, player(number), None)).collect();
    let (mut felt, mut hall) = (Felt::default(), Hall::default());
    for ms in 0..10_000 {
        let now = MS(ms);
        let (is_shut, is_stalled) = (troubles.shut.contains(&ms), troubles.stalled.contains(&ms));
        let is_frozen = troubles.frozen.contains(&ms);
        let mut around = Around { now, felt: &mut felt, hall: &mut hall };
        for (number, player, stand) in links.iter_mut().filter(|_| !is_frozen) {
            if is_shut || player.hangs_up() {
                stand.take().into_iter().for_each(|stand| rehearsal.close(stand));
                player.closed(&mut around);
            }
            if player.wants_connection(now) && !is_shut {
                *stand = Some(rehearsal.open(now));
                player.opened(&mut around);
            }
            if now >= player.due() {
                player.pass(&mut around);
            }
            let Some(stand) = stand.as_mut().filter(|_| !is_stalled) else { continue };
            let is_mute = *number == 0 && troubles.mute.is_some_and(|mute| ms >= mute);
            while let Some(packet) = player.poll_packet() {
                if !is_mute {
                    rehearsal.receive(stand, &packet, now);
                }
            }
            rehearsal.pass(stand, now);
            while let Some(packet) = stand.poll_packet() {
                player.receive(&packet, &mut around);
            }
        }
        if now >= rehearsal.due() && !is_stalled {
            rehearsal.step(now);
        }
    }
    let mut around = Around { now: MS(10_000), felt: &mut felt, hall: &mut hall };
    links.iter_mut().for_each(|(_, player, _)| player.conclude(&mut around));
    felt
}

#[test]
fn who_is_put_out_misses_what_was_due_until_it_is_back_or_the_run_ends() {
    // Twenty packets a second.
    for (until, packets) in [(3000, 190..=201), (8000, 65..=101), (10_000, 55..=61)] {
        let felt = play(1, &Troubles { shut: 3000..until, ..Troubles::default() });
        assert!(packets.contains(&felt.counts.packets), "{until}: {:?}", felt.counts);
        assert!((190.0..=201.0).contains(&felt.ticks_due), "{until}: {}", felt.ticks_due);
        let waited = felt.gap.longest_ms();
        assert!(waited >= (until - 3000) as f64, "{until}: it waited for its match {waited} ms");
    }
}

#[test]
fn a_server_that_stands_still_delivers_less_and_hears_all_again_soon() {
    let felt = play(2, &Troubles { stalled: 4000..7000, ..Troubles::default() });
    let delivered = felt.counts.packets as f64 / felt.ticks_due;
    assert!((0.65..0.75).contains(&delivered), "{delivered} of {}", felt.ticks_due);
    assert!(felt.gap.longest_ms() > 2900.0 && felt.counts.lost == 0, "{:?}", felt.counts);
    let Counts { inputs, inputs_due, applied, .. } = felt.counts;
    assert!((380..=400).contains(&inputs_due), "{inputs_due}");
    // All but what was said until they knew how far the match is.
    assert!(inputs + 60 > inputs_due, "{inputs} of {inputs_due}");
    // And used are all but those of the three seconds.
    assert!(applied + 150 > inputs, "{applied} of {inputs}");
}

#[test]
fn whoever_predicts_is_told_the_truth_after_a_server_stood_still() {
    for (at, long) in (0..20).flat_map(|at| [700, 1500, 3000].map(|long| (at, long))) {
        let from = 3000 + at * 97;
        let troubles = Troubles { stalled: from..from + long, ..Troubles::default() };
        let felt = play_as(&Plan { predicting: 100, ..plan() }, 2, &troubles);
        let Counts { desyncs, broken, predicted, .. } = felt.counts;
        assert_eq!((desyncs, broken), (0, 0), "{troubles:?}");
        assert!(predicted > 100, "{predicted}");
    }
}

#[test]
fn whoever_simulates_players_and_stands_still_says_that_it_was_late() {
    let felt = play(2, &Troubles::default());
    assert!(felt.own_late.longest_ms() < 2.0, "{}", felt.own_late.longest_ms());
    for until in [4500, 7000] {
        let felt = play(2, &Troubles { frozen: 4000..until, ..Troubles::default() });
        let late = felt.own_late.ms(0.98);
        assert!(late > (until - 4000) as f64 / 2.0, "{until}: {late} ms");
        assert!((380..=400).contains(&felt.counts.inputs_due), "{:?}", felt.counts);
    }
}

#[test]
fn packets_are_due_for_the_time_that_passes_and_no_more() {
    let felt = play(3, &Troubles::default());
    let delivered = felt.counts.packets as f64 / felt.ticks_due;
    assert!((0.995..=1.005).contains(&delivered), "{} of {}", felt.counts.packets, felt.ticks_due);
}

#[test]
fn whose_inputs_are_used_no_more_waits_until_the_end_for_others_to_see_them() {
    let felt = play(2, &Troubles::default());
    assert!(felt.visible.longest_ms() < 200.0, "{}", felt.visible.longest_ms());
    let felt = play(2, &Troubles { mute: Some(5000), ..Troubles::default() });
    assert!(felt.visible.longest_ms() > 4000.0, "{}", felt.visible.longest_ms());
    // A hundred inputs that were never used, beside three hundred that were.
    assert!(felt.visible.ms(0.9) > 1000.0, "{}", felt.visible.ms(0.9));
}

#[test]
fn a_planted_fault_is_found_and_made_small() {
    let planted = Plan { planted_one_in: 500, ..plan() };
    let mut scenario = scenario(arena(8), planted, Weather::default(), 1000);
    let fault = simulate(&scenario, 7).expect_err("a bit is wrong");
    let (players, least) = smallest(&mut scenario, 7, fault.clone());
    assert!(players <= 6 && least.tick <= fault.tick, "{players} players, {least:?}");
    assert_eq!((scenario.players, scenario.ticks), (players, least.ticks));
    let again = simulate(&scenario, 7).expect_err("still there");
    assert_eq!((again.tick, &again.what), (least.tick, &least.what), "it repeats");
    scenario.ticks -= 1;
    simulate(&scenario, 7).expect("not in fewer");
}

/// Holds still for so long, and then panics.
struct Nervous(u32);

impl Mind for Nervous {
    fn controls(&mut self, _: Seen<'_>) -> Vec<u8> {
        self.0 -= 1;
        assert!(self.0 > 0, "that was too much");
        tickwire::sim::encode_input(&Input::default())
    }
}

#[test]
fn a_player_that_panics_is_a_fault_of_its_seed() {
    let minds: Arc<Minds> = Arc::new(|_, _| Box::new(Nervous(40)));
    let mut scenario = scenario(arena(8), Plan { minds, ..plan() }, Weather::default(), 400);
    let fault = simulate(&scenario, 3).expect_err("a panic");
    assert_eq!(fault.what, "a panic: that was too much");
    let (players, least) = smallest(&mut scenario, 3, fault);
    assert!(players == 1 && least.ticks < 200, "{least:?}");
}

#[test]
fn a_game_that_reads_a_clock_is_noticed() {
    let zoo = || crate::zoo::Zoo { planted_clock: true };
    let catalog = Catalog::default().with("zoo", 8, 0, zoo, crate::simulation::options(0));
    let input = tickwire::sim::encode_input(&crate::zoo::Input { turn: 3, go: true });
    let minds: Arc<tickwire::load::Minds> = Arc::new(move |_, _| Box::new(Idle(input.clone())));
    let scenario = scenario(catalog, Plan { minds, ..plan() }, Weather::default(), 200);
    let fault = simulate_twice(&scenario, 3).expect_err("twice is not once");
    assert!(fault.what.contains("twice") && fault.tick < 100, "{fault:?}");
}
