import { consent } from "@grantkeeper/testing";
import { afterEach, describe, expect, test } from "vitest";
import type { Connector } from "../connector/index.ts";
import { generateKey, keyvStore, type Store } from "../index.ts";
import {
  begin,
  type Clock,
  callbackRequest,
  client,
  closeWorlds,
  codeOf,
  connect,
  cookieOf,
  createWorld,
  githubConnector,
  googleConnector,
  key,
  slackConnector,
} from "../test/harness.ts";

afterEach(closeWorlds);

async function ids(world: Awaited<ReturnType<typeof createWorld>>, owner = "ada"): Promise<string[]> {
  const found: string[] = [];
  for await (const connection of world.keeper.connections({ owner })) found.push(connection.id);
  return found;
}

describe("which connection a consent goes to", () => {
  test("the same account again updates its connection and keeps its metadata", async () => {
    const world = await createWorld(githubConnector);
    const first = await connect(world.keeper);
    await first.connection.setMetadata({ team: "a" });
    const second = await connect(world.keeper);
    expect(second.connection.id).toBe(first.connection.id);
    expect((await second.connection.status()).metadata).toEqual({ team: "a" });
    expect(world.events.map(({ name }) => name)).toEqual(["connection.connected", "connection.reconnected"]);
  });

  test("another account is another connection, and the owner alone no longer says which", async () => {
    const world = await createWorld(githubConnector);
    const [one, two] = world.provider.accounts;
    const first = await connect(world.keeper, { accountId: one?.id ?? "" });
    const second = await connect(world.keeper, { accountId: two?.id ?? "" });
    expect(await ids(world)).toEqual([first.connection.id, second.connection.id]);
    const failure = await world.keeper
      .connection("main", { owner: "ada" })
      .token()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "ambiguous_connection", connectionIds: await ids(world) });
  });

  test("a handle by owner follows what this process connects and disconnects", async () => {
    const world = await createWorld(githubConnector);
    const [one, two] = world.provider.accounts;
    const handle = world.keeper.connection("main", { owner: "ada" });
    const first = await connect(world.keeper, { accountId: one?.id ?? "" });
    expect((await handle.status()).connectionId).toBe(first.connection.id);
    const second = await connect(world.keeper, { accountId: two?.id ?? "" });
    expect(await codeOf(handle.status())).toBe("ambiguous_connection");
    await first.connection.disconnect();
    expect((await handle.status()).connectionId).toBe(second.connection.id);
  });

  test("two tabs that finish at once end in one connection", async () => {
    const world = await createWorld(githubConnector, { latencyMs: 20 });
    const requests = await Promise.all([begin(world.keeper), begin(world.keeper)]);
    const done = await Promise.all(requests.map((request) => world.keeper.finish(request, { owner: "ada" })));
    expect(done[0]?.connection.id).toBe(done[1]?.connection.id);
    expect(await ids(world)).toHaveLength(1);
    await done[0]?.connection.token();
  });

  test("the same account of two owners is two connections", async () => {
    const world = await createWorld(githubConnector);
    const ada = await connect(world.keeper, { owner: "ada" });
    const bo = await connect(world.keeper, { owner: "bo" });
    expect(bo.connection.id).not.toBe(ada.connection.id);
    expect(await ids(world, "bo")).toEqual([bo.connection.id]);
    const foreign = world.keeper.connection("main", { id: ada.connection.id, owner: "bo" });
    expect(await codeOf(foreign.token())).toBe("not_connected");
    expect(await codeOf(foreign.disconnect())).toBe("not_connected");
    expect((await ada.connection.status()).state).toBe("active");
  });

  test("a reconnect with another account is account_mismatch: nothing is overwritten", async () => {
    const world = await createWorld(githubConnector);
    const [one, two] = world.provider.accounts;
    const { connection } = await connect(world.keeper, { accountId: one?.id ?? "" });
    const before = await world.store.get(connection.id);
    const choice = { connectionId: connection.id, accountId: two?.id ?? "" };
    expect(await codeOf(connect(world.keeper, choice))).toBe("account_mismatch");
    expect((await world.store.get(connection.id))?.sealed).toEqual(before?.sealed);
    expect(world.provider.log.revocations).toHaveLength(0);
    expect((await connection.fetch("user")).status).toBe(200);
  });

  test("a reconnect brings an ended connection back to life", async () => {
    const world = await createWorld(githubConnector);
    const { connection } = await connect(world.keeper);
    world.provider.revokeGrant((await connection.token()).accessToken);
    world.clock.advance(3601);
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
    await connect(world.keeper, { connectionId: connection.id });
    expect((await connection.status()).state).toBe("active");
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });

  test("a reconnect without a refresh token keeps the stored one and proves it by a refresh", async () => {
    const world = await createWorld(googleConnector);
    const { connection } = await connect(world.keeper);
    world.provider.log.clear();
    await connect(world.keeper, { connectionId: connection.id });
    expect(world.provider.log.tokenRequests.map(({ grantType }) => grantType)).toEqual([
      "authorization_code",
      "refresh_token",
    ]);
    world.clock.advance(3601);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });

  test("a kept refresh token that is dead says so while the user is there, and the next start asks for a new one", async () => {
    const world = await createWorld(googleConnector, {
      faults: { before: (request) => refuseRefresh(request.grantType) },
    });
    let refusing = false;
    function refuseRefresh(grantType: string | undefined) {
      return refusing && grantType === "refresh_token" ? { status: 400, json: { error: "invalid_grant" } } : undefined;
    }
    const { connection } = await connect(world.keeper);
    refusing = true;
    expect(await codeOf(connect(world.keeper, { connectionId: connection.id }))).toBe("reauthorization_required");
    expect((await connection.reconnect()).url.searchParams.get("prompt")).toBe("consent");
    refusing = false;
    await connect(world.keeper, { connectionId: connection.id });
    expect((await connection.status()).state).toBe("active");
  });

  test("a reconnect for Slack's bot alone keeps the person's token, and one with user scopes follows", async () => {
    const world = await createWorld(slackConnector);
    const { connection } = await connect(world.keeper);
    const slack = world.keeper.connection("main", { id: connection.id });
    const before = await slack.token({ as: "user" });
    const botOnly = { ...world.provider.connector, tokenSets: {}, authorizationParams: {} };
    const keeper = world.another({ connectors: { main: botOnly } });
    expect(await codeOf(connect(keeper, { connectionId: connection.id }))).toBe("none");
    expect((await slack.token({ as: "user" })).accessToken).toBe(before.accessToken);
    expect(await codeOf(connect(world.keeper, { connectionId: connection.id }))).toBe("none");
    expect((await slack.token({ as: "user" })).accessToken).not.toBe(before.accessToken);
  });

  test("a client's refresh token is never sent for another client", async () => {
    const { issuer: _, jwksUri: __, ...plain } = googleConnector;
    const world = await createWorld(plain as typeof googleConnector);
    const { connection } = await connect(world.keeper);
    const sent: string[] = [];
    const other = world.another({
      connectors: { main: { ...world.provider.connector, clientId: "client-2" } },
      fetch: async (url, init) => {
        const body = new URLSearchParams(init?.body instanceof URLSearchParams ? init.body : "");
        if (body.get("grant_type") === "refresh_token") sent.push(body.get("refresh_token") ?? "");
        body.set("client_id", client.clientId);
        return fetch(url, init?.body instanceof URLSearchParams ? { ...init, body } : init);
      },
    });
    const started = await other.start("main", { owner: "ada", connectionId: connection.id });
    expect(started.url.searchParams.get("prompt")).toBe("consent");
    started.url.searchParams.set("client_id", client.clientId);
    started.url.searchParams.delete("prompt");
    const callback = await consent(started.url);
    await other.finish(callbackRequest(callback, cookieOf(started.headers)), { owner: "ada" });
    expect(sent).toEqual([]);
  });

  test("a connection that went away while its account consented again is added anew", async () => {
    let ghost = true;
    const createStore = (clock: Clock): Store => {
      const store = keyvStore(undefined, { now: clock.now });
      const insert: Store["insert"] = async (row) => {
        if (!ghost) return store.insert(row);
        ghost = false;
        return { inserted: false, connectionId: "con_gone" };
      };
      return { ...store, insert };
    };
    const { keeper } = await createWorld(githubConnector, {}, {}, createStore);
    const { connection } = await connect(keeper);
    expect((await connection.status()).state).toBe("active");
  });

  test("F7 a new connection whose acknowledgement was lost is not written a second time", async () => {
    let lost = true;
    const createStore = (clock: Clock): Store => {
      const store = keyvStore(undefined, { now: clock.now });
      const insert: Store["insert"] = async (row) => {
        const outcome = await store.insert(row);
        if (!lost) return outcome;
        lost = false;
        throw new Error("ECONNRESET");
      };
      return { ...store, insert };
    };
    const { keeper, store, events } = await createWorld(githubConnector, {}, {}, createStore);
    const { connection } = await connect(keeper);
    expect((await store.get(connection.id))?.version).toBe(1);
    expect(events.map(({ name }) => name)).toEqual(["connection.connected"]);
  });

  test.each([
    ["before it was made", false],
    ["after it was made", true],
  ])("F7 a reconnect whose commit fails %s is saved once", async (_, stored) => {
    let failures = 0;
    const createStore = (clock: Clock): Store => {
      const store = keyvStore(undefined, { now: clock.now });
      const commit: Store["commit"] = async (request) => {
        if (failures-- <= 0) return store.commit(request);
        if (stored) await store.commit(request);
        throw new Error("ECONNRESET");
      };
      return { ...store, commit };
    };
    const { keeper, store, events, clock } = await createWorld(githubConnector, {}, {}, createStore);
    const { connection } = await connect(keeper);
    const before = await store.get(connection.id);
    failures = 1;
    await connect(keeper, { connectionId: connection.id });
    const after = await store.get(connection.id);
    expect(after?.version).toBe(2);
    expect(after?.grantId).not.toBe(before?.grantId);
    expect(events.map(({ name }) => name)).toEqual(["connection.connected", "connection.reconnected"]);
    clock.advance(3601);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });

  test("F7 a store that is down for a moment does not cost the consent", async () => {
    let failures = 2;
    const createStore = (clock: Clock): Store => {
      const store = keyvStore(undefined, { now: clock.now });
      return {
        ...store,
        insert: (row) => (failures-- > 0 ? Promise.reject(new Error("ECONNRESET")) : store.insert(row)),
      };
    };
    const { keeper, provider } = await createWorld(githubConnector, {}, {}, createStore);
    const { connection } = await connect(keeper);
    expect((await connection.status()).state).toBe("active");
    expect(provider.log.tokenRequests).toHaveLength(1);
  });
});

