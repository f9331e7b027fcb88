import { within } from "./waiting.mjs";

const CHECK_DEADLINE_MS = 90_000;
const MOST_FAILURES = 20; // with more, the rest tells nothing new and takes long

/** A named check: the name is a sentence about the server, `run` throws if it is not true. */
export const check = (name, run) => ({ name, run });

async function failureOf({ name, run }) {
  try {
    await within(CHECK_DEADLINE_MS, run(), () => "the end of the check");
    return undefined;
  } catch (error) {
    return `FAILED  ${name}: ${error.message.split("\n")[0]}`;
  }
}

/** Runs the checks a few at a time and ends the process: failed checks a line each, then the summary. */
export async function runAll(label, checks, atOnce) {
  let failed = 0;
  let done = 0;
  const complain = (line) => {
    failed++;
    console.log(line);
  };
  process.on("unhandledRejection", (error) => complain(`FAILED  outside of a check: ${error?.stack ?? error}`));
  process.on("uncaughtException", (error) => complain(`FAILED  outside of a check: ${error?.stack ?? error}`));

  const queue = [...checks];
  const worker = async () => {
    for (let next = queue.shift(); next && failed < MOST_FAILURES; next = queue.shift()) {
      const failure = await failureOf(next);
      done++;
      if (failure) complain(failure);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (done < checks.length) console.log(`given up: ${checks.length - done} checks are left out`);
  console.log(`${label} checks=${done} failed=${failed}`);
  // Sockets of failed checks may still be open.
  process.exit(failed === 0 && done > 0 ? 0 : 1);
}
