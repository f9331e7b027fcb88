// What a client predicted its own entities to be after a tick.

import { lanesChecksum } from "./checksum.js";

/** A client's own lanes after one tick. If the match comes to the same, it leaves them out. */
export class Prediction {
    constructor() {
        /** @type {Map<string, { id: number, component: number, lanes: Uint32Array }>} */
        this.entries = new Map();
    }

    /** Notes the lanes of a component. @param {number} id @param {number} component @param {ArrayLike<number>} lanes */
    set(id, component, lanes) {
        this.entries.set(`${id} ${component}`, { id, component, lanes: Uint32Array.from(lanes) });
    }

    /** The lanes that were predicted for a component. @param {number} id @param {number} component */
    get(id, component) {
        return this.entries.get(`${id} ${component}`)?.lanes;
    }

    /** What is sent with the input of this tick. */
    checksum() {
        let sum = 0;
        for (const { id, component, lanes } of this.entries.values()) {
            sum = (sum + lanesChecksum(id, component, lanes, 0, lanes.length)) | 0;
        }
        return sum >>> 0;
    }
}
