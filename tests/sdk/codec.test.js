// Values become the server's lanes, and lanes the server's values, exactly.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSchema } from "../../client-demo/sdk/stream/schema.js";
import { golden } from "./goldens.js";

/** Kinds whose numbers have 32 bits at the server. */
const SINGLE = /centimetre|fine|third|large|angle|flat|deep|rotation|turned|placed/;

function expected(name, value) {
    if (Array.isArray(value)) return name === "bytes" ? Uint8Array.from(value) : value.map((item) => expected(name, item));
    return typeof value === "number" && SINGLE.test(name) ? Math.fround(value) : value;
}

test("values of every kind become the server's lanes, and lanes the server's values", () => {
    const { schema, lines } = golden("codecs");
    const kinds = new Set();
    for (const [name, value, lanes, back] of lines) {
        kinds.add(name);
        const where = `${name} ${JSON.stringify(value)}`;
        assert.deepEqual(schema.encode(name, { it: value }), lanes, where);
        const decoded = schema.decode(name, lanes).it;
        assert.deepEqual(decoded, expected(name, back), where);
        // A number of 32 bits cannot tell so many steps of a turn apart.
        if (name !== "angle 16777216") assert.deepEqual(schema.encode(name, { it: decoded }), lanes, `${where}, again`);
    }
    assert.equal(kinds.size, schema.components.length);
});

test("what is no value becomes the least, the first, nothing", () => {
    const { schema } = golden("codecs");
    const lanes = (name, value) => schema.encode(name, { it: value });
    for (const value of [undefined, null, NaN, "x", {}, []]) {
        assert.deepEqual(lanes("centimetre", value === undefined || value === null ? -20 : value).length, 1);
        for (const { name, lanes: specs } of schema.components) {
            const made = lanes(name, name.includes("bytes") ? [] : value);
            assert.equal(made.length, specs.length, name);
            made.forEach((lane, at) => assert.ok(lane >= 0 && lane < specs[at].modulus, `${name} ${value}: ${lane}`));
        }
    }
    assert.deepEqual(lanes("centimetre", NaN), [0]);
    assert.deepEqual(lanes("centimetre", undefined), [2000]);
    assert.deepEqual(lanes("entity", null), [0]);
    assert.equal(schema.decode("entity", [0]).it, null);
});

test("bounds beyond 2^53 make lanes as exact as any", () => {
    const text = '[{"name":"A","fields":[{"name":"it","kind":{"int":{"min":-9223372036854775808,"max":-9223372036854775708}}}]}]';
    const schema = parseSchema(new TextEncoder().encode(text));
    assert.equal(schema.components[0].lanes[0].modulus, 101);
    assert.equal(schema.decode("A", [7]).it, -(2 ** 63));
});
