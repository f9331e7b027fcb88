/** Watching: after a player, or free. The server is told where one looks, so that it sends what is there. */

import { find, say } from "./dom.js";

/** The server is told so often, in milliseconds. */
const LOOK_EVERY = 250;
/** Units a second. */
const PACE = 18;

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./camera.js").Camera} Camera */

export class Watcher {
    #at = { x: 24, y: 24 };
    /** @type {number | null} */
    #player = null;
    #isFree = false;
    #told = 0;
    #bar = find("watching", HTMLElement);
    #name = find("watched", HTMLElement);
    /** @type {{ x: number, y: number } | null} */
    #drag = null;

    /** @param {import("../sdk/match.js").Match} match @param {HTMLElement} target @param {AbortSignal} signal */
    constructor(match, target, signal) {
        this.match = match;
        const on = (/** @type {string} */ id, /** @type {() => void} */ act) => find(id, HTMLElement).addEventListener("click", act, { signal });
        on("watch-back", () => this.#step(-1));
        on("watch-next", () => this.#step(1));
        on("watch-free", () => void (this.#isFree = true));
        target.addEventListener("pointerdown", ({ clientX: x, clientY: y }) => void (this.#drag = { x, y }), { signal });
        addEventListener("pointerup", () => void (this.#drag = null), { signal });
        addEventListener("pointermove", ({ clientX: x, clientY: y }) => {
            if (!this.#drag) return;
            this.#isFree = true;
            this.#pull(this.#drag.x - x, this.#drag.y - y);
            this.#drag = { x, y };
        }, { signal });
        this.#bar.hidden = false;
        signal.addEventListener("abort", () => void (this.#bar.hidden = true));
    }

    /** @type {World | null} */
    #world = null;
    #scale = 40;

    /** @param {number} dx @param {number} dy pixels */
    #pull(dx, dy) {
        this.#at = { x: this.#at.x + dx / this.#scale, y: this.#at.y + dy / this.#scale };
    }

    /** @param {number} way */
    #step(way) {
        const ranks = this.#world?.ranks() ?? [];
        if (!ranks.length) return;
        const at = ranks.findIndex(({ player }) => player === this.#player);
        this.#player = ranks[(at + way + ranks.length) % ranks.length].player;
        this.#isFree = false;
    }

    /** Keys that do something once. @param {string} code */
    press(code) {
        if (code === "ArrowRight" || code === "Space") this.#step(1);
        if (code === "ArrowLeft") this.#step(-1);
        if (code === "KeyF") this.#isFree = !this.#isFree;
    }

    /** @param {World} world @param {Camera} camera @param {number} seconds @param {{ x: number, y: number }} run */
    update(world, camera, seconds, run) {
        this.#world = world;
        this.#scale = camera.scale;
        if (run.x || run.y) this.#isFree = true;
        if (this.#player === null) this.#step(1);
        const avatar = world.avatars.find(({ player }) => player === this.#player);
        if (!this.#isFree && avatar) this.#at = { x: avatar.x, y: avatar.y };
        this.#at.x = Math.min(world.side, Math.max(0, this.#at.x + run.x * PACE * seconds));
        this.#at.y = Math.min(world.side, Math.max(0, this.#at.y + run.y * PACE * seconds));
        camera.follow(this.#at.x, this.#at.y, seconds, this.#isFree ? 14 : 5);
        camera.clamp(world.side);
        say(this.#name, this.#isFree ? "the field" : world.seats.get(this.#player ?? -1)?.name ?? "nobody");
        const now = performance.now();
        if (now - this.#told < LOOK_EVERY) return;
        this.#told = now;
        this.match.look(this.#at.x, this.#at.y);
    }
}
