/** The values of the native protocol. Reading ends with a value or a `ProtocolError`, whatever the bytes are. */

/** Something was refused, or failed. `code` is one of the protocol's, or 0. */
export class TickwireError extends Error {
    name = "TickwireError";

    /** @param {number} code @param {string} reason */
    constructor(code, reason) {
        super(reason);
        this.code = code;
        this.reason = reason;
    }
}

/** What came, or was to be sent, is not the protocol. */
export class ProtocolError extends TickwireError {
    name = "ProtocolError";

    /** @param {string} reason */
    constructor(reason) {
        super(101, reason);
    }
}

/**
 * A kind of value: how it is taken from a packet, and how it is put at the end of one.
 * @template T
 * @typedef {{ read(from: Reader): T, write(to: number[], value: T): void }} Value
 */

/** A packet that is taken apart. */
export class Reader {
    /** @param {Uint8Array} bytes */
    constructor(bytes) {
        this.bytes = bytes;
        this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        this.at = 0;
    }

    get left() {
        return this.bytes.length - this.at;
    }

    /** Goes on by so many bytes; gives where they begin. @param {number} count */
    skip(count) {
        this.at += within(count, 0, this.left);
        return this.at - count;
    }
}

/** @param {number} value @param {number} least @param {number} most */
function within(value, least, most) {
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new ProtocolError(`${value} is not within ${least} and ${most}`);
}

/** @param {number[]} to @param {Uint8Array} bytes */
function put(to, bytes) {
    for (const byte of bytes) to.push(byte);
}

/** @type {Value<number>} */
export const u8 = {
    read: (from) => from.bytes[from.skip(1)],
    write: (to, value) => void to.push(within(value, 0, 255)),
};

/** @type {Value<number>} */
export const i8 = {
    read: (from) => from.view.getInt8(from.skip(1)),
    write: (to, value) => void to.push(within(value, -128, 127) & 255),
};

/** Always two bytes. @type {Value<number>} */
export const rawU16 = {
    read: (from) => from.view.getUint16(from.skip(2), true),
    write: (to, value) => void to.push(within(value, 0, 65535) & 255, value >> 8),
};

/** @type {Value<bigint>} */
export const u64 = {
    read(from) {
        const marker = u8.read(from);
        if (marker < 251) return BigInt(marker);
        let size = 1 << (within(marker, 251, 253) - 250);
        const least = size === 2 ? 251n : 1n << BigInt(size * 4);
        let value = 0n;
        for (const at = from.skip(size); size--; ) value = (value << 8n) | BigInt(from.bytes[at + size]);
        if (value < least) throw new ProtocolError("a number is longer than it must be");
        return value;
    },
    write(to, value) {
        if (value < 0n || value >> 64n) throw new ProtocolError(`${value} has no 64 bits`);
        if (value < 251n) return void to.push(Number(value));
        const power = value >> 32n ? 3 : value >> 16n ? 2 : 1;
        to.push(250 + power);
        for (let at = 0; at < 1 << power; at++) to.push(Number((value >> BigInt(8 * at)) & 255n));
    },
};

/** @param {number} most @returns {Value<number>} */
const number = (most) => ({
    // Most numbers are small, and need not become large ones first.
    read: (from) => within(from.bytes[from.at] < 251 ? u8.read(from) : Number(u64.read(from)), 0, most),
    write: (to, value) => u64.write(to, BigInt(within(value, 0, most))),
});

export const u16 = number(0xffff);
export const u32 = number(0xffffffff);
export const length = number(Number.MAX_SAFE_INTEGER);

/** @type {Value<boolean>} */
export const bool = {
    read: (from) => within(u8.read(from), 0, 1) === 1,
    write: (to, value) => void to.push(value ? 1 : 0),
};

/** @type {Value<number>} */
export const f32 = {
    read: (from) => from.view.getFloat32(from.skip(4), true),
    write(to, value) {
        if (!Number.isFinite(Math.fround(value))) throw new ProtocolError(`${value} is not finite`);
        const bits = new DataView(new ArrayBuffer(4));
        bits.setFloat32(0, value, true);
        put(to, new Uint8Array(bits.buffer));
    },
};

/** Up to the end of the packet. @param {number} most bytes @returns {Value<Uint8Array>} */
export const raw = (most) => ({
    read: (from) => from.bytes.subarray(from.skip(within(from.left, 0, most))),
    write: (to, value) => (within(value.length, 0, most), put(to, value)),
});

/** @param {number} most bytes @returns {Value<Uint8Array>} */
export const bytes = (most) => ({
    read: (from) => from.bytes.subarray(from.skip(within(length.read(from), 0, most)), from.at),
    write: (to, value) => (length.write(to, within(value.length, 0, most)), put(to, value)),
});

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {number} most bytes @returns {Value<string>} */
export const text = (most) => ({
    read(from) {
        const read = bytes(most).read(from);
        try {
            return decoder.decode(read);
        } catch {
            throw new ProtocolError("a text is not UTF-8");
        }
    },
    write: (to, value) => bytes(most).write(to, encoder.encode(value)),
});

/** @template T @param {Value<T>} inner @returns {Value<T | null | undefined>} */
export const optional = (inner) => ({
    read: (from) => (bool.read(from) ? inner.read(from) : null),
    write(to, value) {
        bool.write(to, value != null);
        if (value != null) inner.write(to, value);
    },
});

/** Fields in order. @param {Record<string, Value<any>>} fields @returns {Value<any>} */
export const record = (fields) => ({
    read: (from) => Object.fromEntries(Object.keys(fields).map((name) => [name, fields[name].read(from)])),
    write: (to, value) => Object.keys(fields).forEach((name) => fields[name].write(to, value[name])),
});
