// A part: those components of an entity that the same receivers see, lane by lane, and how it takes a step.

import { LINE, clamp, difference, follow, riskAt, riskClass, setLine, wrapped } from "./motion.js";

/** @import { Packet } from "./coder.js" */
/** @import { Room } from "./room.js" */
/** @import { Section } from "./section.js" */
/** @import { ComponentPlan, LanePlan, Shape } from "./shape.js" */

/** The lanes that a step leads to, if they are known. @typedef {ArrayLike<number> | null} Goal */

/** A part that was quiet for so many ticks, and is at rest, is no longer asked about each tick. */
const ACTIVE_TICKS = 4;
/** How a predicted part's line counts as known. */
const CALM_PREDICTED = 8;

/** How far each lane moved in the step that is taken. */
let deltas = new Float64Array(64);

/** What one section holds of one entity. */
export class Part {
    /**
     * One that has just come.
     * @param {number} id @param {number} shapeId @param {Shape} shape @param {number} tick
     * @param {number | null} owner @param {boolean} isPredicted whether its owner may predict it
     */
    constructor(id, shapeId, shape, tick, owner, isPredicted) {
        this.id = id;
        this.shapeId = shapeId;
        this.owner = owner;
        this.isPredicted = isPredicted;
        this.values = new Uint32Array(shape.lanes.length);
        this.lines = new Float64Array(shape.lanes.length * LINE);
        /** For each component, when it last had a residual. */
        this.marks = shape.ids.map(() => tick);
        /** When it last had a chunk. */
        this.seen = tick;
        /** How likely its lines are to be missed: 0 at rest, then 1 to 9. */
        this.calm = 0;
        this.moving = false;
        /** When its set of components changed. */
        this.reshaped = -1;
        /** @type {Section | undefined} */
        this.section = undefined;
        this.slot = 0;
        /** Whether its section asks about it. */
        this.asked = false;
        /** Its components as objects, as far as they were asked for. @type {any[]} */
        this.objects = [];
    }

    /** @param {number} player */
    isPredictedBy(player) {
        return this.isPredicted && this.owner === player;
    }

    /** Whether it must be asked about in each tick. @param {number} tick */
    isActive(tick) {
        return this.moving || this.isPredicted || tick - this.seen < ACTIVE_TICKS;
    }

    /** The situation in which its presence is told. @param {number} tick */
    presence(tick) {
        const age = tick - this.seen;
        return this.calm * 5 + (age <= 1 ? 0 : age === 2 ? 1 : age <= 4 ? 2 : age <= 8 ? 3 : 4);
    }

    /**
     * Takes one step: as a packet tells, else to `goal`, else as expected. Notes which components have new values.
     * @param {Room} room @param {Packet | null} packet @param {Goal} goal @param {[number, number][]} changed
     */
    step(room, packet, goal, changed) {
        if (!packet && !goal && !this.moving && !this.isPredicted) return;
        const shape = room.shapes[this.shapeId];
        if (deltas.length < shape.lanes.length) deltas = new Float64Array(shape.lanes.length * 2);
        deltas.fill(0, 0, shape.lanes.length);
        let unrest = 0;
        for (const index of shape.order) {
            const plan = shape.components[index], age = room.tick - this.marks[index];
            const ageClass = age <= 4 ? 0 : age <= 8 ? 1 : 2;
            let isTold = packet !== null || goal !== null;
            if (packet && plan.end - plan.start > 1) {
                const risk = plan.steady ? riskClass(this.risk(shape, plan.start, plan.end)) : ageClass;
                isTold = packet.symbol(plan.flag + risk * 3 + unrest) === 1;
            }
            if (!isTold && !plan.steady) continue;
            for (let at = plan.start; at < plan.end; at++) {
                const lane = shape.lanes[at];
                let residual = 0;
                if (lane.steady) residual = this.advance(at, lane, isTold ? packet : null, isTold ? goal : null, unrest);
                else if (isTold) residual = this.jump(at, lane, packet, goal, ageClass * 3 + unrest);
                if (residual === 0) continue;
                this.marks[index] = room.tick;
                unrest = Math.max(unrest, Math.min(Math.abs(residual), 2));
            }
        }
        this.settle(shape);
        for (let index = 0; index < shape.components.length; index++) {
            const plan = shape.components[index];
            if (!hasMoved(plan)) continue;
            this.objects[index] = undefined;
            changed.push([this.id, plan.id]);
        }
    }

    /**
     * One lane that holds.
     * @param {number} at @param {LanePlan} plan @param {Packet | null} packet @param {Goal} goal @param {number} situation
     */
    jump(at, plan, packet, goal, situation) {
        const before = this.values[at];
        const residual = packet
            ? readResidual(packet, plan, before, before, situation)
            : difference(goal?.[at] ?? before, before, plan.modulus);
        this.values[at] = wrapped(before + residual, plan.modulus);
        deltas[at] = residual;
        return residual;
    }

