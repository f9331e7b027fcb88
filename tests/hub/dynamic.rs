//! Namespaces that are made when a client asks for one of them.

use super::*;
use tickwire::hub::{Fault, HubOptions, Refused};

#[test]
fn a_namespace_that_nobody_made_is_refused() {
    let hall = Hall::new();
    let client = hall.client();
    client.connect("/none");
    client.connect("/*");
    assert_eq!(
        client.heard(),
        ["/none refused: Invalid namespace", "/* refused: Invalid namespace"]
    );
    hall.io.of("none");
    client.enter("/none");
}

#[test]
fn what_is_given_to_the_parent_is_given_to_all_of_its_kind() {
    let hall = Hall::new();
    let log = Log::default();
    let parent = hall.io.of_pattern("^/room-[0-9]+$").unwrap();
    parent.middleware(|socket| match socket.handshake().auth.get("bad") {
        Some(_) => Err(Refused::new("no")),
        None => Ok(()),
    });
    let notes = log.clone();
    parent.on_connection(move |socket| {
        notes.note(format!("in {}", socket.namespace().name()));
        let notes = notes.clone();
        socket.on_disconnect(move |_, reason| notes.note(reason));
    });
    let notes = log.clone();
    parent.on("a", move |socket: &Socket, number: u8, _| {
        notes.note(format!("{} {number}", socket.namespace().name()));
    });
    let notes = log.clone();
    parent.on_any(move |_, event| notes.note(format!("any {}", event.name)));
    let (client, socket) = hall.guest_in("/room-1");
    client.enter("/room-22");
    client.connect("/room-x");
    assert_eq!(client.heard(), ["/room-x refused: Invalid namespace"]);
    client.say_in("/room-1", "a", 1);
    client.say_in("/room-22", "a", 2);
    assert_eq!(
        log.take(),
        ["in /room-1", "in /room-22", "any a", "/room-1 1", "any a", "/room-22 2"]
    );
    let notes = log.clone();
    parent.on("later", move |_, (): (), _| notes.note("given later"));
    client.say_in("/room-1", "later", ());
    client.leave("/room-1");
    assert_eq!(log.take(), ["any later", "given later", "client namespace disconnect"]);
    assert!(!socket.is_connected());
    client.connect_as("/room-3", &serde_json::json!({"bad": 1}), None).unwrap();
    assert_eq!(client.heard(), ["/room-3 refused: no"]);
}

#[test]
fn each_of_its_kind_has_its_own_sockets_and_listeners() {
    let hall = Hall::new();
    let log = Log::default();
    hall.io.of_pattern("^/room-").unwrap();
    let (a, socket) = hall.guest_in("/room-a");
    let (b, _) = hall.guest_in("/room-b");
    let notes = log.clone();
    socket.namespace().on("x", move |_, (): (), _| notes.note("of a"));
    a.say_in("/room-a", "x", ());
    b.say_in("/room-b", "x", ());
    assert_eq!(log.take(), ["of a"]);
    hall.io.of("/room-a").emit("x", ());
    socket.broadcast().emit("y", ());
    assert_eq!((a.heard(), b.heard()), (vec!["/room-a x []".into()], vec![]));
}

#[test]
fn a_function_decides_by_name_and_by_what_the_client_says() {
    let hall = Hall::new();
    hall.io.of_matching(|name, auth| {
        name.starts_with("/secret") && auth.get("key").is_some_and(|key| key.as_str() == Some("x"))
    });
    let second = hall.io.of_matching(|name, _| name.ends_with("-2"));
    second.on_connection(|socket| socket.emit("of the second", ()));
    let client = hall.client();
    client.connect("/secret-1");
    client.connect("/secret-2");
    assert_eq!(
        client.heard(),
        ["/secret-1 refused: Invalid namespace", "/secret-2 connect", "/secret-2 of the second []"]
    );
    client.connect_as("/secret-3", &serde_json::json!({"key": "x"}), None).unwrap();
    assert_eq!(client.heard(), ["/secret-3 connect"]);
}

#[test]
fn a_function_that_panics_is_reported_and_lets_nobody_in() {
    let hall = Hall::new();
    hall.io.of_matching(|name, _| panic!("{name} is a bug"));
    hall.io.of_pattern("^/fine").unwrap();
    let client = hall.client();
    client.connect("/a");
    client.enter("/fine");
    assert_eq!(hall.faults().len(), 2);
    client.connect("/");
    assert_eq!(client.heard(), ["connect"]);
}

#[test]
fn a_function_may_do_everything_with_the_hub() {
    let hall = Hall::new();
    let io = hall.io.clone();
    hall.io.of_matching(move |name, _| {
        io.of(&format!("{name}-twin"));
        io.of_matching(|_, _| false);
        io.emit("asked", name);
        name == "/a"
    });
    let client = hall.client();
    client.enter("/");
    client.enter("/a");
    client.connect("/b");
    assert_eq!(client.heard(), ["asked [\"/b\"]", "/b refused: Invalid namespace"]);
    client.enter("/b-twin");
}

