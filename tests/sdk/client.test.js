// A client against a server in this process.

import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { Client } from "../../client-demo/sdk/client.js";
import { FakeServer, settle } from "./fake.js";

/** A test with a server of its own. */
function scene(name, play) {
    test(name, async () => {
        const server = new FakeServer();
        try {
            await play(server);
        } finally {
            server.done();
        }
    });
}

const types = (messages) => messages.map(({ type }) => type);

scene("it is welcomed when the promise is kept", async (server) => {
    const client = await server.client({ software: "demo 1.0", token: "me" });
    assert.deepEqual([client.id, client.connected, client.resume], ["s1", true, { token: "r1", offset: null }]);
    const [hello] = server.take();
    assert.deepEqual([hello.software, hello.token, hello.resume], ["demo 1.0", "me", null]);
    client.close();
    assert.deepEqual([client.connected, server.connection.closedWith], [false, 1000]);
});

scene("who cannot connect is told so, and where there is no WebSocket how to pass one", async (server) => {
    server.isUp = false;
    await assert.rejects(server.connect(), { name: "TickwireError", code: 0 });
    server.isUp = true;
    const client = server.connect();
    await settle();
    server.tell({ type: "error", code: 200, sentence: "The token is not valid.", fatal: true });
    server.connection.end(4200);
    await assert.rejects(client, { code: 200, reason: "The token is not valid." });
    await server.pass(20_000);
    assert.equal(server.connections.length, 2);
    if (!globalThis.WebSocket) assert.throws(() => new Client("ws://x", {}, {}), /ws/);
});

scene("events go both ways, with answers both ways", async (server) => {
    const client = await server.client();
    server.take();
    const answers = [];
    client.emit("chat", "hi", Uint8Array.of(1));
    client.emit("count", (...answer) => answers.push(answer));
    const asked = client.ask("name");
    assert.deepEqual(server.take().map(({ name, ack, args }) => [name, ack, args]), [
        ["chat", null, ["hi", Uint8Array.of(1)]], ["count", 0, []], ["name", 1, []],
    ]);
    server.tell({ type: "ack", id: 1, args: ["Ann", "rest"] });
    server.tell({ type: "ack", id: 0, args: [1, 2] });
    server.tell({ type: "ack", id: 0, args: [3] });
    assert.equal(await asked, "Ann");
    await settle();
    assert.deepEqual(answers, [[1, 2]]);

    const heard = [];
    client.on("score", (...args) => heard.push(args));
    client.once("score", (...args) => heard.push(["once", ...args]));
    client.onAny((name, ...args) => heard.push([name, ...args]));
    client.on("who", (answer) => answer("me", 1));
    client.on("who", (answer) => answer("again"));
    server.tell({ type: "event", name: "score", args: [3] });
    server.tell({ type: "event", name: "score", args: [4], offset: "9" });
    server.tell({ type: "event", name: "who", args: [], ack: 42 });
    assert.deepEqual(heard.slice(0, 5), [["score", 3], [3], ["once", 3], ["score", 4], [4]]);
    assert.equal(heard[5][0], "who");
    assert.deepEqual(server.take(), [{ type: "ack", id: 42, args: ["me", 1] }]);
    assert.equal(client.resume.offset, "9");
});

scene("the server cannot emit what is the library's own, and a listener that fails hurts nobody", async (server) => {
    const client = await server.client();
    const heard = [];
    for (const name of ["connect", "disconnect", "reconnect", "error"]) client.on(name, () => heard.push(name));
    client.on("odd", () => { throw new Error("a listener's own"); });
    client.on("odd", () => heard.push("odd"));
    const failed = [];
    const later = mock.method(globalThis, "queueMicrotask", (act) => {
        try {
            act();
        } catch (error) {
            failed.push(error.message);
        }
    });
    server.tell({ type: "event", name: "disconnect", args: [] });
    server.tell({ type: "event", name: "odd", args: [] });
    later.mock.restore();
    assert.deepEqual(failed, ["a listener's own"]);
    server.tell({ type: "error", code: 104, sentence: "That is too much at once.", fatal: false });
    assert.deepEqual(heard, ["odd", "error"]);
    assert.equal(client.connected, true);
});

