/** The start screen: who one is, where one goes. */

import { find, make, pen } from "./dom.js";
import { paintBody, paintGear, paintHead } from "./draw/avatars.js";
import { coatOf } from "./palette.js";
import { keep, kept } from "./store.js";

/** @typedef {{ match: string, mode?: string | null, players: number, players_most: number, spectators: number, locked: boolean }} Listing */
/**
 * What can be wished there.
 * @typedef {object} Wishes
 * @property {(place: string) => void} play
 * @property {(place: string) => void} watch
 * @property {() => void} found a private match is to begin
 */

/** So much of a match's id is enough to know it by. */
const NAMED = 6;

/** The match that the address names: a code that somebody was sent. */
export const placeOfAddress = () => new URLSearchParams(location.hash.slice(1)).get("match") ?? "";

export class Start {
    /** @type {Listing[]} */
    matches = [];
    #name = find("name", HTMLInputElement);
    #hue = find("hue", HTMLInputElement);
    #notice = find("notice", HTMLElement);
    #list = find("matches", HTMLElement);
    #share = find("share", HTMLElement);
    #link = find("link", HTMLInputElement);
    #portrait = find("portrait", HTMLCanvasElement);
    #buttons = /** @type {HTMLButtonElement[]} */ (["play", "private", "watch-any"].map((id) => find(id, HTMLButtonElement)));

    /** @param {Wishes} wishes */
    constructor(wishes) {
        this.wishes = wishes;
        this.#name.value = kept("name") ?? "";
        this.#hue.value = kept("hue") ?? String(Math.floor(Math.random() * 360));
        this.#name.oninput = () => keep("name", this.#name.value);
        this.#hue.oninput = () => (keep("hue", this.#hue.value), this.#paint());
        find("join", HTMLFormElement).onsubmit = (event) => {
            event.preventDefault();
            wishes.play(placeOfAddress());
        };
        this.#buttons[1].onclick = () => wishes.found();
        this.#buttons[2].onclick = () => wishes.watch(placeOfAddress() || (this.matches[0]?.match ?? ""));
        find("copy", HTMLButtonElement).onclick = () => void this.#copy();
        addEventListener("hashchange", () => this.#invite());
        this.#invite();
        this.#paint();
        this.list([]);
    }

    get who() {
        keep("hue", this.#hue.value);
        return { name: this.#name.value.trim() || "Guest", hue: Number(this.#hue.value) };
    }

    /** @param {string} text */
    say(text) {
        this.#notice.textContent = text;
    }

    /** @param {boolean} isBusy */
    wait(isBusy) {
        for (const button of this.#buttons) button.disabled = isBusy;
    }

    /** The link to a private match. @param {string} code */
    share(code) {
        const link = new URL(location.href);
        link.hash = `match=${encodeURIComponent(code)}`;
        history.replaceState(null, "", link);
        this.#link.value = link.href;
        this.#share.hidden = false;
        this.#invite();
    }

    /** @param {Listing[]} matches */
    list(matches) {
        this.matches = matches;
        if (!matches.length) {
            this.#list.replaceChildren(make("li", "none", "Nobody plays in the open yet. Press Play and be the first: bots keep you company."));
            return;
        }
        this.#list.replaceChildren(...matches.slice(0, 12).map((listing) => this.#line(listing)));
    }

    /** @param {Listing} listing */
    #line({ match, mode, players, players_most, spectators, locked }) {
        const bar = make("i");
        bar.style.width = `${Math.min(100, (players / Math.max(1, players_most)) * 100)}%`;
        const watching = spectators ? `, ${spectators} watching` : "";
        const about = make("div", "", make("b", "", `${mode ?? "Arena"} ${match.slice(0, NAMED)}`), make("small", "", `${players} of ${players_most}${watching}`), make("span", "fill", bar));
        const watch = make("button", "", "Watch");
        watch.onclick = () => this.wishes.watch(match);
        const join = /** @type {HTMLButtonElement} */ (make("button", "", "Join"));
        join.disabled = locked || players >= players_most;
        join.onclick = () => this.wishes.play(match);
        return make("li", "", about, watch, join);
    }

    #invite() {
        const place = placeOfAddress();
        const label = /** @type {Element} */ (this.#buttons[0].firstElementChild);
        label.textContent = place ? `Join ${place}` : "Play";
    }

    #paint() {
        const to = pen(this.#portrait);
        const { width } = this.#portrait;
        const coat = coatOf(Number(this.#hue.value), null, 0);
        to.setTransform(1, 0, 0, 1, 0, 0);
        to.fillStyle = "#12242a";
        to.fillRect(0, 0, width, width);
        to.fillStyle = "#22404a";
        for (let at = 0; at <= width; at += width / 4) to.fillRect(at - 0.5, 0, 1, width), to.fillRect(0, at - 0.5, width, 1);
        to.setTransform(width / 2, 0, 0, width / 2, width * 0.44, width * 0.56);
        to.rotate(-0.6);
        to.scale(1.15, 1.15);
        paintGear(to, "Blaster", coat);
        to.rotate(0.6);
        paintBody(to, coat);
        to.rotate(-0.6);
        paintHead(to, coat, false);
    }

    async #copy() {
        this.#link.select();
        try {
            await navigator.clipboard.writeText(this.#link.value);
            this.say("Copied.");
        } catch {
            // Without a secure address the browser lets nobody write there.
            this.say("Press Ctrl-C to copy the link.");
        }
    }
}
