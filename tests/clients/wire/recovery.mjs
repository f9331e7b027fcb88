import { check } from "../harness/runner.mjs";
import { holds, same } from "../harness/same.mjs";
import { eventually } from "../harness/waiting.mjs";
import { ownRoom } from "../harness/world.mjs";
import { connected } from "./packets.mjs";
import { WireSocket } from "./web_socket.mjs";

const parsed = (frame) => JSON.parse(frame.slice(frame.indexOf("[")));
const isEvent = (name) => (frame) => typeof frame === "string" && frame.startsWith(`42["${name}"`);

/** A socket that has joined `/` on a server with recovery. */
async function resident(door, auth = "") {
  const socket = await WireSocket.open(door);
  socket.send(`40${auth}`);
  const session = await connected(socket);
  const offset = parsed(await socket.next(isEvent("auth"))).at(-1);
  return { socket, session, offset };
}

async function asked(socket, json) {
  socket.send(`425${json}`);
  return parsed(await socket.next((frame) => frame.startsWith("435[")))[0];
}

export const recovery = (door) => [
  check("recovery: CONNECT is answered with sid and pid, and they differ", async () => {
    const { socket, session } = await resident(door);
    same(Object.keys(session).sort(), ["pid", "sid"], "the keys");
    same(new Set([session.pid, session.sid, socket.handshake.sid]).size, 3, "how many ids");
    socket.close();
  }),
  check("recovery: events without an ack end with an offset, each with another", async () => {
    const { socket, offset } = await resident(door);
    await asked(socket, '["burst",3]');
    const items = socket.inbox.log.filter(isEvent("burst-item")).map(parsed);
    same(items.map((item) => item.slice(0, 2)), [0, 1, 2].map((i) => ["burst-item", i]), "the events");
    const offsets = [offset, ...items.map((item) => item[2])];
    holds(offsets.every((text) => typeof text === "string"), "offsets are text");
    same(new Set(offsets).size, 4, "how many offsets");
    socket.close();
  }),
  check("recovery: volatile events, questions and acks have no offset", async () => {
    const { socket } = await resident(door);
    await asked(socket, '["burst-volatile",1]');
    for (const frame of socket.inbox.log.filter(isEvent("vol-item"))) same(parsed(frame), ["vol-item", 0], "volatile");
    socket.send('426["ask-me","x"]');
    same(parsed(await socket.next((frame) => frame.includes('"question"'))), ["question", "x"], "the question");
    socket.close();
  }),
  check("recovery: all targets of a broadcast get the same offset", async () => {
    const members = [await resident(door), await resident(door)];
    const room = ownRoom("offset");
    for (const { socket } of members) await asked(socket, `["join","${room}"]`);
    await asked(members[0].socket, `["in-room","${room}",1]`);
    const [one, two] = await Promise.all(members.map(({ socket }) => socket.next(isEvent("room-msg"))));
    same(one, two, "the frames");
    for (const { socket } of members) socket.close();
  }),
  check("recovery: a lost connection is taken up with pid and offset, the missed events come once", async () => {
    const { socket, session, offset } = await resident(door);
    const { socket: witness } = await resident(door);
    socket.close();
    await eventually("the loss is noticed", async () => !(await asked(witness, `["room-ids","${session.sid}"]`)).length);
    await asked(witness, `["private","${session.sid}","missed"]`);
    const next = await WireSocket.open(door);
    next.send(`40${JSON.stringify({ pid: session.pid, offset })}`);
    same(await connected(next), session, "the session");
    const { recovered } = await asked(next, '["whoami"]');
    const missed = next.inbox.log.filter(isEvent("private-msg")).map(parsed);
    same([recovered, missed.map((event) => event[1])], [true, ["missed"]], "what is recovered");
    same(missed[0].length, 4, "event, payload, sender and offset");
    for (const each of [next, witness]) each.close();
  }),
  ...['{"pid":"x","offset":"y"}', '{"pid":1,"offset":null}', '{"pid":"__proto__","offset":"y"}'].map((auth) =>
    check(`recovery: the unknown session ${auth} starts anew`, async () => {
      const { socket, session } = await resident(door, auth);
      same(Object.keys(session).sort(), ["pid", "sid"], "the keys");
      same((await asked(socket, '["whoami"]')).recovered, false, "recovered");
      socket.close();
    }),
  ),
  check("recovery: the id of a socket, which others may know, recovers nothing", async () => {
    const { socket, session, offset } = await resident(door);
    const { socket: thief, session: stolen } = await resident(door, JSON.stringify({ pid: session.sid, offset }));
    holds(stolen.sid !== session.sid, "the id is a new one");
    for (const each of [socket, thief]) each.close();
  }),
];
