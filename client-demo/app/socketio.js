/**
 * The same match by the stock Socket.IO client: joins by an event, hears who comes and what is said, and takes the state as
 * it comes, with the stream's half of the library to decode it.
 */

import { Replica } from "../sdk/stream/replica.js";
import { parseSchema } from "../sdk/stream/schema.js";
import { find, fit, make, pen, say } from "./dom.js";
import { coatOf, trace } from "./palette.js";

const LINES = 200;

/**
 * @typedef {{ on(name: string, hear: (...args: any[]) => void): void, emit(name: string, ...args: any[]): void, emitWithAck(name: string, ...args: any[]): Promise<any>, id?: string, recovered?: boolean, io: any }} Socket
 */

const log = find("log", HTMLElement);
const about = find("about", HTMLElement);
const canvas = find("field", HTMLCanvasElement);
const to = pen(canvas);
const text = find("text", HTMLInputElement);
/** What is known of the match. @type {Replica | null} */
let view = null;
let bytes = 0;
let packets = 0;
/** When a keyframe was last asked for. */
let asked = -Infinity;

/** @param {string} line */
function write(line) {
    log.append(make("div", "", line));
    while (log.children.length > LINES) log.firstElementChild?.remove();
    log.scrollTop = log.scrollHeight;
}

/** @param {Socket} socket */
async function join(socket) {
    const place = new URLSearchParams(location.hash.slice(1)).get("match") ?? "";
    const name = `Socket ${socket.id?.slice(0, 4) ?? ""}`;
    const answer = await socket.emitWithAck("join-match", {
        place,
        name,
        spectator: find("watch", HTMLInputElement).checked,
    });
    write(answer.ok ? `In match ${answer.match} as player ${answer.player}.` : `Not let in: ${answer.reason}`);
}

/** The stream's packet of one tick. @param {Socket} socket @param {ArrayBuffer} packet */
function take(socket, packet) {
    packets++;
    bytes += packet.byteLength;
    try {
        view?.receive(new Uint8Array(packet));
    } catch {
        // Only a keyframe helps, and it comes as one of the next packets.
        const now = performance.now();
        if (now - asked > 1000) socket.emit("keyframe");
        asked = now - asked > 1000 ? now : asked;
    }
}

function draw() {
    requestAnimationFrame(draw);
    if (!view) return;
    const ids = view.entities();
    say(
        about,
        `Tick ${view.tick}, ${ids.length} entities, ${packets} packets, ${(bytes / Math.max(1, packets)).toFixed(0)} bytes each.`,
    );
    fit(canvas);
    let side = 48;
    for (const id of ids) side = view.get(id, "Ground")?.side ?? side;
    to.setTransform(canvas.width / side, 0, 0, canvas.width / side, 0, 0);
    to.fillStyle = "#12242a";
    to.fillRect(0, 0, side, side);
    for (const id of ids) {
        const wall = view.get(id, "Wall"),
            body = view.get(id, "Body");
        to.fillStyle = "#cbbd9c";
        if (wall) to.fillRect(wall.x, wall.y, wall.width, wall.height);
        if (!body) continue;
        const player = view.owner(id) ?? 0;
        const coat = coatOf((player * 67) % 360, null, player);
        to.fillStyle = coat.body;
        trace(to, coat.shape, body.x, body.y, side / 60);
        to.fill();
    }
}

/** @param {Socket} socket */
function listen(socket) {
    socket.on("connect", () => {
        write(`Connected by ${socket.io.engine.transport.name}.`);
        // Who is back has the seat that was left.
        if (!socket.recovered) void join(socket);
    });
    socket.on("disconnect", (reason) => write(`Disconnected: ${reason}`));
    socket.on("joined", (/** @type {any} */ joined) => {
        view = new Replica(parseSchema(new TextEncoder().encode(JSON.stringify(joined.schema))), joined.player, false);
    });
    socket.on("left", ({ reason }) => write(`Out of the match: ${reason || "left"}`));
    socket.on("came", ({ name }) => write(`${name} joined.`));
    socket.on("went", ({ name }) => write(`${name} left.`));
    socket.on("state", (packet) => take(socket, packet));
    socket.on("said", ({ from, text }) => write(`${from.name}: ${text}`));
    socket.on("kill", ({ killer, victim }) => write(`${killer ?? "The arena"} beat ${victim}.`));
    find("saying", HTMLFormElement).onsubmit = async (event) => {
        event.preventDefault();
        const answer = await socket.emitWithAck("say", { to: "match", text: text.value });
        write(answer.ok ? `You: ${text.value}` : answer.reason);
        text.value = "";
    };
    find("again", HTMLButtonElement).onclick = () => {
        socket.emit("leave-match");
        view = null;
        void join(socket);
    };
}

const io = /** @type {any} */ (globalThis).io;
find("missing", HTMLElement).hidden = !!io;
if (io) {
    listen(io());
    draw();
}
