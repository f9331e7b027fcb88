//! Clients of Socket.IO in matches, beside native ones.

use super::hosting::{QUACK, Sea, control, ducks};
use crate::doors::wire::{TEXT, Wire, frame};
use crate::first_game::Duck;
use serde_json::{Value, json};
use std::sync::Arc;
use tickwire::ids::PlayerId;
use tickwire::protocol::native::Refusal;
use tickwire::sim::encode_input;
use tickwire::sync::Replica;
use tickwire::sync::schema::Schema;
use tokio::net::TcpStream;

const BINARY: u8 = 0x82;

/// A client of Socket.IO, by hand.
struct Stock {
    wire: Wire<TcpStream>,
    pid: String,
    offset: String,
    replica: Option<Replica>,
}

impl Stock {
    async fn connect(sea: &Sea, auth: &str) -> Self {
        let stream = TcpStream::connect(sea.address).await.expect("a server");
        let mut wire = Wire::new(stream);
        wire.upgrade("/socket.io/?EIO=4&transport=websocket").await.expect("a WebSocket");
        wire.write(&frame(TEXT, format!("40{auth}").as_bytes())).await.expect("open");
        let told = wire.read_until("40").await.expect("it is let in");
        let told: Value = serde_json::from_str(&told[2..]).expect("an object");
        let pid = told["pid"].as_str().unwrap_or_default().to_owned();
        Self { wire, pid, offset: String::new(), replica: None }
    }

    async fn say(&mut self, text: &str) {
        self.wire.write(&frame(TEXT, text.as_bytes())).await.expect("open");
    }

    /// Asks, and waits for the answer.
    async fn ask(&mut self, name: &str, args: &Value) -> Value {
        self.say(&format!("420[\"{name}\",{args}]")).await;
        let answer = self.wire.read_until("430").await.expect("an answer");
        serde_json::from_str::<Vec<Value>>(&answer[3..]).expect("arguments").remove(0)
    }

    /// Waits for an event; gives its arguments.
    async fn hear(&mut self, name: &str) -> Vec<Value> {
        let beginning = format!("42[\"{name}\"");
        let event = self.wire.read_until(&beginning).await.expect("the event");
        let mut args: Vec<Value> = serde_json::from_str(&event[2..]).expect("arguments");
        args.remove(0);
        args
    }

    async fn until_joined(&mut self) -> PlayerId {
        let joined = self.hear("joined").await.remove(0);
        let schema = Schema::from_bytes(joined["schema"].to_string().as_bytes());
        let player = PlayerId(joined["player"].as_u64().expect("a number") as u32);
        self.replica = Some(Replica::new(Arc::new(schema.expect("a schema")), player, false));
        player
    }

    /// Takes a packet of the stream; gives what came with it.
    async fn state(&mut self) -> Vec<Value> {
        let event = self.wire.read_until("451-[\"state\"").await.expect("the stream");
        let (first, packet) = self.wire.read_frame().await.expect("its packet");
        assert_eq!(first, BINARY);
        self.replica.as_mut().expect("joined").receive(&packet).expect("it follows");
        let mut args: Vec<Value> = serde_json::from_str(&event[4..]).expect("arguments");
        args.drain(..2);
        args
    }

    async fn input(&mut self, what: i8) -> u32 {
        let tick = self.replica.as_ref().expect("joined").tick().0 + 2;
        let placeholder = json!({ "_placeholder": true, "num": 0 });
        let input = json!({ "tick": tick, "controls": placeholder });
        self.say(&format!("451-[\"input\",{input}]")).await;
        self.wire.write(&frame(BINARY, &encode_input(&what))).await.expect("open");
        tick
    }

    fn ducks(&self) -> Vec<f32> {
        let replica = self.replica.as_ref().expect("joined");
        let x = |id| replica.get::<Duck>(id).expect("a duck").x;
        let mut ducks: Vec<_> = replica.entities().map(x).collect();
        ducks.sort_by(f32::total_cmp);
        ducks
    }
}

