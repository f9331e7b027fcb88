/** A client: one socket of the server's, over one connection after another. */

import { ProtocolError, TickwireError } from "./bytes.js";
import { Events } from "./events.js";
import { Link, Stage } from "./link.js";
import { Match } from "./match.js";
import { fromClient } from "./messages.js";

const BACKLOG_MOST = 64 << 10;
const WAIT_LEAST = 200;
const WAIT_MOST = 10_000;
const WAIT_BUSY = 3_000;
/** A connection that held so long was a good one. */
const GOOD = 10_000;
const RESERVED = new Set(["connect", "disconnect", "reconnect", "error"]);
const RESUME_REFUSED = 202;
const IN_MATCH = 303;
const BUSY = new Set([104, 400, 401, 403]);
/** What may be otherwise the next time: too much, silence, a late handshake, an old seat, and the server's own troubles. */
const isWorthAnother = (/** @type {number} */ code) => code < 100 || code >= 400 || [104, 105, 106, RESUME_REFUSED].includes(code);

/** @typedef {import("./messages.js").Message} Message */
/** @typedef {{ resolve: (...args: any[]) => void, reject: (why: Error) => void }} Waiting */
/** @typedef {{ state: number, events: number, control: number }} Bytes */
/**
 * @typedef {object} Options
 * @property {string} [software] what the client is, for the server's logs
 * @property {string} [token] who the user is
 * @property {{ token: string, offset: string | null }} [resume] what `client.resume` was
 * @property {boolean} [reconnect]
 * @property {any} [WebSocket] a class, where there is none
 * @property {() => number} [now] milliseconds
 */

/** By the first byte of a packet. @param {number} tag @returns {keyof Bytes} */
function kindOf(tag) {
    if (tag === 0x85 || tag === 0x86 || tag === 4 || tag === 8 || tag === 9) return "state";
    return tag === 0x87 || tag === 0x88 || tag === 5 || tag === 6 ? "events" : "control";
}

/** With what WebSocket adds. @param {number} length @param {number} mask */
const framed = (length, mask) => length + mask + (length < 126 ? 2 : length < 65536 ? 4 : 10);

