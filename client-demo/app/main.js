/** The page: connects, shows the start screen, goes into a match and comes back out of it. */

import { connect } from "../sdk/tickwire.js";
import { Backdrop } from "./backdrop.js";
import { Camera } from "./camera.js";
import { Chat } from "./chat.js";
import { find, isOnButton } from "./dom.js";
import { Stage } from "./draw/stage.js";
import { Feed } from "./feed.js";
import { Hud } from "./hud.js";
import { Meter, SAMPLE_EVERY } from "./meter.js";
import { Panel } from "./panel.js";
import { Play } from "./play.js";
import { expose } from "./probe.js";
import { loadRules } from "./rules.js";
import { SlowSocket } from "./slow.js";
import { Sound } from "./sound.js";
import { Start, placeOfAddress } from "./start.js";
import { leaveWay, takeWay } from "./store.js";

/** @typedef {import("../sdk/client.js").Client} Client */
/** @typedef {import("../sdk/match.js").Match} Match */

const TRY_AGAIN = 1500;
/** How long somebody who plays waits for the connection to be back. */
const PATIENCE = 4000;
/** The seat is lost but the match may be there; there is no match any more. */
const SEAT_LOST = 202;
const GONE = [300, 305];
/** Beyond so many units an avatar did not run there. */
const SNAP = 3;

const desk = {
    stage: new Stage(find("arena", HTMLCanvasElement)),
    camera: new Camera(),
    hud: new Hud(),
    panel: new Panel(),
    meter: new Meter(),
    sound: new Sound(),
};
const { stage, camera, hud, panel, meter, sound } = desk;
const chat = new Chat();
const feed = new Feed();
const rules = loadRules();
const start = new Start({ play: (place) => enter(place, false), watch: (place) => enter(place, true), found });

/** @type {Client | null} */
let client = null;
/** @type {Play | null} */
let play = null;
/** @type {Backdrop | null} */
let backdrop = new Backdrop(stage, camera, sound);
/** Where one is or was last: a match's id, or the code of a private one. */
let place = "";
/** Whether that is a code: no other match is as good. */
let isInvited = false;
let isEntering = false;
/** A look from the start screen that is under way: one cannot join twice at once. */
let isGlimpsing = false;
let glimpsed = Promise.resolve();
const way = takeWay();
const arrival = reach(way?.resume);

expose(() => ({ client, match: play?.match ?? null, world: play?.world ?? null, camera }));

/**
 * Connects, for as long as it takes.
 * @param {import("./store.js").Way["resume"]} [resume]
 * @returns {Promise<Client>}
 */
async function reach(resume) {
    const url = new URL("/play", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    for (;;) {
        try {
            const made = await connect(url.href, { software: "tickwire-demo", resume, WebSocket: SlowSocket });
            start.say("");
            listen(made);
            return (client = made);
        } catch {
            resume = undefined;
            start.say("The server does not answer. Trying again…");
            await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN));
        }
    }
}

/** @param {Client} of */
function listen(of) {
    chat.attach(of);
    of.on("kill", (/** @type {any} */ kill) => {
        const player = of.match?.player ?? -1;
        const [victim, killer] = kill.players ?? [];
        feed.kill(kill, play?.world.seats.get(player)?.name ?? "");
        if (victim === player) hud.nemesis = killer === player ? "" : (kill.killer ?? "");
        else if (killer === player) {
            sound.play("kill");
            hud.cheer(`You beat ${kill.victim}`);
        }
    });
    of.on("hit", (/** @type {any} */ { damage = 10 }) => {
        hud.ouch(damage);
        camera.shake(damage / 8);
        sound.play("hurt");
    });
    of.on("round", () => sound.play("round"));
    of.on("lobby", (/** @type {any} */ { matches = [] }) => {
        start.list(matches);
        if (backdrop && !backdrop.match && !isEntering && !isGlimpsing) glimpsed = glimpse();
    });
    of.on("disconnect", (/** @type {string} */ reason) => {
        hud.alarm = "Connection lost. Coming back…";
        start.say(play ? "" : `Connection lost: ${reason}`);
    });
    of.on("reconnect", () => {
        hud.alarm = "";
        start.say("");
        if (!play) tell(of, "enter-lobby");
    });
    of.on("error", (/** @type {string} */ sentence) => chat.news(sentence));
}

/**
 * Tells the server, if there is still somebody to tell it; says whether there is.
 * @param {Client | null} of
 * @param {string} name
 */
function tell(of, name) {
    try {
        of?.emit(name);
        return true;
    } catch {
        // It is closed for good.
        return false;
    }
}

/** A client that is connected; another one, if this one does not come back. */
async function present() {
    const old = client ?? (await arrival);
    if (!old.connected && tell(old, "leave-lobby"))
        await Promise.race([
            new Promise((resolve) => old.once("connect", resolve)),
            new Promise((resolve) => setTimeout(resolve, PATIENCE)),
        ]);
    if (old.connected) return old;
    old.close();
    return reach();
}

