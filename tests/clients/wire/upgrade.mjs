import { check } from "../harness/runner.mjs";
import { holds, same } from "../harness/same.mjs";
import { eventually } from "../harness/waiting.mjs";
import { payload, PollingSession } from "./polling_session.mjs";
import { WireSocket } from "./web_socket.mjs";

const UPGRADE_TIMEOUT_MS = 10_000;
const NOOP_EVERY_MS = 100;
const SLACK_MS = 5_000; // for a machine that does three things more

/** A polling session and a WebSocket that has probed it. */
async function probed(door) {
  const session = await PollingSession.greeted(door);
  const socket = await WireSocket.open(door, { sid: session.sid });
  socket.send("2probe");
  same(await socket.next(), "3probe", "the answer to the probe");
  return { session, socket };
}

async function upgraded(door) {
  const { session, socket } = await probed(door);
  socket.send("5");
  await socket.echoes("upgraded");
  return { session, socket };
}

async function anotherIsClosed(door, sid) {
  const intruder = new WireSocket(door, { sid });
  intruder.opened.then(() => intruder.send("2probe"), () => {});
  await intruder.closed();
  same(intruder.inbox.log, [], "what it was told");
}

const remainsOnPolling = (session) => session.echoes("still polling");

export const upgrades = (door, { isReference }) => [
  check("upgrade: probe, then the session goes on over the WebSocket", async () => {
    const { socket } = await upgraded(door);
    socket.close();
  }),
  check("upgrade: a GET that is pending at the probe is answered with a noop", async () => {
    const session = await PollingSession.greeted(door);
    const news = session.news();
    const socket = await WireSocket.open(door, { sid: session.sid });
    socket.send("2probe");
    same(await socket.next(), "3probe", "the answer to the probe");
    same(await news, "6", "the body");
    socket.close();
  }),
  check("upgrade: each further GET before the upgrade is answered with a noop, soon", async () => {
    const { session, socket } = await probed(door);
    for (let i = 0; i < 3; i++) {
      const start = Date.now();
      same(await session.news(), "6", "the body");
      const elapsed = Date.now() - start;
      holds(elapsed <= NOOP_EVERY_MS + SLACK_MS, `${elapsed} ms is not long after ${NOOP_EVERY_MS} ms`);
    }
    socket.send("5");
    await socket.echoes("upgraded");
    socket.close();
  }),
  check("upgrade: what is said between probe and upgrade arrives once, in order, over the WebSocket", async () => {
    const { session, socket } = await probed(door);
    const words = Array.from({ length: 40 }, (_, i) => door.echo(`word ${i}`));
    await session.post(payload(...words.slice(0, 20).map(({ request }) => request)));
    socket.send("5", ...words.slice(20).map(({ request }) => request));
    await socket.echoes("the end");
    const heard = socket.inbox.log.filter((frame) => words.some(({ answer }) => answer === frame));
    same(heard, words.map(({ answer }) => answer), "the answers");
    socket.close();
  }),
  check("upgrade: polling with the id of an upgraded session is 400, and the session goes on", async () => {
    const { session, socket } = await upgraded(door);
    const answers = await Promise.all([session.get(), session.post(door.echo("x").request), session.post("1")]);
    same(answers.map(({ status }) => status), [400, 400, 400], "the statuses");
    await socket.echoes("still here");
    socket.close();
  }),
  check("upgrade: a second WebSocket on an upgraded session is closed, and the session goes on", async () => {
    const { session, socket } = await upgraded(door);
    await anotherIsClosed(door, session.sid);
    await socket.echoes("still here");
    socket.close();
  }),
  check("upgrade: a second WebSocket while the first probes is closed, and the first goes on", async () => {
    const { session, socket } = await probed(door);
    await anotherIsClosed(door, session.sid);
    socket.send("5");
    await socket.echoes("upgraded");
    socket.close();
  }),
  // The official server lets a WebSocket take over a session that was born on one.
  ...(isReference
    ? []
    : [
        check("upgrade: a second WebSocket on a session born on one is closed, and the session goes on", async () => {
          const socket = await WireSocket.greeted(door);
          await anotherIsClosed(door, socket.handshake.sid);
          await socket.echoes("still here");
          socket.close();
        }),
      ]),
  ...["4x", "2", "2prob", "abc", "3probe"].map((frame) =>
    check(`upgrade: a WebSocket that begins with "${frame}" is closed, and polling goes on`, async () => {
      const session = await PollingSession.greeted(door);
      const socket = await WireSocket.open(door, { sid: session.sid });
      socket.send(frame);
      await socket.closed();
      await remainsOnPolling(session);
    }),
  ),
  check("upgrade: a WebSocket lost after the probe leaves polling as it was, and another may try", async () => {
    const { session, socket } = await probed(door);
    socket.close();
    await remainsOnPolling(session);
    await eventually("another upgrade", async () => {
      const next = await WireSocket.open(door, { sid: session.sid });
      next.send("2probe", "5");
      const answer = await Promise.race([next.next(), next.closed()]);
      if (answer !== "3probe") return false;
      await next.echoes("upgraded");
      next.close();
      return true;
    });
  }),
  check("upgrade: binary after the upgrade is a binary frame", async () => {
    const { socket } = await upgraded(door);
    const { request, answer } = door.binaryEcho("AQIDBA==");
    const frame = (packet) => (packet[0] === "b" ? Buffer.from(packet.slice(1), "base64") : packet);
    socket.send(...request.map(frame));
    for (const packet of answer) same(await socket.next(), frame(packet), "the frame");
    socket.close();
  }),
  check("upgrade: the end of the upgraded WebSocket is the end of the session", async () => {
    const { session, socket } = await upgraded(door);
    socket.close();
    await eventually("the end of the session", async () => JSON.parse((await session.get()).body).code === 1);
  }),
  check("upgrade: a client that closes the upgraded WebSocket politely ends the session", async () => {
    const { session, socket } = await upgraded(door);
    socket.socket.close();
    await socket.closed();
    await eventually("the end of the session", async () => JSON.parse((await session.get()).body).code === 1);
  }),
  check(`upgrade: a WebSocket that never upgrades is closed after ${UPGRADE_TIMEOUT_MS} ms, and polling goes on`, async () => {
    const { session, socket } = await probed(door);
    const start = Date.now();
    let over = false;
    socket.closed(UPGRADE_TIMEOUT_MS + SLACK_MS).then(() => (over = true), () => {});
    while (!over && Date.now() - start < UPGRADE_TIMEOUT_MS + SLACK_MS) {
      if ((await session.get()).body === "2") await session.post("3");
    }
    const elapsed = Date.now() - start;
    holds(over && elapsed > UPGRADE_TIMEOUT_MS * 0.9, `it was closed after ${elapsed} ms`);
    await remainsOnPolling(session);
  }),
];
