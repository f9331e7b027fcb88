/** Sees what happened between two scenes, and makes it seen and heard: shots that began and ended, hits, ends, gifts taken. */

import { weaponNumber } from "./world.js";

/** How far a rocket's blast reaches, in units. */
const SPLASH = 2.5;
const SPARKS = ["#ffc561", "#86e4f0", "#ff8a5c"];
/** A shot that is new and so old was fired before it came into view. */
const FRESH = 4;

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").Shot} Shot */
/** @typedef {import("./world.js").Avatar} Avatar */

export class Witness {
    /** @type {Map<number, Shot>} */
    #shots = new Map();
    /** @type {Map<number, { x: number, y: number, health: number, colour: string, player: number, isMe: boolean }>} */
    #avatars = new Map();
    /** @type {Map<number, boolean>} */
    #gifts = new Map();
    #puffed = 0;
    #isFirst = true;

    /** @param {import("./draw/stage.js").Stage} stage @param {import("./camera.js").Camera} camera @param {import("./sound.js").Sound} sound */
    constructor(stage, camera, sound) {
        this.stage = stage;
        this.camera = camera;
        this.sound = sound;
    }

    /** @param {World} world @param {number} time */
    see(world, time) {
        this.#seeShots(world, time);
        this.#seeAvatars(world, time);
        for (const { id, x, y, isThere } of world.pickups) {
            if (this.#gifts.get(id) && !isThere && this.camera.sees(x, y)) {
                this.stage.effects.add("ring", x, y, { life: 0.35, size: 1, colour: "#f1e7d1" });
                this.#hear("take", x, y);
            }
            this.#gifts.set(id, isThere);
        }
        this.#isFirst = false;
    }

    /** @param {string} name @param {number} x @param {number} y */
    #hear(name, x, y) {
        const [dx, dy] = [x - this.camera.x, y - this.camera.y];
        this.sound.play(name, Math.hypot(dx, dy), dx / 16);
    }

    /** @param {World} world @param {number} time */
    #seeShots(world, time) {
        const { effects } = this.stage;
        const now = new Map(world.shots.map((shot) => [shot.id, shot]));
        const isPuffing = time - this.#puffed > 28;
        if (isPuffing) this.#puffed = time;
        for (const shot of world.shots) {
            if (!this.#shots.has(shot.id) && !this.#isFirst && world.tick - shot.since < FRESH) {
                const back = world.tick - shot.since;
                const [x, y] = [shot.x - shot.vx * back, shot.y - shot.vy * back];
                effects.add("flash", x, y, { life: 0.07, size: 0.42, colour: "#ffe7b0" });
                this.#hear(shot.kind, x, y);
            }
            if (isPuffing && shot.kind === "Rocket" && this.camera.sees(shot.x, shot.y)) effects.smoke(shot.x - shot.vx * 0.5, shot.y - shot.vy * 0.5);
        }
        for (const [id, { x, y, vx, vy, kind }] of this.#shots) {
            if (now.has(id) || !this.camera.sees(x, y, 4)) continue;
            if (kind === "Rocket") this.#blast(x, y);
            else effects.impact(x, y, vx, vy, SPARKS[weaponNumber(kind)]);
        }
        this.#shots = now;
    }

    /** @param {number} x @param {number} y */
    #blast(x, y) {
        this.stage.effects.blast(x, y, SPLASH);
        this.#hear("blast", x, y);
        this.camera.shake(Math.max(0, 6 - Math.hypot(x - this.camera.x, y - this.camera.y) * 0.5));
    }

    /** @param {World} world @param {number} time */
    #seeAvatars(world, time) {
        const { effects, hurts } = this.stage;
        const now = new Map();
        for (const { id, x, y, health, coat, player, isMe } of world.avatars) {
            const before = this.#avatars.get(id);
            if (before && health < before.health) hurts.set(id, time);
            if (!before && !this.#isFirst && this.camera.sees(x, y)) effects.appear(x, y, coat.light);
            now.set(id, { x, y, health, colour: coat.body, player, isMe });
        }
        for (const [id, { x, y, colour, player, isMe }] of this.#avatars) {
            if (now.has(id)) continue;
            hurts.delete(id);
            // One that only went out of sight still stands.
            if (world.seats.get(player)?.avatar === id || !this.camera.sees(x, y, 2)) continue;
            effects.shatter(x, y, colour);
            this.#hear("end", x, y);
            if (isMe) this.camera.shake(7);
        }
        this.#avatars = now;
    }
}
