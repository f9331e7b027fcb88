import { check } from "../harness/runner.mjs";
import { holds, same } from "../harness/same.mjs";
import { ownNamespace } from "../harness/world.mjs";
import { WireSocket } from "./web_socket.mjs";

const PLACEHOLDER = (num) => `{"_placeholder":true,"num":${num}}`;
const BYTES = Buffer.from([1, 2, 3]);

/** The Socket.IO id out of `40/nsp,{"sid":...}`. */
export const connected = async (socket, head = "40") => {
  const frame = await socket.next((text) => typeof text === "string" && text.startsWith(`${head}{`));
  return JSON.parse(frame.slice(head.length));
};

async function joined(door, namespace) {
  const socket = await WireSocket.open(door);
  socket.send(`40${namespace},`);
  await connected(socket, `40${namespace},`);
  await socket.next((frame) => frame.startsWith(`42${namespace},["auth"`));
  return socket;
}

const closesBefore = (door, what, ...sent) =>
  check(`closes: ${what}`, async () => {
    const socket = await WireSocket.open(door);
    socket.send(...sent);
    await socket.closed();
  });

const closes = (door, what, ...sent) =>
  check(`closes: ${what} ${typeof sent[0] === "string" ? sent[0] : "<binary>"}`, async () => {
    const socket = await WireSocket.greeted(door);
    socket.send(...sent);
    await socket.closed();
    same(socket.inbox.log.filter((frame) => /message-back|^43/.test(frame)), [], "the answers");
  });

export const connecting = (door) => [
  check("connect: 40 is answered with the key sid alone, then comes auth", async () => {
    const socket = await WireSocket.open(door);
    socket.send("40");
    const answer = await connected(socket);
    same(Object.keys(answer), ["sid"], "the keys");
    holds(answer.sid !== socket.handshake.sid, "the socket id is not the session id");
    same(await socket.next(), '42["auth",{}]', "the next frame");
    socket.close();
  }),
  check("connect: auth comes back as it went", async () => {
    const socket = await WireSocket.open(door);
    socket.send('40/custom,{"token":"123"}');
    await connected(socket, "40/custom,");
    same(await socket.next(), '42/custom,["auth",{"token":"123"}]', "the next frame");
    socket.close();
  }),
  check("connect: a namespace needs no comma", async () => {
    const socket = await WireSocket.open(door);
    socket.send("40/custom");
    same(Object.keys(await connected(socket, "40/custom,")), ["sid"], "the keys");
    socket.close();
  }),
  check("connect: each namespace of a connection has its own id", async () => {
    const socket = await WireSocket.open(door);
    socket.send("40", "40/custom,");
    const ids = [await connected(socket), await connected(socket, "40/custom,")].map(({ sid }) => sid);
    same(new Set([...ids, socket.handshake.sid]).size, 3, "how many ids");
    socket.close();
  }),
  check("connect: an unknown namespace is refused, and another may be tried", async () => {
    const socket = await WireSocket.open(door);
    socket.send("40/random");
    same(await socket.next(), '44/random,{"message":"Invalid namespace"}', "the answer");
    socket.send("40");
    await connected(socket);
    socket.close();
  }),
  check("connect: a refusal of a middleware has message and data", async () => {
    const socket = await WireSocket.open(door);
    socket.send('40/guarded,{"token":"wrong"}');
    const answer = await socket.next();
    holds(answer.startsWith("44/guarded,{"), `${answer} is a CONNECT_ERROR`);
    same(JSON.parse(answer.slice(11)), { message: "not authorized", data: { code: 401 } }, "the error");
    socket.close();
  }),
  check("disconnect: 41 leaves the namespace and keeps the connection", async () => {
    const socket = await WireSocket.greeted(door);
    socket.send("40/custom,");
    const { sid } = await connected(socket, "40/custom,");
    socket.send("41/custom,");
    await socket.echoes("still here");
    socket.send("40/custom,");
    holds((await connected(socket, "40/custom,")).sid !== sid, "the id is a new one");
    socket.close();
  }),
  check("disconnect: a connection without a namespace left stays open", async () => {
    const socket = await WireSocket.greeted(door, { pongs: false });
    socket.send("41");
    await socket.next((frame) => frame === "2");
    socket.send("3", "40");
    await connected(socket);
    await socket.echoes("still here");
    socket.close();
  }),
  check("kick: the frame is 41 of the namespace, and the connection stays", async () => {
    const socket = await WireSocket.greeted(door);
    socket.send("40/custom,");
    await connected(socket, "40/custom,");
    socket.send('42/custom,["kick"]');
    same(await socket.next((frame) => frame.startsWith("41")), "41/custom,", "the frame");
    await socket.echoes("still here");
    socket.close();
  }),
  check("kick-close: 41 for every namespace, then the end", async () => {
    const socket = await WireSocket.greeted(door);
    socket.send("40/custom,");
    await connected(socket, "40/custom,");
    socket.send('42["kick-close"]');
    await socket.closed();
    const goodbyes = socket.inbox.log.filter((frame) => frame.startsWith("41"));
    same(goodbyes.sort(), ["41", "41/custom,"], "the goodbyes");
  }),
];

