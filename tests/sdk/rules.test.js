// The arena's rules come to the same in JavaScript and in WebAssembly as in the match.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { encode, loadRules } from "../../client-demo/app/rules.js";
import { AVATAR, CELLS, step } from "../../client-demo/app/twin.js";

const lines = readFileSync(new URL("../golden/rules.jsonl", import.meta.url), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const [inputs, ...runs] = lines;

/** @param {() => Int32Array} row where it is now @param {() => boolean} tick */
function play(row, tick) {
    let steps = 0;
    for (const run of runs) {
        row().fill(0);
        row().set(run.row);
        for (const [controls, after, fires] of run.steps) {
            row().set(controls);
            assert.equal(tick(), fires, `whether it fires at ${controls[0]}`);
            assert.deepEqual([...row().subarray(AVATAR, AVATAR + 13)], after, `at tick ${controls[0]}`);
            steps += 1;
        }
    }
    return steps;
}

test("the twin in JavaScript takes every step that the match takes", () => {
    const row = new Int32Array(CELLS);
    assert.equal(play(() => row, () => step(row)), 1000);
});

test("controls are written as the match reads them", () => {
    for (const [[move_x, move_y, aim, bits, weapon], bytes] of inputs) {
        const [fire, dash, reload, mark] = [1, 2, 4, 8].map((bit) => (bits & bit) !== 0);
        assert.deepEqual([...encode({ move_x, move_y, aim, fire, dash, reload, mark, weapon })], bytes);
    }
});

const wasm = process.env.ARENA_RULES_WASM;
test("the rules built for WebAssembly take every step that the match takes", { skip: !wasm && "ARENA_RULES_WASM is not set" }, async () => {
    const { instance } = await WebAssembly.instantiate(readFileSync(/** @type {string} */ (wasm)));
    const exports = /** @type {any} */ (instance.exports);
    const row = () => new Int32Array(exports.memory.buffer, exports.row(), CELLS);
    assert.equal(play(row, () => exports.step() !== 0), 1000);
    const rules = await loadRules({ wasm: readFileSync(/** @type {string} */ (wasm)) });
    assert.equal(rules.kind, "wasm");
});

test("without WebAssembly the twin serves", async () => {
    const rules = await loadRules({ wasm: null });
    assert.equal(rules.kind, "js");
});
