// What all receivers of a match's stream have in common, and how changes of it are told.

import { lanesChecksum } from "./checksum.js";
import { StreamError } from "./errors.js";
import { LENGTH_MAX, table } from "./model.js";
import { LINE, clamp, setLine } from "./motion.js";
import { Shape } from "./shape.js";

/** @import { Packet } from "./coder.js" */
/** @import { LaneMode, Layout } from "./model.js" */
/** @import { Part } from "./part.js" */
/** @import { Schema } from "./schema.js" */
/** @import { Section } from "./section.js" */

/** A room knows at most this many shapes. */
const SHAPES_LIMIT = 1 << 12;
/** All its shapes have at most this many lanes together. */
const SHAPE_LANES_LIMIT = 1 << 16;

/** @returns {never} */
export function badNews() {
    throw new StreamError("badNews", "an announcement is out of bounds");
}

export class Room {
    /** @param {Schema} schema @param {Layout} layout @param {boolean} grid whether parts can go from section to section */
    constructor(schema, layout, grid) {
        this.schema = schema;
        this.layout = layout;
        this.grid = grid;
        this.tick = 0;
        this.tables = layout.tables.slice();
        /** By component and lane. @type {LaneMode[][]} */
        this.modes = schema.components.map(({ lanes }) =>
            lanes.map(({ motion }) => ({ steady: motion === "steady", driver: null, home: 0 })),
        );
        /** @type {Shape[]} */
        this.shapes = [];
        /** Ascending. @type {Section[]} */
        this.sections = [];
    }

    /** The shape with a number. @param {number} id */
    shape(id) {
        const shape = this.shapes[id];
        if (!shape) throw new StreamError("noShape", `no shape has the number ${id}`);
        return shape;
    }

    /** What the lanes of some parts add up to, as an int32. @param {Iterable<Part>} parts */
    checksum(parts) {
        let sum = 0;
        for (const { id, shapeId, values } of parts) {
            for (const plan of this.shapes[shapeId].components) {
                sum = (sum + lanesChecksum(id, plan.id, values, plan.start, plan.end)) | 0;
            }
        }
        return sum;
    }

    /** Reads what is new for the room, and believes it. @param {Packet} packet */
    readNews(packet) {
        packet.begin();
        packet.tables = this.tables;
        const shapes = this.readShapes(packet), tables = this.readTables(packet), modes = this.readModes(packet);
        packet.finish();
        for (const [number, lengths] of tables) this.tables[number] = table(lengths);
        /** @type {[number, number][]} */
        const bent = [];
        for (const { component, lane, mode } of modes) {
            if (this.modes[component][lane].steady !== mode.steady) bent.push([component, lane]);
            this.modes[component][lane] = mode;
        }
        if (modes.length > 0) this.shapes = this.shapes.map(({ ids }) => new Shape(ids, this));
        for (const ids of shapes) this.shapes.push(new Shape(ids, this));
        if (bent.length > 0) this.forgetLines(bent);
    }

    /** Starts the lines of lanes anew whose motion has changed. @param {[number, number][]} bent */
    forgetLines(bent) {
        for (const section of this.sections) {
            for (const part of section.parts.values()) {
                const shape = this.shapes[part.shapeId];
                for (const [component, lane] of bent) {
                    const at = shape.find(component);
                    if (at >= 0) setLine(part.lines, (shape.components[at].start + lane) * LINE, 0, 0, 0);
                }
                part.settle(shape);
            }
            section.reactivate(this.tick);
        }
    }

    /** New sets of components, ascending. @param {Packet} packet */
    readShapes(packet) {
        const { layout } = this, { components } = this.schema;
        const known = new Set(this.shapes.map(({ ids }) => ids.join()));
        let lanes = this.shapes.reduce((sum, shape) => sum + shape.lanes.length, 0);
        const count = packet.number(layout.shape);
        if (known.size + count > SHAPES_LIMIT) badNews();
        return Array.from({ length: count }, () => {
            /** @type {number[]} */
            const ids = [];
            for (let id = -1; ; ) {
                const gap = packet.number(layout.gap);
                if (gap === 0) break;
                id += gap;
                if (id >= components.length) badNews();
                ids.push(id);
                lanes += components[id].lanes.length;
            }
            if (known.has(ids.join()) || lanes > SHAPE_LANES_LIMIT) badNews();
            known.add(ids.join());
            return ids;
        });
    }

    /** Tables with their new code lengths. @param {Packet} packet */
    readTables(packet) {
        const { layout, tables } = this;
        /** @type {[number, Uint8Array][]} */
        const read = [];
        for (let number = -1; ; ) {
            const gap = packet.number(layout.gap);
            if (gap === 0) return read;
            number += gap;
            if (number >= tables.length) badNews();
            const lengths = tables[number].lengths.slice();
            // Each is told against the one its sign has next to it.
            for (let symbol = 0; symbol < lengths.length; symbol++) {
                const expected = symbol === 0 ? 2 : symbol === 1 ? 10 : lengths[symbol - 1 - (symbol % 2)];
                const residual = packet.residual(layout.length + (expected === LENGTH_MAX ? 1 : 0));
                lengths[symbol] = clamp(expected + residual, 0, LENGTH_MAX);
            }
            read.push([number, lengths]);
        }
    }

    /** How lanes move from now on. @param {Packet} packet */
    readModes(packet) {
        const count = packet.number(this.layout.count);
        if (count > this.modes.reduce((sum, lanes) => sum + lanes.length, 0)) badNews();
        return Array.from({ length: count }, () => {
            const { component, lane, modulus } = this.readLane(packet);
            const home = packet.raw(32);
            if (home >= modulus) badNews();
            const steady = packet.raw(1) === 1;
            let driver = null;
            if (packet.raw(1) === 1) {
                const source = this.readLane(packet);
                driver = { component: source.component, lane: source.lane, gain: packet.raw(25) - 2 ** 24 };
            }
            return { component, lane, mode: { steady, driver, home } };
        });
    }

    /** Which lane is meant. @param {Packet} packet */
    readLane(packet) {
        const component = packet.raw(12), lane = packet.raw(12);
        const spec = this.schema.components[component]?.lanes[lane] ?? badNews();
        return { component, lane, modulus: spec.modulus };
    }
}
