//! How many come in, from where, who is let in, and the end.

use super::client::{Door, POLLING, WEBSOCKET, live, quoted};
use std::net::{IpAddr, Ipv4Addr};
use tickwire::doors::{Files, Server};
use tickwire::host::{Config, Cookie, Count};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// That whoever comes now is refused with these words.
async fn is_full(door: &Door, why: &str, count: Count) {
    let mut wire = door.connect().await;
    let answer = wire.answer("GET").await;
    assert_eq!((answer.status, answer.text()), (503, why.into()));
    wire.hung_up().await;
    door.until(count, 1).await;
}

#[test]
fn connections_are_as_many_as_may_be_in_all() {
    live(async {
        let door = Door::open(|config| config.doors.connections = 2).await;
        let (first, second) = (door.joined().await, door.polling().await);
        is_full(&door, "the server is full", Count::TooManyConnections).await;
        drop(first);
        // A polling session that is kept is a place as well; the place of the other is free soon.
        door.until_sessions(1).await;
        let mut wire = door.connect().await;
        while !wire.ask("GET", "/health", "", "").await.head.starts_with("HTTP/1.1 200") {
            wire = door.connect().await;
        }
        drop(second);
    });
}

#[test]
fn connections_are_as_many_as_may_be_from_one_address() {
    live(async {
        let door = Door::open(|config| config.doors.connections_per_address = 2).await;
        let _both = (door.connect().await, door.joined().await);
        let why = "too many connections from your address";
        is_full(&door, why, Count::TooManyFromAddress).await;
    });
}

#[test]
fn sessions_are_as_many_as_may_be_from_one_address() {
    live(async {
        let door = Door::open(|config| config.doors.connections_per_address = 2).await;
        let (mut wire, target) = door.polling().await;
        assert_eq!(wire.ask("GET", POLLING, "", "").await.status, 200);
        let answer = wire.ask("GET", POLLING, "", "").await;
        assert_eq!(answer.status, 429);
        door.until(Count::TooManyFromAddress, 1).await;
        wire.ask("POST", &target, "", "1").await;
        door.until_sessions(1).await;
        assert_eq!(wire.ask("GET", POLLING, "", "").await.status, 200);
    });
}

/// Where the server believes a client to be that says this.
async fn believed(door: &Door, said: &str) -> String {
    let mut wire = door.connect().await;
    let answer = wire.ask("GET", POLLING, said, "").await.text();
    let target = format!("{POLLING}&sid={}", quoted(&answer, 1));
    wire.ask("POST", &target, "", "40").await;
    wire.ask("GET", &target, "", "").await;
    let socket = door.server.io().main().sockets().pop().expect("a socket");
    let address = socket.handshake().opening.address.clone();
    wire.ask("POST", &target, "", "1").await;
    door.until_sessions(0).await;
    address
}

#[test]
fn only_a_trusted_proxy_says_where_a_client_is() {
    live(async {
        let door = Door::open(|_| ()).await;
        let spoofed = "x-forwarded-for: 10.1.2.3\r\n";
        assert_eq!(believed(&door, spoofed).await, "127.0.0.1");
        let door = Door::open(|config| {
            config.doors.trusted_proxies = vec![HERE.into()];
            config.doors.connections_per_address = 1;
        })
        .await;
        assert_eq!(believed(&door, "").await, "127.0.0.1");
        assert_eq!(believed(&door, spoofed).await, "10.1.2.3");
        let chain = "x-forwarded-for: 6.6.6.6, 10.1.2.3\r\nx-forwarded-for: 127.0.0.1\r\n";
        assert_eq!(believed(&door, chain).await, "10.1.2.3");
        // Many clients come by the proxy's connections, and each address has its own measure.
        let mut wire = door.connect().await;
        let _others = (door.connect().await, door.connect().await);
        let statuses = ["10.0.0.1", "10.0.0.2", "10.0.0.1"]
            .map(|client| format!("x-forwarded-for: {client}\r\n"));
        let mut answers = Vec::new();
        for headers in &statuses {
            answers.push(wire.ask("GET", POLLING, headers, "").await.status);
        }
        assert_eq!(answers, [200, 200, 429]);
    });
}

#[test]
fn who_is_not_allowed_is_refused_over_both_transports() {
    live(async {
        let server = Server::new(Config::default()).allow_request(|opening| {
            let knows = opening.query.iter().any(|pair| *pair == ("key".into(), "secret".into()));
            if knows { Ok(()) } else { Err("no key".into()) }
        });
        let door = Door::serve(server).await;
        let upgrade = super::wire::UPGRADE;
        for (times, (target, headers)) in (1..).zip([(POLLING, ""), (WEBSOCKET, upgrade)]) {
            let answer = door.connect().await.ask("GET", target, headers, "").await;
            let expected = r#"{"code":4,"message":"Forbidden"}"#;
            assert_eq!((answer.status, answer.text()), (403, expected.into()));
            door.until(Count::NotAllowed, times).await;
        }
        assert_eq!(door.server.host().sessions(), 0);
        let allowed = format!("{POLLING}&key=secret");
        assert_eq!(door.connect().await.ask("GET", &allowed, "", "").await.status, 200);
    });
}

