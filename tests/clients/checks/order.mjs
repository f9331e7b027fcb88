import { same } from "../harness/same.mjs";
import { ownNamespace, ownRoom } from "../harness/world.mjs";

const EVENTS = 1_000;
const CHATTERERS = 50;
const LISTENING_CHATTERERS = 4;

const numbers = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function emitNumbers(peer, from, to) {
  for (const i of numbers(from, to)) {
    peer.emit("seq", i);
    peer.emit("message", i);
    if (i % 25 === 0) await settled();
  }
}

/** Emits before, while and after the connection upgrades; in the other modes at one go. */
async function emitAcrossTheUpgrade(guests, namespace) {
  const peer = guests.open(namespace);
  const phase = (name) => new Promise((resolve) => peer.engine.once(name, resolve));
  const [probed, upgraded] = guests.world.mode === "upgrade" ? [phase("upgrading"), phase("upgrade")] : [];
  await peer.next("(connect)");
  await emitNumbers(peer, 0, 400);
  await probed;
  await emitNumbers(peer, 400, 600);
  await upgraded;
  await emitNumbers(peer, 600, EVENTS);
  return peer;
}

async function bothWaysInOrder(peer) {
  same(await peer.ask("seq-get"), numbers(0, EVENTS), "what the server got");
  await peer.fence();
  same(peer.all("message-back").flat(), numbers(0, EVENTS), "what the client got");
}

/** Talks, each word after the last was acknowledged, until it is over. */
async function chatter(peer, room, over) {
  for (let word = 0; !over(); word++) await peer.ask("in-room", room, [peer.id, word]);
}

function eachSpokeInOrder(words) {
  const last = new Map();
  for (const [speaker, word] of words) {
    same(word, (last.get(speaker) ?? -1) + 1, `the next word of ${speaker}`);
    last.set(speaker, word);
  }
}

export const order = (world) => [
  world.check(`order: ${EVENTS} events each way in flight arrive once and in order`, async (guests) => {
    await bothWaysInOrder(await emitAcrossTheUpgrade(guests, ownNamespace()));
  }),
  world.check(`order: the same on a connection with other busy namespaces`, async (guests) => {
    const peer = guests.open(ownNamespace());
    const others = ["/", "/custom"].map((name) => guests.openBeside(peer, name));
    await Promise.all([peer, ...others].map((each) => each.next("(connect)")));
    await Promise.all([peer, ...others].map((each) => emitNumbers(each, 0, EVENTS)));
    await Promise.all([peer, ...others].map(bothWaysInOrder));
  }),
  world.check(`order: the same while ${CHATTERERS} other sockets chatter`, async (guests) => {
    const namespace = ownNamespace();
    const room = ownRoom("chatter");
    const others = await Promise.all(numbers(0, CHATTERERS).map(() => guests.connect(namespace, { settled: false })));
    const listener = await guests.connect(namespace);
    for (const peer of [listener, ...others.slice(0, LISTENING_CHATTERERS)]) await peer.ask("join", room);
    let over = false;
    const talk = others.map((peer) => chatter(peer, room, () => over));
    try {
      const peer = await emitAcrossTheUpgrade(guests, namespace);
      await bothWaysInOrder(peer);
      await Promise.all(numbers(0, 5).map((i) => peer.ask("emit-all", i)));
    } finally {
      over = true;
      await Promise.all(talk);
    }
    await Promise.all([listener.fence(), ...others.map((each) => each.fence())]);
    eachSpokeInOrder(listener.all("room-msg").map(([, said]) => said));
    for (const each of others) same(each.all("all").map(([i]) => i), numbers(0, 5), "the broadcasts");
  }),
  world.check("order: bursts and acks in flight keep their places", async (guests) => {
    const peer = await guests.connect("/", { settled: false });
    const before = [];
    for (const _ of numbers(0, 10)) peer.emit("burst", 30, () => before.push(peer.all("burst-item").length));
    await peer.fence();
    same(before, numbers(1, 11).map((burst) => burst * 30), "the items before each ack");
  }),
];
