/**
 * What a scene says, by kind, as the page draws it. Servers that lack a component are borne: what is not known is empty.
 */

import { coatOf } from "./palette.js";

/** @typedef {import("../sdk/match.js").Match} Match */
/** @typedef {import("./palette.js").Coat} Coat */
/** @typedef {{ x: number, y: number, width: number, height: number }} Box */
/**
 * @typedef {object} Seat a player as the table has it
 * @property {number} id its entity
 * @property {number} player
 * @property {string} name
 * @property {number} hue
 * @property {string | null} side
 * @property {boolean} isBot
 * @property {number | null} avatar
 * @property {number | null} returns
 * @property {number} points
 * @property {number} kills
 * @property {number} deaths
 * @property {Coat} coat
 */
/**
 * @typedef {object} Avatar
 * @property {number} id
 * @property {number} player
 * @property {number} x
 * @property {number} y
 * @property {number} aim
 * @property {number} health
 * @property {boolean} isShielded
 * @property {boolean} isAway
 * @property {"Blaster" | "Scatter" | "Rocket"} grip
 * @property {boolean} isMe
 * @property {Seat | undefined} seat
 * @property {Coat} coat
 */
/** @typedef {{ id: number, x: number, y: number, vx: number, vy: number, since: number, kind: string, player: number | null }} Shot a shot where it is now */
/** @typedef {{ id: number, x: number, y: number, gift: string, isThere: boolean }} Pickup */
/** @typedef {{ number: number, ends: number | null, goal: number, isOver: boolean, next: number | null, winner: number | null, side: string | null }} Round */

const WEAPONS = ["Blaster", "Scatter", "Rocket"];

export class World {
    /** The tick on the screen, with a fraction. */
    tick = 0;
    /** The tick at the server. */
    now = 0;
    side = 48;
    /** @type {Box[]} */
    walls = [];
    /** Another number, other walls. */
    layout = "";
    /** @type {Avatar[]} */
    avatars = [];
    /** @type {Shot[]} */
    shots = [];
    /** @type {Pickup[]} */
    pickups = [];
    /** @type {{ x: number, y: number }[]} */
    markers = [];
    /** @type {Map<number, Seat>} */
    seats = new Map();
    /** @type {Round | null} */
    round = null;
    /** @type {Avatar | null} */
    me = null;
    /** The own avatar's components. @type {Record<string, any>} */
    own = {};
    /** Who owns what; also of what the view has no more. @type {Map<number, number | null>} */
    #owners = new Map();

    /** Reads a scene anew. @param {Match} match */
    read(match) {
        const scene = match.at();
        this.tick = match.interpolation?.enabled ? match.interpolation.shown : match.view.tick;
        const now = match.serverTick();
        this.now = now > 0 ? now : this.tick;
        for (const list of [this.walls, this.avatars, this.shots, this.pickups, this.markers]) list.length = 0;
        this.me = null;
        this.#readSeats(match, scene);
        for (const [id, parts] of scene) {
            if (parts.Body) this.#readAvatar(match, id, parts);
            else if (parts.Shot) this.#readShot(match, id, parts.Shot);
            else if (parts.Wall) this.walls.push(parts.Wall);
            else if (parts.Pickup) this.pickups.push({ id, ...parts.Pickup, isThere: parts.Pickup.is_there });
            else if (parts.Marker) this.markers.push(parts.Marker);
            else if (parts.Ground) this.side = parts.Ground.side;
            else if (parts.Round) this.#readRound(parts.Round);
        }
        if (this.#owners.size > 4 * scene.size + 64) this.#owners.clear();
        this.layout = `${this.side} ${this.walls.length} ${this.walls.reduce((sum, wall) => sum * 1.7 + wall.x + 3 * wall.y, 0)}`;
        return this;
    }

    /** Seats, the best first. */
    ranks() {
        return [...this.seats.values()].sort((a, b) => b.points - a.points || b.kills - a.kills || a.player - b.player);
    }

    /** Points by side, if there are sides. @returns {[string, number][]} */
    sides() {
        /** @type {Map<string, number>} */
        const sums = new Map();
        for (const { side, points } of this.seats.values()) if (side) sums.set(side, (sums.get(side) ?? 0) + points);
        return [...sums].sort((a, b) => b[1] - a[1]);
    }

    /** @param {Match} match @param {number} id */
    #owner(match, id) {
        const owner = match.view.owner(id) ?? this.#owners.get(id) ?? null;
        this.#owners.set(id, owner);
        return owner;
    }

    /** @param {Match} match @param {Map<number, Record<string, any>>} scene */
    #readSeats(match, scene) {
        this.seats.clear();
        for (const [id, { Profile, Standing, Score }] of scene) {
            if (!Profile) continue;
            const player = this.#owner(match, id) ?? id;
            const { name, hue = 0, side = null } = Profile;
            this.seats.set(player, {
                id, player, name, hue, side,
                isBot: Profile.is_bot ?? false,
                avatar: Standing?.avatar ?? null,
                returns: Standing?.returns ?? null,
                points: Score?.points ?? 0,
                kills: Score?.kills ?? 0,
                deaths: Score?.deaths ?? 0,
                coat: coatOf(hue, side, player),
            });
        }
    }

    /** @param {Match} match @param {number} id @param {Record<string, any>} parts */
    #readAvatar(match, id, parts) {
        const player = this.#owner(match, id) ?? -1;
        const seat = this.seats.get(player);
        const isMe = player === match.player && !match.spectator;
        const avatar = {
            id, player, isMe, seat,
            x: parts.Body.x, y: parts.Body.y, aim: parts.Body.aim ?? 0,
            health: parts.Health?.now ?? 100,
            isShielded: !!parts.Shield,
            isAway: !!parts.Away,
            grip: parts.Grip?.weapon ?? "Blaster",
            coat: seat?.coat ?? coatOf((player * 67) % 360, null, Math.max(0, player)),
        };
        this.avatars.push(avatar);
        if (isMe) [this.me, this.own] = [avatar, parts];
    }

    /** @param {Match} match @param {number} id @param {any} shot */
    #readShot(match, id, { x, y, vx, vy, since, kind = "Blaster" }) {
        const age = this.tick - since;
        // It is told before it is to be seen.
        if (age < 0) return;
        this.shots.push({ id, x: x + vx * age, y: y + vy * age, vx, vy, since, kind, player: this.#owner(match, id) });
    }

    /** @param {any} round */
    #readRound({ number = 1, ends = null, goal = 0, is_over = false, next = null, winner = null, side = null }) {
        this.round = { number, ends, goal, isOver: is_over, next, winner, side };
    }
}

/** The place of a weapon among the controls. @param {string} name */
export const weaponNumber = (name) => Math.max(0, WEAPONS.indexOf(name));
