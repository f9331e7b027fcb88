//! Users, who may hold several sockets.

use super::*;
use tickwire::ids::UserId;

fn user(name: &str) -> UserId {
    name.into()
}

#[test]
fn what_is_for_a_user_reaches_all_its_sockets_once() {
    let hall = Hall::new();
    let guests: Vec<_> = (0..4).map(|_| hall.guest()).collect();
    for (index, name) in [(0, "ann"), (1, "ann"), (2, "bob")] {
        guests[index].1.set_user(user(name));
        guests[index].1.join("room");
    }
    let heard =
        || -> Vec<usize> { guests.iter().map(|(client, _)| client.heard().len()).collect() };
    let io = &hall.io;
    io.to_users(["ann"]).emit("x", ());
    assert_eq!(heard(), [1, 1, 0, 0]);
    io.to_users(["ann", "bob", "ann", "nobody"]).emit("x", ());
    assert_eq!(heard(), [1, 1, 1, 0]);
    io.to_users(["bob"]).to("room").emit("x", ());
    assert_eq!(heard(), [1, 1, 1, 0]);
    io.to_users(["ann"]).except(guests[0].1.id()).emit("x", ());
    assert_eq!(heard(), [0, 1, 0, 0]);
    guests[0].1.broadcast().to_users(["ann"]).emit("x", ());
    assert_eq!(heard(), [0, 1, 0, 0]);
    io.to_users(["nobody"]).emit("x", ());
    io.to_users([""; 0]).emit("x", ());
    assert_eq!(heard(), [0, 0, 0, 0]);
    assert_eq!(io.to_users(["ann"]).fetch_sockets().len(), 2);
    io.to_users(["ann"]).sockets_join("of ann");
    io.to("of ann").disconnect_sockets();
    assert_eq!(heard(), [1, 1, 0, 0]);
}

#[test]
fn a_socket_belongs_to_whom_it_was_given_last() {
    let hall = Hall::new();
    let (client, socket) = hall.guest();
    assert_eq!(socket.user(), None);
    for name in ["ann", "bob", "bob"] {
        socket.set_user(user(name));
        assert_eq!(socket.user(), Some(user(name)));
        hall.io.to_users(["ann"]).emit("for ann", ());
        hall.io.to_users(["bob"]).emit("for bob", ());
    }
    assert_eq!(client.heard(), ["for ann []", "for bob []", "for bob []"]);
    client.leave("/");
    assert_eq!(socket.user(), Some(user("bob")));
    assert_eq!(hall.io.to_users(["bob"]).fetch_sockets(), []);
    socket.set_user(user("ann"));
    assert_eq!(hall.io.to_users(["ann"]).fetch_sockets(), [], "it is gone");
}

#[test]
fn middleware_may_say_who_somebody_is() {
    let hall = Hall::new();
    hall.io.main().middleware(|socket| {
        let name = socket.handshake().auth.get("name").and_then(|name| name.as_str());
        name.into_iter().for_each(|name| socket.set_user(name.into()));
        Ok(())
    });
    let client = hall.client();
    client.connect_as("/", &serde_json::json!({"name": "ann"}), None).unwrap();
    hall.io.to_users(["ann"]).emit("x", ());
    assert_eq!(client.heard(), ["connect", "x []"]);
}

#[test]
fn each_namespace_knows_users_of_its_own() {
    let hall = Hall::new();
    let other = hall.io.of("/other");
    let (client, here) = hall.guest();
    let there = client.enter("/other");
    let (second, also_there) = hall.guest_in("/other");
    here.set_user(user("ann"));
    also_there.set_user(user("ann"));
    hall.io.to_users(["ann"]).emit("here", ());
    other.to_users(["ann"]).emit("there", ());
    assert_eq!((client.heard(), second.heard().len()), (vec!["here []".into()], 1));
    there.set_user(user("ann"));
    other.to_users(vec![user("ann")]).emit("there", ());
    assert_eq!(client.heard(), ["/other there []"]);
}
