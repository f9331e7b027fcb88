// The bits of a packet: plain ones, and words of arithmetic code that know where they end.

import { StreamError } from "./errors.js";

/** @import { Table } from "./model.js" */

/** Symbols of a table share so much. */
export const SCALE = 1 << 15;

/** Great numbers share a bucket with those that have the same two leading bits; the rest follows as plain bits. */
const STARTS = new Float64Array(63);
const EXTRA_BITS = new Uint8Array(63);
for (let bucket = 0; bucket < 63; bucket++) {
    EXTRA_BITS[bucket] = bucket < 3 ? 0 : ((bucket + 1) >> 1) - 1;
    STARTS[bucket] = bucket < 3 ? bucket + 1 : (2 + ((bucket + 1) & 1)) * 2 ** EXTRA_BITS[bucket];
}

/** The bucket of a magnitude from 1 to below 2^32. @param {number} magnitude */
export function bucketOf(magnitude) {
    const log = 31 - Math.clz32(magnitude);
    return magnitude <= 3 ? magnitude - 1 : 2 * log - 1 + ((magnitude >>> (log - 1)) & 1);
}

/** Reads a packet from its first bit on, most significant first; behind its end are zeros. */
export class Packet {
    /** @param {Uint8Array} bytes */
    constructor(bytes) {
        this.length = bytes.length * 8;
        this.bytes = new Uint8Array(bytes.length + 8);
        this.bytes.set(bytes);
        /** The room's tables, by which symbols are read. @type {Table[]} */
        this.tables = [];
        // How much it may still bring, so that it makes nobody reserve more than its bytes justify.
        this.parts = bytes.length;
        this.slots = bytes.length * 16;
        /** The next plain bit. */
        this.at = 0;
        // Of a word: the bit after the 32 in the window, the interval, how far the bits lie above `low`. All are u32.
        this.next = 0;
        this.low = 0;
        this.range = 0xffffffff;
        this.offset = 0;
    }

    /** The 32 bits from `at`. @param {number} at */
    window(at) {
        const { bytes } = this, byte = at >>> 3, shift = at & 7;
        const high = (bytes[byte] << 24) | (bytes[byte + 1] << 16) | (bytes[byte + 2] << 8) | bytes[byte + 3];
        return ((high << shift) | (bytes[byte + 4] >> (8 - shift))) >>> 0;
    }

    /** The next plain bits, at most 32. @param {number} count */
    take(count) {
        if (count === 0) return 0;
        const value = this.window(this.at) >>> (32 - count);
        this.skipTo(this.at + count);
        return value;
    }

    /** Goes on at a bit, if the packet has so many. @param {number} at */
    skipTo(at) {
        if (at > this.length) throw new StreamError("truncated", "the packet ends early");
        this.at = at;
    }

    /** Lets it bring parts with lanes, and slots. @param {number} parts @param {number} lanes @param {number} slots */
    bring(parts, lanes, slots) {
        this.parts -= parts + (lanes >> 4);
        this.slots -= slots;
        if (this.parts >= 0 && this.slots >= 0) return;
        throw new StreamError("tooManyParts", "more entities than the packet's bytes justify");
    }

    /** Begins a word. */
    begin() {
        this.offset = this.window(this.at);
        this.next = this.at + 32;
        this.low = 0;
        this.range = 0xffffffff;
    }

    /** Ends a word: with the shortest bits that stay in its interval whatever follows. */
    finish() {
        const half = 2 ** 31;
        const isOne = (Math.ceil(this.low / half) + 1) * half <= this.low + this.range;
        this.skipTo(this.next - 32 + (isOne ? 1 : 2));
    }

    /** One symbol of a table, which is named by its number. @param {number} table */
    symbol(table) {
        const { shares } = this.tables[table];
        const unit = this.range >>> 15;
        const at = Math.min((this.offset / unit) | 0, SCALE - 1);
        let symbol = 0;
        let end = shares[1];
        if (at >= end) {
            symbol = 1;
            let above = shares.length - 1;
            while (above - symbol > 1) {
                const middle = (symbol + above) >> 1;
                if (shares[middle] <= at) symbol = middle;
                else above = middle;
            }
            end = shares[symbol + 1];
        }
        this.narrow(unit, shares[symbol], end, SCALE);
        return symbol;
    }

    /** Bits that no table knows anything of. @param {number} count */
    raw(count) {
        let value = 0;
        for (let left = count; left > 0; ) {
            const step = Math.min(left, 16);
            left -= step;
            const unit = this.range >>> step;
            const part = Math.min((this.offset / unit) | 0, (1 << step) - 1);
            this.narrow(unit, part, part + 1, 1 << step);
            value = value * 2 ** step + part;
        }
        return value;
    }

    /** @param {number} unit @param {number} start @param {number} end @param {number} scale */
    narrow(unit, start, end, scale) {
        const offset = unit * start;
        // The last symbol also gets what the division left over.
        const range = end === scale ? this.range - offset : unit * (end - start);
        const low = this.low + offset;
        const shift = Math.clz32(range);
        if (shift === 0) {
            this.low = low >>> 0;
            this.range = range;
            this.offset -= offset;
            return;
        }
        // A symbol takes at most 17 bits: three bytes hold them.
        const { bytes, next } = this, byte = next >>> 3;
        const three = (bytes[byte] << 16) | (bytes[byte + 1] << 8) | bytes[byte + 2];
        const bits = (three << (8 + (next & 7))) >>> (32 - shift);
        this.next = next + shift;
        this.low = (low << shift) >>> 0;
        this.range = (range << shift) >>> 0;
        this.offset = (((this.offset - offset) << shift) | bits) >>> 0;
    }

    /** A signed number, its magnitude below 2^32. @param {number} table */
    residual(table) {
        const symbol = this.symbol(table);
        if (symbol === 0) return 0;
        const magnitude = this.magnitude((symbol - 1) >> 1);
        return symbol % 2 === 0 ? -magnitude : magnitude;
    }

    /** A count, gap or id. @param {number} table */
    number(table) {
        const symbol = this.symbol(table);
        return symbol === 0 ? 0 : this.magnitude(symbol - 1);
    }

    /** @param {number} bucket */
    magnitude(bucket) {
        return STARTS[bucket] + this.raw(EXTRA_BITS[bucket]);
    }
}
