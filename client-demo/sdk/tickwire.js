/** What is meant for you. */

import { Client } from "./client.js";
import { Prediction } from "./stream/prediction.js";
import { Replica } from "./stream/replica.js";
import { parseSchema } from "./stream/schema.js";

export { ProtocolError, TickwireError } from "./bytes.js";
export { Replica };

export const version = "0.1.0";

/** Connects to a server; kept when it is welcomed. @param {string} url @param {import("./connection.js").Options} [options] */
export async function connect(url, options = {}) {
    return new Client(url, options, { Replica, Prediction, parseSchema }).opened;
}