scene("who waits too long for an answer gives up", async (server) => {
    const client = await server.client();
    const asked = client.timeout(500).ask("slow");
    const answered = client.timeout(500).ask("quick");
    server.tell({ type: "ack", id: 1, args: ["here"] });
    const given = assert.rejects(asked, /500 ms/);
    await server.pass(500);
    await given;
    assert.equal(await answered, "here");
    server.tell({ type: "ack", id: 0, args: [1] });
});

scene("a join is kept with a match or refused with its code", async (server) => {
    const client = await server.client();
    server.take();
    const refused = client.join({ place: "K7Q2", name: "Ann", options: { team: "red" } });
    await assert.rejects(client.join(), { code: 303 });
    assert.deepEqual(server.take(), [
        { type: "join", place: "K7Q2", name: "Ann", options: '{"team":"red"}', spectator: false, predicts: false },
    ]);
    server.tell({ type: "left", code: 301, reason: "The match is full." });
    await assert.rejects(refused, { code: 301, reason: "The match is full." });
    await assert.rejects(client.join({ name: "x".repeat(65) }), { name: "ProtocolError" });
    const join = client.join();
    server.enter();
    const match = await join;
    assert.deepEqual([match.id, match.player, match.spectator, match.tickRate, client.match], ["m1", 1, false, 20, match]);
    await assert.rejects(client.join(), { code: 303 });
    server.tell({ type: "left", code: 305, reason: "The match has ended." });
    assert.deepEqual(await match.left, { code: 305, reason: "The match has ended." });
    assert.equal(client.match, null);
    assert.equal(match.input(Uint8Array.of(1)), null);
    client.join();
    assert.deepEqual(types(server.take()), ["join", "join"]);
});

scene("what a packet changes is told in order", async (server) => {
    const [client, match] = await server.joined();
    const told = [];
    for (const name of ["added", "changed", "removed"]) match.on(name, (...args) => told.push([name, ...args]));
    match.on("tick", (view) => told.push(["tick", view.tick]));
    const body = (x) => ({ owner: 2, Body: { x, way: 0, word: "a" } });
    server.state(10, { 4: body(1), 5: body(2) }, { keyframe: true });
    server.state(11, { 4: body(3) });
    assert.deepEqual(told, [["added", 4], ["added", 5], ["tick", 10], ["changed", 4, "Body"], ["removed", 5], ["tick", 11]]);
    assert.deepEqual([match.view.get(4, "Body").x, client.stats.keyframes], [3, 1]);
    server.take();
    server.state(15);
    server.state(16);
    assert.deepEqual(types(server.take()), ["keyframe"]);
});

scene("who was told less than it knows asks for all of it", async (server) => {
    await server.joined();
    const own = { 4: { owner: 1, Body: { x: 1, way: 0, word: "a" } } };
    server.state(10, own, { keyframe: true });
    server.take();
    // The server leaves out what this client would have predicted, but it never did.
    server.state(11, own, { omits: true });
    server.state(12, own);
    assert.deepEqual(types(server.take()), ["keyframe"]);
    server.state(13, own, { keyframe: true });
    server.state(14, own);
    assert.deepEqual(types(server.take()), []);
});

scene("inputs say for which tick they are, and a match that is left is over", async (server) => {
    const [, match] = await server.joined({}, { controls: ({ x }) => Uint8Array.of(x) });
    server.take();
    const tick = match.input({ x: 5 });
    assert.ok(tick >= 10 && tick <= 12, `${tick}`);
    assert.deepEqual(server.take(), [{ type: "input", tick, seen: null, predicted: null, controls: Uint8Array.of(5) }]);
    await server.pass(50);
    assert.equal(match.input({ x: 6 }), tick + 1);
    assert.equal(match.input({ x: 6 }), null, "this tick has its input");
    const left = match.leave();
    assert.equal(match.input({ x: 7 }), null);
    assert.deepEqual(types(server.take()), ["input", "leave"]);
    server.state(10, {}, { keyframe: true });
    server.tell({ type: "left", code: 0, reason: "" });
    assert.deepEqual(await left, { code: 0, reason: "" });
});

