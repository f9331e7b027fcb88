"""The connections of one check, and names that no other process has."""

import contextlib
import itertools
import os
import threading

import socketio

from .peer import Peer

_numbers = itertools.count()


def own_room(hint):
    return f"{hint}-{os.getpid()}-{next(_numbers)}"


def own_namespace():
    return f"/dyn-{os.getpid()}{next(_numbers):06}"


class Guests:
    def __init__(self, url, mode, asynchronous, reference):
        self.url, self.mode, self.asynchronous = url, mode, asynchronous
        self.reference = reference
        self._peers = []

    @property
    def transport(self):
        return "polling" if self.mode == "polling" else "websocket"

    @property
    def keeps_order(self):
        # The blocking client handles each packet in a thread of its own.
        return self.asynchronous

    def arrived(self, peer, event, count, namespace=None):
        """The next `count` such events, in the order in which they came as far as the client keeps it."""
        events = [peer.next(event, namespace=namespace) for _ in range(count)]
        return events if self.keeps_order else sorted(events)

    @property
    def takes_bursts(self):
        # The official server puts more packets into one payload than python-engineio takes.
        return not (self.reference and self.mode == "polling")

    def open(self, *namespaces, auth=None):
        peer = Peer(self.url, self.mode, list(namespaces), auth, self.asynchronous)
        self._peers.append(peer)
        return peer

    def connect(self, *namespaces, auth=None):
        return self.open(*namespaces, auth=auth).connect()

    def refused(self, namespace, auth=None):
        """What the server says when it refuses."""
        peer = self.open(namespace, auth=auth)
        _aside(peer.connect)
        return peer.next("(connect_error)")[0]

    def leave(self):
        for peer in self._peers:
            if peer.client.connected:
                _aside(peer.disconnect)


def _aside(action):
    """Lets the client take its time: it may wait for a ping before it believes that it is disconnected."""

    def quietly():
        with contextlib.suppress(socketio.exceptions.ConnectionError, TimeoutError):
            action()

    threading.Thread(target=quietly, daemon=True).start()
