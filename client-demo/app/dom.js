/** The page's elements: found once, typed, and made without any markup in strings. */

/**
 * The element with an id, which must be of a kind.
 * @template {Element} T
 * @param {string} id @param {new () => T} kind @returns {T}
 */
export function find(id, kind) {
    const element = document.getElementById(id);
    if (!(element instanceof kind)) throw new TypeError(`the page has no ${kind.name} #${id}`);
    return element;
}

/**
 * A new element with a class and children.
 * @param {string} tag
 * @param {string} name
 * @param {(Node | string)[]} children
 */
export function make(tag, name = "", ...children) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...children);
    return element;
}

/** Sets a text, if it is another: the browser lays out less. @param {Element} element @param {string} text */
export function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/**
 * Lets a button act at once when a pointer comes down on it, and when it is pressed without any: by a key, or by what
 * reads the page to somebody. A pointer leaves the focus where it is.
 * @param {Element} button
 * @param {(pointer: boolean) => void} act
 * @param {AbortSignal} signal
 */
export function onPress(button, act, signal) {
    button.addEventListener("pointerdown", () => act(true), { signal });
    button.addEventListener("mousedown", (event) => event.preventDefault(), { signal });
    // A pointer's click comes after what it already did, and counts its clicks.
    button.addEventListener("click", (event) => /** @type {MouseEvent} */ (event).detail || act(false), { signal });
}

/** Whether keys belong to a button: one that no pointer gave the focus. */
export const isOnButton = () => document.activeElement?.matches("#weapons button, button:focus-visible") ?? false;

/** Sets an attribute, if it is another: what reads the page aloud hears of less. @param {Element} element @param {string} name @param {string} value */
export function mark(element, name, value) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** A canvas of so many pixels that is not on the page, and its pen. @param {number} width @param {number} height */
export function sheet(width, height = width) {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.ceil(width));
    canvas.height = Math.max(1, Math.ceil(height));
    return { canvas, pen: pen(canvas) };
}

/** A sheet with its origin in the middle, that reaches so many units each way. @param {number} reach @param {number} density pixels in a unit */
export function stamp(reach, density) {
    const { canvas, pen } = sheet(2 * reach * density);
    const [across, down] = [canvas.width / 2, canvas.height / 2];
    pen.setTransform(across / reach, 0, 0, down / reach, across, down);
    return { canvas, pen };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [options]
 * @returns {CanvasRenderingContext2D}
 */
export function pen(canvas, options) {
    const context = canvas.getContext("2d", options);
    if (!context) throw new TypeError("this browser cannot draw");
    return context;
}

/** Fits a canvas on the page to its size there; gives pixels for each CSS pixel. @param {HTMLCanvasElement} canvas */
export function fit(canvas, most = 3) {
    const ratio = Math.min(most, devicePixelRatio || 1);
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (width && (canvas.width !== width || canvas.height !== height)) Object.assign(canvas, { width, height });
    return ratio;
}

const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether somebody asked for less motion. */
export const isStill = () => stillness.matches;