scene("a connection that breaks is made anew, ever later, and the seat is kept", async (server) => {
    const [client, match] = await server.joined();
    server.state(10, { 4: { owner: 2, Body: { x: 1, way: 0, word: "a" } } }, { keyframe: true });
    server.tell({ type: "event", name: "e", args: [], offset: "77" });
    const told = [];
    client.on("disconnect", (reason) => told.push(["disconnect", reason]));
    client.on("reconnect", (resumed) => told.push(["reconnect", resumed]));
    match.on("left", () => told.push(["left"]));
    server.take();
    server.isUp = false;
    await server.cut();
    assert.equal(client.connected, false);
    assert.equal(match.input(Uint8Array.of(1)), null);
    await server.pass(190);
    assert.equal(server.connections.length, 1);
    const tries = [];
    for (let at = 0; at < 60_000; at += 50) {
        const before = server.connections.length;
        await server.pass(50);
        if (server.connections.length > before) tries.push(server.now);
    }
    const waits = tries.slice(1).map((time, at) => time - tries[at]);
    assert.ok(waits[0] >= 200 && waits[0] <= 500, `${waits}`);
    assert.ok(waits.every((wait) => wait <= 10_100) && waits.at(-1) >= 4900, `${waits}`);
    server.isUp = true;
    await server.pass(10_000);
    const [hello] = server.take();
    assert.deepEqual([hello.resume, hello.schema], [{ token: "r1", offset: "77" }, 7n]);
    server.welcome({ resumed: true });
    server.tell({ type: "joined", match: "m1", player: 1, spectator: false, tick: 900, tickRate: 20, schema: 7n });
    server.state(901, { 4: { owner: 2, Body: { x: 1, way: 0, word: "a" } } }, { keyframe: true });
    assert.deepEqual(told, [["disconnect", "closed with 1006"], ["reconnect", true]]);
    assert.deepEqual([client.match, match.view.tick, client.stats.reconnects], [match, 901, 1]);
    assert.ok(match.input(Uint8Array.of(1)) >= 901);
});

scene("a server that knows the socket no more ends the match", async (server) => {
    const [client, match] = await server.joined();
    await server.cut();
    await server.pass(250);
    server.welcome();
    assert.equal((await match.left).code, 202);
    assert.equal(client.match, null);
    const [other, seat] = await server.joined();
    await server.cut();
    await server.pass(250);
    server.welcome({ resumed: true });
    server.tell({ type: "left", code: 304, reason: "You are in no match." });
    assert.equal((await seat.left).code, 304);
    assert.equal(other.connected, true);
});

scene("what is emitted in between is said later, and what was asked before is not answered", async (server) => {
    const client = await server.client();
    const before = assert.rejects(client.ask("before"), { name: "TickwireError" });
    await server.cut();
    await before;
    server.take();
    client.emit("a", 1);
    const asked = client.ask("b");
    assert.throws(() => client.emit("long", "x".repeat(64 << 10)), { name: /Error/ });
    assert.throws(() => { for (;;) client.emit("long", "x".repeat(1 << 10)); }, /wait/);
    await server.pass(250);
    assert.deepEqual(types(server.take()), ["hello"]);
    server.welcome({ resumed: true });
    const said = server.take();
    assert.deepEqual(said.slice(0, 2).map(({ name }) => name), ["a", "b"]);
    server.tell({ type: "ack", id: said[1].ack, args: ["answer"] });
    assert.equal(await asked, "answer");
});

scene("a join that was under way is asked for again", async (server) => {
    const client = await server.client();
    const join = client.join({ name: "Ann" });
    await server.cut();
    server.take();
    await server.pass(250);
    server.welcome({ resumed: true });
    assert.deepEqual(types(server.take()), ["hello"], "it may be in by now");
    server.tell({ type: "left", code: 304, reason: "You are in no match." });
    assert.deepEqual(types(server.take()), ["join"]);
    server.enter();
    assert.equal((await join).id, "m1");
});

scene("after a reload the seat is found again by who joins", async (server) => {
    const client = await server.client({ resume: { token: "old", offset: "3" } });
    assert.deepEqual(server.take()[0].resume, { token: "old", offset: "3" });
    client.close();
    const again = server.connect({ resume: { token: "old", offset: null } });
    await settle();
    server.welcome({ resumed: true });
    const late = await again;
    server.enter();
    server.state(10, {}, { keyframe: true });
    server.take();
    const match = await late.join({ name: "Ann" });
    assert.deepEqual([match.player, types(server.take())], [1, ["keyframe"]]);
});

