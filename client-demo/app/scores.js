/** Who leads: the short list at the side, the table on Tab, and the result when a round is over. */

import { find, make, say } from "./dom.js";

const SHORT = 6;

/** @typedef {import("./world.js").World} World */
/** @typedef {import("./world.js").Seat} Seat */

const SVG = "http://www.w3.org/2000/svg";
const FORMS = {
    circle: "M8 2a6 6 0 1 0 .01 0z",
    diamond: "M8 0l8 8-8 8-8-8z",
    triangle: "M8 1l7.5 13H.5z",
    square: "M2 2h12v12H2z",
};

/** The shape and colour of somebody. @param {import("./palette.js").Coat} coat */
export function emblem(coat) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 16 16");
    svg.setAttribute("class", "emblem");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", FORMS[coat.shape]);
    path.setAttribute("fill", coat.body);
    svg.append(path);
    return svg;
}

/** How a round ended, in two or three words. @param {import("./world.js").Round} round @param {Seat[]} seats @param {number} me */
function verdict({ side, winner }, seats, me) {
    if (side) return `${side} wins`;
    const seat = seats.find(({ id }) => id === winner);
    if (seat) return seat.player === me ? "You win the round" : `${seat.name} wins`;
    return winner === null && seats.some(({ points }) => points > 0) ? "A draw" : "Nobody wins";
}

export class Scores {
    /** Whether somebody holds Tab, or pressed the button. */
    isWanted = false;
    #ranks = find("ranks", HTMLElement);
    #board = find("scores", HTMLElement);
    #rows = find("rows", HTMLElement);
    #sides = find("sides", HTMLElement);
    #verdict = find("verdict", HTMLElement);
    #note = find("verdict-note", HTMLElement);
    #shown = "";

    /** @param {World} world @param {number} me @param {number} rate ticks a second */
    draw(world, me, rate) {
        const ranks = world.ranks();
        const isOver = world.round?.isOver ?? false;
        const isOpen = isOver || this.isWanted;
        this.#board.hidden = !isOpen;
        this.#board.classList.toggle("result", isOver);
        if (isOpen) this.#head(world, me, rate);
        const key = JSON.stringify([
            isOpen,
            ranks.map(({ player, name, points, kills, deaths, side, hue }) => [
                player,
                name,
                points,
                kills,
                deaths,
                side,
                hue,
            ]),
        ]);
        if (key === this.#shown) return;
        this.#shown = key;
        this.#list(ranks, me);
        if (isOpen) this.#table(world, ranks, me);
    }

    /** @param {World} world @param {number} me @param {number} rate */
    #head({ round, seats, now }, me, rate) {
        if (!round?.isOver) {
            say(this.#verdict, "Scores");
            return say(this.#note, round?.goal ? `First to ${round.goal} points` : "");
        }
        say(this.#verdict, verdict(round, [...seats.values()], me));
        const left = round.next === null ? null : Math.max(0, Math.ceil((round.next - now) / rate));
        say(this.#note, left === null ? "The round is over." : `Round ${round.number + 1} begins in ${left}.`);
    }

    /** @param {Seat[]} ranks @param {number} me */
    #list(ranks, me) {
        const shown = ranks.slice(0, SHORT);
        const own = ranks.findIndex(({ player }) => player === me);
        if (own >= SHORT) shown[SHORT - 1] = ranks[own];
        this.#ranks.replaceChildren(
            ...shown.map((seat) => {
                const place = make("span", "", String(ranks.indexOf(seat) + 1));
                return make(
                    "li",
                    seat.player === me ? "is-me" : "",
                    place,
                    emblem(seat.coat),
                    make("span", "name", seat.name),
                    make("span", "", String(seat.points)),
                );
            }),
        );
    }

    /** @param {World} world @param {Seat[]} ranks @param {number} me */
    #table(world, ranks, me) {
        const sides = world.sides();
        this.#sides.replaceChildren(
            ...sides.map(([side, points]) => {
                const coat = ranks.find((seat) => seat.side === side)?.coat;
                return make("span", "", ...(coat ? [emblem(coat)] : []), `${side} ${points}`);
            }),
        );
        const most = innerHeight < 600 ? 8 : Math.floor((innerHeight * 0.78 - 160) / 31);
        this.#rows.replaceChildren(
            ...ranks.slice(0, most).map((seat) => {
                const name = make("td", "", seat.name);
                if (seat.isBot) name.append(make("span", "bot", "bot"));
                const cells = [seat.points, seat.kills, seat.deaths].map((count) => make("td", "", String(count)));
                return make("tr", seat.player === me ? "is-me" : "", make("td", "", emblem(seat.coat)), name, ...cells);
            }),
        );
    }
}
