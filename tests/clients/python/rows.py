"""The rows of the contract, in every kind of namespace."""

from .guests import own_room


def same(actual, expected, what):
    assert actual == expected, f"{what} is {str(actual)[:200]} instead of {str(expected)[:200]}"


def told_once(event, where, yes, no):
    """Exactly the peers `yes` are told, once."""
    for peer in yes:
        peer.next(event, where)
    for peer, times in [(peer, 1) for peer in yes] + [(peer, 0) for peer in no]:
        peer.fence()
        same(len(peer.all(event, where)), times, f'how often "{event}" came')


def connection(guests, place):
    peer = place.connect(guests)
    peer.fence()
    events = [item for item in peer.inbox().log if item[0] != "(connect)"]
    same(events[0], ("auth", (place.auth or {},)), "the first event")
    same(len(peer.all("auth")), 1, "how often auth came")


def message(guests, place):
    peer = place.connect(guests)
    for args in [(), (1,), (None,), ("a", {"b": [True, {"c": 1.5}]}, [[]]), (b"\x01\x02", {"deep": [b"\xff", "x"]})]:
        peer.emit("message", *args)
        same(peer.next("message-back"), args, "message-back")


def message_with_ack(guests, place):
    peer = place.connect(guests)
    same(peer.ask("message-with-ack"), None, "the ack")
    for arg in [None, 1, "a", {"b": [True, None]}, [], b"\xff\x00", {"deep": [b"x"]}]:
        same(peer.ask("message-with-ack", arg), arg, "the ack")
    same(peer.ask("message-with-ack", 1, [b"x"], {}), (1, [b"x"], {}), "the ack")


def whoami(guests, place):
    peer = place.connect(guests)
    sid = peer.id()
    expected = {"id": sid, "nsp": place.namespace, "rooms": [sid], "transport": guests.transport, "recovered": False}
    same(peer.ask("whoami"), expected, "whoami")
    assert sid != peer.session, "the socket id is not the session id"


def join_and_leave(guests, place):
    peer = place.connect(guests)
    peer.ask("join", "b")
    same(peer.ask("join", "a"), sorted(["a", "b", peer.id()]), "the rooms")
    same(peer.ask("leave", "b"), sorted(["a", peer.id()]), "the rooms")
    same(peer.ask("leave", "never"), sorted(["a", peer.id()]), "the rooms")


def rooms(guests, place):
    sender, member, outsider = place.connect_all(guests, 3)
    room = own_room("room")
    for peer in (sender, member):
        peer.ask("join", room)
    payload = {"bytes": b"\x09"}
    same(sender.ask("to-room", room, payload), "ok", "the ack of to-room")
    same(member.next("room-msg"), (room, payload, sender.id()), "the message")
    same(sender.ask("in-room", room, "all"), "ok", "the ack of in-room")
    told_once("room-msg", lambda to, text, _: to == room and text == "all", [sender, member], [outsider])
    same(len(sender.all("room-msg")), 1, "how much the sender was told")


def to_rooms(guests, place):
    sender, both, excepted, by_id = place.connect_all(guests, 4)
    a, b = own_room("a"), own_room("b")
    for room in (a, b):
        both.ask("join", room)
    excepted.ask("join", a)
    same(sender.ask("to-rooms", [a, b, by_id.id()], [excepted.id()], a), "ok", "the ack")
    expected = (a, sender.id())
    told_once("rooms-msg", lambda *args: args == expected, [both, by_id], [sender, excepted])


def to_all(guests, place):
    sender, one, two = place.connect_all(guests, 3)
    text = own_room("all")
    same(sender.ask("broadcast", text), "ok", "the ack of broadcast")
    told_once("bcast", lambda *args: args == (text, sender.id()), [one, two], [sender])
    same(sender.ask("emit-all", text), "ok", "the ack of emit-all")
    told_once("all", lambda *args: args == (text, sender.id()), [sender, one, two], [])


def private(guests, place):
    sender, target, other = place.connect_all(guests, 3)
    same(sender.ask("private", target.id(), {"p": 1}), "ok", "the ack")
    told_once("private-msg", lambda *args: args == ({"p": 1}, sender.id()), [target], [sender, other])


