import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { context, failureOf, sameBytes } from "./key-provider-errors.ts";
import type { KeyServiceTestFunction } from "./key-provider-test.ts";
import { withWorld } from "./key-provider-world.ts";

/** Tests a service that rotates its key by itself, below the providers. */
export function testServiceRotation(test: KeyServiceTestFunction, { retires }: { readonly retires: boolean }): void {
  test("E7 what every version of the service's key has wrapped opens, in clients from before and after", async (it) => {
    const before = it.client();
    const all: { readonly key: Uint8Array; readonly wrapped: Uint8Array }[] = [];
    for (let version = 1; version <= 12; version++) {
      const key = randomBytes(32);
      all.push({ key, wrapped: await (version % 2 === 0 ? before : it.client()).wrap(key, context) });
      for (const reader of [before, it.client()]) {
        for (const { key: expected, wrapped } of all) {
          sameBytes(await reader.unwrap(wrapped, context), expected, "what an earlier version wrapped opens");
        }
      }
      it.service.rotate();
    }
  });

  test("E7 a keeper goes on through a rotation at the service, and renews its keys under the new version", (it) =>
    withWorld(async (world) => {
      const keeper = world.open(it.client());
      const { id, accessToken } = await world.connect(keeper);
      it.service.rotate();
      assert.equal((await keeper.connection("main", { id }).token()).accessToken, accessToken);
      assert.equal(await world.tokenOf(world.open(it.client()), id), accessToken);
      const renewed = await keeper.rotateKeys({ renew: true });
      assert.deepEqual(renewed, { seen: 1, changed: 1, failed: 0 });
      assert.equal(await world.tokenOf(world.open(it.client()), id), accessToken);
    }));

  if (!retires) return;

  test("E9 what a retired version has wrapped is invalid_config, and opens once the version is back", async (it) => {
    const provider = it.client();
    const key = randomBytes(32);
    const wrapped = await provider.wrap(key, context);
    it.service.rotate();
    const bringBack = it.service.retire?.();
    await failureOf(() => provider.unwrap(wrapped, context), { code: "invalid_config", secrets: [key] });
    const fresh = randomBytes(32);
    sameBytes(await provider.unwrap(await provider.wrap(fresh, context), context), fresh, "the new version works");
    bringBack?.();
    sameBytes(await provider.unwrap(wrapped, context), key, "nothing was lost");
  });

  test("E7 once keys are renewed, nothing needs the versions from before", (it) =>
    withWorld(async (world) => {
      const keeper = world.open(it.client());
      const { id, accessToken } = await world.connect(keeper);
      it.service.rotate();
      await keeper.rotateKeys({ renew: true });
      it.service.retire?.();
      const next = world.open(it.client());
      assert.equal(await world.tokenOf(next, id), accessToken);
      await world.connect(next, "grace");
      assert.equal((await next.rotateKeys({ renew: true })).failed, 0);
    }));
}
