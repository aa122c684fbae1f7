import { join } from "node:path";
import { createKeeper, generateKey } from "@grantkeeper/core";
import type { SampleConnectors, SampleKeeper } from "./connectors.ts";
import { openStore } from "./database.ts";
import { readOrCreateSecret } from "./secret-file.ts";

export interface KeeperSetup {
  readonly dataDirectory: string;
  /** The sample's own. */
  readonly port: number;
  readonly connectors: SampleConnectors;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** A keeper. All processes with the same data directory and connectors share its connections. */
export async function openKeeper({ dataDirectory, port, connectors, now }: KeeperSetup): Promise<SampleKeeper> {
  const key = await readOrCreateSecret(join(dataDirectory, "development.key"), generateKey);
  return createKeeper({
    connectors,
    store: openStore(dataDirectory),
    keys: [{ id: "development", secret: key }],
    callbackUrl: `http://localhost:${port}/connect`,
    now,
  });
}
