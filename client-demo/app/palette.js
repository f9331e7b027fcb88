/** Colours and shapes. A side or a player is never told by colour alone: each has a shape and a pattern as well. */

export const INK = "#0a1013";
export const BONE = "#f1e7d1";
export const SIGNAL = "#ff5a3c";
export const AMBER = "#ffb938";
export const ICE = "#6fe0ea";
export const LEAF = "#86df8f";

/** @typedef {"circle" | "diamond" | "triangle" | "square"} Shape */
/** @typedef {{ body: string, dark: string, light: string, shape: Shape }} Coat what somebody looks like */

/** @type {Shape[]} */
export const SHAPES = ["circle", "diamond", "triangle", "square"];

/** @type {Record<string, Coat>} */
const SIDES = {
    Red: { body: "#ff5f4c", dark: "#8e241a", light: "#ffb3a6", shape: "circle" },
    Blue: { body: "#58a6ff", dark: "#1c4a86", light: "#b9dbff", shape: "diamond" },
    Green: { body: "#55d488", dark: "#1a6b3d", light: "#b4f2cd", shape: "triangle" },
    Gold: { body: "#ffc93f", dark: "#86620c", light: "#ffe9ad", shape: "square" },
};

/** @type {Map<string, Coat>} */
const coats = new Map();

/** The coat of a player: that of the side, if there is one. @param {number} hue @param {string | null} side @param {number} player @returns {Coat} */
export function coatOf(hue, side, player) {
    if (side && SIDES[side]) return SIDES[side];
    const shape = SHAPES[player % SHAPES.length];
    const key = `${hue} ${shape}`;
    let coat = coats.get(key);
    if (!coat) {
        // Blues and violets look darker than yellows of the same lightness.
        const light = 62 + 8 * Math.cos(((hue - 250) * Math.PI) / 180);
        coat = {
            body: `hsl(${hue} 82% ${light}%)`,
            dark: `hsl(${hue} 60% 26%)`,
            light: `hsl(${hue} 90% 84%)`,
            shape,
        };
        coats.set(key, coat);
    }
    return coat;
}

/** A shape as a path around a place. @param {CanvasPath & { beginPath(): void }} pen @param {Shape} shape @param {number} x @param {number} y @param {number} size */
export function trace(pen, shape, x, y, size) {
    pen.beginPath();
    if (shape === "circle") return pen.arc(x, y, size, 0, 7);
    if (shape === "square") return pen.rect(x - size * 0.88, y - size * 0.88, size * 1.76, size * 1.76);
    const points = shape === "diamond" ? [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]] : [[0, -1.25], [1.15, 0.85], [-1.15, 0.85]];
    points.forEach(([dx, dy], at) => (at ? pen.lineTo(x + dx * size, y + dy * size) : pen.moveTo(x + dx * size, y + dy * size)));
    pen.closePath();
}
