import { holds, same } from "../harness/same.mjs";
import { ownNamespace, ownRoom } from "../harness/world.mjs";

const SECRET = { token: "secret" };
const NOT_AUTHORIZED = ["not authorized", { code: 401 }];
const INVALID = ["Invalid namespace", undefined];

const UNKNOWN = ["/dyn-abc", "/dyn-", "/dyn-1x", "/xdyn-1", "/dyn-1/2", "/nope", "/Custom", "/customs", "/ünï"];

export const namespaces = (world) => [
  ...[undefined, {}, { token: "wrong" }, { token: ["secret"] }].map((auth) =>
    world.check(`/guarded: auth ${JSON.stringify(auth)} is refused with message and data`, async (guests) => {
      const peer = guests.open("/guarded", { auth });
      same(await peer.next("(refused)"), NOT_AUTHORIZED, "the refusal");
      holds(!peer.socket.connected, "the socket is not connected");
    }),
  ),
  world.check("/guarded: a refused client gets in with the right token", async (guests) => {
    const peer = guests.open("/guarded", { auth: { token: "wrong" } });
    await peer.next("(refused)");
    peer.socket.auth = SECRET;
    peer.socket.connect();
    await peer.next("(connect)");
    same(await peer.next("auth"), [SECRET], "auth");
  }),
  world.check("/guarded: auth may be a function", async (guests) => {
    const peer = await guests.connect("/guarded", { auth: (give) => give(SECRET) });
    await peer.fence();
  }),
  world.check("/guarded: a refusal leaves the rest of the connection alone", async (guests) => {
    const peer = await guests.connect("/");
    const refused = guests.openBeside(peer, "/guarded");
    same(await refused.next("(refused)"), NOT_AUTHORIZED, "the refusal");
    await peer.fence();
  }),
  world.check("/guarded: a refused socket is in no room and is told nothing", async (guests) => {
    const member = await guests.connect("/guarded", { auth: SECRET });
    const refused = guests.openBeside(member, "/guarded/not", {});
    await refused.next("(refused)");
    const outsider = guests.open("/guarded");
    await outsider.next("(refused)");
    await member.ask("emit-all", "for members");
    same([refused.all("all"), outsider.all("all")], [[], []], "what they were told");
  }),
  ...UNKNOWN.map((name) =>
    world.check(`${name}: is an invalid namespace`, async (guests) => {
      const peer = guests.open(name);
      same(await peer.next("(refused)"), INVALID, "the refusal");
    }),
  ),
  world.check("an invalid namespace leaves the rest of the connection alone", async (guests) => {
    const peer = await guests.connect("/");
    const refused = guests.openBeside(peer, "/nope");
    same(await refused.next("(refused)"), INVALID, "the refusal");
    await peer.fence();
  }),
  world.check("dynamic namespaces: each name is a namespace of its own", async (guests) => {
    const [here, there] = [ownNamespace(), ownNamespace()];
    const [sender, neighbour, stranger] = await Promise.all([here, here, there].map((name) => guests.connect(name)));
    const room = ownRoom("dyn");
    for (const peer of [neighbour, stranger]) await peer.ask("join", room);
    for (const event of ["emit-all", "broadcast"]) await sender.ask(event, room);
    await sender.ask("to-room", room, "x");
    await sender.ask("private", stranger.id, "x");
    await Promise.all([neighbour.fence(), stranger.fence()]);
    same(["all", "bcast", "room-msg"].map((event) => neighbour.all(event).length), [1, 1, 1], "what the neighbour was told");
    same(["all", "bcast", "room-msg", "private-msg"].flatMap((event) => stranger.all(event)), [], "what the stranger was told");
    same((await stranger.ask("whoami")).nsp, there, "the name");
  }),
  world.check("several namespaces on one connection: ids differ, events stay apart", async (guests) => {
    const names = ["/", "/custom", "/guarded", ownNamespace()];
    const first = await guests.connect(names[0], { auth: SECRET });
    const rest = await Promise.all(names.slice(1).map((name) => guests.connectBeside(first, name, { auth: SECRET })));
    const sockets = [first, ...rest];
    holds(new Set([...sockets.map(({ id }) => id), first.engine.id]).size === 5, "all ids differ");
    same((await Promise.all(sockets.map((peer) => peer.ask("whoami")))).map(({ nsp }) => nsp), names, "the names");
    for (const [i, peer] of sockets.entries()) peer.emit("message", i);
    await Promise.all(sockets.map((peer) => peer.fence()));
    same(sockets.map((peer) => peer.all("message-back")), [[[0]], [[1]], [[2]], [[3]]], "what came back");
  }),
  world.check("several namespaces on one connection: a room of one is not a room of the other", async (guests) => {
    const peer = await guests.connect("/");
    const other = await guests.connectBeside(peer, "/custom");
    const room = ownRoom("shared-name");
    for (const socket of [peer, other]) await socket.ask("join", room);
    await peer.ask("in-room", room, "from /");
    await Promise.all([peer.fence(), other.fence()]);
    same([peer.all("room-msg").length, other.all("room-msg").length], [1, 0], "who was told");
    same(await other.ask("room-ids", room), [other.id], "the room");
  }),
];
