import { ownNamespace } from "../harness/world.mjs";

const SECRET = { token: "secret" };

/** A namespace in which the common handlers must serve, and how to get in. */
class Place {
  constructor(namespace, label, { auth, settled }) {
    Object.assign(this, { namespace, label, auth, settled });
  }

  peer(guests, { auth, ...options } = {}) {
    const credentials = this.auth || auth ? { ...this.auth, ...auth } : undefined;
    return guests.connect(this.namespace, { settled: this.settled, auth: credentials, ...options });
  }

  peers(guests, count) {
    return Promise.all(Array.from({ length: count }, () => this.peer(guests)));
  }
}

// Half of the places are used while their connections upgrade, half after it: rows must hold in both.
export const placesOf = () => [
  new Place("/", "/", { settled: true }),
  new Place("/custom", "/custom", { settled: false }),
  new Place("/guarded", "/guarded", { settled: true, auth: SECRET }),
  new Place(ownNamespace(), "/dyn-N", { settled: false }),
];

/** A row of the contract's table, to be checked in every place. */
export const row = (name, run) => ({ name, run });
