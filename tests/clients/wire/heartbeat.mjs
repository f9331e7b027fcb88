import { check } from "../harness/runner.mjs";
import { holds, same } from "../harness/same.mjs";
import { sleep } from "../harness/waiting.mjs";
import { PollingSession } from "./polling_session.mjs";
import { WireSocket } from "./web_socket.mjs";

const SLACK_MS = 5_000; // for a machine that does three things more
const ROUNDS = 3;

const TIMERS_MS = 20; // they may be early by some

/** Since `start`, `ms` have passed and not much more. */
function hasTaken(start, ms) {
  const elapsed = Date.now() - start;
  holds(elapsed >= ms - TIMERS_MS && elapsed <= ms + SLACK_MS, `${elapsed} ms is about ${ms} ms`);
}

export const heartbeat = (door) => [
  check("heartbeat: polling, a ping after each pingInterval, and never at once", async () => {
    const session = await PollingSession.greeted(door);
    for (let round = 0; round < ROUNDS; round++) {
      const start = Date.now();
      same((await session.get()).body, "2", "the next packet");
      // The first interval began with the handshake, a few requests ago.
      holds(Date.now() - start >= session.handshake.pingInterval * 0.5, "the ping took its time");
      same((await session.post("3")).body, "ok", "the answer to a pong");
    }
  }),
  check("heartbeat: WebSocket, a ping after each pingInterval, and never at once", async () => {
    const socket = await WireSocket.greeted(door, { pongs: false });
    for (let round = 0; round < ROUNDS; round++) {
      const start = Date.now();
      await socket.next((frame) => frame === "2");
      // The first interval began with the handshake, a few frames ago.
      holds(Date.now() - start >= socket.handshake.pingInterval * 0.5, "the ping took its time");
      holds(Date.now() - start <= socket.handshake.pingInterval + SLACK_MS, "the ping is not late");
      socket.send("3");
    }
    socket.close();
  }),
  check("heartbeat: a WebSocket without pongs is closed after pingInterval + pingTimeout", async () => {
    const start = Date.now();
    const socket = await WireSocket.greeted(door, { pongs: false });
    const { pingInterval, pingTimeout } = socket.handshake;
    await socket.closed();
    hasTaken(start, pingInterval + pingTimeout);
    same(socket.inbox.log.filter((frame) => frame === "2").length, 1, "how many pings");
  }),
  check("heartbeat: a polling session without pongs is over after pingInterval + pingTimeout", async () => {
    const start = Date.now();
    const session = await PollingSession.greeted(door);
    const { pingInterval, pingTimeout } = session.handshake;
    same((await session.get()).body, "2", "the ping");
    await session.get();
    hasTaken(start, pingInterval + pingTimeout);
    await session.isClosed();
  }),
  check("heartbeat: a session lives for many intervals with pongs and nothing else", async () => {
    const socket = await WireSocket.greeted(door);
    const { pingInterval, pingTimeout } = socket.handshake;
    await sleep((pingInterval + pingTimeout) * 2);
    await socket.echoes("still here");
    socket.close();
  }),
  check("heartbeat: a ping from a WebSocket client ends the session", async () => {
    const socket = await WireSocket.greeted(door);
    socket.send("2");
    await socket.closed();
    same(socket.inbox.log.filter((frame) => frame === "3"), [], "the pongs");
  }),
  check("heartbeat: a ping from a polling client ends the session", async () => {
    const session = await PollingSession.greeted(door);
    await session.post("2");
    await session.isClosed();
  }),
];
