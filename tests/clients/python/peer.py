"""One connection of python-socketio, the blocking one or the one of asyncio, with the same face."""

import asyncio
import logging
import threading

import socketio

from .inbox import PATIENCE, Inbox

TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}

_loop = asyncio.new_event_loop()


def start_loop():
    # Clients that the server has dropped leave their HTTP sessions open, and aiohttp is loud about it.
    logging.getLogger("asyncio").disabled = True
    threading.Thread(target=_loop.run_forever, daemon=True).start()


class Peer:
    """A connection with sockets in one or more namespaces; `inbox(namespace)` has what each was told."""

    def __init__(self, url, mode, namespaces, auth=None, asynchronous=False):
        self.url, self.mode, self.namespaces, self.auth = url, mode, namespaces, auth
        self.asynchronous = asynchronous
        self.inboxes = {namespace: Inbox() for namespace in namespaces}
        self.answers = {}
        self.client = self._wait(self._make_client) if asynchronous else socketio.Client(reconnection=False)
        for namespace in namespaces:
            self._listen(namespace)

    async def _make_client(self):
        return socketio.AsyncClient(reconnection=False)

    def _wait(self, function, *args, **kwargs):
        if not self.asynchronous:
            return function(*args, **kwargs)
        return asyncio.run_coroutine_threadsafe(function(*args, **kwargs), _loop).result(PATIENCE * 2)

    def _listen(self, namespace):
        inbox = self.inboxes[namespace]

        def told(event, *args):
            inbox.push(event, args)
            answer = self.answers.get(event)
            return answer(*args) if answer else None

        self.client.on("*", told, namespace=namespace)
        for event in ("connect", "disconnect", "connect_error"):
            self.client.on(event, lambda *args, event=event: inbox.push(f"({event})", args), namespace=namespace)

    def connect(self):
        self._wait(
            self.client.connect,
            self.url,
            auth=self.auth,
            transports=TRANSPORTS[self.mode],
            namespaces=self.namespaces,
            wait_timeout=PATIENCE,
        )
        return self

    def inbox(self, namespace=None):
        return self.inboxes[namespace or self.namespaces[0]]

    def id(self, namespace=None):
        return self.client.get_sid(namespace or self.namespaces[0])

    @property
    def session(self):
        return self.client.eio.sid

    @property
    def transport(self):
        return self.client.transport()

    def emit(self, event, *args, namespace=None):
        self._wait(self.client.emit, event, args, namespace=namespace or self.namespaces[0])

    def ask(self, event, *args, namespace=None):
        """The acknowledgement: one value, or a tuple of several."""
        where = namespace or self.namespaces[0]
        return self._wait(self.client.call, event, args, namespace=where, timeout=PATIENCE)

    def answer(self, event, reply):
        self.answers[event] = reply

    def next(self, event, where=lambda *args: True, namespace=None):
        return self.inbox(namespace).next(event, where)

    def all(self, event, where=lambda *args: True, namespace=None):
        return self.inbox(namespace).all(event, where)

    def fence(self, namespace=None):
        """When this has come back, all that the server had sent before has come too."""
        self.ask("message-with-ack", "fence", namespace=namespace)

    def disconnect(self):
        # While a POST is under way python-engineio forgets to send its goodbye, and then waits for the next ping.
        self._wait(self.client.eio.queue.join)
        self._wait(self.client.disconnect)
