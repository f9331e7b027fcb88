// What both sides believe about the numbers to come: which tables there are, and how they begin. It follows from the
// schema alone.

import { SCALE, bucketOf } from "./coder.js";

/** @import { LaneSpec, Schema } from "./schema.js" */

/** The code length, in half bits, of what has not been seen. */
export const LENGTH_MAX = 31;
/** Ages are told up to this; more is as much. */
export const AGE_LIMIT = 12;

/**
 * A table: code lengths in half bits, and where each symbol's share starts.
 * @typedef {{ lengths: Uint8Array, shares: Uint16Array }} Table
 */
/**
 * How a lane's values are written: as a step after the old value, as a step, as a residual.
 * @typedef {"small" | "direct" | "wide"} Form
 */
/** @typedef {{ first: number, residual: number, form: Form }} LaneTables */
/** How a lane moves. @typedef {{ steady: boolean, driver: Driver | null, home: number }} LaneMode */
/**
 * A lane that changes the velocity of another, by so many 1/65536.
 * @typedef {{ component: number, lane: number, gain: number }} Driver
 */

/** @param {number} most */
const signedSymbols = (most) => (most === 0 ? 1 : 3 + 2 * bucketOf(most));

/** For each alphabet, how many symbols it has, and their first code lengths. */
const ALPHABETS = {
    flag: [() => 2, () => 2],
    choice: [(/** @type {number} */ count) => count, first(1, (_, count) => 4 + 2 * (31 - Math.clz32(count)))],
    residual: [signedSymbols, first(2, (symbol) => 7 + (symbol >> 1))],
    value: [signedSymbols, () => 10],
    length: [signedSymbols, first(1, (symbol) => 10 + (symbol >> 1))],
    number: [(/** @type {number} */ most) => 2 + bucketOf(most), (/** @type {number} */ symbol) => 1 + 2 * symbol],
};

/** @param {number} length @param {(symbol: number, most: number) => number} others */
function first(length, others) {
    return (/** @type {number} */ symbol, /** @type {number} */ most) => (symbol === 0 ? length : others(symbol, most));
}

/** @param {number} length */
const weight = (length) => (length % 2 === 0 ? 1 << 20 : 741455) >> (length >> 1);

/** Shares out all by code lengths: everything gets at least one part. @param {Uint8Array} lengths @returns {Table} */
export function table(lengths) {
    const shares = new Uint16Array(lengths.length + 1), toShare = SCALE - lengths.length;
    let total = 0;
    for (const length of lengths) total += weight(length);
    // Quotients are far enough from whole numbers for doubles.
    const parts = Array.from(lengths, (length) => 1 + Math.floor((weight(length) * toShare) / total));
    // What rounding left over goes to the likeliest.
    parts[lengths.indexOf(Math.min(...lengths))] += SCALE - parts.reduce((sum, part) => sum + part, 0);
    parts.forEach((part, symbol) => (shares[symbol + 1] = shares[symbol] + part));
    return { lengths, shares };
}

/** The numbers of all tables of a schema, and how they begin. */
export class Layout {
    /** @param {Schema} schema */
    constructor(schema) {
        /** @type {Table[]} */
        this.tables = [];
        /** @type {Map<string, Table>} */
        this.priors = new Map();
        this.presence = this.add("flag", 0, 50);
        this.gap = this.add("number", 1 << 24);
        this.free = this.add("number", 1 << 24);
        this.nextId = this.add("residual", 2 ** 31);
        this.count = this.add("number", 1 << 24, 4);
        this.shape = this.add("number", 1 << 16);
        this.id = this.add("residual", 2 ** 31);
        this.owned = this.add("choice", 3);
        this.owner = this.add("number", 2 ** 32 - 1);
        this.fresh = this.add("choice", 3);
        this.resting = this.add("flag", 0);
        this.age = this.add("number", AGE_LIMIT);
        this.velocity = this.add("residual", 2 ** 31);
        this.length = this.add("length", LENGTH_MAX, 2);
        this.components = schema.components.map((component) => {
            const flag = this.add("flag", 0, 15);
            /** @type {LaneTables | undefined} */
            let last;
            const lanes = component.lanes.map((lane) => (last = (lane.repeats && last) || this.addLane(lane)));
            return { flag, lanes };
        });
    }

    /** The first of so many new tables. @param {keyof typeof ALPHABETS} alphabet @param {number} most @param {number} [situations] */
    add(alphabet, most, situations = 1) {
        const key = `${alphabet} ${most}`, at = this.tables.length;
        let prior = this.priors.get(key);
        if (!prior) {
            const [symbols, length] = ALPHABETS[alphabet];
            prior = table(Uint8Array.from({ length: symbols(most, 0) }, (_, symbol) => Math.min(length(symbol, most), 30)));
            this.priors.set(key, prior);
        }
        for (let count = 0; count < situations; count++) this.tables.push(prior);
        return at;
    }

    /** @param {LaneSpec} lane @returns {LaneTables} */
    addLane({ modulus, motion }) {
        const situations = motion === "hold" ? 9 : 15, most = Math.floor(modulus / 2);
        if (modulus > 32) {
            return { first: this.add("value", most), residual: this.add("residual", most, situations), form: "wide" };
        }
        const form = modulus <= 16 ? "small" : "direct", first = this.add("choice", modulus);
        return { first, residual: this.add("choice", modulus, form === "small" ? 2 * modulus : situations), form };
    }
}
