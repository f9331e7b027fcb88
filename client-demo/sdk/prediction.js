/**
 * Oneself ahead of the server: what was said since the last packet, played again on top of what the server says. What was
 * predicted for a tick and what is drawn never mix: drawing only reads.
 */

/** The server repeats a missing input for so many ticks. */
const REPEATED_MOST = 20;
/** At most so many ticks are played again. */
const AHEAD_MOST = 64;

/** @typedef {Record<string, any>} Values components by name */
/** @typedef {{ values: Values, lanes: Map<number, ArrayLike<number>> }} Own one own entity after a tick */
/** @typedef {Map<number, Own>} State all of them */

/** @param {ArrayLike<number> | undefined} a @param {ArrayLike<number> | undefined} b */
const same = (a, b) => !!a && a.length === b?.length && Array.prototype.every.call(a, (lane, at) => lane === b?.[at]);

/** @param {Own} a @param {Own | undefined} b */
const agree = (a, b) => a.lanes.size === b?.lanes.size && [...a.lanes].every(([id, lanes]) => same(lanes, b?.lanes.get(id)));

export class Predictor {
    enabled = true;
    /** How long what remains of a correction is seen, in milliseconds. */
    smooth = 100;
    /** The last tick that is predicted. */
    last = 0;
    /** What the player's controls said. @type {Map<number, any>} */
    #inputs = new Map();
    /** What was told the server to be after a tick. @type {Map<number, any>} */
    #claims = new Map();
    /** @type {Map<number, State>} */
    #states = new Map();
    /** The tick of the last packet, and what the server's player held then. */
    #base = 0;
    /** @type {{ controls: any, at: number } | null} */
    #held = null;
    #stepped = 0;
    /** What was drawn before a correction, and what would have been after it. @type {Map<number, { at: number, from: Values, to: Values }>} */
    #slips = new Map();

    /**
     * @param {{ step: Function, idle?: any, smooth?: number }} rules
     * @param {any} schema @param {any} Prediction @param {import("./interpolation.js").Blender} blender @param {number} tickRate
     */
    constructor(rules, schema, Prediction, blender, tickRate) {
        this.rules = rules;
        this.schema = schema;
        this.Prediction = Prediction;
        this.blender = blender;
        this.period = 1000 / tickRate;
        this.smooth = rules.smooth ?? this.smooth;
    }

