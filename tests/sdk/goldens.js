// The goldens that the server's own tests write: packets as they were sent, and what came of them.

import { readFileSync } from "node:fs";
import { lanesChecksum } from "../../client-demo/sdk/stream/checksum.js";
import { Prediction } from "../../client-demo/sdk/stream/prediction.js";
import { parseSchema } from "../../client-demo/sdk/stream/schema.js";

/** The schema of a golden, and its other lines. */
export function golden(name) {
    const text = readFileSync(new URL(`../golden/${name}.jsonl`, import.meta.url), "utf8");
    const [first, ...lines] = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    return { schema: parseSchema(new TextEncoder().encode(first.schema)), lines };
}

export const bytes = (base64) => new Uint8Array(Buffer.from(base64, "base64"));

/** What was predicted for the tick of a step. */
export function predictionOf(step) {
    const prediction = new Prediction();
    for (const [id, component, lanes] of step.predicted ?? []) prediction.set(id, component, lanes);
    return prediction;
}

/** What all lanes in view add up to. */
export function checksum(replica) {
    let sum = 0;
    for (const id of replica.entities()) {
        for (const name of replica.components(id)) {
            const component = replica.schema.find(name), lanes = replica.lanes(id, component);
            sum = (sum + lanesChecksum(id, component, lanes, 0, lanes.length)) >>> 0;
        }
    }
    return sum;
}

/** Changes as numbers: each list behind its length. */
export function flat({ added, changed, lost, removed }) {
    return [added, changed, lost, removed].map((list) => list.flat()).flatMap((list) => [list.length, ...list]);
}

export function sumOf(numbers) {
    return lanesChecksum(0, 0, numbers, 0, numbers.length) >>> 0;
}
