import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { expectNoPollution, foreignText } from "../test/foreign.ts";
import { callbackUrl, closeWorlds, codeOf, createWorld, githubConnector } from "../test/harness.ts";

afterEach(closeWorlds);

const random = fc.stringMatching(/^[\w-]{43}$/);
const issuedAt = fc.oneof(
  fc.integer({ min: 0, max: 36 ** 9 - 1 }).map((seconds) => seconds.toString(36)),
  fc.constantFrom("0", "zzzzzzzzz", "zzzzzzzzzz", "-1", "", "1.5", "Infinity", "NaN", "1e9", "__proto__"),
);
const state = fc.oneof(
  foreignText,
  fc.tuple(random, issuedAt).map(([bits, time]) => `${bits}.${time}`),
);

describe("finish", () => {
  test("R5 R57 a state that was not given out finds no flow and is sent nowhere, whatever it says of its time", async () => {
    const { keeper, provider } = await createWorld(githubConnector);
    const codes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(state, random, async (given, cookie) => {
        const query = new URLSearchParams({ code: "c", state: given });
        const request = new Request(`${callbackUrl}/main/callback?${query}`, {
          headers: { cookie: `__Host-grantkeeper=${cookie}` },
        });
        const code = await codeOf(keeper.finish(request, { owner: "ada" }));
        expect(["state_mismatch", "flow_expired", ...(given === "" ? ["invalid_request"] : [])]).toContain(code);
        codes.add(code);
        expectNoPollution();
      }),
      { numRuns: 300 },
    );
    expect(codes).toContain("state_mismatch");
    expect(codes).toContain("flow_expired");
    expect(provider.log.tokenRequests).toEqual([]);
  });
});
