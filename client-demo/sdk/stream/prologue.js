// The bits of a packet that are its receiver's alone.

import { StreamError } from "./errors.js";
import { badNews } from "./room.js";

/** @import { Packet } from "./coder.js" */
/** @import { Section } from "./section.js" */

const INDEX_BITS = 12;

/**
 * What a packet says to one who sees these sections.
 * @param {Packet} packet @param {Section[]} sections @param {boolean} predicts
 */
export function readPrologue(packet, sections, predicts) {
    const isSpecial = packet.take(1) === 1;
    const flag = () => isSpecial && packet.take(1) === 1;
    const hasNews = flag(), hasChecksum = flag();
    /** @type {Section[]} */
    const lost = [];
    /** @type {string[]} */
    let gained = [];
    if (flag()) {
        for (let count = packet.take(INDEX_BITS), last = -1; count > 0; count--) {
            const at = packet.take(INDEX_BITS);
            if (at >= sections.length || at <= last) throw new StreamError("noSection", `no section has the number ${at}`);
            lost.push(sections[(last = at)]);
        }
        gained = readKeys(packet);
    }
    /** Whether its own predicted parts are left out. */
    const omits = predicts && packet.take(1) === 1;
    const gone = new Set(lost);
    const kept = lost.length > 0 ? sections.filter((section) => !gone.has(section)) : sections;
    const isHeard = kept.map(({ parts }) => parts.size > 0 && packet.take(1) === 1);
    // Seldom does anybody come where nobody was.
    if (kept.some(({ parts }) => parts.size === 0) && packet.take(1) === 1) {
        kept.forEach(({ parts }, at) => parts.size === 0 && (isHeard[at] = packet.take(1) === 1));
    }
    const heard = kept.filter((_, at) => isHeard[at]);
    return { hasNews, hasChecksum, lost, gained, omits, kept, heard };
}

/** The names of sections, ascending: as text that sorts as they do. @param {Packet} packet */
export function readKeys(packet) {
    /** @type {string[]} */
    const keys = [];
    const hex = (/** @type {number} */ value) => value.toString(16).padStart(8, "0");
    for (let count = packet.take(INDEX_BITS); count > 0; count--) {
        let key = "";
        if (packet.take(1) === 1) key = hex(packet.take(16) ^ 0x8000) + hex(packet.take(16) ^ 0x8000);
        const kind = Math.min(packet.take(2), 2);
        // No cell is before all cells, and everyone before teams and owners.
        key = `${key === "" ? 0 : 1}${key}${kind}${hex(kind === 0 ? 0 : packet.take(kind === 1 ? 8 : 32))}`;
        if (keys.length > 0 && keys[keys.length - 1] >= key) badNews();
        keys.push(key);
    }
    return keys;
}
