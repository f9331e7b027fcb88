// What is drawn between ticks, over links with jitter.

import assert from "node:assert/strict";
import test from "node:test";
import { Blender, Interpolation } from "../../client-demo/sdk/interpolation.js";
import { Timeline, chance, way } from "./chance.js";
import { SCHEMA } from "./world.js";

const PERIOD = 50;
const body = (x, more) => ({ x, way: 0, word: "a", ...more });

function still() {
    return new Interpolation(new Blender(SCHEMA), 1000 / PERIOD);
}

/** Packets of a thing that goes one unit a tick, drawn 60 times a second. */
function play({ seed, latency = 40, jitter = 0, seconds = 20, lateBy = () => 0, before = () => {} }) {
    const [timeline, random, screen] = [new Timeline(), chance(seed), still()];
    const down = way(timeline, random, latency, jitter);
    const frames = [];
    for (let tick = 1; tick < (seconds * 1000) / PERIOD; tick++) {
        timeline.at(tick * PERIOD + lateBy(tick), () => down(() => {
            screen.beat(tick, timeline.now);
            if (!frames.began) screen.add(1, (frames.began = tick), false);
            screen.note(1, "Body", tick, body(tick));
        }));
    }
    for (let now = 100; now < seconds * 1000; now += 1000 / 60) {
        timeline.at(now, () => {
            before(screen);
            screen.advance(now);
            const x = screen.draw(false).get(1)?.Body.x;
            frames.push({ now, x, shown: screen.shown, delay: screen.delay });
        });
    }
    timeline.runTo(seconds * 1000);
    return frames;
}

test("a thing that goes evenly is drawn going evenly", () => {
    const frames = play({ seed: 1 }).filter(({ now }) => now > 2000);
    const steps = frames.slice(1).map(({ x }, at) => x - frames[at].x);
    for (const step of steps) assert.ok(Math.abs(step - 1 / 3) < 0.02, `${step}`);
    const { now, x, delay } = frames.at(-1);
    assert.ok(Math.abs((now - 40) / PERIOD - 1 - x) < 0.1, "one tick behind what has come");
    assert.ok(delay < PERIOD + 3, `${delay}`);
});

test("time never goes back, and what comes late is awaited", () => {
    for (let seed = 0; seed < 10; seed++) {
        const frames = play({ seed, jitter: 80 });
        let stops = 0;
        for (let at = 1; at < frames.length; at++) {
            const [a, b] = [frames[at - 1], frames[at]];
            assert.ok(!(b.shown < a.shown), `${seed}: ${a.shown} to ${b.shown}`);
            if (b.now > 5000) {
                assert.ok(b.x >= a.x - 0.01, `${a.x} to ${b.x}`);
                stops += b.x - a.x < 0.1;
            }
        }
        assert.ok(stops < frames.length / 50, `${stops} of ${frames.length} frames stood still`);
        const { delay } = frames.at(-1);
        assert.ok(delay > PERIOD + 20 && delay < PERIOD + 110, `${delay}`);
    }
});

test("the delay grows quickly and shrinks slowly", () => {
    const frames = play({ seed: 3, seconds: 60, lateBy: (tick) => (tick > 200 && tick < 300 ? (tick % 4) * 30 : 0) });
    const at = (now) => frames.find((frame) => frame.now >= now).delay;
    assert.ok(at(9900) < PERIOD + 3);
    assert.ok(at(11_500) > PERIOD + 60, `${at(11_500)}`);
    assert.ok(at(20_000) > PERIOD + 40, `${at(20_000)}`);
    assert.ok(at(59_000) < PERIOD + 8, `${at(59_000)}`);
});

test("the delay is bounded whatever the link does", () => {
    const frames = play({ seed: 4, jitter: 2000, seconds: 60 });
    assert.ok(Math.max(...frames.map(({ delay }) => delay)) <= PERIOD + 250);
});

test("after a pause of the match the screen finds its time again", () => {
    const frames = play({ seed: 5, lateBy: (tick) => (tick > 100 ? 1000 : 0) });
    const { now, x } = frames.at(-1);
    assert.ok(Math.abs((now - 1040) / PERIOD - 1 - x) < 0.5, `${x}`);
});

