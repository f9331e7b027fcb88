// For which ticks inputs are meant, against a server as `src/host/matches/window.rs` has it.

import assert from "node:assert/strict";
import test from "node:test";
import { Lead } from "../../client-demo/sdk/match.js";
import { Timeline, chance, way } from "./chance.js";

/** Plays some seconds; the client's idea of the server's tick is off by `error` ticks. */
function play({ seed, latency, jitter, error = 0, hertz = 20, every = 1000 / hertz, seconds = 30, stall = null, wobble = 4 }) {
    const [timeline, random, lead] = [new Timeline(), chance(seed), new Lead()];
    const [up, down] = [way(timeline, random, latency, jitter), way(timeline, random, latency, jitter)];
    const period = 1000 / hertz;
    const log = { leads: [], sent: [], missing: 0, early: [] };
    const waiting = new Map();
    for (let tick = 1; tick < seconds * hertz; tick++) {
        timeline.at(tick * period, () => {
            const stamps = [...waiting.keys()].filter((stamp) => stamp <= tick).sort((a, b) => a - b);
            const stamp = stamps.at(-1);
            if (stamp === undefined) return void (log.missing += tick > 3 * hertz);
            const eighths = Math.floor(((stamp * period - waiting.get(stamp)) * 8) / period);
            stamps.forEach((stamp) => waiting.delete(stamp));
            if (tick > 5 * hertz) log.leads.push(eighths);
            down(() => lead.note(Math.max(-128, Math.min(127, eighths)), stamp));
        });
    }
    for (let at = 500; at < seconds * 1000; at += every) {
        if (stall && at > stall[0] && at < stall[1]) continue;
        const time = at + random() * wobble;
        timeline.at(time, () => {
            const tick = lead.next((time + latency) / period + error);
            if (tick === null) return;
            assert.ok(tick > (log.sent.at(-1) ?? 0), "never two for one tick");
            log.sent.push(tick);
            up(() => waiting.set(tick, timeline.now));
        });
    }
    timeline.runTo(seconds * 1000);
    return log;
}

const share = (leads, test) => leads.filter(test).length / leads.length;

test("inputs come in time, and not much too early, over links good and bad", () => {
    for (let seed = 0; seed < 12; seed++) {
        for (const [latency, jitter] of [[5, 2], [40, 10], [100, 30], [60, 120]]) {
            const { leads, missing } = play({ seed, latency, jitter });
            const late = share(leads, (lead) => lead < 0);
            const early = leads.reduce((sum, lead) => sum + lead, 0) / leads.length;
            assert.ok(late < 0.06, `${late} late with ${latency} and ${jitter}`);
            assert.ok(early < 14 + (jitter / 50) * 8, `${early} eighths early with ${latency} and ${jitter}`);
            assert.ok(missing < 60, `${missing} missing with ${latency} and ${jitter}`);
        }
    }
});

test("what the clock has wrong is learnt from the server", () => {
    for (const error of [-2, -1, 1, 2]) {
        const { leads } = play({ seed: 3, latency: 50, jitter: 5, error });
        const last = leads.slice(-200);
        assert.ok(share(last, (lead) => lead >= 0 && lead <= 13) > 0.97, `${error}: ${last}`);
    }
});

test("after a stall inputs are for the present again", () => {
    const { leads, sent } = play({ seed: 5, latency: 50, jitter: 5, stall: [10_000, 12_000] });
    const gap = Math.max(...sent.map((tick, at) => tick - (sent[at - 1] ?? tick)));
    assert.ok(gap >= 39 && gap <= 42, `${gap}`);
    assert.ok(share(leads, (lead) => lead >= 0) > 0.97);
});

test("who says too much is heard once for each tick", () => {
    const { sent, leads } = play({ seed: 6, latency: 50, jitter: 5, every: 1000 / 60 });
    assert.ok(sent.length < 30 * 20);
    assert.ok(share(leads, (lead) => lead >= 0 && lead < 14) > 0.97, `${leads}`);
});

test("on an even link inputs are for one tick after the other", () => {
    const { sent } = play({ seed: 7, latency: 30, jitter: 1, wobble: 1 });
    const steps = sent.slice(40).map((tick, at, all) => tick - (all[at - 1] ?? tick - 1));
    assert.deepEqual([...new Set(steps)], [1]);
});

test("in a match that began anew inputs begin anew", () => {
    const lead = new Lead();
    lead.next(5000);
    assert.equal(lead.next(100.2), 101);
});

test("a match that let ticks go after a stall is not waited for", () => {
    const lead = new Lead();
    for (let tick = 100; tick < 160; tick++) lead.next(tick + 0.2);
    assert.equal(lead.next(103.2), 104);
    assert.equal(lead.next(104.2), 105);
});
