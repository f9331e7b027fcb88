//! Matches that run by the clock, and native clients in them.

use super::guest::Guest;
use super::serve;
use crate::first_game::Duck;
use bevy_ecs::prelude::*;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tickwire::doors::Server;
use tickwire::event::Event;
use tickwire::host::Config;
use tickwire::host::matches::{Catalog, Directory, Wish};
use tickwire::hub::RecoveryOptions;
use tickwire::ids::Tick;
use tickwire::prelude::*;
use tickwire::protocol::native::{FromClient, Input, Join as Wanted, Refusal};
use tickwire::sim::encode_input;

/// A pond in which things go wrong on request.
struct Reef;

/// What a duck is told.
const PANIC: i8 = 101;
const WIN: i8 = 102;
pub(super) const QUACK: i8 = 103;

#[derive(Resource, Clone, Default, serde::Serialize, serde::Deserialize)]
struct Winner(Option<u32>);

impl Game for Reef {
    const NAME: &'static str = "reef";
    const VERSION: u32 = 1;
    type Input = i8;
    type Options = Winner;

    fn setup(&self, setup: &mut Setup<'_>, _: &Winner) {
        setup.tick_rate(100).replicate::<Duck>().save_resource(Winner::default());
        setup.systems(Phase::Move, swim);
    }

    fn joined(&self, world: &mut World, join: &Join) {
        world.spawn((Duck::of(join.player), Owner(join.player)));
    }

    fn left(&self, world: &mut World, player: PlayerId) {
        let mut ducks = world.query::<(Entity, &Owner)>();
        let own: Vec<_> = ducks.iter(world).filter(|(_, owner)| owner.0 == player).collect();
        let own: Vec<_> = own.into_iter().map(|(duck, _)| duck).collect();
        for duck in own {
            world.despawn(duck);
        }
    }

    fn outcome(&self, world: &mut World) -> Option<serde_json::Value> {
        world.resource::<Winner>().0.map(|winner| serde_json::json!({ "winner": winner }))
    }
}

fn swim(
    inputs: Res<Inputs<i8>>,
    mut events: ResMut<Events>,
    mut winner: ResMut<Winner>,
    mut ducks: Query<(&Owner, &mut Duck)>,
) {
    for (owner, mut duck) in &mut ducks {
        if !inputs.is_fresh(owner.0) {
            continue;
        }
        match *inputs.of(owner.0) {
            PANIC => panic!("on purpose"),
            WIN => winner.0 = Some(owner.0.0),
            QUACK => events.to_all_but(owner.0).emit("quack", &owner.0.0),
            x => duck.x = (duck.x + f32::from(x) * 0.01).clamp(-10.0, 10.0),
        }
    }
}

pub(super) struct Sea {
    pub(super) server: Server,
    pub(super) directory: Arc<Directory>,
    pub(super) address: SocketAddr,
}

impl Sea {
    pub(super) async fn open(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.hub.recovery = Some(RecoveryOptions::default());
        config.matches.threads = 2;
        change(&mut config);
        let (server, address) = serve(config).await;
        let catalog = Catalog::default().with("reef", 2, 1, || Reef, Winner::default()).with(
            "big reef",
            8,
            0,
            || Reef,
            Winner::default(),
        );
        let directory = Directory::start(server.host(), catalog).unwrap();
        Self { server, directory, address }
    }

    async fn guest(&self) -> Guest {
        Guest::greeted(self.address).await
    }

    pub(super) async fn player(&self) -> Guest {
        self.player_in("").await
    }

    async fn player_in(&self, place: &str) -> Guest {
        let mut guest = self.guest().await;
        guest.say(&FromClient::Join(Wanted { place, ..Wanted::default() })).await;
        guest.until_joined().await;
        guest.until_state().await;
        guest
    }

    /// Why somebody does not come in.
    async fn refusal(&self, wanted: Wanted<'_>) -> u16 {
        let mut guest = self.guest().await;
        guest.say(&FromClient::Join(wanted)).await;
        guest.until_left().await
    }

    pub(super) fn players(&self) -> Vec<usize> {
        let mut players: Vec<_> =
            self.directory.list().iter().map(|listing| listing.players).collect();
        players.sort_unstable();
        players
    }

    /// Waits until so many play in each match.
    pub(super) async fn until_players(&self, players: &[usize]) {
        while self.players() != players {
            tokio::task::yield_now().await;
        }
    }
}

/// Says it for a tick that is soon, and waits until it was used.
pub(super) async fn control(guest: &mut Guest, what: i8) {
    control_only(guest, what).await;
    let stamp = guest.replica.as_ref().unwrap().tick().0 + 2;
    guest.until_applied(Tick(stamp)).await;
}