test("without packets things go on for two ticks and then stand", () => {
    const screen = still();
    for (let tick = 1; tick <= 20; tick++) {
        screen.beat(tick, tick * PERIOD);
        if (tick === 1) screen.add(1, 1, false);
        screen.note(1, "Body", tick, body(tick));
        screen.advance(tick * PERIOD);
    }
    const xs = [];
    for (let now = 20 * PERIOD; now < 40 * PERIOD; now += 10) screen.advance(now), xs.push(screen.draw(false).get(1).Body.x);
    assert.ok(xs.some((x) => x > 20.1 && x < 22), `${xs}`);
    assert.equal(xs.at(-1), 22);
});

/** The screen at a tick, of things that are told for each tick. */
function drawn(told, tick, change = () => {}) {
    const screen = still();
    change(screen);
    told.forEach((value, at) => {
        screen.beat(at + 1, (at + 1) * PERIOD);
        if (!at) screen.add(1, 1, false);
        if (value) screen.note(1, "Body", at + 1, value);
    });
    screen.shown = tick;
    return screen.draw(false).get(1)?.Body;
}

test("angles go the short way", () => {
    const [a, b] = [body(0, { way: 6.2 }), body(0, { way: 0.1 })];
    const { way } = drawn([a, b, b], 1.5);
    assert.ok(Math.abs(way - ((6.2 + 0.1 + 2 * Math.PI) / 2 - 2 * Math.PI)) < 1e-9, `${way}`);
    assert.ok(Math.abs(drawn([b, a, a], 1.5).way - way) < 1e-9);
});

test("words are those of the earlier tick", () => {
    const told = [body(0), body(1, { word: "b" }), body(2, { word: "b" })];
    assert.deepEqual(drawn(told, 1.75), { x: 0.75, way: 0, word: "a" });
    assert.deepEqual(drawn(told, 2), { x: 1, way: 0, word: "b" });
});

test("what stands still between two ticks is not made anew", () => {
    const value = body(5);
    assert.equal(drawn([value, null, null], 2.5), value);
});

test("a value holds until it is told another", () => {
    assert.equal(drawn([body(0), null, null, body(8), null], 2.5).x, 0);
    assert.equal(drawn([body(0), null, null, body(8), null], 3.5).x, 4);
});

test("a jump that is too long is a jump", () => {
    const told = [body(0), body(50), body(51)];
    const snap = (screen) => (screen.blender.snap = 10);
    assert.equal(drawn(told, 1.5, snap).x, 0);
    assert.equal(drawn(told, 2.5, snap).x, 50.5);
    assert.equal(drawn(told, 1.5).x, 25);
});

test("it can be turned off", () => {
    assert.equal(drawn([body(0), body(1)], 1.5, (screen) => (screen.enabled = false)).x, 1);
});

test("things come and go on the screen at their own tick", () => {
    const screen = still();
    for (let tick = 1; tick <= 8; tick++) {
        screen.beat(tick, tick * PERIOD);
        if (tick === 3) screen.add(7, 3, false);
        if (tick === 3) screen.note(7, "Body", 3, body(1));
        if (tick === 6) screen.remove(7, 6);
    }
    const seen = [2.9, 3, 5.9, 6].map((tick) => ((screen.shown = tick), screen.draw(false).has(7)));
    assert.deepEqual(seen, [false, true, true, false]);
});

test("one's own come and go at once when they are predicted", () => {
    const screen = still();
    screen.beat(1, PERIOD);
    screen.add(7, 1, true);
    screen.note(7, "Body", 1, body(1));
    screen.shown = 0.5;
    assert.equal(screen.draw(false).has(7), false);
    assert.equal(screen.draw(true).has(7), true);
    screen.remove(7, 1);
    assert.equal(screen.draw(true).has(7), false);
});

test("the scene and what is in it are the same objects in each frame", () => {
    const seen = new Set();
    let scene;
    play({ seed: 8, seconds: 3, before: (screen) => {
        scene = screen.draw(false);
        if (scene.get(1)) seen.add(scene.get(1));
    } });
    assert.equal(seen.size, 1);
});
