/** One match on the screen, from joining to leaving: reads the hands, tells the server, draws. */

import { Hands } from "./controls.js";
import { isStill } from "./dom.js";
import { Watcher } from "./spectate.js";
import { Witness } from "./witness.js";
import { World } from "./world.js";

/** Elements of the page change so often, in milliseconds. */
const HUD_EVERY = 80;
/** How far ahead of the avatar the eye is, where the mouse is at the edge. */
const PEEK = 0.16;

/** @typedef {import("../sdk/client.js").Client} Client */
/** @typedef {import("../sdk/match.js").Match} Match */
/**
 * What is on the page for all matches.
 * @typedef {object} Desk
 * @property {import("./draw/stage.js").Stage} stage
 * @property {import("./camera.js").Camera} camera
 * @property {import("./hud.js").Hud} hud
 * @property {import("./panel.js").Panel} panel
 * @property {import("./meter.js").Meter} meter
 * @property {import("./sound.js").Sound} sound
 */

export class Play {
    world = new World();
    #frame = 0;
    #timer;
    #last = performance.now();
    /** When the next input is due. */
    #due = performance.now();
    #drawn = 0;

    /** @param {Client} client @param {Match} match @param {Desk} desk @param {(code: string, event: KeyboardEvent) => void} press */
    constructor(client, match, desk, press) {
        this.client = client;
        this.match = match;
        this.desk = desk;
        const { canvas } = desk.stage;
        this.hands = new Hands(canvas, (code, event) => {
            this.watcher?.press(code);
            press(code, event);
        });
        this.watcher = match.spectator ? new Watcher(match, canvas, this.hands.keys.stop.signal) : null;
        this.witness = new Witness(desk.stage, desk.camera, desk.sound);
        desk.hud.nemesis = "";
        desk.panel.attach(match);
        desk.meter.attach(match);
        // A hidden page gets no frames, but its player still stands in the field.
        this.#timer = setInterval(() => this.#tell(performance.now()), 1000 / match.tickRate);
        this.#frame = requestAnimationFrame((now) => this.#draw(now));
    }

    /** Says what the hands do, once a tick. @param {number} now */
    #tell(now) {
        const { match, desk } = this;
        if (match.spectator || now < this.#due) return;
        const period = 1000 / match.tickRate;
        this.#due = Math.max(this.#due + period, now - period);
        const tick = match.input(this.hands.read(desk.camera, this.world.me));
        if (tick !== null) desk.meter.said(tick, match.serverTick());
    }

    /** @param {number} now */
    #draw(now) {
        this.#frame = requestAnimationFrame((next) => this.#draw(next));
        const { match, world, desk } = this;
        const { stage, camera, hud, panel, meter } = desk;
        const seconds = Math.min(0.1, Math.max(0, now - this.#last) / 1000);
        this.#last = now;
        meter.frames++;
        const controls = this.hands.read(camera, world.me);
        if (!match.spectator) match.controls = controls;
        this.#tell(performance.now());
        stage.frame(camera);
        world.read(match);
        this.#aim(controls);
        this.#move(seconds, controls);
        this.witness.see(world, now);
        stage.effects.pass(seconds);
        stage.ghosts = panel.showsGhosts ? ghosts(match) : [];
        stage.draw(world, camera, now);
        hud.fade(world, seconds);
        if (now - this.#drawn < HUD_EVERY) return;
        this.#drawn = now;
        hud.draw(world, match, camera, meter.last("trip"), this.hands.keys.weapon);
    }

    /** The own avatar looks where the hand points, at once: the rest of it may still wait for the server. @param {import("./controls.js").Controls} controls */
    #aim({ aim }) {
        if (this.world.me && this.match.prediction?.enabled) this.world.me.aim = (aim / 65536) * 2 * Math.PI;
    }

    /** @param {number} seconds @param {import("./controls.js").Controls} controls */
    #move(seconds, { move_x, move_y }) {
        const { camera } = this.desk;
        const { me, side } = this.world;
        if (this.watcher) return this.watcher.update(this.world, camera, seconds, { x: move_x / 127, y: move_y / 127 });
        if (!me) return camera.follow(camera.x, camera.y, seconds);
        const { mouse } = this.hands.keys;
        const peek = mouse && !this.hands.touch.isUsed && !isStill() ? PEEK / camera.scale : 0;
        camera.follow(me.x + ((mouse?.x ?? 0) - camera.width / 2) * peek, me.y + ((mouse?.y ?? 0) - camera.height / 2) * peek, seconds);
        camera.clamp(side);
    }

    close() {
        cancelAnimationFrame(this.#frame);
        clearInterval(this.#timer);
        this.hands.close();
        this.desk.panel.attach(null);
    }
}

/** Where the last packet had everybody. @param {Match} match */
function ghosts({ view }) {
    const bodies = [...view.entities()].map((id) => view.get(id, "Body"));
    return bodies.filter((body) => body !== undefined);
}
