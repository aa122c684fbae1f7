import { once } from "node:events";
import type { Store } from "@grantkeeper/core/store";
import { openKeeper } from "../../src/keeper.ts";
import { openStore } from "../../src/store.ts";
import type { KeeperSetup } from "../../src/worker/messages.ts";

export interface RotatorSetup extends KeeperSetup {
  /** At the boundary after so many rows: before it hears that the last one is done, or as it asks for the next one. */
  readonly death: { readonly rows: number; readonly when: "unheard" | "asking" } | undefined;
}

/** Says `row` for each row that is rewrapped, and in the end what the pass has done. */
export type FromRotator = "row" | { readonly changed: number; readonly failed: number };

const [setup] = (await once(process, "message")) as [RotatorSetup];
const { store, close } = openStore(setup.store);
const keeper = openKeeper(setup, setup.death === undefined ? told(store) : mortal(store, setup.death));
const { changed, failed } = await keeper.rotateKeys();
await keeper.close();
await close();
process.send?.({ changed, failed });
process.disconnect();

function told(own: Store): Store {
  return {
    ...own,
    async rewrap(request) {
      const outcome = await own.rewrap(request);
      process.send?.("row");
      return outcome;
    },
  };
}

function mortal(own: Store, { rows, when }: NonNullable<RotatorSetup["death"]>): Store {
  let done = 0;
  let last: Promise<unknown> = Promise.resolve();
  const dieAt = (moment: "unheard" | "asking"): void => {
    if (done === rows && when === moment) process.kill(process.pid, "SIGKILL");
  };
  return {
    ...own,
    rewrap(request) {
      // One after another, so that it dies between two of them.
      const turn = last.then(async () => {
        dieAt("asking");
        const outcome = await own.rewrap(request);
        done++;
        dieAt("unheard");
        return outcome;
      });
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}
