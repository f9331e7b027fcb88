/**
 * One client's side of the protocol, without a socket: packets in, packets out. What does not keep to the order of the
 * standard it does not let through. It remembers what it needs to come back. Time is passed in, in milliseconds.
 */

import { ProtocolError } from "./bytes.js";
import { Clock, toMicroseconds } from "./clock.js";
import { VERSION, fromClient, toClient } from "./messages.js";

const HANDSHAKE_MOST = 10_000;
const QUICK_PINGS = 5;
const QUICK_PING_INTERVAL = 200;
const PING_INTERVAL = 2_000;

/** The stages of a connection, in the order of the standard's tables. */
export const Stage = { opened: 0, greeted: 1, free: 2, joining: 3, joined: 4, leaving: 5, left: 6, ended: 7 };

/**
 * The standard's tables, a mark for each stage: the next stage, `=` the same, `x` passed over, `-` out of order.
 * @type {Record<string, string>}
 */
export const SAYS = {
    hello: "1-------",
    join: "--3---3-",
    leave: "----5-x-",
    input: "----=-x-",
    keyframe: "----=-x-",
    look: "----=-x-",
    event: "--=====-",
    ack: "--=====-",
    ping: "--=====-",
};
/** @type {Record<string, string>} */
export const HEARS = {
    welcome: "-2------",
    resumed: "-3------",
    schema: "---=----",
    joined: "---4----",
    left: "---262--",
    state: "--xx==x-",
    stateAfter: "--xx==x-",
    event: "--=====-",
    ack: "--=====-",
    pong: "--=====-",
    error: "--=====-",
    fatal: "7777777-",
};

/** @typedef {import("./messages.js").Message} Message */

export class Link {
    stage = Stage.ended;
    clock = new Clock();
    /** Packets to be sent. @type {Uint8Array[]} */
    outbox = [];
    /** The schema that was sent last. @type {{ hash: bigint, bytes: Uint8Array } | null} */
    schema = null;
    /** How to come back. @type {{ token: string, offset: string | null } | null} */
    resume = null;
    #opened = 0;
    #deadline = 0;
    #silence = 0;
    #nextPing = 0;
    #pings = 0;

    /** Begins on a new connection, which was opened now. @param {{ software: string, token?: string }} who @param {number} now */
    open(who, now) {
        this.stage = Stage.opened;
        this.clock = new Clock();
        this.outbox = [];
        this.say({ type: "hello", version: VERSION, ...who, schema: this.schema?.hash, resume: this.resume });
        this.#opened = now;
        this.#deadline = now + HANDSHAKE_MOST;
    }

    get isWelcomed() {
        return this.stage > Stage.greeted && this.stage < Stage.ended;
    }

    /** Says something, unless it crossed the end of its match. @param {Message} message */
    say(message) {
        const stage = this.#follow(SAYS, message.type);
        if (stage === null) return 0;
        const packet = fromClient.encode(message);
        this.stage = stage;
        this.outbox.push(packet);
        return packet.length;
    }

    /** Takes a packet; there is no message if it was for the link alone. An error is the end. @param {Uint8Array} packet @param {number} now */
    hear(packet, now) {
        try {
            const message = toClient.decode(packet);
            const { type } = message;
            const row = type === "welcome" && message.resumed ? "resumed" : type === "error" && message.fatal ? "fatal" : type;
            const stage = this.#follow(HEARS, row);
            if (type === "joined" && message.schema !== this.schema?.hash) {
                throw new ProtocolError("the schema of the match was not sent");
            }
            this.stage = stage ?? this.stage;
            this.#note(message, now);
            if (this.isWelcomed) this.#deadline = now + this.#silence;
            return stage === null || type === "pong" ? null : message;
        } catch (error) {
            this.stage = Stage.ended;
            throw error;
        }
    }

    /** When `pass` is to be called at the latest. */
    get due() {
        if (this.stage === Stage.ended) return Infinity;
        return this.isWelcomed ? Math.min(this.#deadline, this.#nextPing) : this.#deadline;
    }

    /** Lets time pass: pings, or gives the server up. @param {number} now */
    pass(now) {
        if (this.stage === Stage.ended) return;
        if (now >= this.#deadline) {
            const why = this.isWelcomed ? "nothing was heard for too long" : "there was no welcome in time";
            this.stage = Stage.ended;
            throw new ProtocolError(why);
        }
        if (!this.isWelcomed || now < this.#nextPing) return;
        this.say({ type: "ping", sent: toMicroseconds(now) });
        const interval = ++this.#pings < QUICK_PINGS ? QUICK_PING_INTERVAL : PING_INTERVAL;
        this.#nextPing = now + Math.min(interval, this.#silence / 3);
    }

    /** The stage after a message; null if it is passed over. @param {Record<string, string>} table @param {string} row */
    #follow(table, row) {
        const mark = table[row][this.stage];
        if (mark === "-") throw new ProtocolError(`${row} is out of order in stage ${this.stage}`);
        return mark === "x" ? null : mark === "=" ? this.stage : Number(mark);
    }

    /** Remembers what is needed later. @param {Message} message @param {number} now */
    #note(message, now) {
        switch (message.type) {
            case "welcome":
                this.resume = { token: message.resume, offset: (message.resumed && this.resume?.offset) || null };
                this.#silence = message.silence;
                this.clock.note(toMicroseconds(this.#opened), message.now, now);
                return this.#pingQuickly(now);
            case "schema":
                this.schema = { hash: message.hash, bytes: message.schema.slice() };
                return;
            case "joined":
                this.clock.setMatch(message.tickRate, message.tick, now);
                return this.#pingQuickly(now);
            case "left":
                return this.clock.setMatch(0, 0, now);
            case "event":
                if (this.resume) this.resume.offset = message.offset ?? this.resume.offset;
                return;
            case "pong":
                return this.clock.notePong(/** @type {any} */ (message), now);
        }
    }

    /** @param {number} now */
    #pingQuickly(now) {
        this.#pings = 0;
        this.#nextPing = now;
    }
}
