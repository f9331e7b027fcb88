import assert from "node:assert/strict";

/** Binary has many types on its way (Buffer, ArrayBuffer, typed arrays); what counts is its bytes. */
export function plain(value) {
  if (value instanceof ArrayBuffer) return { bytes: Buffer.from(value).toString("hex") };
  if (ArrayBuffer.isView(value)) {
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex") };
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}

const short = (value) => {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length})` : text;
};

export function same(actual, expected, what = "value") {
  const [got, wanted] = [plain(actual), plain(expected)];
  try {
    assert.deepStrictEqual(got, wanted);
  } catch {
    throw new Error(`${what} is ${short(got)} instead of ${short(wanted)}`);
  }
}

export function holds(condition, what) {
  if (!condition) throw new Error(`it does not hold that ${what}`);
}
