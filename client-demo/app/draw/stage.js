/** Everything on one canvas, from the ground up. */

import { fit, pen } from "../dom.js";
import { BONE } from "../palette.js";
import { Avatars } from "./avatars.js";
import { Effects } from "./effects.js";
import { Ground } from "./ground.js";
import { Pickups } from "./pickups.js";
import { Shots } from "./shots.js";
import { Walls } from "./walls.js";

/** More pixels for each CSS pixel cost more than they show. */
const RATIO_MOST = 2;

/** @typedef {import("../world.js").World} World */
/** @typedef {import("../camera.js").Camera} Camera */

export class Stage {
    effects = new Effects();
    /** When each avatar was hurt. @type {Map<number, number>} */
    hurts = new Map();
    /** What the server's last packet says, if that is to be seen. @type {{ x: number, y: number, aim: number }[]} */
    ghosts = [];
    /** How long it took to draw, in milliseconds. */
    cost = 0;
    #ground = new Ground();
    #walls = new Walls();
    #pickups = new Pickups();
    #avatars = new Avatars();
    #shots = new Shots();

    /** @param {HTMLCanvasElement} canvas */
    constructor(canvas) {
        this.canvas = canvas;
        this.pen = pen(canvas, { alpha: false });
    }

    /** Fits the camera to the canvas. @param {Camera} camera */
    frame(camera) {
        const ratio = fit(this.canvas, RATIO_MOST);
        camera.resize(this.canvas.width / ratio, this.canvas.height / ratio, ratio);
    }

    /** @param {World} world @param {Camera} camera @param {number} time milliseconds */
    draw(world, camera, time) {
        const began = performance.now();
        const { pen } = this;
        pen.setTransform(1, 0, 0, 1, 0, 0);
        pen.fillStyle = "#0a1013";
        pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
        this.#ground.draw(pen, world, camera, time);
        this.#pickups.draw(pen, world.pickups, world.markers, camera, time);
        this.#walls.draw(pen, world, camera, time);
        this.effects.draw(pen, camera, time, true);
        this.#avatars.draw(pen, world.avatars, camera, time, this.hurts);
        this.#shots.draw(pen, world.shots, camera, time, world.tick);
        this.effects.draw(pen, camera, time, false);
        if (this.ghosts.length) this.#drawGhosts(camera, time);
        this.cost = performance.now() - began;
    }

    /** @param {Camera} camera @param {number} time */
    #drawGhosts(camera, time) {
        const { pen } = this;
        camera.apply(pen, 1, time);
        pen.strokeStyle = BONE;
        pen.lineWidth = 0.05;
        pen.setLineDash([0.14, 0.1]);
        for (const { x, y, aim } of this.ghosts) {
            pen.beginPath();
            pen.arc(x, y, 0.5, 0, 7);
            pen.moveTo(x + Math.cos(aim) * 0.5, y + Math.sin(aim) * 0.5);
            pen.lineTo(x + Math.cos(aim) * 1, y + Math.sin(aim) * 1);
            pen.stroke();
        }
        pen.setLineDash([]);
    }
}
