// How a replica takes a packet apart.

import { Packet } from "./coder.js";
import { PACKET_BYTES_LIMIT, StreamError } from "./errors.js";
import { readKeys, readPrologue } from "./prologue.js";
import { readRecord } from "./record.js";
import { Room, badNews } from "./room.js";
import { Section } from "./section.js";

/** @import { Part } from "./part.js" */
/** @import { Prediction } from "./prediction.js" */
/** @import { Replica } from "./replica.js" */

/** A match ends before this tick. */
const TICK_LIMIT = 2 ** 32 - 1 - (1 << 16);

/**
 * Applies a packet or a keyframe.
 * @param {Replica} replica @param {Uint8Array} bytes @param {Prediction | undefined} prediction
 */
export function apply(replica, bytes, prediction) {
    if (bytes.length > PACKET_BYTES_LIMIT) {
        throw new StreamError("tooLong", `a packet of ${bytes.length} bytes is longer than ${PACKET_BYTES_LIMIT}`);
    }
    const packet = new Packet(bytes);
    let isChecked = true;
    if (packet.take(1) === 1) applyKeyframe(replica, packet);
    else isChecked = new Reception(replica, packet, prediction).apply();
    if (isChecked) check(replica, packet.take(32));
    // What a budget asks for is filled with zeros.
    const rest = bytes.subarray((packet.at + 7) >> 3);
    if (rest.some((byte) => byte !== 0)) {
        throw new StreamError("trailing", `${rest.length} bytes follow the end of the packet`);
    }
}

/** @param {Replica} replica @param {Packet} packet */
function applyKeyframe(replica, packet) {
    const tick = packet.take(32);
    replica.changes.keyframe = true;
    if (tick >= TICK_LIMIT) badNews();
    const room = new Room(replica.schema, replica.layout, packet.take(1) === 1);
    room.tick = tick;
    packet.tables = room.tables;
    const keys = readKeys(packet);
    room.readNews(packet);
    replica.forgetAll();
    for (const key of keys) beginSection(replica, packet, room, key);
    replica.room = room;
    replica.isBroken = false;
}

/** Begins to see a section. @param {Replica} replica @param {Packet} packet @param {Room} room @param {string} key */
function beginSection(replica, packet, room, key) {
    let at = room.sections.length;
    while (at > 0 && room.sections[at - 1].key > key) at--;
    if (at > 0 && room.sections[at - 1].key === key) badNews();
    const section = new Section(key);
    section.readWhole(packet, room);
    for (const part of section.parts.values()) replica.came(part);
    room.sections.splice(at, 0, section);
}

/** A packet, relative to the one before, being applied. */
class Reception {
    /** @param {Replica} replica @param {Packet} packet @param {Prediction | undefined} prediction */
    constructor(replica, packet, prediction) {
        const { room } = replica;
        if (!room || replica.isBroken) throw new StreamError("noKeyframe", "a stream starts with a keyframe");
        this.replica = replica;
        this.packet = packet;
        this.room = room;
        this.prediction = prediction;
        this.changed = replica.changes.changed;
        packet.tables = room.tables;
    }

    /** Says whether a checksum follows. */
    apply() {
        const { replica, packet, room } = this;
        const { hasNews, hasChecksum, lost, gained, omits, kept, heard } = readPrologue(packet, room.sections, replica.predicts);
        room.tick += 1;
        if (room.tick >= TICK_LIMIT) badNews();
        if (hasNews) room.readNews(packet);
        for (const section of lost) {
            for (const part of section.parts.values()) replica.went(part, section, room.shape(part.shapeId).ids);
        }
        room.sections = kept;
        const news = heard.map((section) => this.section(section, omits));
        if (room.grid) this.arrivals(heard, news);
        for (const key of gained) beginSection(replica, packet, room, key);
        return hasChecksum;
    }

    /** What happened in a section. @param {Section} section @param {boolean} omits whether own predicted parts are left out */
    section(section, omits) {
        const { replica, packet, room, changed } = this;
        packet.begin();
        const news = section.readHeader(packet, room);
        packet.finish();
        for (const part of news.limbo) replica.went(part, section, room.shape(part.shapeId).ids);
        for (const [part, ids] of news.reshaped) replica.had(part.id, ids);
        for (const part of news.entered) replica.came(part);
        for (const part of news.present) {
            if (omits && part.isPredictedBy(replica.player) && part.reshaped !== room.tick) this.believe(part);
            else this.chunk(part);
        }
        for (const part of news.silent) part.step(room, null, null, changed);
        section.finish(room.tick, news.woken);
        return news;
    }

    /** Steps a part by its chunk. @param {Part} part */
    chunk(part) {
        this.packet.begin();
        part.step(this.room, this.packet, null, this.changed);
        this.packet.finish();
        part.seen = this.room.tick;
    }

    /** Takes the viewer's own prediction for a chunk that was left out. @param {Part} part */
    believe(part) {
        const shape = this.room.shape(part.shapeId), goal = new Uint32Array(shape.lanes.length);
        const isKnown = shape.components.every(({ id, start, end }) => {
            const lanes = this.prediction?.get(part.id, id);
            if (lanes?.length !== end - start) return false;
            goal.set(lanes, start);
            return Array.from(lanes).every((lane, at) => lane >= 0 && lane < shape.lanes[start + at].modulus);
        });
        if (isKnown) part.step(this.room, null, goal, this.changed);
        else this.replica.unknown.add(part.id);
        part.seen = this.room.tick;
    }

    /**
     * Who came from another section: from one that is seen as well by a chunk, else in full.
     * @param {Section[]} sections @param {ReturnType<Section["readHeader"]>[]} news
     */
    arrivals(sections, news) {
        const { replica, packet, room } = this, limbo = news.map((one) => one.limbo).flat();
        const indexBits = 32 - Math.clz32(Math.max(limbo.length - 1, 0)), taken = new Set();
        sections.forEach((section, index) => {
            for (let count = news[index].arrivals; count > 0; count--) {
                let part;
                if (packet.take(1) === 1) {
                    const at = packet.take(indexBits);
                    part = limbo[at];
                    if (!part || taken.has(at)) throw new StreamError("noPart", `nobody left as number ${at}`);
                    taken.add(at);
                    this.chunk(part);
                } else {
                    packet.begin();
                    part = readRecord(packet, room, packet.raw(31));
                    packet.finish();
                }
                section.enter(part);
                replica.came(part);
            }
        });
    }
}

/** Compares what the sender's lanes add up to. @param {Replica} replica @param {number} expected */
function check({ room, unknown }, expected) {
    if (!room || unknown.size > 0) return;
    const found = room.sections.reduce((sum, { parts }) => (sum + room.checksum(parts.values())) | 0, 0) >>> 0;
    if (found === expected) return;
    const [is, not] = [found, expected].map((sum) => sum.toString(16).padStart(8, "0"));
    throw new StreamError("desync", `desync at tick ${room.tick}: the checksum is ${is}, not ${not}`);
}
