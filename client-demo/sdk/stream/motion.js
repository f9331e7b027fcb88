// Where a steady lane will be next: lines, in the integers of both sides.
//
// A line is four numbers: how far it runs above the lane's value, and its velocity, both in 1/256; its age in ticks since
// it bent, 0 when there is none; and its risk, which follows from them. They are below 2^42, so doubles hold them exactly.

/** So many numbers make a line. */
export const LINE = 4;
/** A line's age stops here, so that it goes on learning. */
const AGE_MAX = 32;
/** A lane that did not move and is slower than this has stopped. */
const CRAWL = 16;

/** The gains of a growing least-squares line at each age, in 1/65536. */
const POSITION_GAINS = new Int32Array(AGE_MAX + 1);
const VELOCITY_GAINS = new Int32Array(AGE_MAX + 1);
/** The chance, in 1/256, that a line of some age is missed, the nearer to the edge between two quanta it runs. */
const RISKS = new Uint8Array(4 * (AGE_MAX + 1));
for (let age = 0; age <= AGE_MAX; age++) {
    const below = (age + 1) * (age + 2);
    POSITION_GAINS[age] = (2 * (2 * age + 1) * 65536) / below;
    VELOCITY_GAINS[age] = (6 * 65536) / below;
    if (age <= 1) RISKS.set([104, 120, 136, 152], 4 * age);
    else if (age <= 3) RISKS.set([32, 52, 80, 112], 4 * age);
    else if (age <= 8) RISKS.set([10, 24, 56, 100], 4 * age);
    else if (age <= 16) RISKS.set([2, 8, 32, 88], 4 * age);
    else RISKS.set([1, 2, 16, 76], 4 * age);
}

/** @param {number} age @param {number} rest what rounding to the value left over */
export function riskAt(age, rest) {
    return RISKS[4 * age + Math.min(Math.abs(rest) >> 5, 3)];
}

/** The class of a chance: 0 for none, then 1 to 4. @param {number} risk */
export function riskClass(risk) {
    return risk === 0 ? 0 : risk < 8 ? 1 : risk < 32 ? 2 : risk < 80 ? 3 : 4;
}

/** The difference of two values, the short way round. @param {number} to @param {number} from @param {number} modulus */
export function difference(to, from, modulus) {
    const half = Math.floor(modulus / 2), by = to - from;
    return by >= modulus - half ? by - modulus : by < -half ? by + modulus : by;
}

/** A value brought into its range, round and round. @param {number} value @param {number} modulus */
export function wrapped(value, modulus) {
    if (value >= 0 && value < modulus) return value;
    const rest = value % modulus;
    return rest < 0 ? rest + modulus : rest;
}

/** @param {number} value @param {number} least @param {number} most */
export function clamp(value, least, most) {
    return value < least ? least : value > most ? most : value;
}

/**
 * Sets a line. Its risk is 0 if it is level: then it predicts the value it has, for ever.
 * @param {Float64Array} lines @param {number} at @param {number} fraction @param {number} velocity @param {number} age
 */
export function setLine(lines, at, fraction, velocity, age) {
    const exact = fraction + velocity;
    const isLevel = velocity === 0 && fraction === 0 && age === 2;
    lines[at] = fraction;
    lines[at + 1] = velocity;
    lines[at + 2] = age;
    lines[at + 3] = isLevel ? 0 : riskAt(age, exact - Math.floor((exact + 128) / 256) * 256);
}

/**
 * Corrects a line by what came: `residual` away from where it led, with `rest` over, and `moved` from where it was.
 * @param {Float64Array} lines @param {number} at @param {number} velocity @param {number} age @param {number} rest
 * @param {number} residual @param {number} moved
 */
export function follow(lines, at, velocity, age, rest, residual, moved) {
    if (age === 0 || residual > 1 || residual < -1) return setLine(lines, at, 0, moved * 256, 1);
    const next = Math.min(age + 1, AGE_MAX);
    const error = residual * 256 - rest;
    velocity += (error * VELOCITY_GAINS[next] + 0x8000) >> 16;
    if (moved === 0 && residual === 0 && Math.abs(velocity) < CRAWL) return setLine(lines, at, 0, 0, 2);
    setLine(lines, at, ((error * POSITION_GAINS[next] + 0x8000) >> 16) - error, velocity, next);
}
