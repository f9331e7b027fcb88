/** The ground: engraved lines, a dial in the middle, shadows of the walls. Drawn once for each tile, then only copied. */

import { TILE } from "../camera.js";
import { BONE, INK } from "../palette.js";
import { sheet } from "../dom.js";

/** More tiles than a screen has. */
const TILES_MOST = 90;
const BASE = "#12242a";
const LINES = { fine: "#193038", strong: "#22404a", mark: "#3c6773" };
/** Ticks in a second. */
const DIAL = 20;

/** @typedef {import("../world.js").World} World */
/** @typedef {import("../camera.js").Camera} Camera */

export class Ground {
    /** @type {Map<string, HTMLCanvasElement>} */
    #tiles = new Map();
    #key = "";

    /** @param {CanvasRenderingContext2D} pen @param {World} world @param {Camera} camera @param {number} time */
    draw(pen, world, camera, time) {
        const density = camera.scale * camera.ratio * camera.depth;
        const key = `${world.layout} ${density}`;
        if (key !== this.#key) this.#tiles.clear();
        this.#key = key;
        const { left, right, top, bottom } = camera.bounds(0.5, camera.depth);
        camera.apply(pen, camera.depth, time);
        const last = Math.ceil(world.side / TILE);
        for (let row = Math.max(-1, Math.floor(top / TILE)); row <= Math.min(last, Math.floor(bottom / TILE)); row++) {
            for (let column = Math.max(-1, Math.floor(left / TILE)); column <= Math.min(last, Math.floor(right / TILE)); column++) {
                const tile = this.#tile(column, row, density, world);
                pen.drawImage(tile, column * TILE, row * TILE, TILE, TILE);
            }
        }
        this.#beat(pen, world);
    }

    /** The notch of the tick that the server is at. @param {CanvasRenderingContext2D} pen @param {World} world */
    #beat(pen, { side, now }) {
        const middle = side / 2;
        const tick = Math.floor(now);
        for (let back = 0; back < 6; back++) {
            const turn = (((tick - back) % DIAL) / DIAL) * 2 * Math.PI - Math.PI / 2;
            pen.strokeStyle = BONE;
            pen.globalAlpha = 0.5 * 0.6 ** back;
            pen.lineWidth = 0.11;
            pen.beginPath();
            pen.moveTo(middle + Math.cos(turn) * 3.1, middle + Math.sin(turn) * 3.1);
            pen.lineTo(middle + Math.cos(turn) * 3.75, middle + Math.sin(turn) * 3.75);
            pen.stroke();
        }
        pen.globalAlpha = 1;
    }

    /** @param {number} column @param {number} row @param {number} density @param {World} world */
    #tile(column, row, density, world) {
        const key = `${column} ${row}`;
        let tile = this.#tiles.get(key);
        if (tile) return tile;
        if (this.#tiles.size > TILES_MOST) this.#tiles.clear();
        const { canvas, pen } = sheet(Math.round(TILE * density));
        pen.setTransform(density, 0, 0, density, -column * TILE * density, -row * TILE * density);
        paint(pen, world, density, column * TILE, row * TILE);
        this.#tiles.set(key, (tile = canvas));
        return tile;
    }
}

