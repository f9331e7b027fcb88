//! Broadcasts that all who hear them answer.

use super::*;
use tickwire::event::{Args, ToArgs};
use tickwire::hub::Partial;

fn args(of: impl ToArgs) -> Args {
    of.to_args().expect("it can be sent")
}

#[test]
fn all_answers_are_gathered_as_they_come() {
    let hall = Hall::new();
    let clients: Vec<_> = (0..3).map(|_| hall.guest()).collect();
    let mut reply = hall.io.main().timeout(seconds(5)).emit_with_ack("a", 1);
    for index in [2, 0, 1] {
        assert_eq!(ready(&mut reply), None);
        assert_eq!(clients[index].0.heard(), ["a [1] #0"]);
        clients[index].0.answer(0, index);
        clients[index].0.answer(0, "again");
    }
    assert_eq!(ready(&mut reply), Some(Ok(vec![args(2), args(0), args(1)])));
    hall.pass(seconds(9));
}

#[test]
fn only_those_are_asked_whom_the_sentence_names() {
    let hall = Hall::new();
    let (a, in_room) = hall.guest();
    let (b, not_meant) = hall.guest();
    let (c, _) = hall.guest();
    in_room.join("room");
    not_meant.join(["room", "but"]);
    let mut reply = hall.io.to("room").except("but").emit_with_ack("a", ());
    a.answer(0, "me");
    assert_eq!(ready(&mut reply), Some(Ok(vec![args("me")])));
    let mut others = in_room.broadcast().emit_with_ack("b", ());
    b.answer(1, "b");
    c.answer(1, "c");
    assert_eq!(ready(&mut others), Some(Ok(vec![args("b"), args("c")])));
    assert_eq!((a.heard().len(), b.heard().len(), c.heard().len()), (1, 1, 1));
}

#[test]
fn where_nobody_is_nobody_is_waited_for() {
    let hall = Hall::new();
    let (_client, _) = hall.guest();
    assert_eq!(ready(&mut hall.io.to("empty").emit_with_ack("a", ())), Some(Ok(vec![])));
    assert_eq!(ready(&mut hall.io.to([""; 0]).emit_with_ack("a", ())), Some(Ok(vec![])));
    let empty = hall.io.of("/empty");
    assert_eq!(ready(&mut empty.timeout(seconds(1)).emit_with_ack("a", ())), Some(Ok(vec![])));
    hall.pass(seconds(20));
}

#[test]
fn who_does_not_answer_in_time_is_missing() {
    let hall = Hall::new();
    let (quick, _) = hall.guest();
    let (_slow, _) = hall.guest();
    let (late, _) = hall.guest();
    let mut reply = hall.io.main().timeout(seconds(2)).emit_with_ack("a", ());
    quick.answer(0, "quick");
    hall.pass(seconds(1));
    assert_eq!(ready(&mut reply), None);
    hall.pass(seconds(1));
    let expected = Partial { replies: vec![args("quick")], missing: 2 };
    assert_eq!(expected.to_string(), "2 of 3 clients did not answer");
    assert_eq!(ready(&mut reply), Some(Err(expected)));
    late.answer(0, "too late");
}

#[test]
fn without_a_time_the_hubs_own_is_waited() {
    let hall = Hall::new();
    let (_client, _) = hall.guest();
    let mut reply = hall.io.to("none").to(hall.io.main().rooms()).emit_with_ack("a", ());
    hall.pass(options().ack_timeout - seconds(1));
    assert_eq!(ready(&mut reply), None);
    hall.pass(seconds(1));
    assert_eq!(ready(&mut reply), Some(Err(Partial { replies: vec![], missing: 1 })));
}

#[test]
fn who_goes_is_missing_and_waited_for_no_longer() {
    let hall = Hall::new();
    let (stays, _) = hall.guest();
    let (mut lost, _) = hall.guest();
    let (leaves, _) = hall.guest();
    let (_thrown, socket) = hall.guest();
    let mut reply = hall.io.main().timeout(seconds(60)).emit_with_ack("a", ());
    lost.lose("ping timeout");
    leaves.leave("/");
    socket.disconnect();
    assert_eq!(ready(&mut reply), None);
    stays.answer(0, "here");
    let expected = Partial { replies: vec![args("here")], missing: 3 };
    assert_eq!(ready(&mut reply), Some(Err(expected)));
    hall.pass(seconds(60));
}

#[test]
fn several_are_gathered_at_once() {
    let hall = Hall::new();
    let (a, one) = hall.guest();
    let (b, _) = hall.guest();
    let mut first = hall.io.main().timeout(seconds(1)).emit_with_ack("a", ());
    let mut second = hall.io.main().timeout(seconds(2)).emit_with_ack("b", ());
    let mut single = one.emit_with_ack("c", ());
    a.answer(1, "a1");
    b.answer(0, "b0");
    a.answer(2, "a2");
    hall.pass(seconds(1));
    b.answer(1, "b1");
    assert_eq!(ready(&mut first), Some(Err(Partial { replies: vec![args("b0")], missing: 1 })));
    assert_eq!(ready(&mut second), Some(Ok(vec![args("a1"), args("b1")])));
    assert_eq!(ready(&mut single), Some(Ok(args("a2"))));
}

#[test]
fn what_is_over_leaves_no_alarm_behind() {
    let hall = Hall::new();
    let (client, _) = hall.guest();
    for number in 0..10 {
        let mut reply = hall.io.main().timeout(seconds(3600)).emit_with_ack("a", ());
        client.answer(number, ());
        assert!(ready(&mut reply).is_some());
    }
    assert_eq!(hall.io.poll_timeout(), None);
}

#[test]
fn those_of_a_whole_family_of_namespaces_are_asked() {
    let hall = Hall::new();
    let family = hall.io.of_pattern("^/room-[0-9]+$").unwrap();
    let (first, _) = hall.guest_in("/room-1");
    let (second, _) = hall.guest_in("/room-2");
    let mut replies = family.timeout(seconds(1)).emit_with_ack("q", ());
    assert_eq!(first.heard(), ["/room-1 q [] #0"]);
    assert_eq!(second.heard(), ["/room-2 q [] #0"]);
    first.link().ack("/room-1", 0, args(1)).unwrap();
    assert!(ready(&mut replies).is_none());
    hall.pass(seconds(1));
    let partial = ready(&mut replies).expect("time is over").unwrap_err();
    assert_eq!((partial.replies, partial.missing), (vec![args(1)], 1));
    second.link().ack("/room-2", 0, args(2)).unwrap();
}
