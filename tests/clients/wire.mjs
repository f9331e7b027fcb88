// What goes over the wire, byte by byte. `--engine`: against a bare Engine.IO echo server.
import { parseArgs } from "node:util";
import { runAll } from "./harness/runner.mjs";
import { answers } from "./wire/answers.mjs";
import { EngineDoor, SocketIoDoor } from "./wire/door.mjs";
import { frames } from "./wire/frames.mjs";
import { crossOrigin, handshakes } from "./wire/handshake.mjs";
import { heartbeat } from "./wire/heartbeat.mjs";
import { connecting, messages, violations } from "./wire/packets.mjs";
import { polling } from "./wire/polling.mjs";
import { recovery } from "./wire/recovery.mjs";
import { sessions } from "./wire/sessions.mjs";
import { upgrades } from "./wire/upgrade.mjs";

const CHECKS_AT_ONCE = 24; // they mostly wait

const { values: flags } = parseArgs({
  options: {
    url: { type: "string" },
    engine: { type: "boolean", default: false },
    recovery: { type: "boolean", default: false },
    reference: { type: "boolean", default: false },
    "connect-timeout": { type: "string", default: "0" },
    only: { type: "string", default: "" },
  },
});

const settings = { isReference: flags.reference, connectTimeout: Number(flags["connect-timeout"]) };
const door = flags.engine ? new EngineDoor(flags.url) : new SocketIoDoor(flags.url);

const engineIo = () =>
  [upgrades, heartbeat, handshakes, crossOrigin, polling, frames].flatMap((chapter) => chapter(door, settings));
const socketIo = () => [sessions, connecting, messages, violations, answers].flatMap((chapter) => chapter(door, settings));

const chapters = flags.recovery ? recovery(door) : flags.engine ? engineIo() : [...engineIo(), ...socketIo()];
const what = flags.recovery ? "recovery" : flags.engine ? "engine.io" : "socket.io";
await runAll(`wire ${what}`, chapters.filter(({ name }) => name.includes(flags.only)), CHECKS_AT_ONCE);
