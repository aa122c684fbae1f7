import type { OpenSide } from "../../../runner/side.ts";
import { openStore } from "../../../setup/stores.ts";
import { operationsSide } from "../operations.ts";
import { fill } from "../rows.ts";

/** A store of this repository, through its port. */
export const open: OpenSide = operationsSide(async (settings) => {
  const { store, close } = openStore(settings);
  await fill(store);
  return {
    async read(connectionId) {
      if ((await store.get(connectionId)) === undefined) throw new Error("Nothing was read.");
    },
    async lease(connectionId, { version, fence }, intent) {
      const grantId = connectionId.replace("con", "gnt");
      const request = { connectionId, grantId, version, fence, holder: "holder", durationMs: 30_000, intent };
      const outcome = await store.lease(request);
      if (outcome.kind !== "leased") throw new Error(`It is ${outcome.kind}.`);
    },
    async commit(connectionId, { version, fence }, payload) {
      const expected = { connectionId, grantId: payload.grantId, version, fence };
      const outcome = await store.commit({ expected, payload, clearIntents: ["default"] });
      if (outcome !== "committed") throw new Error(`It is ${outcome}.`);
    },
    close,
  };
});
