// The receiving half: what a viewer knows of the match, kept up to date by packets.
//
// Any bytes may come: they are applied, or refused with a `StreamError`, and never cost more memory than they justify.

import { Layout } from "./model.js";
import { apply } from "./receive.js";

/** @import { Part } from "./part.js" */
/** @import { Prediction } from "./prediction.js" */
/** @import { Room } from "./room.js" */
/** @import { Schema } from "./schema.js" */
/** @import { Section } from "./section.js" */

/** What a packet changed. */
class Changes {
    constructor() {
        /** Entities that came into view. @type {number[]} */
        this.added = [];
        /**
         * Components of other entities that are new or have new values, by their numbers: told, or moved on by
         * themselves. A component may be named twice. @type {[number, number][]}
         */
        this.changed = [];
        /** Components that entities lost which are still in view. @type {[number, number][]} */
        this.lost = [];
        /** Entities that went out of view or ended. @type {number[]} */
        this.removed = [];
        /** Whether it was a keyframe. */
        this.keyframe = false;
    }
}

/** @param {number} a @param {number} b */
const ascending = (a, b) => a - b;

/** One viewer's copy of what it sees. */
export class Replica {
    /**
     * A viewer that has seen nothing yet.
     * @param {Schema} schema @param {number} player @param {boolean} predicts whether it predicts its own entities
     */
    constructor(schema, player, predicts) {
        this.schema = schema;
        this.player = player;
        this.predicts = predicts;
        this.layout = new Layout(schema);
        /** None before the first keyframe. @type {Room | null} */
        this.room = null;
        /** The parts of each entity. @type {Map<number, Part[]>} */
        this.places = new Map();
        /** The entities in view, until some come or go. @type {number[] | null} */
        this.ids = null;
        /** Entities whose chunks were left out without a prediction: their values are not known. @type {Set<number>} */
        this.unknown = new Set();
        this.changes = new Changes();
        /**
         * The components that entities had before the packet, of those that came or went in part. Kept over an error, so
         * that what is said next is against what was said last. @type {Map<number, Set<number>>}
         */
        this.before = new Map();
        /** Entities that nothing was said of yet. @type {Set<number>} */
        this.unsaid = new Set();
        /** Whether a packet was refused, so that only a keyframe helps. */
        this.isBroken = false;
    }

    /**
     * Applies a packet or a keyframe and says what changed. A `prediction` is of one's own lanes for the packet's tick.
     * @param {Uint8Array} packet @param {Prediction} [prediction]
     */
    receive(packet, prediction) {
        this.changes = new Changes();
        try {
            apply(this, packet, prediction);
        } catch (error) {
            this.isBroken = true;
            throw error;
        }
        this.conclude();
        return this.changes;
    }

    /** The tick of the last packet. */
    get tick() {
        return this.room?.tick ?? 0;
    }

    /** Whether all that is in view is known: nothing was left out for a prediction that nobody made. */
    get isWhole() {
        return this.unknown.size === 0;
    }

    /** The entities in view, ascending; not to be written to. */
    entities() {
        return (this.ids ??= [...this.places.keys()].sort(ascending));
    }

    /** Whether an entity is in view. @param {number} id */
    has(id) {
        return this.places.has(id);
    }

    /** Who owns an entity. @param {number} id */
    owner(id) {
        return this.parts(id).find((part) => part.owner !== null)?.owner ?? null;
    }

    /** Whether an entity is this viewer's own and may be predicted by it. @param {number} id */
    isOwn(id) {
        return this.parts(id).some((part) => part.isPredictedBy(this.player));
    }

    /** The names of the components of an entity that this viewer sees. @param {number} id */
    components(id) {
        return this.numbers(id).map((component) => this.schema.components[component].name);
    }

    /** What a `Prediction` must have for an entity: the numbers of its components, if it is one's own. @param {number} id */
    predictable(id) {
        return this.isOwn(id) ? this.numbers(id) : [];
    }

    /**
     * A component as an object, the same one until it changes; undefined if there is none.
     * @param {number} id @param {string} name
     */
    get(id, name) {
        const component = this.schema.find(name);
        for (const part of this.parts(id)) {
            const shape = this.room?.shapes[part.shapeId], at = shape?.find(component) ?? -1;
            if (!shape || at < 0) continue;
            const { start } = shape.components[at];
            return (part.objects[at] ??= this.schema.components[component].read(part.values, start));
        }
        return undefined;
    }

    /** A copy of the lanes of a component. @param {number} id @param {number} component */
    lanes(id, component) {
        for (const part of this.parts(id)) {
            const shape = this.room?.shapes[part.shapeId], plan = shape?.components[shape.find(component)];
            if (plan) return part.values.slice(plan.start, plan.end);
        }
        return undefined;
    }

    /** What this viewer's own predicted lanes add up to. */
    ownChecksum() {
        const { room } = this;
        const own = this.entities().filter((id) => this.isOwn(id));
        return room ? room.checksum(own.flatMap((id) => this.parts(id))) >>> 0 : 0;
    }

    /** @param {number} id @returns {Part[]} */
    parts(id) {
        return (this.room && this.places.get(id)) ?? [];
    }

    /** @param {number} id */
    numbers(id) {
        return this.parts(id).flatMap((part) => this.room?.shapes[part.shapeId].ids ?? []);
    }

    /** Notes components that an entity had. @param {number} id @param {Iterable<number>} components */
    had(id, components) {
        let before = this.before.get(id);
        if (!before) this.before.set(id, (before = new Set()));
        for (const component of components) before.add(component);
    }

    /** Notes where a part is. @param {Part} part */
    came(part) {
        const parts = this.places.get(part.id);
        if (!parts && !this.before.has(part.id)) this.unsaid.add(part.id);
        this.had(part.id, []);
        if (parts) parts.push(part);
        else this.places.set(part.id, [part]);
        this.ids = null;
    }

    /**
     * Notes that a part with these components is where it was no more.
     * @param {Part} part @param {Section} section @param {number[]} components
     */
    went(part, section, components) {
        this.had(part.id, components);
        const left = this.places.get(part.id)?.filter((other) => other.section !== section);
        if (left && left.length > 0) this.places.set(part.id, left);
        else this.places.delete(part.id);
        this.ids = null;
    }

    /** Forgets all entities, but for what was said of them. */
    forgetAll() {
        const { room } = this;
        this.room = null;
        for (const section of room?.sections ?? []) {
            for (const part of section.parts.values()) this.went(part, section, room?.shapes[part.shapeId].ids ?? []);
        }
        // What was read of a keyframe that was refused.
        for (const id of this.places.keys()) this.had(id, []);
        this.places.clear();
        this.unknown.clear();
        this.ids = null;
    }

    /** Says what came and went. */
    conclude() {
        const { added, changed, lost, removed } = this.changes;
        for (const [id, before] of [...this.before].sort(([a], [b]) => a - b)) {
            const isUnsaid = this.unsaid.delete(id);
            if (!this.places.has(id)) {
                if (!isUnsaid) removed.push(id);
            } else if (isUnsaid) {
                added.push(id);
            } else {
                const now = [...new Set(this.numbers(id))].sort(ascending);
                for (const component of now) changed.push([id, component]);
                const gone = [...before].filter((component) => !now.includes(component)).sort(ascending);
                for (const component of gone) lost.push([id, component]);
            }
        }
        this.before.clear();
        for (const id of this.unknown) if (!this.places.has(id)) this.unknown.delete(id);
    }
}
