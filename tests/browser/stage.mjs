// What browser tests play on: the demo's server, a road to it that can be cut and made long, and pages
// in a real browser whose errors count.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import net from "node:net";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const BINARY = process.env.DEMO_BINARY ?? "target/release/game";
export const PICTURES = process.env.DEMO_PICTURES ?? "target/browser";
mkdirSync(PICTURES, { recursive: true });

/** A server of the demo. */
export async function serve(...settings) {
    const child = spawn(BINARY, ["serve", "--listen", "127.0.0.1:0", ...settings.flatMap((it) => ["--set", it])],
        { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout });
    const port = await new Promise((found, failed) => {
        child.once("exit", (code) => failed(new Error(`the server ended with ${code}`)));
        lines.on("line", (line) => {
            const known = /hosted at \S+:(\d+)/.exec(line);
            if (known) found(Number(known[1]));
        });
    });
    return { port, stop: () => child.kill("SIGKILL") };
}

/** A road to a port: each chunk takes `delay` milliseconds and up to `jitter` more, in order. */
export async function road(port) {
    const pairs = new Set();
    const state = { delay: 0, jitter: 0, isCut: false };
    const carry = (from, to) => {
        let due = 0;
        from.on("data", (chunk) => {
            due = Math.max(due, performance.now() + state.delay + Math.random() * state.jitter);
            setTimeout(() => to.write(chunk), due - performance.now());
        });
        from.on("close", () => to.destroy());
        from.on("error", () => to.destroy());
    };
    const door = net.createServer((client) => {
        if (state.isCut) return client.destroy();
        const server = net.connect(port, "127.0.0.1");
        for (const end of [client, server]) end.setNoDelay(true);
        pairs.add(client);
        carry(client, server);
        carry(server, client);
    });
    await new Promise((open) => door.listen(0, "127.0.0.1", () => open(undefined)));
    const address = /** @type {net.AddressInfo} */ (door.address());
    return {
        port: address.port,
        lengthen: (delay, jitter) => Object.assign(state, { delay, jitter }),
        cut: () => {
            state.isCut = true;
            pairs.forEach((end) => end.destroy());
            pairs.clear();
        },
        mend: () => { state.isCut = false; },
        close: () => { door.close(); pairs.forEach((end) => end.destroy()); },
    };
}

let browser;
export async function browse() {
    browser ??= await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-background-timer-throttling", "--disable-renderer-backgrounding"],
    });
    return browser;
}

export async function closeBrowser() {
    await browser?.close();
}

/** A person's browser of its own: what it keeps, it keeps for itself. */
export async function person(options = {}) {
    const context = await (await browse()).newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const errors = [];
    /** A page of this person. */
    const open = async (url) => {
        const page = await context.newPage();
        page.on("console", (said) => {
            if (said.type() === "error") errors.push(said.text());
        });
        page.on("pageerror", (error) => errors.push(String(error)));
        await page.goto(url);
        return page;
    };
    return { open, errors, close: () => context.close() };
}

/** Presses Play, and waits for an avatar. */
export async function play(page, name) {
    await page.fill("#name", name);
    await page.click("#play");
    return until(page, (state) => state.me !== null, "an avatar");
}

/** What the page knows. */
export const state = (page) => page.evaluate(() => globalThis.tickwire.state());

/** Waits for the page to know something. */
export async function until(page, is, what, patience = 20_000) {
    const end = performance.now() + patience;
    for (;;) {
        const now = await state(page);
        if (is(now)) return now;
        assert.ok(performance.now() < end, `never ${what}: ${JSON.stringify(now)}`);
        await page.waitForTimeout(30);
    }
}

export const picture = (page, name) => page.screenshot({ path: `${PICTURES}/${name}.png` });
