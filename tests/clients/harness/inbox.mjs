import { inspect } from "node:util";
import { PATIENCE_MS, within } from "./waiting.mjs";

const brief = (value) => inspect(value, { depth: 3, breakLength: Infinity, maxStringLength: 60, maxArrayLength: 6 });

/** What has arrived, in order; each item can be taken once. */
export class Inbox {
  log = [];
  #unread = [];
  #readers = [];

  push(item) {
    this.log.push(item);
    const reader = this.#readers.findIndex(({ where }) => where(item));
    if (reader < 0) this.#unread.push(item);
    else this.#readers.splice(reader, 1)[0].take(item);
  }

  /** The first item not yet taken that satisfies `where`, now or when it comes. */
  next(where, what, ms = PATIENCE_MS) {
    const ready = this.#unread.findIndex(where);
    if (ready >= 0) return Promise.resolve(this.#unread.splice(ready, 1)[0]);
    const arrival = new Promise((take) => this.#readers.push({ where, take }));
    return within(ms, arrival, () => `${what} (last in the inbox: ${this.log.slice(-3).map(brief).join(" ")})`);
  }
}
