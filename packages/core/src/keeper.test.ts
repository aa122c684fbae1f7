import { afterEach, describe, expect, expectTypeOf, onTestFinished, test, vi } from "vitest";
import { apiKey, type Connector, clientSecretPost } from "./connector/index.ts";
import { createKeeper, generateKey, type IdentifiedConnection, keyvStore, type Store } from "./index.ts";
import { exampleConnector } from "./test/connector.ts";
import {
  begin,
  type Clock,
  callbackUrl,
  closeWorlds,
  codeOf,
  connect,
  createWorld,
  githubConnector,
  key,
  silent,
  slackConnector,
} from "./test/harness.ts";
import { zendeskLike } from "./test/zendesk-like.ts";

afterEach(closeWorlds);

const options = { connectors: { github: githubConnector }, keys: [key], callbackUrl, logger: silent };

function codeOfCreate(change: object): string {
  try {
    createKeeper({ ...options, ...change });
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "none";
}

describe("createKeeper", () => {
  test.each([
    ["E1 no keys", { keys: [] }],
    ["E1 keys left out", { keys: undefined }],
    ["E6 a passphrase", { keys: [{ id: "k", secret: "correct horse battery staple" }] }],
    ["R9 http", { callbackUrl: "http://app.example.com/connect" }],
    ["R9 a fragment", { callbackUrl: `${callbackUrl}#x` }],
    ["R9 a query", { callbackUrl: `${callbackUrl}?x=1` }],
    ["R9 a user", { callbackUrl: "https://u:p@app.example.com/connect" }],
    ["R9 no URL", { callbackUrl: "/connect" }],
    ["R9 javascript", { callbackUrl: "javascript:alert(1)" }],
    ["R10 an allowed origin with a path", { returnToOrigins: ["https://spa.example.com/"] }],
    ["an empty client id", { connectors: { github: { ...githubConnector, clientId: "" } } }],
    [
      "an empty client secret",
      { connectors: { github: { ...githubConnector, clientAuthentication: clientSecretPost("") } } },
    ],
    ["a lease that ends with the call", { refresh: { callTimeout: 10, lease: 10 } }],
    ["a recovery before the lease's end", { refresh: { lease: 30, recoveryWait: 29 } }],
    ["a time that is none", { refresh: { callTimeout: Number.NaN } }],
    ["a time of nothing", { refresh: { callTimeout: 0 } }],
    ["a time of days", { refresh: { lease: 86_400 } }],
    ["a journal in a folder that depends on where one stands", { journal: { directory: "journal" } }],
    ["R25 a param that is not anchored", { connectors: { z: { ...zendeskLike, params: { subdomain: /[a-z]+/ } } } }],
  ])("%s is invalid_config at once", (_, change) => {
    expect(codeOfCreate(change)).toBe("invalid_config");
  });

  test.each(["http://localhost:3000/connect", "http://127.0.0.1:3000/connect", "http://[::1]:3000/connect"])(
    "R9 %s is good for development",
    (url) => {
      expect(codeOfCreate({ callbackUrl: url })).toBe("none");
    },
  );

  test("says once that grants in memory do not last", () => {
    const warnings: string[] = [];
    createKeeper({ ...options, logger: { ...silent, warn: (message) => void warnings.push(message) } });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("in memory");
  });

  test("R42 an emulated provider is refused in production", async () => {
    const { keeper, provider } = await createWorld(githubConnector);
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await codeOf(keeper.start("main", { owner: "ada" }))).toBe("invalid_config");
    expect(codeOfCreate({ connectors: { github: provider.connector } })).toBe("invalid_config");
  });

  test("R42 unverified certificates are warned of, and refused in production", async () => {
    const warnings: string[] = [];
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    onTestFinished(() => void vi.unstubAllEnvs());
    const logger = { ...silent, warn: (message: string) => void warnings.push(message) };
    const keeper = createKeeper({ ...options, logger });
    expect(warnings.filter((message) => message.includes("NODE_TLS_REJECT_UNAUTHORIZED"))).toHaveLength(1);
    vi.stubEnv("NODE_ENV", "production");
    expect(codeOfCreate({})).toBe("invalid_config");
    // A keeper that was there before does not send either.
    expect(await codeOf(keeper.start("github", { owner: "ada" }))).toBe("invalid_config");
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "1");
    expect(codeOfCreate({})).toBe("none");
  });
});

