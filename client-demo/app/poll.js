/** A client without any library: asks for the state of a match once a second, by plain HTTP, and draws what it is told. */

import { find, fit, make, pen, say } from "./dom.js";
import { coatOf, trace } from "./palette.js";

const EVERY = 1000;

/** @typedef {{ id: number, owner: number | null, components: Record<string, any> }} Entity */

const canvas = find("field", HTMLCanvasElement);
const to = pen(canvas);
const choice = find("choice", HTMLSelectElement);
const about = find("about", HTMLElement);
const rows = find("rows", HTMLElement);

/** @param {string} path @returns {Promise<any>} */
async function ask(path) {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
}

/** @param {{ match: string, mode?: string, players: number }[]} matches */
function offer(matches) {
    const chosen = choice.value;
    choice.replaceChildren(...matches.map(({ match, mode, players }) => {
        const option = /** @type {HTMLOptionElement} */ (make("option", "", `${mode ?? "arena"} ${match} (${players})`));
        option.value = match;
        return option;
    }));
    if (matches.some(({ match }) => match === chosen)) choice.value = chosen;
}

/** @param {Entity[]} entities */
function draw(entities) {
    fit(canvas);
    const all = (/** @type {string} */ name) => entities.filter(({ components }) => components[name]).map((entity) => ({ ...entity, ...entity.components[name] }));
    const side = all("Ground")[0]?.side ?? 48;
    to.setTransform(canvas.width / side, 0, 0, canvas.width / side, 0, 0);
    to.fillStyle = "#12242a";
    to.fillRect(0, 0, side, side);
    to.fillStyle = "#cbbd9c";
    for (const { x, y, width, height } of all("Wall")) to.fillRect(x, y, width, height);
    const profiles = new Map(all("Profile").map((profile) => [profile.owner, profile]));
    for (const { owner, x, y, aim } of all("Body")) {
        const { hue = 0, side: team = null } = profiles.get(owner) ?? {};
        const coat = coatOf(hue, team, owner ?? 0);
        to.fillStyle = to.strokeStyle = coat.body;
        trace(to, coat.shape, x, y, side / 64);
        to.fill();
        to.lineWidth = side / 200;
        to.beginPath();
        to.moveTo(x, y);
        to.lineTo(x + (Math.cos(aim) * side) / 34, y + (Math.sin(aim) * side) / 34);
        to.stroke();
    }
    const lines = entities.filter(({ components }) => components.Profile).sort((a, b) => (b.components.Score?.points ?? 0) - (a.components.Score?.points ?? 0));
    rows.replaceChildren(...lines.map(({ components: { Profile, Score, Standing } }) => {
        const state = Standing && !Standing.avatar ? "waits" : "plays";
        return make("tr", "", ...[Profile.name, state, Score?.points ?? 0, Score?.kills ?? 0, Score?.deaths ?? 0].map((text) => make("td", "", String(text))));
    }));
}

async function look() {
    try {
        const { matches } = await ask("/api/matches");
        offer(matches);
        if (!choice.value) return say(about, "Nobody plays in the open. Begin a match and it is here within a second.");
        const began = performance.now();
        const { tick, entities } = await ask(`/api/matches/${encodeURIComponent(choice.value)}`);
        say(about, `Tick ${tick}, ${entities.length} entities, answered in ${Math.round(performance.now() - began)} ms.`);
        draw(entities);
    } catch (error) {
        say(about, `The server did not answer: ${error instanceof Error ? error.message : error}`);
    } finally {
        setTimeout(look, EVERY);
    }
}

void look();
