// Packets that were damaged are judged as the server's own replica judges them, and nothing but a StreamError is thrown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PACKET_BYTES_LIMIT, StreamError } from "../../client-demo/sdk/stream/errors.js";
import { Replica } from "../../client-demo/sdk/stream/replica.js";
import { parseSchema } from "../../client-demo/sdk/stream/schema.js";
import { bytes, checksum, flat, golden, sumOf } from "./goldens.js";

/** Gives a packet; says what kind of error it was, or "ok". */
function give(replica, packet, seen = () => {}) {
    try {
        seen(replica.receive(packet));
        return "ok";
    } catch (error) {
        assert.ok(error instanceof StreamError, error.stack);
        assert.ok(replica.isBroken);
        return error.kind;
    }
}

/** A small generator, so that a failure can be repeated. */
function generator(seed) {
    return (end) => {
        seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
        return Math.floor((seed / 2 ** 32) * end);
    };
}

const { schema, lines } = golden("damage");
const [{ viewer, before, packets }, ...cases] = lines;
const sent = packets.map(bytes);

function warm() {
    const replica = new Replica(schema, viewer, false);
    for (const packet of sent.slice(0, before)) replica.receive(packet);
    return replica;
}

test("packets cut and flipped are judged as the server judges them, and what follows them too", () => {
    for (const { of, length, flips, outcome } of cases) {
        const damaged = sent[of].slice(0, length);
        for (const bit of flips ?? []) damaged[bit >> 3] ^= 0x80 >> (bit & 7);
        const replica = warm(), sums = [];
        const words = [damaged, ...sent.slice(before + 1)].map((packet) =>
            give(replica, packet, (changes) => sums.push(sumOf(flat(changes)), checksum(replica))),
        );
        assert.deepEqual([words.join(" "), sumOf(sums)], outcome, `${of} ${length} ${flips}`);
    }
});

test("whatever the bytes are, nothing but a stream's error is thrown, and a keyframe heals", () => {
    const below = generator(7);
    for (let round = 0; round < 800; round++) {
        const replica = warm();
        for (let count = 0; count < 3; count++) {
            const packet = round % 2 === 0 ? new Uint8Array(below(300)).map(() => below(256)) : sent[below(sent.length)].slice();
            for (let flips = below(20); flips > 0 && packet.length > 0; flips--) packet[below(packet.length)] = below(256);
            give(replica, packet);
            for (const id of replica.entities()) for (const name of replica.components(id)) replica.get(id, name);
            replica.ownChecksum();
        }
        assert.equal(give(replica, sent.at(-1)), "ok");
        assert.ok(!replica.isBroken);
    }
});

test("a packet that is too long, or the first without being a keyframe, is refused", () => {
    const replica = new Replica(schema, viewer, false);
    assert.equal(give(replica, new Uint8Array(PACKET_BYTES_LIMIT + 1)), "tooLong");
    assert.equal(give(replica, sent[1]), "noKeyframe");
    assert.equal(give(replica, new Uint8Array(0)), "truncated");
    assert.deepEqual([...replica.entities()], []);
    assert.equal(replica.tick, 0);
});

test("a great packet of zeros or ones ends soon", () => {
    for (const byte of [0, 0xff, 0x55]) {
        const packet = new Uint8Array(PACKET_BYTES_LIMIT).fill(byte);
        for (const first of [0x00, 0x80, 0x40, 0xff]) {
            packet[0] = first;
            give(warm(), packet);
        }
    }
});

test("what is no schema is refused with an error of the stream", () => {
    const field = (kind, more = {}) => [{ name: "A", fields: [{ name: "it", kind, ...more }] }];
    const wrong = [
        null, 7, {}, [7], [{ name: "A" }], [{ name: 7, fields: [] }], field("nothing"), field({}), field(7), field("constructor"),
        field({ int: { min: 1, max: 0 } }), field({ int: { min: 0, max: 2 ** 32 } }), field({ int: { min: 0.5, max: 2 } }),
        field({ float: { min: 0, max: 1, step: 0 } }), field({ float: { min: 0, max: 1, step: 1e-9 } }), field({ float: {} }),
        field({ angle: { steps: 1 } }), field({ vector: { axes: 4, min: 0, max: 1, step: 1 } }), field({ rotation: { bits: 21 } }),
        field({ choice: { names: [] } }), field({ text: { max: 256 } }), field({ bytes: { max: 0 } }),
        field({ optional: { optional: "bool" } }), field("bool", { motion: "steady" }), field("bool", { motion: "odd" }),
        [{ name: "A", audience: "none", fields: [] }], Array(4097).fill({ name: "A", fields: [] }),
    ];
    const texts = [...wrong.map((value) => JSON.stringify(value)), "", "[", "\xff"];
    for (const text of texts) {
        const refused = (error) => error instanceof StreamError && error.kind === "schema";
        assert.throws(() => parseSchema(Buffer.from(text, "latin1")), refused, text);
    }
    assert.throws(() => parseSchema(new Uint8Array((1 << 20) + 1).fill(32)), StreamError);
});
