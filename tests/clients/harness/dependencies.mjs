import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** Where install.sh has put the clients. */
export const clientsFolder =
  process.env.CLIENTS_DIR ?? join(process.env.CARGO_TARGET_DIR ?? join(repository, "target"), "clients");

// The clients live outside the source tree, where an `import` would not look for them.
export const dependency = createRequire(join(clientsFolder, "package.json"));
