// Every row of the contract, seen by one version of socket.io-client in one mode.
import { parseArgs } from "node:util";
import { runAll } from "./harness/runner.mjs";
import { World } from "./harness/world.mjs";
import { acknowledgements } from "./checks/acknowledgements.mjs";
import { events } from "./checks/events.mjs";
import { leaving } from "./checks/leaving.mjs";
import { namespaces } from "./checks/namespaces.mjs";
import { order } from "./checks/order.mjs";
import { payloads } from "./checks/payloads.mjs";
import { placesOf } from "./checks/places.mjs";
import { recovery } from "./checks/recovery.mjs";
import { rooms } from "./checks/rooms.mjs";

const CHECKS_AT_ONCE = 8;

const { values: flags } = parseArgs({
  options: {
    url: { type: "string" },
    client: { type: "string", default: "4.8" },
    mode: { type: "string", default: "upgrade" },
    msgpack: { type: "boolean", default: false },
    recovery: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});

const world = new World(flags);
const everywhere = placesOf(world).flatMap((place) =>
  [...events(place), ...rooms(place), ...acknowledgements(place), ...leaving(place)].map((row) =>
    world.check(`${place.label} ${row.name}`, row.run),
  ),
);
const once = [...namespaces(world), ...payloads(world), ...order(world), ...(flags.recovery ? recovery(world) : [])];
const checks = [...once, ...everywhere].filter(({ name }) => name.includes(flags.only));

const variant = (flags.msgpack ? " parser=msgpack" : "") + (flags.recovery ? " recovery=on" : "");
await runAll(`contract client=${flags.client} mode=${flags.mode}${variant}`, checks, CHECKS_AT_ONCE);
