import { once } from "node:events";
import { openKeeper } from "../../src/keeper.ts";
import { openStore } from "../../src/store.ts";
import type { KeeperSetup } from "../../src/worker/messages.ts";

/** What a pass has done. */
export interface Pass {
  readonly changed: number;
  readonly failed: number;
}

const [setup] = (await once(process, "message")) as [KeeperSetup];
let stopping = false;
process.once("message", () => {
  stopping = true;
});
const { store, close } = openStore(setup.store);
const keeper = openKeeper(setup, store);

async function pass(renew: boolean): Promise<void> {
  const { changed, failed } = await keeper.rotateKeys({ renew });
  process.send?.({ changed, failed } satisfies Pass);
}

await pass(false);
// With a new key each time there is always something to do.
while (!stopping) await pass(true);
await pass(false);
await keeper.close();
await close();
process.disconnect();
