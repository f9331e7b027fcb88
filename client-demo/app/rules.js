// What an avatar does with its controls, ahead of the server: by the server's own code if it was
// built for WebAssembly, else by its twin.

import { AVATAR, CELLS, GROUND, step } from "./twin.js";

/**
 * @typedef {{ move_x: number, move_y: number, aim: number, fire: boolean, dash: boolean,
 *   reload: boolean, mark: boolean, weapon: number }} Controls
 * @typedef {{ row: Int32Array, step: () => boolean, kind: "wasm" | "js" }} Engine
 */

/** Quanta in a unit. */
const UNIT = 128;
const TURN = 2 * Math.PI;
const WEAPONS = ["Blaster", "Scatter", "Rocket"];

/**
 * The rules, for `join`: how controls are written, and how they are predicted.
 * @param {{ wasm?: BufferSource | Response | Promise<Response> | null }} [options] nothing: what
 *   lies beside the page; `null`: never WebAssembly
 */
export async function loadRules(options = {}) {
    const engine = (options.wasm !== null && await compiled(options.wasm)) || twin();
    return { encode, prediction: prediction(engine), kind: engine.kind };
}

/** @param {BufferSource | Response | Promise<Response> | undefined} source */
async function compiled(source) {
    try {
        const given = await (source ?? fetch(new URL("../rules.wasm", import.meta.url)));
        const bytes = given instanceof Response
            ? (given.ok ? await given.arrayBuffer() : null)
            : given;
        if (!bytes?.byteLength) return null;
        const { instance } = await WebAssembly.instantiate(bytes);
        const wasm = /** @type {{ memory: WebAssembly.Memory, row(): number, step(): number }} */ (
            /** @type {unknown} */ (instance.exports)
        );
        const at = wasm.row();
        return /** @type {Engine} */ ({
            // Memory may have moved since the last step.
            get row() { return new Int32Array(wasm.memory.buffer, at, CELLS); },
            step: () => wasm.step() !== 0,
            kind: "wasm",
        });
    } catch {
        return null;
    }
}

/** @returns {Engine} */
function twin() {
    const row = new Int32Array(CELLS);
    return { row, step: () => step(row), kind: "js" };
}

/**
 * Controls as the game reads them.
 * @param {Controls} controls
 */
export function encode({ move_x, move_y, aim, fire, dash, reload, mark, weapon }) {
    const buttons = Number(fire) | (Number(dash) << 1) | (Number(reload) << 2) | (Number(mark) << 3);
    const bytes = [move_x & 255, move_y & 255];
    if (aim <= 250) bytes.push(aim);
    else bytes.push(251, aim & 255, aim >> 8);
    bytes.push(buttons | (weapon << 4));
    return Uint8Array.from(bytes);
}

/** @param {Engine} engine */
function prediction(engine) {
    /** @type {unknown} */
    let known;
    return {
        /**
         * One avatar, one tick later.
         * @param {Record<string, any>} own its components
         * @param {Controls} controls
         * @param {any} view
         * @param {number} tick the tick that this leads to
         */
        step(own, controls, view, tick) {
            if (!own.Body || !own.Velocity || !own.Dash || !own.Arms || !own.Grip) return own;
            const row = engine.row;
            if (known !== view) {
                known = view;
                row.fill(0, GROUND);
            }
            if (row[GROUND] === 0) layGround(row, view);
            put(row, own, controls, tick, isLive(view, tick));
            engine.step();
            return take(engine.row, own);
        },
    };
}

/** @param {any} view @param {number} tick */
function isLive(view, tick) {
    for (const id of view.entities()) {
        const round = view.get(id, "Round");
        if (round) return !round.is_over || (round.next !== null && tick > round.next);
    }
    return true;
}

/** @param {Int32Array} row @param {any} view */
function layGround(row, view) {
    let at = GROUND + 1;
    for (const id of view.entities()) {
        const ground = view.get(id, "Ground");
        if (ground) row[GROUND] = Math.round(ground.side / 8);
        const wall = view.get(id, "Wall");
        if (!wall || at + 4 > CELLS) continue;
        const corners = [wall.x, wall.y, wall.x + wall.width, wall.y + wall.height];
        corners.forEach((length) => { row[at++] = Math.round(length * UNIT); });
    }
}

/**
 * @param {Int32Array} row
 * @param {Record<string, any>} own
 * @param {Controls} controls
 * @param {number} tick
 * @param {boolean} live
 */
function put(row, own, controls, tick, live) {
    const { Body, Velocity, Dash, Arms, Grip } = own;
    const { move_x, move_y, aim, fire, dash, reload, weapon } = controls;
    row.set([tick, move_x, move_y, aim, Number(fire) | (Number(dash) << 1) | (Number(reload) << 2),
        weapon, Number(live)]);
    row.set([Body.x, Body.y, Velocity.x, Velocity.y].map((length) => Math.round(length * UNIT)), AVATAR);
    row.set([0, Dash.until, Dash.ready, WEAPONS.indexOf(Grip.weapon), Arms.loaded, Arms.shells,
        Arms.rockets, Arms.reload, Arms.ready], AVATAR + 4);
}

/** @param {Int32Array} row @param {Record<string, any>} own */
function take(row, own) {
    const [x, y, vx, vy, aim, until, ready, weapon, loaded, shells, rockets, reload, fires] =
        row.subarray(AVATAR, AVATAR + 13);
    return {
        ...own,
        Body: { x: x / UNIT, y: y / UNIT, aim: (aim / 256) * TURN },
        Velocity: { x: vx / UNIT, y: vy / UNIT },
        Dash: { until, ready },
        Grip: { weapon: WEAPONS[weapon] },
        Arms: { loaded, shells, rockets, reload, ready: fires },
    };
}
