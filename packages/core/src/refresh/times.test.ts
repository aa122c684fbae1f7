import { afterEach, describe, expect, test } from "vitest";
import { closeWorlds, codeOf, connect, createWorld, githubConnector } from "../test/harness.ts";

afterEach(closeWorlds);

const short = { refresh: { callTimeout: 0.15, lease: 1, recoveryWait: 1 } };

describe("a provider that takes too long", () => {
  test("F6 after it has rotated, under strict rotation: the loss is found out", async () => {
    let silent = false;
    const never = new Promise<undefined>(() => undefined);
    const after = () => (silent ? never : undefined);
    const { keeper, clock, provider } = await createWorld(githubConnector, { faults: { after } }, short);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    silent = true;
    expect(await codeOf(connection.token())).toBe("provider_unavailable");
    expect((await connection.status()).state).toBe("active");
    silent = false;
    clock.advance(5);
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
    expect((await connection.status()).tokenSets["default"]?.ended).toBe("rotation_response_lost");
    expect(provider.log.tokenRequests.filter(({ grantType }) => grantType === "refresh_token")).toHaveLength(2);
  });

  test("F6 before it has acted: nothing is lost", async () => {
    let silent = false;
    const never = new Promise<undefined>(() => undefined);
    const before = () => (silent ? never : undefined);
    const { keeper, clock, provider } = await createWorld(githubConnector, { faults: { before } }, short);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    silent = true;
    expect(await codeOf(connection.token())).toBe("provider_unavailable");
    silent = false;
    clock.advance(5);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    expect(provider.log.reuseDetected).toBe(0);
  });
});

describe("clocks that differ by ten minutes", () => {
  test("F10 R53 make no loop of refreshes, and no two at once", async () => {
    const { keeper, another, clock, provider } = await createWorld(githubConnector, { latencyMs: 20 });
    const { connection } = await connect(keeper);
    const skewed = [-600, 0, 600].map((seconds) => another({ now: () => clock.now() + seconds * 1000 }));
    for (let round = 0; round < 3; round++) {
      clock.advance(3600 + 601);
      provider.log.clear();
      const ask = (): Promise<unknown>[] =>
        skewed.flatMap((one) => Array.from({ length: 5 }, () => one.connection("main", { id: connection.id }).token()));
      await Promise.all(ask());
      await Promise.all(ask());
      expect(provider.log.tokenRequests).toHaveLength(1);
    }
    expect(provider.log.reuseDetected).toBe(0);
  });
});
