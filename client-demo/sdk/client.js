/** A client: one socket of the server's, whose events, answers and match outlast its connections. */

import { TickwireError } from "./bytes.js";
import { Connection } from "./connection.js";
import { Events } from "./events.js";
import { Stage } from "./link.js";
import { Match } from "./match.js";
import { fromClient } from "./messages.js";

const BACKLOG_MOST = 64 << 10;
const CLOSE_MOST = 1000;
const RESERVED = ["connect", "disconnect", "reconnect", "error"];
const RESUME_REFUSED = 202;
const ALREADY_IN_MATCH = 303;
/** The name under which all events are told; the server has none like it. */
const ANY = Symbol("any");

/** @typedef {import("./messages.js").Message} Message */
/** @typedef {import("./connection.js").Why} Why */
/** @typedef {{ resolve: (...args: any[]) => void, reject: (why: Error) => void }} Waiting */

export class Client extends Events {
    id = "";
    /** @type {Match | null} */
    match = null;
    /** Kept when it is welcomed for the first time. @type {Promise<Client>} */
    opened;
    /** @type {Waiting | null} */
    #opening = null;
    #connection;
    /** @type {(Waiting & { options: Record<string, any>, isSaid: boolean }) | null} */
    #joining = null;
    /** The match of a client that came back, until somebody asks for it. @type {Message | null} */
    #unasked = null;
    /** @type {Uint8Array[]} */
    #backlog = [];
    /** @type {Map<number, Waiting>} */
    #answers = new Map();
    #nextAnswer = 0;
    #counts = { keyframes: 0, desyncs: 0, corrections: 0, late: 0, reconnects: 0 };

