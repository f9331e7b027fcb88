// A section: the parts that the same receivers see, named by slots; the lowest free slot is taken next.

import { StreamError } from "./errors.js";
import { readFirst, readId, readRecord } from "./record.js";

/** @import { Bits } from "./coder.js" */
/** @import { Part } from "./part.js" */
/** @import { Budget } from "./record.js" */
/** @import { Room } from "./room.js" */

/** @param {number} slot @returns {never} */
function noPart(slot) {
    throw new StreamError("noPart", `no entity is in slot ${slot}`);
}

/** What happens in a section in one tick, but for the steps. */
class News {
    constructor() {
        /** Parts that left; those that came elsewhere are taken out. @type {(Part | null)[]} */
        this.limbo = [];
        /** Parts that changed shape, and the components that they had. @type {[Part, number[]][]} */
        this.reshaped = [];
        /** @type {Part[]} */
        this.entered = [];
        /** Parts that have a chunk: those that are asked about, and then others. @type {Part[]} */
        this.present = [];
        /** Parts that are asked about and have none. @type {Part[]} */
        this.silent = [];
        /** Those with a chunk that were not asked about. @type {Part[]} */
        this.woken = [];
        /** How many parts come from another section. */
        this.arrivals = 0;
    }
}

export class Section {
    /** @param {string} key */
    constructor(key) {
        this.key = key;
        /** By slot. @type {Map<number, Part>} */
        this.parts = new Map();
        /** No slot below this one is free. */
        this.hole = 0;
        /** Those that are asked about in each tick, by slot. @type {Part[]} */
        this.active = [];
        /** The part that came last; the next one is told against it. */
        this.lastId = 0;
    }

    /** Puts a part into the lowest free slot. @param {Part} part */
    enter(part) {
        while (this.parts.has(this.hole)) this.hole++;
        this.put(this.hole++, part);
        let at = this.active.length;
        while (at > 0 && this.active[at - 1].slot > part.slot) at--;
        this.active.splice(at, 0, part);
        part.asked = true;
    }

    /** @param {number} slot @param {Part} part */
    put(slot, part) {
        part.section = this;
        part.slot = slot;
        this.parts.set(slot, part);
    }

    /** The part in a slot. @param {number} slot */
    part(slot) {
        return this.parts.get(slot) ?? noPart(slot);
    }

    /** Reads what happens in one tick and does it, but for the steps of the chunks. @param {Bits} bits @param {Room} room @param {Budget} budget */
    readHeader(bits, room, budget) {
        const { layout, tables } = room, news = new News();
        this.readRemoved(bits, room, news);
        this.readReshaped(bits, room, news, budget);
        this.readPresent(bits, room, news);
        const count = bits.number(tables[layout.count + 2].shares);
        for (let index = 0; index < count; index++) {
            const id = readId(bits, tables[layout.id].shares, this.lastId), part = readRecord(bits, room, id, budget);
            this.lastId = id;
            this.enter(part);
            news.entered.push(part);
        }
        if (room.grid) news.arrivals = bits.number(tables[layout.count + 3].shares);
        return news;
    }

    /** @param {Bits} bits @param {Room} room @param {News} news */
    readRemoved(bits, { layout, tables }, news) {
        const count = bits.number(tables[layout.count].shares), gap = tables[layout.gap].shares;
        for (let index = 0, slot = 0; index < count; index++) {
            slot += bits.number(gap);
            const part = this.part(slot);
            this.parts.delete(slot);
            this.hole = Math.min(this.hole, slot);
            part.asked = false;
            news.limbo.push(part);
        }
        if (count > 0) this.active = this.active.filter((part) => part.asked);
    }

    /** @param {Bits} bits @param {Room} room @param {News} news @param {Budget} budget */
    readReshaped(bits, room, news, budget) {
        const { layout, tables } = room, count = bits.number(tables[layout.count + 1].shares);
        for (let index = 0, slot = -1; index < count; index++) {
            slot += 1 + bits.number(tables[layout.gap].shares);
            const shapeId = bits.number(tables[layout.shape].shares);
            budget.takePart(room.shape(shapeId).lanes.length);
            const part = this.part(slot);
            news.reshaped.push([part, room.shape(part.shapeId).ids]);
            part.reshape(room, shapeId, (plan) => readFirst(bits, room, plan));
        }
    }

    /** @param {Bits} bits @param {Room} room @param {News} news */
    readPresent(bits, { layout, tables, tick }, news) {
        for (const part of this.active) {
            const isPresent = bits.symbol(tables[layout.presence + part.presence(tick)].shares) === 1;
            (isPresent ? news.present : news.silent).push(part);
        }
        for (let slot = -1; ; ) {
            const gap = bits.number(tables[layout.gap].shares);
            if (gap === 0) break;
            slot += gap;
            const part = this.part(slot);
            if (part.asked) noPart(slot);
            news.woken.push(part);
        }
        news.present = news.present.concat(news.woken);
    }

    /** Ends the tick: decides who is asked about in the next one. @param {number} tick @param {Part[]} woken */
    finish(tick, woken) {
        if (woken.length > 0) this.active = this.active.concat(woken).sort((a, b) => a.slot - b.slot);
        this.active = this.active.filter((part) => (part.asked = part.isActive(tick)));
        if (this.parts.size === 0) this.lastId = 0;
    }

    /** Reads the whole section, as one who begins to see it. @param {Bits} bits @param {Room} room @param {Budget} budget */
    readWhole(bits, room, budget) {
        const { layout, tables } = room;
        bits.begin();
        const count = bits.number(tables[layout.count + 2].shares);
        for (let index = 0, slot = -1, id = 0; index < count; index++) {
            const free = bits.number(tables[layout.free].shares);
            budget.takeSlots(free + 1);
            slot += 1 + free;
            id = readId(bits, tables[layout.nextId].shares, id);
            this.put(slot, readRecord(bits, room, id, budget));
        }
        this.lastId = bits.raw(31);
        while (this.parts.has(this.hole)) this.hole++;
        this.reactivate(room.tick);
        bits.finish();
    }

    /** Finds those anew that are asked about. @param {number} tick */
    reactivate(tick) {
        const parts = [...this.parts.values()].sort((a, b) => a.slot - b.slot);
        this.active = parts.filter((part) => (part.asked = part.isActive(tick)));
    }
}
