//! A small program that shows what the hub can do, and that any Socket.IO client can be run against:
//! `cargo run --release --example contract -- --port 4000`.
//!
//! What it answers to which event is what the handlers below say; the tests in `tests/clients` hold
//! real clients against it.

use clap::Parser;
use serde::Serialize;
use serde_json::json;
use std::sync::Mutex;
use std::time::Duration;
use tickwire::doors::Server;
use tickwire::event::{Args, Value};
use tickwire::host::{Config, Io, Origins};
use tickwire::hub::{Ack, Namespace, RecoveryOptions, Refused, Socket};
use tickwire::protocol::socket_io::Format;

#[derive(Parser)]
struct Options {
    #[arg(long, default_value_t = 4000)]
    port: u16,
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Keep what those miss who lose their connection.
    #[arg(long)]
    recovery: bool,
    /// Speak msgpack and not JSON.
    #[arg(long)]
    msgpack: bool,
    /// Milliseconds between pings.
    #[arg(long, default_value_t = 25_000)]
    ping_interval: u64,
    /// Milliseconds until an unanswered ping ends the connection.
    #[arg(long, default_value_t = 20_000)]
    ping_timeout: u64,
    /// Milliseconds until a connection without a namespace is closed.
    #[arg(long, default_value_t = 45_000)]
    connect_timeout: u64,
    /// With the limits of a public server.
    #[arg(long)]
    public: bool,
    /// Only Engine.IO, at `/engine.io/`: what comes goes back.
    #[arg(long)]
    engine: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let server = Server::new(config(&options));
    if !options.engine {
        namespaces(server.io())?;
    }
    let open = server.open((options.host.as_str(), options.port)).await?;
    println!("listening on http://{}", open.address());
    open.serve().await;
    Ok(())
}

fn config(options: &Options) -> Config {
    let mut config = Config { origins: Origins::Any, ..Config::default() };
    config.engine.ping_interval = Duration::from_millis(options.ping_interval);
    config.engine.ping_timeout = Duration::from_millis(options.ping_timeout);
    config.hub.connect_timeout = Duration::from_millis(options.connect_timeout);
    config.hub.recovery = options.recovery.then(RecoveryOptions::default);
    if !options.public {
        // All test clients come from one address, and all at once; some break rules to see what comes.
        config.doors.misdeeds = 0;
        config.doors.connections_per_address = config.doors.connections;
        (config.doors.messages_per_second, config.doors.messages_burst) = (100_000, 100_000);
    }
    if options.msgpack {
        config.format = Format::Msgpack;
    }
    if options.engine {
        config.path = "/engine.io/".into();
        config.echoes = true;
    }
    config
}

fn namespaces(io: &Io) -> anyhow::Result<()> {
    let guarded = io.of("/guarded");
    guarded.middleware(|socket| {
        let is_secret = socket.handshake().auth.get("token") == Some(&Value::from("secret"));
        let refused = Refused::new("not authorized").with(&json!({ "code": 401 }));
        if is_secret { Ok(()) } else { Err(refused) }
    });
    for namespace in [io.main().clone(), io.of("/custom"), guarded, io.of_pattern(r"^/dyn-\d+$")?] {
        connections(&namespace);
        events(&namespace);
        rooms(&namespace);
        questions(&namespace);
    }
    Ok(())
}

/// What a socket has said with `seq`.
#[derive(Default)]
struct Sequence(Mutex<Vec<Value>>);

fn connections(namespace: &Namespace) {
    namespace.on_connection(|socket| {
        socket.set_data(Sequence::default());
        socket.emit("auth", &socket.handshake().auth);
    });
}

fn events(namespace: &Namespace) {
    namespace.on("message", |socket, args: Args, _| socket.emit("message-back", args));
    namespace.on("message-with-ack", |_, args: Args, ack| ack.send(args));
    namespace.on("whoami", |socket, (), ack| {
        let (namespace, rooms) = (socket.namespace().name(), socket.rooms());
        let (transport, recovered) = (socket.transport(), socket.is_recovered());
        let (id, nsp) = (socket.id(), namespace);
        ack.send(json!({
            "id": id, "nsp": nsp, "rooms": rooms, "transport": transport, "recovered": recovered,
        }));
    });
    namespace.on("burst", |socket, count: u32, ack| {
        (0..count.min(500)).for_each(|item| socket.emit("burst-item", item));
        ack.send(count);
    });
    namespace.on("burst-volatile", |socket, count: u32, ack| {
        (0..count.min(500)).for_each(|item| socket.volatile().emit("vol-item", item));
        ack.send(count);
    });
    namespace.on("seq", |socket, item: Value, _| {
        if let Some(sequence) = socket.data::<Sequence>() {
            sequence.0.lock().expect("nobody panics under it").push(item);
        }
    });
    namespace.on("seq-get", |socket, (), ack| {
        let sequence = socket.data::<Sequence>().unwrap_or_default();
        ack.send(&*sequence.0.lock().expect("nobody panics under it"));
    });
    namespace.on("kick", |socket, (), _| socket.disconnect());
    namespace.on("kick-close", |socket, (), _| socket.close());
}