def ask_me(guests, place):
    peer = place.connect(guests)
    peer.answer("question", lambda payload: {"heard": payload})
    same(peer.ask("ask-me", "x"), {"ok": True, "reply": {"heard": "x"}}, "the ack")
    same(peer.ask("ask-me", b"x"), {"ok": True, "reply": {"heard": b"x"}}, "the ack")


def ask_me_timeout(guests, place):
    peer = place.connect(guests)
    peer.answer("question-noreply", lambda payload: payload)
    same(peer.ask("ask-me-timeout", 30000), {"timedOut": False}, "the ack")


def ask_room(guests, place):
    asker, one, two = peers = place.connect_all(guests, 3)
    room = own_room("ask")
    same(asker.ask("ask-room", room, 1), {"ok": True, "replies": []}, "the ack of an empty room")
    for i, peer in enumerate(peers):
        peer.answer("question", lambda payload, i=i: f"{payload} {i}")
        peer.ask("join", room)
    result = asker.ask("ask-room", room, "hi")
    same((result["ok"], sorted(result["replies"])), (True, ["hi 0", "hi 1", "hi 2"]), "the ack")


def burst(guests, place):
    peer = place.connect(guests)
    count = 500 if guests.takes_bursts else 10
    same(peer.ask("burst", count), count, "the ack")
    if guests.keeps_order:
        same(len(peer.all("burst-item")), count, "how many items were there before the ack")
    same(guests.arrived(peer, "burst-item", count), [(i,) for i in range(count)], "the items")


def burst_volatile(guests, place):
    peer = place.connect(guests)
    count = 100 if guests.takes_bursts else 10
    same(peer.ask("burst-volatile", count), count, "the ack")
    peer.fence()
    items = [i for (i,) in peer.all("vol-item")]
    same(items if guests.keeps_order else sorted(items), sorted(set(items)), "the items")


def seq(guests, place):
    peer = place.connect(guests)
    for i in range(100):
        peer.emit("seq", i)
    same(peer.ask("seq-get"), list(range(100)), "seq-get")


def room_commands(guests, place):
    one, two, outsider = place.connect_all(guests, 3)
    room, other = own_room("from"), own_room("into")
    for peer in (one, two):
        peer.ask("join", room)
    ids = sorted([one.id(), two.id()])
    same(outsider.ask("room-ids", room), ids, "room-ids")
    same(outsider.ask("room-join-all", room, other), "ok", "the ack of room-join-all")
    same(outsider.ask("room-ids", other), ids, "room-ids")
    same(outsider.ask("room-leave-all", room, other), "ok", "the ack of room-leave-all")
    same(outsider.ask("room-ids", other), [], "room-ids")
    same(outsider.ask("room-kick", room), "ok", "the ack of room-kick")
    for peer in (one, two):
        same(peer.next("(disconnect)"), ("server disconnect",), "the reason")
    same(outsider.ask("room-ids", room), [], "room-ids")


def kick(guests, place):
    for event in ("kick", "kick-close"):
        peer = place.connect(guests)
        peer.emit("burst", 5)
        peer.emit(event)
        same(peer.next("(disconnect)"), ("server disconnect",), f"the reason of {event}")
        same(guests.arrived(peer, "burst-item", 5), [(i,) for i in range(5)], "the items before")


ROWS = [
    ("connection: the first event is `auth`", connection),
    ("message: comes back with the same arguments, binary too", message),
    ("message-with-ack: the ack has the same arguments, binary too", message_with_ack),
    ("whoami: a fresh socket is in one room, its own id", whoami),
    ("join, leave: the ack is the sorted list of rooms", join_and_leave),
    ("to-room, in-room: exactly those in the room", rooms),
    ("to-rooms: once each, without the excepted, ids are rooms", to_rooms),
    ("broadcast, emit-all: all in the namespace, without and with the sender", to_all),
    ("private: one socket alone", private),
    ("ask-me: the client's answer comes back", ask_me),
    ("ask-me-timeout: an answer in time stops the clock", ask_me_timeout),
    ("ask-room: the answers of all, an empty room at once", ask_room),
    ("burst: all items in order, before the ack", burst),
    ("burst-volatile: what is not dropped comes once and in order", burst_volatile),
    ("seq: the handlers run in the order of the events", seq),
    ("room-ids, room-join-all, room-leave-all, room-kick: act on all in a room", room_commands),
    ("kick, kick-close: the socket is told, after all that was emitted before", kick),
]
