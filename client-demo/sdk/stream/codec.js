// What a field can hold: values to lanes and back, exactly as the server's.
//
// Numbers of 32 bits are rounded as the server's are (`Math.fround`); whole numbers above 2^53 as JavaScript's are.

import { StreamError } from "./errors.js";

/** @typedef {{ modulus: number, wraps: boolean, moves: boolean, repeats: boolean }} FieldLane */
/**
 * @typedef {{ lanes: FieldLane[], read: (lanes: ArrayLike<number>, at: number) => any,
 *     write: (value: any, out: number[]) => void }} Codec
 */

const LANE_VALUES = 2 ** 32;
const TURN = 2 * Math.PI;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** @param {number} modulus @param {boolean} [repeats] @returns {FieldLane} */
const plain = (modulus, repeats = false) => ({ modulus, wraps: false, moves: false, repeats });
/** @param {number} modulus @param {boolean} [wraps] @returns {FieldLane} */
const moving = (modulus, wraps = false) => ({ modulus, wraps, moves: true, repeats: false });

/** @param {boolean} holds @param {string} sentence */
export function need(holds, sentence) {
    if (!holds) throw new StreamError("schema", sentence);
}

/** A number as the server would have it. @param {any} value */
const single = (value) => Math.fround(Number(value ?? 0));

/** Rounds to a lane from 0 to `most`; what is no number is 0. @param {number} value @param {number} most */
const rounded = (value, most) => (value > 0 ? Math.min(Math.round(value), most) : 0);

/** @param {any} min @param {any} max @param {any} step */
function float(min, max, step) {
    need([min, max, step].every(Number.isFinite) && step > 0 && max > min, "a range that holds nothing");
    const steps = Math.round((max - min) / step);
    // Neighbours must be different numbers of 32 bits.
    const apart = step >= 2 ** -23 * Math.max(Math.abs(min), Math.abs(max));
    need(apart && steps >= 1 && steps < LANE_VALUES, "a step that no lane can hold");
    return {
        lane: moving(steps + 1),
        /** @param {number} lane */
        value: (lane) => Math.fround(min + lane * step),
        /** @param {any} value */
        encode: (value) => rounded((single(value) - min) / step, steps),
    };
}

/** @param {number} max @param {(bytes: Uint8Array) => any} made @param {(value: any) => Uint8Array} bytesOf @returns {Codec} */
function row(max, made, bytesOf) {
    need(Number.isInteger(max) && max >= 1 && max <= 255, "a size out of bounds");
    return {
        lanes: [plain(max + 1), ...Array.from({ length: max }, (_, at) => plain(256, at > 0))],
        read(lanes, at) {
            const bytes = new Uint8Array(Math.min(lanes[at], max));
            for (let index = 0; index < bytes.length; index++) bytes[index] = lanes[at + 1 + index];
            return made(bytes);
        },
        write(value, out) {
            const bytes = bytesOf(value);
            out.push(bytes.length);
            for (let index = 0; index < max; index++) out.push(bytes[index] ?? 0);
        },
    };
}

/** One lane that is its number. @returns {Codec} */
const moment = () => ({
    lanes: [plain(LANE_VALUES)],
    read: (lanes, at) => lanes[at],
    write: (value, out) => out.push(Number(value ?? 0) >>> 0),
});

