/** Avatars: a lit body with a pattern, what it holds, its emblem; around it health, shield and name. Oneself has a white ring. */

import { sheet, stamp } from "../dom.js";
import { AMBER, BONE, ICE, LEAF, SIGNAL } from "../palette.js";
import { paintBody, paintGear, paintHead } from "./figure.js";

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

    /**
     * @param {CanvasRenderingContext2D} pen
     * @param {Avatar[]} avatars
     * @param {Camera} camera
     * @param {number} time
     * @param {Map<number, number>} hurts when each was hurt
     */
    draw(pen, avatars, camera, time, hurts) {
        const density = camera.scale * camera.ratio;
        if (density !== this.#density) (this.#sprites.clear(), this.#labels.clear());
        this.#density = density;
        camera.apply(pen, (1 + camera.depth) / 2, time);
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
        const stamp = (/** @type {HTMLCanvasElement} */ sprite) =>
            pen.drawImage(sprite, -REACH, -REACH, 2 * REACH, 2 * REACH);
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
        const { canvas, pen } = stamp(REACH, this.#density);
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

/**
 * Health: an arc below, longer the more there is.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} health
 * @param {boolean} isMe
 */
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
