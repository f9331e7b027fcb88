/** How long anything that must happen may take. Only a failing check ever waits this long. */
export const PATIENCE_MS = 60_000;

export function within(ms, promise, what) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what()} did not happen within ${ms} ms`)), ms);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again until the answer is right: for what another connection notices in its own time. */
export async function eventually(what, ask, ms = PATIENCE_MS) {
  const deadline = Date.now() + ms;
  for (;;) {
    if (await ask()) return;
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${ms} ms`);
    await sleep(10);
  }
}
