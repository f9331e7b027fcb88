/** A link over one WebSocket after another: it opens them, keeps the link's time, and comes back after a break. */

import { ProtocolError, TickwireError } from "./bytes.js";
import { Link, Stage } from "./link.js";

const WAIT_LEAST = 200;
const WAIT_MOST = 10_000;
const WAIT_BUSY = 3_000;
/** A connection that held so long was a good one. */
const GOOD = 10_000;
const RESUME_REFUSED = 202;
const BUSY = [104, 400, 401, 403];
/** May be otherwise the next time: too much, silence, a late handshake, a seat that is gone. */
const PASSING = [104, 105, 106, RESUME_REFUSED];

/** @typedef {{ code: number, reason: string }} Why */
/**
 * @typedef {object} Options
 * @property {string} [software] what the client is, for the server's logs
 * @property {string} [token] who the user is
 * @property {{ token: string, offset: string | null } | null} [resume] what `client.resume` was
 * @property {boolean} [reconnect]
 * @property {any} [WebSocket] a class, where there is none
 * @property {() => number} [now] milliseconds
 */

/** By the first byte of a packet. @param {number} tag @returns {"state" | "events" | "control"} */
function kindOf(tag) {
    if (tag === 0x85 || tag === 0x86 || tag === 4 || tag === 8 || tag === 9) return "state";
    return tag === 0x87 || tag === 0x88 || tag === 5 || tag === 6 ? "events" : "control";
}

export class Connection {
    link = new Link();
    bytesIn = { state: 0, events: 0, control: 0 };
    bytesOut = { state: 0, events: 0, control: 0 };
    /** Whether there will be no other. */
    isOver = false;
    /** @type {any} */
    #socket = null;
    /** @type {any} */
    #timer;
    #timerAt = Infinity;
    #tries = 0;
    #welcomedAt = NaN;
    /** @type {Why | null} */
    #lastWord = null;

    /**
     * @param {string} url @param {Options} options
     * @param {(message: import("./messages.js").Message) => void} heard
     * @param {(why: Why, wasWelcomed: boolean) => void} lost
     */
    constructor(url, options, heard, lost) {
        this.url = url;
        this.options = options;
        this.heard = heard;
        this.lost = lost;
        this.link.resume = options.resume ?? null;
        this.#open();
    }

    get now() {
        return this.options.now?.() ?? performance.now();
    }

    /** @param {import("./messages.js").Message} message */
    say(message) {
        this.link.say(message);
        this.#flush();
    }

    close() {
        if (this.isOver) return;
        const socket = this.#socket;
        this.isOver = true;
        this.#lose({ code: 0, reason: "the client closed" });
        socket?.close(1000);
    }

    #open() {
        const Socket = this.options.WebSocket ?? globalThis.WebSocket;
        if (!Socket) throw new TickwireError(0, "there is no WebSocket here: pass one, as { WebSocket } of the package ws");
        const who = { software: this.options.software ?? "tickwire.js", token: this.options.token };
        const socket = (this.#socket = new Socket(this.url));
        socket.binaryType = "arraybuffer";
        this.#lastWord = null;
        // The time to connect counts as well; the hello that is sent is said when it is open.
        this.link.open(who, this.now);
        this.#schedule();
        /** Acts, if the connection is still the one. @param {(event: any) => void} act */
        const on = (act) => (/** @type {any} */ event) => void (socket === this.#socket && act(event));
        socket.onopen = on(() => {
            this.link.open(who, this.now);
            this.#flush();
        });
        socket.onmessage = on(({ data }) => this.#try(() => this.#hear(data)));
        socket.onclose = on(({ code, reason }) => {
            this.#lose({ code: code >= 4000 ? code - 4000 : 0, reason: reason || `closed with ${code}` });
        });
        socket.onerror = () => {};
    }

    /** @param {any} data */
    #hear(data) {
        if (typeof data === "string") throw new ProtocolError("a text came");
        const packet = new Uint8Array(data);
        this.#count(this.bytesIn, packet, 0);
        const message = this.link.hear(packet, this.now);
        if (message?.type === "welcome") this.#welcomedAt = this.now;
        if (message?.type === "error" && message.fatal) this.#lastWord = { code: message.code, reason: message.sentence };
        if (message) this.heard(message);
    }

    /** Does what the link may refuse, lets its time pass, and sends what follows. @param {() => void} act */
    #try(act) {
        const socket = this.#socket;
        try {
            act();
            if (socket === this.#socket) this.link.pass(this.now);
        } catch (error) {
            if (!(error instanceof ProtocolError)) throw error;
            this.#lose({ code: 0, reason: error.reason });
            socket.close();
        }
        this.#flush();
    }

    #flush() {
        if (this.#socket?.readyState === 1) {
            for (const packet of this.link.outbox.splice(0)) {
                this.#count(this.bytesOut, packet, 4);
                this.#socket.send(packet);
            }
        }
        this.#schedule();
    }

    /** With what WebSocket adds. @param {Record<string, number>} counts @param {Uint8Array} packet @param {number} mask */
    #count(counts, { 0: tag, length }, mask) {
        counts[kindOf(tag)] += length + mask + (length < 126 ? 2 : length < 65536 ? 4 : 10);
    }

    #schedule() {
        const { due } = this.link;
        if (due >= this.#timerAt) return;
        this.#timerAt = due;
        this.#after(due - this.now, () => this.#socket && this.#try(() => {}));
    }

    /** @param {number} wait @param {() => void} act */
    #after(wait, act) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => {
            this.#timerAt = Infinity;
            act();
        }, wait);
    }

    /** The connection is gone; another may follow. @param {Why} why */
    #lose(why) {
        const { link, now } = this;
        const wasWelcomed = this.#welcomedAt <= now;
        why = this.#lastWord ?? why;
        clearTimeout(this.#timer);
        this.#timerAt = Infinity;
        this.#socket = this.#lastWord = null;
        link.stage = Stage.ended;
        const isWorth = why.code < 100 || why.code >= 400 || PASSING.includes(why.code);
        const isFirst = Number.isNaN(this.#welcomedAt);
        this.isOver ||= this.options.reconnect === false || isFirst || !isWorth;
        if (!this.isOver) {
            if (why.code === RESUME_REFUSED) link.resume = null;
            if (wasWelcomed && now - this.#welcomedAt >= GOOD) this.#tries = 0;
            const isBusy = BUSY.includes(why.code);
            const wait = Math.max(Math.min(WAIT_MOST, WAIT_LEAST * 2 ** this.#tries), isBusy ? WAIT_BUSY : 0);
            const isByChance = this.#tries++ > 0 || isBusy;
            this.#after(wait * (isByChance ? 0.5 + Math.random() / 2 : 1), () => this.#open());
        }
        if (!isFirst) this.#welcomedAt = Infinity;
        this.lost(why, wasWelcomed);
    }
}
