/** The whole field, small: walls once, then what lies and who is where, each in its own shape. */

import { fit, find, pen, sheet } from "./dom.js";
import { paintGift } from "./draw/pickups.js";
import { trace } from "./palette.js";

export class Minimap {
    #canvas = find("map", HTMLCanvasElement);
    #pen = pen(this.#canvas);
    #key = "";
    #ground = sheet(1).canvas;

    /** @param {import("./world.js").World} world @param {import("./camera.js").Camera} camera */
    draw(world, camera) {
        fit(this.#canvas);
        const { width } = this.#canvas;
        if (!width) return;
        const pen = this.#pen;
        const scale = width / world.side;
        const key = `${world.layout} ${width}`;
        if (key !== this.#key) this.#ground = survey(world, width);
        this.#key = key;
        pen.setTransform(1, 0, 0, 1, 0, 0);
        pen.clearRect(0, 0, width, width);
        pen.drawImage(this.#ground, 0, 0);
        const dot = Math.max(3.5, width / 42);
        for (const { x, y, gift, isThere } of world.pickups) {
            if (!isThere) continue;
            // In the form it has on the field: colours alone are not told apart by all.
            pen.setTransform(2 * dot, 0, 0, 2 * dot, x * scale, y * scale);
            paintGift(pen, gift);
        }
        pen.setTransform(1, 0, 0, 1, 0, 0);
        for (const { x, y, coat, isMe } of world.avatars) {
            if (isMe) continue;
            pen.fillStyle = coat.body;
            trace(pen, coat.shape, x * scale, y * scale, dot * 0.8);
            pen.fill();
        }
        pen.strokeStyle = "rgba(241, 231, 209, .5)";
        pen.lineWidth = 1;
        const { left, right, top, bottom } = camera.bounds(0);
        pen.strokeRect(left * scale, top * scale, (right - left) * scale, (bottom - top) * scale);
        for (const { x, y } of world.markers) pen.strokeRect(x * scale - dot, y * scale - dot, 2 * dot, 2 * dot);
        if (world.me) this.#own(world.me, scale, dot);
    }

    /** @param {import("./world.js").Avatar} me @param {number} scale @param {number} dot */
    #own({ x, y, aim }, scale, dot) {
        const pen = this.#pen;
        pen.save();
        pen.translate(x * scale, y * scale);
        pen.rotate(aim);
        pen.fillStyle = "#fff";
        pen.beginPath();
        pen.moveTo(dot * 1.9, 0);
        pen.lineTo(-dot * 1.2, dot * 1.2);
        pen.lineTo(-dot * 0.5, 0);
        pen.lineTo(-dot * 1.2, -dot * 1.2);
        pen.fill();
        pen.restore();
    }
}

/** @param {import("./world.js").World} world @param {number} width */
function survey({ side, walls }, width) {
    const { canvas, pen } = sheet(width);
    pen.scale(width / side, width / side);
    pen.strokeStyle = "#22404a";
    pen.lineWidth = side / width;
    pen.beginPath();
    for (let at = 8; at < side; at += 8) {
        pen.moveTo(at, 0);
        pen.lineTo(at, side);
        pen.moveTo(0, at);
        pen.lineTo(side, at);
    }
    pen.moveTo(side / 2 + 4, side / 2);
    pen.arc(side / 2, side / 2, 4, 0, 7);
    pen.stroke();
    pen.fillStyle = "#a8997a";
    for (const { x, y, width: w, height: h } of walls) pen.fillRect(x, y, w, h);
    return canvas;
}