describe("adopt", () => {
  test("keeps tokens that the application has, under the account that the provider names", async () => {
    const world = await createWorld(githubConnector);
    const [seeded] = world.provider.seed({ count: 1, accountId: world.provider.accounts[0]?.id ?? "" });
    const { accessToken = "", refreshToken = "", expiresAt = 0 } = seeded?.tokenSets["default"] ?? {};
    const tokens = { accessToken, refreshToken, expiresAt: new Date(expiresAt) };
    const connection = await world.keeper.adopt("main", { owner: "ada", tokens });
    expect((await connection.status()).account?.id).toBe(world.provider.accounts[0]?.id);
    world.clock.advance(3601);
    expect((await connection.token()).accessToken).not.toBe(accessToken);
  });

  test("an expired access token needs the account said", async () => {
    const world = await createWorld(githubConnector);
    const [seeded] = world.provider.seed({ count: 1, accessTokenExpired: true });
    const { accessToken = "", refreshToken = "" } = seeded?.tokenSets["default"] ?? {};
    const tokens = { accessToken, refreshToken, expiresAt: new Date(world.clock.now() - 1000) };
    expect(await codeOf(world.keeper.adopt("main", { owner: "ada", tokens }))).toBe("invalid_request");
    const connection = await world.keeper.adopt("main", { owner: "ada", tokens, account: { id: "7" } });
    expect((await connection.token()).accessToken).not.toBe(accessToken);
  });

  test("I3 adopting again leaves what has been refreshed since", async () => {
    const world = await createWorld(githubConnector);
    const [seeded] = world.provider.seed({ count: 1 });
    const { accessToken = "", refreshToken = "", expiresAt = 0 } = seeded?.tokenSets["default"] ?? {};
    const request = {
      owner: "ada",
      tokens: { accessToken, refreshToken, expiresAt: new Date(expiresAt) },
      account: { id: "7" },
    };
    const connection = await world.keeper.adopt("main", request);
    world.clock.advance(3601);
    await connection.token();
    expect((await world.keeper.adopt("main", request)).id).toBe(connection.id);
    world.clock.advance(3601);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    expect(world.provider.log.reuseDetected).toBe(0);
  });

  test("I1 a rotating refresh token is refused twice, also where no account is known", async () => {
    const { identify: _, ...anonymous } = githubConnector;
    const world = await createWorld(anonymous as typeof githubConnector);
    const [seeded] = world.provider.seed({ count: 1 });
    const { accessToken = "", refreshToken = "" } = seeded?.tokenSets["default"] ?? {};
    const request = { owner: "ada", tokens: { accessToken, refreshToken } };
    await world.keeper.adopt("main", request);
    expect(await codeOf(world.keeper.adopt("main", request))).toBe("invalid_request");
    expect(await ids(world)).toHaveLength(1);
  });

  test("I1 a rotating refresh token in two connections is refused", async () => {
    const world = await createWorld(githubConnector);
    const [seeded] = world.provider.seed({ count: 1 });
    const { accessToken = "", refreshToken = "", expiresAt = 0 } = seeded?.tokenSets["default"] ?? {};
    const tokens = { accessToken, refreshToken, expiresAt: new Date(expiresAt) };
    await world.keeper.adopt("main", { owner: "ada", tokens });
    expect(await codeOf(world.keeper.adopt("main", { owner: "bo", tokens }))).toBe("invalid_request");
    expect(await ids(world, "bo")).toEqual([]);
  });

  test.each([
    ["an empty token", { accessToken: "" }],
    ["a token with a newline", { accessToken: "a\nb" }],
    ["an invalid date", { accessToken: "a", expiresAt: new Date(Number.NaN) }],
  ])("%s is invalid_request", async (_, tokens) => {
    const { keeper } = await createWorld(githubConnector);
    expect(await codeOf(keeper.adopt("main", { owner: "ada", tokens }))).toBe("invalid_request");
  });
});