/** Shows a live match behind the start screen, if there is one. */
async function glimpse() {
    const place = start.matches.find(({ locked, players }) => !locked && players > 0)?.match;
    if (!place || !client || client.match) return;
    isGlimpsing = true;
    try {
        const match = await client.join({ place, spectator: true, snap: SNAP });
        if (backdrop && !isEntering) backdrop.match = match;
        match.left.then(() => backdrop?.match === match && (backdrop.match = null));
    } catch {
        // The field at rest is as good.
    } finally {
        isGlimpsing = false;
    }
}

/** Into a match. @param {string} wish a place, empty for any @param {boolean} isSpectator */
async function enter(wish, isSpectator) {
    if (isEntering) return;
    isEntering = true;
    start.wait(true);
    try {
        const { encode, prediction } = await rules;
        const of = await present();
        await glimpsed;
        // What was behind the start screen, or the match before.
        if (of.match && of.match.spectator) await of.match.leave();
        const { name, hue } = start.who;
        const options = isSpectator ? undefined : { player: { hue } };
        const wishes = {
            name,
            options,
            controls: encode,
            prediction: isSpectator ? undefined : prediction,
            spectator: isSpectator,
            snap: SNAP,
        };
        const match = await of.join({ place: wish, ...wishes }).catch((error) => {
            // Where somebody was may be gone; where somebody was asked to come is not anywhere.
            if (!GONE.includes(error.code)) throw error;
            if (wish === placeOfAddress()) history.replaceState(null, "", location.pathname);
            if (wish !== place || isInvited) throw error;
            wish = "";
            return of.join(wishes);
        });
        start.say("");
        isInvited = wish !== "" && wish !== match.id;
        begin(of, match, isInvited ? wish : match.id);
    } catch (error) {
        start.say(/** @type {any} */ (error)?.reason ?? String(error));
        if (!play) home();
    } finally {
        isEntering = false;
        start.wait(false);
    }
}

/** @param {Client} of @param {Match} match @param {string} wish how it is found again */
function begin(of, match, wish) {
    backdrop?.close();
    backdrop = null;
    play?.close();
    stage.hurts.clear();
    place = wish;
    tell(of, "leave-lobby");
    feed.clear();
    chat.clear();
    hud.alarm = "";
    document.body.dataset.stage = "play";
    hud.show(true);
    stage.canvas.focus();
    const begun = (play = new Play(of, match, desk, press));
    match.left.then(({ code, reason }) => play === begun && over(code, reason));
}

/** The match is over for this page. @param {number} code @param {string} reason */
function over(code, reason) {
    const wasSpectator = play?.match.spectator ?? false;
    play?.close();
    play = null;
    if (code === SEAT_LOST || GONE.includes(code)) return void enter(code === SEAT_LOST ? place : "", wasSpectator);
    start.say(code ? reason : "");
    home();
}

/** To the start screen. */
function home() {
    document.body.dataset.stage = "start";
    hud.show(false);
    panel.toggle(false);
    backdrop ??= new Backdrop(stage, camera, sound);
    // One that is closed for good gives way to another.
    if (!tell(client, "enter-lobby")) void present().then((of) => tell(of, "enter-lobby"));
}

/** A match of one's own, and the link to it. */
async function found() {
    try {
        const of = await present();
        const answer = await of.timeout(5000).ask("create-match", { private: true });
        if (!answer?.ok) return start.say(answer?.reason ?? "No match could be made.");
        start.share(answer.code ?? answer.match);
    } catch (error) {
        start.say(/** @type {any} */ (error)?.reason ?? String(error));
    }
}

/** Keys that do something once. @param {string} code @param {KeyboardEvent} event */
function press(code, event) {
    if (code === "Enter") (event.preventDefault(), chat.open());
    else if (code === "KeyP") panel.toggle();
    else if (code === "KeyM") sound.toggle();
    else if (code === "Escape" && isOnButton()) stage.canvas.focus();
    else if (code === "Tab" && event.shiftKey) (event.preventDefault(), hud.focus());
    else if (code === "Escape") panel.isOpen ? panel.toggle() : void play?.match.leave();
    else if (code === "Tab") (event.preventDefault(), (hud.scores.isWanted = true));
}

addEventListener("keyup", ({ code }) => code === "Tab" && (hud.scores.isWanted = false));
for (const [id, act] of /** @type {[string, () => void][]} */ ([
    ["do-leave", () => play?.match.leave()],
    ["do-chat", () => chat.open()],
    ["do-scores", () => (hud.scores.isWanted = !hud.scores.isWanted)],
    ["do-sound", () => sound.toggle()],
    ["do-panel", () => panel.toggle()],
    ["watch-play", () => enter(place, false)],
])) {
    find(id, HTMLButtonElement).onclick = ({ currentTarget }) => {
        // Else a space would press it again.
        if (currentTarget instanceof HTMLElement) currentTarget.blur();
        act();
    };
}
addEventListener("pagehide", () => {
    const resume = client?.resume;
    leaveWay(play && resume ? { resume, place, isInvited, isSpectator: play.match.spectator } : null);
});
setInterval(() => {
    if (client) meter.sample(client);
    panel.draw(meter);
}, SAMPLE_EVERY);

if (way) {
    ({ place, isInvited } = way);
    await enter(place, way.isSpectator);
} else {
    tell(await arrival, "enter-lobby");
}
