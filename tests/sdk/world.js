// A world of one kind of thing, and the stream's face for it: packets are JSON, lanes are thousandths.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const SCHEMA = encoder.encode(
    JSON.stringify([
        {
            name: "Body",
            fields: [
                { name: "x", kind: { float: { min: -1000, max: 1000, step: 0.001 } } },
                { name: "way", kind: { angle: { steps: 1000 } } },
                { name: "word", kind: { choice: { names: ["a", "b"] } } },
            ],
        },
        { name: "Score", fields: [{ name: "points", kind: { int: { min: 0, max: 100 } } }] },
    ]),
);

export class StreamError extends Error {
    name = "StreamError";

    constructor(kind) {
        super(kind);
        this.kind = kind;
    }
}

const coders = {
    Body: [({ x, way, word }) => [Math.round(x * 1000), Math.round(way * 1000), word === "b" ? 1 : 0],
        ([x, way, word]) => ({ x: x / 1000, way: way / 1000, word: word ? "b" : "a" })],
    Score: [({ points }) => [points], ([points]) => ({ points })],
};

export function parseSchema() {
    return {
        components: [{ name: "Body" }, { name: "Score" }],
        find: (name) => ["Body", "Score"].indexOf(name),
        encode: (name, value) => coders[name][0](value),
        decode: (name, lanes) => coders[name][1](lanes),
    };
}

export class Prediction {
    lanes = new Map();
    set(id, component, lanes) {
        this.lanes.set(`${id} ${component}`, [...lanes]);
    }
    get(id, component) {
        return this.lanes.get(`${id} ${component}`);
    }
    checksum() {
        return checksum([...this.lanes].sort());
    }
}

const checksum = (value) => [...JSON.stringify(value)].reduce((sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) >>> 0, 7);

/** What own entities add up to, as `Prediction` has it. */
export function truthSum(own) {
    const lanes = new Map();
    for (const [id, values] of own) {
        ["Body", "Score"].forEach((name, at) => values[name] && lanes.set(`${id} ${at}`, coders[name][0](values[name])));
    }
    return checksum([...lanes].sort());
}

/** A packet: all entities `{ id: { owner, Body, Score } }` of a tick; `omits` leaves out the viewer's own. */
export const packet = (tick, entities, more = {}) => encoder.encode(JSON.stringify({ tick, entities, ...more }));

export class Replica {
    tick = 0;
    all = new Map();
    isBroken = true;
    isWhole = true;

    constructor(schema, player, predicts) {
        Object.assign(this, { schema, player, predicts });
    }

    receive(bytes, prediction) {
        const { tick, entities, keyframe = false, omits = false } = JSON.parse(decoder.decode(bytes));
        if (!keyframe && (this.isBroken || tick !== this.tick + 1)) {
            this.isBroken = true;
            throw new StreamError(this.isBroken ? "noKeyframe" : "badNews");
        }
        this.isBroken = false;
        this.isWhole ||= keyframe;
        this.tick = tick;
        const changes = { added: [], changed: [], lost: [], removed: [], keyframe, desync: false };
        const before = this.all;
        this.all = new Map();
        for (const [key, { owner, ...values }] of Object.entries(entities)) {
            const [id, old] = [Number(key), before.get(Number(key))];
            const entity = { owner, objects: {} };
            this.all.set(id, entity);
            if (!old) changes.added.push(id);
            for (const name of ["Body", "Score"]) {
                if (!values[name]) continue;
                let lanes = coders[name][0](values[name]);
                if (omits && owner === this.player) {
                    this.isWhole &&= prediction !== undefined;
                    lanes = prediction?.get(id, this.schema.find(name)) ?? lanes;
                }
                const value = old?.objects[name];
                const isSame = value && JSON.stringify(coders[name][0](value)) === JSON.stringify(lanes);
                entity.objects[name] = isSame ? value : coders[name][1](lanes);
                if (old && !isSame) changes.changed.push([id, this.schema.find(name)]);
            }
        }
        for (const id of before.keys()) if (!this.all.has(id)) changes.removed.push(id);
        return changes;
    }

    entities() {
        return [...this.all.keys()].sort((a, b) => a - b);
    }
    has(id) {
        return this.all.has(id);
    }
    isOwn(id) {
        return this.all.get(id)?.owner === this.player;
    }
    components(id) {
        return Object.keys(this.all.get(id)?.objects ?? {});
    }
    predictable(id) {
        return this.isOwn(id) ? this.components(id).map((name) => this.schema.find(name)) : [];
    }
    get(id, name) {
        return this.all.get(id)?.objects[name];
    }
    lanes(id, component) {
        const name = ["Body", "Score"][component];
        return coders[name][0](this.get(id, name));
    }
}

export const stream = { Replica, Prediction, parseSchema };
