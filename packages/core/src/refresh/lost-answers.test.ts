import { afterEach, describe, expect, test } from "vitest";
import { closeWorlds, codeOf, connect, createWorld, githubConnector } from "../test/harness.ts";

afterEach(closeWorlds);

describe("lost answers", () => {
  test("D7 under strict rotation an unanswered refresh is not repeated before its recovery", async () => {
    let lose = false;
    const after = () => (lose ? ("reset" as const) : undefined);
    const { keeper, clock, provider, events } = await createWorld(githubConnector, { faults: { after } });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    lose = true;
    expect(await codeOf(connection.token())).toBe("provider_unavailable");
    lose = false;
    expect(await codeOf(connection.token())).toBe("provider_unavailable");
    expect(provider.log.tokenRequests).toHaveLength(1);
    clock.advance(61);
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
    const ended = events.find(({ name }) => name === "connection.needs_reauthorization");
    expect(ended?.event).toMatchObject({ reason: "rotation_response_lost" });
    expect(provider.log.tokenRequests).toHaveLength(2);
  });

  test("I8 a request that never arrived is recovered by spending the stored token once", async () => {
    let lose = false;
    const before = () => (lose ? ("reset" as const) : undefined);
    const { keeper, clock, provider } = await createWorld(githubConnector, { faults: { before } });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    lose = true;
    expect(await codeOf(connection.token())).toBe("provider_unavailable");
    lose = false;
    clock.advance(61);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    expect(provider.log.reuseDetected).toBe(0);
  });

  test.each([{ kind: "none" } as const, { kind: "untilUsed" } as const, { kind: "grace", windowSeconds: 30 } as const])(
    "D7 under rotation $kind a lost answer is asked for again at once",
    async (rotation) => {
      let losses = 0;
      const after = () => (losses-- > 0 ? ("reset" as const) : undefined);
      const { keeper, clock, provider } = await createWorld(githubConnector, { faults: { after }, rotation });
      const { connection } = await connect(keeper);
      clock.advance(3601);
      losses = 1;
      expect((await connection.token()).accessToken).toBeTypeOf("string");
      expect(provider.log.reuseDetected).toBe(0);
      clock.advance(3601);
      expect((await connection.token()).accessToken).toBeTypeOf("string");
    },
  );

  test("D7 a repeat that was not sent says nothing of the first try, whose intent stays open", async () => {
    let calls = 0;
    const after = () => (calls === 1 ? ("reset" as const) : undefined);
    const rotation = { kind: "grace", windowSeconds: 30 } as const;
    const { keeper, another, clock, store } = await createWorld(githubConnector, { faults: { after }, rotation });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED", syscall: "connect" });
    const cutOff = another({ fetch: (url, init) => (++calls === 1 ? fetch(url, init) : Promise.reject(refused)) });
    expect(await codeOf(cutOff.connection("main", { id: connection.id }).token())).toBe("provider_unavailable");
    expect(calls).toBeGreaterThan(1);
    expect((await store.get(connection.id))?.intents).toHaveLength(1);
    clock.advance(91);
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
    expect((await connection.status()).tokenSets["default"]?.ended).toBe("rotation_response_lost");
  });

  test("D7 an attempt that sent nothing leaves what another's had left, and puts off no later one", async () => {
    const rotation = { kind: "strict" } as const;
    let lose = false;
    const before = () => (lose ? ("reset" as const) : undefined);
    const { keeper, another, clock, store } = await createWorld(githubConnector, { faults: { before }, rotation });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    lose = true;
    expect(await codeOf(connection.token())).toBe("provider_unavailable");
    lose = false;
    const left = (await store.get(connection.id))?.intents;
    expect(left).toHaveLength(1);
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED", syscall: "connect" });
    const cutOff = another({ fetch: () => Promise.reject(refused) });
    clock.advance(61);
    expect(await codeOf(cutOff.connection("main", { id: connection.id }).token())).toBe("provider_unavailable");
    expect((await store.get(connection.id))?.intents).toEqual(left);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });

  test.each([
    ["an impossible lifetime", { expires_in: -5 }],
    ["a token type that nobody knows", { token_type: "mac" }],
    ["no access token", { access_token: null }],
  ])("R45 a refresh token that came with %s is kept", async (_, damage) => {
    const { keeper, clock, provider, another } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    const damaging = another({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const body = (await response.json()) as object;
        return Response.json({ ...body, ...damage }, { status: response.status });
      },
    });
    await codeOf(damaging.connection("main", { id: connection.id }).token());
    clock.advance(3601);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    expect(provider.log.reuseDetected).toBe(0);
  });
});
