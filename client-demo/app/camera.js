/** Where the eye is. Places are units; the ground lies a little below, so that it moves a little less. */

/** The ground is about that much smaller than what stands on it. */
import { isStill } from "./dom.js";

const DEPTH = 0.962;
/** So many units of the ground are whole pixels, so that what is drawn of it is copied and not scaled. */
export const TILE = 8;
/** So many square units are on a screen, whatever its form. */
const AREA = 520;
const SCALE_LEAST = 23;
const SHAKE_MOST = 7;
/** So many units beyond the field may be seen: who stands in a corner is not under what is written there. */
const BEYOND = 6;

export class Camera {
    x = 24;
    y = 24;
    /** CSS pixels in a unit. */
    scale = 40;
    ratio = 1;
    /** How much smaller the ground is. */
    depth = DEPTH;
    width = 1;
    height = 1;
    zoom = 1;
    #shake = 0;
    #isPlaced = false;

    /** @param {number} width @param {number} height CSS pixels @param {number} ratio */
    resize(width, height, ratio) {
        Object.assign(this, { width, height, ratio });
        const scale = Math.max(SCALE_LEAST, Math.sqrt((width * height) / AREA)) * this.zoom;
        // Whole pixels for a unit keep what is cached for it sharp.
        this.scale = Math.max(4, Math.round(scale * ratio) / ratio);
        const pixels = this.scale * ratio * TILE;
        this.depth = Math.round(pixels * DEPTH) / pixels;
    }

    /**
     * Goes after a place; at once, if it is far.
     * @param {number} x
     * @param {number} y
     * @param {number} seconds
     * @param {number} pace how fast, in 1/s
     */
    follow(x, y, seconds, pace = 9) {
        const far = Math.hypot(x - this.x, y - this.y) > 24 || !this.#isPlaced;
        const share = far ? 1 : 1 - Math.exp(-seconds * pace);
        this.x += (x - this.x) * share;
        this.y += (y - this.y) * share;
        this.#isPlaced = true;
        this.#shake *= Math.exp(-seconds * 9);
    }

    /** Keeps the eye over the field. @param {number} side */
    clamp(side) {
        const keep = (/** @type {number} */ at, /** @type {number} */ half) =>
            half * 2 > side + 2 * BEYOND ? side / 2 : Math.min(side + BEYOND - half, Math.max(half - BEYOND, at));
        this.x = keep(this.x, this.width / this.scale / 2);
        this.y = keep(this.y, this.height / this.scale / 2);
    }

    /** @param {number} pixels */
    shake(pixels) {
        if (isStill()) return;
        this.#shake = Math.min(SHAKE_MOST, this.#shake + pixels);
    }

    /**
     * Sets a pen to units: of what stands, or of the ground.
     * @param {CanvasRenderingContext2D} pen
     * @param {number} depth
     * @param {number} time
     */
    apply(pen, depth = 1, time = 0) {
        const scale = this.scale * this.ratio * depth;
        const [sx, sy] = [Math.sin(time * 0.071), Math.cos(time * 0.093)].map((way) => way * this.#shake * this.ratio);
        pen.setTransform(
            scale,
            0,
            0,
            scale,
            Math.round((this.width * this.ratio) / 2 + sx - this.x * scale),
            Math.round((this.height * this.ratio) / 2 + sy - this.y * scale),
        );
    }

    /** A place on the screen as one in the field. @param {number} px @param {number} py */
    place(px, py) {
        return { x: this.x + (px - this.width / 2) / this.scale, y: this.y + (py - this.height / 2) / this.scale };
    }

    /** What is seen, with a margin, in units. @param {number} margin */
    bounds(margin = 1, depth = 1) {
        const [w, h] = [this.width / this.scale / depth / 2 + margin, this.height / this.scale / depth / 2 + margin];
        return { left: this.x - w, right: this.x + w, top: this.y - h, bottom: this.y + h };
    }

    /** @param {number} x @param {number} y @param {number} margin */
    sees(x, y, margin = 1) {
        const { left, right, top, bottom } = this.bounds(margin);
        return x > left && x < right && y > top && y < bottom;
    }
}
