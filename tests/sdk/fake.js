// A server in this process, behind a WebSocket that is none. Time is that of `node:test`'s timers.

import { mock } from "node:test";
import { setImmediate } from "node:timers/promises";
import { Client } from "../../client-demo/sdk/client.js";
import { fromClient, toClient } from "../../client-demo/sdk/messages.js";
import { SCHEMA, packet, stream } from "./world.js";

export class FakeServer {
    /** All connections there were. */
    connections = [];
    now = 0;
    heard = [];
    isUp = true;

    constructor() {
        mock.timers.enable({ apis: ["setTimeout"] });
        const server = this;
        this.WebSocket = class {
            readyState = 0;
            constructor(url) {
                this.url = url;
                server.connections.push(this);
                queueMicrotask(() => {
                    if (!server.isUp) return this.end(1006);
                    this.readyState = 1;
                    this.onopen?.({});
                });
            }
            send(bytes) {
                server.heard.push(fromClient.decode(bytes));
            }
            close(code) {
                this.closedWith = code;
                this.readyState = 3;
            }
            end(code, reason = "") {
                this.readyState = 3;
                this.onclose?.({ code, reason });
            }
        };
    }

    get connection() {
        return this.connections.at(-1);
    }

    connect(options = {}) {
        options.WebSocket ??= this.WebSocket;
        options.now ??= () => this.now;
        return new Client("ws://fake", options, stream).opened;
    }

    /** A client that is welcomed. */
    async client(options) {
        const client = this.connect(options);
        await settle();
        this.welcome();
        return client;
    }

    /** A client in a match. */
    async joined(options, join = {}) {
        const client = await this.client(options);
        const match = client.join(join);
        await settle();
        this.enter();
        return [client, await match];
    }

    tell(message) {
        const bytes = toClient.encode(message);
        this.connection.onmessage?.({ data: bytes.buffer });
    }

    welcome(more = {}) {
        const count = this.connections.length;
        this.tell({ type: "welcome", socket: "s1", resume: `r${count}`, resumed: false, silence: 15000, now: 0n, ...more });
    }

    enter(more = {}) {
        this.tell({ type: "schema", hash: 7n, schema: SCHEMA });
        this.tell({ type: "joined", match: "m1", player: 1, spectator: false, tick: 9, tickRate: 20, schema: 7n, ...more });
    }

    state(tick, entities = {}, more = {}) {
        this.tell({ type: "state", packet: packet(tick, entities, more) });
    }

    /** What was said since, without pings. */
    take() {
        return this.heard.splice(0).filter(({ type }) => type !== "ping");
    }

    async pass(milliseconds) {
        for (let left = milliseconds; left > 0; left -= 10) {
            this.now += Math.min(10, left);
            mock.timers.tick(Math.min(10, left));
            await Promise.resolve();
        }
        await settle();
    }

    /** The connection breaks. */
    async cut(code = 1006) {
        this.connection.end(code);
        await settle();
    }

    done() {
        mock.timers.reset();
    }
}

/** Lets promises that are kept be heard. */
export const settle = () => setImmediate();
