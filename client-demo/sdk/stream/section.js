// A section: the parts that the same receivers see, named by slots; the lowest free slot is taken next.

import { StreamError } from "./errors.js";
import { readFirst, readId, readRecord } from "./record.js";

/** @import { Packet } from "./coder.js" */
/** @import { Part } from "./part.js" */
/** @import { Room } from "./room.js" */

/** @param {number} slot @returns {never} */
function noPart(slot) {
    throw new StreamError("noPart", `no entity is in slot ${slot}`);
}

/** What happens in a section in one tick, but for the steps. */
class News {
    constructor() {
        /** Parts that left. @type {Part[]} */
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

    /** Reads what happens in one tick and does it, but for the steps of the chunks. @param {Packet} packet @param {Room} room */
    readHeader(packet, room) {
        const { layout } = room, news = new News();
        this.readRemoved(packet, room, news);
        this.readReshaped(packet, room, news);
        this.readPresent(packet, room, news);
        const count = packet.number(layout.count + 2);
        for (let index = 0; index < count; index++) {
            const id = readId(packet, layout.id, this.lastId), part = readRecord(packet, room, id);
            this.lastId = id;
            this.enter(part);
            news.entered.push(part);
        }
        if (room.grid) news.arrivals = packet.number(layout.count + 3);
        return news;
    }

    /** @param {Packet} packet @param {Room} room @param {News} news */
    readRemoved(packet, { layout }, news) {
        const count = packet.number(layout.count);
        for (let index = 0, slot = 0; index < count; index++) {
            slot += packet.number(layout.gap);
            const part = this.part(slot);
            this.parts.delete(slot);
            this.hole = Math.min(this.hole, slot);
            part.asked = false;
            news.limbo.push(part);
        }
        if (count > 0) this.active = this.active.filter((part) => part.asked);
    }

    /** @param {Packet} packet @param {Room} room @param {News} news */
    readReshaped(packet, room, news) {
        const { layout } = room, count = packet.number(layout.count + 1);
        for (let index = 0, slot = -1; index < count; index++) {
            slot += 1 + packet.number(layout.gap);
            const shapeId = packet.number(layout.shape);
            packet.bring(1, room.shape(shapeId).lanes.length, 0);
            const part = this.part(slot);
            news.reshaped.push([part, room.shape(part.shapeId).ids]);
            part.reshape(room, shapeId, (plan) => readFirst(packet, plan));
        }
    }

    /** @param {Packet} packet @param {Room} room @param {News} news */
    readPresent(packet, { layout, tick }, news) {
        for (const part of this.active) {
            const isPresent = packet.symbol(layout.presence + part.presence(tick)) === 1;
            (isPresent ? news.present : news.silent).push(part);
        }
        for (let slot = -1; ; ) {
            const gap = packet.number(layout.gap);
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

    /** Reads the whole section, as one who begins to see it. @param {Packet} packet @param {Room} room */
    readWhole(packet, room) {
        const { layout } = room;
        packet.begin();
        const count = packet.number(layout.count + 2);
        for (let index = 0, slot = -1, id = 0; index < count; index++) {
            const free = packet.number(layout.free);
            packet.bring(0, 0, free + 1);
            slot += 1 + free;
            id = readId(packet, layout.nextId, id);
            this.put(slot, readRecord(packet, room, id));
        }
        this.lastId = packet.raw(31);
        while (this.parts.has(this.hole)) this.hole++;
        this.reactivate(room.tick);
        packet.finish();
    }

    /** Finds those anew that are asked about. @param {number} tick */
    reactivate(tick) {
        const parts = [...this.parts.values()].sort((a, b) => a.slot - b.slot);
        this.active = parts.filter((part) => (part.asked = part.isActive(tick)));
    }
}
