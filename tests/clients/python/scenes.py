"""What is checked once: namespaces, payloads, order."""

import time

from .guests import own_namespace, own_room
from .inbox import PATIENCE
from .rows import same

SECRET = {"token": "secret"}
EVENTS = 1000


def eventually(what, ask):
    deadline = time.monotonic() + PATIENCE
    while not ask():
        assert time.monotonic() < deadline, f"{what} did not come true"
        time.sleep(0.02)


def guarded(guests):
    for auth in (None, {"token": "wrong"}):
        same(guests.refused("/guarded", auth), {"message": "not authorized", "data": {"code": 401}}, "the refusal")
    guests.connect("/guarded", auth=SECRET).fence()


def unknown(guests):
    for namespace in ("/nope", "/dyn-abc", "/dyn-1x", "/customs"):
        same(guests.refused(namespace), {"message": "Invalid namespace"}, "the refusal")


def several(guests):
    namespaces = ["/", "/custom", "/guarded", own_namespace()]
    peer = guests.connect(*namespaces, auth=SECRET)
    same(len({peer.session, *map(peer.id, namespaces)}), 5, "how many ids")
    for namespace in namespaces:
        peer.emit("message", namespace, namespace=namespace)
    for namespace in namespaces:
        same(peer.next("message-back", namespace=namespace), (namespace,), "what came back")
        peer.fence(namespace)
        same(len(peer.all("message-back", namespace=namespace)), 1, "how much came back")
    peer.emit("kick", namespace="/custom")
    peer.next("(disconnect)", namespace="/custom")
    peer.fence("/")


def apart(guests):
    here, there = own_namespace(), own_namespace()
    sender, neighbour, stranger = (guests.connect(name) for name in (here, here, there))
    sender.ask("emit-all", "x")
    sender.ask("private", stranger.id(), "x")
    neighbour.next("all")
    stranger.fence()
    same(stranger.all("all") + stranger.all("private-msg"), [], "what the stranger was told")


def payloads(guests):
    peer = guests.connect("/custom")
    binary = bytes(range(256)) * (3500 if guests.mode == "websocket" else 2700)
    for payload in ("grüße 世界 👾 \u0000\u001e\u2028", 2**53 - 1, -0.001, 1e21, "x" * 900_000, binary, b""):
        peer.emit("message", payload)
        same(peer.next("message-back"), (payload,), "message-back")
        same(peer.ask("message-with-ack", payload), payload, "the ack")
    attachments = tuple(bytes([i]) for i in range(10))
    same(peer.ask("message-with-ack", *attachments), attachments, "ten attachments")


def order(guests):
    peer = guests.connect(own_namespace())
    events = EVENTS if guests.takes_bursts else 10
    for i in range(events):
        peer.emit("seq", i)
        peer.emit("message", i)
    same(peer.ask("seq-get"), list(range(events)), "what the server got")
    same(guests.arrived(peer, "message-back", events), [(i,) for i in range(events)], "what the client got")


def leaves(guests):
    witness, peer = guests.connect("/"), guests.connect("/")
    room, sid = own_room("left"), peer.id()
    peer.ask("join", room)
    peer.disconnect()
    same(peer.next("(disconnect)"), ("client disconnect",), "the reason")
    eventually("its rooms are empty", lambda: witness.ask("room-ids", room) + witness.ask("room-ids", sid) == [])
    peer.connect()
    same(peer.ask("whoami")["rooms"], [peer.id()], "the rooms")
    assert peer.id() != sid, "the id is a new one"


SCENES = [
    ("/guarded refuses with message and data, or lets in", guarded),
    ("an unknown name is an invalid namespace", unknown),
    ("several namespaces on one connection have their own ids and events", several),
    ("dynamic namespaces are apart", apart),
    ("payloads of all kinds and up to 900 kB", payloads),
    (f"{EVENTS} events each way in flight arrive once and in order", order),
    ("a client that disconnects leaves its rooms and may come back", leaves),
]
