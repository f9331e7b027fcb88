import { eventually } from "../harness/waiting.mjs";
import { holds, same } from "../harness/same.mjs";
import { ownNamespace, ownRoom } from "../harness/world.mjs";
import { row } from "./places.mjs";

const SERVER_LEFT = "io server disconnect";
const CONNECTION_LOST = ["transport close", "transport error", "forced close"];

const isGone = (witness, id) => async () => (await witness.ask("room-ids", id)).length === 0;

export const leaving = (place) => [
  row("room-kick: all in the room are disconnected, no one else and from no other namespace", async (guests) => {
    const [kicker, one, two] = await place.peers(guests, 3);
    const sibling = await guests.connectBeside(one, ownNamespace());
    const room = ownRoom("kick");
    for (const peer of [one, two]) await peer.ask("join", room);
    same(await kicker.ask("room-kick", room), "ok", "the ack");
    same([await one.disconnected(), await two.disconnected()], [SERVER_LEFT, SERVER_LEFT], "the reasons");
    same(await kicker.ask("room-ids", room), [], "the room");
    await Promise.all([kicker.fence(), sibling.fence()]);
  }),
  row("kick: the socket is told, after all that was emitted before", async (guests) => {
    const [peer, witness] = await place.peers(guests, 2);
    const { id } = peer;
    peer.emit("burst", 30);
    peer.emit("kick");
    same(await peer.disconnected(), SERVER_LEFT, "the reason");
    same(peer.all("burst-item").length, 30, "the items before");
    await eventually("its room is empty", isGone(witness, id));
  }),
  row("kick: other namespaces on the connection stay", async (guests) => {
    const peer = await place.peer(guests);
    const sibling = await guests.connectBeside(peer, ownNamespace());
    peer.emit("kick");
    await peer.disconnected();
    await sibling.fence();
  }),
  row("kick: the client may come back, as another socket", async (guests) => {
    const peer = await place.peer(guests);
    const { id } = peer;
    await guests.connectBeside(peer, ownNamespace());
    peer.emit("kick");
    await peer.disconnected();
    peer.socket.connect();
    await peer.next("(connect)");
    const { rooms, recovered } = await peer.ask("whoami");
    same([rooms, recovered], [[peer.id], false], "whoami");
    holds(peer.id !== id, "the id is a new one");
  }),
  row("kick-close: every namespace of the connection is told", async (guests) => {
    const peer = await place.peer(guests);
    const sibling = await guests.connectBeside(peer, ownNamespace());
    peer.emit("burst", 30);
    peer.emit("kick-close");
    same([await peer.disconnected(), await sibling.disconnected()], [SERVER_LEFT, SERVER_LEFT], "the reasons");
    same(peer.all("burst-item").length, 30, "the items before");
  }),
  row("kick-close: the client may come back on a new connection", async (guests) => {
    const peer = await place.peer(guests);
    const { id } = peer;
    const session = peer.engine.id;
    peer.emit("kick-close");
    await peer.disconnected();
    await eventually("the end of the connection", () => peer.engine.readyState === "closed");
    peer.socket.connect();
    await peer.next("(connect)");
    await peer.fence();
    holds(peer.id !== id && peer.engine.id !== session, "both ids are new");
  }),
  row("a client that disconnects leaves its rooms", async (guests) => {
    const [peer, witness] = await place.peers(guests, 2);
    const { id } = peer;
    peer.socket.disconnect();
    same(await peer.disconnected(), "io client disconnect", "the reason");
    await eventually("its room is empty", isGone(witness, id));
  }),
  row("a client that leaves one namespace stays in the others", async (guests) => {
    const [peer, witness] = await place.peers(guests, 2);
    const { id } = peer;
    const sibling = await guests.connectBeside(peer, ownNamespace());
    peer.socket.disconnect();
    await sibling.fence();
    same(await witness.ask("room-ids", id), [], "the room of its id");
  }),
  row("a lost connection leaves the rooms, and a client that reconnects is a new socket", async (guests) => {
    const witness = await place.peer(guests);
    const peer = await place.peer(guests, { reconnection: true, reconnectionDelay: 30, reconnectionDelayMax: 30 });
    const { id } = peer;
    const room = ownRoom("lost");
    await peer.ask("join", room);
    peer.cut();
    const reason = await peer.disconnected();
    holds(CONNECTION_LOST.includes(reason), `"${reason}" is the reason of a lost connection`);
    await peer.next("(connect)");
    if (guests.world.recovery) return;
    same((await peer.ask("whoami")).rooms, [peer.id], "the rooms");
    holds(peer.id !== id, "the id is a new one");
    same(peer.all("auth").length, 2, "how often auth came");
    await eventually("its old room is empty", isGone(witness, room));
  }),
];
