// The standard against the library: its examples, its tables, its conversation.

import assert from "node:assert/strict";
import test from "node:test";
import * as values from "../../client-demo/sdk/bytes.js";
import { HEARS, Link, SAYS, Stage } from "../../client-demo/sdk/link.js";
import { fromClient, toClient } from "../../client-demo/sdk/messages.js";
import { STANDARD, blocks, bytesOf } from "./standard.js";

const { ProtocolError, Reader } = values;
const SCHEMA = 0x0123456789abcdefn;

function assertValue(codec, value, bytes) {
    const written = [];
    codec.write(written, value);
    assert.deepEqual(Uint8Array.from(written), bytes);
    const from = new Reader(bytes);
    assert.deepEqual(codec.read(from), value);
    assert.equal(from.left, 0);
}

test("each value is written as its example says", () => {
    const kinds = {
        u8: [values.u8, Number],
        i8: [values.i8, Number],
        u64: [values.u64, BigInt],
        bool: [values.bool, (text) => text === "true"],
        f32: [values.f32, Number],
        text: [values.text(64), String],
        "u32?": [values.optional(values.u32), (text) => (text === "none" ? null : Number(text))],
    };
    let count = 0;
    for (const [info, inside] of blocks("hex ")) {
        const [kind, value] = info.split(" ");
        if (kind === "client" || kind === "server") continue;
        const [codec, parse] = kinds[kind];
        assertValue(codec, parse(value), bytesOf(inside));
        if (kind === "u64" && value < 2 ** 32) assertValue(values.u32, Number(value), bytesOf(inside));
        count++;
    }
    assert.equal(count, 13);
});

function assertExamples(side, direction, messages) {
    const examples = blocks(`hex ${side}`);
    assert.equal(examples.length, messages.length);
    examples.forEach(([name, inside], at) => {
        const bytes = bytesOf(inside);
        assert.equal(name.toLowerCase(), messages[at].type.toLowerCase());
        assert.deepEqual(direction.encode(messages[at]), bytes, name);
        assert.deepEqual(JSON.stringify(direction.decode(bytes), plain), JSON.stringify(messages[at], plain), name);
    });
}

const plain = (_, value) =>
    typeof value === "bigint" ? `${value}n` : value instanceof Uint8Array ? [...value] : value === undefined ? null : value;

test("each message of the client is as its example says", () => {
    const resume = { token: "abc123", offset: "41" };
    const hello = { type: "hello", version: 1, software: "demo 1.0", schema: null, token: null, resume: null };
    assertExamples("client", fromClient, [
        hello,
        { ...hello, software: "bot", schema: SCHEMA, token: '{"id":"ann"}', resume },
        { type: "join", place: "K7Q2", name: "Ann", options: '{"team":"red"}', spectator: false, predicts: true },
        { type: "leave" },
        { type: "input", tick: 1000, seen: { tick: 995, phase: 128 }, predicted: 0x12345678, controls: Uint8Array.of(1, 2, 5) },
        { type: "event", ack: null, name: "chat", args: ["hi"] },
        { type: "event", ack: 7, name: "paint", args: [Uint8Array.of(255, 0, 128)] },
        { type: "ack", id: 42, args: [true] },
        { type: "ping", sent: 1_000_000n },
        { type: "keyframe" },
        { type: "look", x: -12.5, y: 0.5 },
    ]);
});

test("each message of the server is as its example says", () => {
    const sentence = "the body of message 0x02 cannot be read";
    const packet = Uint8Array.of(0, 0);
    assertExamples("server", toClient, [
        { type: "welcome", version: 1, socket: "s-173", resume: "abc124", resumed: false, silence: 15000, now: 100_000_000n },
        { type: "schema", hash: SCHEMA, schema: new TextEncoder().encode('{"components":[]}') },
        { type: "joined", match: "m1", player: 3, spectator: false, tick: 990, tickRate: 30, schema: SCHEMA },
        { type: "left", code: 301, reason: "The match is full." },
        { type: "state", packet },
        { type: "stateAfter", applied: 1000, lead: -3, packet },
        { type: "event", ack: null, offset: "42", name: "score", args: [3, 1] },
        { type: "ack", id: 7, args: [] },
        { type: "pong", sent: 1_000_000n, now: 100_014_160n, tick: 1001, phase: 64 },
        { type: "error", code: 101, sentence, fatal: true },
    ]);
});

