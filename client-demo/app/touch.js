/** Two sticks for two thumbs: the left half of the screen runs, the right one aims and, pushed out, fires. */

import { find, onPress } from "./dom.js";

/** Pixels from a stick's middle to its end. */
const REACH = 46;
/** Pushed so far out, it fires. */
const FIRES = 0.45;
/** Who presses the dash without holding it holds it for so many milliseconds: two ticks. */
const TAP = 100;

class Stick {
    x = 0;
    y = 0;
    /** @type {number | null} */
    #pointer = null;
    #home = { x: 0, y: 0 };

    /** @param {HTMLElement} base */
    constructor(base) {
        this.base = base;
        this.knob = /** @type {HTMLElement} */ (base.firstElementChild);
    }

    /** @param {PointerEvent} event */
    take(event) {
        if (this.#pointer !== null) return;
        this.#pointer = event.pointerId;
        // The stick comes to the thumb.
        const { left, top, width, height } = this.base.getBoundingClientRect();
        this.#home = { x: event.clientX, y: event.clientY };
        this.#show(event.clientX - left - width / 2, event.clientY - top - height / 2, 0, 0);
    }

    /** @param {PointerEvent} event */
    move(event) {
        if (event.pointerId !== this.#pointer) return;
        const [dx, dy] = [event.clientX - this.#home.x, event.clientY - this.#home.y];
        const length = Math.max(REACH, Math.hypot(dx, dy));
        [this.x, this.y] = [dx / length, dy / length];
        this.knob.style.transform = `translate(${this.x * REACH}px, ${this.y * REACH}px)`;
    }

    /** @param {PointerEvent} event */
    drop(event) {
        if (event.pointerId !== this.#pointer) return;
        this.#pointer = null;
        [this.x, this.y] = [0, 0];
        this.#show(0, 0, 0, 0);
    }

    /** @param {number} x @param {number} y @param {number} kx @param {number} ky */
    #show(x, y, kx, ky) {
        this.base.style.transform = x || y ? `translate(${x}px, ${y}px)` : "";
        this.knob.style.transform = `translate(${kx}px, ${ky}px)`;
    }
}

export class Touch {
    isUsed = matchMedia("(pointer: coarse)").matches;
    /** Which way the right stick looked last. @type {number | null} */
    aim = null;
    dash = false;
    #run = new Stick(find("stick-move", HTMLElement));
    #look = new Stick(find("stick-aim", HTMLElement));

    /** @param {HTMLElement} target @param {AbortSignal} signal */
    constructor(target, signal) {
        document.body.classList.toggle("touch", this.isUsed);
        target.addEventListener(
            "pointerdown",
            (event) => {
                if (event.pointerType === "mouse") return;
                event.preventDefault();
                this.isUsed = true;
                document.body.classList.add("touch");
                (event.clientX < innerWidth / 2 ? this.#run : this.#look).take(event);
            },
            { signal },
        );
        for (const stick of [this.#run, this.#look]) {
            addEventListener("pointermove", (event) => stick.move(event), { signal });
            for (const end of /** @type {const} */ (["pointerup", "pointercancel"]))
                addEventListener(end, (event) => stick.drop(event), { signal });
        }
        const press = (/** @type {boolean} */ isHeld) => {
            this.dash = true;
            if (!isHeld) setTimeout(() => void (this.dash = false), TAP);
        };
        onPress(find("dash", HTMLElement), press, signal);
        for (const end of /** @type {const} */ (["pointerup", "pointercancel"]))
            addEventListener(end, () => void (this.dash = false), { signal });
    }

    /** @returns {{ x: number, y: number, fire: boolean, dash: boolean }} */
    read() {
        const out = Math.hypot(this.#look.x, this.#look.y);
        if (out > 0.2) this.aim = Math.atan2(this.#look.y, this.#look.x);
        return { x: this.#run.x, y: this.#run.y, fire: out > FIRES, dash: this.dash };
    }
}
