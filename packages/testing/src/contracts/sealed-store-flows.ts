import assert from "node:assert/strict";
import type { StoredFlow } from "@grantkeeper/core/store";
import { flipsOf, regionsOfValue, tagLength } from "./envelope-regions.ts";
import {
  begin,
  codeOf,
  connect,
  forgetRequests,
  requestsOf,
  type SealedStoreTest,
  type SealedWorld,
  type WorldKeeper,
} from "./sealed-store-world.ts";
import { hex } from "./store-rows.ts";

/** Tests that a sign-in on its way, and a revocation that waits, hold for whom they began and for nobody else. */
export function testSealedFlows(test: SealedStoreTest): void {
  const pairs = [
    ["of two owners", { owner: "ada", at: "one" }, { owner: "mallory", at: "one" }],
    ["of one owner at two connectors", { owner: "ada", at: "one" }, { owner: "ada", at: "other" }],
    ["of one owner at one connector", { owner: "ada", at: "one" }, { owner: "ada", at: "one" }],
  ] as const;
  for (const [name, one, two] of pairs) {
    test(`E2 two sign-ins ${name} whose sealed parts were swapped connect nobody`, async (it) => {
      const keeper = it.open();
      const callbacks = [
        { ...one, request: await begin(keeper, one.at, { owner: one.owner, accountId: "1001" }) },
        { ...two, request: await begin(keeper, two.at, { owner: two.owner, accountId: "1002" }) },
      ];
      await swapFlows(it);
      await expectNobodyConnected(it, keeper, callbacks);
    });
  }

  test("E2 a sign-in whose sealed part is a copy of another's connects nobody", async (it) => {
    const keeper = it.open();
    const request = await begin(keeper, "one", { owner: "mallory", accountId: "1002" });
    const [own] = await it.door.readFlows();
    await begin(keeper, "one", { owner: "ada", accountId: "1001" });
    const [victim] = (await it.door.readFlows()).filter(({ key }) => key !== own?.key);
    assert.ok(own && victim);
    await writeFlow(it, own.key, victim.sealed);
    await expectNobodyConnected(it, keeper, [{ owner: "mallory", at: "one", request }]);
  });

  test("E4 a sign-in whose sealed part was cut or changed in any part connects nobody", async (it) => {
    const keeper = it.open();
    const cut = (kept: number) => (sealed: Uint8Array) => sealed.subarray(0, sealed.length - tagLength + kept);
    // A flow is gone once it was looked at. All of them have the same parts.
    await begin(keeper, "one", { owner: "ada", accountId: "1001" });
    const [model] = await it.door.readFlows();
    assert.ok(model && (await it.withStore((store) => store.flows.take(model.key))));
    const flipped = regionsOfValue(model.sealed).map((_, place) => (sealed: Uint8Array) => {
      const region = regionsOfValue(sealed)[place];
      return region && flipsOf(sealed, region)[0];
    });
    const changes = [...[12, 8, 4, 0].map(cut), ...flipped];
    for (const change of changes) {
      const request = await begin(keeper, "one", { owner: "ada", accountId: "1001" });
      const [flow] = await it.door.readFlows();
      const changed = flow && change(flow.sealed);
      assert.ok(changed);
      await writeFlow(it, flow.key, changed);
      await expectNobodyConnected(it, keeper, [{ owner: "ada", at: "one", request }]);
    }
    // Nothing of this is in the way of the next one.
    await connect(keeper, "one", { owner: "ada", accountId: "1001" });
  });

  test("E2 two waiting revocations whose sealed parts were swapped are not made, and wait on", async (it) => {
    const keeper = it.open();
    await connect(keeper, "one", { owner: "ada", accountId: "1001" });
    await connect(keeper, "one", { owner: "bob", accountId: "1002" });
    it.revocationFault = { status: 503 };
    for (const owner of ["ada", "bob"]) assert.equal((await keeper.erase({ owner })).state, "pending");
    it.revocationFault = undefined;
    const before = await swapFlows(it);
    const swapped = await flowsAsText(it);
    forgetRequests(it);
    assert.deepEqual(await it.open().retryRevocations(), { seen: 2, changed: 0, failed: 2 });
    assert.equal(requestsOf(it), 0, "no provider is asked for what does not open");
    assert.deepEqual(await flowsAsText(it), swapped, "what does not open is kept as it is");
    for (const { key, sealed } of before) await writeFlow(it, key, sealed);
    assert.deepEqual(await it.open().retryRevocations(), { seen: 2, changed: 2, failed: 0 });
  });
}

interface Callback {
  readonly owner: string;
  readonly at: "one" | "other";
  readonly request: Request;
}

async function expectNobodyConnected(
  it: SealedWorld,
  keeper: WorldKeeper,
  callbacks: readonly Callback[],
): Promise<void> {
  forgetRequests(it);
  for (const { owner, request } of callbacks) {
    assert.equal(await codeOf(() => keeper.finish(request.clone(), { owner })), "decryption_failed");
    // It was taken before it was opened: a second try does not find it.
    assert.equal(await codeOf(() => keeper.finish(request, { owner })), "state_mismatch");
  }
  assert.equal(requestsOf(it), 0, "no code goes to a provider for a flow that does not open");
  for await (const connection of keeper.connections()) assert.fail(`${connection.connector} was connected`);
}

async function swapFlows(it: SealedWorld): Promise<readonly StoredFlow[]> {
  const flows = await it.door.readFlows();
  const [one, two] = flows;
  assert.ok(one && two && flows.length === 2, "two flows are there");
  await writeFlow(it, one.key, two.sealed);
  await writeFlow(it, two.key, one.sealed);
  return flows;
}

async function writeFlow(it: SealedWorld, key: string, sealed: Uint8Array): Promise<void> {
  await it.door.writeFlow(key, sealed);
  const written = (await it.door.readFlows()).find((flow) => flow.key === key);
  assert.equal(hex(written?.sealed), hex(sealed), "the door changes what lies in the store");
}

async function flowsAsText({ door }: SealedWorld): Promise<unknown> {
  return (await door.readFlows()).map(({ key, sealed }) => [key, hex(sealed)]).sort();
}
