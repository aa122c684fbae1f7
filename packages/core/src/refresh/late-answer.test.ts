import { afterEach, describe, expect, test } from "vitest";
import { keyvStore, type Store } from "../index.ts";
import {
  type Clock,
  closeWorlds,
  codeOf,
  connect,
  createWorld,
  githubConnector,
  googleConnector,
  type World,
} from "../test/harness.ts";

afterEach(closeWorlds);

/** Keeps the provider's next answers to refreshes on their way, until they are let through. */
function createDelay() {
  let held: Promise<undefined> | undefined;
  let arrive = (): void => undefined;
  return {
    after: ({ grantType }: { readonly grantType: string | undefined }) =>
      grantType === "refresh_token" ? held : undefined,
    hold(): void {
      held = new Promise((resolve) => {
        arrive = () => resolve(undefined);
      });
    },
    /** The answers that come from now on are not held. */
    release(): void {
      held = undefined;
    },
    arrive: () => arrive(),
  };
}

async function untilIssued({ provider }: Pick<World<typeof githubConnector>, "provider">): Promise<void> {
  await expect.poll(() => provider.log.tokenRequests.at(-1)?.outcome).toBe("issued");
}

describe("a late answer", () => {
  test("I3 of a provider that keeps its refresh token does not replace a newer one", async () => {
    const delay = createDelay();
    const { keeper, another, clock, provider } = await createWorld(googleConnector, { faults: { after: delay.after } });
    const { connection } = await connect(keeper);
    const other = another().connection("main", { id: connection.id });
    clock.advance(3601);
    provider.log.clear();
    delay.hold();
    const late = connection.token();
    await expect.poll(() => provider.log.tokenRequests.at(-1)?.outcome).toBe("issued");
    delay.release();
    clock.advance(31);
    const newer = await other.token();
    delay.arrive();
    expect((await late).accessToken).toBe(newer.accessToken);
    clock.advance(60);
    expect((await other.token()).accessToken).toBe(newer.accessToken);
  });

  test("I3 of a provider that keeps its refresh token replaces an older one that came even later", async () => {
    const [first, second] = [createDelay(), createDelay()];
    const { keeper, another, clock, provider } = await createWorld(googleConnector, {
      faults: { after: (request) => first.after(request) ?? second.after(request) },
    });
    const { connection } = await connect(keeper);
    const other = another().connection("main", { id: connection.id });
    clock.advance(3601);
    provider.log.clear();
    first.hold();
    const older = connection.token();
    await expect.poll(() => provider.log.tokenRequests.at(0)?.outcome).toBe("issued");
    first.release();
    clock.advance(31);
    second.hold();
    const newer = other.token();
    await expect.poll(() => provider.log.tokenRequests.at(1)?.outcome).toBe("issued");
    second.release();
    clock.advance(31);
    first.arrive();
    const { accessToken } = await older;
    second.arrive();
    expect((await newer).accessToken).not.toBe(accessToken);
    clock.advance(60);
    expect((await connection.token()).accessToken).toBe((await newer).accessToken);
  });

  test("F6 that another has outrun is tried before it is used, and its end is a lost answer", async () => {
    const delay = createDelay();
    const world = await createWorld(githubConnector, { faults: { after: delay.after }, rotation: { kind: "strict" } });
    const { keeper, another, clock, provider } = world;
    const { connection } = await connect(keeper);
    const other = another().connection("main", { id: connection.id });
    clock.advance(3601);
    provider.log.clear();
    delay.hold();
    const late = codeOf(connection.token());
    await untilIssued(world);
    delay.release();
    clock.advance(91);
    expect(await codeOf(other.token())).toBe("reauthorization_required");
    delay.arrive();
    expect(await late).toBe("reauthorization_required");
    expect((await other.status()).tokenSets["default"]?.ended).toBe("rotation_response_lost");
    expect(provider.log.reuseDetected).toBe(1);
  });

  test("F6 beside another's request that had no answer is tried before it is used, too", async () => {
    const delay = createDelay();
    const world = await createWorld(githubConnector, { faults: { after: delay.after }, rotation: { kind: "strict" } });
    const { keeper, another, clock, provider } = world;
    const { connection } = await connect(keeper);
    const cutOff = another({
      fetch: async (url, init) => {
        await fetch(url, init);
        throw Object.assign(new Error("read"), { code: "ECONNRESET" });
      },
    }).connection("main", { id: connection.id });
    clock.advance(3601);
    provider.log.clear();
    delay.hold();
    const late = codeOf(connection.token());
    await untilIssued(world);
    delay.release();
    clock.advance(91);
    expect(await codeOf(cutOff.token())).toBe("provider_unavailable");
    delay.arrive();
    expect(await late).toBe("reauthorization_required");
    expect((await connection.status()).tokenSets["default"]?.ended).toBe("rotation_response_lost");
  });

  test("F6 beside another's attempt that sent nothing is used at once, and is in no doubt", async () => {
    const delay = createDelay();
    const world = await createWorld(githubConnector, { faults: { after: delay.after }, rotation: { kind: "strict" } });
    const { keeper, another, clock, provider } = world;
    const { connection } = await connect(keeper);
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED", syscall: "connect" });
    const cutOff = another({ fetch: () => Promise.reject(refused) }).connection("main", { id: connection.id });
    clock.advance(3601);
    provider.log.clear();
    delay.hold();
    const late = connection.token();
    await untilIssued(world);
    delay.release();
    clock.advance(91);
    expect(await codeOf(cutOff.token())).toBe("provider_unavailable");
    delay.arrive();
    const { accessToken } = await late;
    expect(provider.log.tokenRequests).toHaveLength(1);
    provider.revokeGrant(accessToken);
    clock.advance(3601);
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
    expect((await connection.status()).tokenSets["default"]?.ended).toBe("revoked");
  });

  test("F6 a doubt ends with the next refresh token, though that came in an answer that was of no other use", async () => {
    let losses = 1;
    let damaged = false;
    const after = ({ grantType }: { readonly grantType: string | undefined }) =>
      grantType === "refresh_token" && losses-- > 0 ? ("reset" as const) : undefined;
    const rotation = { kind: "untilUsed" } as const;
    const { keeper, another, clock, provider } = await createWorld(githubConnector, { faults: { after }, rotation });
    const { connection } = await connect(keeper);
    const own = another({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!damaged || !String(url).endsWith("/access_token")) return response;
        const { access_token: _, ...body } = (await response.json()) as Record<string, unknown>;
        return Response.json(body);
      },
    }).connection("main", { id: connection.id });
    clock.advance(3601);
    const { accessToken } = await own.token();
    clock.advance(3601);
    damaged = true;
    expect(await codeOf(own.token())).toBe("invalid_response");
    damaged = false;
    provider.revokeGrant(accessToken);
    clock.advance(61);
    expect(await codeOf(own.token())).toBe("reauthorization_required");
    expect((await own.status()).tokenSets["default"]?.ended).toBe("revoked");
  });

  test("I3 is kept though a reconnect that kept the spent refresh token came between", async () => {
    let arrive = (): void => undefined;
    let held: Promise<undefined> | undefined;
    const after = ({ grantType }: { readonly grantType: string | undefined }) =>
      grantType === "refresh_token" ? held : undefined;
    const { keeper, another, clock, provider } = await createWorld(githubConnector, { faults: { after } });
    const other = another({
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        if (!String(url).endsWith("/access_token")) return response;
        const { refresh_token: _, ...body } = (await response.json()) as Record<string, unknown>;
        return Response.json(body);
      },
    });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    held = new Promise((resolve) => {
      arrive = () => resolve(undefined);
    });
    const late = connection.token();
    await expect.poll(() => provider.log.tokenRequests.at(1)?.outcome).toBe("issued");
    clock.advance(31);
    await connect(other, { connectionId: connection.id });
    held = undefined;
    arrive();
    expect((await late).accessToken).toBeTypeOf("string");
    clock.advance(3601);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    expect(provider.log.reuseDetected).toBe(0);
  });

  test("a wait for recovery leaves the connection to others", async () => {
    let lose = true;
    const after = () => (lose ? ("reset" as const) : undefined);
    const { keeper, clock } = await createWorld(githubConnector, { faults: { after } });
    lose = false;
    const { connection } = await connect(keeper);
    clock.advance(3601);
    lose = true;
    await codeOf(connection.token());
    lose = false;
    clock.advance(25);
    const waiting = codeOf(connection.token());
    await connection.setMetadata({ touched: true });
    expect((await connection.status()).metadata).toEqual({ touched: true });
    await keeper.close();
    expect(await waiting).toBe("closed");
  });
});

describe("a commit that takes its time", () => {
  function slow(seconds: () => number) {
    return (clock: Clock): Store => {
      const store = keyvStore(undefined, { now: clock.now });
      const commit: Store["commit"] = async (request) => {
        const outcome = await store.commit(request);
        clock.advance(seconds());
        return outcome;
      };
      return { ...store, commit };
    };
  }

  test("I5 gives nobody an access token that ran out meanwhile", async () => {
    const lasting = [3601];
    const { keeper, clock, provider } = await createWorld(
      githubConnector,
      {},
      {},
      slow(() => lasting.pop() ?? 0),
    );
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    const { expiresAt } = await connection.token();
    expect(expiresAt?.getTime()).toBeGreaterThan(clock.now());
    expect(provider.log.tokenRequests).toHaveLength(2);
  });

  test("I7 gives up where no access token outlives its own commit", async () => {
    const { keeper, clock, provider } = await createWorld(
      githubConnector,
      {},
      {},
      slow(() => 3601),
    );
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    expect(await codeOf(connection.token())).toBe("store_unavailable");
    expect(provider.log.tokenRequests).toHaveLength(2);
  });
});
