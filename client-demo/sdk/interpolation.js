/**
 * Others between two ticks. What is drawn is a little behind the newest tick: by one tick, and by as much as packets are
 * late now and then. Time never goes back on the screen.
 */

const TURN = 2 * Math.PI;
/** Packets by which is known how late they come. */
const HEARD = 64;
/** After so many late packets in a row the match itself is late. */
const LATE_IN_A_ROW = 8;
const JITTER_MOST = 250;
const EXTRAPOLATED_TICKS = 2;
/** A component has at most so many values at once. */
const VALUES_MOST = 64;
/** So many ticks from where it should be the screen jumps. */
const BEHIND_MOST = 5;
/** Later than any tick, and before the end of what goes on. */
const LATEST = Number.MAX_VALUE;

/** @typedef {Record<string, any>} Component */
/** @typedef {{ values: { tick: number, value: any }[], scratch: Component }} Track */
/** @typedef {{ isOwn: boolean, since: number, until: number, tracks: Map<string, Track>, shown: Record<string, Component> }} Entity */

/** `value`, moved by a share of the way from one value to another. @param {string} kind @param {any} into */
function moved(kind, /** @type {any} */ value, /** @type {any} */ from, /** @type {any} */ to, /** @type {number} */ share, into) {
    if (typeof value === "number" && typeof from === "number" && typeof to === "number") {
        if (kind !== "angle") return value + (to - from) * share;
        const way = ((((to - from) % TURN) + TURN * 1.5) % TURN) - TURN / 2;
        return (((value + way * share) % TURN) + TURN) % TURN;
    }
    if (!Array.isArray(value) || !Array.isArray(from) || !Array.isArray(to)) return value;
    const sum = Array.isArray(into) ? into : [];
    const isTurn = kind === "rotation";
    // A rotation and its negative are the same: the near one is meant.
    const sign = isTurn && from.reduce((dot, axis, at) => dot + axis * to[at], 0) < 0 ? -1 : 1;
    value.forEach((axis, at) => (sum[at] = axis + (sign * to[at] - from[at]) * share));
    const length = isTurn ? Math.hypot(...sum) || 1 : 1;
    sum.forEach((axis, at) => (sum[at] = axis / length));
    return sum;
}

/** Knows which fields of which components can be between two values. */
export class Blender {
    /** A jump that is longer is a jump. */
    snap = Infinity;
    /** @type {Map<string, Map<string, string>>} */
    #kinds = new Map();

    /** @param {Uint8Array} schema as JSON */
    constructor(schema) {
        for (const { name, fields } of JSON.parse(new TextDecoder().decode(schema))) {
            const kinds = new Map();
            for (const field of fields) {
                const [kind] = Object.keys(field.kind.optional ?? field.kind);
                if (/^(float|angle|vector|rotation)$/.test(kind)) kinds.set(field.name, kind);
            }
            if (kinds.size) this.#kinds.set(name, kinds);
        }
    }

