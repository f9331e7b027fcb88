/** The panel of timings: what a connection does to a game, in charts, and sliders to make it worse. */

import { Chart } from "./charts.js";
import { find, make } from "./dom.js";
import { cut, weather } from "./slow.js";

const ms = (/** @type {number} */ value) => `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ms`;
const bytes = (/** @type {number} */ value) =>
    value < 10_000 ? `${Math.round(value)} B/s` : `${(value / 1000).toFixed(1)} kB/s`;

/** @type {import("./charts.js").Plan[]} */
const PLANS = [
    {
        kind: "trip",
        title: "Round trip",
        most: 60,
        text: ms,
        colour: "#f1e7d1",
        meaning:
            "How long the last ping took to the server and back. Without prediction your own keys would feel this slow.",
    },
    {
        kind: "jitter",
        title: "Jitter",
        most: 20,
        text: ms,
        colour: "#f1e7d1",
        meaning: "How much longer than the quickest the other pings take.",
    },
    {
        kind: "late",
        title: "Packet lateness",
        most: 40,
        text: ms,
        colour: "#ffb938",
        meaning:
            "How late packets come against the server's even beat. Others are drawn that far in the past, so that they never stutter.",
    },
    {
        kind: "lead",
        title: "Input lead",
        most: 3,
        text: (value) => `${value.toFixed(1)} ticks`,
        colour: "#ffb938",
        meaning:
            "How many ticks ahead of the server your keys are meant for: just enough to arrive before they are needed.",
    },
    {
        kind: "fixes",
        title: "Corrections",
        most: 2,
        text: (value) => `${value}`,
        colour: "#ff5a3c",
        bars: true,
        meaning: "Each bar is a time the server knew better than your prediction. What it said is blended in.",
    },
    {
        kind: "in",
        title: "Received",
        most: 2000,
        text: bytes,
        colour: "#86df8f",
        meaning: "Only what changed is sent, and nothing about you as long as you predict yourself rightly.",
    },
    {
        kind: "out",
        title: "Sent",
        most: 800,
        text: bytes,
        colour: "#6fe0ea",
        meaning: "Your keys, once a tick, with a checksum of what they came to.",
    },
    {
        kind: "outbox",
        title: "Outbox",
        most: 100,
        text: (value) => `${Math.round(value)} B`,
        colour: "#6fe0ea",
        bars: true,
        meaning: "What you said that has not left yet. It fills when the connection stalls.",
    },
    {
        kind: "frames",
        title: "Frames",
        most: 60,
        text: (value) => `${Math.round(value)} /s`,
        colour: "#f1e7d1",
        meaning: "How often your screen is drawn. The server ticks 20 times; the rest is made up in between.",
    },
];

/**
 * @typedef {{ title: string, key: "latency" | "jitter" | "stalls", most: number, step: number, text: (value: number) => string }} Slider
 */
/** @type {Slider[]} */
const SLIDERS = [
    { title: "Added latency", key: "latency", most: 400, step: 10, text: (value) => `${value} ms` },
    { title: "Added jitter", key: "jitter", most: 100, step: 5, text: (value) => `${value} ms` },
    { title: "Stalls", key: "stalls", most: 30, step: 1, text: (value) => `${value} /min` },
];

export class Panel {
    isOpen = false;
    /** Whether the server's truth is drawn. */
    showsGhosts = false;
    /** @type {import("../sdk/match.js").Match | null} */
    #match = null;
    /** What is switched, also for the next match. */
    #on = { prediction: true, interpolation: true };
    #charts = PLANS.map((plan) => new Chart(plan));
    #element = find("panel", HTMLElement);
    #button = find("do-panel", HTMLButtonElement);

    constructor() {
        const close = make("button", "", "Close");
        close.onclick = () => this.toggle();
        const ghosts = this.#toggle("Ghosts", false, (on) => void (this.showsGhosts = on));
        const prediction = this.#toggle("Prediction", true, (on) => this.#set("prediction", on));
        const interpolation = this.#toggle("Interpolation", true, (on) => this.#set("interpolation", on));
        this.#element.append(
            make("header", "", make("h2", "", "Timings"), close),
            make(
                "p",
                "",
                "You play ahead of the server and see the others a little behind it. See by how much, then make it worse.",
            ),
            ...SLIDERS.map((slider) => this.#slider(slider)),
            make("div", "switches", prediction, interpolation, ghosts, this.#cutter()),
            make(
                "p",
                "",
                "What is late stays in order, as with TCP. Without prediction your keys wait for the server; without interpolation the others jump from tick to tick. Ghosts are what the last packet said.",
            ),
            ...this.#charts.map((chart) => chart.element),
        );
    }

    /** @param {import("../sdk/match.js").Match | null} match */
    attach(match) {
        this.#match = match;
        this.#apply();
    }

    toggle(isOpen = !this.isOpen) {
        this.isOpen = isOpen;
        this.#element.hidden = !isOpen;
        this.#button.setAttribute("aria-pressed", String(isOpen));
        document.body.classList.toggle("panel", isOpen);
    }

    /** @param {import("./meter.js").Meter} meter */
    draw(meter) {
        if (this.isOpen) for (const chart of this.#charts) chart.draw(meter.series[chart.plan.kind]);
    }

    /** @param {"prediction" | "interpolation"} name @param {boolean} isOn */
    #set(name, isOn) {
        this.#on[name] = isOn;
        this.#apply();
    }

    #apply() {
        if (!this.#match) return;
        if (this.#match.prediction) this.#match.prediction.enabled = this.#on.prediction;
        if (this.#match.interpolation) this.#match.interpolation.enabled = this.#on.interpolation;
    }

    /** @param {string} title @param {boolean} isOn @param {(isOn: boolean) => void} act */
    #toggle(title, isOn, act) {
        const button = make("button", "switch", title);
        button.setAttribute("aria-pressed", String(isOn));
        button.onclick = () => {
            isOn = !isOn;
            button.setAttribute("aria-pressed", String(isOn));
            act(isOn);
        };
        return button;
    }

    #cutter() {
        const button = make("button", "switch cut", "Disconnect");
        button.onclick = () => {
            cut(!weather.isCut);
            button.textContent = weather.isCut ? "Reconnect" : "Disconnect";
        };
        return button;
    }

    /** @param {Slider} slider */
    #slider({ title, key, most, step, text }) {
        const range = /** @type {HTMLInputElement} */ (make("input"));
        Object.assign(range, {
            type: "range",
            min: "0",
            max: String(most),
            step: String(step),
            value: String(weather[key]),
            name: key,
        });
        const output = make("output", "", text(weather[key]));
        range.oninput = () => {
            weather[key] = Number(range.value);
            output.textContent = text(weather[key]);
        };
        return make("label", "dial", title, range, output);
    }
}
