import { Inbox } from "./inbox.mjs";
import { PATIENCE_MS, within } from "./waiting.mjs";

/** One socket of a real client, with an inbox of all that it was told. */
export class Peer {
  inbox = new Inbox();

  constructor(socket, { offsets }) {
    this.socket = socket;
    socket.on("connect", () => this.inbox.push({ event: "(connect)", args: [socket.id] }));
    socket.on("disconnect", (reason) => this.inbox.push({ event: "(disconnect)", args: [reason] }));
    socket.on("connect_error", ({ message, data }) => this.inbox.push({ event: "(refused)", args: [message, data] }));
    socket.onAny((event, ...args) => {
      if (typeof args.at(-1) === "function") args.pop();
      // With recovery on, the offset is the last argument of every event that is kept.
      else if (offsets && event !== "vol-item") args.pop();
      this.inbox.push({ event, args });
    });
  }

  get id() {
    return this.socket.id;
  }

  get manager() {
    return this.socket.io;
  }

  get engine() {
    return this.socket.io.engine;
  }

  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  /** All arguments of the acknowledgement. */
  askAll(event, ...args) {
    const answer = new Promise((resolve) => this.socket.emit(event, ...args, (...reply) => resolve(reply)));
    return within(PATIENCE_MS, answer, () => `the ack of "${event}"`);
  }

  async ask(event, ...args) {
    return (await this.askAll(event, ...args))[0];
  }

  /** The arguments of the next such event. */
  async next(event, where = () => true) {
    const wanted = (item) => item.event === event && where(...item.args);
    return (await this.inbox.next(wanted, `"${event}"`)).args;
  }

  /** The arguments of all such events so far. */
  all(event, where = () => true) {
    return this.inbox.log.filter((item) => item.event === event && where(...item.args)).map(({ args }) => args);
  }

  /** When this has come back, all that the server had sent to this socket before has come too. */
  async fence() {
    await this.ask("message-with-ack", "fence");
  }

  async disconnected() {
    return (await this.next("(disconnect)"))[0];
  }

  /** Answers the server's questions of that name. */
  answer(event, reply) {
    this.socket.on(event, (...args) => {
      const ack = args.pop();
      ack(reply(...args));
    });
  }

  async upgraded() {
    if (this.engine.transport.name === "websocket") return;
    const upgrade = new Promise((resolve) => this.engine.once("upgrade", resolve));
    await within(PATIENCE_MS, upgrade, () => "the upgrade");
  }

  /** The connection is lost, as by a dead network where the transport allows it. */
  cut() {
    if (this.engine.transport.name === "websocket") this.engine.transport.ws.terminate();
    else this.engine.close();
  }
}
