//! Finding a match by HTTP, tickets to seats, and the operator's desk.

use super::guest::Guest;
use super::hosting::{Sea, control, ducks};
use crate::doors::client::Answer;
use crate::doors::wire::Wire;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::time::Duration;
use tickwire::host::matches::{Person, Wish};
use tickwire::ids::UserId;
use tickwire::protocol::native::{FromClient, Join, Refusal};
use tokio::net::TcpStream;

pub(super) const TOKEN: &str = "a token for tests";

/// One request on a connection of its own.
async fn ask(address: SocketAddr, method: &str, target: &str, token: &str, body: &str) -> Answer {
    let mut wire = Wire::new(TcpStream::connect(address).await.expect("a server"));
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    wire.write(request.as_bytes()).await.expect("an open connection");
    wire.answer(method).await
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

impl Sea {
    async fn post(&self, target: &str, body: &Value) -> (u16, Value) {
        let answer = ask(self.address, "POST", target, "", &body.to_string()).await;
        (answer.status, json_of(&answer))
    }

    async fn desk(&self) -> SocketAddr {
        let desk = self.server.open_desk("127.0.0.1:0", TOKEN).await.expect("a port");
        let address = desk.address();
        tokio::spawn(desk.serve());
        address
    }

    async fn joined(&self, place: &str) -> Result<Guest, u16> {
        let mut guest = Guest::greeted(self.address).await;
        guest.say(&FromClient::Join(Join { place, ..Join::default() })).await;
        guest.until_joined_or_left().await.map(|()| guest)
    }
}

#[tokio::test]
async fn a_web_service_keeps_a_seat_and_whoever_has_the_ticket_sits_there() {
    let sea = Sea::open(|_| ()).await;
    let (status, seat) = sea.post("/api/seats", &json!({ "name": "Ann" })).await;
    assert_eq!((status, &seat["player"], &seat["seconds"]), (201, &json!(1), &json!(30)));
    assert_eq!(sea.players(), [1], "the seat is taken at once");
    let ticket = seat["ticket"].as_str().expect("a ticket").to_owned();
    let mut ann = sea.joined(&ticket).await.expect("it is kept");
    ann.until_state().await;
    control(&mut ann, 100).await;
    assert_eq!(ducks(&ann), [1.0]);
    assert_eq!(sea.joined(&ticket).await.err(), Some(Refusal::NoSuchMatch.code()), "good for once");
    assert_eq!(sea.joined("ticket-nonsense").await.err(), Some(Refusal::NoSuchMatch.code()));
    assert_eq!(sea.players(), [1]);
}

#[tokio::test]
async fn a_seat_that_nobody_comes_for_is_free_again() {
    let sea = Sea::open(|config| config.matches.reserved_for = Duration::from_millis(50)).await;
    let (_, first) = sea.post("/api/seats", &json!({})).await;
    let id = first["match"].as_str().expect("an id").to_owned();
    let (_, second) = sea.post("/api/seats", &json!({ "place": id })).await;
    let (status, full) = sea.post("/api/seats", &json!({ "place": id })).await;
    let expected = if status == 409 { Refusal::Full.code() } else { 0 };
    assert_eq!(full["code"].as_u64().unwrap_or(0), u64::from(expected));
    sea.until_players(&[0]).await;
    let ticket = second["ticket"].as_str().expect("a ticket");
    assert_eq!(sea.joined(ticket).await.err(), Some(Refusal::NoSuchMatch.code()));
    let _one = sea.joined(&id).await.expect("there is room");
    let _two = sea.joined(&id).await.expect("there is room");
}

// Threat 8: one address that has seats kept and sends nobody.
#[tokio::test]
async fn guests_of_one_address_have_so_many_seats_kept_and_no_more() {
    let sea = Sea::open(|config| config.matches.matches = 500).await;
    let here = Some("10.0.0.7".parse().unwrap());
    let there = Some("10.0.0.8".parse().unwrap());
    let (wish, guest) = (Wish::default(), Person::default());
    let reserve = |person: &Person, address| sea.directory.reserve("", &wish, person, address);
    assert_eq!((0..99).take_while(|_| reserve(&guest, here).is_ok()).count(), 64);
    assert_eq!(reserve(&guest, here).unwrap_err(), Refusal::Busy);
    assert_eq!(sea.players().iter().sum::<usize>(), 64, "none is taken by those who are refused");
    assert!(reserve(&guest, there).is_ok());
    let ann = Person { user: Some("ann".into()), ..Person::default() };
    assert!(reserve(&ann, here).is_ok(), "users have one seat each anyway");
}

#[tokio::test]
async fn a_ticket_is_its_user_s_and_a_user_has_one_seat() {
    let sea = Sea::open(|_| ()).await;
    let person = Person { user: Some("ann".into()), name: "Ann".into(), ..Person::default() };
    let first = sea.directory.reserve("", &Wish::default(), &person, None).expect("a seat");
    let again = sea.directory.reserve("", &Wish::default(), &person, None).expect("the same");
    assert_eq!((first.player, &first.id), (again.player, &again.id));
    let _ann = sea.joined(&again.ticket).await.expect("it is kept");
    assert_eq!(sea.joined(&first.ticket).await.err(), Some(Refusal::NoSuchMatch.code()));
    // A ticket of hers that is left over costs her neither seat nor match.
    let spare = sea.directory.list();
    let _bob = sea.joined(&spare[0].id.0).await.expect("there is room");
    assert_eq!(sea.joined(&spare[0].id.0).await.err(), Some(Refusal::Full.code()));
    let third = sea.directory.reserve("", &Wish::default(), &person, None);
    assert_eq!(third.unwrap_err(), Refusal::AlreadyInMatch);
    assert_eq!(sea.players(), [2]);
}

#[tokio::test]
async fn matches_are_made_and_listed_by_http_and_mistakes_are_named() {
    let sea = Sea::open(|_| ()).await;
    let (status, public) = sea.post("/api/matches", &json!({ "mode": "big reef" })).await;
    assert_eq!((status, &public["code"]), (201, &Value::Null));
    let (_, private) = sea.post("/api/matches", &json!({ "private": true })).await;
    assert_eq!(private["code"].as_str().map(str::len), Some(8));
    let listed = json_of(&ask(sea.address, "GET", "/api/matches?mode=big%20reef", "", "").await);
    assert_eq!(listed["matches"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["matches"][0]["match"], public["match"]);
    let all = json_of(&ask(sea.address, "GET", "/api/matches", "", "").await);
    assert_eq!(all["matches"].as_array().map(Vec::len), Some(1), "private ones are not told");
    let mistakes = [
        ("/api/matches", json!({ "mode": "lake" }), 404, Refusal::NoSuchMatch),
        ("/api/matches", json!({ "options": { "walls": 1 } }), 400, Refusal::BadOptions),
        ("/api/matches", json!({ "secret": true }), 400, Refusal::BadPacket),
        ("/api/seats", json!({ "place": "nowhere" }), 404, Refusal::NoSuchMatch),
        ("/api/seats", json!({ "place": private["match"] }), 404, Refusal::NoSuchMatch),
        ("/api/seats", json!({ "name": "x".repeat(65) }), 400, Refusal::TooLong),
        ("/api/seats", json!({ "user": "bob" }), 403, Refusal::Forbidden),
    ];
    for (target, body, status, why) in mistakes {
        let (told, problem) = sea.post(target, &body).await;
        assert_eq!((told, &problem["code"]), (status, &json!(why.code())), "{body}");
    }
    let long = "x".repeat(20_000);
    assert_eq!(ask(sea.address, "POST", "/api/seats", "", &long).await.status, 413);
    assert_eq!(ask(sea.address, "PUT", "/api/seats", "", "").await.status, 405);
    assert_eq!(ask(sea.address, "GET", "/api/nothing", "", "").await.status, 404);
}

#[tokio::test]
async fn guests_begin_no_matches_where_they_may_not() {
    let sea = Sea::open(|config| config.matches.guests_create = false).await;
    let (status, problem) = sea.post("/api/matches", &json!({})).await;
    assert_eq!((status, &problem["code"]), (403, &json!(Refusal::Forbidden.code())));
    let own = json!({ "mode": "big reef", "options": { "0": 1 } });
    let (status, _) = sea.post("/api/seats", &own).await;
    assert_eq!(status, 403, "nor one with options of their own");
    let _ann = sea.joined("").await.expect("to play is another thing");
    assert!(
        !sea.directory.lets_create(None) && sea.directory.lets_create(Some(&UserId::from("a")))
    );
}

// Threat 17: the desk without its token.
#[tokio::test]
async fn nothing_on_the_desk_is_shown_or_done_without_the_token() {
    let sea = Sea::open(|_| ()).await;
    let _ann = sea.joined("").await.expect("a seat");
    let desk = sea.desk().await;
    let id = sea.directory.list()[0].id.clone();
    let one = format!("/admin/matches/{}", id.0);
    let routes = [
        ("GET", "/metrics".to_owned()),
        ("GET", "/admin/matches".into()),
        ("GET", one.clone()),
        ("DELETE", one.clone()),
        ("POST", format!("{one}/lock")),
        ("POST", format!("{one}/message")),
        ("DELETE", format!("{one}/players/1")),
        ("POST", "/admin/message".into()),
        ("POST", "/admin/drain".into()),
        ("POST", "/admin/seats".into()),
        ("GET", "/nothing".into()),
    ];
    for (method, target) in &routes {
        for token in ["", "a token for test", "A token for tests"] {
            assert_eq!(ask(desk, method, target, token, "{}").await.status, 401, "{target}");
        }
        let elsewhere = ask(sea.address, method, target, TOKEN, "{}").await.status;
        assert!(matches!(elsewhere, 404 | 405), "{target}");
    }
    assert_eq!(ask(desk, "GET", "/health", "", "").await.status, 200);
    assert_eq!(ask(desk, "GET", "/nothing", TOKEN, "").await.status, 404);
    assert_eq!(sea.players(), [1]);
    assert!(sea.server.host().is_ready());
}

#[tokio::test]
async fn operators_see_what_a_match_holds_and_do_what_they_must() {
    let sea = Sea::open(|_| ()).await;
    let mut ann = sea.joined("").await.expect("a seat");
    let mut bob = sea.joined("").await.expect("a seat");
    ann.until_state().await;
    control(&mut ann, 100).await;
    let desk = sea.desk().await;
    let id = sea.directory.list()[0].id.clone();
    let one = format!("/admin/matches/{}", id.0);
    let seen = json_of(&ask(desk, "GET", &one, TOKEN, "").await);
    assert_eq!(seen["players"].as_array().map(Vec::len), Some(2));
    assert_eq!((&seen["players"][0]["player"], &seen["game"]), (&json!(1), &json!("reef")));
    let ducks = seen["entities"].as_array().expect("entities");
    let xs: Vec<f64> = ducks
        .iter()
        .map(|duck| duck["components"]["Duck"]["x"].as_f64().expect("a number"))
        .collect();
    assert_eq!(xs, [1.0, 0.0]);
    let hello = json!({ "text": "hello" }).to_string();
    assert_eq!(ask(desk, "POST", &format!("{one}/message"), TOKEN, &hello).await.status, 204);
    assert_eq!(bob.until_event("announcement").await.args.to(), Ok("hello".to_owned()));
    assert_eq!(ask(desk, "POST", "/admin/message", TOKEN, &hello).await.status, 204);
    ann.until_event("announcement").await;
    assert_eq!(ask(desk, "DELETE", &format!("{one}/players/1"), TOKEN, "").await.status, 204);
    assert_eq!(ann.until_left().await, Refusal::Removed.code());
    assert_eq!(ask(desk, "POST", &format!("{one}/lock"), TOKEN, "").await.status, 204);
    assert_eq!(sea.joined(&id.0).await.err(), Some(Refusal::Locked.code()));
    assert_eq!(ask(desk, "POST", &format!("{one}/unlock"), TOKEN, "").await.status, 204);
    let seat = json!({ "user": "carl", "place": id }).to_string();
    let seat = json_of(&ask(desk, "POST", "/admin/seats", TOKEN, &seat).await);
    let _carl = sea.joined(seat["ticket"].as_str().expect("a ticket")).await.expect("a seat");
    assert_eq!(ask(desk, "DELETE", &one, TOKEN, "").await.status, 204);
    assert_eq!(bob.until_left().await, Refusal::Ended.code());
    assert_eq!(ask(desk, "DELETE", "/admin/matches/none", TOKEN, "").await.status, 404);
}

#[tokio::test]
async fn prometheus_is_told_what_happens_and_why_somebody_was_refused() {
    let sea = Sea::open(|_| ()).await;
    let mut ann = sea.joined("").await.expect("a seat");
    ann.until_state().await;
    control(&mut ann, 100).await;
    let mut liar = Guest::greeted(sea.address).await;
    liar.send(&[0x42]).await;
    liar.until_closed().await;
    let desk = sea.desk().await;
    let text = ask(desk, "GET", "/metrics", TOKEN, "").await.text();
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect(&text);
        line.trim().parse().expect("a number")
    };
    assert_eq!(value("tickwire_players "), 1.0);
    assert_eq!(value("tickwire_matches "), 1.0);
    assert_eq!(value("tickwire_ready "), 1.0);
    assert_eq!(value("tickwire_refusals_total{reason=\"bad_packets\"} "), 1.0);
    assert!(value("tickwire_state_bytes_total ") > 0.0);
    assert!(value("tickwire_tick_seconds_count ") > 0.0);
    assert!(value("tickwire_tick_lateness_seconds_bucket{le=\"+Inf\"} ") > 0.0);
    assert!(text.ends_with("# EOF\n"));
}

// Threat 32: who is about to stop says so, begins nothing, and lets those finish who play.
#[tokio::test]
async fn a_server_that_drains_is_not_ready_and_lets_its_matches_go_on() {
    let sea = Sea::open(|_| ()).await;
    let mut ann = sea.joined("").await.expect("a seat");
    ann.until_state().await;
    assert_eq!(ask(sea.address, "GET", "/ready", "", "").await.status, 200);
    let desk = sea.desk().await;
    assert_eq!(ask(desk, "POST", "/admin/drain", TOKEN, "").await.status, 204);
    let told: Value = ann.until_event("draining").await.args.to().expect("an object");
    assert_eq!(told, json!({ "seconds": 30 }));
    assert_eq!(ask(sea.address, "GET", "/ready", "", "").await.status, 503);
    assert_eq!(ask(sea.address, "GET", "/health", "", "").await.status, 200);
    assert_eq!(sea.joined("").await.err(), Some(Refusal::ShuttingDown.code()));
    control(&mut ann, 100).await;
    // She may lose her connection and come back all the same.
    let ann = ann.lose();
    while !sea.server.io().main().sockets().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut ann = ann.come_back(sea.address).await;
    ann.until_joined().await;
}

// Threat 8: everybody wants to play at once.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_at_once_are_each_seated_once_or_told_why_not() {
    const ASKING: usize = 8;
    const EACH: usize = 1250;
    let sea = Sea::open(|config| config.matches.matches = 100).await;
    let asking: Vec<_> = (0..ASKING)
        .map(|_| {
            let directory = sea.directory.clone();
            std::thread::spawn(move || {
                let wish = Wish { mode: Some("big reef"), ..Wish::default() };
                let person = Person::default();
                (0..EACH).map(|_| directory.reserve("", &wish, &person, None)).collect::<Vec<_>>()
            })
        })
        .collect();
    let answers: Vec<_> = asking.into_iter().flat_map(|asking| asking.join().unwrap()).collect();
    assert_eq!(answers.len(), ASKING * EACH);
    let mut seats = std::collections::BTreeSet::new();
    for answer in &answers {
        match answer {
            Ok(seat) => assert!(seats.insert((seat.id.clone(), seat.player)), "one seat for one"),
            Err(why) => assert_eq!(*why, Refusal::Busy),
        }
    }
    let listed = sea.directory.list();
    assert_eq!(listed.len(), 100);
    assert!(listed.iter().all(|listing| listing.players <= listing.players_most));
    assert_eq!(seats.len(), listed.iter().map(|listing| listing.players).sum::<usize>());
    assert_eq!(seats.len(), 800, "and no seat is left while some are turned away");
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_come_at_once_no_more_matches_begin_than_they_fill() {
    const ASKING: usize = 8;
    let sea = Sea::open(|_| ()).await;
    for round in 1..=10 {
        let together = Arc::new(Barrier::new(ASKING));
        let asking: Vec<_> = (0..ASKING)
            .map(|_| {
                let (directory, together) = (sea.directory.clone(), together.clone());
                std::thread::spawn(move || {
                    let wish = Wish { mode: Some("big reef"), ..Wish::default() };
                    together.wait();
                    directory.reserve("", &wish, &Person::default(), None).expect("a seat");
                })
            })
            .collect();
        asking.into_iter().for_each(|asking| asking.join().unwrap());
        // A match is for eight.
        assert_eq!(sea.directory.list().len(), round);
    }
}

#[tokio::test]
async fn anybody_may_see_what_is_public_of_a_match_and_nothing_else() {
    let sea = Sea::open(|_| ()).await;
    let mut ann = sea.player().await;
    control(&mut ann, 100).await;
    let id = sea.directory.list()[0].id.clone();
    let seen = json_of(&ask(sea.address, "GET", &format!("/api/matches/{}", id.0), "", "").await);
    assert_eq!((&seen["match"], &seen["players"][0]["player"]), (&json!(id.0), &json!(1)));
    assert_eq!(
        seen["players"][0].as_object().map(serde_json::Map::len),
        Some(2),
        "no user, no socket"
    );
    let entities = seen["entities"].as_array().expect("a list");
    assert!(
        entities
            .iter()
            .any(|entity| entity["owner"] == 1 && entity["components"]["Duck"].is_object())
    );
    let (_, private) = sea.post("/api/matches", &json!({ "private": true })).await;
    for hidden in ["nowhere", private["match"].as_str().expect("an id")] {
        let answer = ask(sea.address, "GET", &format!("/api/matches/{hidden}"), "", "").await;
        let code = json_of(&answer)["code"].clone();
        assert_eq!((answer.status, code), (404, json!(Refusal::NoSuchMatch.code())));
    }
}
