import { holds, same } from "../harness/same.mjs";
import { ownRoom } from "../harness/world.mjs";
import { row } from "./places.mjs";

const upTo = (n) => Array.from({ length: n }, (_, i) => i);

export const acknowledgements = (place) => [
  row("ask-me: the client's answer comes back", async (guests) => {
    const peer = await place.peer(guests);
    peer.answer("question", (payload) => ({ heard: payload }));
    same(await peer.ask("ask-me", { q: 1 }), { ok: true, reply: { heard: { q: 1 } } }, "the ack");
  }),
  row("ask-me: binary in the question and in the answer", async (guests) => {
    const peer = await place.peer(guests);
    peer.answer("question", (payload) => [payload, Buffer.from([4, 5])]);
    const bytes = Buffer.from([1, 2]);
    same(await peer.ask("ask-me", bytes), { ok: true, reply: [bytes, Buffer.from([4, 5])] }, "the ack");
  }),
  row("ask-me: several questions in flight get each its own answer", async (guests) => {
    const peer = await place.peer(guests);
    peer.answer("question", (payload) => payload * 2);
    const answers = await Promise.all(upTo(20).map((i) => peer.ask("ask-me", i)));
    same(answers, upTo(20).map((i) => ({ ok: true, reply: i * 2 })), "the acks");
  }),
  row("ask-me: who never answers makes it {ok: false, reply: null}", async (guests) => {
    const peer = await place.peer(guests);
    same(await peer.ask("ask-me", 1), { ok: false, reply: null }, "the ack");
  }),
  row("ask-me: while the server waits for an answer, the socket's other events are served", async (guests) => {
    const peer = await place.peer(guests);
    peer.socket.on("question", async (payload, ack) => ack(await peer.ask("message-with-ack", payload)));
    same(await peer.ask("ask-me", "x"), { ok: true, reply: "x" }, "the ack");
  }),
  row("ask-me-timeout: it has timed out when nobody answers", async (guests) => {
    const peer = await place.peer(guests);
    same(await peer.ask("ask-me-timeout", 50), { timedOut: true }, "the ack");
  }),
  row("ask-me-timeout: an answer in time stops the clock", async (guests) => {
    const peer = await place.peer(guests);
    peer.answer("question-noreply", (payload) => payload);
    same(await peer.ask("ask-me-timeout", 30_000), { timedOut: false }, "the ack");
  }),
  row("ask-me-timeout: an answer that comes too late is dropped", async (guests) => {
    const peer = await place.peer(guests);
    const late = new Promise((resolve) => peer.socket.on("question-noreply", (_, ack) => resolve(ack)));
    same(await peer.ask("ask-me-timeout", 20), { timedOut: true }, "the ack");
    (await late)("too late");
    await peer.fence();
  }),
  row("ask-room: the answers of all in the room", async (guests) => {
    const [asker, one, two] = await place.peers(guests, 3);
    const room = ownRoom("ask");
    for (const peer of [asker, one, two]) {
      peer.answer("question", (payload) => `${payload} ${peer.id}`);
      await peer.ask("join", room);
    }
    const { ok, replies } = await asker.ask("ask-room", room, "hi");
    same([ok, replies.sort()], [true, [asker, one, two].map(({ id }) => `hi ${id}`).sort()], "the ack");
  }),
  row("ask-room: an empty room is answered at once", async (guests) => {
    const peer = await place.peer(guests);
    const asked = Date.now();
    same(await peer.ask("ask-room", ownRoom("empty"), 1), { ok: true, replies: [] }, "the ack");
    holds(Date.now() - asked < 1_900, "it did not wait for the timeout");
  }),
  row("ask-room: one silent socket makes it not ok", async (guests) => {
    const [asker, silent] = await place.peers(guests, 2);
    const room = ownRoom("silent");
    asker.answer("question", () => "here");
    for (const peer of [asker, silent]) await peer.ask("join", room);
    const { ok, replies } = await asker.ask("ask-room", room, 1);
    same([ok, replies], [false, ["here"]], "the ack");
  }),
  row("acks come in the order of their events", async (guests) => {
    const peer = await place.peer(guests);
    const order = [];
    await Promise.all(upTo(100).map((i) => peer.ask("message-with-ack", i).then((echo) => order.push(echo))));
    same(order, upTo(100), "the order");
  }),
  row("an event without an ack is served all the same", async (guests) => {
    const peer = await place.peer(guests);
    const room = ownRoom("quiet");
    peer.emit("join", room);
    peer.emit("whoami");
    peer.emit("seq-get");
    peer.emit("room-ids", room);
    peer.emit("ask-room", ownRoom("empty"), 1);
    peer.emit("in-room", room, "quiet");
    same(await peer.next("room-msg"), [room, "quiet", peer.id], "the message");
  }),
  row("an event that nobody handles is not acknowledged and does no harm", async (guests) => {
    const peer = await place.peer(guests);
    let answered = false;
    peer.emit("no-such-event", 1, () => (answered = true));
    await peer.fence();
    holds(!answered, "the ack did not come");
  }),
];
