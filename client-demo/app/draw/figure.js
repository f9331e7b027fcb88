/** Somebody's figure, in units around the middle: a body with the coat's pattern, a head with its shape, hands and a weapon. */

import { AMBER, trace } from "../palette.js";

/** @typedef {import("../palette.js").Coat} Coat */

/** @param {CanvasRenderingContext2D} pen @param {Coat} coat */
export function paintBody(pen, coat) {
    pen.fillStyle = "#071013";
    pen.beginPath();
    pen.arc(0, 0, 0.52, 0, 7);
    pen.fill();
    pen.save();
    pen.beginPath();
    pen.arc(0, 0, 0.46, 0, 7);
    pen.clip();
    pen.fillStyle = coat.body;
    pen.fillRect(-1, -1, 2, 2);
    pattern(pen, coat);
    const light = pen.createRadialGradient(-0.2, -0.24, 0.04, 0, 0, 0.52);
    light.addColorStop(0, "rgba(255, 255, 255, .5)");
    light.addColorStop(0.45, "rgba(255, 255, 255, 0)");
    light.addColorStop(1, "rgba(0, 0, 0, .42)");
    pen.fillStyle = light;
    pen.fillRect(-1, -1, 2, 2);
    pen.restore();
    pen.strokeStyle = coat.light;
    pen.lineWidth = 0.035;
    pen.beginPath();
    pen.arc(0, 0, 0.44, Math.PI * 0.95, Math.PI * 1.75);
    pen.stroke();
}

/** What tells a side without colour. @param {CanvasRenderingContext2D} pen @param {Coat} coat */
function pattern(pen, { shape, dark }) {
    pen.fillStyle = pen.strokeStyle = dark;
    pen.globalAlpha = 0.6;
    pen.lineWidth = 0.06;
    if (shape === "diamond") for (let at = -0.9; at < 1; at += 0.18) line(pen, at - 0.5, 0.5, at + 0.5, -0.5);
    if (shape === "triangle") for (let at = -0.45; at < 0.5; at += 0.18) line(pen, -0.5, at, 0.5, at);
    if (shape === "square")
        for (let x = -0.45; x < 0.5; x += 0.2) for (let y = -0.45; y < 0.5; y += 0.2) pen.fillRect(x, y, 0.09, 0.09);
    pen.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} tx @param {number} ty */
function line(pen, x, y, tx, ty) {
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(tx, ty);
    pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {Coat} coat @param {boolean} isBot */
export function paintHead(pen, coat, isBot) {
    pen.fillStyle = "#0a1519";
    pen.beginPath();
    if (isBot) pen.roundRect(-0.25, -0.25, 0.5, 0.5, 0.06);
    else pen.arc(0, 0, 0.275, 0, 7);
    pen.fill();
    // A visor shows which way it looks.
    pen.strokeStyle = coat.light;
    pen.lineWidth = 0.055;
    pen.beginPath();
    if (isBot) (pen.moveTo(0.19, -0.17), pen.lineTo(0.19, 0.17));
    else pen.arc(0, 0, 0.21, -0.8, 0.8);
    pen.stroke();
    pen.save();
    pen.translate(-0.04, 0);
    pen.rotate(Math.PI / 2);
    pen.fillStyle = coat.body;
    trace(pen, coat.shape, 0, 0, 0.105);
    pen.fill();
    pen.restore();
}

/**
 * What it holds; each is known by its outline.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} grip
 * @param {Coat} coat
 */
export function paintGear(pen, grip, coat) {
    const bar = (
        /** @type {string} */ colour,
        /** @type {number} */ x,
        /** @type {number} */ y,
        /** @type {number} */ w,
        /** @type {number} */ h,
    ) => {
        pen.fillStyle = colour;
        pen.beginPath();
        pen.roundRect(x, y, w, h, Math.min(w, h) / 3);
        pen.fill();
    };
    // Hands, so that it is somebody who holds it.
    for (const [x, y] of grip === "Rocket"
        ? [
              [0.5, -0.02],
              [0.1, 0.46],
          ]
        : [
              [0.46, -0.2],
              [0.4, 0.2],
          ]) {
        for (const [colour, size] of /** @type {[string, number][]} */ ([
            ["#071013", 0.17],
            [coat.body, 0.125],
        ])) {
            pen.fillStyle = colour;
            pen.beginPath();
            pen.arc(x, y, size, 0, 7);
            pen.fill();
        }
    }
    const [edge, metal, shine] = ["#071013", "#5d6f75", "#b9c6c4"];
    if (grip === "Rocket") {
        bar(edge, 0.05, 0.08, 0.98, 0.4);
        bar(metal, 0.09, 0.12, 0.9, 0.32);
        bar(shine, 0.12, 0.14, 0.6, 0.08);
        bar(coat.body, 0.66, 0.1, 0.12, 0.36);
        bar(edge, 0.92, 0.18, 0.09, 0.2);
    } else if (grip === "Scatter") {
        pen.fillStyle = edge;
        pen.beginPath();
        pen.moveTo(0.2, -0.16);
        pen.lineTo(0.86, -0.3);
        pen.lineTo(0.86, 0.3);
        pen.lineTo(0.2, 0.16);
        pen.fill();
        for (const y of [-0.2, -0.05, 0.1]) bar(metal, 0.3, y, 0.51, 0.1);
        for (const y of [-0.2, -0.05, 0.1]) bar(shine, 0.72, y, 0.07, 0.1);
    } else {
        bar(edge, 0.2, -0.13, 0.8, 0.26);
        bar(metal, 0.24, -0.085, 0.72, 0.17);
        bar(shine, 0.26, -0.07, 0.5, 0.05);
        bar(AMBER, 0.84, -0.05, 0.08, 0.1);
    }
}