fn rooms(namespace: &Namespace) {
    namespace.on("join", |socket, room: String, ack| {
        socket.join(room);
        ack.send(socket.rooms());
    });
    namespace.on("leave", |socket, room: String, ack| {
        socket.leave(&room);
        ack.send(socket.rooms());
    });
    namespace.on("to-room", |socket, (room, payload): (String, Value), ack| {
        socket.to(&room).emit("room-msg", (&room, payload, socket.id()));
        ack.send("ok");
    });
    namespace.on("in-room", |socket, (room, payload): (String, Value), ack| {
        socket.namespace().to(&room).emit("room-msg", (&room, payload, socket.id()));
        ack.send("ok");
    });
    type Reach = (Vec<String>, Vec<String>, Value);
    namespace.on("to-rooms", |socket, (rooms, except, payload): Reach, ack| {
        socket.namespace().to(rooms).except(except).emit("rooms-msg", (payload, socket.id()));
        ack.send("ok");
    });
    namespace.on("broadcast", |socket, payload: Value, ack| {
        socket.broadcast().emit("bcast", (payload, socket.id()));
        ack.send("ok");
    });
    namespace.on("emit-all", |socket, payload: Value, ack| {
        socket.namespace().emit("all", (payload, socket.id()));
        ack.send("ok");
    });
    namespace.on("private", |socket, (id, payload): (String, Value), ack| {
        socket.namespace().to(id).emit("private-msg", (payload, socket.id()));
        ack.send("ok");
    });
    namespace.on("room-ids", |socket, room: String, ack| {
        let sockets = socket.namespace().within(room).fetch_sockets();
        let mut ids: Vec<_> = sockets.iter().map(Socket::id).collect();
        ids.sort_unstable();
        ack.send(ids);
    });
    namespace.on("room-join-all", |socket, (room, other): (String, String), ack| {
        socket.namespace().within(room).sockets_join(other);
        ack.send("ok");
    });
    namespace.on("room-leave-all", |socket, (room, other): (String, String), ack| {
        socket.namespace().within(room).sockets_leave(other);
        ack.send("ok");
    });
    namespace.on("room-kick", |socket, room: String, ack| {
        socket.namespace().within(room).disconnect_sockets();
        ack.send("ok");
    });
}

const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Answer {
    ok: bool,
    reply: Value,
}

#[derive(Serialize)]
struct Answers {
    ok: bool,
    replies: Vec<Value>,
}

/// Handlers that wait for clients; what comes meanwhile need not wait for them.
fn questions(namespace: &Namespace) {
    namespace.on_detached("ask-me", async |socket: Socket, payload: Value, ack: Ack| {
        let reply = socket.timeout(PATIENCE).emit_with_ack("question", payload).await;
        let ok = reply.is_ok();
        ack.send(Answer { ok, reply: reply.map_or(Value::Null, |reply| first(&reply)) });
    });
    namespace.on_detached("ask-me-timeout", async |socket: Socket, wait: u64, ack: Ack| {
        let wait = Duration::from_millis(wait);
        let answer = socket.timeout(wait).emit_with_ack("question-noreply", "x").await;
        ack.send(json!({ "timedOut": answer.is_err() }));
    });
    type Question = (String, Value);
    namespace.on_detached(
        "ask-room",
        async |socket: Socket, (room, payload): Question, ack: Ack| {
            let asked = socket.namespace().to(room).timeout(PATIENCE);
            let (ok, replies) = match asked.emit_with_ack("question", payload).await {
                Ok(replies) => (true, replies),
                Err(partial) => (false, partial.replies),
            };
            ack.send(Answers { ok, replies: replies.iter().map(first).collect() });
        },
    );
}

fn first(reply: &Args) -> Value {
    reply.to().unwrap_or_default()
}
