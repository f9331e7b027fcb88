// Oneself ahead of the server: a match against a world in this file.

import assert from "node:assert/strict";
import test from "node:test";
import { Clock, toMicroseconds } from "../../client-demo/sdk/clock.js";
import { Stage } from "../../client-demo/sdk/link.js";
import { Match } from "../../client-demo/sdk/match.js";
import { Timeline, chance, way } from "./chance.js";
import { SCHEMA, packet, parseSchema, stream, truthSum } from "./world.js";

const HERTZ = 20;
const PERIOD = 1000 / HERTZ;
const schema = parseSchema();
/** On the grid of its codec. */
const grid = (value) => schema.decode("Body", schema.encode("Body", value));
const IDLE = { go: 0 };

/** The rules: one unit for each step of the controls, up to a wall. */
const moved = (body, { go }, wall = Infinity) => grid({ ...body, x: Math.min(wall, body.x + go * 0.0507) });

/** A server with one player, and that player's client. */
class Play {
    timeline = new Timeline();
    body = grid({ x: 0, way: 0, word: "a" });
    waiting = new Map();
    held = { controls: IDLE, age: 99 };
    log = { claims: 0, right: 0, sent: [], corrections: [], packets: 0 };
    stats = { keyframes: 0, desyncs: 0, corrections: 0 };
    clock = new Clock();
    isAlive = true;
    tick = 0;

    constructor({ seed = 1, latency = 50, jitter = 0, push = () => 0, rules = {}, lose = () => false } = {}) {
        const random = chance(seed);
        Object.assign(this, { push, latency, lose });
        this.up = way(this.timeline, random, latency, jitter);
        this.down = way(this.timeline, random, latency, jitter);
        const us = toMicroseconds;
        this.clock.note(us(0), us(latency), 2 * latency);
        this.clock.setMatch(HERTZ, 0, latency);
        const beat = { sent: us(1000), now: us(1000 + latency), tick: Math.floor((1000 + latency) / PERIOD), phase: (latency % PERIOD) * (256 / PERIOD) };
        this.clock.notePong(beat, 1000 + 2 * latency);
        const play = this;
        const connection = {
            say: (message) => this.hear(message),
            get now() {
                return play.timeline.now;
            },
            link: { clock: this.clock, stage: Stage.joined, schema: { hash: 7n, bytes: SCHEMA } },
        };
        const joined = { match: "m", player: 1, spectator: false, tick: 0, tickRate: HERTZ, schema: 7n };
        const step = (own, controls) => ({ ...own, Body: moved(own.Body, controls) });
        this.match = new Match(connection, stream, this.stats, joined, { controls: ({ go }) => Uint8Array.of(go + 1), prediction: { step, idle: IDLE, ...rules } });
        this.match.on("correction", (id, what) => this.log.corrections.push({ tick: this.match.view.tick, id, ...what }));
    }

    hear(message) {
        if (message.type !== "input") return;
        this.log.sent.push(message);
        if (this.lose(message.tick)) return;
        this.up(() => this.waiting.set(message.tick, { ...message, came: this.timeline.now }));
    }

    /** One tick of the server, as `src/host/matches` and `src/sim/input.rs` have it. */
    step() {
        const tick = ++this.tick;
        const stamp = [...this.waiting.keys()].filter((stamp) => stamp <= tick).sort((a, b) => a - b).at(-1);
        let applied = null, claim = null;
        if (++this.held.age > 20) this.held.controls = IDLE;
        if (stamp !== undefined) {
            const { controls, predicted, came } = this.waiting.get(stamp);
            for (const other of this.waiting.keys()) if (other <= stamp) this.waiting.delete(other);
            this.held = { controls: { go: controls[0] - 1 }, age: 0 };
            claim = stamp === tick ? predicted : null;
            applied = { applied: stamp & 0xffff, lead: Math.floor(((stamp * PERIOD - came) * 8) / PERIOD) };
        }
        this.body = moved(this.body, this.held.controls);
        this.body = grid({ ...this.body, x: this.body.x + this.push(tick) });
        const entities = { 2: { owner: 2, Body: grid({ x: tick, way: 0, word: "a" }) } };
        if (this.isAlive) entities[1] = { owner: 1, Body: this.body, Score: { points: 3 } };
        const truth = new Map(this.isAlive ? [[1, { Body: this.body, Score: { points: 3 } }]] : []);
        const omits = claim != null && claim === truthSum(truth);
        this.log.claims += claim != null;
        this.log.right += omits;
        const bytes = packet(tick, entities, { omits, keyframe: tick === 1 });
        const message = applied ? { type: "stateAfter", ...applied, packet: bytes } : { type: "state", packet: bytes };
        this.down(() => this.match.receive(message));
    }

