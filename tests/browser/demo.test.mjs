// The demo as people meet it, in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { closeBrowser, person, picture, play, road, serve, state, until } from "./stage.mjs";

/** @type {{ port: number, stop: () => void }} */
let server;
/** Where nothing is left to chance. @type {typeof server} */
let range;
const url = (place = "", of = server) => `http://127.0.0.1:${of.port}/${place}`;

before(async () => { server = await serve(); });
after(async () => {
    server.stop();
    range?.stop();
    await closeBrowser();
});

test("two tabs are in one match with bots, and see each other run", async () => {
    const [ann, bob] = [await person(), await person()];
    const [first, second] = [await ann.open(url()), await bob.open(url())];
    const joined = [];
    for (const [page, name] of [[first, "Ann"], [second, "Bob"]]) {
        const began = performance.now();
        await play(page, name);
        joined.push(Math.round(performance.now() - began));
    }
    const both = await until(second, (it) => it.players === 2, "two players");
    assert.ok(both.bots > 0 && both.match === (await state(first)).match, JSON.stringify(both));
    console.log(`joined in ${joined.join(" and ")} ms`);
    const id = (await until(first, (it) => it.me !== null, "an avatar")).me.id;
    const seenBy = (page) => page.evaluate((it) => globalThis.tickwire.match.at().get(it)?.Body, id);
    let before;
    for (let tries = 0; tries < 100 && !before; tries += 1) {
        before = await seenBy(second);
        await second.waitForTimeout(30);
    }
    assert.ok(before, "Bob sees Ann");
    await first.keyboard.down("d");
    await first.keyboard.down("s");
    await first.waitForTimeout(700);
    await first.keyboard.up("d");
    await first.keyboard.up("s");
    const after = await seenBy(second);
    // Unless a bot was quicker.
    const isGone = (await state(first)).me?.id !== id;
    assert.ok(isGone || Math.hypot(after.x - before.x, after.y - before.y) > 1, "Bob sees Ann run");
    await picture(first, "play");
    assert.deepEqual([...ann.errors, ...bob.errors], []);
    await ann.close();
    await bob.close();
});

test("who shoots hits, beats somebody, and has the points", async () => {
    // An open field, no bots, and a target that stands still.
    range = await serve('modes=[{name="range",players=2,options={walls=false,side=24,bots=0,seconds=0,goal=0}}]');
    const [ann, bob] = [await person(), await person()];
    const [page, other] = [await ann.open(url("", range)), await bob.open(url("", range))];
    await play(page, "Ann");
    await play(other, "Bob");
    await until(page, (it) => it.players === 2, "two players");
    // A hand that aims at the other, and walks there until it is near.
    await page.evaluate(() => {
        const { tickwire } = /** @type {any} */ (globalThis);
        const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector("#arena"));
        const hold = (key, isDown) => dispatchEvent(new KeyboardEvent(isDown ? "keydown" : "keyup", { code: `Key${key}`, bubbles: true }));
        setInterval(() => {
            const { match, world, camera } = tickwire;
            const me = world?.me;
            if (!match || !me) return;
            const other = [...match.at()].find(([id, it]) => it.Body && id !== me.id)?.[1].Body;
            if (!other) return;
            const [x, y] = [other.x - me.x, other.y - me.y];
            for (const [key, way] of [["D", x], ["A", -x], ["S", y], ["W", -y]]) hold(key, way > 4);
            const at = {
                clientX: camera.width / 2 + (other.x - camera.x) * camera.scale,
                clientY: camera.height / 2 + (other.y - camera.y) * camera.scale,
            };
            canvas.dispatchEvent(new PointerEvent("pointermove", { ...at, pointerType: "mouse", bubbles: true }));
        }, 30);
    });
    await page.mouse.move(700, 400);
    await page.mouse.down();
    const score = () => page.evaluate(() => {
        const { match } = /** @type {any} */ (globalThis).tickwire;
        const own = [...match.view.entities()].find((id) => match.view.owner(id) === match.player && match.view.get(id, "Score"));
        return own === undefined ? null : match.view.get(own, "Score");
    });
    const end = performance.now() + 60_000;
    while (!((await score())?.kills > 0)) {
        assert.ok(performance.now() < end, `nobody was beaten: ${JSON.stringify([await state(page), await state(other)])}`);
        await page.waitForTimeout(200);
    }
    assert.ok((await score()).points > 0, JSON.stringify(await score()));
    await picture(page, "fight");
    await page.mouse.up();
    assert.deepEqual([...ann.errors, ...bob.errors], []);
    await ann.close();
    await bob.close();
});