/// As in Socket.IO: else those who come would find nobody who hears them.
#[test]
fn a_namespace_that_the_server_makes_belongs_to_the_pattern_too() {
    let hall = Hall::new();
    let parent = hall.io.of_pattern("^/room-").unwrap();
    parent.on_connection(|socket| socket.emit("welcome", ()));
    hall.io.of("/room-1").emit("nobody yet", ());
    let client = hall.client();
    client.connect("/room-1");
    assert_eq!(client.heard(), ["/room-1 connect", "/room-1 welcome []"]);
}

#[test]
fn a_namespace_that_was_made_before_the_pattern_is_its_own() {
    let hall = Hall::new();
    hall.io.of("/room-1");
    let parent = hall.io.of_pattern("^/room-").unwrap();
    parent.on_connection(|socket| socket.emit("welcome", ()));
    let (client, _) = hall.guest_in("/room-1");
    assert_eq!(client.heard(), [""; 0]);
}

#[test]
fn a_pattern_that_is_none_is_refused() {
    assert!(Hall::new().io.of_pattern("(").is_err());
}

/// Whether there is only the main namespace.
fn is_alone(hall: &Hall) -> bool {
    format!("{:?}", hall.io) == "hub of 1 namespaces"
}

#[test]
fn an_empty_namespace_is_forgotten_if_that_is_wanted() {
    for cleans_empty_namespaces in [false, true] {
        let hall = Hall::with(HubOptions { cleans_empty_namespaces, ..options() });
        hall.io.of_pattern("^/room-").unwrap();
        let (a, _) = hall.guest_in("/room-1");
        let (mut b, _) = hall.guest_in("/room-1");
        a.leave("/room-1");
        assert!(!is_alone(&hall));
        b.lose("transport close");
        assert_eq!(is_alone(&hall), cleans_empty_namespaces);
        let (c, socket) = hall.guest_in("/room-1");
        hall.io.of("/room-1").emit("x", ());
        assert_eq!(c.heard(), ["/room-1 x []"], "it comes again when somebody asks");
        socket.disconnect();
        assert_eq!(is_alone(&hall), cleans_empty_namespaces);
    }
}

#[test]
fn a_namespace_that_the_server_made_by_name_stays() {
    let hall = Hall::with(HubOptions { cleans_empty_namespaces: true, ..options() });
    hall.io.of("/room-1");
    let (client, _) = hall.guest_in("/room-1");
    client.leave("/room-1");
    assert!(!is_alone(&hall));
}

#[test]
fn a_namespace_into_which_nobody_was_let_is_forgotten() {
    let hall = Hall::with(HubOptions { cleans_empty_namespaces: true, ..options() });
    let parent = hall.io.of_pattern("^/room-").unwrap();
    parent.middleware_async(|socket| async move {
        if socket.handshake().auth.get("slow").is_some() {
            std::future::pending::<()>().await;
        }
        Err(Refused::new("no"))
    });
    let client = hall.client();
    for number in 0..9 {
        client.connect(&format!("/room-{number}"));
        hall.run();
    }
    assert_eq!(client.heard().len(), 9);
    assert!(is_alone(&hall));
}

/// Else those who come later would be in another namespace of the same name.
#[test]
fn a_namespace_is_not_forgotten_while_somebody_is_on_the_way_in() {
    let hall = Hall::with(HubOptions { cleans_empty_namespaces: true, ..options() });
    let parent = hall.io.of_pattern("^/room-").unwrap();
    let gate = Gate::default();
    let waiting = gate.clone();
    parent.middleware_async(move |socket: Socket| {
        let gate = waiting.clone();
        async move {
            if socket.handshake().auth.get("slow").is_some() {
                gate.pass().await;
            }
            Ok(())
        }
    });
    let quick = hall.client();
    quick.connect("/room-1");
    let slow = hall.client();
    slow.connect_as("/room-1", &serde_json::json!({"slow": 1}), None).unwrap();
    hall.run();
    quick.leave("/room-1");
    gate.open();
    hall.run();
    let late = hall.client();
    late.connect("/room-1");
    hall.run();
    slow.heard();
    late.heard();
    hall.io.of("/room-1").emit("x", ());
    assert_eq!((slow.heard().len(), late.heard().len()), (1, 1));
    slow.leave("/room-1");
    late.leave("/room-1");
    assert!(is_alone(&hall));
}

#[test]
fn who_goes_away_on_the_way_in_leaves_no_namespace_behind() {
    let hall = Hall::with(HubOptions { cleans_empty_namespaces: true, ..options() });
    let gate = Gate::default();
    let waiting = gate.clone();
    hall.io.of_pattern("^/room-").unwrap().middleware_async(move |_| {
        let gate = waiting.clone();
        async move {
            gate.pass().await;
            Ok(())
        }
    });
    let mut client = hall.client();
    client.connect("/room-1");
    hall.run();
    client.lose("transport close");
    gate.open();
    hall.run();
    assert!(is_alone(&hall));
    assert_eq!(hall.faults(), [] as [Fault; 0]);
}
