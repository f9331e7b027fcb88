import { randomBytes } from "node:crypto";
import { holds, same } from "../harness/same.mjs";

const MAX_ATTACHMENTS = 10; // what today's JavaScript parser accepts

const TEXTS = [
  "",
  "grüße, 世界, 👩‍👩‍👧‍👦, \u{10ffff}",
  "\u0000\u001f\u007f\u2028\u2029",
  'quotes " \\ / \b\f\n\r\t',
  "record separators \u001e and \u001f",
  "b64= 4 2[]{},-",
];
const NUMBERS = [0, -1, 1.5, -0.001, 1e-7, 2 ** 31, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1];
const NESTED = { list: [[[[{ deep: { deeper: [null, true, false] } }]]]], "": { "key with spaces": 1, "🔑": 2 } };
const PLACEHOLDERS = [{ _placeholder: true, num: 0 }, { _placeholder: false, num: 7 }, { _placeholder: 1 }];

/** There and back, as an event and in an ack, in the namespaces with a short and a long name. */
async function thereAndBack(guests, ...args) {
  for (const namespace of ["/", "/custom"]) {
    const peer = await guests.connect(namespace, { settled: false });
    peer.emit("message", ...args);
    same(await peer.next("message-back"), args, "message-back");
    same(await peer.askAll("message-with-ack", ...args), args, "the ack");
  }
}

const nest = (depth) => (depth === 0 ? "bottom" : [nest(depth - 1)]);

export function payloads(world) {
  const payload = (what, ...args) => world.check(`payload: ${what}`, (guests) => thereAndBack(guests, ...args));
  // In a POST binary is base64, which must stay below maxPayload; with msgpack everything is binary.
  const mostBinary = world.mode === "websocket" ? 900_000 : 700_000;
  const most = world.msgpack ? mostBinary : 900_000;
  return [
    payload("text of all kinds", ...TEXTS),
    payload("numbers of all sizes", ...NUMBERS),
    payload("nested objects and odd keys", NESTED),
    payload("fifty levels of arrays", nest(50)),
    payload("a thousand arguments", ...Array.from({ length: 1_000 }, (_, i) => i)),
    payload("objects that look like placeholders of binary are data", ...PLACEHOLDERS),
    payload("an empty binary", Buffer.alloc(0), "after"),
    payload("every byte", Buffer.from(Array.from({ length: 256 }, (_, i) => i))),
    payload("binary of several types", new Uint8Array([1, 2]), new Uint8Array([3]).buffer, Buffer.from([4])),
    payload("as many attachments as a parser takes", ...Array.from({ length: MAX_ATTACHMENTS }, (_, i) => Buffer.from([i]))),
    payload("binary deep inside", { a: [{ b: Buffer.from([1]) }, [[Buffer.from([2])]]], c: "text" }),
    payload(`text of ${most / 1000} kB`, "x".repeat(most)),
    payload(`unicode of ${most / 1000} kB`, "é世👾".repeat(Math.floor(most / 9))),
    payload(`binary of ${mostBinary / 1000} kB`, randomBytes(mostBinary)),
    world.check("payload: an event name of any kind of text is looked up, not interpreted", async (guests) => {
      const peer = await guests.connect("/");
      for (const name of ["", "__proto__", "constructor", "toString", "длинное имя", "error"]) peer.emit(name, 1);
      await peer.fence();
      holds(peer.socket.connected, "the socket is still connected");
    }),
    // The msgpack library of the clients (notepack) writes these wrongly.
    ...(world.msgpack ? [] : [payload("half of a surrogate pair", "\ud83d", ["\udc7e"])]),
    ...(world.msgpack ? [] : [payload("numbers above 64 bits", 1e21, -1e30, 1.7976931348623157e308)]),
  ];
}