/** @param {CanvasRenderingContext2D} pen @param {World} world @param {number} density @param {number} x @param {number} y */
function paint(pen, { side, walls }, density, x, y) {
    pen.fillStyle = INK;
    pen.fillRect(x, y, TILE + 1, TILE + 1);
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, side, side);
    pen.clip();
    const glow = pen.createRadialGradient(side / 2, side / 2, 1, side / 2, side / 2, side * 0.75);
    glow.addColorStop(0, "#193139");
    glow.addColorStop(0.55, BASE);
    glow.addColorStop(1, "#0d1b20");
    pen.fillStyle = glow;
    pen.fillRect(x, y, TILE + 1, TILE + 1);
    lines(pen, x, y);
    dial(pen, side);
    shade(pen, walls, side, density, x, y);
    pen.restore();
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y */
function lines(pen, x, y) {
    for (let at = 0; at <= TILE; at++) {
        const isStrong = at % 4 === 0;
        pen.fillStyle = isStrong ? LINES.strong : LINES.fine;
        const width = isStrong ? 0.05 : 0.028;
        pen.fillRect(x + at - width / 2, y, width, TILE);
        pen.fillRect(x, y + at - width / 2, TILE, width);
    }
    pen.fillStyle = LINES.mark;
    for (const [dx, dy] of [[0, 0], [4, 4]]) {
        pen.fillRect(x + dx - 0.3, y + dy - 0.03, 0.6, 0.06);
        pen.fillRect(x + dx - 0.03, y + dy - 0.3, 0.06, 0.6);
    }
    // Quarters of a unit, as on a ruler.
    for (let at = 0; at < TILE; at += 0.25) {
        const length = at % 1 === 0 ? 0.22 : 0.1;
        pen.fillRect(x + at - 0.012, y, 0.024, length);
        pen.fillRect(x, y + at - 0.012, length, 0.024);
    }
    pen.font = "600 0.42px 'Avenir Next Condensed','Roboto Condensed','Liberation Sans Narrow','Arial Narrow',sans-serif";
    pen.fillText(`${String.fromCharCode(65 + x / TILE)}${y / TILE + 1}`, x + 0.32, y + 0.75);
}

/** A second on the ground: a notch for each tick of it. @param {CanvasRenderingContext2D} pen @param {number} side */
function dial(pen, side) {
    const middle = side / 2;
    pen.strokeStyle = LINES.mark;
    for (const [radius, width] of [[4.1, 0.07], [2.7, 0.04], [9.5, 0.05]]) {
        pen.lineWidth = width;
        pen.beginPath();
        pen.arc(middle, middle, radius, 0, 7);
        pen.stroke();
    }
    for (let at = 0; at < DIAL * 5; at++) {
        const turn = (at / DIAL / 5) * 2 * Math.PI;
        const isTick = at % 5 === 0;
        pen.lineWidth = isTick ? 0.09 : 0.035;
        pen.beginPath();
        pen.moveTo(middle + Math.cos(turn) * (isTick ? 3.1 : 3.55), middle + Math.sin(turn) * (isTick ? 3.1 : 3.55));
        pen.lineTo(middle + Math.cos(turn) * 3.75, middle + Math.sin(turn) * 3.75);
        pen.stroke();
    }
}

/** Shadows that walls throw: one close, one long. @param {CanvasRenderingContext2D} pen @param {import("../world.js").Box[]} walls @param {number} side @param {number} density @param {number} x @param {number} y */
function shade(pen, walls, side, density, x, y) {
    const FAR = 40_000;
    pen.fillStyle = "#000";
    for (const [dx, dy, blur, strength] of [[0, 0, 0.55, 0.6], [0.55, 0.8, 0.7, 0.55]]) {
        pen.shadowColor = `rgba(2, 8, 10, ${strength})`;
        pen.shadowBlur = blur * density;
        // What throws the shadow is far off the sheet.
        pen.shadowOffsetX = dx * density + FAR;
        pen.shadowOffsetY = dy * density;
        for (const wall of walls) {
            if (wall.x > x + TILE + 2 || wall.x + wall.width < x - 2 || wall.y > y + TILE + 2 || wall.y + wall.height < y - 2) continue;
            pen.fillRect(wall.x - FAR / density, wall.y, wall.width, wall.height);
        }
        for (const [wx, wy, w, h] of [[-2, -2, side + 4, 2], [-2, side, side + 4, 2], [-2, -2, 2, side + 4], [side, -2, 2, side + 4]]) {
            pen.fillRect(wx - FAR / density, wy, w, h);
        }
    }
    pen.shadowColor = "transparent";
}