/** By the name of a kind, what makes its codec of its data. @type {Record<string, (data: any) => Codec>} */
const KINDS = {
    bool: () => ({
        lanes: [plain(2)],
        read: (lanes, at) => lanes[at] !== 0,
        write: (value, out) => out.push(value ? 1 : 0),
    }),
    int({ min, max }) {
        const values = Number(BigInt(max) - BigInt(min)) + 1;
        need(values >= 1 && values <= LANE_VALUES, "a range that no lane can hold");
        const least = Number(min);
        return {
            lanes: [moving(values)],
            read: (lanes, at) => least + lanes[at],
            write: (value, out) => out.push(rounded(Math.trunc(Number(value ?? 0)) - least, values - 1)),
        };
    },
    float({ min, max, step }) {
        const { lane, value, encode } = float(min, max, step);
        return {
            lanes: [lane],
            read: (lanes, at) => value(lanes[at]),
            write: (number, out) => out.push(encode(number)),
        };
    },
    angle({ steps }) {
        need(Number.isInteger(steps) && steps >= 2 && steps <= 1 << 24, "a turn that no lane can hold");
        return {
            lanes: [moving(steps, true)],
            read: (lanes, at) => Math.fround((lanes[at] * TURN) / steps),
            write(value, out) {
                const turns = single(value) / TURN;
                out.push(Number.isFinite(turns) ? Math.round((turns - Math.floor(turns)) * steps) % steps : 0);
            },
        };
    },
    vector({ axes, min, max, step }) {
        need(axes === 2 || axes === 3, "a vector has two or three axes");
        const { lane, value, encode } = float(min, max, step);
        return {
            lanes: Array(axes).fill(lane),
            read: (lanes, at) => Array.from({ length: axes }, (_, axis) => value(lanes[at + axis])),
            write(vector, out) {
                for (let axis = 0; axis < axes; axis++) out.push(encode(vector?.[axis]));
            },
        };
    },
    rotation({ bits }) {
        need(Number.isInteger(bits) && bits >= 2 && bits <= 20, "a size out of bounds");
        const part = moving(2 ** bits);
        return {
            lanes: [plain(4), part, part, part],
            read: (lanes, at) => turned(lanes, at, 2 ** bits - 2).map(Math.fround),
            write: (value, out) => out.push(...rotation(value ?? [0, 0, 0, 0], 2 ** bits - 2)),
        };
    },
    choice({ names }) {
        need(Array.isArray(names) && names.length >= 1 && names.length <= 1 << 16, "a size out of bounds");
        return {
            lanes: [plain(names.length)],
            read: (lanes, at) => names[Math.min(lanes[at], names.length - 1)],
            write: (value, out) => out.push(Math.max(names.indexOf(value), 0)),
        };
    },
    text: ({ max }) => row(max, (bytes) => decoder.decode(bytes), (value) => {
        const bytes = encoder.encode(String(value ?? ""));
        let end = Math.min(bytes.length, max);
        while ((bytes[end] & 0xc0) === 0x80) end--;
        return bytes.subarray(0, end);
    }),
    bytes: ({ max }) => row(max, (bytes) => bytes, (value) => Uint8Array.from(value ?? []).subarray(0, max)),
    entity: () => ({ ...moment(), read: (lanes, at) => lanes[at] || null }),
    moment,
    optional(inner) {
        const { lanes, read, write } = codecOf(inner, true);
        return {
            lanes: [plain(2), ...lanes],
            read: (lanes, at) => (lanes[at] === 0 ? null : read(lanes, at + 1)),
            // Nothing is followed by the lanes of a default: of a choice, the first.
            write(value, out) {
                out.push(value === null || value === undefined ? 0 : 1);
                write(value, out);
            },
        };
    },
};

/** The codec of a field's kind. @param {any} kind @param {boolean} [isInner] @returns {Codec} */
export function codecOf(kind, isInner = false) {
    const [[name, data]] = typeof kind === "string" ? [[kind, {}]] : Object.entries(kind);
    need(Object.hasOwn(KINDS, name) && !(isInner && name === "optional"), `no field is a ${name}`);
    return KINDS[name](data);
}

/** The parts of a quaternion. @param {ArrayLike<number>} lanes @param {number} at @param {number} steps */
function turned(lanes, at, steps) {
    const parts = [0, 0, 0, 0], greatest = lanes[at] % 4;
    let rest = 1;
    for (let part = 0; part < 4; part++) {
        if (part === greatest) continue;
        parts[part] = smallPart(lanes[++at], steps);
        rest -= parts[part] * parts[part];
    }
    parts[greatest] = Math.sqrt(Math.max(rest, 0));
    return parts;
}

/** @param {number} lane @param {number} steps */
const smallPart = (lane, steps) => ((lane / steps) * 2 - 1) * Math.SQRT1_2;

/** The index of the greatest part, and the lanes of the others. @param {number[]} parts @param {number} steps */
function smallest(parts, steps) {
    let greatest = 0;
    for (let part = 1; part < 4; part++) {
        if (Math.abs(parts[part]) >= Math.abs(parts[greatest])) greatest = part;
    }
    const sign = parts[greatest] < 0 ? -1 : 1;
    const others = parts.filter((_, part) => part !== greatest);
    return [greatest, ...others.map((part) => rounded((((part * sign) / Math.SQRT1_2 + 1) / 2) * steps, steps))];
}

/** @param {ArrayLike<number>} value @param {number} steps */
function rotation(value, steps) {
    let parts = [0, 1, 2, 3].map((part) => single(value[part]));
    const length = Math.sqrt(parts.reduce((sum, part) => sum + part * part, 0));
    const isUsable = Number.isFinite(length) && length > 0;
    parts = isUsable ? parts.map((part) => part / length) : [0, 0, 0, 1];
    // Rounding can make another part the greatest, and then what comes back would not pack the same: such a part is
    // moved a step away from being it.
    let packed = smallest(parts, steps);
    for (let round = 0; round < 16; round++) {
        const again = smallest(turned(packed, 0, steps).map(Math.fround), steps);
        if (again.every((lane, at) => lane === packed[at])) break;
        const rival = again[0];
        if (rival === packed[0]) {
            packed = again;
        } else {
            const at = rival < packed[0] ? rival + 1 : rival;
            packed[at] += smallPart(packed[at], steps) > 0 ? -1 : 1;
        }
    }
    return packed;
}
