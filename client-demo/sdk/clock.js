/** The server's time, from pings: of the last few the one that was back soonest tells it. Times are milliseconds. */

const SAMPLES = 8;

/** A time as packets tell it. @param {number} time */
export const toMicroseconds = (time) => BigInt(Math.round(time * 1000));

export class Clock {
    /** @type {{ roundTrip: number, ahead: number }[]} */
    #samples = [];
    /** How far the match was at some time of the server's. @type {{ at: number, tick: number } | null} */
    #beat = null;
    #tickRate = 0;

    /** It was so late at the server between then and now. @param {bigint} sent @param {bigint} server @param {number} now */
    note(sent, server, now) {
        const roundTrip = Number(toMicroseconds(now) - sent) / 1000;
        if (roundTrip < 0) return;
        const ahead = Number(BigInt.asIntN(64, server - sent)) / 1000 - roundTrip / 2;
        this.#samples = [...this.#samples, { roundTrip, ahead }].slice(-SAMPLES);
    }

    /** @param {{ sent: bigint, now: bigint, tick: number, phase: number }} pong @param {number} now */
    notePong(pong, now) {
        this.note(pong.sent, pong.now, now);
        // The server's time is told as it is known here: by its difference.
        const at = Number(BigInt.asIntN(64, pong.now - pong.sent)) / 1000 + Number(pong.sent) / 1000;
        if (pong.tick && this.#tickRate) this.#beat = { at, tick: pong.tick + pong.phase / 256 };
    }

    /** Another match begins, or none. @param {number} tickRate @param {number} tick @param {number} now */
    setMatch(tickRate, tick, now) {
        this.#tickRate = tickRate;
        this.#beat = tickRate ? { at: this.serverTime(now) - this.roundTrip / 2, tick } : null;
    }

    get #best() {
        return this.#samples.reduce((best, sample) => (sample.roundTrip < best.roundTrip ? sample : best));
    }

    /** How long a ping takes there and back, at its best of late. */
    get roundTrip() {
        return this.#samples.length ? this.#best.roundTrip : 0;
    }

    /** By how much pings take longer than the best, on average. */
    get jitter() {
        const late = this.#samples.reduce((sum, sample) => sum + sample.roundTrip - this.roundTrip, 0);
        return late / Math.max(1, this.#samples.length);
    }

    /** What the server's clock shows. @param {number} now */
    serverTime(now) {
        return this.#samples.length ? now + this.#best.ahead : NaN;
    }

    /** The tick that the match has reached at the server, with a fraction. @param {number} now */
    tick(now) {
        if (!this.#beat) return NaN;
        return this.#beat.tick + (Math.max(0, this.serverTime(now) - this.#beat.at) * this.#tickRate) / 1000;
    }
}
