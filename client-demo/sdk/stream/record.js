// A part told in full: to those who know nothing of it.

import { AGE_LIMIT } from "./model.js";
import { LINE, clamp, setLine, wrapped } from "./motion.js";
import { Part } from "./part.js";

/** @import { Packet } from "./coder.js" */
/** @import { Room } from "./room.js" */
/** @import { LanePlan, Shape } from "./shape.js" */

/** How a part is told if not as new: nothing changed for long, or with its ages and lines. */
const RESTED = 1, MIXED = 2;

/** An id against the one before. @param {Packet} packet @param {number} table @param {number} last */
export function readId(packet, table, last) {
    return (last + packet.residual(table) + 1) & 0x7fffffff;
}

/** A part, but for its id. @param {Packet} packet @param {Room} room @param {number} id */
export function readRecord(packet, room, id) {
    const { layout, tick } = room, shapeId = packet.number(layout.shape), shape = room.shape(shapeId);
    packet.bring(1, shape.lanes.length, 0);
    const owned = packet.symbol(layout.owned);
    const owner = owned === 0 ? null : packet.number(layout.owner);
    const part = new Part(id, shapeId, shape, tick, owner, owned === 2);
    const state = packet.symbol(layout.fresh), isNew = state !== RESTED && state !== MIXED;
    const mark = () => {
        const left = state === RESTED ? 0 : Math.min(packet.number(layout.age), AGE_LIMIT);
        return Math.max(tick - (AGE_LIMIT - left), 0);
    };
    if (!isNew) {
        part.marks = part.marks.map(mark);
        part.seen = mark();
    }
    shape.lanes.forEach((plan, at) => {
        part.values[at] = readFirst(packet, plan);
        const isMoving = state === MIXED && plan.steady && packet.symbol(layout.resting) === 0;
        if (isMoving) readLine(packet, layout.velocity, plan, part.lines, at * LINE);
        else setLine(part.lines, at * LINE, 0, 0, plan.steady && !isNew ? 2 : 0);
    });
    part.settle(shape);
    return part;
}

/** The value that a lane comes with. @param {Packet} packet @param {LanePlan} plan */
export function readFirst(packet, plan) {
    const by = plan.form === "wide" ? packet.residual(plan.first) : packet.symbol(plan.first);
    return wrapped(plan.home + by, plan.modulus);
}

/**
 * The line of a lane that is not at rest.
 * @param {Packet} packet @param {number} table @param {LanePlan} plan @param {Float64Array} lines @param {number} at
 */
function readLine(packet, table, plan, lines, at) {
    const age = Math.min(packet.raw(6), 32), whole = packet.residual(table), fastest = plan.modulus * 256;
    const velocity = clamp(whole * 256 + packet.raw(8), -fastest, fastest);
    setLine(lines, at, packet.raw(10) - 512, velocity, age);
}
