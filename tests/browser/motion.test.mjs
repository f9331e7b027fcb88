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
const quiet = ["modes=[{name=\"quiet\",players=4,options={walls=false,bots=0,side=64,seconds=0,goal=0}}]"];

before(async () => {
    server = await serve(...quiet);
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

test("whoever predicts rightly is told nothing of its own avatar for a minute but that its inputs came", async () => {
    const { encode, prediction } = await loadRules({ wasm: null });
    const client = await connect(`ws://127.0.0.1:${way.port}/play`, { WebSocket, software: "motion" });
    const made = await client.ask("create-match", { private: true });
    const match = await client.join({ place: made.code, name: "Cleo", controls: encode, prediction });
    const controls = { move_x: 0, move_y: 0, aim: 0, fire: false, dash: false, reload: false, mark: false, weapon: 0 };
    let ticks = 0;
    const beat = setInterval(() => {
        ticks += 1;
        const turn = (ticks / 40) * 2 * Math.PI;
        match.input({ ...controls, move_x: Math.round(Math.cos(turn) * 127), move_y: Math.round(Math.sin(turn) * 127),
            aim: (ticks * 700) & 0xffff, dash: ticks % 50 === 0 });
    }, 1000 / match.tickRate);
    // On a machine that is short of time an input comes late, and then the server is right to differ:
    // such a minute does not count.
    const told = [];
    match.on("packet", (packet) => told.push(packet.length));
    let minute;
    for (let tries = 0; tries < 3 && !(minute?.late === 0); tries += 1) {
        await new Promise((settled) => setTimeout(settled, 4000));
        told.length = 0;
        const before = client.stats;
        await new Promise((passed) => setTimeout(passed, 60_000));
        const after = client.stats;
        minute = { late: after.late - before.late, corrections: after.corrections - before.corrections };
        console.log(`${told.length} packets, ${minute.late} inputs late, ${minute.corrections} corrections`);
    }
    clearInterval(beat);
    const mean = told.reduce((sum, length) => sum + length, 0) / told.length;
    console.log(`packets of ${mean.toFixed(2)} bytes, the longest ${Math.max(...told)}`);
    assert.ok(told.length > 1100 && match.view.isOwn([...match.view.entities()].find((id) => match.view.get(id, "Body"))));
    assert.deepEqual(minute, { late: 0, corrections: 0 });
    assert.equal(client.stats.desyncs, 0);
    // Two bytes say that nothing happened. Seven more are a checksum, every so many ticks; a table comes along
    // now and then. Its own avatar, told anew in each tick, would be four bytes at least.
    const silent = told.filter((length) => length <= 2).length;
    assert.ok(silent > told.length * 0.9, `${silent} of ${told.length} packets say nothing`);
    assert.ok(mean < 3, `a packet has ${mean} bytes`);
    await client.close();
});
