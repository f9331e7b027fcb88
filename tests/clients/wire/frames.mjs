import { check } from "../harness/runner.mjs";
import { same } from "../harness/same.mjs";
import { eventually } from "../harness/waiting.mjs";
import { WireSocket } from "./web_socket.mjs";

const isGone = (sid, door) => async () => {
  const intruder = new WireSocket(door, { sid });
  return intruder.opened.then(
    () => (intruder.close(), false),
    () => true,
  );
};

/** Engine.IO packets as WebSocket frames. */
export const frames = (door) => [
  check("WebSocket: text and binary come back as text and binary frames", async () => {
    const socket = await WireSocket.greeted(door);
    await socket.echoes("grüße 世界 👾");
    const { request, answer } = door.binaryEcho("AQIDBA==");
    const frame = (packet) => (packet[0] === "b" ? Buffer.from(packet.slice(1), "base64") : packet);
    socket.send(...request.map(frame));
    for (const packet of answer) same(await socket.next(), frame(packet), "the frame");
    socket.close();
  }),
  check("WebSocket: a hundred messages in flight are answered in order", async () => {
    const socket = await WireSocket.greeted(door);
    const words = Array.from({ length: 100 }, (_, i) => door.echo(`${i}`));
    socket.send(...words.map(({ request }) => request));
    for (const { answer } of words) same(await socket.next(), answer, "the next answer");
    socket.close();
  }),
  ...["abc", "7", "", "é"].map((frame) =>
    check(`WebSocket: the frame ${JSON.stringify(frame)} closes it`, async () => {
      const socket = await WireSocket.greeted(door);
      socket.send(frame);
      await socket.closed();
    }),
  ),
  check("WebSocket: text that is not UTF-8 closes it", async () => {
    const socket = await WireSocket.greeted(door);
    socket.socket.send(Buffer.from([0x34, 0xff, 0xfe]), { binary: false });
    await socket.closed();
  }),
  check("WebSocket: a message above maxPayload closes it", async () => {
    const socket = await WireSocket.greeted(door);
    socket.send(door.echo("x".repeat(socket.handshake.maxPayload)).request);
    await socket.closed();
  }),
  check("WebSocket: the end of the connection is the end of the session", async () => {
    const socket = await WireSocket.greeted(door);
    socket.close();
    await eventually("the end of the session", isGone(socket.handshake.sid, door));
  }),
];
