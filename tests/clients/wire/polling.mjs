import { check } from "../harness/runner.mjs";
import { holds, same } from "../harness/same.mjs";
import { eventually } from "../harness/waiting.mjs";
import { payload, PollingSession } from "./polling_session.mjs";

const MOST_PACKETS = 16; // what python-engineio takes in one payload

/** A POST of which the server has the head and half of the body. */
async function unfinishedPost(session) {
  const { request } = session.door.echo("never finished");
  const half = request.slice(0, request.length / 2);
  return session.begin("POST", { headers: { "content-length": request.length }, part: half });
}

export const polling = (door, { isReference }) => [
  check("polling: a POST is answered with ok", async () => {
    const session = await PollingSession.greeted(door);
    const { status, body, headers } = await session.post(door.echo("x").request);
    same([status, body, headers["cache-control"]], [200, "ok", "no-store"], "status, body and cache-control");
  }),
  check("polling: a GET is held until there is something to say", async () => {
    const session = await PollingSession.greeted(door);
    let early = true;
    const get = session.get().then((response) => ({ ...response, early }));
    await session.post(door.echo("wake").request);
    early = false;
    const { status, body, headers } = await get;
    same([status, body], [200, door.echo("wake").answer], "status and body");
    same(headers["content-type"].toLowerCase(), "text/plain; charset=utf-8", "content-type");
    same(headers["cache-control"], "no-store", "cache-control");
  }),
  check("polling: packets of one payload are handled in order and answered in order", async () => {
    const session = await PollingSession.greeted(door);
    const words = ["one", "two", "three", "four"].map((word) => door.echo(word));
    await session.post(payload(...words.map(({ request }) => request)));
    for (const { answer } of words) same(await session.next(() => true), answer, "the next answer");
  }),
  check("polling: several packets for the client come in one payload, separated by 0x1e", async () => {
    const session = await PollingSession.greeted(door);
    const words = ["one", "two", "three"].map((word) => door.echo(word));
    await session.post(payload(...words.map(({ request }) => request)));
    same(await session.news(), payload(...words.map(({ answer }) => answer)), "the payload");
  }),
  check("polling: unicode counts as UTF-8 both ways", async () => {
    const session = await PollingSession.greeted(door);
    await session.echoes("grüße 世界 👾");
  }),
  check("polling: binary is base64 behind a b, both ways", async () => {
    const session = await PollingSession.greeted(door);
    const { request, answer } = door.binaryEcho("AQIDBA==");
    await session.post(payload(...request));
    for (const packet of answer) same(await session.next(() => true), packet, "the next packet");
  }),
  ...(isReference
    ? []
    : [
        check(`polling: a payload has at most ${MOST_PACKETS} packets`, async () => {
          const session = await PollingSession.greeted(door);
          const words = Array.from({ length: 100 }, (_, i) => door.echo(`${i}`));
          await session.post(payload(...words.map(({ request }) => request)));
          const packets = (await session.news()).split("\u001e");
          holds(packets.length <= MOST_PACKETS, `${packets.length} packets are ${MOST_PACKETS} at most`);
          await session.next((packet) => packet === words.at(-1).answer);
        }),
      ]),
  check("polling: a second GET in flight gets 400, the first a close packet, and the session is over", async () => {
    const session = await PollingSession.greeted(door);
    // Two requests are two connections: either may be read first.
    const answers = await Promise.all([session.get(), session.get()]);
    answers.sort((a, b) => a.status - b.status);
    same(answers.map(({ status }) => status), [200, 400], "the statuses");
    same(answers[0].body, "1", "the body of the first");
    await session.isClosed();
  }),
  check("polling: a second POST in flight gets 400 and ends the session", async () => {
    const session = await PollingSession.greeted(door);
    const first = await unfinishedPost(session);
    // The answer tells when the server has the first: until then the second is an ordinary one.
    await eventually("the refusal", async () => (await session.post(door.echo("x").request)).status === 400);
    await session.isClosed();
    first.giveUp();
  }),
  check("polling: a GET that is given up ends the session", async () => {
    const session = await PollingSession.greeted(door);
    const get = await session.pendingGet();
    await eventually("the end of the session", async () => {
      get.giveUp();
      return (await session.post("3")).status === 400;
    });
    await session.isClosed();
  }),
  check("polling: a POST that is given up ends the session", async () => {
    const session = await PollingSession.greeted(door);
    const post = await unfinishedPost(session);
    await eventually("the end of the session", async () => {
      post.giveUp();
      return (await session.post("3")).status === 400;
    });
    await session.isClosed();
  }),
  check("polling: a close packet answers the pending GET with a noop and ends the session", async () => {
    await eventually("a noop", async () => {
      const session = await PollingSession.greeted(door);
      const get = await session.pendingGet();
      same((await session.post("1")).body, "ok", "the answer to the POST");
      await session.isClosed();
      const { status, body } = await get.response;
      // The two requests are on two connections; when the GET was read last, it came too late.
      return status !== 400 && (same([status, body], [200, "6"], "status and body"), true);
    });
  }),
  ...["abc", "", "7x", "é", "\u001e4x"].map((body) =>
    check(`polling: the payload ${JSON.stringify(body)} ends the session`, async () => {
      const session = await PollingSession.greeted(door);
      await session.post(body);
      await session.isClosed();
    }),
  ),
  check("polling: a payload above maxPayload is refused and not handled", async () => {
    const session = await PollingSession.greeted(door);
    const tooLong = door.echo("x".repeat(session.handshake.maxPayload)).request;
    const status = await session.post(tooLong).then(
      (response) => response.status,
      () => 413, // the server may close the connection before it has read all
    );
    same(status, 413, "the status");
  }),
];
