/** What the player must know at a glance, around the arena. It is elements, not pixels: text stays sharp. */

import { find, isStill, make, mark, say } from "./dom.js";
import { Minimap } from "./minimap.js";
import { Scores } from "./scores.js";
import { weaponNumber } from "./world.js";

const CELLS = 20;
/** A dash can be had again after so many ticks, as the bar has it. */
const DASH_TICKS = 40;
const LATE_SECONDS = 30;
/** Milliseconds. */
const CHEER = 1600;

/** @typedef {import("./world.js").World} World */
/** @typedef {import("../sdk/match.js").Match} Match */

export class Hud {
    scores = new Scores();
    /** What is said in the middle above all else. */
    alarm = "";
    /** Who ended the own avatar last. */
    nemesis = "";
    #map = new Minimap();
    #root = find("hud", HTMLElement);
    #hurt = find("hurt", HTMLElement);
    #life = find("life", HTMLElement);
    #health = find("health", HTMLElement);
    #cells = find("cells", HTMLElement);
    #time = find("time", HTMLElement);
    #round = find("round", HTMLElement);
    #goal = find("goal", HTMLElement);
    #progress = /** @type {HTMLElement} */ (find("progress", HTMLElement).firstElementChild);
    #weapons = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-weapon]")]);
    #bar = find("weapons", HTMLElement);
    #dash = find("dash", HTMLElement);
    #note = find("note", HTMLElement);
    #ping = find("ping", HTMLElement);
    #pain = 0;
    #cheer = { text: "", until: 0 };

    constructor() {
        this.#cells.replaceChildren(...Array.from({ length: CELLS }, () => make("i")));
    }

    /** @param {boolean} isShown */
    show(isShown) {
        this.#root.hidden = !isShown;
        this.#hurt.hidden = true;
    }

    /** Gives the weapons the focus, for who plays by keys and hears the page read. */
    focus() {
        this.#weapons[0].focus();
    }

    /** The player was hit. @param {number} damage */
    ouch(damage) {
        this.#pain = Math.min(1, this.#pain + 0.25 + damage / 60);
    }

    /** Says something good for a moment. @param {string} text */
    cheer(text) {
        this.#cheer = { text, until: performance.now() + CHEER };
    }

    /** Each frame. @param {World} world @param {number} seconds */
    fade({ me }, seconds) {
        this.#pain *= Math.exp(-seconds * 3.5);
        const low = me && me.health < 30 ? 0.3 * (1 - me.health / 30) + 0.12 : 0;
        const opacity = isStill() ? Math.min(0.5, low) : Math.min(0.9, this.#pain + low);
        // Also what cannot be seen costs time where it lies over all.
        this.#hurt.hidden = opacity < 0.02;
        this.#hurt.style.opacity = opacity.toFixed(2);
    }

    /**
     * A few times a second.
     * @param {World} world
     * @param {Match} match
     * @param {import("./camera.js").Camera} camera
     * @param {number} trip the round trip in milliseconds
     * @param {number} wish the weapon that is wished
     */
    draw(world, match, camera, trip, wish) {
        const isPlaying = !match.spectator;
        this.#life.hidden = this.#bar.hidden = !isPlaying || !world.me;
        if (world.me) {
            this.#drawLife(world.me);
            this.#drawWeapons(world, wish);
        }
        this.#drawClock(world, match.tickRate);
        say(this.#ping, `${Math.round(trip)} ms`);
        say(this.#note, this.#notice(world, match));
        this.scores.draw(world, isPlaying ? match.player : -1, match.tickRate);
        this.#map.draw(world, camera);
    }

    /** @param {import("./world.js").Avatar} me */
    #drawLife({ health, isShielded }) {
        say(this.#health, String(health));
        const lit = Math.ceil((health / 100) * CELLS);
        [...this.#cells.children].forEach((cell, at) => cell.classList.toggle("on", at < lit));
        this.#life.classList.toggle("worn", health <= 60 && health > 30);
        this.#life.classList.toggle("low", health <= 30);
        this.#life.classList.toggle("safe", isShielded);
    }

    /** @param {World} world @param {number} wish */
    #drawWeapons({ own, me, now }, wish) {
        const arms = own.Arms ?? own.Weapon ?? {};
        const held = own.Grip ? weaponNumber(me?.grip ?? "Blaster") : wish;
        const isLoading = arms.reload !== null && arms.reload !== undefined && arms.reload > now;
        const counts = [
            arms.loaded === undefined ? "∞" : `${arms.loaded}/12`,
            `${arms.shells ?? "–"}`,
            `${arms.rockets ?? "–"}`,
        ];
        this.#weapons.forEach((button, at) => {
            button.classList.toggle("held", at === held);
            mark(button, "aria-pressed", String(at === held));
            button.classList.toggle("empty", /^0/.test(counts[at]));
            say(/** @type {Element} */ (button.querySelector("span")), at === 0 && isLoading ? "loading" : counts[at]);
        });
        const left = own.Dash?.ready ? Math.max(0, own.Dash.ready - now) : 0;
        this.#dash.classList.toggle("ready", left <= 0);
        mark(this.#dash, "aria-disabled", String(left > 0));
        const bar = /** @type {HTMLElement} */ (this.#dash.querySelector("i"));
        bar.style.transform = `scaleX(${(1 - Math.min(1, left / DASH_TICKS)).toFixed(2)})`;
    }

    /** @param {World} world @param {number} rate */
    #drawClock(world, rate) {
        const { round, now } = world;
        const until = round?.isOver ? round.next : round?.ends;
        const left = until === null || until === undefined ? null : Math.max(0, Math.ceil((until - now) / rate));
        say(this.#time, left === null ? "∞" : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`);
        this.#time.classList.toggle("late", left !== null && left <= LATE_SECONDS && !round?.isOver);
        say(this.#round, round ? (round.isOver ? "next round" : `round ${round.number}`) : "");
        const [best] = world.ranks();
        const [side] = world.sides();
        const points = side?.[1] ?? best?.points ?? 0;
        const leader = side?.[0] ?? best?.name ?? "";
        this.#progress.style.width = round?.goal ? `${Math.min(100, (points / round.goal) * 100)}%` : "0";
        say(this.#goal, round?.goal ? `${leader} ${points} of ${round.goal}` : leader);
    }

    /** @param {World} world @param {Match} match */
    #notice({ me, seats, now, round }, match) {
        if (this.alarm) return this.alarm;
        if (this.#cheer.until > performance.now() && me && !round?.isOver) return this.#cheer.text;
        if (match.spectator || me || round?.isOver) return "";
        const returns = seats.get(match.player)?.returns;
        if (returns === null || returns === undefined) return "";
        const left = Math.max(0, (returns - now) / match.tickRate).toFixed(1);
        return this.nemesis ? `${this.nemesis} got you. Back in ${left}` : `Back in ${left}`;
    }
}
