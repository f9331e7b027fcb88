// Over a bad road: one's own motion is at once, others move without jumps, and nothing is corrected.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { loadRules } from "../../client-demo/app/rules.js";
import { connect } from "../../client-demo/sdk/tickwire.js";
import { closeBrowser, person, play, road, serve, state, until } from "./stage.mjs";

/** How far an avatar runs in a second, in units, and what is no jump beyond that: a fifth of its width. */
const SPEED = 51 * 20 / 128;
const SLACK = 0.2;

let server;
let way;
const mode = (name, walls, side) => `{name="${name}",players=4,options={walls=${walls},side=${side},bots=0,seconds=0,goal=0}}`;
const modes = [`modes=[${mode("quiet", false, 64)},${mode("walled", true, 48)}]`];

before(async () => {
    server = await serve(...modes);
    way = await road(server.port);
    // A round trip of 150 ms, and up to 30 ms more.
    way.lengthen(75, 15);
});
after(async () => {
    way.close();
    server.stop();
    await closeBrowser();
});

test("over a round trip of 150 ms one's own avatar moves within a frame or two, and in a minute of running nothing is corrected", async () => {
    const [ann, bob] = [await person(), await person()];
    const [first, second] = [await ann.open(`http://127.0.0.1:${way.port}/`), await bob.open(`http://127.0.0.1:${way.port}/`)];
    await play(first, "Ann");
    await play(second, "Bob");
    await first.waitForTimeout(4000);
    const frames = await first.evaluate(() => new Promise((told) => {
        const { tickwire } = /** @type {any} */ (globalThis);
        const from = tickwire.state().me.x;
        let frames = 0;
        dispatchEvent(new KeyboardEvent("keydown", { code: "KeyD", key: "d", bubbles: true }));
        const look = () => {
            frames += 1;
            const at = tickwire.state().me.x;
            if (Math.abs(at - from) > 0.001 || frames > 60) return told(frames);
            requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    }));
    console.log(`the avatar moved in frame ${frames} after the key`);
    assert.ok(frames <= 3, `it moved in the ${frames}th frame`);
    await first.evaluate(() => dispatchEvent(new KeyboardEvent("keyup", { code: "KeyD", key: "d", bubbles: true })));
    await first.waitForTimeout(1500);

    const begun = await state(first);
    const lateAtFirst = await first.evaluate(() => globalThis.tickwire.client.stats.late);
    // Ann's avatar, as Bob's page draws it, from frame to frame.
    await second.evaluate((id) => {
        const seen = { largest: 0, frames: 0, still: 0 };
        Object.assign(globalThis, { seen });
        let last = null;
        const look = (now) => {
            const body = /** @type {any} */ (globalThis).tickwire.world?.avatars.find((it) => it.id === id);
            if (body && last) {
                const step = Math.hypot(body.x - last.x, body.y - last.y);
                seen.largest = Math.max(seen.largest, step - 7.97 * (now - last.now) / 1000);
                seen.frames += 1;
                seen.still += Number(step === 0);
            }
            last = body ? { x: body.x, y: body.y, now } : null;
            requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    }, begun.me.id);
    // In circles, by the clock.
    const keys = [["d"], ["d", "s"], ["s"], ["s", "a"], ["a"], ["a", "w"], ["w"], ["w", "d"]];
    const end = performance.now() + 60_000;
    for (let turn = 0; performance.now() < end; turn += 1) {
        const held = keys[turn % keys.length];
        for (const key of held) await first.keyboard.down(key);
        await first.waitForTimeout(220);
        for (const key of held) await first.keyboard.up(key);
    }
    const ended = await state(first);
    const late = await first.evaluate(() => globalThis.tickwire.client.stats.late);
    const seen = await second.evaluate(() => /** @type {any} */ (globalThis).seen);
    console.log(`corrections ${ended.corrections - begun.corrections}, late ${late - lateAtFirst}, round trip ${ended.rtt_ms.toFixed(0)} ms, ` +
        `largest step beyond ${SPEED.toFixed(2)} units a second ${seen.largest.toFixed(3)} units in ${seen.frames} frames, ${seen.still} still`);
    // Late inputs, of a machine that is short of time, are corrected: two ticks each at most.
    const corrections = ended.corrections - begun.corrections;
    assert.ok(corrections <= 2 * (late - lateAtFirst), `${corrections} corrections, ${late} inputs late`);
    assert.deepEqual([ended.desyncs, (await state(second)).desyncs], [0, 0]);
    assert.ok(seen.frames > 500 && seen.largest < SLACK, `a jump of ${seen.largest} units`);
    assert.deepEqual([...ann.errors, ...bob.errors], []);
    await ann.close();
    await bob.close();
});

const REST = { move_x: 0, move_y: 0, aim: 0, fire: false, dash: false, reload: false, mark: false, weapon: 0 };

/** Somebody without a page in a match of a mode, whose controls follow from how many were said before. */
async function scripted(mode, controls) {
    const { encode, prediction } = await loadRules({ wasm: null });
    const client = await connect(`ws://127.0.0.1:${way.port}/play`, { WebSocket, software: "motion" });
    const made = await client.ask("create-match", { mode, private: true });
    const match = await client.join({ place: made.code, name: "Cleo", controls: encode, prediction });
    let ticks = 0;
    const beat = setInterval(() => {
        ticks += 1;
        match.input({ ...REST, ...controls(ticks) });
    }, 1000 / match.tickRate);
    return { client, match, close: () => (clearInterval(beat), client.close()) };
}

/**
 * Plays for so many seconds, after four; `begin` is called when they begin. On a machine that is short of time an
 * input comes late, and then the server is right to differ: such a time does not count.
 */
async function undisturbed(client, seconds, begin) {
    let late = -1;
    for (let tries = 0; tries < 3 && late !== 0; tries += 1) {
        await new Promise((settled) => setTimeout(settled, 4000));
        begin();
        const before = client.stats.late;
        await new Promise((passed) => setTimeout(passed, seconds * 1000));
        late = client.stats.late - before;
    }
    assert.equal(late, 0, "inputs came late");
}

test("whoever runs into walls predicts that as well, and is not corrected", async () => {
    // Across the whole field, then on at three eighths of a turn.
    const { client, match, close } = await scripted("walled", (ticks) => {
        const turn = Math.floor(ticks / 120) * 0.75 * Math.PI;
        return { move_x: Math.round(Math.cos(turn) * 127), move_y: Math.round(Math.sin(turn) * 127), dash: ticks % 50 === 0 };
    });
    let [corrections, stopped, last] = [0, 0, null];
    // What is taken on the way is no motion, and nobody foresees it.
    const motion = ({ Body, Velocity, Dash }) => JSON.stringify([Body, Velocity, Dash]);
    match.on("correction", (_, { from, to }) => { corrections += Number(!to || motion(from) !== motion(to)); });
    match.on("tick", (view) => {
        const body = view.get([...view.entities()].find((id) => view.isOwn(id) && view.get(id, "Body")), "Body");
        stopped += Number(body && last && Math.hypot(body.x - last.x, body.y - last.y) < 0.75 * SPEED / match.tickRate);
        last = body;
    });
    await undisturbed(client, 30, () => { [corrections, stopped] = [0, 0]; });
    console.log(`${corrections} corrections, in ${stopped} ticks a wall was in the way`);
    assert.ok(stopped > 50, `only in ${stopped} ticks a wall was in the way`);
    assert.deepEqual([corrections, client.stats.desyncs], [0, 0]);
    await close();
});

test("whoever predicts rightly is told nothing of its own avatar for a minute but that its inputs came", async () => {
    const { client, match, close } = await scripted("quiet", (ticks) => {
        const turn = (ticks / 40) * 2 * Math.PI;
        return { move_x: Math.round(Math.cos(turn) * 127), move_y: Math.round(Math.sin(turn) * 127),
            aim: (ticks * 700) & 0xffff, dash: ticks % 50 === 0 };
    });
    const told = [];
    match.on("packet", (packet) => told.push(packet.length));
    let before = 0;
    await undisturbed(client, 60, () => {
        told.length = 0;
        before = client.stats.corrections;
    });
    const corrections = client.stats.corrections - before;
    console.log(`${told.length} packets, ${corrections} corrections`);
    const mean = told.reduce((sum, length) => sum + length, 0) / told.length;
    console.log(`packets of ${mean.toFixed(2)} bytes, the longest ${Math.max(...told)}`);
    assert.ok(told.length > 1100 && match.view.isOwn([...match.view.entities()].find((id) => match.view.get(id, "Body"))));
    assert.deepEqual([corrections, client.stats.desyncs], [0, 0]);
    // Two bytes say that nothing happened. Seven more are a checksum, every so many ticks; a table comes along
    // now and then. Its own avatar, told anew in each tick, would be four bytes at least.
    const silent = told.filter((length) => length <= 2).length;
    assert.ok(silent > told.length * 0.9, `${silent} of ${told.length} packets say nothing`);
    assert.ok(mean < 3, `a packet has ${mean} bytes`);
    await close();
});
