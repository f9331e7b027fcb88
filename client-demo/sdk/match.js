/** A match as one client is in it: what it sees, what it says, for which tick. */

import { Events } from "./events.js";
import { Blender, Interpolation } from "./interpolation.js";
import { Stage } from "./link.js";
import { Predictor } from "./prediction.js";

const ASK_AGAIN = 1000;
/** The server keeps inputs for so many ticks ahead. */
const WINDOW = 7;
/** Nobody is ahead by more: then the match has let ticks go, or is another. */
const AHEAD_MOST = WINDOW + 1;

/**
 * For which tick an input is meant: a little later than it arrives. How much is learnt from what the server says of those
 * before, in eighths of a tick: 2 to 11 are well, which is more than the one tick by which inputs are apart.
 */
export class Lead {
    /** How many ticks before its own an input is to arrive. */
    early = 5 / 8;
    /** The tick of the last input. */
    last = 0;
    /** Inputs up to this one were sent before the last change. */
    #heeded = 0;

    /** @param {number} eighths how long before its tick an input came @param {number} tick its tick */
    note(eighths, tick) {
        if (eighths < 2 && tick > this.#heeded) {
            this.early += Math.min(8, 3 - eighths) / 16;
            this.#heeded = this.last;
        } else if (eighths > 11) {
            this.early -= Math.min(16, eighths - 11) / 256;
        }
        this.early = Math.min(WINDOW, Math.max(-WINDOW, this.early));
    }

    /** The tick for an input that arrives then; null if all up to there have theirs. @param {number} arrival a tick with a fraction */
    next(arrival) {
        if (this.last > arrival + AHEAD_MOST) this.last = this.#heeded = 0;
        const ahead = this.last + 1 - arrival;
        if (!(ahead <= this.early + 0.75)) return null;
        this.last = ahead < this.early - 0.5 ? Math.round(arrival + this.early) : this.last + 1;
        return this.last;
    }
}

/** @typedef {import("./messages.js").Message} Message */
/** @typedef {import("./connection.js").Connection} Connection */

export class Match extends Events {
    /** What the controls say now, for drawing; an input sets it. @type {any} */
    controls = undefined;
    /** Whether it asked to leave. */
    isLeaving = false;
    /** What the last packet made known: a Replica. @type {any} */
    view = null;
    /** @type {Predictor | null} */
    prediction = null;
    #lead = new Lead();
    #schema = 0n;
    /** @type {{ name: string }[]} */
    #components = [];
    #askedAt = -Infinity;
    #isOver = false;
    /** @type {(why: { code: number, reason: string }) => void} */
    #tellLeft = () => {};

