import assert from "node:assert/strict";
import { exchanged, expectRefusals, type RowChange, tamper } from "./sealed-store-refusals.ts";
import {
  type Connected,
  codeOf,
  connectAll,
  forgetRequests,
  rawRow,
  requestsOf,
  type SealedStoreTest,
  type SealedWorld,
} from "./sealed-store-world.ts";

type Attack = (
  it: SealedWorld,
  those: Readonly<Record<"ada" | "grace" | "bob" | "elsewhere", Connected>>,
) => Promise<readonly RowChange[]>;

const attacks: Readonly<Record<string, Attack>> = {
  "whose sealed parts were swapped": (it, { ada, bob }) => exchanged(it, [ada, bob], ["sealed"]),
  "whose wrapped data keys were swapped": (it, { ada, grace }) => exchanged(it, [ada, grace], ["wrappedKey"]),
  "that changed places": (it, { ada, bob }) =>
    exchanged(it, [ada, bob], ["sealed", "wrappedKey", "grantId", "version"]),
  "that were given to each other's owners": (it, { ada, bob }) => exchanged(it, [ada, bob], ["ownerHash"]),
  "that were given to each other's connectors": (it, { ada, elsewhere }) =>
    exchanged(it, [ada, elsewhere], ["connector"]),
  "whose version was raised": async (it, { ada }) => [
    { of: ada, to: { version: (await rawRow(it, ada)).version + 1 } },
  ],
  "with a bit flipped in the grant": async (it, { ada }) => [
    { of: ada, to: { sealed: lastBitFlipped((await rawRow(it, ada)).sealed) } },
  ],
  "with a bit flipped in the data key": async (it, { ada }) => [
    { of: ada, to: { wrappedKey: lastBitFlipped((await rawRow(it, ada)).wrappedKey) } },
  ],
};

/** When what is in memory is looked at again: once it is old, and at once where a refresh is due. */
const moments = [
  { what: "looks again, and does not open", cacheFor: 10, seconds: 11 },
  { what: "sends no refresh token for", cacheFor: 1_000_000, seconds: 3601 },
] as const;

/** Tests that what a keeper has in memory does not stand in for a row that was changed meanwhile. */
export function testSealedInMemory(test: SealedStoreTest): void {
  for (const [name, attack] of Object.entries(attacks)) {
    for (const { what, cacheFor, seconds } of moments) {
      test(`E2 E4 a keeper that has them in memory ${what} rows ${name}`, async (it) => {
        const { keeper, ...those } = await connectAll(it, { cacheFor });
        for (const { id, connector } of Object.values(those)) await keeper.connection(connector, { id }).token();
        const changes = await attack(it, those);
        await tamper(it, changes);
        it.advance(seconds);
        const changed = changes.map(({ of }) => of);
        await expectRefusals(it, keeper, changed);
      });
    }
  }

  test("E2 a keeper serves nobody another owner's token out of memory where rows changed owners", async (it) => {
    const { keeper, ada, bob } = await connectAll(it);
    const own = new Map<string, string>();
    for (const { id, owner } of [ada, bob])
      own.set(owner, (await keeper.connection("one", { id }).token()).accessToken);
    await tamper(it, await exchanged(it, [ada, bob], ["ownerHash"]));
    forgetRequests(it);
    for (const { owner } of [ada, bob]) {
      let served: string | undefined;
      const code = await codeOf(async () => {
        served = (await keeper.connection("one", { owner }).token()).accessToken;
      });
      // A store whose index is in memory still finds what was theirs.
      if (served !== undefined && it.scope === "process") assert.equal(served, own.get(owner));
      else assert.equal(code, "decryption_failed", owner);
    }
    assert.equal(requestsOf(it), 0);
  });
}

function lastBitFlipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}