describe("types", () => {
  const keyConnector = exampleConnector({
    credentials: apiKey(),
    userinfoEndpoint: "https://api.example.com/me",
  }) as Connector<never, never, "apiKey">;
  const keeper = createKeeper({
    ...options,
    connectors: {
      github: githubConnector,
      slack: slackConnector,
      zendesk: zendeskLike,
      brevo: keyConnector,
      own: async () => zendeskLike,
    },
  });

  test("a typo, a missing param and a token set that is not there do not compile", () => {
    const never = () => {
      // @ts-expect-error: no such connector
      void keeper.start("gihub", { owner: "ada" });
      // @ts-expect-error: zendesk needs its subdomain
      void keeper.start("zendesk", { owner: "ada" });
      void keeper.start("zendesk", { owner: "ada", params: { subdomain: "acme" } });
      // @ts-expect-error: no such param
      void keeper.start("zendesk", { owner: "ada", params: { subdomain: "acme", host: "x" } });
      // @ts-expect-error: GitHub has no params
      void keeper.start("github", { owner: "ada", params: { subdomain: "acme" } });
      void keeper.connection("slack", { owner: "ada" }).token({ as: "user" });
      // @ts-expect-error: a reconnect takes its params from the connection
      void keeper.start("zendesk", { owner: "ada", connectionId: "con_1", params: { subdomain: "acme" } });
      // @ts-expect-error: no such param
      void keeper.connection("zendesk", { owner: "ada", params: { host: "x" } });
      // @ts-expect-error: GitHub has no params
      void keeper.connection("github", { owner: "ada", params: { subdomain: "acme" } });
      // @ts-expect-error: GitHub has no user token
      void keeper.connection("github", { owner: "ada" }).token({ as: "user" });
      void keeper.connect("brevo", { owner: "ada", credentials: { apiKey: "key" } });
      // @ts-expect-error: the key is missing
      void keeper.connect("brevo", { owner: "ada" });
      // @ts-expect-error: no such credential
      void keeper.connect("brevo", { owner: "ada", credentials: { password: "key" } });
      // @ts-expect-error: GitHub takes no credentials
      void keeper.connect("github", { owner: "ada", credentials: { apiKey: "key" } });
      // @ts-expect-error: zendesk needs its subdomain
      void keeper.device("zendesk", { owner: "ada" });
      void keeper.start("own", { owner: "ada", params: { subdomain: "acme" } });
      // @ts-expect-error: an owner's own client needs its params, too
      void keeper.start("own", { owner: "ada" });
      // @ts-expect-error: neither id nor owner
      void keeper.connection("github", {});
    };
    expectTypeOf(never).toBeFunction();
    expectTypeOf(keeper.connection("github", { id: "con_1" })).toEqualTypeOf<IdentifiedConnection<never>>();
  });

  test("what types cannot see is refused at run time", async () => {
    expect(await codeOf(keeper.start("zendesk", { owner: "ada" } as never))).toBe("invalid_request");
    expect(() => keeper.connection("gihub" as "github", { owner: "ada" })).toThrow(/no connector/);
    expect(() => keeper.connection("github", {} as { owner: string })).toThrow(/owner/);
  });
});

