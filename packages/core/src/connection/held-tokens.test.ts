import fc from "fast-check";
import { expect, test } from "vitest";
import { secretOf } from "../secret.ts";
import { toAccessToken } from "./access-token.ts";
import { createHeldTokens, type HeldToken } from "./held-tokens.ts";

function heldToken(change: Partial<HeldToken> & { readonly value?: string } = {}): HeldToken {
  const { value = "a", ...rest } = change;
  const token = toAccessToken({ accessToken: secretOf(value), tokenType: "Bearer", obtainedAt: 0, scopes: [] });
  return { connector: "main", owner: "ada", token, from: 100, until: 200, ...rest };
}

test("a token is found from its time on, and until it ends", async () => {
  const tokens = createHeldTokens();
  tokens.hold("con_1", heldToken());
  const found = [99, 100, 199, 200, Number.NaN].map((now) => tokens.find("con_1", "main", undefined, now));
  expect(found.map((token) => token !== undefined)).toEqual([false, true, true, false, false]);
  expect((await found[1])?.accessToken).toBe("a");
});

test("it is that connector's and that owner's alone", () => {
  const tokens = createHeldTokens();
  tokens.hold("con_1", heldToken());
  expect(tokens.find("con_1", "other", undefined, 150)).toBeUndefined();
  expect(tokens.find("con_1", "main", "bob", 150)).toBeUndefined();
  expect(tokens.find("con_1", "main", "", 150)).toBeUndefined();
  expect(tokens.find("con_2", "main", undefined, 150)).toBeUndefined();
  expect(tokens.find("con_1", "main", "ada", 150)).toBeDefined();
});

test("whatever comes and goes, each finds its own and none finds another's", async () => {
  const id = fc.integer({ min: 0, max: 40 }).map((number) => `con_${number}`);
  const step = fc.oneof(
    fc.record({ kind: fc.constant("hold" as const), id, value: fc.string(), owner: fc.constantFrom("ada", "bob") }),
    fc.record({ kind: fc.constant("delete" as const), id }),
    fc.record({ kind: fc.constant("clear" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 200, size: "max" }), async (steps) => {
      const tokens = createHeldTokens();
      const expected = new Map<string, HeldToken>();
      for (const one of steps) {
        if (one.kind === "clear") {
          tokens.clear();
          expected.clear();
        } else if (one.kind === "delete") {
          tokens.delete(one.id);
          expected.delete(one.id);
        } else {
          const held = heldToken(one);
          tokens.hold(one.id, held);
          expected.set(one.id, held);
        }
      }
      for (let number = 0; number <= 40; number++) {
        const found = tokens.find(`con_${number}`, "main", undefined, 150);
        expect(await found).toBe(expected.get(`con_${number}`)?.token);
        for (const owner of ["ada", "bob"]) {
          const isTheirs = expected.get(`con_${number}`)?.owner === owner;
          expect(tokens.find(`con_${number}`, "main", owner, 150) !== undefined).toBe(isTheirs);
        }
      }
    }),
    { numRuns: 200 },
  );
});
