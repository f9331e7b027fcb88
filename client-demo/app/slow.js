/**
 * A connection as bad as one wants: the face of the browser's WebSocket, whose messages come late but, as with TCP, never
 * in another order. What one message waits for, all behind it wait for.
 */

/** Applies to all connections, now: `latency` and `jitter` in milliseconds for there and back, `stalls` in stalls a minute. */
export const weather = { latency: 0, jitter: 0, stalls: 0, isCut: false };
/** How long a stall is, in milliseconds. */
export const STALL = 700;

/** The first bytes of a ping and of its answer in the native protocol. */
const [PING, PONG] = [7, 0x89];
/** When pings were said that are not answered yet, and how long the last one took, in milliseconds. */
export const pings = { sent: /** @type {number[]} */ ([]), trip: 0 };

/** Connections that are open. @type {Set<SlowSocket>} */
const open = new Set();

/** Nothing goes either way until this time. */
let stalledUntil = 0;
let nextStall = 0;

/** Lets a stall begin when it is time. */
function brood() {
    const now = performance.now();
    if (weather.stalls && nextStall && now >= nextStall) stalledUntil = now + STALL;
    if (!weather.stalls) nextStall = 0;
    else if (now >= nextStall) nextStall = now + (60_000 / weather.stalls) * (0.5 + Math.random());
}
setInterval(brood, 100);

/** Breaks all connections, or lets them be made again. @param {boolean} isCut */
export function cut(isCut) {
    weather.isCut = isCut;
    if (isCut) for (const socket of [...open]) socket.abort();
}

/** Bytes that are said but not yet sent. */
export const outbox = () => [...open].reduce((sum, socket) => sum + socket.bufferedAmount, 0);

/** @param {any} data */
const firstByte = (data) => (data instanceof ArrayBuffer ? new Uint8Array(data, 0, 1)[0] : data[0]);

/** One way: what is put in happens later, in order. */
class Way {
    #free = 0;
    #waiting = 0;

    /** @param {() => void} act */
    put(act) {
        const now = performance.now();
        const late = weather.latency / 2 + (weather.jitter / 2) * Math.random();
        this.#free = Math.max(now + late, this.#free, stalledUntil);
        if (this.#free <= now && !this.#waiting) return act();
        this.#waiting++;
        setTimeout(() => (this.#waiting--, act()), this.#free - now);
    }
}

/** A WebSocket in this weather. */
export class SlowSocket {
    /** @type {((event: any) => void) | null} */
    onopen = null;
    /** @type {((event: any) => void) | null} */
    onmessage = null;
    /** @type {((event: any) => void) | null} */
    onclose = null;
    /** @type {((event: any) => void) | null} */
    onerror = null;
    /** @type {WebSocket | null} */
    #socket = null;
    #binaryType = /** @type {BinaryType} */ ("arraybuffer");
    #isOver = false;
    #held = 0;
    #out = new Way();
    #in = new Way();

    /** @param {string} url */
    constructor(url) {
        open.add(this);
        // There is nothing to connect to, and soon that is known.
        if (weather.isCut) setTimeout(() => this.#end(1006, ""), 50);
        if (weather.isCut) return;
        this.#socket = new WebSocket(url);
        this.#socket.binaryType = "arraybuffer";
        this.#socket.onopen = (event) => this.#in.put(() => this.#isOver || this.onopen?.(event));
        this.#socket.onmessage = (event) => this.#in.put(() => this.#hear(event));
        this.#socket.onerror = (event) => this.#isOver || this.onerror?.(event);
        this.#socket.onclose = ({ code, reason }) => this.#in.put(() => this.#end(code, reason));
    }

    get readyState() {
        return this.#isOver ? 3 : this.#socket?.readyState ?? 0;
    }

    get bufferedAmount() {
        return this.#held + (this.#socket?.bufferedAmount ?? 0);
    }

    get binaryType() {
        return this.#binaryType;
    }

    set binaryType(type) {
        this.#binaryType = type;
        if (this.#socket) this.#socket.binaryType = type;
    }

    /** @param {MessageEvent} event */
    #hear(event) {
        if (this.#isOver) return;
        const sent = firstByte(event.data) === PONG && pings.sent.shift();
        if (sent) pings.trip = performance.now() - sent;
        this.onmessage?.(event);
    }

    /** @param {any} data */
    send(data) {
        if (firstByte(data) === PING) pings.sent.push(performance.now());
        const size = data.byteLength ?? data.length;
        this.#held += size;
        this.#out.put(() => {
            this.#held -= size;
            if (this.#socket?.readyState === 1) this.#socket.send(data);
        });
    }

    /** After what is still under way. @param {number} [code] @param {string} [reason] */
    close(code, reason) {
        open.delete(this);
        this.#out.put(() => this.#socket?.close(code, reason));
    }

    /** As if the cable was pulled: nobody says goodbye. */
    abort() {
        this.#socket?.close();
        this.#end(1006, "");
    }

    /** @param {number} code @param {string} reason */
    #end(code, reason) {
        open.delete(this);
        if (this.#isOver) return;
        this.#isOver = true;
        pings.sent.length = 0;
        this.onclose?.({ code, reason, wasClean: code === 1000 });
    }
}
