import { holds, same } from "../harness/same.mjs";
import { ownRoom } from "../harness/world.mjs";
import { row } from "./places.mjs";

const inRoom = (room, peers) => Promise.all(peers.map((peer) => peer.ask("join", room)));
const ids = (...peers) => peers.map(({ id }) => id).sort();

/** Each of `peers` has been told exactly `times` times, and never again before its fence. */
async function toldTimes(times, event, where, peers) {
  for (const peer of peers) {
    for (let i = 0; i < times; i++) await peer.next(event, where);
    await peer.fence();
    same(peer.all(event, where).length, times, `how often "${event}" came`);
  }
}

/** Exactly the peers `yes` are told, once. */
async function toldOnce(event, where, yes, no) {
  await toldTimes(1, event, where, yes);
  await toldTimes(0, event, where, no);
}

export const rooms = (place) => [
  row("join: the ack is the sorted list of the socket's rooms", async (guests) => {
    const peer = await place.peer(guests);
    await peer.ask("join", "b");
    await peer.ask("join", "a");
    same(await peer.ask("join", "b"), ["a", "b", peer.id].sort(), "the rooms");
  }),
  row("leave: the room is gone, and one never joined does no harm", async (guests) => {
    const peer = await place.peer(guests);
    const room = ownRoom("left");
    await inRoom(room, [peer]);
    same(await peer.ask("leave", ownRoom("never")), [room, peer.id].sort(), "the rooms");
    same(await peer.ask("leave", room), [peer.id], "the rooms");
    await peer.ask("to-room", room, "unheard");
    await toldTimes(0, "room-msg", (to) => to === room, [peer]);
  }),
  row("to-room: all in the room but the sender, and no one else", async (guests) => {
    const [sender, one, two, outsider] = await place.peers(guests, 4);
    const room = ownRoom("to");
    await inRoom(room, [sender, one, two]);
    const payload = { to: room, bytes: Buffer.from([9]) };
    same(await sender.ask("to-room", room, payload), "ok", "the ack");
    same(await one.next("room-msg"), [room, payload, sender.id], "the message");
    await toldTimes(1, "room-msg", (to) => to === room, [two]);
    await toldTimes(0, "room-msg", (to) => to === room, [sender, outsider]);
  }),
  row("in-room: all in the room, the sender included", async (guests) => {
    const [sender, member, outsider] = await place.peers(guests, 3);
    const room = ownRoom("in");
    await inRoom(room, [sender, member]);
    same(await sender.ask("in-room", room, "hear"), "ok", "the ack");
    same(await sender.next("room-msg"), [room, "hear", sender.id], "the message");
    await toldTimes(1, "room-msg", (to) => to === room, [member]);
    await toldTimes(0, "room-msg", (to) => to === room, [outsider]);
  }),
  row("in-room: a sender who is not in the room is not told", async (guests) => {
    const [sender, member] = await place.peers(guests, 2);
    const room = ownRoom("foreign");
    await inRoom(room, [member]);
    await sender.ask("in-room", room, "hear");
    await toldOnce("room-msg", (to) => to === room, [member], [sender]);
  }),
  row("to-rooms: who is in several of the rooms is told once", async (guests) => {
    const [sender, both, second] = await place.peers(guests, 3);
    const [a, b] = [ownRoom("a"), ownRoom("b")];
    await inRoom(a, [both]);
    await inRoom(b, [both, second]);
    same(await sender.ask("to-rooms", [a, b], [], a), "ok", "the ack");
    await toldOnce("rooms-msg", (payload, from) => payload === a && from === sender.id, [both, second], [sender]);
  }),
  row("to-rooms: who is in an excepted room is not told", async (guests) => {
    const [sender, kept, excepted] = await place.peers(guests, 3);
    const [a, b] = [ownRoom("a"), ownRoom("b")];
    await inRoom(a, [sender, kept, excepted]);
    await inRoom(b, [excepted]);
    await sender.ask("to-rooms", [a], [b], a);
    await toldOnce("rooms-msg", (payload) => payload === a, [sender, kept], [excepted]);
  }),
  row("to-rooms: socket ids are rooms, on both sides", async (guests) => {
    const [sender, one, two] = await place.peers(guests, 3);
    const room = ownRoom("ids");
    await inRoom(room, [sender, one]);
    await sender.ask("to-rooms", [room, two.id], [one.id, ownRoom("empty")], room);
    await toldOnce("rooms-msg", (payload) => payload === room, [sender, two], [one]);
  }),
  row("broadcast: all in the namespace but the sender", async (guests) => {
    const [sender, one, two] = await place.peers(guests, 3);
    const payload = ownRoom("bcast");
    same(await sender.ask("broadcast", payload), "ok", "the ack");
    await toldOnce("bcast", (text, from) => text === payload && from === sender.id, [one, two], [sender]);
  }),
  row("emit-all: all in the namespace", async (guests) => {
    const [sender, one, two] = await place.peers(guests, 3);
    const payload = ownRoom("all");
    same(await sender.ask("emit-all", payload), "ok", "the ack");
    await toldOnce("all", (text, from) => text === payload && from === sender.id, [sender, one, two], []);
  }),
  row("private: one socket alone, be it the sender itself", async (guests) => {
    const [sender, target, other] = await place.peers(guests, 3);
    same(await sender.ask("private", target.id, { p: 1 }), "ok", "the ack");
    same(await target.next("private-msg"), [{ p: 1 }, sender.id], "the message");
    await sender.ask("private", sender.id, { p: 2 });
    same(await sender.next("private-msg"), [{ p: 2 }, sender.id], "the message");
    await toldTimes(0, "private-msg", undefined, [other]);
  }),
  row("private: an id that nobody has is no error", async (guests) => {
    const peer = await place.peer(guests);
    same(await peer.ask("private", "nobody", 1), "ok", "the ack");
  }),
  row("room-ids: the sorted ids of those in the room", async (guests) => {
    const [one, two, outsider] = await place.peers(guests, 3);
    const room = ownRoom("ids");
    same(await outsider.ask("room-ids", room), [], "an empty room");
    await inRoom(room, [one, two]);
    same(await outsider.ask("room-ids", room), ids(one, two), "the ids");
    same(await outsider.ask("room-ids", one.id), [one.id], "the room of one socket");
  }),
  row("room-join-all: all in a room join another", async (guests) => {
    const [one, two, outsider] = await place.peers(guests, 3);
    const [room, other] = [ownRoom("from"), ownRoom("into")];
    await inRoom(room, [one, two]);
    same(await outsider.ask("room-join-all", room, other), "ok", "the ack");
    same(await outsider.ask("room-ids", other), ids(one, two), "the ids");
    holds((await one.ask("whoami")).rooms.includes(other), "the socket knows its new room");
  }),
  row("room-leave-all: all in a room leave another", async (guests) => {
    const [one, two, three] = await place.peers(guests, 3);
    const [room, other] = [ownRoom("from"), ownRoom("out")];
    await inRoom(room, [one, two]);
    await inRoom(other, [one, two, three]);
    same(await three.ask("room-leave-all", room, other), "ok", "the ack");
    same(await three.ask("room-ids", other), [three.id], "the ids");
    same(await three.ask("room-ids", room), ids(one, two), "the room itself");
  }),
];
