/** Who beat whom, for some seconds. */

import { find, make } from "./dom.js";

const LINES = 5;
const SECONDS = 6;

export class Feed {
    #list = find("feed", HTMLElement);

    /** @param {{ victim: string, killer: string | null }} kill @param {string} me */
    kill({ victim, killer }, me) {
        const isMine = victim === me || killer === me;
        const words = killer && killer !== victim ? [killer, make("em", "", "▸"), victim] : [victim, make("em", "", "fell")];
        const line = make("li", isMine ? "mine" : "", ...words);
        this.#list.append(line);
        while (this.#list.children.length > LINES) this.#list.firstElementChild?.remove();
        setTimeout(() => line.remove(), SECONDS * 1000);
    }

    clear() {
        this.#list.replaceChildren();
    }
}
