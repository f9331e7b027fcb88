import http from "node:http";
import { once } from "node:events";
import { PATIENCE_MS, within } from "../harness/waiting.mjs";

/** One HTTP request on a connection of its own, that can be sent in parts or given up. */
export class HttpRequest {
  constructor(url, { method = "GET", headers = {} } = {}) {
    this.request = http.request(url, { method, headers, agent: false });
    const answered = this.#answer();
    // A request that is given up has no answer, and nobody who waits for it.
    answered.catch(() => {});
    this.response = within(PATIENCE_MS, answered, () => `the answer to ${method} ${url}`);
    this.response.catch(() => {});
  }

  async #answer() {
    const [response] = await once(this.request, "response");
    response.setEncoding("utf8");
    let body = "";
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode, headers: response.headers, body };
  }

  /** The head and perhaps a part of the body are on their way. */
  async begin(part) {
    const socket = this.request.socket ?? (await once(this.request, "socket"))[0];
    if (socket.connecting) await once(socket, "connect");
    this.request.flushHeaders();
    if (part) await new Promise((sent) => this.request.write(part, sent));
    return this;
  }

  end(body) {
    this.request.end(body);
    return this.response;
  }

  giveUp() {
    this.request.destroy();
  }
}

export function send(url, { body, ...options } = {}) {
  return new HttpRequest(url, options).end(body);
}
