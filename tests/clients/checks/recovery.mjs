import { eventually } from "../harness/waiting.mjs";
import { holds, same } from "../harness/same.mjs";
import { ownNamespace, ownRoom } from "../harness/world.mjs";

/** A socket with something to lose: in a room, with an offset. */
async function resident(guests, namespace, room) {
  const peer = await guests.connect(namespace);
  await peer.ask("join", room);
  await peer.next("auth");
  return peer;
}

async function cutAndGone(peer, witness) {
  const { id } = peer;
  peer.cut();
  await peer.disconnected();
  await eventually("the server has noticed", async () => !(await witness.ask("room-ids", id)).length);
}

async function comeBack(peer) {
  peer.socket.connect();
  await peer.next("(connect)");
}

export const recovery = (world) => {
  const recovers = world.isAtLeast(4.6);
  const scene = (name, run) =>
    world.check(`recovery: ${name}`, async (guests) => {
      const [namespace, room] = [ownNamespace(), ownRoom("kept")];
      const witness = await guests.connect(namespace);
      await run({ guests, witness, room, peer: await resident(guests, namespace, room) });
    });

  if (!recovers) {
    return [
      scene("a client that knows nothing of it comes back as another socket", async ({ witness, peer }) => {
        const { id } = peer;
        await cutAndGone(peer, witness);
        await comeBack(peer);
        const { recovered, rooms } = await peer.ask("whoami");
        same([recovered, rooms], [false, [peer.id]], "whoami");
        holds(peer.id !== id, "the id is a new one");
      }),
    ];
  }

  return [
    scene("a cut connection comes back as the same socket in the same rooms", async ({ witness, peer, room }) => {
      const { id } = peer;
      await cutAndGone(peer, witness);
      await comeBack(peer);
      const { recovered, rooms, id: known } = await peer.ask("whoami");
      same([recovered, rooms, known, peer.id], [true, [room, id].sort(), id, id], "whoami");
      same(peer.socket.recovered, true, "what the client knows of it");
      same(await witness.ask("room-ids", room), [id], "the room");
    }),
    scene("missed events arrive once and in order, before new ones", async ({ witness, peer, room }) => {
      const { id } = peer;
      await witness.ask("in-room", room, "seen");
      await peer.next("room-msg");
      await cutAndGone(peer, witness);
      await witness.ask("in-room", room, "one");
      await witness.ask("to-rooms", [room, id], [], { two: Buffer.from([2]) });
      await witness.ask("private", id, "three");
      await witness.ask("emit-all", "four");
      await witness.ask("broadcast", "five");
      await comeBack(peer);
      await witness.ask("in-room", room, "six");
      await peer.next("room-msg", (_, text) => text === "six");
      const told = peer.inbox.log.filter(({ event }) => /msg|all|bcast/.test(event));
      const what = told.map(({ event, args }) => (event === "room-msg" ? args[1] : args[0]));
      same(what, ["seen", "one", { two: Buffer.from([2]) }, "three", "four", "five", "six"], "the events");
    }),
    scene("what was not meant for the socket is not told later", async ({ witness, peer, room }) => {
      await cutAndGone(peer, witness);
      await witness.ask("in-room", ownRoom("other"), "x");
      await witness.ask("to-rooms", [room], [room], "x");
      await witness.ask("private", witness.id, "x");
      await comeBack(peer);
      await peer.fence();
      same(peer.inbox.log.filter(({ event }) => /msg/.test(event)), [], "the events");
    }),
    scene("questions are not kept", async ({ witness, peer, room }) => {
      await cutAndGone(peer, witness);
      same(await witness.ask("ask-room", room, "anyone?"), { ok: true, replies: [] }, "the ack");
      await comeBack(peer);
      await peer.fence();
      same(peer.all("question"), [], "the questions");
    }),
    scene("each namespace of the connection is recovered", async ({ guests, witness, peer, room }) => {
      const other = await guests.connectBeside(peer, "/custom");
      await other.ask("join", room);
      const ids = [peer.id, other.id];
      await cutAndGone(peer, witness);
      await other.disconnected();
      other.socket.connect();
      await comeBack(peer);
      await other.next("(connect)");
      same([peer.id, other.id], ids, "the ids");
      same((await other.ask("whoami")).rooms, [room, other.id].sort(), "the rooms");
    }),
    scene("it works again and again", async ({ witness, peer, room }) => {
      const { id } = peer;
      for (const round of [1, 2, 3]) {
        await cutAndGone(peer, witness);
        await witness.ask("in-room", room, round);
        await comeBack(peer);
        await peer.next("room-msg", (_, text) => text === round);
        same((await peer.ask("whoami")).recovered, true, "recovered");
      }
      same([peer.id, peer.all("room-msg").length], [id, 3], "the id and the events");
    }),
    scene("rooms left by others' doing are not kept", async ({ witness, peer, room }) => {
      await witness.ask("room-leave-all", room, room);
      await cutAndGone(peer, witness);
      await comeBack(peer);
      same((await peer.ask("whoami")).rooms, [peer.id], "the rooms");
    }),
    scene("who leaves of its own will comes back as another socket", async ({ witness, peer }) => {
      const { id } = peer;
      peer.socket.disconnect();
      await eventually("the server has noticed", async () => !(await witness.ask("room-ids", id)).length);
      await comeBack(peer);
      same((await peer.ask("whoami")).recovered, false, "recovered");
      holds(peer.id !== id, "the id is a new one");
    }),
    scene("who was kicked comes back as another socket", async ({ peer }) => {
      const { id } = peer;
      peer.emit("kick");
      await peer.disconnected();
      await comeBack(peer);
      same((await peer.ask("whoami")).recovered, false, "recovered");
      holds(peer.id !== id, "the id is a new one");
    }),
    scene("a session that the server does not know starts anew", async ({ guests }) => {
      const peer = guests.open("/");
      Object.assign(peer.socket, { _pid: "no-such-session", _lastOffset: "no-such-offset" });
      await peer.next("(connect)");
      same((await peer.ask("whoami")).recovered, false, "recovered");
    }),
  ];
};
