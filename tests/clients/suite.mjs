// The whole matrix: starts the server in every way it is needed and lets all clients at it. See run.sh.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { clientsFolder } from "./harness/dependencies.mjs";
import { ServerProcess } from "./harness/server.mjs";

const RUNS_AT_ONCE = 3; // on two cores: they wait a good part of their time
const RUN_DEADLINE_MS = 240_000;

const SHORT_PINGS = ["--ping-interval", "1000", "--ping-timeout", "2500"];
const CONNECT_TIMEOUT = ["--connect-timeout", "1500"];
const SERVERS = {
  default: [],
  msgpack: ["--msgpack"],
  recovery: ["--recovery"],
  "short pings": [...SHORT_PINGS, ...CONNECT_TIMEOUT],
  "engine.io": ["--engine", ...SHORT_PINGS],
};
const MODES = ["polling", "websocket", "upgrade"];

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const node = (file, ...flags) => [process.execPath, here(file), ...flags];
const python = (...flags) => [join(clientsFolder, "python/bin/python"), here("contract.py"), ...flags];

const wire = (server, ...flags) => ({ name: `wire ${server}`, server, command: node("wire.mjs", ...flags) });
const javascript = (client, mode, server = "default", ...flags) => ({
  name: `socket.io-client ${client} ${mode} ${server}`,
  server,
  command: node("contract.mjs", "--client", client, "--mode", mode, ...flags),
});
const pythonRun = (client, mode) => ({
  name: `python-socketio ${client} ${mode} default`,
  server: "default",
  command: python("--client", client, "--mode", mode),
});

// Longest first; the wire checks wait ten seconds for one timeout.
const RUNS = [
  wire("short pings", ...CONNECT_TIMEOUT),
  wire("engine.io", "--engine"),
  ...MODES.flatMap((mode) => ["4.8", "4.0", "3.1"].map((client) => javascript(client, mode))),
  ...MODES.map((mode) => javascript("4.8", mode, "recovery", "--recovery")),
  javascript("4.0", "upgrade", "recovery", "--recovery"),
  ...MODES.map((mode) => javascript("4.8", mode, "msgpack", "--msgpack")),
  javascript("3.1", "websocket", "msgpack", "--msgpack"),
  ...["sync", "async"].flatMap((client) => MODES.map((mode) => pythonRun(client, mode))),
  wire("recovery", "--recovery"),
];

function arguments_() {
  const all = process.argv.slice(2);
  const options = { reference: { type: "boolean", default: false }, only: { type: "string", default: "" } };
  // What follows the first word that is no flag belongs to the server.
  let first = 0;
  while (all[first]?.startsWith("--")) first += all[first] === "--only" ? 2 : 1;
  const { values } = parseArgs({ args: all.slice(0, first), options });
  return { ...values, serverCommand: all.slice(first) };
}

async function outcomeOf({ name, server, command: [program, ...parameters] }, servers, more) {
  const started = Date.now();
  const child = spawn(program, [...parameters, "--url", servers[server].url, ...more], {
    timeout: RUN_DEADLINE_MS,
    signal: theEnd.signal,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  child.on("error", (error) => (output += error));
  const code = await new Promise((resolve) => child.on("close", resolve));
  const [, checks, failed] = /checks=(\d+) failed=(\d+)\s*$/.exec(output) ?? [undefined, "?", "?"];
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  return { name, checks, failed, seconds, passed: code === 0 && failed === "0", output };
}

async function runAll(runs, servers, isReference) {
  const outcomes = [];
  const queue = [...runs];
  const worker = async () => {
    for (let run = queue.shift(); run; run = queue.shift()) {
      const knowsReference = isReference && !run.name.startsWith("socket.io-client");
      outcomes.push(await outcomeOf(run, servers, knowsReference ? ["--reference"] : []));
    }
  };
  await Promise.all(Array.from({ length: RUNS_AT_ONCE }, worker));
  return runs.map((run) => outcomes.find(({ name }) => name === run.name));
}

function printTable(outcomes) {
  const line = ({ name, checks, failed, seconds }) =>
    `${name.padEnd(46)} ${checks.padStart(6)} ${failed.padStart(6)} ${seconds.padStart(8)}`;
  console.log(line({ name: "client, mode, server", checks: "checks", failed: "failed", seconds: "seconds" }));
  for (const outcome of outcomes) console.log(line(outcome));
  for (const { name, output } of outcomes.filter(({ passed }) => !passed)) console.log(`\n== ${name}\n${output.trim()}`);
}

const { reference, only, serverCommand } = arguments_();
const runs = RUNS.filter(({ name }) => name.includes(only));
if (!serverCommand.length || !runs.length) {
  console.error("usage: run.sh [--reference] [--only TEXT] SERVER_COMMAND...");
  process.exit(2);
}

if (!existsSync(join(clientsFolder, "installed"))) {
  console.error(`no clients in ${clientsFolder}: run ${here("install.sh")} ${clientsFolder}`);
  process.exit(2);
}

const servers = {};
const theEnd = new AbortController();
process.on("exit", () => {
  theEnd.abort();
  Object.values(servers).forEach((server) => server.stop());
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const started = Date.now();
const needed = Object.entries(SERVERS).filter(([name]) => runs.some(({ server }) => server === name));
await Promise.all(
  needed.map(async ([name, flags]) => (servers[name] = await ServerProcess.start(serverCommand, flags))),
).catch((error) => {
  console.error(error.message);
  process.exit(1);
});

const outcomes = await runAll(runs, servers, reference);
printTable(outcomes);
const fallen = Object.entries(servers).filter(([, server]) => !server.isAlive);
for (const [name, server] of fallen) console.log(`\n== the server "${name}" has ended\n${server.output.trim()}`);
const failures = outcomes.filter(({ passed }) => !passed).length + fallen.length;
console.log(`\n${outcomes.length} runs, ${failures} failed, ${((Date.now() - started) / 1000).toFixed(0)} s`);
process.exit(failures ? 1 : 0);
