//! Many sockets at once, what is kept with one, and what was known when it came.

use super::*;
use std::sync::Arc;
use tickwire::hub::Opening;

#[test]
fn all_whom_a_sentence_names_join_and_leave_rooms() {
    let hall = Hall::new();
    let guests: Vec<_> = (0..4).map(|_| hall.guest()).collect();
    let io = &hall.io;
    let who = |room: &str| -> Vec<usize> {
        let there = io.to(room).fetch_sockets();
        (0..4).filter(|index| there.contains(&guests[*index].1)).collect()
    };
    io.main().sockets_join(["a", "b"]);
    assert_eq!((who("a"), who("b")), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
    io.to(guests[0].1.id()).to(guests[1].1.id()).sockets_leave("a");
    assert_eq!((who("a"), who("b")), (vec![2, 3], vec![0, 1, 2, 3]));
    io.except("a").sockets_join("c");
    assert_eq!(who("c"), [0, 1]);
    io.to("a").except(guests[3].1.id()).sockets_join("c");
    assert_eq!(who("c"), [0, 1, 2]);
    io.to("c").sockets_leave(["a", "b", "none"]);
    assert_eq!((who("a"), who("b")), (vec![3], vec![3]));
    io.main().sockets_leave("c");
    assert_eq!(who("c"), [0; 0]);
    io.to([""; 0]).sockets_join("nobody");
    assert_eq!(who("nobody"), [0; 0]);
    guests[0].1.to("b").sockets_join("by a socket");
    assert_eq!(who("by a socket"), [3]);
}

#[test]
fn sockets_are_fetched_each_once() {
    let hall = Hall::new();
    let guests: Vec<_> = (0..3).map(|_| hall.guest()).collect();
    guests[0].1.join(["a", "b"]);
    guests[1].1.join("b");
    let io = &hall.io;
    assert_eq!(io.main().sockets().len(), 3);
    assert_eq!(io.to(["a", "b"]).fetch_sockets(), [guests[0].1.clone(), guests[1].1.clone()]);
    assert_eq!(io.except("a").fetch_sockets().len(), 2);
    assert_eq!(io.to("none").fetch_sockets(), []);
    assert_eq!(guests[0].1.broadcast().fetch_sockets().len(), 2);
    for socket in io.to("b").fetch_sockets() {
        socket.emit("x", socket.rooms().len());
    }
    assert_eq!(guests[0].0.heard(), ["x [3]"]);
    assert_eq!(guests[1].0.heard(), ["x [2]"]);
}

#[test]
fn sockets_are_disconnected_and_their_connections_stay() {
    let hall = Hall::new();
    hall.io.of("/other");
    let (client, socket) = hall.guest();
    client.enter("/other");
    let (stays, _) = hall.guest();
    socket.join("room");
    hall.io.to("room").disconnect_sockets();
    assert_eq!(client.heard(), ["disconnect"]);
    assert!(!client.is_closed() && !socket.is_connected());
    hall.io.emit("x", ());
    hall.io.of("/other").emit("y", ());
    assert_eq!(client.heard(), ["/other y []"]);
    assert_eq!(stays.heard(), ["x []"]);
    hall.io.main().disconnect_sockets();
    assert_eq!(stays.heard(), ["disconnect"]);
    assert_eq!(hall.io.main().sockets(), []);
}

#[test]
fn sockets_are_closed_with_all_that_their_connections_hold() {
    let hall = Hall::new();
    hall.io.of("/other");
    let (client, here) = hall.guest();
    let there = client.enter("/other");
    let (stays, _) = hall.guest();
    here.join("room");
    hall.io.to("room").close_sockets();
    assert_eq!(client.heard(), ["disconnect", "/other disconnect"]);
    assert!(client.is_closed() && !here.is_connected() && !there.is_connected());
    assert!(!stays.is_closed());
}

#[test]
fn values_are_kept_with_a_socket_one_of_each_type() {
    let hall = Hall::new();
    let (_client, socket) = hall.guest();
    let (_other, other) = hall.guest();
    assert_eq!(socket.data::<u32>(), None);
    socket.set_data(7_u32);
    socket.set_data("name".to_owned());
    let same = hall.io.main().sockets().into_iter().find(|found| *found == socket).unwrap();
    same.set_data(8_u32);
    assert_eq!(socket.data::<u32>().as_deref(), Some(&8));
    assert_eq!(socket.data::<String>().as_deref().map(String::as_str), Some("name"));
    assert_eq!((socket.data::<i32>(), other.data::<u32>()), (None, None));
    socket.disconnect();
    assert_eq!(socket.data::<u32>().as_deref(), Some(&8), "for those who say goodbye");
}

#[test]
fn what_was_known_when_a_client_came_is_kept() {
    let hall = Hall::new();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    hall.pass(seconds(3));
    let opening = Opening {
        issued_ms: 7,
        headers: vec![pair("user-agent", "test"), pair("cookie", "a=b")],
        query: vec![pair("EIO", "4"), pair("room", "1"), pair("room", "2")],
        address: "10.0.0.1".into(),
        time: hall.now(),
        is_secure: true,
    };
    let client = hall.client_from(opening.clone());
    let auth = serde_json::json!({"token": "x", "level": 3});
    client.connect_as("/", &auth, None).unwrap();
    let handshake = client.socket("/").handshake().clone();
    assert_eq!(handshake.header("user-agent"), Some("test"));
    assert_eq!((handshake.header("User-Agent"), handshake.header("host")), (None, None));
    assert_eq!((handshake.query("room"), handshake.query("none")), (Some("1"), None));
    assert_eq!(handshake.auth.get("token").and_then(|token| token.as_str()), Some("x"));
    assert_eq!(*handshake.opening, opening);
    assert_eq!(client.socket("/").transport(), "notes");
    hall.io.of("/other");
    let there = client.enter("/other");
    assert!(Arc::ptr_eq(&there.handshake().opening, &handshake.opening));
    assert_eq!(there.handshake().auth.get("token"), None, "each namespace is told its own");
}

#[test]
fn ids_differ_and_tell_nothing_of_each_other() {
    let hall = Hall::new();
    hall.io.of("/other");
    let (client, socket) = hall.guest();
    let there = client.enter("/other");
    let (_second, other) = hall.guest();
    let ids = [socket.id(), there.id(), other.id()];
    assert!(ids.iter().all(|id| id.as_str().len() == 20));
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}