describe("connections", () => {
  test("are listed by owner, connector and state, over more than one page", async () => {
    const world = await createWorld(githubConnector);
    const seeded = world.provider.seed({ count: 230 });
    for (const [index, { tokenSets, account }] of seeded.entries()) {
      const { accessToken = "", refreshToken = "", expiresAt = 0 } = tokenSets["default"] ?? {};
      const tokens = { accessToken, refreshToken, expiresAt: new Date(expiresAt) };
      await world.keeper.adopt("main", { owner: index % 2 ? "ada" : "bo", tokens, account: { id: account.id } });
    }
    const ids = new Set<string>();
    for await (const connection of world.keeper.connections({ owner: "ada" })) ids.add(connection.id);
    expect(ids.size).toBe(115);
    let all = 0;
    for await (const _ of world.keeper.connections({ state: "active" })) all++;
    expect(all).toBe(230);
    for await (const _ of world.keeper.connections({ state: "needs_reauthorization" })) all++;
    expect(all).toBe(230);
  });

  test("an owner that is undefined means nobody, not everybody", async () => {
    const { keeper } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    const nobody = { owner: undefined as unknown as string };
    expect(() => keeper.connection("main", { id: connection.id, ...nobody })).toThrow(/owner/);
    expect(() => keeper.connection("main", nobody)).toThrow(/owner/);
    expect(() => keeper.connections(nobody)).toThrow(/owner/);
  });

  test("an unknown connection is not_connected", async () => {
    const { keeper } = await createWorld(githubConnector);
    expect(await codeOf(keeper.connection("main", { owner: "ada" }).token())).toBe("not_connected");
    expect(await codeOf(keeper.connection("main", { id: "con_unknown" }).status())).toBe("not_connected");
  });

  test("E7 rows under an older key are read and refreshed beside the first one, and new ones come under the first", async () => {
    const { keeper, another, store, clock } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    const next = { id: "next", secret: generateKey() };
    const rotated = another({ keys: [next, key] });
    clock.advance(3601);
    expect((await rotated.connection("main", { owner: "ada" }).token()).accessToken).toBeTypeOf("string");
    const wrappedIn = async (id: string): Promise<string> =>
      Buffer.from((await store.get(id))?.wrappedKey ?? []).toString("latin1");
    expect(await wrappedIn(connection.id)).toContain(key.id);
    const { connection: newer } = await connect(rotated, { owner: "grace" });
    expect(await wrappedIn(newer.id)).toContain("next");
    const retired = another({ keys: [next] });
    expect((await retired.connection("main", { owner: "grace" }).status()).state).toBe("active");
    expect(await codeOf(retired.connection("main", { owner: "ada" }).status())).toBe("decryption_failed");
  });

  test("E9 a row that does not open is decryption_failed and stays", async () => {
    const { keeper, another, store } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    const stranger = another({ keys: [{ id: "other", secret: generateKey() }] });
    expect(await codeOf(stranger.connection("main", { id: connection.id }).token())).toBe("decryption_failed");
    expect(await store.get(connection.id)).toBeDefined();
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });

  test("another process's disconnect is seen once the cache is older than cacheFor", async () => {
    const { keeper, another, clock } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    await connection.token();
    await another().connection("main", { id: connection.id }).disconnect();
    clock.advance(11);
    expect(await codeOf(connection.token())).toBe("not_connected");
  });
});

describe("close", () => {
  test("D9 who waits for another's lease while the keeper closes sends nothing any more", async () => {
    let held = false;
    const createStore = (clock: Clock): Store => {
      const store = keyvStore(undefined, { now: clock.now });
      const get: Store["get"] = async (id) => {
        const row = await store.get(id);
        return held && row !== undefined ? { ...row, lease: { holder: "another", until: clock.now() + 20_000 } } : row;
      };
      return { ...store, get };
    };
    const { keeper, provider, clock } = await createWorld(githubConnector, {}, {}, createStore);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    held = true;
    provider.log.clear();
    const waiting = codeOf(connection.token());
    await new Promise((resolve) => setTimeout(resolve, 50));
    held = false;
    await keeper.close();
    expect(await waiting).toBe("closed");
    expect(provider.log.tokenRequests).toHaveLength(0);
  });

  test("D9 waits for a consent whose code is being exchanged, and both who close wait", async () => {
    const { keeper, store } = await createWorld(githubConnector, { latencyMs: 100 });
    const finishing = keeper.finish(await begin(keeper), { owner: "ada" });
    const closed = Promise.all([keeper.close(), keeper.close()]);
    let done = false;
    void finishing.then(() => {
      done = true;
    });
    await closed;
    expect(done).toBe(true);
    expect(store.kind).toBe("memory");
  });

  test("D9 waits for a refresh that runs, and refuses what comes after", async () => {
    const { keeper, provider, clock } = await createWorld(githubConnector, { latencyMs: 100 });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    const token = connection.token();
    await expect.poll(() => provider.log.tokenRequests.length).toBe(2);
    await keeper.close();
    expect((await token).accessToken).toBeTypeOf("string");
    expect(await codeOf(keeper.start("main", { owner: "ada" }))).toBe("closed");
  });
});