    /** @param {string} url @param {import("./connection.js").Options} options @param {any} stream what is in `stream/` */
    constructor(url, options, stream) {
        super();
        this.stream = stream;
        this.opened = new Promise((resolve, reject) => (this.#opening = { resolve, reject }));
        const lost = (/** @type {Why} */ why, /** @type {boolean} */ wasWelcomed) => this.#lost(why, wasWelcomed);
        this.#connection = new Connection(url, options, (message) => this.#heard(message), lost);
    }

    get connected() {
        return this.#connection.link.isWelcomed;
    }

    get resume() {
        return this.#connection.link.resume;
    }

    get stats() {
        const { bytesIn, bytesOut, link } = this.#connection;
        const { roundTrip, jitter } = link.clock;
        return { roundTrip, jitter, bytesIn: { ...bytesIn }, bytesOut: { ...bytesOut }, ...this.#counts };
    }

    /** What the server's clock shows, in milliseconds. */
    serverTime() {
        return this.#connection.link.clock.serverTime(this.#connection.now);
    }

    /** Hears all events of the server. @param {Function} listener gets the name first */
    onAny(listener) {
        return this.on(ANY, listener);
    }

    /** Tells the server; a function as the last argument hears the answer. @param {string} name @param {any[]} args */
    emit(name, ...args) {
        const hear = typeof args.at(-1) === "function" ? args.pop() : null;
        // What it throws is its own affair.
        this.#tell(name, args, hear && { resolve: (...answer) => queueMicrotask(() => hear(...answer)), reject() {} });
    }

    /** Asks the server. @param {string} name @param {any[]} args @returns {Promise<any>} */
    ask(name, ...args) {
        return new Promise((resolve, reject) => this.#tell(name, args, { resolve, reject }));
    }

    /** Asks, and gives up after so long. @param {number} milliseconds */
    timeout(milliseconds) {
        const ask = (/** @type {string} */ name, /** @type {any[]} */ ...args) =>
            new Promise((resolve, reject) => {
                const id = this.#tell(name, args, {
                    resolve: (answer) => (clearTimeout(timer), resolve(answer)),
                    reject: (why) => (clearTimeout(timer), reject(why)),
                });
                const timer = setTimeout(() => {
                    this.#answers.delete(id);
                    reject(new TickwireError(0, `no answer to ${name} in ${milliseconds} ms`));
                }, milliseconds);
            });
        return { ask };
    }

    /** Into a match. @param {Record<string, any>} options @returns {Promise<Match>} */
    join(options = {}) {
        return new Promise((resolve, reject) => {
            this.#checkOpen();
            if (this.match || this.#joining) throw new TickwireError(ALREADY_IN_MATCH, "you are in a match already");
            this.#joining = { resolve, reject, options, isSaid: false };
            if (!this.#unasked) return this.#sayJoin();
            this.#joined(this.#unasked);
            // What came before is lost.
            this.#connection.say({ type: "keyframe" });
        });
    }

    /** Is gone for good, and gives its seat up. */
    close() {
        const close = () => (clearTimeout(timer), this.#connection.close());
        // A word and the end of the connection right behind it may be taken for a break.
        const timer = setTimeout(close, CLOSE_MOST);
        if (this.match && this.connected) this.match.leave().then(close);
        else close();
    }

    #checkOpen() {
        if (this.#connection.isOver) throw new TickwireError(0, "the client is closed");
    }

    /** @param {Message} message */
    #heard(message) {
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
                return this.fire("error", message.sentence, message.code);
        }
    }

    /** @param {Message} message */
    #welcomed({ socket, resumed }) {
        this.id = socket;
        this.#connection.link.outbox.push(...this.#backlog.splice(0));
        if (!resumed) this.#end({ code: RESUME_REFUSED, reason: "the server does not know the socket any more" });
        this.#sayJoin();
        const opening = this.#opening;
        this.#opening = null;
        opening?.resolve(this);
        this.fire("connect");
        if (opening) return;
        this.#counts.reconnects++;
        this.fire("reconnect", resumed);
    }

    #sayJoin() {
        const [joining, { stage }] = [this.#joining, this.#connection.link];
        if (!joining || joining.isSaid || (stage !== Stage.free && stage !== Stage.left)) return;
        const { place = "", name = "", options, spectator = false, prediction } = joining.options;
        const chosen = options === undefined ? "" : JSON.stringify(options);
        joining.isSaid = true;
        try {
            this.#connection.say({ type: "join", place, name, options: chosen, spectator, predicts: !!prediction });
        } catch (error) {
            this.#joining = null;
            joining.reject(/** @type {Error} */ (error));
        }
    }

    /** @param {Message} message */
    #joined(message) {
        const [joining, connection] = [this.#joining, this.#connection];
        if (this.match) {
            this.match.join(message);
            if (this.match.isLeaving) connection.say({ type: "leave" });
            return;
        }
        this.#unasked = joining ? null : message;
        if (!joining) return;
        this.#joining = null;
        this.match = new Match(connection, this.stream, this.#counts, message, joining.options);
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

    /** The match is over. @param {Why} why */
    #end(why) {
        const match = this.match;
        this.match = null;
        match?.end(why);
    }

    /** @param {Message} message */
    #event({ name, args, ack }) {
        const { id, resume } = this;
        if (ack !== null) {
            let isOpen = true;
            args.push((/** @type {any[]} */ ...answer) => {
                // Another connection knows nothing of the question.
                const isSame = this.connected && this.id === id && this.resume?.token === resume?.token;
                if (isOpen && isSame) this.#connection.say({ type: "ack", id: ack, args: answer });
                isOpen = false;
            });
        }
        if (RESERVED.includes(name)) return;
        this.fire(ANY, name, ...args);
        this.fire(name, ...args);
    }

    /** @param {string} name @param {any[]} args @param {Waiting | null} waiting */
    #tell(name, args, waiting) {
        this.#checkOpen();
        while (this.#answers.has(this.#nextAnswer)) this.#nextAnswer = (this.#nextAnswer + 1) >>> 0;
        const id = this.#nextAnswer;
        const message = { type: "event", ack: waiting ? id : null, name, args };
        if (this.connected) {
            this.#connection.say(message);
        } else {
            const packet = fromClient.encode(message);
            const size = this.#backlog.reduce((sum, { length }) => sum + length, packet.length);
            if (size > BACKLOG_MOST) throw new TickwireError(0, `more than ${BACKLOG_MOST} bytes wait to be sent`);
            this.#backlog.push(packet);
        }
        if (waiting) this.#answers.set(id, waiting);
        return id;
    }

    /** The connection is gone. @param {Why} why @param {boolean} wasWelcomed */
    #lost(why, wasWelcomed) {
        const { isOver } = this.#connection ?? { isOver: true };
        const error = new TickwireError(why.code, why.reason);
        this.#unasked = null;
        // What waits to be said is said later; answers to what was said do not come any more.
        if (wasWelcomed || isOver) {
            const answers = [...this.#answers.values()];
            this.#answers.clear();
            answers.forEach((waiting) => waiting.reject(error));
        }
        if (this.#joining) this.#joining.isSaid = false;
        if (isOver) {
            this.#opening?.reject(error);
            this.#joining?.reject(error);
            this.#opening = this.#joining = null;
            this.#end(why);
        }
        if (wasWelcomed) this.fire("disconnect", why.reason, why.code);
    }
}
