//! Who is who, by tokens; and what people say to each other.

use super::guest::Guest;
use super::hosting::{Sea, control};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tickwire::event::Event;
use tickwire::host::users::{Issuer, Users};
use tickwire::protocol::native::{FromClient, Join, Refusal};

const SECRET: &[u8] = b"an example of thirty-two letters";

fn token(user: &str, name: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "sub": user, "name": name, "exp": now + 600, "rank": 7 });
    let message = format!("{}.{}", part(&json!({ "alg": "HS256" })), part(&claims));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
    let signature = ring::hmac::sign(&key, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

async fn sea(lets_guests_in: bool) -> Sea {
    let sea = Sea::open(|config| config.matches.talk.burst = 3).await;
    let issuer = Issuer { lets_guests_in, ..Issuer::default() };
    sea.server.host().set_users(Users::with_secret(SECRET, &issuer).unwrap());
    sea
}

async fn user(sea: &Sea, id: &str, name: &str) -> Guest {
    let mut guest = Guest::connect(sea.address, Some(&token(id, name))).await;
    guest.until_welcome().await;
    guest
}

async fn join(guest: &mut Guest) {
    guest.say(&FromClient::Join(Join { name: "wished", ..Join::default() })).await;
    guest.until_joined().await;
    guest.until_state().await;
}

async fn say(guest: &mut Guest, what: &Value) -> Value {
    let event = Event::new("say", what).unwrap();
    guest.say(&FromClient::Event { ack: Some(1), event }).await;
    let (_, json) = guest.until_ack().await;
    serde_json::from_str::<Vec<Value>>(&json).unwrap().remove(0)
}

#[tokio::test]
async fn who_has_no_good_token_is_told_so_before_anything_else() {
    let sea = sea(false).await;
    for token in [None, Some("nonsense"), Some("a.b.c")] {
        let mut guest = Guest::connect(sea.address, token).await;
        let (code, sentence) = guest.until_error().await;
        assert_eq!(code, Refusal::BadToken.code());
        assert!(sentence.contains("token"), "{sentence}");
        guest.until_closed().await;
    }
    assert!(sea.players().is_empty());
    let mut ann = user(&sea, "ann", "Ann").await;
    join(&mut ann).await;
}

#[tokio::test]
async fn a_second_connection_of_a_user_takes_the_seat_of_the_first() {
    let sea = sea(false).await;
    let mut phone = user(&sea, "ann", "Ann").await;
    join(&mut phone).await;
    let mut laptop = user(&sea, "ann", "Ann").await;
    join(&mut laptop).await;
    assert_eq!(phone.until_left().await, Refusal::Replaced.code());
    control(&mut laptop, 100).await;
    assert_eq!(sea.players(), [1]);
}

#[tokio::test]
async fn what_is_said_in_a_match_is_heard_by_the_others_with_the_name_of_the_token() {
    let sea = sea(true).await;
    let (mut ann, mut bob) = (user(&sea, "ann", "Ann").await, Guest::greeted(sea.address).await);
    join(&mut ann).await;
    join(&mut bob).await;
    let nobody = say(&mut bob, &json!({ "to": "lobby", "text": "anybody?" })).await;
    assert_eq!(nobody["code"], Refusal::Forbidden.code(), "he is not in the lobby");
    assert_eq!(say(&mut ann, &json!({ "to": "match", "text": "hi \u{1b}[2J" })).await["ok"], true);
    let said: Value = bob.until_event("said").await.args.to().unwrap();
    let from = json!({ "name": "Ann", "user": "ann", "player": 1 });
    assert_eq!(said, json!({ "to": "match", "from": from, "text": "hi [2J" }));
    assert_eq!(say(&mut bob, &json!({ "to": "match", "text": "yo" })).await["ok"], true);
    let said: Value = ann.until_event("said").await.args.to().unwrap();
    assert_eq!((&said["from"]["name"], &said["from"]["user"]), (&json!("wished"), &Value::Null));
}

#[tokio::test]
async fn users_write_to_each_other_wherever_they_are_and_guests_do_not() {
    let sea = sea(true).await;
    let mut ann = user(&sea, "ann", "Ann").await;
    let (mut phone, mut laptop) = (user(&sea, "bob", "Bob").await, user(&sea, "bob", "Bob").await);
    assert_eq!(say(&mut ann, &json!({ "user": "bob", "text": "psst" })).await["ok"], true);
    for bob in [&mut phone, &mut laptop] {
        let said: Value = bob.until_event("said").await.args.to().unwrap();
        assert_eq!((&said["to"], &said["from"]["user"]), (&json!("user"), &json!("ann")));
    }
    let mut guest = Guest::greeted(sea.address).await;
    let refused = say(&mut guest, &json!({ "user": "bob", "text": "psst" })).await;
    assert_eq!(refused["code"], Refusal::Forbidden.code());
}

#[tokio::test]
async fn who_says_too_much_or_nothing_is_not_heard() {
    let sea = sea(true).await;
    let mut ann = Guest::greeted(sea.address).await;
    let code = |answer: &Value| answer["code"].as_u64().unwrap_or(0);
    let long = say(&mut ann, &json!({ "to": "lobby", "text": "x".repeat(401) })).await;
    assert_eq!(code(&long), u64::from(Refusal::TooLong.code()));
    let empty = say(&mut ann, &json!({ "to": "lobby", "text": " \u{7} " })).await;
    assert_eq!(code(&empty), u64::from(Refusal::BadPacket.code()));
    let nowhere = say(&mut ann, &json!({ "to": "match", "text": "x" })).await;
    assert_eq!(code(&nowhere), u64::from(Refusal::NotInMatch.code()));
    let mut last = 0;
    for _ in 0..4 {
        last = code(&say(&mut ann, &json!({ "to": "moon", "text": "x" })).await);
    }
    assert_eq!(last, u64::from(Refusal::TooMany.code()), "three at once, then one a second");
}

#[tokio::test]
async fn those_in_the_lobby_see_matches_come_and_hear_each_other() {
    let sea = sea(true).await;
    let (mut ann, mut bob) = (Guest::greeted(sea.address).await, Guest::greeted(sea.address).await);
    for guest in [&mut ann, &mut bob] {
        let event = Event::new("enter-lobby", ()).unwrap();
        guest.say(&FromClient::Event { ack: None, event }).await;
        let lobby: Value = guest.until_event("lobby").await.args.to().unwrap();
        assert_eq!(lobby, json!({ "matches": [] }));
    }
    assert_eq!(say(&mut ann, &json!({ "to": "lobby", "text": "hi" })).await["ok"], true);
    let said: Value = bob.until_event("said").await.args.to().unwrap();
    assert_eq!(said["text"], "hi");
    let mut carl = Guest::greeted(sea.address).await;
    join(&mut carl).await;
    let lobby: Value = bob.until_event("lobby").await.args.to().unwrap();
    assert_eq!(
        (&lobby["matches"][0]["players"], &lobby["matches"][0]["players_most"]),
        (&json!(1), &json!(2))
    );
}
