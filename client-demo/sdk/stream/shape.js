// Which components a part has, and the way through its lanes.

/** @import { Room } from "./room.js" */
/** @import { Form } from "./model.js" */

/**
 * What the coder must know of one lane; `driver` is the lane of the shape that drives it, or -1.
 * @typedef {{ modulus: number, first: number, residual: number, form: Form, wraps: boolean, steady: boolean,
 *     home: number, driver: number, gain: number }} LanePlan
 */
/**
 * Where the lanes of one component lie.
 * @typedef {{ id: number, start: number, end: number, flag: number, steady: boolean }} ComponentPlan
 */

/** A set of components and the plan of its lanes, by what the room believes now. */
export class Shape {
    /** @param {number[]} ids @param {Room} room */
    constructor(ids, { schema, modes, layout }) {
        this.ids = ids;
        /** @type {LanePlan[]} */
        this.lanes = [];
        /** @type {ComponentPlan[]} */
        this.components = ids.map((id) => {
            const { flag, lanes } = layout.components[id], start = this.lanes.length;
            schema.components[id].lanes.forEach(({ modulus, wraps }, at) => {
                const { steady, home } = modes[id][at];
                this.lanes.push({ modulus, ...lanes[at], wraps, steady, home, driver: -1, gain: 0 });
            });
            return { id, start, end: this.lanes.length, flag, steady: modes[id].some((mode) => mode.steady) };
        });
        /** @type {Map<number, number>} */
        this.places = new Map(ids.map((id, at) => [id, at]));
        this.steady = this.components.some((plan) => plan.steady);
        const isDriven = this.components.map((plan) => modes[plan.id].some((mode) => mode.driver));
        for (const plan of this.components) {
            modes[plan.id].forEach(({ driver }, at) => {
                const source = driver ? this.find(driver.component) : -1;
                if (!driver || source < 0 || isDriven[source]) return;
                const lane = this.lanes[plan.start + at];
                lane.driver = this.components[source].start + driver.lane;
                lane.gain = driver.gain;
            });
        }
        /** In which order components are coded: a driver before what it drives. */
        this.order = [...ids.keys()].sort((a, b) => Number(isDriven[a]) - Number(isDriven[b]));
    }

    /** The place of a component in this shape, or -1. @param {number} id */
    find(id) {
        return this.places.get(id) ?? -1;
    }
}