    run(seconds, controls = () => ({ go: 1 }), frame = () => {}) {
        const start = this.timeline.now;
        for (let tick = this.tick + 1; tick * PERIOD <= start + seconds * 1000; tick++) this.timeline.at(tick * PERIOD, () => this.step());
        for (let at = 0; at < seconds * HERTZ; at++) {
            this.timeline.at(start + at * PERIOD + 20, () => {
                const said = controls(this.timeline.now);
                if (said && this.match.view.tick) this.match.input(said);
            });
        }
        for (let at = 0; at < seconds * 60; at++) {
            this.timeline.at(start + (at * 1000) / 60, () => frame(this.match.at(), this.timeline.now));
        }
        this.timeline.runTo(start + seconds * 1000);
    }
}

test("who predicts by the server's rules is right, and is sent nothing", () => {
    for (const [seed, latency] of [[1, 5], [2, 50], [3, 150]]) {
        const play = new Play({ seed, latency });
        const random = chance(seed);
        let go = 1;
        play.run(20, () => ((go = random() < 0.2 ? Math.floor(random() * 3) - 1 : go), { go }));
        assert.ok(play.log.claims > 300);
        assert.ok(play.log.right / play.log.claims > 0.95, `${play.log.right} of ${play.log.claims} with ${latency}`);
        assert.ok(play.log.corrections.length < 6, `${play.log.corrections.length}`);
        play.log.corrections.length && assert.ok(play.log.corrections.at(-1).tick < 60, "only at the start");
    }
});

test("what is drawn is ahead of the server by the way of an input", () => {
    const play = new Play({ latency: 100 });
    play.run(10);
    const [drawn, told] = [play.match.at().get(1).Body.x, play.match.view.get(1, "Body").x];
    const ahead = (drawn - told) / 0.051;
    assert.ok(ahead > 3.9 && ahead < 7, `${ahead} ticks`);
    assert.ok(drawn - play.body.x > 0, "it is there before the server is");
});

test("a key that is pressed shows in the next frame", () => {
    const play = new Play({ latency: 100 });
    play.run(5, () => ({ go: 0 }));
    const before = play.match.at().get(1).Body.x;
    play.match.controls = { go: 1 };
    const after = play.match.at(play.timeline.now + 16).get(1).Body.x;
    assert.ok(after > before && after < before + 0.051, `${before} to ${after}`);
});

test("one's own way is even at any number of frames", () => {
    const play = new Play({ latency: 80, jitter: 10 });
    const xs = [];
    play.run(10, () => ({ go: 1 }), (scene, now) => now > 4000 && xs.push(scene.get(1).Body.x));
    const steps = xs.slice(1).map((x, at) => x - xs[at]);
    const even = (0.051 * HERTZ) / 60;
    assert.ok(steps.filter((step) => Math.abs(step - even) < even * 0.3).length > steps.length * 0.97, `${steps}`);
    assert.ok(Math.min(...steps) >= -1e-9, "and never goes back");
});

test("what the rules do not know is corrected, smoothly, and once", () => {
    const play = new Play({ latency: 80, push: (tick) => (tick === 150 ? -1 : 0) });
    const xs = [];
    play.run(12, () => ({ go: 1 }), (scene, now) => now > 7000 && xs.push(scene.get(1).Body.x));
    const late = play.log.corrections.filter(({ tick }) => tick >= 100);
    assert.deepEqual(late.map(({ tick, id }) => [tick, id]), [[150, 1]]);
    assert.equal(play.stats.corrections, play.log.corrections.length);
    const [{ from, to }] = late;
    assert.ok(Math.abs(to.Body.x - from.Body.x + 1) < 0.01, `${from.Body.x} to ${to.Body.x}`);
    const steps = xs.slice(1).map((x, at) => x - xs[at]);
    assert.ok(Math.min(...steps) > -0.25, `${Math.min(...steps)}: not in one frame`);
    play.run(2);
    const ahead = (play.match.at().get(1).Body.x - play.match.view.get(1, "Body").x) / 0.051;
    assert.ok(ahead > 2 && ahead < 7, "and where it should be again");
});

test("a correction that is a jump is drawn as one", () => {
    const play = new Play({ push: (tick) => (tick === 150 ? -40 : 0) });
    play.match.blender.snap = 5;
    const xs = [];
    play.run(9, () => ({ go: 1 }), (scene, now) => now > 7000 && xs.push(scene.get(1).Body.x));
    const steps = xs.slice(1).map((x, at) => x - xs[at]);
    assert.equal(steps.filter((step) => step < -0.01).length, 1);
});

test("an input that is lost is repeated by both", () => {
    const play = new Play({ lose: (tick) => tick === 100 || tick === 120 });
    play.run(10);
    assert.ok(play.log.corrections.every(({ tick }) => tick < 60), JSON.stringify(play.log.corrections));
    assert.ok(play.log.right > 120);
    const turning = new Play({ lose: (tick) => tick === 100 });
    turning.run(10, (now) => ({ go: now < 5080 ? 1 : -1 }));
    assert.ok(turning.log.corrections.filter(({ tick }) => tick >= 60).length <= 1);
    assert.ok(turning.log.right > 120);
});