    /** Predicts a tick with these controls; gives what is to be told with them. @param {number} tick @param {any} controls @param {any} view @param {number} now */
    input(tick, controls, view, now) {
        // What was said and foreseen for later was for a time that did not come.
        for (const at of this.#inputs.keys()) if (at > tick) this.#inputs.delete(at);
        this.last = Math.min(this.last, Math.max(tick - 1, this.#base));
        this.#inputs.set(tick, controls);
        this.#stepped = now;
        this.#play(Math.max(this.last, tick - AHEAD_MOST), tick, view);
        const state = this.#states.get(tick);
        if (!this.enabled || !state?.size) return null;
        // What was told of a tick the server may still believe, so nothing else is.
        if (tick <= this.#base || this.#claims.has(tick)) return null;
        const claim = new this.Prediction();
        for (const [id, own] of state) own.lanes.forEach((lanes, component) => claim.set(id, component, lanes));
        this.#claims.set(tick, claim);
        return claim.checksum() >>> 0;
    }

    /** What the server was told of a tick. @param {number} tick */
    claim(tick) {
        return this.#claims.get(tick);
    }

    /**
     * Takes what a packet said; gives the entities for which it was something else.
     * @param {any} view @param {number | null} applied the tick of the input that is in it @param {number} now @param {any} controls
     */
    receive(view, applied, now, controls) {
        const { tick } = view;
        const truth = this.#truth(view);
        const before = this.#states.get(tick);
        if (applied !== null && this.#inputs.has(applied)) this.#held = { controls: this.#inputs.get(applied), at: tick };
        const wrong = [...truth].filter(([id, own]) => !agree(own, before?.get(id))).map(([id]) => id);
        const isRight = before?.size === truth.size && !wrong.length;
        const known = wrong.filter((id) => before?.has(id));
        const drawn = isRight ? new Map() : this.draw(now, controls, view);
        const froms = new Map(known.map((id) => [id, structuredClone(drawn.get(id))]));
        this.#base = tick;
        if (!isRight) {
            this.#states.set(tick, truth);
            const last = Math.min(Math.max(this.last, tick), tick + AHEAD_MOST);
            this.#play(tick, last, view);
        }
        // What the server was told it may believe, however far ahead that was.
        for (const at of this.#inputs.keys()) if (at < tick - REPEATED_MOST) this.#inputs.delete(at);
        for (const at of this.#claims.keys()) if (at < tick) this.#claims.delete(at);
        for (const at of this.#states.keys()) if (at < tick || at > this.last) this.#states.delete(at);
        return known.filter((id) => froms.get(id)).map((id) => {
            this.#slips.delete(id);
            const [from, to] = [froms.get(id), structuredClone(this.draw(now, controls, view).get(id))];
            if (to) this.#slips.set(id, { at: now, from, to });
            return { id, from, to };
        });
    }

    /** Own entities now: after the last tick, and as far on to the next as time is. @param {number} now @param {any} controls @param {any} view */
    draw(now, controls, view) {
        const share = Math.min(1, Math.max(0, (now - this.#stepped) / this.period));
        /** @type {Map<number, Values>} */
        const drawn = new Map();
        for (const [id, { values }] of this.#states.get(this.last) ?? []) {
            const next = controls === undefined ? values : { ...values, ...this.rules.step(values, controls, view, this.last + 1) };
            const slip = this.#slips.get(id);
            const left = slip ? 1 - (now - slip.at) / this.smooth : 0;
            if (left <= 0) this.#slips.delete(id);
            /** @type {Values} */
            const own = {};
            for (const name in values) {
                own[name] = this.blender.move(name, values[name], values[name], next[name], share, {});
                if (left <= 0 || !slip?.from[name] || !slip.to[name]) continue;
                own[name] = this.blender.move(name, own[name], slip.to[name], slip.from[name], left, {});
            }
            drawn.set(id, own);
        }
        return drawn;
    }

    /** What the last packet said. @param {any} view @returns {State} */
    #truth(view) {
        const own = [...view.entities()].filter((id) => view.isOwn(id));
        return new Map(own.map((id) => {
            const components = [...view.predictable(id)];
            const lanes = new Map(components.map((component) => [component, Array.from(view.lanes(id, component))]));
            const names = components.map((component) => this.schema.components[component].name);
            return [id, { values: Object.fromEntries(names.map((name) => [name, view.get(id, name)])), lanes }];
        }));
    }

    /** Plays all ticks after one up to another. @param {number} from @param {number} to @param {any} view */
    #play(from, to, view) {
        let state = this.#states.get(from) ?? this.#states.get(this.last) ?? this.#truth(view);
        for (let tick = from + 1; tick <= to; tick++) {
            const controls = this.#controls(tick);
            if (controls !== undefined) state = new Map([...state].map(([id, own]) => [id, this.#step(own, controls, view, tick)]));
            this.#states.set(tick, state);
        }
        this.last = to;
    }

    /** What the server will take the controls of a tick to say. @param {number} tick */
    #controls(tick) {
        for (let at = tick; at > Math.max(this.#base, tick - REPEATED_MOST - 1); at--) {
            if (this.#inputs.has(at)) return this.#inputs.get(at);
        }
        const isHeld = this.#held && tick - this.#held.at <= REPEATED_MOST;
        return isHeld ? this.#held?.controls : this.rules.idle;
    }

    /** @param {Own} own @param {any} controls @param {any} view @param {number} tick @returns {Own} */
    #step({ values, lanes }, controls, view, tick) {
        const stepped = this.rules.step(values, controls, view, tick);
        const after = { values: { ...values }, lanes: new Map(lanes) };
        for (const [component, before] of lanes) {
            const { name } = this.schema.components[component];
            const value = stepped[name];
            if (value === undefined || value === values[name]) continue;
            const encoded = Array.from(this.schema.encode(name, value));
            if (same(encoded, before)) continue;
            after.lanes.set(component, encoded);
            after.values[name] = this.schema.decode(name, encoded);
        }
        return after;
    }
}
