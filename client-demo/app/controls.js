/** What the player's hands say, as the server understands it. */

import { onPress } from "./dom.js";
import { Keys } from "./keys.js";
import { Touch } from "./touch.js";

/**
 * @typedef {object} Controls
 * @property {number} move_x from -127 to 127
 * @property {number} move_y from -127 to 127
 * @property {number} aim in 1/65536 of a turn
 * @property {boolean} fire
 * @property {boolean} dash
 * @property {boolean} reload
 * @property {boolean} mark
 * @property {number} weapon
 */

export class Hands {
    #aim = 0;

    /** @param {HTMLElement} target @param {(code: string, event: KeyboardEvent) => void} press */
    constructor(target, press) {
        this.keys = new Keys(target, press);
        const { signal } = this.keys.stop;
        this.touch = new Touch(target, signal);
        for (const button of document.querySelectorAll("[data-weapon]")) {
            const weapon = Number(/** @type {HTMLElement} */ (button).dataset.weapon);
            onPress(button, () => void (this.keys.weapon = weapon), signal);
        }
    }

    /**
     * @param {import("./camera.js").Camera} camera
     * @param {{ x: number, y: number } | null} me where the own avatar is drawn
     * @returns {Controls}
     */
    read(camera, me) {
        const [keys, touch] = [this.keys.read(), this.touch.read()];
        this.#look(camera, me);
        const [x, y] = [keys.x + touch.x, keys.y + touch.y];
        const reach = (/** @type {number} */ way) => Math.round(Math.min(1, Math.max(-1, way)) * 127) || 0;
        return {
            move_x: reach(x),
            move_y: reach(y),
            aim: Math.round((this.#aim / 2 / Math.PI) * 65536) & 65535,
            fire: keys.fire || touch.fire,
            dash: keys.dash || touch.dash,
            reload: keys.reload,
            mark: keys.mark,
            weapon: this.keys.weapon,
        };
    }

    /** @param {import("./camera.js").Camera} camera @param {{ x: number, y: number } | null} me */
    #look(camera, me) {
        const { keys, touch } = this;
        if (keys.aim !== null) this.#aim = keys.aim;
        else if (touch.isUsed && touch.aim !== null) this.#aim = touch.aim;
        else if (keys.mouse && me) {
            const { x, y } = camera.place(keys.mouse.x, keys.mouse.y);
            if (Math.hypot(x - me.x, y - me.y) > 0.05) this.#aim = Math.atan2(y - me.y, x - me.x);
        }
    }

    close() {
        this.keys.stop.abort();
    }
}