async fn control_only(guest: &mut Guest, what: i8) {
    let tick = Tick(guest.replica.as_ref().unwrap().tick().0 + 2);
    let controls = encode_input(&what);
    guest.say(&FromClient::Input(Input { tick, controls: &controls, ..Input::default() })).await;
}

pub(super) fn ducks(guest: &Guest) -> Vec<f32> {
    let replica = guest.replica.as_ref().unwrap();
    let mut ducks: Vec<_> =
        replica.entities().map(|id| replica.get::<Duck>(id).unwrap().x).collect();
    ducks.sort_by(f32::total_cmp);
    ducks
}

#[tokio::test]
async fn players_meet_in_a_match_and_see_what_the_others_do() {
    let sea = Sea::open(|_| ()).await;
    let (mut ann, mut bob) = (sea.player().await, sea.player().await);
    control(&mut ann, 100).await;
    while ducks(&bob) != [0.0, 1.0] {
        bob.until_state().await;
    }
    control_only(&mut ann, QUACK).await;
    let quack = bob.until_event("quack").await;
    assert_eq!(quack.args.to(), Ok(1));
    assert_eq!(sea.players(), [2]);
    ann.say(&FromClient::Leave).await;
    assert_eq!(ann.until_left().await, 0);
    while ducks(&bob).len() > 1 {
        bob.until_state().await;
    }
    assert_eq!(sea.players(), [1]);
}

#[tokio::test]
async fn who_wants_any_match_fills_those_that_are_open() {
    let sea = Sea::open(|_| ()).await;
    let mut guests = Vec::new();
    for _ in 0..5 {
        guests.push(sea.player().await);
    }
    assert_eq!(sea.players(), [1, 2, 2]);
    let mut first = guests.remove(0);
    first.say(&FromClient::Leave).await;
    first.until_left().await;
    sea.until_players(&[1, 1, 2]).await;
    guests.push(sea.player().await);
    guests.push(sea.player().await);
    assert_eq!(sea.players(), [2, 2, 2]);
    let big = r#"{"mode":"big reef"}"#;
    let mut guest = sea.guest().await;
    guest.say(&FromClient::Join(Wanted { options: big, ..Wanted::default() })).await;
    guest.until_joined().await;
    assert_eq!(sea.players(), [1, 2, 2, 2]);
    let none = Wanted { options: r#"{"mode":"lake"}"#, ..Wanted::default() };
    assert_eq!(sea.refusal(none).await, Refusal::NoSuchMatch.code());
}

#[tokio::test]
async fn a_private_match_is_found_by_its_code_alone() {
    let sea = Sea::open(|_| ()).await;
    let wish = Wish { is_private: true, ..Wish::default() };
    let created = sea.directory.create(&wish).expect("a match");
    let code = created.code.expect("a code").to_ascii_lowercase();
    let _ann = sea.player_in(&code).await;
    let _other = sea.player().await;
    assert_eq!(sea.players(), [1, 1], "who looks for any match does not find it");
    let by_id = Wanted { place: &created.id.0, ..Wanted::default() };
    let unknown = Wanted { place: "nowhere", ..Wanted::default() };
    let watching = Wanted { spectator: true, ..by_id };
    for wanted in [by_id, watching, unknown] {
        assert_eq!(sea.refusal(wanted).await, Refusal::NoSuchMatch.code());
    }
    let _bob = sea.player_in(&code).await;
    let full = Wanted { place: &code, ..Wanted::default() };
    assert_eq!(sea.refusal(full).await, Refusal::Full.code());
}

#[tokio::test]
async fn who_watches_takes_no_player_s_seat_and_moves_nothing() {
    let sea = Sea::open(|_| ()).await;
    let _players = (sea.player().await, sea.player().await);
    let id = sea.directory.list()[0].id.clone();
    let watching = Wanted { place: &id.0, spectator: true, ..Wanted::default() };
    let mut guest = sea.guest().await;
    guest.say(&FromClient::Join(watching)).await;
    guest.until_joined().await;
    guest.until_state().await;
    assert_eq!(ducks(&guest).len(), 2);
    control_only(&mut guest, PANIC).await;
    guest.round_trip().await;
    for _ in 0..5 {
        guest.until_state().await;
    }
    assert_eq!(sea.refusal(watching).await, Refusal::Full.code());
}

#[tokio::test]
async fn a_seat_is_kept_for_who_comes_back_and_then_no_longer() {
    let sea = Sea::open(|config| config.matches.seat_kept = Duration::from_millis(300)).await;
    let (mut ann, mut bob) = (sea.player().await, sea.player().await);
    control(&mut ann, 100).await;
    let ann = ann.lose();
    while sea.server.io().main().sockets().len() > 1 {
        tokio::task::yield_now().await;
    }
    control(&mut bob, QUACK).await;
    let mut ann = ann.come_back(sea.address).await;
    // She hears what she missed, and is in the match again, unasked.
    assert_eq!(ann.until_event("quack").await.args.to(), Ok(2));
    ann.until_joined().await;
    ann.until_state().await;
    assert_eq!(ducks(&ann), [0.0, 1.0]);
    control(&mut ann, 100).await;
    while ducks(&bob) != [0.0, 2.0] {
        bob.until_state().await;
    }
    let ann = ann.lose();
    while ducks(&bob).len() > 1 {
        bob.until_state().await;
    }
    assert_eq!(sea.players(), [1]);
    let mut ann = ann.come_back(sea.address).await;
    assert_eq!(ann.until_left().await, Refusal::NotInMatch.code());
}

#[tokio::test]
async fn who_goes_holds_up_nobody_whom_the_same_thread_reads_with_its_ticks() {
    let sea = Sea::open(|config| {
        (config.matches.threads, config.matches.listens_to) = (1, 0);
        config.matches.seat_kept = Duration::ZERO;
    })
    .await;
    let (mut ann, bob, mut eve) = (sea.player().await, sea.player().await, sea.player().await);
    ann.say_goodbye().await;
    assert_eq!(ann.until_closed().await, 1000);
    drop(bob);
    sea.until_players(&[0, 1]).await;
    control(&mut eve, 100).await;
}

#[tokio::test]
async fn a_last_word_and_the_end_may_come_together() {
    let sea = Sea::open(|config| config.native.silence_ms = 3_600_000).await;
    for _ in 0..5 {
        let mut ann = sea.guest().await;
        // Nothing is answered: a server that writes finds out anyway.
        let event = Event::new("bye", ()).expect("an event");
        ann.say(&FromClient::Event { ack: None, event }).await;
        drop(ann);
    }
    let is_noticed = async {
        while !sea.server.io().main().sockets().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), is_noticed).await.expect("nobody is left");
}

