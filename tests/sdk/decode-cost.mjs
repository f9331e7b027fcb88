// What it costs to decode 200 entities that move: microseconds per packet, after the engine has warmed up.
// It measures and asserts nothing, since a machine's speed is no property of the code; `docs/performance.md`
// has what it came to.
//
//     node tests/sdk/decode-cost.mjs

import { Replica } from "../../client-demo/sdk/stream/replica.js";
import { bytes, golden } from "./goldens.js";

const ROUNDS = 60;
const { schema, lines } = golden("crowd");
const packets = lines.slice(1).map((step) => bytes(step.packet));
const isKeyframe = (packet) => packet[0] >> 7 === 1;
const plain = packets.filter((packet) => !isKeyframe(packet));
const length = plain.reduce((sum, packet) => sum + packet.length, 0) / plain.length;
console.log(`${plain.length} packets of ${length.toFixed(0)} bytes on average, 200 entities`);

/** Microseconds per packet in each round; `read` is done after each packet. */
function measure(read) {
    const costs = [], keyframes = [];
    for (let round = 0; round < ROUNDS; round++) {
        const replica = new Replica(schema, 1, false);
        let cost = 0;
        for (const packet of packets) {
            const begin = performance.now();
            replica.receive(packet);
            read(replica);
            const took = 1000 * (performance.now() - begin);
            if (isKeyframe(packet)) keyframes.push(took);
            else cost += took;
        }
        costs.push(cost / plain.length);
    }
    const first = costs[0].toFixed(0);
    const [packet, keyframe] = [costs, keyframes].map((all) => {
        all.sort((a, b) => a - b);
        return `${all[all.length >> 1].toFixed(0)} (best ${all[0].toFixed(0)})`;
    });
    return `${packet} µs a packet, ${keyframe} µs a keyframe; in the first round ${first} µs a packet`;
}

console.log("decoded:            ", measure(() => {}));
console.log("and read as objects:", measure((replica) => {
    for (const id of replica.entities()) replica.get(id, "Body");
}));