test("weapons and the dash are pressed by keys and by what reads the page, and once by a pointer", async () => {
    const ann = await person();
    const page = await ann.open(url());
    await play(page, "Ann");
    const held = (at) => page.waitForSelector(`[data-weapon="${at}"][aria-pressed="true"]`, { timeout: 10_000 });
    await held(0);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await held(1);
    assert.ok(await page.isHidden("#saying"), "the button heard the key, not the chat");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await held(2);
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "arena");
    await page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector("[data-weapon='0']")).click());
    await held(0);
    await page.hover("[data-weapon='1']");
    await page.mouse.down();
    await held(1);
    await page.keyboard.press("3");
    await held(2);
    await page.mouse.up();
    await page.waitForTimeout(300);
    await held(2);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "arena", "a pointer leaves the focus alone");
    await page.waitForSelector("#dash.ready");
    await page.focus("#dash");
    // Who stands has no way to dash.
    await page.keyboard.down("d");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#dash[aria-disabled='true']", { timeout: 10_000 });
    await page.keyboard.up("d");
    assert.deepEqual(ann.errors, []);
    await ann.close();
});

test("what one says the other reads", async () => {
    const [ann, bob] = [await person(), await person()];
    const [first, second] = [await ann.open(url()), await bob.open(url())];
    await play(first, "Ann");
    await play(second, "Bob");
    await first.keyboard.press("Enter");
    await first.fill("#text", "hello over there");
    await first.keyboard.press("Enter");
    await second.waitForSelector("#said >> text=hello over there", { timeout: 10_000 });
    assert.deepEqual([...ann.errors, ...bob.errors], []);
    await ann.close();
    await bob.close();
});

test("whoever reloads the page is back in the same seat", async () => {
    const ann = await person();
    const page = await ann.open(url());
    await play(page, "Ann");
    const seat = () => page.evaluate(() => [globalThis.tickwire.match.id, globalThis.tickwire.match.player]);
    const before = await seat();
    await page.reload();
    await until(page, (it) => it.me !== null, "back");
    assert.deepEqual(await seat(), before);
    assert.deepEqual(ann.errors, []);
    await ann.close();
});

test("who loses the server for five seconds comes back to the same seat", async () => {
    const way = await road(server.port);
    const ann = await person();
    const page = await ann.open(`http://127.0.0.1:${way.port}/`);
    await play(page, "Ann");
    const player = await page.evaluate(() => globalThis.tickwire.match.player);
    way.cut();
    await until(page, (it) => !it.connected, "noticed");
    await picture(page, "lost");
    await page.waitForTimeout(5000);
    way.mend();
    const { tick } = await state(page);
    await until(page, (it) => it.connected && it.tick > tick + 5 && it.me !== null, "back");
    assert.equal(await page.evaluate(() => globalThis.tickwire.match.player), player);
    // Connections that were refused meanwhile are errors to the browser, and to nobody else.
    assert.deepEqual(ann.errors.filter((it) => !it.includes("WebSocket connection")), []);
    await ann.close();
    way.close();
});

