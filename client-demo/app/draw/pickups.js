/** Pickups: an engraved plate in the ground, and what it has to give hovering above it. Each gift has a form of its own. */

import { stamp } from "../dom.js";
import { AMBER, ICE, LEAF, SIGNAL } from "../palette.js";

const REACH = 0.7;

/** @typedef {import("../world.js").Pickup} Pickup */
/** @typedef {import("../camera.js").Camera} Camera */

/** @type {Record<string, string>} */
const GIFTS = { Health: LEAF, Shield: ICE, Shells: AMBER, Ammo: AMBER, Rockets: SIGNAL };

export class Pickups {
    /** @type {Map<string, HTMLCanvasElement>} */
    #icons = new Map();
    #density = 0;

    /**
     * @param {CanvasRenderingContext2D} pen
     * @param {Pickup[]} pickups
     * @param {{ x: number, y: number }[]} markers
     * @param {Camera} camera
     * @param {number} time
     */
    draw(pen, pickups, markers, camera, time) {
        const density = camera.scale * camera.ratio;
        if (density !== this.#density) this.#icons.clear();
        this.#density = density;
        const seen = pickups.filter(({ x, y }) => camera.sees(x, y, 2));
        camera.apply(pen, 1, time);
        for (const pickup of seen) plate(pen, pickup, time);
        for (const { x, y, gift, isThere, id } of seen) {
            if (!isThere) continue;
            const rise = 0.07 * Math.sin(time / 420 + id);
            pen.drawImage(this.#icon(gift), x - REACH, y - REACH + rise - 0.06, 2 * REACH, 2 * REACH);
        }
        for (const { x, y } of markers) marker(pen, x, y, time);
    }

    /** @param {string} gift */
    #icon(gift) {
        let icon = this.#icons.get(gift);
        if (icon) return icon;
        const { canvas, pen } = stamp(REACH, this.#density);
        paintGift(pen, gift);
        this.#icons.set(gift, (icon = canvas));
        return icon;
    }
}

/** @param {CanvasRenderingContext2D} pen @param {Pickup} pickup @param {number} time */
function plate(pen, { x, y, gift, isThere }, time) {
    const colour = GIFTS[gift] ?? AMBER;
    pen.fillStyle = "rgba(4, 12, 15, .55)";
    pen.beginPath();
    pen.arc(x, y, 0.72, 0, 7);
    pen.fill();
    pen.strokeStyle = colour;
    pen.globalAlpha = isThere ? 0.5 + 0.2 * Math.sin(time / 420) : 0.16;
    pen.lineWidth = 0.05;
    pen.setLineDash([0.12, 0.1]);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} pen @param {string} gift */
export function paintGift(pen, gift) {
    pen.lineWidth = 0.09;
    pen.lineJoin = "round";
    pen.strokeStyle = "#071013";
    pen.fillStyle = GIFTS[gift] ?? AMBER;
    const fill = () => (pen.stroke(), pen.fill());
    pen.beginPath();
    if (gift === "Health") {
        const [a, b] = [0.13, 0.4];
        [
            [-a, -b],
            [a, -b],
            [a, -a],
            [b, -a],
            [b, a],
            [a, a],
            [a, b],
            [-a, b],
            [-a, a],
            [-b, a],
            [-b, -a],
            [-a, -a],
        ].forEach(([x, y]) => pen.lineTo(x, y));
        pen.closePath();
        fill();
    } else if (gift === "Shield") {
        pen.moveTo(0, -0.44);
        pen.lineTo(0.36, -0.3);
        pen.quadraticCurveTo(0.38, 0.22, 0, 0.46);
        pen.quadraticCurveTo(-0.38, 0.22, -0.36, -0.3);
        pen.closePath();
        fill();
        pen.fillStyle = "rgba(7, 16, 19, .28)";
        pen.fillRect(0, -0.36, 0.26, 0.62);
    } else if (gift === "Rockets") {
        pen.moveTo(0, -0.48);
        pen.quadraticCurveTo(0.2, -0.3, 0.17, 0.12);
        pen.lineTo(0.33, 0.42);
        pen.lineTo(-0.33, 0.42);
        pen.lineTo(-0.17, 0.12);
        pen.quadraticCurveTo(-0.2, -0.3, 0, -0.48);
        fill();
        pen.fillStyle = "#f1e7d1";
        pen.fillRect(-0.17, -0.12, 0.34, 0.12);
    } else {
        for (const x of [-0.3, 0, 0.3]) {
            pen.beginPath();
            pen.roundRect(x - 0.11, -0.36, 0.22, 0.72, 0.09);
            fill();
        }
        pen.fillStyle = "#7a4b12";
        for (const x of [-0.3, 0, 0.3]) pen.fillRect(x - 0.11, 0.16, 0.22, 0.18);
    }
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} time */
function marker(pen, x, y, time) {
    const size = 0.5 + 0.08 * Math.sin(time / 120);
    pen.strokeStyle = "#fff";
    pen.lineWidth = 0.09;
    pen.beginPath();
    for (let turn = 0; turn < 4; turn++) {
        const [ux, uy] = [Math.cos((turn * Math.PI) / 2), Math.sin((turn * Math.PI) / 2)];
        pen.moveTo(x + ux * size, y + uy * size);
        pen.lineTo(x + ux * (size + 0.4), y + uy * (size + 0.4));
    }
    pen.arc(x, y, 0.14, 0, 7);
    pen.stroke();
}