scene("who is told that coming again does not help does not come again", async (server) => {
    for (const [code, comes] of [[100, 0], [101, 0], [201, 0], [303, 0], [105, 1], [202, 1], [400, 1], [401, 1], [402, 1], [499, 1], [199, 0]]) {
        const client = await server.client();
        const lost = new Promise((resolve) => client.on("disconnect", (_, code) => resolve(code)));
        server.take();
        server.tell({ type: "error", code, sentence: "so", fatal: true });
        await server.cut(4000 + code);
        assert.equal(await lost, code);
        const before = server.connections.length;
        await server.pass(code === 400 || code === 401 ? 1400 : 150);
        assert.equal(server.connections.length, before, `${code} waits`);
        await server.pass(3000);
        assert.equal(server.connections.length > before, !!comes, `${code}`);
        if (comes) assert.equal(server.take()[0].resume === null, code === 202, `${code}`);
        client.close();
        server.take();
    }
});

scene("who wants no second connection gets none", async (server) => {
    const [client, match] = await server.joined({ reconnect: false });
    await server.cut(4404);
    assert.equal((await match.left).code, 404);
    await server.pass(20_000);
    assert.equal(server.connections.length, 1);
    assert.throws(() => client.emit("a"), /closed/);
    await assert.rejects(client.join(), /closed/);
});

scene("a server that is silent or breaks the order is given up and tried again", async (server) => {
    const client = await server.client();
    const reasons = [];
    client.on("disconnect", (reason) => reasons.push(reason));
    const first = server.connection;
    await server.pass(15_300);
    assert.notEqual(server.connection, first);
    assert.equal(first.readyState, 3);
    server.welcome();
    first.onclose({ code: 1006 });
    first.onmessage({ data: "text" });
    assert.deepEqual([client.connected, reasons.length], [true, 1], "what is over says nothing");
    const second = server.connection;
    server.tell({ type: "joined", match: "m1", player: 1, spectator: false, tick: 9, tickRate: 20, schema: 7n });
    assert.equal(second.readyState, 3);
    await server.pass(15_000);
    assert.ok(server.connections.length > 2);
    server.welcome();
    server.connection.onmessage({ data: "text" });
    assert.equal(reasons.length, 3);
    assert.match(reasons.join(), /heard.*order.*text/);
});

scene("a connection that never opens is given up after the handshake's time", async (server) => {
    const options = { WebSocket: server.WebSocket };
    const client = await server.client(options);
    await server.cut();
    server.isUp = null;
    const { WebSocket } = server;
    options.WebSocket = class extends WebSocket {
        set onopen(_) {}
        get onopen() { return undefined; }
    };
    await server.pass(250);
    const count = server.connections.length;
    await server.pass(10_000);
    assert.ok(server.connections.length > count);
    client.close();
});

scene("bytes are counted by what they are for", async (server) => {
    const [client, match] = await server.joined();
    const before = client.stats;
    server.tell({ type: "event", name: "abc", args: [] });
    server.state(10, {}, { keyframe: true });
    client.emit("x");
    match.input(Uint8Array.of(1));
    const { bytesIn, bytesOut } = client.stats;
    assert.equal(bytesIn.events - before.bytesIn.events, 2 + 11);
    assert.equal(bytesIn.state - before.bytesIn.state, 2 + 1 + JSON.stringify({ tick: 10, entities: {}, keyframe: true }).length);
    assert.equal(bytesOut.events - before.bytesOut.events, 6 + 8);
    assert.equal(bytesOut.state - before.bytesOut.state, 6 + 7);
    assert.ok(bytesIn.control > 0 && bytesOut.control > 0);
});

scene("who closes leaves its match first, and waits for that no longer than a second", async (server) => {
    const [client, match] = await server.joined();
    server.take();
    client.close();
    assert.deepEqual([types(server.take()), server.connection.closedWith], [["leave"], undefined]);
    server.tell({ type: "left", code: 0, reason: "" });
    await settle();
    assert.deepEqual([server.connection.closedWith, await match.left], [1000, { code: 0, reason: "" }]);
    const [other] = await server.joined();
    other.close();
    await server.pass(1000);
    assert.equal(server.connection.closedWith, 1000);
    await server.pass(20_000);
    assert.equal(server.connections.length, 2);
});
