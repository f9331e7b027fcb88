// The arena's rules in JavaScript, for where WebAssembly is not there: the twin of `game/rules`.
//
// Both work on the same row of whole numbers and come to the same; golden vectors hold them to it.

/** How many numbers the row has, and where the avatar and the ground begin. */
export const CELLS = 24 + 1 + 4 * 16 * 16;
export const AVATAR = 8;
export const GROUND = 24;

const BLOCK = 8 * 128;
const RADIUS = 64;
const SPEED = 51;
const GAIN = 13;
const DASH_SPEED = 122;
const DASH = ticks(150);
const DASH_REST = ticks(1500);
const LOADED_MOST = 12;
const RELOAD = ticks(1300);
const CHANGE = ticks(250);
const PAUSES = [200, 750, 900].map(ticks);

const [FIRE, DASHES, RELOADS] = [1, 2, 4];
// Of the avatar's numbers:
const [X, VX, AIM, DASH_UNTIL, DASH_READY] = [8, 10, 12, 13, 14];
const [WEAPON, LOADED, RELOAD_AT, READY] = [15, 16, 19, 20];

/** @param {number} milliseconds */
function ticks(milliseconds) {
    return Math.ceil((milliseconds * 20) / 1000);
}

/**
 * Lets a tick pass for the avatar in the row; says whether it fires.
 * @param {Int32Array} row
 */
export function step(row) {
    move(row);
    return handle(row);
}

/** @param {number} above @param {number} below */
function quotient(above, below) {
    const rounded = Math.floor((2 * Math.abs(above) + below) / (2 * below));
    return above < 0 ? -rounded : rounded;
}

/** @param {number} x @param {number} y @param {number} speed @param {number} whole */
function directed(x, y, speed, whole) {
    const length = Math.max(Math.floor(Math.sqrt((x * x + y * y) * 256)), whole * 16, 1);
    return [quotient(x * speed * 16, length), quotient(y * speed * 16, length)];
}

/** @param {Int32Array} row */
function move(row) {
    const [now, x, y, aim, buttons] = row;
    row[AIM] = ((aim + 128) & 0xffff) >> 8;
    const wishes = x !== 0 || y !== 0;
    if (buttons & DASHES && row[DASH_READY] <= now && wishes) {
        [row[VX], row[VX + 1]] = directed(x, y, DASH_SPEED, 0);
        row[DASH_UNTIL] = now + DASH;
        row[DASH_READY] = now + DASH_REST;
    } else if (row[DASH_UNTIL] <= now) {
        const wanted = directed(x, y, SPEED, 127);
        for (const axis of [0, 1]) {
            const by = wanted[axis] - row[VX + axis];
            row[VX + axis] += Math.max(-GAIN, Math.min(GAIN, by));
        }
    }
    slide(row);
}

/** @param {Int32Array} row @param {number[]} at */
function wall(row, at) {
    const count = row[GROUND];
    const [column, across] = at.map((axis) =>
        Math.min(Math.max(Math.trunc(axis / BLOCK), 0), count - 1),
    );
    const lies = (/** @type {number} */ low) => [column, across].every((block, axis) =>
        Math.min(Math.max(Math.trunc(row[low + axis] / BLOCK), 0), count - 1) === block);
    for (let low = GROUND + 1; low + 3 < CELLS && row[low + 2] > row[low]; low += 4) {
        if (lies(low)) return low;
    }
    return 0;
}

/** @param {Int32Array} row */
function slide(row) {
    const side = row[GROUND] * BLOCK;
    const from = [row[X], row[X + 1]];
    const at = [...from];
    for (const axis of [0, 1]) {
        const by = row[VX + axis];
        at[axis] = Math.min(Math.max(at[axis] + by, RADIUS), side - RADIUS);
        const low = wall(row, at);
        const isInside = low > 0 && [0, 1].every((axis) =>
            at[axis] > row[low + axis] - RADIUS && at[axis] < row[low + 2 + axis] + RADIUS);
        if (isInside && by !== 0) {
            at[axis] = by > 0 ? row[low + axis] - RADIUS : row[low + 2 + axis] + RADIUS;
        }
    }
    for (const axis of [0, 1]) {
        row[VX + axis] = at[axis] - from[axis];
        row[X + axis] = at[axis];
    }
}

/** @param {Int32Array} row */
function handle(row) {
    const [now, , , , buttons, weapon, isLive] = row;
    const wanted = weapon >= 0 && weapon < 3 ? weapon : 0;
    if (wanted !== row[WEAPON]) {
        row[WEAPON] = wanted;
        row[READY] = Math.max(row[READY], now + CHANGE);
    }
    if (row[RELOAD_AT] !== 0 && row[RELOAD_AT] <= now) {
        row[LOADED] = LOADED_MOST;
        row[RELOAD_AT] = 0;
    }
    const isWanted = row[LOADED] === 0 || (buttons & RELOADS && row[LOADED] < LOADED_MOST);
    if (row[RELOAD_AT] === 0 && isWanted) row[RELOAD_AT] = now + RELOAD;
    const isLoading = wanted === 0 && row[RELOAD_AT] !== 0;
    const isReady = isLive !== 0 && buttons & FIRE && row[READY] <= now;
    if (!isReady || isLoading || row[LOADED + wanted] === 0) return false;
    row[LOADED + wanted] -= 1;
    row[READY] = now + PAUSES[wanted];
    return true;
}
