import { eventually } from "../harness/waiting.mjs";
import { holds, same } from "../harness/same.mjs";
import { row } from "./places.mjs";

const ARGUMENTS = [[], [1], [null], ["a", { b: [true, { c: 1.5 }] }, [[]]], [{}, "", 0, false], [[1, [2, [3]]], "z"]];

const upTo = (n) => Array.from({ length: n }, (_, i) => i);

export const events = (place) => [
  row("connection: the first event is `auth`, with the auth of the handshake", async (guests) => {
    const auth = { ...place.auth, deep: { list: [1, null, "ü"] } };
    const peer = await place.peer(guests, { auth });
    await peer.fence();
    const [first] = peer.inbox.log.filter(({ event }) => event !== "(connect)");
    same(first, { event: "auth", args: [auth] }, "the first event");
  }),
  row("connection: `auth` is sent once and is {} when the client has none", async (guests) => {
    const peer = await place.peer(guests);
    await peer.fence();
    same(peer.all("auth"), [[place.auth ?? {}]], "auth events");
  }),
  row("message: comes back as message-back with the same arguments", async (guests) => {
    const peer = await place.peer(guests);
    for (const args of ARGUMENTS) peer.emit("message", ...args);
    for (const args of ARGUMENTS) same(await peer.next("message-back"), args, "message-back");
  }),
  row("message: binary comes back as it went, nested too", async (guests) => {
    const peer = await place.peer(guests);
    const args = [Buffer.from([1, 2, 3]), { deep: [Buffer.from([255]), "text"] }];
    peer.emit("message", ...args);
    same(await peer.next("message-back"), args, "message-back");
  }),
  row("message-with-ack: the ack has the same arguments", async (guests) => {
    const peer = await place.peer(guests);
    for (const args of ARGUMENTS) same(await peer.askAll("message-with-ack", ...args), args, "the ack");
  }),
  row("message-with-ack: a binary ack comes back as it went", async (guests) => {
    const peer = await place.peer(guests);
    const args = [{ deep: [Buffer.from([255, 0, 7])] }, Buffer.from("x"), "text"];
    same(await peer.askAll("message-with-ack", ...args), args, "the ack");
  }),
  row("whoami: a fresh socket is in one room, its own id", async (guests) => {
    const peer = await place.peer(guests, { settled: true });
    const { transport } = guests.world;
    const self = { id: peer.id, nsp: place.namespace, rooms: [peer.id], transport, recovered: false };
    same(await peer.ask("whoami"), self, "whoami");
  }),
  row("whoami: the id is not the id of the Engine.IO session", async (guests) => {
    const peer = await place.peer(guests);
    holds(peer.id !== peer.engine.id, "the two ids differ");
  }),
  row("burst: all items come in order, before the ack", async (guests) => {
    const peer = await place.peer(guests);
    for (const n of [0, 1, 40, 500]) {
      const before = peer.all("burst-item").length;
      same(await peer.ask("burst", n), n, "the ack");
      same(peer.all("burst-item").slice(before).flat(), upTo(n), "the items");
    }
  }),
  row("burst-volatile: what is not dropped comes once and in order", async (guests) => {
    const peer = await place.peer(guests);
    same(await peer.ask("burst-volatile", 100), 100, "the ack");
    await peer.fence();
    const items = peer.all("vol-item").flat();
    same(items, upTo(100).filter((i) => items.includes(i)), "the items");
  }),
  row("burst-volatile: a client that is ready gets them", async (guests) => {
    const peer = await place.peer(guests);
    await eventually("a volatile event", async () => {
      await peer.ask("burst-volatile", 1);
      return peer.all("vol-item").length > 0;
    });
  }),
  row("seq: the handlers run in the order in which the events were sent", async (guests) => {
    const peer = await place.peer(guests);
    for (const i of upTo(300)) peer.emit("seq", i);
    same(await peer.ask("seq-get"), upTo(300), "seq-get");
  }),
  row("seq: the list belongs to one socket", async (guests) => {
    const [one, other] = await place.peers(guests, 2);
    one.emit("seq", 1);
    other.emit("seq", 2);
    same([await one.ask("seq-get"), await other.ask("seq-get")], [[1], [2]], "the lists");
  }),
];