export class Client extends Events {
    id = "";
    connected = false;
    /** @type {Match | null} */
    match = null;
    /** Kept when it is welcomed for the first time. @type {Promise<Client>} */
    opened;
    #link = new Link();
    /** @type {any} */
    #socket = null;
    /** @type {any} */
    #timer;
    #timerAt = Infinity;
    #isClosed = false;
    #tries = 0;
    #openedAt = 0;
    /** @type {{ code: number, reason: string } | null} */
    #lastWord = null;
    /** @type {(Waiting & { options: Record<string, any>, isSaid: boolean }) | null} */
    #joining = null;
    /** The match of a client that came back, until somebody asks for it. @type {Message | null} */
    #unasked = null;
    /** @type {Uint8Array[]} */
    #backlog = [];
    /** @type {Map<number, Waiting>} */
    #answers = new Map();
    #nextAnswer = 0;
    /** @type {Function[]} */
    #any = [];
    /** @type {Waiting | null} */
    #opening = null;
    #counts = {
        bytesIn: { state: 0, events: 0, control: 0 },
        bytesOut: { state: 0, events: 0, control: 0 },
        keyframes: 0, desyncs: 0, corrections: 0, reconnects: 0,
    };

    /** @param {string} url @param {Options} options @param {any} stream what is in `stream/` */
    constructor(url, options, stream) {
        super();
        this.url = url;
        this.options = options;
        this.stream = stream;
        this.#link.resume = options.resume ?? null;
        this.opened = new Promise((resolve, reject) => (this.#opening = { resolve, reject }));
        this.#open();
    }

    get resume() {
        return this.#link.resume;
    }

    get stats() {
        const { roundTrip, jitter } = this.#link.clock;
        return { ...structuredClone(this.#counts), roundTrip, jitter };
    }

    /** What the server's clock shows, in milliseconds. */
    serverTime() {
        return this.#link.clock.serverTime(this.#now());
    }

    /** Hears all events of the server. @param {Function} listener gets the name first */
    onAny(listener) {
        this.#any.push(listener);
        return this;
    }

    /** Tells the server; a function as the last argument hears the answer. @param {string} name @param {any[]} args */
    emit(name, ...args) {
        const resolve = typeof args.at(-1) === "function" ? args.pop() : null;
        this.#tell(name, args, resolve && { resolve, reject() {} });
    }

    /** Asks the server. @param {string} name @param {any[]} args @returns {Promise<any>} */
    ask(name, ...args) {
        return new Promise((resolve, reject) => this.#tell(name, args, { resolve, reject }));
    }

    /** Asks, and gives up after so long. @param {number} milliseconds */
    timeout(milliseconds) {
        return {
            ask: (/** @type {string} */ name, /** @type {any[]} */ ...args) =>
                new Promise((resolve, reject) => {
                    const id = this.#tell(name, args, {
                        resolve: (answer) => (clearTimeout(timer), resolve(answer)),
                        reject: (why) => (clearTimeout(timer), reject(why)),
                    });
                    const timer = setTimeout(() => {
                        this.#answers.delete(id);
                        reject(new TickwireError(0, `no answer to ${name} in ${milliseconds} ms`));
                    }, milliseconds);
                }),
        };
    }

    /** Into a match. @param {Record<string, any>} options @returns {Promise<Match>} */
    join(options = {}) {
        return new Promise((resolve, reject) => {
            if (this.#isClosed) throw new TickwireError(0, "the client is closed");
            if (this.match || this.#joining) throw new TickwireError(IN_MATCH, "you are in a match already");
            this.#joining = { resolve, reject, options, isSaid: false };
            if (!this.#unasked) return this.#sayJoin();
            this.#joined(this.#unasked);
            // What came before is lost.
            this.#say({ type: "keyframe" });
        });
    }

    /** Is gone for good, and gives its seat up. */
    close() {
        if (this.#isClosed) return;
        if (this.match && this.#link.stage === Stage.joined) this.#say({ type: "leave" });
        const socket = this.#socket;
        this.#isClosed = true;
        this.#lost({ code: 0, reason: "the client closed" });
        socket?.close(1000);
    }

    #now() {
        return this.options.now?.() ?? performance.now();
    }

    #open() {
        const Socket = this.options.WebSocket ?? globalThis.WebSocket;
        if (!Socket) throw new TickwireError(0, "there is no WebSocket here: pass one, as { WebSocket } of the package ws");
        const who = { software: this.options.software ?? "tickwire.js", token: this.options.token };
        const socket = new Socket(this.url);
        socket.binaryType = "arraybuffer";
        this.#socket = socket;
        this.#lastWord = null;
        // The time to connect counts as well; the hello is said once it is open.
        this.#link.open(who, this.#now());
        this.#schedule();
        /** Acts, if the connection is still the one. @param {(event: any) => void} act */
        const on = (act) => (/** @type {any} */ event) => void (socket === this.#socket && act(event));
        socket.onopen = on(() => {
            this.#link.open(who, this.#now());
            this.#flush();
        });
        socket.onmessage = on(({ data }) => this.#try(() => this.#hear(data)));
        socket.onclose = on(({ code, reason }) => {
            this.#lost(this.#lastWord ?? { code: code >= 4000 ? code - 4000 : 0, reason: reason || `closed with ${code}` });
        });
        socket.onerror = () => {};
    }

    /** Does what the link may refuse, and then what follows. @param {() => void} act */
    #try(act) {
        const socket = this.#socket;
        try {
            act();
            if (this.#socket === socket) this.#link.pass(this.#now());
        } catch (error) {
            if (!(error instanceof TickwireError)) throw error;
            this.#lost(this.#lastWord ?? { code: 0, reason: error.reason });
            socket.close();
        }
        if (this.#socket === socket) this.#flush();
    }

    #flush() {
        if (this.#socket?.readyState !== 1) return;
        for (const packet of this.#link.outbox.splice(0)) {
            this.#counts.bytesOut[kindOf(packet[0])] += framed(packet.length, 4);
            this.#socket.send(packet);
        }
        this.#schedule();
    }

    #schedule() {
        const { due } = this.#link;
        if (due >= this.#timerAt) return;
        clearTimeout(this.#timer);
        this.#timerAt = due;
        this.#timer = setTimeout(() => {
            this.#timerAt = Infinity;
            if (this.#socket) this.#try(() => {});
            if (this.#socket) this.#schedule();
        }, Math.max(0, due - this.#now()));
    }

    /** @param {Message} message */
    #say(message) {
        this.#link.say(message);
        this.#flush();
    }

    /** @param {any} data */
    #hear(data) {
        if (typeof data === "string") throw new ProtocolError("a text came");
        const packet = new Uint8Array(data);
        this.#counts.bytesIn[kindOf(packet[0])] += framed(packet.length, 0);
        const message = this.#link.hear(packet, this.#now());
        if (!message) return;
        switch (message.type) {
            case "welcome":
                return this.#welcomed(message);
            case "joined":
                return this.#joined(message);
            case "left":
                return this.#left(message);
            case "state":
            case "stateAfter":
                return this.match?.receive(message);
            case "event":
                return this.#event(message);
            case "ack": {
                const waiting = this.#answers.get(message.id);
                this.#answers.delete(message.id);
                return waiting?.resolve(...message.args);
            }
            case "error":
                this.#lastWord = message.fatal ? { code: message.code, reason: message.sentence } : null;
                return this.fire("error", message.sentence, message.code);
        }
    }

    /** @param {Message} message */
    #welcomed({ socket, resumed }) {
        this.id = socket;
        this.connected = true;
        this.#openedAt = this.#now();
        this.#link.outbox.push(...this.#backlog.splice(0));
        if (!resumed && this.match) this.#end({ code: RESUME_REFUSED, reason: "the server does not know the socket any more" });
        this.#sayJoin();
        const isFirst = !!this.#opening;
        this.#opening?.resolve(this);
        this.#opening = null;
        this.fire("connect");
        if (isFirst) return;
        this.#counts.reconnects++;
        this.fire("reconnect", resumed);
    }

    #sayJoin() {
        const joining = this.#joining;
        if (!joining || joining.isSaid || (this.#link.stage !== Stage.free && this.#link.stage !== Stage.left)) return;
        const { place = "", name = "", options, spectator = false, prediction } = joining.options;
        joining.isSaid = true;
        const said = { place, name, options: options === undefined ? "" : JSON.stringify(options), spectator, predicts: !!prediction };
        try {
            this.#say({ type: "join", ...said });
        } catch (error) {
            this.#joining = null;
            joining.reject(/** @type {Error} */ (error));
        }
    }

    /** @param {Message} message */
    #joined(message) {
        if (this.match) {
            this.match.join(message);
            if (this.match.isLeaving) this.#say({ type: "leave" });
            return;
        }
        const joining = this.#joining;
        this.#unasked = joining ? null : message;
        if (!joining) return;
        this.#joining = null;
        const host = {
            say: (/** @type {Message} */ said) => this.#say(said),
            now: () => this.#now(),
            clock: () => this.#link.clock,
            isHere: () => this.#link.stage === Stage.joined,
            schema: () => /** @type {any} */ (this.#link.schema),
            stream: this.stream,
            stats: this.#counts,
        };
        this.match = new Match(host, message, joining.options);
        joining.resolve(this.match);
    }

    /** @param {Message} message */
    #left({ code, reason }) {
        this.#unasked = null;
        if (this.match) return this.#end({ code, reason });
        const joining = this.#joining;
        // A client that came back to nothing asks anew.
        if (!joining?.isSaid) return this.#sayJoin();
        this.#joining = null;
        joining.reject(new TickwireError(code, reason));
    }

    /** The match is over. @param {{ code: number, reason: string }} why */
    #end(why) {
        const match = this.match;
        this.match = null;
        match?.end(why);
    }

    /** @param {Message} message */
    #event({ name, args, ack }) {
        const socket = this.#socket;
        if (ack !== null) {
            let isOpen = true;
            args.push((/** @type {any[]} */ ...answer) => {
                if (isOpen && socket === this.#socket) this.#say({ type: "ack", id: ack, args: answer });
                isOpen = false;
            });
        }
        if (RESERVED.has(name)) return;
        this.#any.forEach((listener) => listener(name, ...args));
        this.fire(name, ...args);
    }

    /** @param {string} name @param {any[]} args @param {Waiting | null} waiting */
    #tell(name, args, waiting) {
        if (this.#isClosed) throw new TickwireError(0, "the client is closed");
        while (this.#answers.has(this.#nextAnswer)) this.#nextAnswer = (this.#nextAnswer + 1) >>> 0;
        const ack = waiting ? this.#nextAnswer : null;
        const message = { type: "event", ack, name, args };
        if (this.connected) {
            this.#say(message);
        } else {
            const packet = fromClient.encode(message);
            const size = this.#backlog.reduce((sum, { length }) => sum + length, packet.length);
            if (size > BACKLOG_MOST) throw new TickwireError(0, `more than ${BACKLOG_MOST} bytes wait to be sent`);
            this.#backlog.push(packet);
        }
        if (waiting) this.#answers.set(this.#nextAnswer, waiting);
        return this.#nextAnswer;
    }

    /** The connection is gone. @param {{ code: number, reason: string }} why */
    #lost(why) {
        const wasConnected = this.connected;
        clearTimeout(this.#timer);
        this.#timerAt = Infinity;
        this.#socket = null;
        this.#unasked = null;
        this.connected = false;
        this.#link.stage = Stage.ended;
        const error = new TickwireError(why.code, why.reason);
        const { reconnect = true } = this.options;
        const isLast = this.#isClosed || !reconnect || !!this.#opening || !isWorthAnother(why.code);
        this.#isClosed ||= isLast;
        // What waits to be said is said later; the answers to what was said do not come any more.
        if (wasConnected || isLast) {
            const answers = [...this.#answers.values()];
            this.#answers.clear();
            answers.forEach((waiting) => waiting.reject(error));
        }
        if (isLast) {
            this.#opening?.reject(error);
            this.#joining?.reject(error);
            this.#opening = this.#joining = null;
            this.#end(why);
        } else {
            if (this.#joining) this.#joining.isSaid = false;
            if (why.code === RESUME_REFUSED) this.#link.resume = null;
            this.#comeBack(BUSY.has(why.code), wasConnected);
        }
        if (wasConnected) this.fire("disconnect", why.reason, why.code);
    }

    /** @param {boolean} isBusy @param {boolean} wasConnected */
    #comeBack(isBusy, wasConnected) {
        if (wasConnected && this.#now() - this.#openedAt >= GOOD) this.#tries = 0;
        const base = Math.max(Math.min(WAIT_MOST, WAIT_LEAST * 2 ** this.#tries), isBusy ? WAIT_BUSY : 0);
        const wait = this.#tries++ || isBusy ? base * (0.5 + Math.random() / 2) : base;
        this.#timer = setTimeout(() => this.#isClosed || this.#open(), wait);
    }
}