#[tokio::test]
async fn a_bug_in_a_match_ends_that_match_alone() {
    let sea = Sea::open(|config| config.matches.threads = 1).await;
    let (mut ann, mut bob) = (sea.player().await, sea.player().await);
    let mut other = sea.player().await;
    control_only(&mut ann, PANIC).await;
    assert_eq!(ann.until_left().await, Refusal::Internal.code());
    assert_eq!(bob.until_left().await, Refusal::Internal.code());
    control(&mut other, 100).await;
    sea.until_players(&[1]).await;
    assert_eq!(sea.directory.tally().crashed.get(), 1);
    // They may play on elsewhere.
    ann.say(&FromClient::Join(Wanted::default())).await;
    ann.until_joined().await;
}

#[tokio::test]
async fn the_result_of_a_match_reaches_all_who_are_in_it() {
    let sea = Sea::open(|_| ()).await;
    let (mut ann, mut bob) = (sea.player().await, sea.player().await);
    let id = sea.directory.list()[0].id.clone();
    control_only(&mut bob, WIN).await;
    for guest in [&mut ann, &mut bob] {
        let over = guest.until_event("match-over").await;
        let over: serde_json::Value = over.args.to().expect("an object");
        assert_eq!(over, serde_json::json!({ "match": id, "result": { "winner": 2 } }));
        assert_eq!(guest.until_left().await, Refusal::Ended.code());
    }
    sea.until_players(&[]).await;
    assert!(sea.server.io().main().rooms().iter().all(|room| **room != *id.0));
}

#[tokio::test]
async fn a_match_that_nobody_is_in_ends_after_a_while() {
    let sea = Sea::open(|config| config.matches.empty_for = Duration::from_millis(50)).await;
    let created = sea.directory.create(&Wish::default()).expect("a match");
    sea.until_players(&[]).await;
    let gone = Wanted { place: &created.id.0, ..Wanted::default() };
    assert_eq!(sea.refusal(gone).await, Refusal::NoSuchMatch.code());
}

#[tokio::test]
async fn operators_lock_matches_remove_players_and_end_matches() {
    let sea = Sea::open(|_| ()).await;
    let mut ann = sea.player().await;
    let id = sea.directory.list()[0].id.clone();
    sea.directory.lock(&id, true).expect("it is there");
    let place = Wanted { place: &id.0, ..Wanted::default() };
    assert_eq!(sea.refusal(place).await, Refusal::Locked.code());
    sea.directory.lock(&id, false).expect("it is there");
    let mut bob = sea.player_in(&id.0).await;
    sea.directory.remove(&id, PlayerId(1)).expect("it is there");
    assert_eq!(ann.until_left().await, Refusal::Removed.code());
    sea.directory.end(&id).expect("it is there");
    assert_eq!(bob.until_left().await, Refusal::Ended.code());
    sea.until_players(&[]).await;
    sea.directory.close();
    assert_eq!(sea.refusal(Wanted::default()).await, Refusal::ShuttingDown.code());
}