export const messages = (door) => [
  check("message: an event and an ack keep their exact form", async () => {
    const socket = await WireSocket.greeted(door);
    socket.send('42["message",1,"2",{"3":[true]}]');
    same(await socket.next(), '42["message-back",1,"2",{"3":[true]}]', "the event");
    socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    same(await socket.next(), '43456[1,"2",{"3":[false]}]', "the ack");
    socket.send('42/custom,7["message-with-ack"]', '420["message-with-ack"]');
    await socket.closed(); // `/custom` was not joined
  }),
  check("message: ack ids may be zero and large", async () => {
    const socket = await WireSocket.greeted(door);
    for (const id of ["0", "4294967296", "9007199254740991"]) {
      socket.send(`42${id}["message-with-ack"]`);
      same(await socket.next(), `43${id}[]`, "the ack");
    }
    socket.close();
  }),
  check("message: binary attachments follow their event, both ways", async () => {
    const socket = await WireSocket.greeted(door);
    socket.send(`452-["message",${PLACEHOLDER(0)},${PLACEHOLDER(1)}]`, BYTES, Buffer.from([4]));
    same(await socket.next(), `452-["message-back",${PLACEHOLDER(0)},${PLACEHOLDER(1)}]`, "the event");
    same([await socket.next(), await socket.next()], [BYTES, Buffer.from([4])], "the attachments");
    socket.send(`451-789["message-with-ack",${PLACEHOLDER(0)}]`, BYTES);
    same([await socket.next(), await socket.next()], [`461-789[${PLACEHOLDER(0)}]`, BYTES], "the ack");
    socket.close();
  }),
  check("message: binary in a namespace names it behind the count", async () => {
    const socket = await joined(door, "/custom");
    socket.send(`451-/custom,12["message-with-ack",${PLACEHOLDER(0)}]`, BYTES);
    same([await socket.next(), await socket.next()], [`461-/custom,12[${PLACEHOLDER(0)}]`, BYTES], "the ack");
    socket.close();
  }),
  check("message: an event name may be a number", async () => {
    const socket = await WireSocket.greeted(door);
    socket.send("42[1,2]");
    await socket.echoes("still here");
    socket.close();
  }),
];

export const violations = (door) => [
  closesBefore(door, "an event before any namespace is joined", '42["message",1]'),
  closesBefore(door, "garbage before any namespace is joined", "4abc"),
  closesBefore(door, "a CONNECT whose auth is a text", '40"x"'),
  closesBefore(door, "a CONNECT whose auth is a list", "40[]"),
  closes(door, "an event of a namespace not joined", '42/custom,["message",1]'),
  closes(door, "an ack of a namespace not joined", "43/custom,0[]"),
  closes(door, "a DISCONNECT of a namespace not joined", "41/custom,"),
  closes(door, "a second CONNECT", "40"),
  closes(door, "a CONNECT_ERROR", '44{"message":"x"}'),
  ...["4", "47", "49", "4abc", "4-1"].map((frame) => closes(door, "the unknown packet type", frame)),
  ...["42{}", "42[]", "42[null]", "42[{}]", '42"x"', '42["message"', "42abc[]", '42["connect"]', '42["disconnect"]'].map(
    (frame) => closes(door, "the malformed event", frame),
  ),
  ...["43{}", "431{}", '431"x"', "431["].map((frame) => closes(door, "the malformed ack", frame)),
  closes(door, "a DISCONNECT with a payload", "41{}"),
  ...['45["message"]', '450-["message"]', '45-["message"]', '451["message"]', '451.5-["message"]', '45a-["message"]'].map(
    (frame) => closes(door, "the binary event without a good count", frame),
  ),
  closes(door, "a binary frame that nothing announced", BYTES),
  closes(door, "text where an attachment is due", `451-["message",${PLACEHOLDER(0)}]`, '42["message",1]'),
  closes(door, "a placeholder without its attachment", `451-["message",${PLACEHOLDER(1)}]`, BYTES),
  closes(door, "a placeholder with a negative number", `451-["message",${PLACEHOLDER(-1)}]`, BYTES),
  closes(door, "a placeholder whose number is a text", `451-["message",${PLACEHOLDER('"0"')}]`, BYTES),
  check("after all that the server still serves", async () => {
    const socket = await joined(door, ownNamespace());
    socket.close();
  }),
];
