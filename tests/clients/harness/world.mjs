import { dependency } from "./dependencies.mjs";
import { Peer } from "./peer.mjs";
import { check } from "./runner.mjs";

const TRANSPORTS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };

let names = 0;
const ownNumber = () => `${process.pid}${String(names++).padStart(6, "0")}`;

/** Processes share a server, so what must be one's own is named after the process. */
export const ownRoom = (hint) => `${hint}-${ownNumber()}`;
export const ownNamespace = () => `/dyn-${ownNumber()}`;

/** One client library in one mode against one server. */
export class World {
  constructor({ url, client, mode, msgpack, recovery }) {
    Object.assign(this, { url, client, mode, msgpack, recovery });
    this.library = dependency(`socket.io-client-${client}`);
  }

  /** What the server calls the transport once a connection has settled. */
  get transport() {
    return this.mode === "polling" ? "polling" : "websocket";
  }

  isAtLeast(version) {
    return Number(this.client) >= version;
  }

  options(more) {
    return {
      forceNew: true,
      reconnection: false,
      transports: TRANSPORTS[this.mode],
      ...(this.msgpack && { parser: dependency("socket.io-msgpack-parser") }),
      ...more,
    };
  }

  /** A check that has its own sockets; they are closed when it is over. */
  check(name, run) {
    return check(name, async () => {
      const guests = new Guests(this);
      try {
        await run(guests);
      } finally {
        guests.leave();
      }
    });
  }
}

/** The sockets of one check. */
export class Guests {
  #peers = [];

  constructor(world) {
    this.world = world;
  }

  /** A socket on a connection of its own; not yet connected. */
  open(namespace, { auth, ...more } = {}) {
    return this.#welcome(this.world.library.io(this.world.url + namespace, this.world.options({ auth, ...more })));
  }

  /** A socket in one more namespace of the connection of `peer`. */
  openBeside(peer, namespace, { auth } = {}) {
    return this.#welcome(peer.manager.socket(namespace, { auth }));
  }

  /** A connected socket; `settled`: its upgrade, if it has one, is over. */
  async connect(namespace, { settled = true, ...options } = {}) {
    const peer = this.open(namespace, options);
    await peer.next("(connect)");
    if (settled && this.world.mode === "upgrade") await peer.upgraded();
    return peer;
  }

  async connectBeside(peer, namespace, options) {
    const sibling = this.openBeside(peer, namespace, options);
    await sibling.next("(connect)");
    return sibling;
  }

  #welcome(socket) {
    const peer = new Peer(socket, { offsets: this.world.recovery });
    this.#peers.push(peer);
    return peer;
  }

  leave() {
    for (const { socket, engine } of this.#peers) {
      socket.io.reconnection(false);
      socket.disconnect();
      engine?.close();
    }
  }
}
