import { dependency } from "../harness/dependencies.mjs";
import { Inbox } from "../harness/inbox.mjs";
import { PATIENCE_MS, within } from "../harness/waiting.mjs";

const WebSocket = dependency("ws");

/** A WebSocket to the door, frame by frame. Text is a string, binary a Buffer. */
export class WireSocket {
  inbox = new Inbox();

  /** Open, with its handshake read if it is a session of its own. */
  static async open(door, { sid, ...options } = {}) {
    const socket = new WireSocket(door, { sid, ...options });
    await within(PATIENCE_MS, socket.opened, () => "the opening of a WebSocket");
    if (!sid) socket.handshake = JSON.parse((await socket.next((text) => text[0] === "0")).slice(1));
    return socket;
  }

  /** A session on which the door's echo answers. */
  static async greeted(door, options) {
    const socket = await WireSocket.open(door, options);
    if (door.hello) {
      socket.send(door.hello);
      for (const welcome of door.welcome) await socket.next(welcome);
    }
    return socket;
  }

  constructor(door, { pongs = true, ...query } = {}) {
    this.door = door;
    const address = door.address({ transport: "websocket", ...query }).replace(/^http/, "ws");
    this.socket = new WebSocket(address, { perMessageDeflate: false });
    this.opened = new Promise((resolve, reject) => {
      this.socket.on("open", resolve);
      this.socket.on("error", reject);
    });
    this.opened.catch(() => {});
    this.end = new Promise((resolve) => this.socket.on("close", resolve));
    this.socket.on("message", (data, isBinary) => {
      if (pongs && !isBinary && data.toString() === "2") this.socket.send("3");
      else this.inbox.push(isBinary ? data : data.toString());
    });
  }

  send(...frames) {
    for (const frame of frames) this.socket.send(frame);
  }

  next(where = () => true) {
    return this.inbox.next(where, "a WebSocket message");
  }

  async echoes(text) {
    const { request, answer } = this.door.echo(text);
    this.send(request);
    await this.next((frame) => frame === answer);
  }

  /** The server closes it. */
  closed(ms = PATIENCE_MS) {
    return within(ms, this.end, () => "the end of the WebSocket");
  }

  close() {
    this.socket.terminate();
  }
}