    /**
     * One lane on its line.
     * @param {number} at @param {LanePlan} plan @param {Packet | null} packet @param {Goal} goal @param {number} unrest
     */
    advance(at, plan, packet, goal, unrest) {
        const { lines, values } = this, { modulus } = plan, line = at * LINE, before = values[at];
        let velocity = lines[line + 1], age = lines[line + 2];
        const nudge = plan.driver < 0 ? 0 : nudged(deltas[plan.driver], plan.gain);
        if (nudge !== 0) {
            velocity = clamp(velocity + nudge, -modulus * 256, modulus * 256);
            age = Math.min(age, 4);
        }
        const exact = lines[line] + velocity, step = Math.floor((exact + 128) / 256);
        let rest = exact - step * 256, predicted = before + step;
        if (plan.wraps) {
            predicted = wrapped(predicted, modulus);
        } else if (predicted < 0 || predicted >= modulus) {
            // It would run off its range: it stops at the edge.
            predicted = predicted < 0 ? 0 : modulus - 1;
            rest = 0;
            velocity = 0;
        }
        let residual = 0;
        // A miss is likelier on the side on which the line runs.
        const side = rest < 0 ? -1 : 1;
        if (packet) {
            const isLevel = velocity === 0 && rest === 0 && age === 2;
            const situation = (isLevel ? 0 : riskClass(riskAt(age, rest))) * 3 + unrest;
            residual = side * readResidual(packet, plan, predicted, before, situation);
        } else if (goal) {
            residual = difference(goal[at], predicted, modulus);
            if (plan.form !== "wide") residual = side * stepped(predicted, wrapped(side * residual, modulus), modulus);
        }
        const value = wrapped(predicted + residual, modulus), moved = difference(value, before, modulus);
        follow(lines, line, velocity, age, rest, residual, moved);
        values[at] = value;
        deltas[at] = moved;
        return residual;
    }

    /** How likely the lines of some lanes are to be missed. @param {Shape} shape @param {number} start @param {number} end */
    risk(shape, start, end) {
        let risk = 0;
        for (let at = start; at < end; at++) {
            if (shape.lanes[at].steady) risk += this.lines[at * LINE + 3];
        }
        return risk;
    }

    /** Brings what follows from its lanes up to date. @param {Shape} shape */
    settle(shape) {
        if (this.isPredicted) {
            this.calm = CALM_PREDICTED;
            return;
        }
        const risk = shape.steady ? this.risk(shape, 0, shape.lanes.length) : 0;
        this.moving = risk > 0;
        this.calm = risk > 0 ? Math.min(31 - Math.clz32(risk), 8) + 1 : 0;
    }

    /**
     * Changes its set of components: what stays keeps its lines, what is new is told.
     * @param {Room} room @param {number} shapeId @param {(plan: LanePlan) => number} first
     */
    reshape(room, shapeId, first) {
        const old = room.shapes[this.shapeId], shape = room.shapes[shapeId];
        const { values, lines, marks, objects } = this;
        this.values = new Uint32Array(shape.lanes.length);
        this.lines = new Float64Array(shape.lanes.length * LINE);
        this.objects = [];
        this.marks = shape.components.map(({ id, start, end }, index) => {
            const from = old.find(id);
            if (from < 0) {
                for (let at = start; at < end; at++) {
                    this.values[at] = first(shape.lanes[at]);
                    setLine(this.lines, at * LINE, 0, 0, 0);
                }
                return room.tick;
            }
            const plan = old.components[from];
            this.values.set(values.subarray(plan.start, plan.end), start);
            this.lines.set(lines.subarray(plan.start * LINE, plan.end * LINE), start * LINE);
            this.objects[index] = objects[from];
            return marks[from];
        });
        this.shapeId = shapeId;
        this.reshaped = room.tick;
        this.settle(shape);
    }
}

/** @param {ComponentPlan} plan */
function hasMoved(plan) {
    for (let at = plan.start; at < plan.end; at++) if (deltas[at] !== 0) return true;
    return false;
}

/** How a driver changes a velocity: `delta * gain / 256`, whose product can have 55 packet. @param {number} delta @param {number} gain */
function nudged(delta, gain) {
    return delta * (gain >> 8) + Math.floor((delta * (gain & 255)) / 256);
}

/** How far so many steps lead, the short way round. @param {number} from @param {number} steps @param {number} modulus */
function stepped(from, steps, modulus) {
    return difference(wrapped(from + steps, modulus), from, modulus);
}

/**
 * One residual in the form of its lane.
 * @param {Packet} packet @param {LanePlan} plan @param {number} predicted @param {number} before @param {number} situation
 */
function readResidual(packet, plan, predicted, before, situation) {
    if (plan.form === "wide") return packet.residual(plan.residual + situation);
    const row = plan.form === "small" ? before * 2 + (situation % 3 === 0 ? 0 : 1) : situation;
    return stepped(predicted, packet.symbol(plan.residual + row), plan.modulus);
}
