import { randomBytes, randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { GrantkeeperError } from "../errors.ts";
import { unbounded, vaultsOfOneStore } from "../test/vaults.ts";
import { createDataKeys } from "./data-keys.ts";
import { generateKey } from "./keyring.ts";
import type { SealContext } from "./vault.ts";

type Mutate = (sealed: Buffer, other: Buffer) => Buffer;

const place = (bytes: Buffer): number => randomInt(bytes.length);

/** Each gives back other bytes than it was given. */
const mutations: readonly Mutate[] = [
  (sealed) => {
    const at = place(sealed);
    sealed[at] = (sealed[at] ?? 0) ^ (1 << randomInt(8));
    return sealed;
  },
  (sealed) => {
    const at = place(sealed);
    sealed[at] = (sealed[at] ?? 0) ^ (1 + randomInt(255));
    return sealed;
  },
  (sealed) => sealed.subarray(0, place(sealed)),
  (sealed) => sealed.subarray(1 + randomInt(sealed.length - 1)),
  (sealed) => Buffer.concat([sealed, randomBytes(1 + randomInt(40))]),
  // A tag that was cut to 4, 8 or 12 bytes.
  (sealed) => sealed.subarray(0, sealed.length - 4 * (1 + randomInt(3))),
  // A part of another one, at the same place or at another.
  (sealed, other) => {
    const at = place(sealed);
    return Buffer.concat([sealed.subarray(0, at), other.subarray(at)]);
  },
  (sealed, other) => {
    other.copy(sealed, place(sealed), place(other));
    return sealed;
  },
  (sealed) => {
    const [from, to] = [place(sealed), place(sealed)].sort((one, two) => one - two) as [number, number];
    return Buffer.concat([sealed.subarray(0, from), sealed.subarray(from, to + 1).reverse(), sealed.subarray(to + 1)]);
  },
  (sealed) => randomBytes(sealed.length),
];

test("E2 E4 E9 of 100,000 mutated envelopes none opens, and each is an error of its own", {
  timeout: 120_000,
}, async () => {
  const vault = vaultsOfOneStore()({ id: "2026-11", secret: generateKey() });
  const dataKeys = createDataKeys({ vault, ...unbounded });
  const row = { connectionId: "con_1", wrappedKey: await dataKeys.create("con_1") };
  const grant: SealContext = { kind: "grant", id: "con_1/gnt_1", version: 3 };
  const flow: SealContext = { kind: "flow", id: "flow", version: 1 };
  const forms = [
    { seal: (bytes: Buffer) => vault.seal(bytes, flow), open: (bytes: Buffer) => vault.open(bytes, flow) },
    {
      seal: (bytes: Buffer) => dataKeys.seal(row, bytes, grant),
      open: (bytes: Buffer) => dataKeys.open(row, bytes, grant),
    },
  ];
  let opened = 0;
  let refused = 0;
  let unchanged = 0;
  for (const { seal, open } of forms) {
    for (let round = 0; round < 500; round++) {
      const [one, other] = [await seal(randomBytes(randomInt(120))), await seal(randomBytes(randomInt(120)))];
      for (let count = 0; count < 100; count++) {
        const mutated = mutations[count % mutations.length]?.(Buffer.from(one), Buffer.from(other)) ?? Buffer.alloc(0);
        if ([one, other].some((sealed) => Buffer.compare(sealed, mutated) === 0)) {
          unchanged++;
          continue;
        }
        await open(mutated).then(
          () => opened++,
          (error: unknown) => {
            if (!(error instanceof GrantkeeperError) || error.code !== "decryption_failed") throw error;
            refused++;
          },
        );
      }
    }
  }
  expect(opened).toBe(0);
  expect(refused + unchanged).toBe(100_000);
  expect(refused).toBeGreaterThan(95_000);
});
