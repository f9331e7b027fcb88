// Sums that two sides compare, made of 32-bit multiplications.

/** Spreads the bits of a value over all others. @param {number} value */
function mix(value) {
    value = Math.imul(value ^ (value >>> 16), 0x7feb352d);
    value = Math.imul(value ^ (value >>> 15), 0x846ca68b);
    return value ^ (value >>> 16);
}

/**
 * The part of a checksum that comes from one component of one entity, as an int32.
 * @param {number} id @param {number} component @param {ArrayLike<number>} lanes @param {number} start @param {number} end
 */
export function lanesChecksum(id, component, lanes, start, end) {
    let sum = mix(id ^ 0x9e3779b9) ^ component;
    for (let at = start; at < end; at++) {
        sum = Math.imul(sum ^ lanes[at], 0x01000193);
        sum = (sum << 5) | (sum >>> 27);
    }
    return mix(sum);
}