test("who says nothing in a tick says what it said before", () => {
    const play = new Play({ latency: 80 });
    // It turns, and then skips some ticks at once: the server has not heard of the turn yet.
    play.run(12, (now) => (now > 5070 && now < 5200 ? null : { go: now < 5020 ? 1 : -1 }));
    assert.ok(play.log.sent.some(({ tick }, at, all) => tick - all[at - 1]?.tick > 2), "it skipped");
    assert.deepEqual(play.log.corrections.filter(({ tick }) => tick > 80), []);
});

test("after a stall it is ahead by as much as before", () => {
    const play = new Play();
    play.run(5);
    const start = play.timeline.now;
    for (let tick = play.tick + 1; tick * PERIOD <= start + 2000; tick++) play.timeline.at(tick * PERIOD, () => play.step());
    play.timeline.runTo(start + 2000);
    play.log.corrections.length = 0;
    play.run(5);
    assert.ok(play.log.corrections.filter(({ tick }) => tick > 155).length === 0, JSON.stringify(play.log.corrections));
    const { tick } = play.log.sent.at(-1);
    assert.ok(tick - play.tick < 5, `${tick} at ${play.tick}`);
});

test("what was said in a long silence is known when the server speaks again", () => {
    const play = new Play({ latency: 150, push: (tick) => (tick === 104 ? 0.5 : 0) });
    play.run(5);
    const [down, late] = [play.down, []];
    play.down = (bring) => late.push(bring);
    const turning = (now) => ({ go: Math.floor(now / 130) % 2 ? 1 : -1 });
    play.run(4.5, turning);
    play.down = down;
    late.forEach((bring) => bring());
    play.run(3, turning);
    assert.ok(late.length > 80, `${late.length} packets came at once`);
    // It was pushed once.
    assert.deepEqual(play.log.corrections.filter(({ tick }) => tick > 60).map(({ tick }) => tick), [104]);
});

test("who dies is gone at once and who comes back is ahead again", () => {
    const play = new Play();
    play.run(3);
    play.isAlive = false;
    play.run(1);
    assert.equal(play.match.at().has(1), false);
    assert.equal(play.log.sent.at(-1).predicted, null);
    play.isAlive = true;
    play.body = grid({ x: -500, way: 1, word: "b" });
    play.run(3);
    const [drawn, told] = [play.match.at().get(1).Body, play.match.view.get(1, "Body")];
    assert.ok(drawn.x > told.x && drawn.x < told.x + 0.4, `${drawn.x} and ${told.x}`);
    assert.ok(play.log.corrections.filter(({ tick }) => tick > 100).length < 3);
});

test("it can be turned off and on while playing", () => {
    const play = new Play();
    play.run(3);
    play.match.prediction.enabled = false;
    play.run(2);
    assert.equal(play.log.sent.at(-1).predicted, null);
    assert.ok(play.match.at().get(1).Body.x <= play.match.view.get(1, "Body").x);
    play.match.prediction.enabled = true;
    play.log.right = play.log.claims = 0;
    play.run(3);
    assert.ok(play.log.right / play.log.claims > 0.9);
});

test("over a link with jitter it is mostly right, and comes back from each mistake", () => {
    for (let seed = 0; seed < 8; seed++) {
        const play = new Play({ seed, latency: 60, jitter: 60 });
        const random = chance(seed + 100);
        let go = 1;
        play.run(30, () => ((go = random() < 0.1 ? Math.floor(random() * 3) - 1 : go), { go }));
        assert.ok(play.log.right / play.log.sent.length > 0.8, `${play.log.right} of ${play.log.sent.length}`);
        play.run(3, () => ({ go: 0 }));
        assert.equal(play.match.at().get(1).Body.x, play.body.x);
    }
});

test("what the player saw is told with each input", () => {
    const play = new Play({ latency: 50 });
    play.run(5);
    const { tick, seen } = play.log.sent.at(-1);
    const behind = tick - (seen.tick + seen.phase / 256);
    assert.ok(behind > 2.5 && behind < 5.5, `${behind}`);
});

test("who lost the thread asks for a keyframe, again each second until one came", () => {
    const play = new Play();
    const asked = [];
    play.run(2);
    const { say } = play.match.connection;
    play.match.connection.say = (message) => (message.type === "keyframe" ? asked.push(play.timeline.now) : say(message));
    play.match.view.isBroken = true;
    play.run(2.5);
    assert.equal(asked.length, 3);
    assert.ok(asked[1] - asked[0] >= 1000 && asked[1] - asked[0] <= 1050);
    const entities = { 1: { owner: 1, Body: play.body, Score: { points: 3 } } };
    play.match.receive({ type: "state", packet: packet(play.tick, entities, { keyframe: true }) });
    play.match.view.isBroken = true;
    play.run(0.2);
    assert.equal(asked.length, 4, "a new loss is asked for at once");
    assert.equal(play.stats.keyframes, 2);
});
