/** Shots: a glow, and behind it a trail as long as its way in the last moments. Each weapon's looks different. */

import { sheet } from "../dom.js";

/** @typedef {import("../world.js").Shot} Shot */
/** @typedef {import("../camera.js").Camera} Camera */
/** @typedef {{ core: string, glow: string, trail: number, width: number, size: number }} Look */

/** Trails in ticks of flight, widths in units. @type {Record<string, Look>} */
const LOOKS = {
    Blaster: { core: "#fff6dc", glow: "255, 190, 70", trail: 2.2, width: 0.13, size: 0.6 },
    Scatter: { core: "#eafcff", glow: "110, 225, 240", trail: 1.2, width: 0.1, size: 0.36 },
    Rocket: { core: "#ffe3c4", glow: "255, 96, 50", trail: 2.4, width: 0.2, size: 0.9 },
};

export class Shots {
    /** @type {Map<string, HTMLCanvasElement>} */
    #glows = new Map();

    /** @param {CanvasRenderingContext2D} pen @param {Shot[]} shots @param {Camera} camera @param {number} time @param {number} tick */
    draw(pen, shots, camera, time, tick) {
        camera.apply(pen, 1, time);
        pen.lineCap = "round";
        pen.globalCompositeOperation = "lighter";
        for (const shot of shots) if (camera.sees(shot.x, shot.y, 3)) this.#flame(pen, shot, tick);
        pen.globalCompositeOperation = "source-over";
        for (const shot of shots) if (shot.kind === "Rocket" && camera.sees(shot.x, shot.y, 2)) missile(pen, shot);
        pen.lineCap = "butt";
    }

    /** @param {CanvasRenderingContext2D} pen @param {Shot} shot @param {number} tick */
    #flame(pen, { x, y, vx, vy, since, kind }, tick) {
        const look = LOOKS[kind] ?? LOOKS.Blaster;
        const back = Math.min(look.trail, Math.max(0.05, tick - since));
        const speed = Math.hypot(vx, vy) || 1;
        const [nx, ny] = [(-vy / speed) * look.width, (vx / speed) * look.width];
        // Two wedges cost less than a gradient that is turned.
        for (const [share, width, alpha] of [[1, 1.5, 0.22], [0.6, 0.9, 0.4]]) {
            pen.fillStyle = `rgba(${look.glow}, ${alpha})`;
            pen.beginPath();
            pen.moveTo(x + nx * width, y + ny * width);
            pen.lineTo(x - vx * back * share, y - vy * back * share);
            pen.lineTo(x - nx * width, y - ny * width);
            pen.fill();
        }
        const size = look.size;
        pen.drawImage(this.glow(look.glow), x - size, y - size, 2 * size, 2 * size);
        if (kind === "Rocket") return;
        pen.strokeStyle = look.core;
        pen.lineWidth = look.width;
        pen.beginPath();
        pen.moveTo(x, y);
        pen.lineTo(x - vx * back * 0.24, y - vy * back * 0.24);
        pen.stroke();
    }

    /** A soft spot of light. @param {string} colour */
    glow(colour) {
        let glow = this.#glows.get(colour);
        if (glow) return glow;
        const { canvas, pen } = sheet(64);
        const light = pen.createRadialGradient(32, 32, 1, 32, 32, 32);
        light.addColorStop(0, `rgba(${colour}, .75)`);
        light.addColorStop(0.35, `rgba(${colour}, .22)`);
        light.addColorStop(1, `rgba(${colour}, 0)`);
        pen.fillStyle = light;
        pen.fillRect(0, 0, 64, 64);
        this.#glows.set(colour, (glow = canvas));
        return glow;
    }
}

/** @param {CanvasRenderingContext2D} pen @param {Shot} shot */
function missile(pen, { x, y, vx, vy }) {
    pen.save();
    pen.translate(x, y);
    pen.rotate(Math.atan2(vy, vx));
    pen.fillStyle = "#071013";
    pen.beginPath();
    pen.roundRect(-0.36, -0.16, 0.68, 0.32, 0.14);
    pen.fill();
    pen.fillStyle = "#f1e7d1";
    pen.beginPath();
    pen.roundRect(-0.3, -0.1, 0.56, 0.2, 0.1);
    pen.fill();
    pen.fillStyle = "#ff5a3c";
    pen.fillRect(0.02, -0.1, 0.1, 0.2);
    pen.fillStyle = "#071013";
    pen.fillRect(-0.36, -0.22, 0.14, 0.44);
    pen.restore();
}
