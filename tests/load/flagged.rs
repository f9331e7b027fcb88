//! What is wrong with a server is flagged, by the right assertion and no other.

use super::{arena, host, host_with, load, plan};
use bevy_ecs::prelude::*;
use std::time::Duration;
use tickwire::host::matches::Catalog;
use tickwire::load::{Expect, Idle, Outcome, Plan};
use tickwire::prelude::*;

/// Which of these do not hold.
fn broken(outcome: &Outcome, expected: &str) -> Vec<String> {
    let judged = Expect::list(expected).expect("assertions");
    let judged = judged.iter().map(|it| it.judge(outcome));
    judged.filter(|it| !it.holds).map(|it| it.text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_well_has_verified_what_all_saw() {
    let (_server, target, desk) = host(arena(6)).await;
    let outcome = load((target, desk), plan(), 12, 0, 3).await;
    assert_eq!((outcome.players, outcome.connected, outcome.matches), (12, 12, 2));
    assert_eq!((outcome.desyncs, outcome.refused, outcome.lost), (0, 0, 0));
    assert!(outcome.gap_ms.count > 12 && outcome.input_visible_ms.count > 12, "{outcome:?}");
    assert_eq!(outcome.join_ms.count, 12);
    assert!((outcome.player_seconds - 12.0 * outcome.seconds).abs() < 1.0, "{outcome:?}");
    assert!(outcome.inputs_used > 0 && outcome.inputs_used <= outcome.inputs);
    assert!(outcome.generator.busiest_percent > 0.0);
    assert!(outcome.bytes_in.state > 0 && outcome.bytes_in.control > 0);
    assert!(outcome.bytes_out.state > 0 && outcome.hz > 19.0 && outcome.hz < 21.0);
    let server = outcome.server.expect("its metrics");
    assert!(server.rss_kib > 1000.0 && server.tick_us.p50 > 0.0, "{server:?}");
    assert!(!outcome.timeline.is_empty() && !outcome.gap_spread.is_empty());
    let again: Outcome =
        serde_json::from_str(&serde_json::to_string(&outcome).unwrap()).expect("its own JSON");
    assert_eq!(again.desyncs, outcome.desyncs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_desync_is_flagged() {
    let (_server, target, desk) = host(arena(6)).await;
    let planted = Plan { planted_one_in: 40, ..plan() };
    let outcome = load((target, desk), planted, 6, 0, 4).await;
    assert_eq!(broken(&outcome, "desync=0, refused=0, lost=0"), ["desync=0"], "{outcome:?}");
    assert!(outcome.keyframes > 0, "who lost the thread has it again");
}

/// A game in which each tick takes longer than there is time for.
struct Bog;

impl Game for Bog {
    const NAME: &'static str = "bog";
    const VERSION: u32 = 1;
    type Input = u8;
    type Options = ();

    fn setup(&self, setup: &mut Setup<'_>, (): &()) {
        setup.replicate::<crate::first_game::Duck>();
        setup.systems(Phase::Move, || std::thread::sleep(Duration::from_millis(160)));
    }

    fn joined(&self, world: &mut World, join: &Join) {
        world.spawn((crate::first_game::Duck::of(join.player), Owner(join.player)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_slowdown_is_flagged() {
    let (_server, target, desk) = host(Catalog::default().with("bog", 4, 0, || Bog, ())).await;
    let idle = Plan { minds: std::sync::Arc::new(|_, _| Box::new(Idle(vec![0]))), ..plan() };
    let outcome = load((target, desk), idle, 4, 0, 4).await;
    let expected = "skipped=0, tick_p99<50ms, delta_p50<100ms, desync=0, lost=0, refused=0";
    let broken = broken(&outcome, expected);
    assert_eq!(broken, ["skipped=0", "tick_p99<50ms", "delta_p50<100ms"], "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_honest_costs_the_honest_neither_seat_nor_thread() {
    let (_server, target, desk) = host(arena(16)).await;
    let outcome = load((target, desk), plan(), 6, 7, 8).await;
    assert_eq!(broken(&outcome, "desync=0, lost=0, connected=6"), Vec::<String>::new());
    let done: u64 = outcome.chaos.values().sum();
    let cut = outcome.chaos.keys().filter(|deed| deed.ends_with("cut by the server")).count();
    assert!(done > 2 && cut >= 2, "{:?}", outcome.chaos);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_are_fewer_seats_than_clients_the_honest_keep_those_that_they_have() {
    let (_server, target, desk) = host_with(arena(7), |config| {
        config.matches.matches = 1;
        config.matches.seat_kept = Duration::from_millis(100);
        config.matches.stall_timeout = Duration::from_millis(500);
    })
    .await;
    let outcome = load((target, desk), plan(), 6, 7, 4).await;
    let expected = "desync=0, lost=0, connected=6, delivered>=90";
    assert_eq!(broken(&outcome, expected), Vec::<String>::new(), "{outcome:?}");
    assert_eq!(outcome.matches, 1);
    assert!(!outcome.chaos.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_leave_and_lose_their_connection_are_back() {
    let (_server, target, desk) = host(arena(16)).await;
    let restless = Plan { leave_rate: 3000.0, ..plan() };
    let outcome = load((target, desk), restless, 12, 0, 8).await;
    assert_eq!(broken(&outcome, "desync=0, lost=0"), Vec::<String>::new());
    assert!(outcome.reconnects > 0 && outcome.keyframes > 5, "{outcome:?}");
}