    /**
     * @param {Pick<Connection, "link" | "say" | "now">} connection @param {any} stream what is in `stream/`
     * @param {Record<string, number>} counts @param {Message} joined @param {Record<string, any>} options
     */
    constructor(connection, stream, counts, joined, options) {
        super();
        this.connection = connection;
        this.stream = stream;
        this.counts = counts;
        this.options = options;
        this.id = joined.match;
        this.player = joined.player;
        this.spectator = joined.spectator;
        this.tickRate = joined.tickRate;
        // It throws what is no schema before anything else reads it.
        stream.parseSchema(this.#schemaBytes());
        this.blender = new Blender(this.#schemaBytes());
        this.interpolation = new Interpolation(this.blender, this.tickRate);
        /** Kept when the match is over for this client. @type {Promise<{ code: number, reason: string }>} */
        this.left = new Promise((resolve) => (this.#tellLeft = resolve));
        this.join(joined);
    }

    /** In it, for the first time or again. @param {Message} joined */
    join(joined) {
        this.#askedAt = -Infinity;
        if (this.view && this.#schema === joined.schema && this.player === joined.player) return;
        const { Replica, Prediction, parseSchema } = this.stream;
        const [schema, rules] = [parseSchema(this.#schemaBytes()), this.options.prediction];
        this.#schema = joined.schema;
        this.#components = schema.components;
        this.player = joined.player;
        this.blender.snap = this.options.snap ?? Infinity;
        this.view = new Replica(schema, this.player, !!rules);
        this.prediction = rules ? new Predictor(rules, schema, Prediction, this.blender, this.tickRate) : null;
    }

    #schemaBytes() {
        return this.connection.link.schema?.bytes ?? new Uint8Array();
    }

    get #isHere() {
        return !this.isLeaving && this.connection.link.stage === Stage.joined;
    }

    /** Says what the controls say in the next tick; gives that tick, or null if it is too early for another. @param {any} controls */
    input(controls) {
        if (this.spectator || this.#isOver || !this.#isHere) return null;
        const { now, link: { clock } } = this.connection;
        const tick = this.#lead.next(clock.tick(now) + (clock.roundTrip * this.tickRate) / 2000);
        if (tick === null) return null;
        const encode = this.options.controls;
        const bytes = encode ? encode(controls) : controls;
        // It may be the caller's one object, written anew each time.
        this.controls = structuredClone(controls);
        const predicted = this.prediction?.input(tick, this.controls, this.view, now);
        this.connection.say({ type: "input", tick, seen: this.#seen(now), predicted, controls: bytes });
        return tick;
    }

    /** Where a spectator looks. @param {number} x @param {number} y */
    look(x, y) {
        if (this.#isHere) this.connection.say({ type: "look", x, y });
    }

    /** The tick that the server has reached, with a fraction. */
    serverTick() {
        return this.connection.link.clock.tick(this.connection.now);
    }

    /** What to draw now: components by entity. @returns {Map<number, Record<string, any>>} */
    at(now = this.connection.now) {
        const isAhead = !!this.prediction?.enabled;
        this.interpolation.advance(now);
        const scene = this.interpolation.draw(isAhead);
        if (this.prediction && isAhead) {
            for (const [id, own] of this.prediction.draw(now, this.controls, this.view)) {
                const shown = scene.get(id);
                if (shown) Object.assign(shown, own);
            }
        }
        return scene;
    }

    leave() {
        if (!this.isLeaving && !this.#isOver) {
            if (this.#isHere) this.connection.say({ type: "leave" });
            this.isLeaving = true;
        }
        return this.left;
    }

    /** It is over. @param {{ code: number, reason: string }} why */
    end(why) {
        this.#isOver = true;
        this.#tellLeft(why);
        this.fire("left", why);
    }

    /** A packet of the stream. @param {Message} message */
    receive(message) {
        const { view, counts, prediction } = this;
        const { now } = this.connection;
        this.fire("packet", message.packet);
        const applied = message.type === "stateAfter" ? this.#applied(message.applied) : null;
        if (applied !== null) {
            this.#lead.note(message.lead, applied);
            counts.late += Number(message.lead < 0);
        }
        const next = view.tick + 1;
        let news;
        try {
            news = view.receive(message.packet, prediction?.claim(next));
        } catch (error) {
            const { name, kind } = /** @type {any} */ (error);
            if (name !== "StreamError") throw error;
            if (kind === "desync") counts.desyncs++;
            return this.#lost(now);
        }
        if (news.keyframe) {
            counts.keyframes++;
            this.#askedAt = -Infinity;
        }
        // The server believes that more is known than is: it says all of it again.
        if (!view.isWhole) this.#lost(now);
        this.#show(news, now);
        const corrections = prediction?.receive(view, applied, now, this.controls) ?? [];
        counts.corrections += corrections.length;
        this.#tell(news, corrections);
    }

    /** Gives the screen what a packet changed. @param {Record<string, any>} news @param {number} now */
    #show({ added, changed, lost, removed }, now) {
        const { view, interpolation } = this;
        const { tick } = view;
        interpolation.beat(tick, now);
        for (const id of added) {
            interpolation.add(id, tick, view.isOwn(id));
            for (const name of view.components(id)) interpolation.note(id, name, tick, view.get(id, name));
        }
        for (const [id, component] of [...changed, ...lost]) {
            const name = this.#name(component);
            interpolation.note(id, name, tick, view.get(id, name));
        }
        for (const id of removed) interpolation.remove(id, tick);
    }

    /** Tells those who listen. @param {Record<string, any>} news @param {{ id: number, from: any, to: any }[]} corrections */
    #tell({ added, changed, lost, removed }, corrections) {
        for (const id of added) this.fire("added", id);
        for (const [id, component] of [...changed, ...lost]) this.fire("changed", id, this.#name(component));
        for (const id of removed) this.fire("removed", id);
        for (const { id, from, to } of corrections) this.fire("correction", id, { from, to });
        this.fire("tick", this.view);
    }

    /** @param {number} component */
    #name(component) {
        return this.#components[component].name;
    }

    /** Asks for a keyframe, again each second. @param {number} now */
    #lost(now) {
        if (now - this.#askedAt < ASK_AGAIN || !this.#isHere) return;
        this.#askedAt = now;
        this.connection.say({ type: "keyframe" });
    }

    /** The tick whose low bits these are. @param {number} stamp */
    #applied(stamp) {
        return this.#lead.last - ((this.#lead.last - stamp) & 0xffff);
    }

    /** What is on the screen. @param {number} now */
    #seen(now) {
        const shown = this.interpolation.enabled ? this.interpolation.advance(now) : this.view.tick;
        if (!(shown > 0)) return null;
        return { tick: Math.floor(shown), phase: Math.floor((shown % 1) * 256) };
    }
}
