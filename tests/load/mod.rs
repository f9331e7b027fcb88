//! Simulated players: what they find at a server, and what they must not miss.

mod flagged;
mod socketio;
mod virtually;

use game::arena::Arena;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tickwire::cli::Show;
use tickwire::doors::Server;
use tickwire::host::Config;
use tickwire::host::matches::{Catalog, Directory};
use tickwire::hub::RecoveryOptions;
use tickwire::load::{Desk, Outcome, Plan, Playing, Run, RunOptions, Target, Weather};

const TOKEN: &str = "sixteen characters or more";

/// A server with one mode, and its desk.
pub(crate) async fn host(catalog: Catalog) -> (Server, Target, Desk) {
    host_with(catalog, |_| ()).await
}

pub(crate) async fn host_with(
    catalog: Catalog,
    set: impl FnOnce(&mut Config),
) -> (Server, Target, Desk) {
    let mut config = Config::default();
    config.hub.recovery = Some(RecoveryOptions::default());
    config.matches.threads = 1;
    config.doors.misdeeds = 0;
    set(&mut config);
    let server = Server::new(config);
    Directory::start(server.host(), catalog).expect("threads");
    let open = server.open("127.0.0.1:0").await.expect("a port");
    let address: SocketAddr = open.address();
    tokio::spawn(open.serve());
    let desk = server.open_desk("127.0.0.1:0", TOKEN).await.expect("another port");
    let url = format!("http://{}/metrics", desk.address());
    tokio::spawn(desk.serve());
    let target = Target { address, host: address.to_string(), path: "/play".into() };
    (server, target, Desk { url, token: Some(TOKEN.into()) })
}

pub(crate) fn arena(players: usize) -> Catalog {
    let options = game::arena::Options { goal: 0, seconds: 0, ..Default::default() };
    Catalog::default().with("arena", players, 0, || Arena, options)
}

/// Who plays in the arena.
pub(crate) fn plan() -> Plan {
    Plan {
        place: String::new(),
        options: String::new(),
        minds: Arc::new(|seed, player| Box::new(Playing(Arena::bot(seed, player)))),
        seed: 1,
        leave_rate: 0.0,
        shares: true,
        predicting: 0,
        planted_one_in: 0,
    }
}

/// Lets so many play there for so many seconds, so many others do their worst, and says what came of it.
pub(crate) async fn load(
    (target, desk): (Target, Desk),
    plan: Plan,
    players: usize,
    dishonest: usize,
    seconds: u64,
) -> Outcome {
    let options = RunOptions {
        command: "a test".into(),
        conditions: BTreeMap::new(),
        target,
        desk: Some(desk),
        hertz: None,
        weather: Weather::default(),
        seed: 1,
        plan: Arc::new(plan),
        dishonest: dishonest as f64 / players as f64,
        ends: Arc::default(),
        socketio: None,
    };
    let run = move || {
        let mut run = Run::new(options)?;
        run.arrive(players, Duration::from_millis(100), &mut |_| ())?;
        run.measure(Duration::from_secs(seconds), &mut |_| ())
    };
    tokio::task::spawn_blocking(run).await.expect("no panic").expect("a run")
}
