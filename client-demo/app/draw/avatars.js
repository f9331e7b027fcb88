/** Avatars: a lit body with a pattern, what it holds, its emblem; around it health, shield and name. Oneself has a white ring. */

import { sheet } from "../dom.js";
import { AMBER, BONE, ICE, LEAF, SIGNAL, trace } from "../palette.js";

/** Units that a sprite has to each side. */
const REACH = 1.15;
const LABELS_MOST = 128;

/** @typedef {import("../world.js").Avatar} Avatar */
/** @typedef {import("../palette.js").Coat} Coat */
/** @typedef {import("../camera.js").Camera} Camera */

export class Avatars {
    /** @type {Map<string, HTMLCanvasElement>} */
    #sprites = new Map();
    /** @type {Map<string, HTMLCanvasElement>} */
    #labels = new Map();
    #density = 0;

    /** @param {CanvasRenderingContext2D} pen @param {Avatar[]} avatars @param {Camera} camera @param {number} time @param {Map<number, number>} hurts when each was hurt */
    draw(pen, avatars, camera, time, hurts) {
        const density = camera.scale * camera.ratio;
        if (density !== this.#density) this.#sprites.clear(), this.#labels.clear();
        this.#density = density;
        camera.apply(pen, camera.depth, time);
        const seen = avatars.filter(({ x, y }) => camera.sees(x, y, 2));
        const shadow = this.#sprite("shadow", paintShadow);
        for (const { x, y } of seen) pen.drawImage(shadow, x - REACH + 0.1, y - REACH + 0.16, 2 * REACH, 2 * REACH);
        camera.apply(pen, 1, time);
        // Oneself is on top.
        seen.sort((a, b) => Number(a.isMe) - Number(b.isMe));
        for (const avatar of seen) this.#one(pen, avatar, time, hurts.get(avatar.id) ?? -1e9);
        for (const avatar of seen) if (!avatar.isMe) this.#label(pen, avatar, density);
    }

    /** @param {CanvasRenderingContext2D} pen @param {Avatar} avatar @param {number} time @param {number} hurtAt */
    #one(pen, avatar, time, hurtAt) {
        const { x, y, aim, coat, grip, isMe } = avatar;
        const look = `${coat.body} ${coat.shape} ${avatar.seat?.isBot}`;
        const stamp = (/** @type {HTMLCanvasElement} */ sprite) => pen.drawImage(sprite, -REACH, -REACH, 2 * REACH, 2 * REACH);
        pen.save();
        pen.translate(x, y);
        if (avatar.isAway) pen.globalAlpha = 0.4 + 0.15 * Math.sin(time / 180);
        pen.save();
        pen.rotate(aim);
        stamp(this.#sprite(`gear ${grip} ${look}`, (to) => paintGear(to, grip, coat)));
        pen.restore();
        stamp(this.#sprite(`body ${look}`, (to) => paintBody(to, coat)));
        pen.save();
        pen.rotate(aim);
        stamp(this.#sprite(`head ${look}`, (to) => paintHead(to, coat, !!avatar.seat?.isBot)));
        if (isMe) stamp(this.#sprite("own", paintOwn));
        pen.restore();
        const ago = time - hurtAt;
        if (ago < 140) {
            pen.globalAlpha = 0.85 * (1 - ago / 140);
            pen.fillStyle = "#fff";
            pen.beginPath();
            pen.arc(0, 0, 0.5, 0, 7);
            pen.fill();
            pen.globalAlpha = 1;
        }
        if (avatar.isShielded) shield(pen, time);
        gauge(pen, avatar.health, isMe);
        pen.restore();
    }

    /** @param {CanvasRenderingContext2D} pen @param {Avatar} avatar @param {number} density */
    #label(pen, { x, y, seat, coat, isAway }, density) {
        const name = seat ? seat.name + (isAway ? " (away)" : "") : "";
        if (!name) return;
        const key = name + coat.light;
        let label = this.#labels.get(key);
        if (!label) {
            if (this.#labels.size > LABELS_MOST) this.#labels.clear();
            this.#labels.set(key, (label = paintLabel(name, coat, Math.max(density * 0.3, 11 * devicePixelRatio))));
        }
        const [width, height] = [label.width / density, label.height / density];
        pen.drawImage(label, x - width / 2, y - 0.86 - height, width, height);
    }

    /** @param {string} key @param {(pen: CanvasRenderingContext2D) => void} paint */
    #sprite(key, paint) {
        let sprite = this.#sprites.get(key);
        if (sprite) return sprite;
        const { canvas, pen } = sheet(2 * REACH * this.#density);
        pen.setTransform(canvas.width / 2 / REACH, 0, 0, canvas.height / 2 / REACH, canvas.width / 2, canvas.height / 2);
        paint(pen);
        this.#sprites.set(key, (sprite = canvas));
        return sprite;
    }
}

/** @param {CanvasRenderingContext2D} pen */
function paintShadow(pen) {
    const dark = pen.createRadialGradient(0, 0, 0.2, 0, 0, 0.72);
    dark.addColorStop(0, "rgba(0, 6, 8, .75)");
    dark.addColorStop(1, "rgba(0, 6, 8, 0)");
    pen.fillStyle = dark;
    pen.fillRect(-1, -1, 2, 2);
}

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
    if (shape === "square") for (let x = -0.45; x < 0.5; x += 0.2) for (let y = -0.45; y < 0.5; y += 0.2) pen.fillRect(x, y, 0.09, 0.09);
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
    if (isBot) pen.moveTo(0.19, -0.17), pen.lineTo(0.19, 0.17);
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

/** What it holds; each is known by its outline. @param {CanvasRenderingContext2D} pen @param {string} grip @param {Coat} coat */
export function paintGear(pen, grip, coat) {
    const bar = (/** @type {string} */ colour, /** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) => {
        pen.fillStyle = colour;
        pen.beginPath();
        pen.roundRect(x, y, w, h, Math.min(w, h) / 3);
        pen.fill();
    };
    // Hands, so that it is somebody who holds it.
    for (const [x, y] of grip === "Rocket" ? [[0.5, -0.02], [0.1, 0.46]] : [[0.46, -0.2], [0.4, 0.2]]) {
        for (const [colour, size] of /** @type {[string, number][]} */ ([["#071013", 0.17], [coat.body, 0.125]])) {
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

/** @param {CanvasRenderingContext2D} pen */
function paintOwn(pen) {
    pen.strokeStyle = "#fff";
    pen.lineWidth = 0.075;
    pen.beginPath();
    pen.arc(0, 0, 0.57, 0, 7);
    pen.stroke();
    pen.fillStyle = "#fff";
    pen.strokeStyle = "#071013";
    pen.lineWidth = 0.05;
    pen.beginPath();
    pen.moveTo(1.12, 0);
    pen.lineTo(0.88, -0.17);
    pen.lineTo(0.95, 0);
    pen.lineTo(0.88, 0.17);
    pen.closePath();
    pen.stroke();
    pen.fill();
}

/** @param {CanvasRenderingContext2D} pen @param {number} time */
function shield(pen, time) {
    pen.strokeStyle = ICE;
    pen.lineWidth = 0.06;
    pen.setLineDash([0.34, 0.17]);
    pen.lineDashOffset = time / 900;
    pen.beginPath();
    pen.arc(0, 0, 0.8, 0, 7);
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 0.13;
    pen.fillStyle = ICE;
    pen.fill();
    pen.globalAlpha = 1;
}

/** Health: an arc below, longer the more there is. @param {CanvasRenderingContext2D} pen @param {number} health @param {boolean} isMe */
function gauge(pen, health, isMe) {
    if (isMe && health >= 100) return;
    const [from, to] = [Math.PI * 0.82, Math.PI * 0.18];
    pen.lineWidth = 0.1;
    pen.strokeStyle = "rgba(5, 12, 15, .8)";
    pen.beginPath();
    pen.arc(0, 0, 0.7, to, from);
    pen.stroke();
    pen.lineWidth = 0.065;
    pen.strokeStyle = health > 60 ? LEAF : health > 30 ? AMBER : SIGNAL;
    pen.beginPath();
    pen.arc(0, 0, 0.7, from - (from - to) * Math.max(0, health / 100), from);
    pen.stroke();
}

/** @param {string} name @param {Coat} coat @param {number} size */
function paintLabel(name, coat, size) {
    const font = `600 ${size}px 'Avenir Next Condensed','Roboto Condensed','Liberation Sans Narrow','Arial Narrow',sans-serif`;
    const { pen: ruler } = sheet(1);
    ruler.font = font;
    const { canvas, pen } = sheet(ruler.measureText(name).width + size, size * 1.5);
    pen.font = font;
    pen.lineWidth = size / 4;
    pen.lineJoin = "round";
    pen.textAlign = "center";
    pen.strokeStyle = "rgba(6, 13, 16, .85)";
    pen.strokeText(name, canvas.width / 2, size * 1.08);
    pen.fillStyle = coat.light ?? BONE;
    pen.fillText(name, canvas.width / 2, size * 1.08);
    return canvas;
}
