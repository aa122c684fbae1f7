import assert from "node:assert/strict";
import { generateKey } from "@grantkeeper/core";
import { failureOf } from "./key-provider-errors.ts";
import type { KeyProviderTestFunction } from "./key-provider-test.ts";
import { type KeyWorld, withWorld } from "./key-provider-world.ts";

/** Tests a keeper on the provider, with an emulated provider of tokens behind it. */
export function testKeeper(test: KeyProviderTestFunction): void {
  test("E1 a keeper connects on it, a new process has the token, and neither keys nor tokens lie open in the store", ({
    client,
  }) =>
    withWorld(async (world) => {
      const { id, accessToken } = await world.connect(world.open(client()));
      await world.start(world.open(client()), "grace");
      const next = world.open(client());
      assert.equal(await world.tokenOf(next, id), accessToken);
      world.expire();
      const refreshed = await world.tokenOf(next, id);
      assert.notEqual(refreshed, accessToken);
      assert.equal(await world.tokenOf(world.open(client()), id), refreshed);
      assert.equal(world.provider.log.reuseDetected, 0);
      await assertNothingLiesOpen(world, [accessToken, refreshed]);
    }));

  test("E7 rotateKeys renews what is wrapped, and a new process has the same token", ({ client }) =>
    withWorld(async (world) => {
      const keeper = world.open(client());
      const { id, accessToken } = await world.connect(keeper);
      assert.deepEqual(await keeper.rotateKeys(), { seen: 1, changed: 0, failed: 0 });
      const [before] = (await world.stored()).rows;
      assert.deepEqual(await keeper.rotateKeys({ renew: true }), { seen: 1, changed: 1, failed: 0 });
      const [after] = (await world.stored()).rows;
      assert.notDeepEqual(after?.wrappedKey, before?.wrappedKey);
      assert.deepEqual(after?.sealed, before?.sealed);
      const next = world.open(client());
      assert.equal(await world.tokenOf(next, id), accessToken);
      assert.deepEqual(
        (await next.keyUsage()).map(({ keyId, rows }) => ({ keyId, rows })),
        [{ keyId: client().id, rows: 1 }],
      );
      await assertNothingLiesOpen(world, [accessToken]);
    }));

  test("E7 a store moves from a configured key to it and away again, and the key that was left can go", ({ client }) =>
    withWorld(async (world) => {
      const configured = { id: "configured", secret: generateKey() };
      const { id, accessToken } = await world.connect(world.open(configured));
      for (const [next, former] of [
        [() => client(), () => configured],
        [() => configured, () => client()],
      ] as const) {
        const promoted = world.open(next(), former());
        assert.deepEqual(await promoted.rotateKeys(), { seen: 1, changed: 1, failed: 0 });
        const alone = world.open(next());
        assert.equal(await world.tokenOf(alone, id), accessToken);
        assert.deepEqual(
          (await alone.keyUsage()).map(({ keyId }) => keyId),
          [next().id],
        );
      }
    }));

  test("E9 a keeper whose wrapped keys were changed says so, and writes nothing over them", ({ client }) =>
    withWorld(async (world) => {
      const { id, accessToken } = await world.connect(world.open(client()));
      const good = Buffer.from((await world.store.records.get("keys")) ?? []);
      const { keys, ...rest } = JSON.parse(good.toString()) as {
        readonly keys: readonly { readonly wrapped: string }[];
      };
      const damage = (wrapped: string) => Buffer.from(wrapped, "base64url").reverse().toString("base64url");
      const damaged = keys.map((key) => ({ ...key, wrapped: damage(key.wrapped) }));
      const bad = Buffer.from(JSON.stringify({ ...rest, keys: damaged }));
      await world.store.records.compareAndSet("keys", good, bad);
      const before = await world.stored();
      const keeper = world.open(client());
      const expected = { code: "decryption_failed", secrets: world.unwrapped } as const;
      await failureOf(() => world.tokenOf(keeper, id), expected);
      await failureOf(() => world.start(keeper), expected);
      assert.deepEqual(await world.stored(), before);
      await world.store.records.compareAndSet("keys", bad, good);
      assert.equal(await world.tokenOf(world.open(client()), id), accessToken);
    }));
}

/** Neither the keys that the provider wraps nor these tokens can be read in the store. */
async function assertNothingLiesOpen({ stored, unwrapped }: KeyWorld, tokens: readonly string[]): Promise<void> {
  const { rows, flows, records } = await stored();
  const sealed = [...rows.flatMap((row) => [row.sealed, row.wrappedKey]), ...flows.map((flow) => flow.sealed)];
  const named = JSON.stringify(rows);
  const bytes = [...sealed, ...records.flatMap((record) => record ?? [])].map((value) => Buffer.from(value));
  // A record of keys holds each of them as text.
  const texts = bytes.map((value) => value.toString("latin1"));
  const inside = texts.flatMap((text) =>
    [...text.matchAll(/[\w-]{20,}/g)].map(([part]) => Buffer.from(part, "base64url")),
  );
  assert.ok(unwrapped.length > 0, "keys went through the provider");
  for (const key of unwrapped) {
    const forms = [Buffer.from(key).toString("base64"), Buffer.from(key).toString("base64url")].map((form) =>
      form.slice(0, 40),
    );
    for (const value of [...bytes, ...inside]) {
      assert.ok(!value.includes(Buffer.from(key)), "no key lies open in the store");
      for (const form of forms) assert.ok(!value.includes(form), "no key lies open in the store, as text");
    }
  }
  for (const token of tokens) {
    assert.ok(!`${named}${texts.join("\n")}`.includes(token), "no token lies open in the store");
  }
}
