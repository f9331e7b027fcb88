/** Names and those who listen for them. What a listener throws is its own affair: it is reported, and others go on. */

export class Events {
    /** @type {Map<string | symbol, Function[]>} */
    #listeners = new Map();

    /** @param {string | symbol} name @param {Function} listener */
    on(name, listener) {
        this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
        return this;
    }

    /** @param {string | symbol} name @param {Function} listener */
    once(name, listener) {
        /** @param {any[]} args */
        const heard = (...args) => (this.off(name, heard), listener(...args));
        return this.on(name, heard);
    }

    /** @param {string | symbol} name @param {Function} [listener] all, if there is none */
    off(name, listener) {
        const others = (this.#listeners.get(name) ?? []).filter((other) => listener && other !== listener);
        this.#listeners.set(name, others);
        return this;
    }

    /** Tells the listeners of a name. @protected @param {string | symbol} name @param {any[]} args */
    fire(name, ...args) {
        for (const listener of this.#listeners.get(name) ?? []) {
            try {
                listener(...args);
            } catch (error) {
                queueMicrotask(() => {
                    throw error;
                });
            }
        }
    }
}
