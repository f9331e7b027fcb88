import { holds, same } from "../harness/same.mjs";
import { PATIENCE_MS } from "../harness/waiting.mjs";
import { HttpRequest, send } from "./http.mjs";

const SEPARATOR = "\u001e";
const [PING, PONG, NOOP] = ["2", "3", "6"];

/** An Engine.IO session over HTTP, request by request. */
export class PollingSession {
  #queue = [];

  static async open(door) {
    const response = await send(door.address({ transport: "polling" }));
    same(response.status, 200, "the status of the handshake");
    return new PollingSession(door, JSON.parse(response.body.slice(1)), response);
  }

  /** A session on which the door's echo answers. */
  static async greeted(door) {
    const session = await PollingSession.open(door);
    if (door.hello) {
      await session.post(door.hello);
      for (const welcome of door.welcome) await session.next(welcome);
    }
    return session;
  }

  constructor(door, handshake, response) {
    Object.assign(this, { door, handshake, response, sid: handshake.sid });
  }

  get address() {
    return this.door.address({ transport: "polling", sid: this.sid });
  }

  get() {
    return send(this.address);
  }

  /** The body of the next GET without pings, which are answered: they may come at any time. */
  async news() {
    for (;;) {
      const { status, body } = await this.get();
      same(status, 200, "the status of a poll");
      const packets = body.split(SEPARATOR);
      if (packets.includes(PING)) await this.post(PONG);
      const rest = packets.filter((packet) => packet !== PING);
      if (rest.length) return rest.join(SEPARATOR);
    }
  }

  post(body, headers) {
    return send(this.address, { method: "POST", body, headers });
  }

  begin(method, { headers, part } = {}) {
    return new HttpRequest(this.address, { method, headers }).begin(part);
  }

  /** A GET that is on its way; the server holds it once it has read it. */
  async pendingGet() {
    const request = await this.begin("GET");
    request.end();
    return request;
  }

  /** The next packet that satisfies `where`; pings are answered on the way. */
  async next(where) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = this.#queue.findIndex(where);
      if (found >= 0) return this.#queue.splice(found, 1)[0];
      holds(Date.now() < deadline, `the packet came (queue: ${this.#queue.join(" ").slice(0, 200)})`);
      const packets = (await this.news()).split(SEPARATOR);
      this.#queue.push(...packets.filter((packet) => packet !== NOOP));
    }
  }

  async echoes(text) {
    const { request, answer } = this.door.echo(text);
    same(await this.post(request).then(({ body }) => body), "ok", "the answer to a POST");
    await this.next((packet) => packet === answer);
  }

  /** The session is over: the server does not know it any more. */
  async isClosed() {
    const { status, body } = await this.get();
    same([status, JSON.parse(body).code], [400, 1], "status and code of a poll");
  }
}

export const payload = (...packets) => packets.join(SEPARATOR);
