// How a replica takes a packet apart.

import { Bits } from "./coder.js";
import { PACKET_BYTES_LIMIT, StreamError } from "./errors.js";
import { readKeys, readPrologue } from "./prologue.js";
import { Budget, readRecord } from "./record.js";
import { Room, badNews } from "./room.js";
import { Section } from "./section.js";

/** @import { Part } from "./part.js" */
/** @import { Prediction } from "./prediction.js" */
/** @import { Replica } from "./replica.js" */

/** A match ends before this tick. */
const TICK_LIMIT = 2 ** 32 - 1 - (1 << 16);

/** Applies a packet or a keyframe. @param {Replica} replica @param {Uint8Array} packet @param {Prediction | undefined} prediction */
export function apply(replica, packet, prediction) {
    if (packet.length > PACKET_BYTES_LIMIT) {
        throw new StreamError("tooLong", `a packet of ${packet.length} bytes is longer than ${PACKET_BYTES_LIMIT}`);
    }
    const bits = new Bits(packet), budget = new Budget(packet.length);
    replica.changes.keyframe = bits.take(1) === 1;
    const isChecked = replica.changes.keyframe
        ? applyKeyframe(replica, bits, budget)
        : applyPacket(replica, bits, budget, prediction);
    if (isChecked) check(replica, bits.take(32));
    // What a budget asks for is filled with zeros.
    const rest = packet.subarray((bits.at + 7) >> 3);
    if (rest.some((byte) => byte !== 0)) {
        throw new StreamError("trailing", `${rest.length} bytes follow the end of the packet`);
    }
}

/** @param {Replica} replica @param {Bits} bits @param {Budget} budget */
function applyKeyframe(replica, bits, budget) {
    const tick = bits.take(32);
    if (tick >= TICK_LIMIT) badNews();
    const room = new Room(replica.schema, replica.layout, bits.take(1) === 1);
    room.tick = tick;
    const keys = readKeys(bits);
    room.readNews(bits);
    replica.forgetAll();
    for (const key of keys) beginSection(replica, bits, room, key, budget);
    replica.room = room;
    replica.isBroken = false;
    return true;
}

/** @param {Replica} replica @param {Bits} bits @param {Budget} budget @param {Prediction | undefined} prediction */
function applyPacket(replica, bits, budget, prediction) {
    const { room } = replica;
    if (!room || replica.isBroken) throw new StreamError("noKeyframe", "a stream starts with a keyframe");
    const prologue = readPrologue(bits, room.sections, replica.predicts);
    room.tick += 1;
    if (room.tick >= TICK_LIMIT) badNews();
    if (prologue.hasNews) room.readNews(bits);
    for (const section of prologue.lost) {
        for (const part of section.parts.values()) replica.went(part, section, room.shape(part.shapeId).ids);
    }
    room.sections = prologue.kept;
    const news = prologue.heard.map((section) => readSection(replica, bits, room, section, budget, prologue.omits, prediction));
    if (room.grid) readArrivals(replica, bits, room, prologue.heard, news, budget);
    for (const key of prologue.gained) {
        if (room.sections.some((section) => section.key === key)) badNews();
        beginSection(replica, bits, room, key, budget);
    }
    return prologue.hasChecksum;
}

/** Begins to see a section. @param {Replica} replica @param {Bits} bits @param {Room} room @param {string} key @param {Budget} budget */
function beginSection(replica, bits, room, key, budget) {
    const section = new Section(key);
    section.readWhole(bits, room, budget);
    for (const part of section.parts.values()) replica.came(part);
    let at = room.sections.length;
    while (at > 0 && room.sections[at - 1].key > key) at--;
    room.sections.splice(at, 0, section);
}

/**
 * @param {Replica} replica @param {Bits} bits @param {Room} room @param {Section} section @param {Budget} budget
 * @param {boolean} omits @param {Prediction | undefined} prediction
 */
function readSection(replica, bits, room, section, budget, omits, prediction) {
    const { changed } = replica.changes, { tick } = room;
    bits.begin();
    const news = section.readHeader(bits, room, budget);
    bits.finish();
    for (const part of news.limbo) if (part) replica.went(part, section, room.shape(part.shapeId).ids);
    for (const [part, ids] of news.reshaped) replica.had(part.id, ids);
    for (const part of news.entered) replica.came(part);
    for (const part of news.present) {
        if (omits && part.isPredictedBy(replica.player) && part.reshaped !== tick) {
            believe(replica, room, part, prediction);
        } else {
            stepByChunk(replica, bits, room, part);
        }
        part.seen = tick;
    }
    for (const part of news.silent) part.step(room, null, null, changed);
    section.finish(tick, news.woken);
    return news;
}

/** @param {Replica} replica @param {Bits} bits @param {Room} room @param {Part} part */
function stepByChunk(replica, bits, room, part) {
    bits.begin();
    part.step(room, bits, null, replica.changes.changed);
    bits.finish();
}

/**
 * Takes the viewer's own prediction for a chunk that was left out.
 * @param {Replica} replica @param {Room} room @param {Part} part @param {Prediction | undefined} prediction
 */
function believe(replica, room, part, prediction) {
    const shape = room.shape(part.shapeId), goal = new Uint32Array(shape.lanes.length);
    const isKnown = shape.components.every(({ id, start, end }) => {
        const lanes = prediction?.get(part.id, id);
        if (lanes?.length !== end - start) return false;
        for (let at = start; at < end; at++) {
            const lane = lanes[at - start];
            if (!(lane >= 0 && lane < shape.lanes[at].modulus)) return false;
            goal[at] = lane;
        }
        return true;
    });
    if (isKnown) part.step(room, null, goal, replica.changes.changed);
    else replica.unknown.add(part.id);
}

/**
 * Reads who came from another section: from one that is seen as well by a chunk, else in full.
 * @param {Replica} replica @param {Bits} bits @param {Room} room @param {Section[]} sections
 * @param {ReturnType<Section["readHeader"]>[]} news @param {Budget} budget
 */
function readArrivals(replica, bits, room, sections, news, budget) {
    const limbo = news.flatMap((one) => one.limbo);
    const indexBits = 32 - Math.clz32(Math.max(limbo.length - 1, 0));
    sections.forEach((section, index) => {
        for (let count = news[index].arrivals; count > 0; count--) {
            let part;
            if (bits.take(1) === 1) {
                const at = bits.take(indexBits);
                part = limbo[at];
                if (!part) throw new StreamError("noPart", `no entity is in slot ${at}`);
                limbo[at] = null;
                stepByChunk(replica, bits, room, part);
                part.seen = room.tick;
            } else {
                bits.begin();
                part = readRecord(bits, room, bits.raw(31), budget);
                bits.finish();
            }
            section.enter(part);
            replica.came(part);
        }
    });
}

/** Compares what the sender's lanes add up to. @param {Replica} replica @param {number} expected */
function check({ room, unknown }, expected) {
    if (!room || unknown.size > 0) return;
    const found = room.sections.reduce((sum, { parts }) => (sum + room.checksum(parts.values())) | 0, 0) >>> 0;
    if (found === expected) return;
    const [is, not] = [found, expected].map((sum) => sum.toString(16).padStart(8, "0"));
    throw new StreamError("desync", `desync at tick ${room.tick}: the checksum is ${is}, not ${not}`);
}
