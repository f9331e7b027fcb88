// The library's replica comes to what the server's own replica comes to, packet by packet.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { StreamError } from "../../client-demo/sdk/stream/errors.js";
import { Replica } from "../../client-demo/sdk/stream/replica.js";
import { bytes, checksum, flat, golden, predictionOf, sumOf } from "./goldens.js";

const MATCHES = readdirSync(new URL("../golden/", import.meta.url))
    .map((name) => name.replace(".jsonl", ""))
    .filter((name) => /^(zoo|arena|crowd|lanes)/.test(name));

/** The viewers of a match, each with its steps. */
function viewers(lines) {
    const all = [];
    for (const line of lines) {
        if ("viewer" in line) all.push({ ...line, steps: [] });
        else all.at(-1).steps.push(line);
    }
    return all;
}

/** Gives a viewer its packets; `see` is called after each. */
function play(schema, { viewer, predicts, steps }, see) {
    const replica = new Replica(schema, viewer, predicts);
    steps.forEach((step, index) => {
        const prediction = predictionOf(step);
        const changes = replica.receive(bytes(step.packet), prediction);
        see(replica, changes, step, `viewer ${viewer}, packet ${index}, tick ${replica.tick}`);
    });
    return replica;
}

/** Compares a value with what the server's inspection says, which rounds. */
function assertAlike(actual, expected, where) {
    if (typeof expected === "number" && !Number.isInteger(actual)) {
        assert.ok(Math.abs(actual - expected) < 0.01, `${where}: ${actual}, not ${expected}`);
    } else if (Array.isArray(expected)) {
        assert.equal(actual.length, expected.length, where);
        expected.forEach((item, at) => assertAlike(actual[at], item, where));
    } else {
        assert.equal(actual, expected, where);
    }
}

function assertContent(replica, { tick, entities }, where) {
    assert.equal(replica.tick, tick, where);
    assert.deepEqual([...replica.entities()], entities.map(([id]) => id), where);
    for (const [id, owner, isOwn, components] of entities) {
        assert.ok(replica.has(id));
        assert.equal(replica.owner(id), owner, where);
        assert.equal(replica.isOwn(id), isOwn, where);
        assert.deepEqual(replica.components(id).sort(), Object.keys(components).sort(), where);
        for (const [name, fields] of Object.entries(components)) {
            const value = replica.get(id, name);
            assert.deepEqual(Object.keys(value).sort(), Object.keys(fields).sort(), where);
            for (const [field, expected] of Object.entries(fields)) {
                // The inspection shows the lanes of a rotation.
                if (field === "spin") continue;
                assertAlike(value[field], expected, `${where}: ${id} ${name}.${field}`);
            }
        }
    }
}

describe("every packet of a match comes to the server's lanes, own checksum and changes", () => {
    for (const name of MATCHES) {
        test(name, () => {
            const { schema, lines } = golden(name);
            for (const viewer of viewers(lines)) {
                play(schema, viewer, (replica, changes, step, where) => {
                    if (step.changes) assert.deepEqual(flat(changes), step.changes, where);
                    const sums = [checksum(replica), replica.ownChecksum(), sumOf(flat(changes))];
                    assert.deepEqual(sums, step.sums, where);
                    if (step.content) assertContent(replica, step.content, where);
                });
            }
        });
    }
});

test("the goldens have keyframes in the middle, corrections, owners, losses and removals", () => {
    const seen = new Set();
    for (const name of MATCHES) {
        const { schema, lines } = golden(name);
        for (const viewer of viewers(lines)) {
            play(schema, viewer, (replica, changes, step) => {
                const index = viewer.steps.indexOf(step);
                if (changes.keyframe && index > 0) seen.add("keyframe");
                for (const list of ["added", "changed", "lost", "removed"]) if (changes[list].length > 0) seen.add(list);
                if (replica.entities().some((id) => replica.isOwn(id))) seen.add("own");
                if (!step.predicted) return;
                seen.add(predictionOf(step).checksum() === replica.ownChecksum() ? "right" : "wrong");
            });
        }
    }
    const all = ["added", "changed", "keyframe", "lost", "own", "removed", "right", "wrong"];
    assert.deepEqual([...seen].sort(), all);
});

test("a component is the same object until it changes, and lanes pack into themselves", () => {
    for (const name of MATCHES) {
        const { schema, lines } = golden(name);
        for (const viewer of viewers(lines).slice(0, 2)) {
            let before = new Map();
            play(schema, viewer, (replica, changes, _, where) => {
                const changed = new Set(changes.changed.map(([id, at]) => `${id} ${schema.components[at].name}`));
                const now = new Map();
                for (const id of replica.entities()) {
                    for (const component of replica.components(id)) {
                        const key = `${id} ${component}`, value = replica.get(id, component);
                        assert.equal(replica.get(id, component), value);
                        const lanes = replica.lanes(id, schema.find(component));
                        assert.deepEqual(schema.encode(component, value), [...lanes], `${where}: ${key}`);
                        const old = before.get(key);
                        assert.deepEqual(schema.decode(component, lanes), value, `${where}: ${key}`);
                        if (old && !changed.has(key)) assert.equal(value, old, `${where}: ${key}`);
                        now.set(key, value);
                    }
                }
                before = now;
            });
        }
    }
});

test("one who has lost its predictions knows its own lanes no more, until a keyframe", () => {
    const { schema, lines } = golden("lanes");
    const [viewer] = viewers(lines), middle = viewer.steps.length / 2;
    const replica = new Replica(schema, viewer.viewer, true);
    const seen = { right: 0, wrong: 0, refused: 0 };
    viewer.steps.forEach((step, index) => {
        if (index >= middle) {
            replica.receive(bytes(step.packet), predictionOf(step));
            assert.deepEqual([checksum(replica), replica.ownChecksum()], step.sums.slice(0, 2));
            assert.ok(replica.isWhole);
            return;
        }
        try {
            replica.receive(bytes(step.packet));
            const isRight = checksum(replica) === step.sums[0];
            assert.ok(isRight || !replica.isWhole, "what is not known is known not to be");
            seen[isRight ? "right" : "wrong"]++;
        } catch (error) {
            assert.ok(error instanceof StreamError, error.stack);
            assert.notEqual(error.kind, "desync");
            seen.refused++;
        }
    });
    assert.ok(seen.right > 0 && seen.wrong > 0 && seen.refused > 0, JSON.stringify(seen));
});

test("one's own entities name what a prediction must have", () => {
    const { schema, lines } = golden("lanes");
    for (const viewer of viewers(lines)) {
        play(schema, viewer, (replica) => {
            for (const id of replica.entities()) {
                const numbers = replica.predictable(id).map((at) => schema.components[at].name);
                assert.deepEqual(numbers, replica.isOwn(id) ? replica.components(id) : []);
            }
        });
    }
});
