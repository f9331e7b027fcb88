// Chance that is the same each time.

/** Numbers from 0 to below 1. */
export function chance(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

/** What happens in the order of its time. */
export class Timeline {
    now = 0;
    #due = [];
    #count = 0;

    at(time, act) {
        this.#due.push({ time, order: this.#count++, act });
        this.#due.sort((a, b) => a.time - b.time || a.order - b.order);
    }

    runTo(end) {
        while (this.#due[0]?.time <= end) {
            const { time, act } = this.#due.shift();
            this.now = Math.max(this.now, time);
            act();
        }
        this.now = end;
    }
}

/** One way of a reliable link: late by chance, in order. */
export function way(timeline, random, latency, jitter) {
    let last = 0;
    return (act) => {
        last = Math.max(last, timeline.now + latency + random() * jitter);
        timeline.at(last, act);
    };
}
