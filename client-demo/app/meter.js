/** What is measured of a connection and of the page, ten times a second, kept for as long as a chart shows. */

import { outbox, pings } from "./slow.js";

/** So many samples are kept: 24 seconds. */
export const SAMPLES = 240;
export const SAMPLE_EVERY = 100;
/** By so many packets is known when they are due. */
const DUE_BY = 200;

/** @typedef {import("../sdk/client.js").Client} Client */
/** @typedef {import("../sdk/match.js").Match} Match */
/** @typedef {"trip" | "jitter" | "late" | "in" | "out" | "fixes" | "lead" | "outbox" | "frames"} Kind */

const KINDS = /** @type {Kind[]} */ (["trip", "jitter", "late", "in", "out", "fixes", "lead", "outbox", "frames"]);
const sum = (/** @type {Record<string, number>} */ counts) => Object.values(counts).reduce((all, count) => all + count, 0);

export class Meter {
    /** @type {Record<Kind, number[]>} */
    series = /** @type {any} */ (Object.fromEntries(KINDS.map((kind) => [kind, []])));
    /** What came to be corrected, all in all; by how far the last time, in units. */
    corrections = 0;
    slip = 0;
    frames = 0;
    #late = 0;
    #lead = 0;
    /** When packets came, against their ticks. @type {number[]} */
    #offsets = [];
    #last = { at: performance.now(), in: 0, out: 0, fixes: 0, frames: 0 };

    /** Listens to a match. @param {Match} match */
    attach(match) {
        this.#offsets = [];
        const period = 1000 / match.tickRate;
        match.on("tick", (/** @type {any} */ view) => {
            const offset = performance.now() - view.tick * period;
            this.#offsets.push(offset);
            if (this.#offsets.length > DUE_BY) this.#offsets.shift();
            // The one that took least was on time.
            this.#late = Math.max(this.#late, offset - Math.min(...this.#offsets));
        });
        match.on("correction", (/** @type {number} */ _, /** @type {any} */ { from, to }) => {
            this.corrections++;
            if (from?.Body && to?.Body) this.slip = Math.hypot(from.Body.x - to.Body.x, from.Body.y - to.Body.y);
        });
    }

    /** An input was said for a tick. @param {number} tick @param {number} now the server's tick */
    said(tick, now) {
        this.#lead = tick - now;
    }

    /** Notes all of it. @param {Client} client */
    sample(client) {
        const { stats } = client;
        const now = performance.now();
        const seconds = Math.max(0.001, (now - this.#last.at) / 1000);
        const next = { at: now, in: sum(stats.bytesIn), out: sum(stats.bytesOut), fixes: this.corrections, frames: this.frames };
        const rate = (/** @type {"in" | "out" | "frames"} */ name) => Math.max(0, next[name] - this.#last[name]) / seconds;
        this.#note("trip", pings.trip || stats.roundTrip);
        this.#note("jitter", stats.jitter);
        this.#note("late", this.#late);
        this.#note("in", this.#smooth("in", rate("in")));
        this.#note("out", this.#smooth("out", rate("out")));
        this.#note("fixes", next.fixes - this.#last.fixes);
        this.#note("lead", this.#lead);
        this.#note("outbox", outbox());
        this.#note("frames", this.#smooth("frames", rate("frames")));
        this.#last = next;
        this.#late = 0;
    }

    /** The newest value. @param {Kind} kind */
    last(kind) {
        return this.series[kind].at(-1) ?? 0;
    }

    /** A rate over a tenth of a second jumps; over half a second it can be read. @param {Kind} kind @param {number} value */
    #smooth(kind, value) {
        return this.series[kind].length ? this.last(kind) + (value - this.last(kind)) * 0.2 : value;
    }

    /** @param {Kind} kind @param {number} value */
    #note(kind, value) {
        const series = this.series[kind];
        series.push(Number.isFinite(value) ? value : 0);
        if (series.length > SAMPLES) series.shift();
    }
}
