import { once } from "node:events";
import { isGrantkeeperError, type Logger } from "@grantkeeper/core";
import { openKeeper } from "../../src/keeper.ts";
import { openStore } from "../../src/store.ts";
import type { KeeperSetup } from "../../src/worker/messages.ts";

/** What a pass has done. */
export interface Pass {
  readonly changed: number;
  /** Why rows could not be rewrapped, and the pass not ended: the codes. */
  readonly failures: readonly unknown[];
}

const [setup] = (await once(process, "message")) as [KeeperSetup];
let stopping = false;
process.once("message", () => {
  stopping = true;
});
let failures: unknown[] = [];
const ignore = (): void => undefined;
const logger: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: (_, fields) => failures.push(fields?.["code"]),
};
const { store, close } = openStore(setup.store);
const keeper = openKeeper(setup, store, { logger });

/** Makes a pass, and tells whether it has done all of it. */
async function pass(renew: boolean): Promise<boolean> {
  failures = [];
  const changed = await keeper.rotateKeys({ renew }).then(
    (progress) => progress.changed,
    (error: unknown) => {
      failures.push(isGrantkeeperError(error) ? error.code : String(error));
      return 0;
    },
  );
  process.send?.({ changed, failures } satisfies Pass);
  return failures.length === 0;
}

await pass(false);
// With a new key each time there is always something to do.
while (!stopping) await pass(true);
while (!(await pass(false)));
await keeper.close();
await close();
process.disconnect();
