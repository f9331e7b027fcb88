// The library against a real server of the demo: DEMO_URL=ws://127.0.0.1:7777/play node --test tests/sdk/

import assert from "node:assert/strict";
import test, { afterEach } from "node:test";
import WebSocket from "ws";
import { loadRules } from "../../client-demo/app/rules.js";

const url = process.env.DEMO_URL;
const options = { skip: !url && "DEMO_URL is not set", timeout: 20_000 };
const { connect } = url ? await import("../../client-demo/sdk/tickwire.js") : {};

const rules = await loadRules({ wasm: null });
const idle = { move_x: 0, move_y: 0, aim: 0, fire: false, dash: false, reload: false, mark: false, weapon: 0 };
/** The demo's controls of one who only runs. */
const hands = ({ x = 0, y = 0 }) => ({ ...idle, move_x: x, move_y: y });
const controls = (held) => rules.encode(hands(held));

/** Kept with what `check` gives, once it gives something after an event. */
function until(events, name, check) {
    return new Promise((resolve) => {
        const heard = (...args) => {
            const found = check(...args);
            if (!found) return;
            events.off(name, heard);
            resolve(found);
        };
        events.on(name, heard);
    });
}

const sockets = [];
class Cuttable extends WebSocket {
    constructor(...args) {
        super(...args);
        sockets.push(this);
    }
}

// Seats of a run before may be there still.
const [ANN, BOB] = ["Ann", "Bob"].map((name) => `${name} ${process.pid}`);

const opened = [];
async function open(more) {
    const client = await connect(url, { WebSocket, software: "sdk-test", ...more });
    opened.push(client);
    return client;
}
// What failed must not hold the process.
afterEach(() => opened.splice(0).forEach((client) => client.close()));

const seat = (client, name, more = {}) => client.join({ name, controls, ...more });
const avatarOf = (view, player) => [...view.entities()].find((id) => view.owner(id) === player && view.get(id, "Body"));
const named = (view, name) => [...view.entities()].find((id) => view.get(id, "Profile")?.name === name);

test("a client joins, sees states, is heard, speaks and leaves", options, async () => {
    const client = await open();
    assert.ok(client.id && client.connected && client.serverTime() > 0);
    const match = await seat(client, "Ann");
    assert.equal(match.tickRate, 20);
    const id = await until(match, "tick", (view) => avatarOf(view, match.player));
    const start = match.view.get(id, "Body");
    let turn = 0;
    const applied = [];
    const { receive } = match;
    match.receive = function (message) {
        if (message.type === "stateAfter") applied.push(message.lead);
        receive.call(this, message);
    };
    const timer = setInterval(() => match.input({ x: (turn++ >> 5) % 2 ? -127 : 127, y: (turn >> 4) % 2 ? -127 : 127 }), 50);
    await until(match, "tick", (view) => {
        const body = view.get(id, "Body");
        return body && Math.hypot(body.x - start.x, body.y - start.y) > 1;
    });
    await until(match, "tick", () => applied.length > 40);
    clearInterval(timer);
    const late = applied.slice(10).filter((lead) => lead < 0).length;
    assert.ok(late < 4, `${late} of ${applied}`);
    assert.ok(Math.abs(match.serverTick() - match.view.tick) < 5);
    const scene = match.at();
    assert.equal(scene.get(named(match.view, "Ann")).Profile.name, "Ann");
    assert.deepEqual(await client.ask("say", { to: "match", text: "hello" }), { ok: true });
    const { keyframes, desyncs, bytesIn, roundTrip } = client.stats;
    assert.deepEqual([keyframes, desyncs], [1, 0]);
    assert.ok(bytesIn.state > 0 && bytesIn.events > 0 && roundTrip > 0 && roundTrip < 1000);
    assert.deepEqual(await match.leave(), { code: 0, reason: "" });
    client.close();
});

