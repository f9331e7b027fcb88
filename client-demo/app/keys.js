/** Keyboard, mouse and gamepad: what is held down now. */

import { isOnButton } from "./dom.js";

/**
 * @typedef {{ x: number, y: number, fire: boolean, dash: boolean, reload: boolean, mark: boolean }} Held x and y from -1 to 1
 */

const RUN = /** @type {Record<string, [number, number]>} */ ({
    KeyW: [0, -1],
    KeyA: [-1, 0],
    KeyS: [0, 1],
    KeyD: [1, 0],
    ArrowUp: [0, -1],
    ArrowLeft: [-1, 0],
    ArrowDown: [0, 1],
    ArrowRight: [1, 0],
});
/** What a button that has the focus hears, and what gets the focus on. */
const BUTTON = ["Space", "Enter", "Tab"];
const OTHER = ["ShiftLeft", "ShiftRight", "Space", "KeyR", "KeyQ"];
/** A stick that is so little off its middle is in its middle. */
const SLACK = 0.2;

/** Whether somebody writes. */
export const isWriting = () =>
    document.activeElement instanceof HTMLInputElement && document.activeElement.type !== "range";

export class Keys {
    /** Where the mouse is, in CSS pixels; null as long as nobody moved it. @type {{ x: number, y: number } | null} */
    mouse = null;
    /** Which way a gamepad's stick looks. @type {number | null} */
    aim = null;
    /** The weapon that is wished. */
    weapon = 0;
    /** @type {Set<string>} */
    #down = new Set();
    #fire = false;

    /**
     * @param {HTMLElement} target where the mouse fires
     * @param {(code: string, event: KeyboardEvent) => void} press hears keys that do something once
     */
    constructor(target, press) {
        this.stop = new AbortController();
        const { signal } = this.stop;
        addEventListener(
            "keydown",
            (event) => {
                if (isWriting() || event.ctrlKey || event.metaKey || event.altKey) return;
                if (isOnButton() && BUTTON.includes(event.code)) return;
                if (!event.repeat) press(event.code, event);
                if (/^(Digit|Numpad)[123]$/.test(event.code)) this.weapon = Number(event.code.at(-1)) - 1;
                if (!RUN[event.code] && !OTHER.includes(event.code)) return;
                // A space would press the button that has the focus.
                event.preventDefault();
                this.#down.add(event.code);
            },
            { signal },
        );
        addEventListener("keyup", (event) => void this.#down.delete(event.code), { signal });
        addEventListener("blur", () => this.#rest(), { signal });
        addEventListener(
            "pointermove",
            (event) => {
                if (event.pointerType === "mouse")
                    [this.mouse, this.aim] = [{ x: event.clientX, y: event.clientY }, null];
            },
            { signal },
        );
        target.addEventListener(
            "pointerdown",
            (event) => {
                if (event.pointerType !== "mouse" || event.button !== 0) return;
                this.mouse = { x: event.clientX, y: event.clientY };
                this.#fire = true;
            },
            { signal },
        );
        addEventListener("pointerup", () => void (this.#fire = false), { signal });
        target.addEventListener(
            "wheel",
            (event) => {
                if (Math.abs(event.deltaY) > 4) this.weapon = (this.weapon + (event.deltaY > 0 ? 1 : 2)) % 3;
            },
            { signal, passive: true },
        );
        target.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    }

    #rest() {
        this.#down.clear();
        this.#fire = false;
    }

    /** @returns {Held} */
    read() {
        const has = (/** @type {string[]} */ ...codes) => codes.some((code) => this.#down.has(code));
        const held = {
            x: 0,
            y: 0,
            fire: this.#fire,
            dash: has("ShiftLeft", "ShiftRight", "Space"),
            reload: has("KeyR"),
            mark: has("KeyQ"),
        };
        for (const code of this.#down) {
            held.x += RUN[code]?.[0] ?? 0;
            held.y += RUN[code]?.[1] ?? 0;
        }
        this.#readPad(held);
        // Two keys for one way are no more than one.
        const length = Math.max(1, Math.hypot(held.x, held.y));
        return { ...held, x: held.x / length, y: held.y / length };
    }

    /** @param {Held} held */
    #readPad(held) {
        const pad = navigator.getGamepads?.().find((pad) => pad?.connected && pad.mapping === "standard");
        if (!pad) return;
        const [x, y, ax, ay] = pad.axes;
        if (Math.hypot(x, y) > SLACK) ((held.x += x), (held.y += y));
        if (Math.hypot(ax, ay) > SLACK) this.aim = Math.atan2(ay, ax);
        const pressed = (/** @type {number} */ at) => pad.buttons[at]?.pressed ?? false;
        held.fire ||= pressed(7);
        held.dash ||= pressed(0) || pressed(6);
        held.reload ||= pressed(2);
        held.mark ||= pressed(3);
        if (pressed(12)) this.weapon = 0;
        if (pressed(15)) this.weapon = 1;
        if (pressed(13)) this.weapon = 2;
    }
}
