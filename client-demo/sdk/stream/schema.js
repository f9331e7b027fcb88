// What is replicated, as data: the same on both sides.

import { codecOf, need } from "./codec.js";
import { StreamError } from "./errors.js";

const COMPONENTS_LIMIT = 4096;
const LANES_LIMIT = 4096;
const NAME_LIMIT = 64;
const SCHEMA_BYTES_LIMIT = 1 << 20;

/** @typedef {{ modulus: number, wraps: boolean, motion: "hold" | "steady" | "auto", repeats: boolean }} LaneSpec */

/** One replicated component: its fields, and the lanes that they become. */
export class Component {
    /** @param {any} data */
    constructor(data) {
        /** @type {string} */
        this.name = nameOf(data.name);
        /** @type {"everyone" | "team" | "owner"} */
        this.audience = data.audience ?? "everyone";
        need(["everyone", "team", "owner"].includes(this.audience), "no such audience");
        /** @type {LaneSpec[]} */
        this.lanes = [];
        need(Array.isArray(data.fields), "a component without fields");
        this.fields = data.fields.map((/** @type {any} */ field) => {
            const codec = codecOf(field.kind), motion = field.motion ?? "hold";
            need(["hold", "steady", "auto"].includes(motion), "no such motion");
            need(motion === "hold" || codec.lanes.some((lane) => lane.moves), "a field that cannot be steady");
            const at = this.lanes.length;
            for (const { modulus, wraps, moves, repeats } of codec.lanes) {
                this.lanes.push({ modulus, wraps, motion: moves ? motion : "hold", repeats });
            }
            need(this.lanes.length <= LANES_LIMIT, "the schema is larger than its limits");
            return { name: nameOf(field.name), at, codec };
        });
    }

    /** What lanes from `start` on mean. @param {ArrayLike<number>} lanes @param {number} start */
    read(lanes, start) {
        /** @type {Record<string, any>} */
        const value = {};
        for (const { name, at, codec } of this.fields) value[name] = codec.read(lanes, start + at);
        return value;
    }
}

/** All replicated components of a game; their order is their number. */
export class Schema {
    /** @param {Component[]} components */
    constructor(components) {
        this.components = components;
        /** @type {Map<string, number>} */
        this.numbers = new Map();
        components.forEach(({ name }, index) => this.numbers.has(name) || this.numbers.set(name, index));
        const lanes = components.reduce((sum, component) => sum + component.lanes.length, 0);
        need(components.length <= COMPONENTS_LIMIT && lanes <= LANES_LIMIT, "the schema is larger than its limits");
    }

    /** The number of the component with a name, or -1. @param {string} name */
    find(name) {
        return this.numbers.get(name) ?? -1;
    }

    /** The component that lanes are. @param {string} name @param {ArrayLike<number>} lanes */
    decode(name, lanes) {
        return this.named(name).read(lanes, 0);
    }

    /** The lanes of a component; a field that is missing is 0, nothing, empty. @param {string} name @param {any} value */
    encode(name, value) {
        /** @type {number[]} */
        const lanes = [];
        for (const field of this.named(name).fields) field.codec.write(value[field.name], lanes);
        return lanes;
    }

    /** @param {string} name */
    named(name) {
        const component = this.components[this.find(name)];
        if (!component) throw new TypeError(`there is no component ${name}`);
        return component;
    }
}

/** @param {any} name @returns {string} */
function nameOf(name) {
    need(typeof name === "string" && name.length <= NAME_LIMIT, "a name that is none");
    return name;
}

/** Reads a schema from the JSON that the server sends. @param {Uint8Array} bytes */
export function parseSchema(bytes) {
    need(bytes.length <= SCHEMA_BYTES_LIMIT, "the schema is larger than its limits");
    try {
        const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
        // Bounds that a double would round are read as text.
        const exact = text.replace(/("(?:min|max)":)(-?\d{16,})(?=[,}])/g, '$1"$2"');
        const data = JSON.parse(exact);
        need(Array.isArray(data), "a schema is a list of components");
        return new Schema(data.map((/** @type {any} */ component) => new Component(component)));
    } catch (error) {
        if (error instanceof StreamError) throw error;
        throw new StreamError("schema", `not a schema: ${error}`);
    }
}
