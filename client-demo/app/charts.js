/** Small charts: the last seconds as a line or as bars, with the newest value in figures. */

import { fit, make, pen, say } from "./dom.js";
import { SAMPLES } from "./meter.js";

/**
 * @typedef {object} Plan
 * @property {string} title
 * @property {string} meaning one plain sentence
 * @property {import("./meter.js").Kind} kind
 * @property {number} most what the chart reaches to at least
 * @property {(value: number) => string} text
 * @property {string} colour
 * @property {boolean} [bars]
 */

export class Chart {
    element;
    #value;
    #canvas;
    #pen;
    #most;

    /** @param {Plan} plan */
    constructor(plan) {
        this.plan = plan;
        this.#most = plan.most;
        this.#value = make("b");
        this.#canvas = /** @type {HTMLCanvasElement} */ (make("canvas"));
        this.#pen = pen(this.#canvas);
        this.element = make("section", "chart", make("h4", "", plan.title), this.#value, this.#canvas, make("p", "", plan.meaning));
    }

    /** @param {number[]} series */
    draw(series) {
        const { text, colour, bars, most } = this.plan;
        say(this.#value, text(series.at(-1) ?? 0));
        fit(this.#canvas);
        const { width, height } = this.#canvas;
        const pen = this.#pen;
        // The scale grows at once and shrinks slowly.
        const wanted = Math.max(most, ...series) * 1.08;
        this.#most = Math.max(wanted, this.#most + (wanted - this.#most) * 0.04);
        pen.clearRect(0, 0, width, height);
        pen.fillStyle = "#1d3138";
        for (let second = 0; second < SAMPLES / 10; second++) pen.fillRect(Math.round((second / (SAMPLES / 10)) * width), height - (second % 4 ? 4 : height), 1, height);
        const step = width / (SAMPLES - 1);
        const x = (/** @type {number} */ at) => width - (series.length - 1 - at) * step;
        const y = (/** @type {number} */ value) => height - (Math.max(0, value) / this.#most) * (height - 3) - 1;
        pen.strokeStyle = pen.fillStyle = colour;
        if (bars) return series.forEach((value, at) => value && pen.fillRect(x(at) - step, y(value), Math.max(2, step), height - y(value)));
        if (series.length < 2) return;
        pen.lineWidth = Math.max(1.5, height / 40);
        pen.lineJoin = "round";
        pen.beginPath();
        series.forEach((value, at) => (at ? pen.lineTo(x(at), y(value)) : pen.moveTo(x(at), y(value))));
        pen.stroke();
        pen.lineTo(width, height);
        pen.lineTo(x(0), height);
        pen.globalAlpha = 0.16;
        pen.fill();
        pen.globalAlpha = 1;
    }
}