test("on a phone there is room for everything, and sticks move the avatar", async () => {
    const ann = await person({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const page = await ann.open(url());
    await picture(page, "phone-start");
    await play(page, "Ann");
    const before = (await state(page)).me;
    const touch = await page.context().newCDPSession(page);
    const at = (x, y) => [{ x, y, id: 1 }];
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: at(90, 640) });
    await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(140, 640) });
    await page.waitForTimeout(250);
    await touch.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: at(140, 600) });
    await page.waitForTimeout(700);
    await picture(page, "phone");
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    const after = (await state(page)).me;
    assert.ok(before.id !== after?.id || Math.hypot(after.x - before.x, after.y - before.y) > 0.5, "it moved");
    const [width, scroll] = await page.evaluate(() => [innerWidth, document.documentElement.scrollWidth]);
    assert.ok(scroll <= width, "nothing is beyond the edge");
    assert.deepEqual(ann.errors, []);
    await ann.close();
});

test("who watches sees the match and plays no part in it", async () => {
    const [ann, eve] = [await person(), await person()];
    const [first, second] = [await ann.open(url()), await eve.open(url())];
    await play(first, "Ann");
    const { match } = await until(first, (it) => it.players > 0, "players");
    await second.click("#watch-any");
    const seen = await until(second, (it) => it.match !== null && it.players > 0, "watching");
    assert.deepEqual([seen.match, seen.me], [match, null]);
    await second.waitForTimeout(500);
    await picture(second, "watching");
    assert.deepEqual([...ann.errors, ...eve.errors], []);
    await ann.close();
    await eve.close();
});

test("a private match is entered by its link and by nobody else", async () => {
    const [ann, bob] = [await person(), await person()];
    const first = await ann.open(url());
    await first.fill("#name", "Ann");
    await first.click("#private");
    const link = await first.waitForFunction(() => /** @type {HTMLInputElement} */ (document.querySelector("#link"))?.value);
    const { match } = await play(first, "Ann");
    const second = await bob.open(await link.jsonValue());
    await play(second, "Bob");
    assert.equal((await state(second)).match, match);
    const listed = await (await fetch(url("api/matches"))).json();
    assert.ok(listed.matches.every((it) => it.match !== match));
    assert.deepEqual([...ann.errors, ...bob.errors], []);
    await ann.close();
    await bob.close();
});

test("the panel shows the timings", async () => {
    const ann = await person();
    const page = await ann.open(url());
    const loaded = await page.evaluate(() => performance.getEntriesByType("navigation")[0].toJSON().loadEventEnd);
    await play(page, "Ann");
    await page.keyboard.press("p");
    await page.waitForTimeout(2500);
    await picture(page, "panel");
    console.log(`loaded in ${Math.round(loaded)} ms, round trip ${(await state(page)).rtt_ms.toFixed(1)} ms`);
    assert.deepEqual(ann.errors, []);
    await ann.close();
});

test("the stock Socket.IO client joins the same match, and chats with those of the game", async () => {
    const [ann, bob] = [await person(), await person()];
    const first = await ann.open(url());
    await play(first, "Ann");
    const { match } = await state(first);
    const second = await bob.open("about:blank");
    const vendor = new URL("../node_modules/socket.io-client/dist/socket.io.js", import.meta.url).pathname;
    await second.route("**/vendor/socket.io.js", (route) => route.fulfill({ path: vendor, contentType: "text/javascript" }));
    await second.goto(url(`socketio.html#match=${match}`));
    await second.waitForSelector(`#log >> text=In match ${match}`, { timeout: 10_000 });
    await second.waitForFunction(() => /\d+ (entities|packets)/.test(document.querySelector("#about")?.textContent ?? ""));
    await second.fill("#text", "hello from the other door");
    await second.click("#saying button");
    await first.waitForSelector("#said >> text=hello from the other door", { timeout: 10_000 });
    await picture(second, "socketio");
    assert.deepEqual([...ann.errors, ...bob.errors], []);
    await ann.close();
    await bob.close();
});

test("a page without any socket draws the public state of a match", async () => {
    const [ann, eve] = [await person(), await person()];
    const first = await ann.open(url());
    await play(first, "Ann");
    const page = await eve.open(url("poll.html"));
    await page.waitForSelector("#rows >> text=Ann", { timeout: 10_000 });
    await page.waitForTimeout(1200);
    await picture(page, "poll");
    assert.deepEqual([...ann.errors, ...eve.errors], []);
    await ann.close();
    await eve.close();
});
