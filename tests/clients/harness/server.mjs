import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { eventually } from "./waiting.mjs";

const START_MS = 20_000;
const TAIL_CHARACTERS = 2_000;

async function freePort() {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address();
  listener.close();
  await once(listener, "close");
  return port;
}

/** A server process under test, on a free port. */
export class ServerProcess {
  output = "";

  static async start(command, flags) {
    const server = new ServerProcess(command, [...flags, "--port", String(await freePort())]);
    await eventually(`"${server.commandLine}" accepts`, () => server.accepts(), START_MS);
    return server;
  }

  constructor([program, ...parameters], flags) {
    const all = [...parameters, ...flags];
    this.commandLine = [program, ...all].join(" ");
    this.url = `http://127.0.0.1:${flags.at(-1)}`;
    // A group of its own, so that what a wrapper such as `cargo run` starts ends with it.
    this.process = spawn(program, all, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.process.on("error", (error) => (this.output += error));
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on("data", (text) => (this.output = (this.output + text).slice(-TAIL_CHARACTERS)));
    }
  }

  get isAlive() {
    return this.process.pid !== undefined && this.process.exitCode === null && this.process.signalCode === null;
  }

  async accepts() {
    if (!this.isAlive) throw new Error(`"${this.commandLine}" ended: ${this.output}`);
    return fetch(this.url).then(
      () => true,
      () => false,
    );
  }

  stop() {
    if (this.isAlive) process.kill(-this.process.pid, "SIGKILL");
  }
}
