// A part told in full: to those who know nothing of it.

import { StreamError } from "./errors.js";
import { AGE_LIMIT } from "./model.js";
import { LINE, clamp, setLine, wrapped } from "./motion.js";
import { Part } from "./part.js";

/** @import { Bits } from "./coder.js" */
/** @import { Room } from "./room.js" */
/** @import { LanePlan, Shape } from "./shape.js" */

/** How a part is told in full: nothing else is known of it, nothing changed for long, or its ages and lines are told. */
const RESTED = 1, MIXED = 2;

/** How much a packet may bring, so that it makes nobody reserve more than it justifies. */
export class Budget {
    /** @param {number} bytes */
    constructor(bytes) {
        this.parts = bytes;
        this.slots = bytes * 16;
    }

    /** @param {number} lanes */
    takePart(lanes) {
        this.parts -= 1 + Math.floor(lanes / 16);
        this.check(this.parts);
    }

    /** @param {number} count */
    takeSlots(count) {
        this.slots -= count;
        this.check(this.slots);
    }

    /** @param {number} left */
    check(left) {
        if (left < 0) throw new StreamError("tooManyParts", "more entities than the packet's bytes justify");
    }
}

/** An id against the one before; the next one is the likeliest. @param {Bits} bits @param {Uint16Array} shares @param {number} last */
export function readId(bits, shares, last) {
    return (last + bits.residual(shares) + 1) & 0x7fffffff;
}

/** A part, but for its id. @param {Bits} bits @param {Room} room @param {number} id @param {Budget} budget */
export function readRecord(bits, room, id, budget) {
    const { layout, tables, tick } = room;
    const shapeId = bits.number(tables[layout.shape].shares), shape = room.shape(shapeId);
    budget.takePart(shape.lanes.length);
    const owned = bits.symbol(tables[layout.owned].shares);
    const owner = owned === 0 ? null : bits.number(tables[layout.owner].shares);
    const part = new Part(id, shapeId, shape, tick, owner, owned === 2);
    const state = bits.symbol(tables[layout.fresh].shares);
    const mark = () => {
        if (state === RESTED) return Math.max(tick - AGE_LIMIT, 0);
        const left = Math.min(bits.number(tables[layout.age].shares), AGE_LIMIT);
        return Math.max(tick - (AGE_LIMIT - left), 0);
    };
    if (state === RESTED || state === MIXED) {
        part.marks = part.marks.map(mark);
        part.seen = mark();
    }
    shape.lanes.forEach((plan, at) => {
        part.values[at] = readFirst(bits, room, plan);
        const line = at * LINE;
        if (state === MIXED && plan.steady && bits.symbol(tables[layout.resting].shares) === 0) {
            readLine(bits, room, plan, part.lines, line);
        } else {
            setLine(part.lines, line, 0, 0, plan.steady && (state === RESTED || state === MIXED) ? 2 : 0);
        }
    });
    part.settle(shape);
    return part;
}

/** The value that a lane comes with. @param {Bits} bits @param {Room} room @param {LanePlan} plan */
export function readFirst(bits, { tables }, plan) {
    const { shares } = tables[plan.first];
    return wrapped(plan.home + (plan.form === "wide" ? bits.residual(shares) : bits.symbol(shares)), plan.modulus);
}

/** The line of a lane that is not at rest. @param {Bits} bits @param {Room} room @param {LanePlan} plan @param {Float64Array} lines @param {number} at */
function readLine(bits, { layout, tables }, plan, lines, at) {
    const age = Math.min(bits.raw(6), 32), whole = bits.residual(tables[layout.velocity].shares);
    const velocity = clamp(whole * 256 + bits.raw(8), -plan.modulus * 256, plan.modulus * 256);
    setLine(lines, at, bits.raw(10) - 512, velocity, age);
}
