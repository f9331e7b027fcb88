/** What is seen for a moment: sparks, smoke, rings, flashes. At most so many at once; they change nothing but the screen. */

import { isStill, sheet } from "../dom.js";

const MOST = 420;

/** @typedef {"spark" | "smoke" | "ring" | "flash" | "shard"} Kind */
/** @typedef {{ kind: Kind, x: number, y: number, vx: number, vy: number, age: number, life: number, size: number, colour: string, turn: number }} Bit */
/** @typedef {import("../camera.js").Camera} Camera */

const spread = (/** @type {number} */ most) => (Math.random() - 0.5) * 2 * most;

export class Effects {
    /** @type {Bit[]} */
    #bits = [];

    /** @param {Kind} kind @param {number} x @param {number} y @param {Partial<Bit>} rest */
    add(kind, x, y, rest) {
        if (this.#bits.length >= MOST) this.#bits.shift();
        this.#bits.push({ kind, x, y, vx: 0, vy: 0, age: 0, life: 0.3, size: 0.1, colour: "#fff", turn: 0, ...rest });
    }

    /** A shot ends: sparks go back to where it came from. @param {number} x @param {number} y @param {number} vx @param {number} vy @param {string} colour */
    impact(x, y, vx, vy, colour) {
        const speed = Math.hypot(vx, vy) || 1;
        for (let at = 0; at < 7; at++) {
            const pace = 3 + Math.random() * 5;
            this.add("spark", x, y, {
                vx: (-vx / speed) * pace + spread(3.5), vy: (-vy / speed) * pace + spread(3.5),
                life: 0.14 + Math.random() * 0.2, size: 0.06, colour,
            });
        }
        this.add("flash", x, y, { life: 0.1, size: 0.45, colour });
    }

    /** A rocket's end. @param {number} x @param {number} y @param {number} radius */
    blast(x, y, radius) {
        this.add("flash", x, y, { life: 0.16, size: radius * 0.8, colour: "#ffe2b0" });
        this.add("ring", x, y, { life: 0.38, size: radius, colour: "#ffd9a0" });
        this.add("ring", x, y, { life: 0.26, size: radius * 0.6, colour: "#ff6a3c" });
        for (let at = 0; at < 16; at++) {
            const turn = Math.random() * 7, pace = 2 + Math.random() * 9;
            this.add("spark", x, y, {
                vx: Math.cos(turn) * pace, vy: Math.sin(turn) * pace, life: 0.25 + Math.random() * 0.35,
                size: 0.09, colour: at % 3 ? "#ff8a48" : "#ffe2a8",
            });
        }
        for (let at = 0; at < 9; at++) this.smoke(x + spread(0.8), y + spread(0.8), 0.9, 0.55 + Math.random() * 0.5);
    }

    /** @param {number} x @param {number} y @param {number} life @param {number} size */
    smoke(x, y, life = 0.6, size = 0.26) {
        this.add("smoke", x, y, { vx: spread(0.7), vy: spread(0.7) - 0.2, life, size, colour: "#8fa0a2" });
    }

    /** An avatar's end. @param {number} x @param {number} y @param {string} colour */
    shatter(x, y, colour) {
        this.add("ring", x, y, { life: 0.5, size: 1.7, colour });
        this.add("flash", x, y, { life: 0.18, size: 1.1, colour });
        for (let at = 0; at < 16; at++) {
            const turn = (at / 16) * 2 * Math.PI + spread(0.2), pace = 2 + Math.random() * 5.5;
            this.add("shard", x, y, {
                vx: Math.cos(turn) * pace, vy: Math.sin(turn) * pace, life: 0.5 + Math.random() * 0.4,
                size: 0.1 + Math.random() * 0.14, colour, turn: spread(9),
            });
        }
    }

    /** An avatar's beginning. @param {number} x @param {number} y @param {string} colour */
    appear(x, y, colour) {
        this.add("ring", x, y, { life: 0.5, size: 1.2, colour });
        this.add("ring", x, y, { life: 0.7, size: 2, colour });
    }

    /** Lets time pass. @param {number} seconds */
    pass(seconds) {
        const drag = Math.exp(-seconds * 3.2);
        for (const bit of this.#bits) {
            bit.age += seconds;
            bit.x += bit.vx * seconds;
            bit.y += bit.vy * seconds;
            bit.vx *= drag;
            bit.vy *= drag;
        }
        this.#bits = this.#bits.filter((bit) => bit.age < bit.life);
    }

    /** @param {CanvasRenderingContext2D} pen @param {Camera} camera @param {number} time @param {boolean} isBelow whether what avatars stand above is meant */
    draw(pen, camera, time, isBelow) {
        camera.apply(pen, 1, time);
        for (const bit of this.#bits) {
            if ((bit.kind === "smoke") !== isBelow || !camera.sees(bit.x, bit.y, 3)) continue;
            drawBit(pen, bit, bit.age / bit.life);
        }
        pen.globalAlpha = 1;
        pen.globalCompositeOperation = "source-over";
    }
}

/** @type {Map<string, HTMLCanvasElement>} */
const spots = new Map();

/** A soft spot of a colour. @param {string} colour */
function spot(colour) {
    let spot = spots.get(colour);
    if (spot) return spot;
    const { canvas, pen } = sheet(64);
    const light = pen.createRadialGradient(32, 32, 0, 32, 32, 32);
    // Most colours here have no room for an alpha: the sheet's is laid over.
    for (const [at, alpha] of [[0, 1], [0.5, 0.62], [1, 0]]) light.addColorStop(at, `rgba(0, 0, 0, ${alpha})`);
    pen.fillStyle = light;
    pen.fillRect(0, 0, 64, 64);
    pen.globalCompositeOperation = "source-in";
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 64, 64);
    spots.set(colour, (spot = canvas));
    return spot;
}

/** @param {CanvasRenderingContext2D} pen @param {Bit} bit @param {number} done */
function drawBit(pen, bit, done) {
    const { kind, x, y, size } = bit;
    const left = 1 - done;
    pen.fillStyle = pen.strokeStyle = bit.colour;
    pen.globalCompositeOperation = kind === "smoke" || kind === "shard" ? "source-over" : "lighter";
    if (kind === "spark") {
        pen.globalAlpha = left;
        pen.lineWidth = size * left;
        pen.beginPath();
        pen.moveTo(x, y);
        pen.lineTo(x - bit.vx * 0.045, y - bit.vy * 0.045);
        return pen.stroke();
    }
    if (kind === "shard") {
        pen.globalAlpha = Math.min(1, left * 2);
        const turn = bit.turn * bit.age;
        const [ux, uy] = [Math.cos(turn) * size, Math.sin(turn) * size];
        pen.beginPath();
        pen.moveTo(x + ux, y + uy);
        pen.lineTo(x - uy * 0.7, y + ux * 0.7);
        pen.lineTo(x - ux * 0.6, y - uy * 0.6);
        return pen.fill();
    }
    // Who asked for less motion sees a ring of one size.
    const grown = isStill() ? 1 : kind === "ring" ? 1 - left ** 3 : kind === "smoke" ? 0.6 + done * 0.8 : 0.5 + done * 0.5;
    const radius = Math.max(0.01, size * grown);
    pen.globalAlpha = kind === "smoke" ? left * 0.34 : kind === "flash" ? left * 0.9 : left;
    if (kind !== "ring") return void pen.drawImage(spot(bit.colour), x - radius * 1.3, y - radius * 1.3, radius * 2.6, radius * 2.6);
    pen.lineWidth = 0.04 + 0.16 * left;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.stroke();
}
