import { check } from "../harness/runner.mjs";
import { holds, same } from "../harness/same.mjs";
import { send } from "./http.mjs";
import { connected } from "./packets.mjs";
import { PollingSession } from "./polling_session.mjs";
import { WireSocket } from "./web_socket.mjs";

const SURELY_OVER_MS = 1_000;

/** Others may know the id of a socket; it must not give them its session. */
async function isNoSession(door, sid) {
  const address = door.address({ transport: "polling", sid });
  const answers = await Promise.all([send(address), send(address, { method: "POST", body: '42["message"]' })]);
  same(answers.map(({ status, body }) => [status, JSON.parse(body).code]), [[400, 1], [400, 1]], "status and code");
  const refusal = await new WireSocket(door, { sid }).opened.then(() => "nothing", (error) => error.message);
  same(refusal, "Unexpected server response: 400", "the refusal of a WebSocket");
}

export const sessions = (door, { connectTimeout }) => [
  check("session: the public id of a socket on WebSocket opens no session", async () => {
    const socket = await WireSocket.open(door);
    socket.send("40");
    await isNoSession(door, (await connected(socket)).sid);
    await socket.echoes("still here");
    socket.close();
  }),
  check("session: the public id of a socket on polling opens no session", async () => {
    const session = await PollingSession.open(door);
    await session.post("40");
    const answer = await session.next((packet) => packet.startsWith("40"));
    await isNoSession(door, JSON.parse(answer.slice(2)).sid);
    await session.echoes("still here");
  }),
  ...(connectTimeout
    ? [
        check("connect timeout: a WebSocket that joins nothing is closed", async () => {
          const socket = await WireSocket.open(door);
          const start = Date.now();
          await socket.closed();
          holds(Date.now() - start >= connectTimeout * 0.8, "it had its time");
        }),
        check("connect timeout: to be refused is not to join", async () => {
          const socket = await WireSocket.open(door);
          socket.send("40/nope");
          await socket.next((frame) => frame.startsWith("44/nope"));
          await socket.closed();
        }),
        check("connect timeout: who has joined may stay, also when it leaves again", async () => {
          const socket = await WireSocket.greeted(door);
          socket.send("41");
          const stays = socket.closed(connectTimeout + SURELY_OVER_MS).then(() => false, () => true);
          holds(await stays, "the connection is open");
          socket.close();
        }),
      ]
    : []),
];