#[tokio::test]
async fn clients_of_both_kinds_play_the_same_match() {
    let sea = Sea::open(|_| ()).await;
    let mut native = sea.player().await;
    let mut stock = Stock::connect(&sea, "").await;
    let answer = stock.ask("join-match", &json!({ "name": "Ann" })).await;
    let id = sea.directory.list()[0].id.clone();
    assert_eq!(answer, json!({ "ok": true, "match": id, "player": 2 }));
    assert_eq!(stock.until_joined().await, PlayerId(2));
    assert_eq!(sea.players(), [2]);
    let stamp = stock.input(100).await;
    loop {
        let about = stock.state().await;
        if let [about] = &*about {
            assert_eq!(about["tick"], stamp & 0xffff);
            assert!(about["lead"].is_i64());
            break;
        }
    }
    while stock.ducks() != [0.0, 1.0] {
        stock.state().await;
    }
    while ducks(&native) != [0.0, 1.0] {
        native.until_state().await;
    }
    control(&mut native, QUACK).await;
    assert_eq!(stock.hear("quack").await[0], 1);
    let again = stock.ask("join-match", &json!({})).await;
    assert_eq!(again["code"], Refusal::AlreadyInMatch.code());
    assert_eq!(stock.ask("leave-match", &Value::Null).await, json!({ "ok": true }));
    assert_eq!(stock.hear("left").await[0], json!({ "code": 0, "reason": "" }));
    assert_eq!(sea.players(), [1]);
}

#[tokio::test]
async fn a_client_of_socket_io_comes_back_to_its_seat() {
    let sea = Sea::open(|_| ()).await;
    let mut native = sea.player().await;
    let mut stock = Stock::connect(&sea, "").await;
    stock.ask("join-match", &json!({})).await;
    stock.until_joined().await;
    control(&mut native, QUACK).await;
    let quack = stock.hear("quack").await;
    stock.offset = quack[1].as_str().expect("an offset").to_owned();
    let (pid, offset) = (stock.pid.clone(), stock.offset.clone());
    drop(stock);
    while sea.server.io().main().sockets().len() > 1 {
        tokio::task::yield_now().await;
    }
    control(&mut native, QUACK).await;
    let mut stock =
        Stock::connect(&sea, &json!({ "pid": pid, "offset": offset }).to_string()).await;
    assert_eq!(stock.pid, pid, "it is back");
    assert_eq!(stock.hear("quack").await[0], 1);
    assert_eq!(stock.until_joined().await, PlayerId(2));
    stock.state().await;
    assert_eq!(stock.ducks().len(), 2);
    assert_eq!(sea.players(), [2]);
    // Once more, while the server takes the connection for alive.
    let auth = json!({ "pid": pid, "offset": offset }).to_string();
    let mut again = Stock::connect(&sea, &auth).await;
    assert_eq!(again.pid, pid);
    assert_eq!(again.until_joined().await, PlayerId(2));
    again.state().await;
    assert_eq!(sea.players(), [2]);
}

#[tokio::test]
async fn matches_are_made_and_listed_by_events() {
    let sea = Sea::open(|_| ()).await;
    let mut stock = Stock::connect(&sea, "").await;
    let made = stock.ask("create-match", &json!({ "mode": "big reef" })).await;
    assert_eq!((&made["ok"], &made["code"]), (&json!(true), &Value::Null));
    let private = stock.ask("create-match", &json!({ "private": true })).await;
    assert_eq!(private["code"].as_str().map(str::len), Some(8));
    let list = stock.ask("list-matches", &json!({})).await;
    let listed = list["matches"].as_array().expect("a list");
    assert_eq!(listed.len(), 1, "a private match is not listed");
    assert_eq!((&listed[0]["match"], &listed[0]["players_most"]), (&made["match"], &json!(8)));
    let wish = json!({ "options": { "0": 1 } });
    let cases = [("create-match", wish), ("create-match", json!({ "mode": "lake" }))];
    let codes = [Refusal::BadOptions, Refusal::NoSuchMatch].map(Refusal::code);
    let mut other = Stock::connect(&sea, "").await;
    for ((name, wish), code) in cases.into_iter().zip(codes) {
        assert_eq!(other.ask(name, &wish).await["code"], code);
    }
    // Who asks for ever more matches gets none.
    for _ in 0..2 {
        other.ask("create-match", &json!({ "mode": "lake" })).await;
    }
    let refused = other.ask("create-match", &json!({ "mode": "lake" })).await;
    assert_eq!(refused["code"], Refusal::Busy.code());
    let by_code = json!({ "place": private["code"] });
    assert_eq!(stock.ask("join-match", &by_code).await["match"], private["match"]);
    let long = json!({ "name": "x".repeat(65) });
    let mut third = Stock::connect(&sea, "").await;
    assert_eq!(third.ask("join-match", &long).await["code"], Refusal::TooLong.code());
    drop(stock);
    // Its seat is kept for a while.
    sea.until_players(&[0, 1]).await;
}
