"""Every row of the contract, seen by python-socketio in one mode."""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True  # this is the source tree

from python.guests import Guests, own_namespace  # noqa: E402
from python.peer import start_loop  # noqa: E402
from python.rows import ROWS  # noqa: E402
from python.scenes import SCENES, SECRET  # noqa: E402

CHECKS_AT_ONCE = 8


class Place:
    """A namespace in which the common handlers must serve."""

    def __init__(self, namespace, label, auth=None):
        self.namespace, self.label, self.auth = namespace, label, auth

    def connect(self, guests):
        return guests.connect(self.namespace, auth=self.auth)

    def connect_all(self, guests, count):
        return [self.connect(guests) for _ in range(count)]


PLACES = [Place("/", "/"), Place("/custom", "/custom"), Place("/guarded", "/guarded", SECRET), Place(own_namespace(), "/dyn-N")]


def failure_of(check, flags):
    name, run = check
    guests = Guests(flags.url, flags.mode, flags.client == "async", flags.reference)
    try:
        run(guests)
    except Exception as error:  # whatever it is, it is the failure of this check
        return f"FAILED  {name}: {type(error).__name__} {str(error).splitlines()[:1]}"
    finally:
        guests.leave()
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--mode", choices=["polling", "websocket", "upgrade"], default="upgrade")
    parser.add_argument("--client", choices=["sync", "async"], default="sync")
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--only", default="")
    flags = parser.parse_args()

    start_loop()
    checks = list(SCENES)
    for place in PLACES:
        checks += [(f"{place.label} {name}", lambda guests, run=run, place=place: run(guests, place)) for name, run in ROWS]
    checks = [check for check in checks if flags.only in check[0]]
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        failures = [line for line in pool.map(lambda check: failure_of(check, flags), checks) if line]
    for line in failures:
        print(line)
    print(f"contract client=python-{flags.client} mode={flags.mode} checks={len(checks)} failed={len(failures)}", flush=True)
    # Threads of failed checks may still wait for something.
    os._exit(1 if failures or not checks else 0)


main()