    /** Whether the way is so long that it is a jump. @param {string} name @param {Component} from @param {Component} to */
    jumps(name, from, to) {
        const far = (/** @type {any} */ a, /** @type {any} */ b) => typeof a === "number" && Math.abs(a - b) > this.snap;
        const fields = [...(this.#kinds.get(name) ?? [])].filter(([, kind]) => kind === "float" || kind === "vector");
        return fields.some(([field]) => [from[field]].flat().some((axis, at) => far(axis, [to[field]].flat()[at])));
    }

    /**
     * A component, moved by a share of the way from one to another; `into` is written if anything moves.
     * @param {string} name @param {Component} value @param {Component} from @param {Component} to @param {number} share
     * @param {Component} into
     */
    move(name, value, from, to, share, into) {
        const kinds = this.#kinds.get(name);
        if (!kinds || !share || from === to) return value;
        if (this.snap < Infinity && this.jumps(name, from, to)) return value;
        for (const field in value) {
            const kind = kinds.get(field);
            into[field] = kind ? moved(kind, value[field], from[field], to[field], share, into[field]) : value[field];
        }
        return into;
    }
}

export class Interpolation {
    /** Without it the newest values are drawn. */
    enabled = true;
    /** How far behind the newest tick the screen is to be, in milliseconds. */
    delay;
    /** The tick on the screen, with a fraction. */
    shown = NaN;
    /** @type {Map<number, Entity>} */
    #entities = new Map();
    /** @type {Map<number, Record<string, Component>>} */
    #scene = new Map();
    #newest = 0;
    /** When tick 0 would have come, had it been among the fastest. */
    #base = NaN;
    /** How late packets were. @type {number[]} */
    #late = [];
    #drawn = NaN;

    /** @param {Blender} blender @param {number} tickRate */
    constructor(blender, tickRate) {
        this.blender = blender;
        this.period = 1000 / tickRate;
        this.delay = this.period;
    }

    /** Notes that a packet came. @param {number} tick @param {number} now */
    beat(tick, now) {
        const base = now - tick * this.period;
        if (!(base >= this.#base)) this.#base = base;
        // Clocks drift: what was fast once need not be fast for ever.
        this.#base += (base - this.#base) / 100;
        this.#late = [...this.#late, base - this.#base].slice(-HEARD);
        const least = Math.min(...this.#late.slice(-LATE_IN_A_ROW));
        if (this.#late.length > LATE_IN_A_ROW && least > 2 * this.period) {
            this.#base += least;
            this.#late = [];
        }
        const sorted = [...this.#late].sort((a, b) => a - b);
        const usual = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
        const wanted = this.period + Math.min(Math.max(usual, 0), JITTER_MOST);
        this.delay += (wanted - this.delay) * (wanted > this.delay ? 0.25 : 0.01);
        this.#newest = tick;
        // Whoever never draws keeps nothing that is gone.
        for (const [id, { until }] of this.#entities) if (until < tick - VALUES_MOST) this.#forget(id);
    }

    /** @param {number} id */
    #forget(id) {
        this.#entities.delete(id);
        this.#scene.delete(id);
    }

    /** An entity came into view. @param {number} id @param {number} tick @param {boolean} isOwn */
    add(id, tick, isOwn) {
        this.#entities.set(id, { isOwn, since: tick, until: Infinity, tracks: new Map(), shown: {} });
        this.#scene.delete(id);
    }

    /** A component has a new value, or is gone. @param {number} id @param {string} name @param {number} tick @param {any} value */
    note(id, name, tick, value) {
        const entity = this.#entities.get(id);
        if (!entity) return;
        const track = entity.tracks.get(name) ?? { values: [], scratch: {} };
        entity.tracks.set(name, track);
        const { values } = track;
        if (values.at(-1)?.tick === tick) values.pop();
        values.push({ tick, value });
        const needed = Math.min(Math.floor(this.shown), tick - 1) - 1;
        while (values.length > VALUES_MOST || values[1]?.tick <= needed) values.shift();
    }

    /** An entity is gone; on the screen a little later. @param {number} id @param {number} tick */
    remove(id, tick) {
        const entity = this.#entities.get(id);
        if (entity) entity.until = tick;
    }

    /** Lets the screen's time go on. @param {number} now */
    advance(now) {
        const ideal = (now - this.#base - this.delay) / this.period;
        const passed = Math.max(0, now - this.#drawn) / this.period || 0;
        const behind = ideal - this.shown - passed;
        this.#drawn = now;
        if (!(behind <= BEHIND_MOST)) this.shown = ideal;
        else this.shown += passed * Math.min(1.5, Math.max(0.5, 1 + behind / 4));
        return (this.shown = Math.min(this.shown, this.#newest + EXTRAPOLATED_TICKS));
    }

    /** The scene at the screen's time. @param {boolean} isAhead whether own ones are drawn as the last packet has them */
    draw(isAhead) {
        for (const [id, entity] of this.#entities) {
            const tick = this.enabled && !(isAhead && entity.isOwn) ? this.shown : LATEST;
            if (tick >= entity.until) {
                this.#forget(id);
            } else if (tick >= entity.since) {
                for (const [name, track] of entity.tracks) {
                    const value = this.#value(name, track, tick, entity.since);
                    if (value === undefined) delete entity.shown[name];
                    else entity.shown[name] = value;
                }
                this.#scene.set(id, entity.shown);
            }
        }
        return this.#scene;
    }

    /** @param {string} name @param {Track} track @param {number} tick @param {number} since */
    #value(name, { values, scratch }, tick, since) {
        const newest = values[values.length - 1];
        if (values.length === 1 || tick === LATEST) return newest.value;
        // Behind the newest tick it goes on as it went last.
        const from = Math.max(since, Math.min(Math.floor(tick), this.#newest - 1));
        const [a, b] = [at(values, from), at(values, from + 1)];
        if (!a || !b) return a;
        const over = tick - this.#newest;
        return over > 0 ? this.blender.move(name, b, a, b, over, scratch) : this.blender.move(name, a, a, b, tick - from, scratch);
    }
}

/** The value that was there after a tick. @param {Track["values"]} values @param {number} tick */
function at(values, tick) {
    for (let at = values.length; at--; ) if (values[at].tick <= tick) return values[at].value;
    return undefined;
}
