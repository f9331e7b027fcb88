//! How many come in, from where, who is let in, and the end.

use super::client::{Door, POLLING, WEBSOCKET, live, quoted};
use std::net::{IpAddr, Ipv4Addr};
use tickwire::doors::Server;
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
            config.doors.trusted_proxies = vec![HERE];
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