describe("disconnect", () => {
  test("R51 ends the grant at the provider and erases it here", async () => {
    const world = await createWorld(githubConnector);
    const { connection } = await connect(world.keeper);
    const { accessToken } = await connection.token();
    expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
    expect(await world.store.get(connection.id)).toBeUndefined();
    expect(await codeOf(connection.token())).toBe("not_connected");
    const refused = await fetch(`${world.provider.connector.apiBaseUrl}/user`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(refused.status).toBe(401);
  });

  test("R51 erases here whatever the provider answers, and says what failed", async () => {
    const world = await createWorld(githubConnector, {
      faults: { api: ({ method }) => (method === "DELETE" ? { status: 503 } : undefined) },
    });
    const { connection } = await connect(world.keeper);
    expect(await connection.disconnect()).toEqual({ revocation: "pending" });
    expect(await codeOf(connection.status())).toBe("not_connected");
  });

  test("R51 a provider that answers 503 three times is told by the fourth try, and only once", async () => {
    let answers = 0;
    const world = await createWorld(githubConnector, {
      faults: { api: ({ method }) => (method === "DELETE" && answers++ < 3 ? { status: 503 } : undefined) },
    });
    const { connection } = await connect(world.keeper);
    expect(await connection.disconnect()).toEqual({ revocation: "pending" });
    expect(await world.keeper.retryRevocations()).toMatchObject({ failed: 1, changed: 0 });
    expect(await world.keeper.retryRevocations()).toMatchObject({ failed: 1, changed: 0 });
    expect(await world.keeper.retryRevocations()).toMatchObject({ failed: 0, changed: 1 });
    expect(world.provider.log.revocations.map(({ known }) => known)).toEqual([true]);
    expect(await world.keeper.retryRevocations()).toMatchObject({ failed: 0, changed: 0 });
  });

  test("R51 a pending revocation spares the account that has been connected again since", async () => {
    let down = true;
    const world = await createWorld(githubConnector, {
      faults: { api: ({ method }) => (method === "DELETE" && down ? { status: 503 } : undefined) },
    });
    const first = await connect(world.keeper);
    await first.connection.disconnect();
    const { connection } = await connect(world.keeper);
    down = false;
    await world.keeper.retryRevocations();
    const response = await connection.fetch("user");
    expect(response.status).toBe(200);
  });

  test("R51 an expired token is renewed first where only a live one can be revoked", async () => {
    const world = await createWorld(githubConnector);
    const { connection } = await connect(world.keeper);
    world.clock.advance(3601);
    expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
    expect(world.provider.log.revocations.map(({ known }) => known)).toEqual([true]);
  });

  test.each([githubConnector, slackConnector] as Connector[])(
    "R51 a refresh token of $name that could not be ended with its expired access token is not said to be revoked",
    async (connector) => {
      let down = false;
      const before = () => (down ? { status: 503 } : undefined);
      const world = await createWorld(connector, { faults: { before } });
      const { connection } = await connect(world.keeper);
      world.clock.advance(3601);
      down = true;
      expect(await connection.disconnect()).toEqual({ revocation: "pending" });
      expect(await codeOf(connection.status())).toBe("not_connected");
    },
  );

  test("R51 erases here though a neighbour's row does not open", async () => {
    const world = await createWorld(googleConnector);
    const ada = await connect(world.keeper, { owner: "ada" });
    const bo = await connect(world.another({ keys: [{ id: "other", secret: generateKey() }, key] }), { owner: "bo" });
    expect(await ada.connection.disconnect()).toEqual({ revocation: "skipped" });
    expect(await world.store.get(bo.connection.id)).toBeDefined();
  });

  test("does not end a grant that another connection of the same account still needs", async () => {
    const world = await createWorld(googleConnector);
    const ada = await connect(world.keeper, { owner: "ada" });
    const bo = await connect(world.keeper, { owner: "bo" });
    expect(await ada.connection.disconnect()).toEqual({ revocation: "skipped" });
    expect(world.provider.log.revocations).toHaveLength(0);
    world.clock.advance(3601);
    expect((await bo.connection.token()).accessToken).toBeTypeOf("string");
    expect(await bo.connection.disconnect()).toEqual({ revocation: "revoked" });
  });

  test("does not revoke a bot token that another connection of the same workspace holds too", async () => {
    const world = await createWorld(slackConnector, { accessTokenLifetime: null });
    const tokens = { accessToken: "" };
    const [one, two] = world.provider.accounts;
    const first = await connect(world.keeper, { owner: "ada", accountId: one?.id ?? "" });
    tokens.accessToken = (await first.connection.token()).accessToken;
    const account = { ...(await first.connection.status()).account, id: two?.id ?? "" };
    await world.keeper.adopt("main", { owner: "bo", tokens, account });
    expect(await first.connection.disconnect()).toEqual({ revocation: "skipped" });
    expect((await world.keeper.connection("main", { owner: "bo" }).fetch("auth.test", { method: "POST" })).status).toBe(
      200,
    );
    const left = world.provider.log.revocations.map(({ lineage }) => lineage?.tokenSet);
    expect(left).toEqual(["user"]);
  });

  test("waits for a refresh that runs, and that one's caller is told", async () => {
    const world = await createWorld(githubConnector, { latencyMs: 50 });
    const { connection } = await connect(world.keeper);
    world.clock.advance(3601);
    const token = codeOf(connection.token());
    const done = await connection.disconnect();
    expect(done).toEqual({ revocation: "revoked" });
    expect(["none", "not_connected"]).toContain(await token);
    expect(world.provider.log.reuseDetected).toBe(0);
  });
});