test("who is cut comes back to the same seat", options, async () => {
    const client = await open({ WebSocket: Cuttable });
    const match = await seat(client, "Bob");
    await until(match, "tick", (view) => avatarOf(view, match.player));
    const { id, player, tickRate } = { id: client.id, player: match.player, tickRate: match.tickRate };
    for (let round = 1; round <= 2; round++) {
        sockets.at(-1).terminate();
        const resumed = await until(client, "reconnect", (resumed) => [resumed]);
        assert.deepEqual(resumed, [true]);
        const before = match.view.tick;
        await until(match, "tick", (view) => view.tick > before + 10 && avatarOf(view, player));
        assert.deepEqual([client.id, match.player, match.tickRate, client.match], [id, player, tickRate, match]);
        assert.equal(client.stats.reconnects, round);
    }
    const tick = match.input({ x: 127 });
    assert.ok(tick >= match.view.tick, `${tick}`);
    await match.leave();
    client.close();
});

test("two clients see each other and hear each other", options, async () => {
    const [ann, bob] = [await open(), await open()];
    const match = await seat(ann, ANN);
    const other = await seat(bob, BOB, { place: match.id });
    assert.equal(other.id, match.id);
    await until(match, "tick", (view) => named(view, BOB));
    await until(other, "tick", (view) => named(view, ANN));
    const heard = new Promise((resolve) => bob.once("said", resolve));
    await ann.ask("say", { to: "match", text: "hello" });
    const { from, text } = await heard;
    assert.deepEqual([from.player, text], [match.player, "hello"]);
    ann.close();
    await until(other, "tick", (view) => !named(view, ANN));
    bob.close();
});

test("after a reload the seat is found again", options, async () => {
    const before = await open({ WebSocket: Cuttable, reconnect: false });
    const match = await seat(before, "Eve");
    await until(match, "tick", () => true);
    const { resume } = before;
    // As a page that is gone: without a word.
    const witness = await seat(await open(), "Wil", { place: match.id });
    const isAway = (view) => named(view, "Eve") && view.components(avatarOf(view, match.player)).includes("Away");
    await until(witness, "tick", (view) => avatarOf(view, match.player));
    sockets.at(-1).terminate();
    await until(witness, "tick", isAway);
    const after = await open({ resume });
    const again = await seat(after, "Eve");
    assert.deepEqual([again.id, again.player, after.id], [match.id, match.player, before.id]);
    await until(again, "tick", (view) => named(view, "Eve"));
    after.close();
});

test("a join that is refused says why", options, async () => {
    const client = await open();
    await assert.rejects(seat(client, "Ann", { place: "no-such-place" }), { code: 300 });
    const match = await seat(client, "Ann");
    await match.leave();
    client.close();
});

test("who watches sees what happens and looks around", options, async () => {
    const [player, watcher] = [await open(), await open()];
    const match = await seat(player, "Ann 3");
    const seen = await seat(watcher, "Zoe", { place: match.id, spectator: true });
    assert.equal(seen.spectator, true);
    seen.look(10, 10);
    await until(seen, "tick", (view) => view.entities().length > 10);
    assert.equal(seen.input({}), null);
    player.close();
    watcher.close();
});

test("who predicts by the demo's rules is right nearly always", options, async () => {
    const client = await open();
    const match = await seat(client, "Pia", {
        prediction: { idle: {}, step: (own, held, view, tick) => rules.prediction.step(own, hands(held), view, tick) },
    });
    await until(match, "tick", (view) => avatarOf(view, match.player));
    const { receive } = match;
    let [packets, corrections] = [0, 0];
    match.on("correction", () => corrections++);
    match.receive = function (message) {
        packets++;
        receive.call(this, message);
    };
    let turn = 0;
    const timer = setInterval(() => match.input({ x: (turn++ >> 4) % 2 ? -127 : 127, y: (turn >> 5) % 2 ? -127 : 90 }), 50);
    await until(match, "tick", () => packets > 100);
    [packets, corrections] = [0, 0];
    await until(match, "tick", () => packets > 100);
    clearInterval(timer);
    assert.ok(corrections < 10, `${corrections} of ${packets}`);
    assert.equal(client.stats.desyncs, 0);
    client.close();
});
