"""What has arrived at a socket, in order; each item can be taken once."""

import threading
import time

PATIENCE = 60.0  # seconds; only a failing check ever waits this long


class Inbox:
    def __init__(self):
        self.log = []
        self._unread = []
        self._news = threading.Condition()

    def push(self, event, args):
        with self._news:
            self.log.append((event, args))
            self._unread.append((event, args))
            self._news.notify_all()

    def next(self, event, where=lambda *args: True):
        """The arguments of the next such event, now or when it comes."""
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while True:
                for i, (name, args) in enumerate(self._unread):
                    if name == event and where(*args):
                        del self._unread[i]
                        return args
                if not self._news.wait(deadline - time.monotonic()):
                    last = [item[0] for item in self.log[-3:]]
                    raise AssertionError(f'no "{event}" within {PATIENCE} s (last in the inbox: {last})')

    def all(self, event, where=lambda *args: True):
        """The arguments of all such events so far."""
        with self._news:
            return [args for name, args in self.log if name == event and where(*args)]
