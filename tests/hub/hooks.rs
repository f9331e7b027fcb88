//! Rooms that come and go, and who is told.

use super::*;
use tickwire::hub::RoomChange;

/// Notes all changes of a namespace's rooms, sockets by their first letter.
fn watch(hall: &Hall, namespace: &str) -> Log {
    let log = Log::default();
    let notes = log.clone();
    hall.io.of(namespace).on_room_change(move |change| {
        let name = |room: &str| if room.len() == 20 { "own".to_owned() } else { room.to_owned() };
        notes.note(match change {
            RoomChange::Created(room) => format!("+{}", name(room)),
            RoomChange::Joined(room, _) => format!(">{}", name(room)),
            RoomChange::Left(room, _) => format!("<{}", name(room)),
            RoomChange::Deleted(room) => format!("-{}", name(room)),
        });
    });
    log
}

#[test]
fn a_room_is_made_by_its_first_socket_and_goes_with_its_last() {
    let hall = Hall::new();
    let log = watch(&hall, "/");
    let (_a, a) = hall.guest();
    assert_eq!(log.take(), ["+own", ">own"]);
    let (b_client, b) = hall.guest();
    log.take();
    a.join(["x", "y", "x"]);
    assert_eq!(log.take(), ["+x", ">x", "+y", ">y"]);
    b.join("x");
    a.join("x");
    assert_eq!(log.take(), [">x"]);
    a.leave("x");
    a.leave("x");
    assert_eq!(log.take(), ["<x"]);
    b.leave("x");
    assert_eq!(log.take(), ["<x", "-x"]);
    b.join("y");
    log.take();
    b_client.leave("/");
    let mut left = log.take();
    left.sort();
    assert_eq!(left, ["-own", "<own", "<y"]);
    a.disconnect();
    assert_eq!(log.take().len(), 4);
}

#[test]
fn changes_name_the_room_and_the_socket() {
    let hall = Hall::new();
    let (_client, socket) = hall.guest();
    let seen: std::sync::Arc<std::sync::Mutex<Vec<RoomChange>>> = Default::default();
    let notes = seen.clone();
    hall.io.main().on_room_change(move |change| notes.lock().unwrap().push(change.clone()));
    hall.io.main().sockets_join("x");
    hall.io.main().sockets_leave("x");
    let (room, id) = (|| "x".into(), socket.id());
    let expected = [
        RoomChange::Created(room()),
        RoomChange::Joined(room(), id),
        RoomChange::Left(room(), id),
        RoomChange::Deleted(room()),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn the_rooms_of_each_namespace_are_told_to_its_own_listeners_and_those_of_its_parent() {
    let hall = Hall::new();
    let main = watch(&hall, "/");
    let parent = hall.io.of_pattern("^/room-").unwrap();
    let all = Log::default();
    let notes = all.clone();
    parent.on_room_change(move |change| notes.note(format!("{change:?}").len() > 3));
    let own = watch(&hall, "/room-1");
    let (client, socket) = hall.guest_in("/room-1");
    socket.join("x");
    assert_eq!(
        (own.take(), all.take().len()),
        (vec!["+own", ">own", "+x", ">x"].into_iter().map(String::from).collect(), 4)
    );
    client.enter("/room-2");
    assert_eq!((own.take(), all.take().len(), main.take()), (vec![], 2, vec![]));
}

#[test]
fn when_rooms_are_told_of_they_are_as_they_are_told() {
    let hall = Hall::new();
    let log = Log::default();
    let (io, notes) = (hall.io.clone(), log.clone());
    hall.io.main().on_room_change(move |change| {
        let (room, id) = match change {
            RoomChange::Joined(room, id) | RoomChange::Left(room, id) => (room, id),
            RoomChange::Created(room) | RoomChange::Deleted(room) => {
                let is_there = io.main().rooms().contains(room);
                return assert_eq!(is_there, matches!(change, RoomChange::Created(_)));
            }
        };
        let is_in = io.to(room.clone()).fetch_sockets().iter().any(|socket| socket.id() == *id);
        assert_eq!(is_in, matches!(change, RoomChange::Joined(..)));
        notes.note(room.len());
    });
    let (client, socket) = hall.guest();
    socket.join("x");
    socket.join("y");
    socket.leave("x");
    client.leave("/");
    assert_eq!(log.take(), ["20", "1", "1", "1", "20", "1"]);
}
