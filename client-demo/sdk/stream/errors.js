// Why bytes of a stream are refused.

/** A packet or keyframe has at most this many bytes. */
export const PACKET_BYTES_LIMIT = 1 << 22;

/**
 * @typedef {"tooLong" | "truncated" | "trailing" | "noPart" | "noShape" | "noSection" | "tooManyParts" | "badNews"
 *     | "noKeyframe" | "desync" | "schema"} StreamErrorKind
 */

/** Bytes that no honest sender writes at this point of the stream; only a keyframe helps then. */
export class StreamError extends Error {
    /** @param {StreamErrorKind} kind @param {string} message */
    constructor(kind, message) {
        super(message);
        this.name = "StreamError";
        this.kind = kind;
    }
}
