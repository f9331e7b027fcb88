/** All messages of the native protocol, each with its tag and fields: `docs/native-protocol.md`, as a table. */

import { ProtocolError, Reader, bool, bytes, f32, i8, length, optional, raw, rawU16, record } from "./bytes.js";
import { text, u16, u32, u64, u8 } from "./bytes.js";

export const VERSION = 1;
const PACKET_MOST = 1 << 24;
/** What a server takes, unless its host chose otherwise. */
const CLIENT_PACKET_MOST = 1 << 16;
const DEPTH_MOST = 64;

/** A message by its name in the table. @typedef {{ type: string, [field: string]: any }} Message */

/** @type {import("./bytes.js").Value<number>} */
const version = {
    read(from) {
        const spoken = u16.read(from);
        if (spoken !== VERSION) throw new ProtocolError(`version ${spoken} is not spoken here`);
        return spoken;
    },
    write: (to) => u16.write(to, VERSION),
};

/** @param {string} json */
function checkDepth(json) {
    let depth = 0;
    for (const [mark] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/gs)) {
        if (mark === "[" || mark === "{") depth++;
        else if (mark[0] !== '"') depth--;
        if (depth > DEPTH_MOST) throw new ProtocolError(`nested more than ${DEPTH_MOST} deep`);
    }
}

/** JSON, with bytes put aside. @param {any[]} values @returns {[string, Uint8Array[]]} */
function packed(values) {
    /** @type {Uint8Array[]} */
    const attachments = [];
    /** @type {Set<any>} */
    const ours = new Set();
    const json = JSON.stringify(values, function (key) {
        const value = this[key];
        if (value?._placeholder === true && !ours.has(value)) throw new ProtocolError("this stands for bytes");
        const isBytes = value instanceof ArrayBuffer || ArrayBuffer.isView(value);
        // What has a form of its own in JSON was given that already.
        if (!isBytes) return arguments[1];
        const view = ArrayBuffer.isView(value) ? value : new Uint8Array(value);
        const placeholder = { _placeholder: true, num: attachments.length };
        attachments.push(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
        ours.add(placeholder);
        return placeholder;
    });
    checkDepth(json);
    return [json, attachments];
}

/** @param {string} json @param {Uint8Array[]} attachments @returns {any[]} */
function unpacked(json, attachments) {
    checkDepth(json);
    const used = new Set();
    /** @type {any} */
    let values;
    try {
        values = JSON.parse(json, (_, value) => {
            if (!attachments.length || value?._placeholder !== true) return value;
            used.add(value.num);
            return attachments[value.num] ?? used.add(-1);
        });
    } catch (error) {
        throw new ProtocolError(`the arguments cannot be read: ${error}`);
    }
    if (!Array.isArray(values) || used.size !== attachments.length || used.has(-1)) {
        throw new ProtocolError("the arguments are no array, or not with these attachments");
    }
    return values;
}

/** @param {number} most attachments @returns {import("./bytes.js").Value<any[]>} */
const args = (most) => ({
    read(from) {
        const [json, count] = [text(PACKET_MOST).read(from), length.read(from)];
        if (count > most) throw new ProtocolError(`${count} attachments are more than ${most}`);
        return unpacked(json, Array.from({ length: count }, () => bytes(PACKET_MOST).read(from).slice()));
    },
    write(to, values) {
        const [json, attachments] = packed(values);
        if (attachments.length > most) throw new ProtocolError(`more than ${most} attachments`);
        text(PACKET_MOST).write(to, json);
        length.write(to, attachments.length);
        attachments.forEach((attachment) => bytes(PACKET_MOST).write(to, attachment));
    },
});

/** The messages of one end. */
class Direction {
    /** @param {number} most bytes @param {Record<string, [number, Record<string, any>]>} table */
    constructor(most, table) {
        this.most = most;
        this.byName = new Map(Object.entries(table).map(([type, [tag, fields]]) => [type, { tag, body: record(fields) }]));
        this.byTag = new Map([...this.byName].map(([type, { tag, body }]) => [tag, { type, body }]));
    }

    /** @param {Message} message */
    encode(message) {
        const { tag, body } = /** @type {{ tag: number, body: any }} */ (this.byName.get(message.type));
        const packet = [tag];
        body.write(packet, message);
        if (packet.length > this.most) throw new ProtocolError(`${packet.length} bytes are more than ${this.most}`);
        return Uint8Array.from(packet);
    }

    /** @param {Uint8Array} packet @returns {Message} */
    decode(packet) {
        const known = this.byTag.get(packet[0]);
        if (!known || packet.length > this.most) throw new ProtocolError(`no message begins with ${packet[0]}`);
        const from = new Reader(packet);
        from.skip(1);
        const message = { type: known.type, ...known.body.read(from) };
        if (from.left) throw new ProtocolError(`${from.left} bytes are left behind ${known.type}`);
        return message;
    }
}

const moment = record({ tick: u32, phase: u8 });
const resume = record({ token: text(64), offset: optional(text(32)) });
const [name, id, sentence, offset] = [text(256), text(128), text(512), optional(text(32))];

export const fromClient = new Direction(CLIENT_PACKET_MOST, {
    hello: [1, { version, software: text(64), schema: optional(u64), token: optional(text(4096)), resume: optional(resume) }],
    join: [2, { place: id, name: text(64), options: text(4096), spectator: bool, predicts: bool }],
    leave: [3, {}],
    input: [4, { tick: u32, seen: optional(moment), predicted: optional(u32), controls: raw(1024) }],
    event: [5, { ack: optional(u32), name, args: args(10) }],
    ack: [6, { id: u32, args: args(10) }],
    ping: [7, { sent: u64 }],
    keyframe: [8, {}],
    look: [9, { x: f32, y: f32 }],
});

export const toClient = new Direction(PACKET_MOST, {
    welcome: [0x81, { version, socket: id, resume: text(64), resumed: bool, silence: u32, now: u64 }],
    schema: [0x82, { hash: u64, schema: raw(PACKET_MOST) }],
    joined: [0x83, { match: id, player: u32, spectator: bool, tick: u32, tickRate: u16, schema: u64 }],
    left: [0x84, { code: u16, reason: sentence }],
    state: [0x85, { packet: raw(PACKET_MOST) }],
    stateAfter: [0x86, { applied: rawU16, lead: i8, packet: raw(PACKET_MOST) }],
    event: [0x87, { ack: optional(u32), offset, name, args: args(255) }],
    ack: [0x88, { id: u32, args: args(255) }],
    pong: [0x89, { sent: u64, now: u64, tick: u32, phase: u8 }],
    error: [0x8a, { code: u16, sentence, fatal: bool }],
});
