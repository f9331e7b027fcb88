// The link and its clock: time is passed in.

import assert from "node:assert/strict";
import test from "node:test";
import { Clock, toMicroseconds } from "../../client-demo/sdk/clock.js";
import { Link, Stage } from "../../client-demo/sdk/link.js";
import { fromClient, toClient } from "../../client-demo/sdk/messages.js";
import { chance } from "./chance.js";

const us = toMicroseconds;
const welcome = (more) => toClient.encode({ type: "welcome", socket: "s", resume: "r1", resumed: false, silence: 15000, now: us(1000), ...more });
const joined = { type: "joined", match: "m", player: 1, spectator: false, tick: 5, tickRate: 20, schema: 7n };

function opened(now = 100) {
    const link = new Link();
    link.open({ software: "bot", token: "me" }, now);
    return link;
}

function welcomed() {
    const link = opened();
    link.hear(welcome(), 140);
    link.outbox = [];
    return link;
}

const said = (link) => link.outbox.splice(0).map((packet) => fromClient.decode(packet));

test("it pings quickly at first and then steadily", () => {
    const link = welcomed();
    const pings = [];
    while (link.due < 7000) {
        const now = link.due;
        link.pass(now);
        assert.deepEqual(said(link).map(({ type, sent }) => [type, sent]), [["ping", us(now)]]);
        pings.push(now);
    }
    assert.deepEqual(pings, [140, 340, 540, 740, 940, 2940, 4940, 6940]);
    const quick = opened(0);
    quick.hear(welcome({ silence: 300 }), 0);
    quick.pass(0);
    assert.equal(quick.due, 100);
});

test("a quiet server is given up", () => {
    const link = opened(0);
    assert.equal(link.due, 10_000);
    assert.throws(() => link.pass(10_000), /welcome/);
    const later = welcomed();
    assert.doesNotThrow(() => later.pass(15_139));
    assert.throws(() => later.pass(15_140), /heard/);
    assert.equal(later.due, Infinity);
});

test("it comes back with the last token, offset and schema", () => {
    const link = welcomed();
    link.say({ type: "join", place: "", name: "", options: "", spectator: false, predicts: false });
    link.hear(toClient.encode({ type: "schema", hash: 7n, schema: new Uint8Array([0x7b, 0x7d]) }), 150);
    link.hear(toClient.encode(joined), 150);
    for (const offset of ["12", null]) link.hear(toClient.encode({ type: "event", name: "e", offset, args: [] }), 160);
    link.open({ software: "bot", token: "me, later" }, 9000);
    const [hello, ...rest] = said(link);
    assert.deepEqual([hello.schema, hello.token, hello.resume], [7n, "me, later", { token: "r1", offset: "12" }]);
    assert.deepEqual(rest, []);
    link.hear(welcome({ resume: "r2", resumed: true }), 9001);
    assert.deepEqual([link.stage, link.resume], [Stage.joining, { token: "r2", offset: "12" }]);
    link.hear(toClient.encode(joined), 9002);
    link.open({ software: "bot" }, 9003);
    link.hear(welcome({ resume: "r3" }), 9004);
    assert.deepEqual(link.resume, { token: "r3", offset: null });
});

test("a server that errs ends the link", () => {
    const link = welcomed();
    assert.equal(link.hear(toClient.encode({ type: "state", packet: new Uint8Array(1) }), 150), null);
    assert.throws(() => link.hear(toClient.encode(joined), 150), /order/);
    assert.throws(() => link.hear(welcome(), 150), /order/);
    assert.throws(() => link.say({ type: "keyframe" }), /order/);
    const other = welcomed();
    other.say({ type: "join", place: "", name: "", options: "", spectator: false, predicts: false });
    assert.throws(() => other.hear(toClient.encode(joined), 150), /schema/);
});

test("the ping that was back soonest tells the time", () => {
    const clock = new Clock();
    assert.ok(Number.isNaN(clock.serverTime(1)));
    // The server's clock is a second behind. There in 10, back in 30; then 4 each; then 90 and 0.
    for (const [sent, there, back] of [[2000, 10, 30], [2100, 4, 4], [2200, 90, 0]]) {
        clock.note(us(sent), us(sent + there - 1000), sent + there + back);
    }
    assert.deepEqual([clock.serverTime(3000), clock.roundTrip], [2000, 8]);
    for (let sent = 0; sent < 8; sent++) clock.note(us(sent), us(sent + 50), sent + 100);
    assert.equal(clock.serverTime(3), 3, "what is long ago is forgotten");
    assert.equal(clock.jitter, 0);
});

test("times count modulo 2^64", () => {
    const clock = new Clock();
    clock.note(us(1000), 2n ** 64n - 1000n, 1000);
    clock.note(us(1001), 0n, 1001);
    assert.ok(Math.abs(clock.serverTime(1001)) < 1e-6, `${clock.serverTime(1001)}`);
});

test("ticks go on between pongs", () => {
    const clock = new Clock();
    clock.note(us(0), us(1000), 0);
    clock.setMatch(50, 29, 0);
    assert.equal(clock.tick(10), 29.5, "before a pong by what was told with the seat");
    clock.notePong({ sent: us(0), now: us(1000), tick: 30, phase: 128 }, 0);
    assert.deepEqual([clock.tick(0), clock.tick(10), clock.tick(1005)], [30.5, 31, 80.75]);
    clock.setMatch(0, 0, 0);
    assert.ok(Number.isNaN(clock.tick(0)));
});

test("over a link with jitter the clock is as good as the best ping", () => {
    for (let seed = 0; seed < 20; seed++) {
        const [random, clock] = [chance(seed), new Clock()];
        let now = 0;
        clock.setMatch(30, 0, 0);
        for (let ping = 0; ping < 50; ping++) {
            const [there, back] = [20 + random() * 60, 20 + random() * 60];
            const atServer = now + there + 123_456;
            const tick = (atServer * 30) / 1000;
            clock.notePong({ sent: us(now), now: us(atServer), tick: Math.floor(tick), phase: Math.floor((tick % 1) * 256) }, now + there + back);
            now += 500;
        }
        const error = Math.abs(clock.serverTime(now) - now - 123_456);
        assert.ok(error <= (clock.roundTrip - 40) / 2 + 0.01, `${error}`);
        assert.ok(Math.abs(clock.tick(now) - ((now + 123_456) * 30) / 1000) < error * 0.03 + 0.01);
        assert.ok(clock.jitter > 0 && clock.jitter < 120);
    }
});
