import { check } from "../harness/runner.mjs";
import { holds, same } from "../harness/same.mjs";
import { send } from "./http.mjs";
import { PollingSession } from "./polling_session.mjs";
import { WireSocket } from "./web_socket.mjs";

const KEYS = ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"].sort();
const LEAST_PAYLOAD = 1_000_000;

const UNKNOWN_TRANSPORT = { code: 0, message: "Transport unknown" };
const UNKNOWN_SESSION = { code: 1, message: "Session ID unknown" };
const BAD_METHOD = { code: 2, message: "Bad handshake method" };
const BAD_REQUEST = { code: 3, message: "Bad request" };
const BAD_VERSION = { code: 5, message: "Unsupported protocol version" };

function isHandshake(handshake, upgrades) {
  same(Object.keys(handshake).sort(), KEYS, "the keys");
  same(handshake.upgrades, upgrades, "upgrades");
  holds(typeof handshake.sid === "string" && handshake.sid.length >= 16, `"${handshake.sid}" is long enough to be secret`);
  for (const key of ["pingInterval", "pingTimeout"]) holds(handshake[key] > 0, `${key} is a number of milliseconds`);
  holds(handshake.maxPayload >= LEAST_PAYLOAD, `maxPayload ${handshake.maxPayload} is at least ${LEAST_PAYLOAD}`);
}

async function refuses(url, expected, options) {
  const { status, body, headers } = await send(url, options);
  same([status, JSON.parse(body)], [400, expected], "status and body");
  same(headers["content-type"], "application/json", "content-type");
}

/** The refused WebSocket never opens a session, whether it is HTTP or a close that says so. */
async function closesWebSocket(door, query) {
  const socket = new WireSocket(door, query);
  await socket.closed();
  same(socket.inbox.log.filter((frame) => frame[0] === "0"), [], "the handshakes");
}

async function refusesWebSocket(door, query) {
  const socket = new WireSocket(door, query);
  const refusal = await socket.opened.then(() => "nothing", (error) => error.message);
  same(refusal, "Unexpected server response: 400", "the refusal");
}

export const handshakes = (door) => [
  check("handshake: polling gives exactly the five keys and offers websocket", async () => {
    isHandshake((await PollingSession.open(door)).handshake, ["websocket"]);
  }),
  check("handshake: WebSocket gives exactly the five keys and offers nothing", async () => {
    const socket = await WireSocket.open(door);
    isHandshake(socket.handshake, []);
    socket.close();
  }),
  check("handshake: the payload is one open packet, text that must not be cached", async () => {
    const { body, headers } = (await PollingSession.open(door)).response;
    holds(/^0\{[^\u001e]*\}$/.test(body), `${body} is one packet`);
    same(headers["content-type"].toLowerCase(), "text/plain; charset=utf-8", "content-type");
    same(headers["cache-control"], "no-store", "cache-control");
  }),
  check("handshake: every session has its own id", async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => PollingSession.open(door)));
    same(new Set(sessions.map(({ sid }) => sid)).size, 20, "how many ids");
  }),
  ...[undefined, "", "3", "5", "abc"].map((EIO) =>
    check(`handshake: EIO ${JSON.stringify(EIO)} is code 5`, async () => {
      await refuses(door.address({ EIO, transport: "polling" }), BAD_VERSION);
      await closesWebSocket(door, { EIO });
    }),
  ),
  ...[undefined, "", "abc", "Polling", "webtransport", "constructor"].map((transport) =>
    check(`handshake: transport ${JSON.stringify(transport)} is code 0`, async () => {
      await refuses(door.address({ transport }), UNKNOWN_TRANSPORT);
      await refusesWebSocket(door, { transport });
    }),
  ),
  ...["POST", "PUT", "DELETE"].map((method) =>
    check(`handshake: ${method} is code 2`, async () => {
      await refuses(door.address({ transport: "polling" }), BAD_METHOD, { method });
    }),
  ),
  check("handshake: transport=websocket in a plain GET is code 3", async () => {
    await refuses(door.address({ transport: "websocket" }), BAD_REQUEST);
  }),
  ...["unknown", "__proto__", "constructor"].map((sid) =>
    check(`session: the id "${sid}" is code 1, for GET, POST and WebSocket`, async () => {
      const address = door.address({ transport: "polling", sid });
      await refuses(address, UNKNOWN_SESSION);
      await refuses(address, UNKNOWN_SESSION, { method: "POST", body: "4x" });
      await refusesWebSocket(door, { sid });
    }),
  ),
  check("session: another EIO version in a later request is code 3, and the session goes on", async () => {
    const session = await PollingSession.greeted(door);
    await refuses(door.address({ EIO: "3", transport: "polling", sid: session.sid }), BAD_REQUEST);
    await session.echoes("still here");
  }),
  check("session: polling on a WebSocket session is code 3, and the session goes on", async () => {
    const socket = await WireSocket.greeted(door);
    const address = door.address({ transport: "polling", sid: socket.handshake.sid });
    await refuses(address, BAD_REQUEST);
    await refuses(address, BAD_REQUEST, { method: "POST", body: "41" });
    await socket.echoes("still here");
    socket.close();
  }),
  check("handshake: query parameters of the application do no harm", async () => {
    const { status } = await send(`${door.address({ transport: "polling" })}&t=abc&token=%F0%9F%94%91&t=again&b64`);
    same(status, 200, "the status");
  }),
];

export const crossOrigin = (door) => [
  check("cross origin: every answer allows every origin", async () => {
    const headers = { origin: "https://example.com" };
    const session = await PollingSession.greeted(door);
    const answers = await Promise.all([
      send(door.address({ transport: "polling" }), { headers }),
      send(door.address({ transport: "abc" }), { headers }),
      session.post(session.door.echo("x").request, headers),
      send(session.address, { headers }),
    ]);
    same(answers.map((answer) => answer.status), [200, 400, 200, 200], "the statuses");
    same(answers.map((answer) => answer.headers["access-control-allow-origin"]), ["*", "*", "*", "*"], "the origins");
  }),
  check("cross origin: a preflight is allowed what a client needs", async () => {
    const { status, headers } = await send(door.address({ transport: "polling" }), {
      method: "OPTIONS",
      headers: {
        origin: "https://example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    holds(status === 200 || status === 204, `${status} is a success`);
    same(headers["access-control-allow-origin"], "*", "the origin");
    const methods = headers["access-control-allow-methods"].split(/, */);
    holds(["GET", "POST"].every((method) => methods.includes(method)), `${methods} has GET and POST`);
    holds(/content-type/i.test(headers["access-control-allow-headers"]), "content-type is an allowed header");
  }),
];