test("the order is the one in the tables", () => {
    const names = ["Opened", "Greeted", "Free", "Joining", "Joined", "Leaving", "Left", "Ended"];
    const cell = (mark) => ({ "-": "–", x: "drop", "=": "=" })[mark] ?? names[mark];
    const rows = {
        Hello: ["hello"], Join: ["join"], Leave: ["leave"],
        "Input, Keyframe, Look": ["input", "keyframe", "look"],
        "Event, Ack, Ping": ["event", "ack", "ping"],
        "Welcome, resumed false": ["welcome"], "Welcome, resumed true": ["resumed"], Schema: ["schema"], Joined: ["joined"],
        Left: ["left"], "State, StateAfter": ["state", "stateAfter"],
        "Event, Ack, Pong, Error not fatal": ["event", "ack", "pong", "error"], "Error fatal": ["fatal"],
    };
    Object.entries(rows).forEach(([name, types], at) => {
        for (const type of types) {
            const marks = (at < 5 ? SAYS : HEARS)[type];
            assert.equal(marks.length, names.length);
            const row = `\n| ${name} | ${[...marks.slice(0, 7)].map(cell).join(" | ")} |\n`;
            assert.ok(STANDARD.includes(row), `the standard lacks ${row}`);
            assert.equal(marks[7], "-", "nothing is said after the end");
        }
    });
});

test("the conversation goes as it is told", () => {
    const link = new Link();
    const [[, conversation]] = blocks("conversation");
    let lines = 0;
    for (const line of conversation.trimEnd().split("\n")) {
        const packet = bytesOf(line.slice(2));
        if (line[0] === "<") {
            link.hear(packet, 1000);
        } else {
            const message = fromClient.decode(packet);
            if (message.type === "hello") link.open({ software: message.software }, 1000);
            else link.say(message);
            const sent = link.outbox.splice(0);
            assert.deepEqual(sent, line.endsWith("passed over") ? [] : [packet], line);
        }
        lines++;
    }
    assert.equal(lines, 17);
    assert.equal(link.stage, Stage.free);
});

test("what is not a message is refused", () => {
    const refused = [
        [], [0x80], [0x01, 1], [0x84, 0], [0x84, 0, 0, 0], [0x84, 251, 1, 0, 0], [0x84, 254, 0], [0x84, 252, 0, 0, 1, 0, 0],
        [0x84, 0, 1, 0xff], [0x8a, 0, 0, 2], [0x81, 2], [0x88, 1, 2, 0x7b, 0x7d, 0], [0x88, 1, 2, 0x5b, 0x5d, 1, 0],
        [0x88, 1, 253, 255, 255, 255, 255, 255, 255, 255, 127], [0x88, 1, 2, 0x5b, 0x5d, 253, 255, 255, 255, 255, 255, 255, 255, 127],
        [0x89, 253, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0x88, 1, 1, 0x5b, 0],
    ];
    for (const bytes of refused) {
        assert.throws(() => toClient.decode(Uint8Array.from(bytes)), ProtocolError, String(bytes));
    }
});

test("whatever the bytes are, they are a message or refused", () => {
    const samples = blocks("hex server").map(([, inside]) => bytesOf(inside));
    let seed = 7, read = 0;
    const below = (most) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % most;
    for (let round = 0; round < 20_000; round++) {
        const bytes = samples[below(samples.length)].slice();
        for (let flips = below(3) + 1; flips--; ) bytes[below(bytes.length)] = below(256);
        const cut = bytes.subarray(0, bytes.length - (below(4) ? 0 : below(bytes.length)));
        try {
            const message = toClient.decode(cut);
            if (!/event|ack/.test(message.type)) assert.deepEqual(toClient.encode(message), cut);
            read++;
        } catch (error) {
            assert.ok(error instanceof ProtocolError, `${error.stack}`);
        }
    }
    assert.ok(read > 1000, `${read}`);
});

test("arguments carry bytes at any depth, and nothing that only looks like them", () => {
    const args = [{ deep: [Uint8Array.of(1), new Uint16Array([2]), Buffer.from("b")] }, "x", null, undefined];
    const { args: read } = fromClient.decode(fromClient.encode({ type: "event", name: "e", args }));
    assert.deepEqual(read, [{ deep: [Uint8Array.of(1), Uint8Array.of(2, 0), Uint8Array.of(98)] }, "x", null, null]);
    const encode = (...args) => fromClient.encode({ type: "event", name: "e", args });
    assert.throws(() => encode({ _placeholder: true, num: 0 }), ProtocolError);
    const nested = (depth) => (depth ? [nested(depth - 1)] : 0);
    assert.doesNotThrow(() => encode(nested(63)));
    assert.throws(() => encode(nested(64)), ProtocolError);
    assert.doesNotThrow(() => encode("[".repeat(100), '\\"['.repeat(100)));
    assert.throws(() => encode("x".repeat(70_000)), ProtocolError);
    assert.throws(() => encode(...Array(11).fill(Uint8Array.of(1))), ProtocolError);
    assert.throws(() => fromClient.encode({ type: "look", x: NaN, y: 0 }), ProtocolError);
    assert.throws(() => fromClient.encode({ type: "look", x: 1e39, y: 0 }), ProtocolError);
    assert.throws(() => fromClient.encode({ type: "input", tick: 1.5, controls: new Uint8Array() }), ProtocolError);
    assert.throws(() => fromClient.encode({ type: "input", tick: 1, controls: new Uint8Array(1025) }), ProtocolError);
});
