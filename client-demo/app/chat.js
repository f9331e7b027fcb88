/** What people say, and news of who comes and goes. Enter opens it, Enter sends, Escape closes. */

import { find, make } from "./dom.js";

const LINES = 8;
const SECONDS = 9;

/** @typedef {import("../sdk/client.js").Client} Client */

export class Chat {
    #root = find("chat", HTMLElement);
    #list = find("said", HTMLElement);
    #form = find("saying", HTMLFormElement);
    #text = find("text", HTMLInputElement);
    #to = find("to", HTMLButtonElement);
    /** @type {Client | null} */
    #client = null;

    constructor() {
        this.#form.onsubmit = (event) => {
            event.preventDefault();
            this.#send();
            this.close();
        };
        this.#text.onkeydown = (event) => {
            event.stopPropagation();
            if (event.code === "Escape") this.close();
            if (event.code === "Tab") (event.preventDefault(), this.#turn());
        };
        this.#text.onblur = () => setTimeout(() => this.#form.contains(document.activeElement) || this.close(), 100);
        this.#to.onclick = () => (this.#turn(), this.#text.focus());
    }

    /** @param {Client} client */
    attach(client) {
        this.#client = client;
        client.on("said", (/** @type {any} */ { to, from, text }) =>
            this.#line(String(text), String(from?.name ?? "?"), to),
        );
        client.on("came", (/** @type {any} */ { name }) => this.news(`${name} joined`));
        client.on("went", (/** @type {any} */ { name }) => this.news(`${name} left`));
        client.on("announcement", (/** @type {any} */ said) =>
            this.news(typeof said === "string" ? said : (said?.text ?? "")),
        );
        client.on("draining", () => this.news("The server is about to stop: this match goes on until it has to end."));
    }

    get isOpen() {
        return !this.#form.hidden;
    }

    open() {
        this.#form.hidden = false;
        this.#root.classList.add("open");
        this.#text.focus();
    }

    close() {
        this.#form.hidden = true;
        this.#root.classList.remove("open");
        this.#text.blur();
    }

    clear() {
        this.#list.replaceChildren();
    }

    /** @param {string} text */
    news(text) {
        if (text) this.#add(make("li", "news", text));
    }

    #turn() {
        this.#to.textContent = this.#to.textContent === "match" ? "team" : "match";
    }

    async #send() {
        const text = this.#text.value.trim();
        const to = this.#to.textContent ?? "match";
        this.#text.value = "";
        if (!text || !this.#client) return;
        try {
            const answer = await this.#client.timeout(5000).ask("say", { to, text });
            // Who speaks hears no echo.
            if (answer?.ok) this.#line(text, "You", to);
            else this.news(answer?.reason ?? "That was not passed on.");
        } catch {
            this.news("That was not passed on.");
        }
    }

    /** @param {string} text @param {string} name @param {string} to */
    #line(text, name, to) {
        this.#add(make("li", "", make("b", "", to === "match" ? name : `${name} (${to})`), ` ${text}`));
    }

    /** @param {HTMLElement} line */
    #add(line) {
        this.#list.append(line);
        while (this.#list.children.length > LINES) this.#list.firstElementChild?.remove();
        setTimeout(() => line.classList.add("old"), SECONDS * 1000);
    }
}
