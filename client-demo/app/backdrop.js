/** What is behind the start screen: a live match, if there is one, else the field at rest. */

import { isStill } from "./dom.js";
import { Witness } from "./witness.js";
import { World } from "./world.js";

/** Walls of a field that nobody plays on. */
const WALLS = [[18, 10, 9, 2], [30, 13, 2, 8], [34, 27, 6, 2], [31, 33, 2, 7], [20, 36, 7, 2], [11, 26, 2, 8], [9, 15, 6, 2], [38, 8, 5, 2], [40, 18, 2, 5], [6, 40, 9, 2]];

export class Backdrop {
    /** @type {import("../sdk/match.js").Match | null} */
    match = null;
    world = new World();
    #frame = 0;
    #last = performance.now();

    /** @param {import("./draw/stage.js").Stage} stage @param {import("./camera.js").Camera} camera @param {import("./sound.js").Sound} sound */
    constructor(stage, camera, sound) {
        this.stage = stage;
        this.camera = camera;
        this.witness = new Witness(stage, camera, sound);
        this.world.walls = WALLS.map(([x, y, width, height]) => ({ x, y, width, height }));
        this.world.layout = "at rest";
        this.#frame = requestAnimationFrame((now) => this.#draw(now));
    }

    /** @param {number} now */
    #draw(now) {
        const { stage, camera, world, match } = this;
        this.#frame = requestAnimationFrame((next) => this.#draw(next));
        const seconds = Math.min(0.1, (now - this.#last) / 1000);
        this.#last = now;
        stage.frame(camera);
        if (match) world.read(match);
        else world.now = (now / 1000) * 20;
        const turn = isStill() ? 0.6 : now / 14_000;
        // The field is beside the words, not under them.
        const aside = camera.width > 760 ? camera.width / camera.scale / 7 : 0;
        camera.follow(world.side / 2 - aside + Math.cos(turn) * 7, world.side / 2 + Math.sin(turn) * 6, seconds, 2);
        if (match) this.witness.see(world, now);
        stage.effects.pass(seconds);
        stage.draw(world, camera, now);
    }

    close() {
        cancelAnimationFrame(this.#frame);
    }
}
