/** Sounds, made on the spot; off until somebody wants them. Farther ones are fainter. */

import { find } from "./dom.js";
import { keep, kept } from "./store.js";

/** @typedef {{ from: number, to: number, seconds: number, loud: number, wave?: OscillatorType, noise?: number }} Tone frequencies in hertz; `noise` is where its filter ends */
/** @type {Record<string, Tone>} */
const TONES = {
    Blaster: { from: 880, to: 220, seconds: 0.09, loud: 0.14, wave: "square" },
    Scatter: { from: 240, to: 70, seconds: 0.16, loud: 0.2, wave: "sawtooth", noise: 2600 },
    Rocket: { from: 130, to: 50, seconds: 0.34, loud: 0.22, wave: "triangle", noise: 900 },
    blast: { from: 110, to: 28, seconds: 0.6, loud: 0.5, wave: "sine", noise: 500 },
    hurt: { from: 200, to: 90, seconds: 0.15, loud: 0.32, wave: "sawtooth" },
    end: { from: 520, to: 60, seconds: 0.4, loud: 0.26, wave: "triangle", noise: 1500 },
    kill: { from: 660, to: 1320, seconds: 0.14, loud: 0.22, wave: "triangle" },
    take: { from: 520, to: 1040, seconds: 0.12, loud: 0.2, wave: "sine" },
    round: { from: 392, to: 784, seconds: 0.6, loud: 0.28, wave: "triangle" },
};
/** Beyond so many units nothing is heard. */
const EARSHOT = 26;
const AT_ONCE = 12;

export class Sound {
    isOn = false;
    /** @type {AudioContext | null} */
    #context = null;
    /** @type {AudioBuffer | null} */
    #hiss = null;
    #playing = 0;

    constructor() {
        // A browser lets no page sound before it was touched: a wish of last time waits for that.
        if (kept("sound") === "on") addEventListener("pointerdown", () => this.isOn || this.toggle(), { once: true });
    }

    toggle() {
        this.isOn = !this.isOn;
        keep("sound", this.isOn ? "on" : "off");
        find("do-sound", HTMLElement).setAttribute("aria-pressed", String(this.isOn));
        if (!this.isOn || this.#context) return;
        const context = (this.#context = new AudioContext());
        this.#hiss = context.createBuffer(1, context.sampleRate, context.sampleRate);
        this.#hiss.getChannelData(0).forEach((_, at, data) => (data[at] = Math.random() * 2 - 1));
    }

    /** @param {string} name @param {number} distance units @param {number} side from -1, left, to 1 */
    play(name, distance = 0, side = 0) {
        const context = this.#context;
        const tone = TONES[name];
        const near = (1 - distance / EARSHOT) ** 2;
        if (!this.isOn || !context || !tone || distance > EARSHOT || this.#playing > AT_ONCE) return;
        const [now, end] = [context.currentTime, context.currentTime + tone.seconds];
        const loudness = context.createGain();
        loudness.gain.setValueAtTime(tone.loud * near, now);
        loudness.gain.exponentialRampToValueAtTime(0.0008, end);
        const pan = context.createStereoPanner();
        pan.pan.value = Math.min(0.8, Math.max(-0.8, side));
        loudness.connect(pan).connect(context.destination);
        const voice = context.createOscillator();
        voice.type = tone.wave ?? "sine";
        voice.frequency.setValueAtTime(tone.from, now);
        voice.frequency.exponentialRampToValueAtTime(tone.to, end);
        voice.connect(loudness);
        this.#playing++;
        voice.onended = () => void this.#playing--;
        voice.start(now);
        voice.stop(end);
        if (tone.noise) this.#rush(context, loudness, tone.noise, now, end);
    }

    /** @param {AudioContext} context @param {AudioNode} to @param {number} top @param {number} from @param {number} end */
    #rush(context, to, top, from, end) {
        const source = context.createBufferSource();
        source.buffer = this.#hiss;
        const filter = context.createBiquadFilter();
        filter.frequency.setValueAtTime(top * 3, from);
        filter.frequency.exponentialRampToValueAtTime(top / 4, end);
        source.connect(filter).connect(to);
        source.start(from, Math.random() * 0.3);
        source.stop(end);
    }
}
