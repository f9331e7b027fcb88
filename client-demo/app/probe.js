/**
 * `window.tickwire.state()`: what this page knows, for tests and tinkerers.
 *
 * | | |
 * |---|---|
 * | `connected` | whether the connection is up |
 * | `match` | the match's id, or null |
 * | `tick` | the tick of the last packet |
 * | `me` | `{id, x, y}`: the own avatar as it is drawn, or null |
 * | `players`, `bots` | how many seats people have, and how many bots |
 * | `entities` | how many are in view |
 * | `rtt_ms` | the round trip |
 * | `corrections`, `desyncs`, `keyframes` | how often, since this connection was first made |
 * | `bytes_in` | all that was received |
 *
 * For tinkerers there are also `client` and `match`, as the library has them, and `world` and `camera`, as it is drawn.
 */

/**
 * @typedef {{ client: import("../sdk/client.js").Client | null, match: import("../sdk/match.js").Match | null, world: import("./world.js").World | null, camera: import("./camera.js").Camera }} Known
 */

/** @param {() => Known} know */
export function expose(know) {
    const state = () => {
        const { client, match, world } = know();
        const stats = client?.stats;
        const seats = match && world ? [...world.seats.values()] : [];
        const me = match && world?.me;
        return {
            connected: client?.connected ?? false,
            match: match?.id ?? null,
            tick: match?.view.tick ?? 0,
            me: me ? { id: me.id, x: me.x, y: me.y } : null,
            players: seats.filter(({ isBot }) => !isBot).length,
            bots: seats.filter(({ isBot }) => isBot).length,
            entities: match ? [...match.view.entities()].length : 0,
            rtt_ms: stats?.roundTrip ?? 0,
            corrections: stats?.corrections ?? 0,
            desyncs: stats?.desyncs ?? 0,
            keyframes: stats?.keyframes ?? 0,
            bytes_in: stats ? Object.values(stats.bytesIn).reduce((sum, count) => sum + count, 0) : 0,
        };
    };
    Object.assign(window, {
        tickwire: {
            state,
            get client() { return know().client; },
            get match() { return know().match; },
            get world() { return know().world; },
            get camera() { return know().camera; },
        },
    });
}