#[test]
fn a_cookie_is_set_once_and_never_read() {
    live(async {
        let door = Door::open(|config| config.cookie = Some(Cookie::default())).await;
        let mut wire = door.connect().await;
        let opened = wire.ask("GET", POLLING, "", "").await;
        let session = quoted(&opened.text(), 1).to_owned();
        let expected = format!("io={session}; Path=/; HttpOnly; SameSite=Strict");
        assert_eq!(opened.header("set-cookie"), Some(expected.as_str()));
        let target = format!("{POLLING}&sid={session}");
        let answer = wire.ask("POST", &target, "", "40").await;
        assert_eq!(answer.header("set-cookie"), None);
        // It opens nothing by itself.
        let answer = wire.ask("POST", POLLING, &format!("cookie: io={session}\r\n"), "41").await;
        assert_eq!(answer.status, 400);
        assert!(wire.ask("GET", &target, "", "").await.text().starts_with("40{"));
    });
}

#[test]
fn a_server_that_closes_says_goodbye_to_all() {
    live(async {
        let door = Door::open(|_| ()).await;
        let (mut wire, _) = door.joined().await;
        let (mut polled, target) = door.polling().await;
        polled.ask("POST", &target, "", "40").await;
        polled.ask("GET", &target, "", "").await;
        door.server.close();
        assert_eq!(wire.closed().await, (1000, String::new()));
        wire.hung_up().await;
        assert_eq!(polled.ask("GET", &target, "", "").await.text(), "1");
        drop((wire, polled));
        door.until_sessions(0).await;
        while tokio::net::TcpStream::connect(door.address).await.is_ok() {}
    });
}

#[test]
fn an_address_from_which_too_many_rules_were_broken_is_turned_away() {
    live(async {
        let door = Door::open(|config| config.doors.misdeeds = 3).await;
        let (mut honest, _) = door.joined().await;
        for _ in 0..3 {
            let (mut wire, _) = door.joined().await;
            wire.say("4nonsense").await;
            wire.closed().await;
        }
        door.until(Count::BadPackets, 3).await;
        is_full(&door, "too many rules were broken from your address", Count::Unwelcome).await;
        // Who is in already stays in.
        honest.is_heard().await;
    });
}

#[test]
fn what_comes_by_a_proxy_is_held_against_the_client_and_not_against_the_proxy() {
    live(async {
        let door = Door::open(|config| {
            config.doors.misdeeds = 1;
            config.doors.trusted_proxies = vec![HERE.into()];
        })
        .await;
        let (mut wire, target) = door.polling().await;
        let [bad, good] = ["x-forwarded-for: 10.0.0.1\r\n", "x-forwarded-for: 10.0.0.2\r\n"];
        let opened = wire.ask("GET", POLLING, bad, "").await;
        let session = format!("{POLLING}&sid={}", quoted(&opened.text(), 1));
        wire.ask("POST", &session, bad, "4nonsense").await;
        door.until(Count::BadPackets, 1).await;
        assert_eq!(wire.ask("GET", POLLING, bad, "").await.status, 429);
        door.until(Count::Unwelcome, 1).await;
        assert_eq!(wire.ask("GET", POLLING, good, "").await.status, 200);
        wire.ask("POST", &target, "", "40").await;
    });
}

#[test]
fn a_connection_makes_so_many_requests_a_second() {
    live(async {
        let door = Door::open(|config| {
            config.doors.requests_per_second = 1;
            config.doors.requests_burst = 20;
        })
        .await;
        let mut wire = door.connect().await;
        for _ in 0..20 {
            assert_eq!(wire.ask("GET", "/health", "", "").await.status, 200);
        }
        let answer = wire.ask("GET", "/health", "", "").await;
        assert_eq!((answer.status, answer.text()), (429, "too many requests".into()));
        wire.hung_up().await;
        door.until(Count::Flood, 1).await;
        // A session's requests are not counted, whatever comes with them; those of none are.
        let (mut wire, target) = door.polling().await;
        wire.ask("POST", &target, "", "40").await;
        for _ in 0..40 {
            let answer = wire.ask("POST", &target, "", "42[\"nothing\"]").await;
            assert_eq!(answer.status, 200);
        }
        let unknown = format!("{POLLING}&sid=unknown");
        while door.count(Count::Flood) < 2 {
            assert_eq!(wire.ask("GET", &unknown, "", "").await.status, 400);
        }
    });
}

#[test]
fn an_answer_that_nobody_takes_is_given_up() {
    live(async {
        let mut files = Files::default();
        files.insert("large.png", vec![0; 64 << 20]);
        let mut config = Config::default();
        config.doors.write_timeout = std::time::Duration::from_millis(20);
        let door = Door::serve(Server::new(config).files(files)).await;
        let mut wire = door.connect().await;
        let asked = wire.write(b"GET /large.png HTTP/1.1\r\nhost: game.example\r\n\r\n").await;
        asked.expect("a connection");
        door.until(Count::SlowReader, 1).await;
    });
}

#[test]
fn a_server_serves_until_the_last_has_left() {
    live(async {
        let server = Server::default();
        let open = server.open("127.0.0.1:0").await.expect("a port");
        let address = open.address();
        let serving = tokio::spawn(open.serve());
        let stream = tokio::net::TcpStream::connect(address).await.expect("a server");
        let mut wire = super::wire::Wire::new(stream);
        wire.upgrade(WEBSOCKET).await.expect("a WebSocket");
        server.close();
        let (first, _) = wire.read_frame().await.expect("its open packet");
        assert_eq!(first, super::wire::TEXT);
        while wire.read_frame().await.is_ok() {}
        assert!(!serving.is_finished(), "it waits for the client to hang up");
        drop(wire);
        serving.await.expect("it ends");
    });
}
