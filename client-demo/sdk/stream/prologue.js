// The bits of a packet that are its receiver's alone.

import { StreamError } from "./errors.js";
import { badNews } from "./room.js";

/** @import { Bits } from "./coder.js" */
/** @import { Section } from "./section.js" */

const INDEX_BITS = 12;

/**
 * What a packet says to one who sees these sections.
 * @param {Bits} bits @param {Section[]} sections @param {boolean} predicts
 */
export function readPrologue(bits, sections, predicts) {
    const isSpecial = bits.take(1) === 1;
    const flag = () => isSpecial && bits.take(1) === 1;
    const hasNews = flag(), hasChecksum = flag();
    /** @type {Section[]} */
    const lost = [];
    /** @type {string[]} */
    let gained = [];
    if (flag()) {
        for (let count = bits.take(INDEX_BITS), last = -1; count > 0; count--) {
            const at = bits.take(INDEX_BITS);
            if (at >= sections.length || at <= last) throw new StreamError("noSection", `no section has the number ${at}`);
            lost.push(sections[(last = at)]);
        }
        gained = readKeys(bits);
    }
    /** Whether its own predicted parts are left out. */
    const omits = predicts && bits.take(1) === 1;
    const kept = lost.length > 0 ? sections.filter((section) => !lost.includes(section)) : sections;
    const isHeard = kept.map(({ parts }) => parts.size > 0 && bits.take(1) === 1);
    // Seldom does anybody come where nobody was.
    if (kept.some(({ parts }) => parts.size === 0) && bits.take(1) === 1) {
        kept.forEach(({ parts }, at) => parts.size === 0 && (isHeard[at] = bits.take(1) === 1));
    }
    const heard = kept.filter((_, at) => isHeard[at]);
    return { hasNews, hasChecksum, lost, gained, omits, kept, heard };
}

/** The names of sections, ascending: as text that sorts as they do. @param {Bits} bits */
export function readKeys(bits) {
    /** @type {string[]} */
    const keys = [];
    const hex = (/** @type {number} */ value) => value.toString(16).padStart(8, "0");
    for (let count = bits.take(INDEX_BITS); count > 0; count--) {
        let key = "";
        if (bits.take(1) === 1) key = hex(bits.take(16) ^ 0x8000) + hex(bits.take(16) ^ 0x8000);
        const kind = Math.min(bits.take(2), 2);
        // No cell is before all cells, and everyone before teams and owners.
        key = `${key === "" ? 0 : 1}${key}${kind}${hex(kind === 0 ? 0 : bits.take(kind === 1 ? 8 : 32))}`;
        if (keys.length > 0 && keys[keys.length - 1] >= key) badNews();
        keys.push(key);
    }
    return keys;
}
