/**
 * Walls: blocks whose tops are where shots and bodies end, and whose sides go down to the ground, towards the middle of
 * the screen. So nothing is ever hidden by them.
 */

import { sheet } from "../dom.js";

const TOP = "#cbbd9c";
const FACES = { north: "#a39370", west: "#8a7b5e", east: "#5f5440", south: "#4a4133" };
const RIM = 1.4;

/** @typedef {import("../world.js").World} World */
/** @typedef {import("../world.js").Box} Box */
/** @typedef {import("../camera.js").Camera} Camera */

export class Walls {
    /** @type {Map<string, HTMLCanvasElement>} */
    #tops = new Map();
    #density = 0;

    /** @param {CanvasRenderingContext2D} pen @param {World} world @param {Camera} camera @param {number} time */
    draw(pen, { walls, side }, camera, time) {
        camera.apply(pen, 1, time);
        const density = camera.scale * camera.ratio;
        if (density !== this.#density) this.#tops.clear();
        this.#density = density;
        const { left, right, top, bottom } = camera.bounds(1);
        const seen = walls.filter(({ x, y, width, height }) => x < right && x + width > left && y < bottom && y + height > top);
        for (const wall of seen) faces(pen, wall, camera);
        rim(pen, side, camera);
        for (const wall of seen) pen.drawImage(this.#top(wall, density), wall.x, wall.y, wall.width, wall.height);
    }

    /** @param {Box} wall @param {number} density */
    #top({ width, height }, density) {
        const key = `${width} ${height}`;
        let top = this.#tops.get(key);
        if (top) return top;
        const { canvas, pen } = sheet(width * density, height * density);
        pen.scale(canvas.width / width, canvas.height / height);
        block(pen, width, height);
        this.#tops.set(key, (top = canvas));
        return top;
    }
}

/** The sides of a box that are seen. @param {CanvasRenderingContext2D} pen @param {Box} box @param {Camera} camera */
function faces(pen, { x, y, width, height }, camera) {
    const down = (/** @type {number} */ at, /** @type {number} */ eye) => eye + (at - eye) * camera.depth;
    const [right, bottom] = [x + width, y + height];
    const [bx, by, br, bb] = [down(x, camera.x), down(y, camera.y), down(right, camera.x), down(bottom, camera.y)];
    const quad = (/** @type {string} */ colour, /** @type {number[]} */ [ax, ay, cx, cy, dx, dy, ex, ey]) => {
        pen.fillStyle = colour;
        pen.beginPath();
        pen.moveTo(ax, ay);
        pen.lineTo(cx, cy);
        pen.lineTo(dx, dy);
        pen.lineTo(ex, ey);
        pen.fill();
    };
    if (bx < x) quad(FACES.west, [x, y, x, bottom, bx, bb, bx, by]);
    if (br > right) quad(FACES.east, [right, y, right, bottom, br, bb, br, by]);
    if (by < y) quad(FACES.north, [x, y, right, y, br, by, bx, by]);
    if (bb > bottom) quad(FACES.south, [x, bottom, right, bottom, br, bb, bx, bb]);
}

/** What goes around the field. @param {CanvasRenderingContext2D} pen @param {number} side @param {Camera} camera */
function rim(pen, side, camera) {
    const bars = [[-RIM, -RIM, side + 2 * RIM, RIM], [-RIM, side, side + 2 * RIM, RIM], [-RIM, 0, RIM, side], [side, 0, RIM, side]];
    const boxes = bars.map(([x, y, width, height]) => ({ x, y, width, height }));
    for (const box of boxes) faces(pen, box, camera);
    pen.fillStyle = "#7d725c";
    for (const { x, y, width, height } of boxes) pen.fillRect(x, y, width, height);
    pen.strokeStyle = "#d9ccab";
    pen.lineWidth = 0.08;
    pen.strokeRect(0, 0, side, side);
    pen.strokeStyle = "#4a4336";
    pen.strokeRect(-RIM, -RIM, side + 2 * RIM, side + 2 * RIM);
    pen.fillStyle = "#4a4336";
    const { left, right, top, bottom } = camera.bounds(1);
    for (let at = 0; at <= side; at++) {
        const length = at % 4 ? 0.3 : 0.62;
        if (at > left && at < right) {
            pen.fillRect(at - 0.03, -0.2 - length, 0.06, length);
            pen.fillRect(at - 0.03, side + 0.2, 0.06, length);
        }
        if (at > top && at < bottom) {
            pen.fillRect(-0.2 - length, at - 0.03, length, 0.06);
            pen.fillRect(side + 0.2, at - 0.03, length, 0.06);
        }
    }
}

/** The top of a block, at the origin. @param {CanvasRenderingContext2D} pen @param {number} width @param {number} height */
function block(pen, width, height) {
    const light = pen.createLinearGradient(0, 0, width * 0.5, height);
    light.addColorStop(0, "#dccfb0");
    light.addColorStop(1, TOP);
    pen.fillStyle = light;
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = "#fbf3df";
    pen.fillRect(0, 0, width, 0.075);
    pen.fillRect(0, 0, 0.075, height);
    pen.fillStyle = "#968868";
    pen.fillRect(0, height - 0.075, width, 0.075);
    pen.fillRect(width - 0.075, 0, 0.075, height);
    const inset = Math.min(0.24, width / 4, height / 4);
    pen.strokeStyle = "#ab9c7b";
    pen.lineWidth = 0.04;
    pen.strokeRect(inset, inset, width - 2 * inset, height - 2 * inset);
    pen.fillStyle = "#ab9c7b";
    for (let at = inset + 0.25; at < width - inset - 0.1; at += 0.25) pen.fillRect(at, inset, 0.025, 0.1);
    for (let at = inset + 0.25; at < height - inset - 0.1; at += 0.25) pen.fillRect(inset, at, 0.1, 0.025);
    if (Math.min(width, height) < 0.9) return;
    pen.fillStyle = "#8d7f61";
    for (const x of [inset, width - inset]) {
        for (const y of [inset, height - inset]) {
            pen.beginPath();
            pen.arc(x, y, 0.085, 0, 7);
            pen.fill();
        }
    }
}
