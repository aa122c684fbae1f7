import type { EmulatedResponse } from "@grantkeeper/core/connector";
import { afterEach, describe, expect, test } from "vitest";
import { GrantkeeperError, keyvStore, type Store } from "../index.ts";
import {
  type Clock,
  closeWorlds,
  codeOf,
  connect,
  createWorld,
  githubConnector,
  googleConnector,
  slackConnector,
} from "../test/harness.ts";

afterEach(closeWorlds);

const unavailable: EmulatedResponse = { status: 503, text: "down" };
const html: EmulatedResponse = { status: 200, headers: { "content-type": "text/html" }, text: "<html>sign in</html>" };

describe("exactly one refresh", () => {
  test("D1 500 callers on an expired grant make one token request, and each gets the new token", async () => {
    const { keeper, provider, clock } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    const before = await connection.token();
    clock.advance(3601);
    provider.log.clear();
    const tokens = await Promise.all(Array.from({ length: 500 }, () => connection.token()));
    expect(provider.log.tokenRequests).toHaveLength(1);
    expect(new Set(tokens.map((token) => token.accessToken)).size).toBe(1);
    expect(tokens[0]?.accessToken).not.toBe(before.accessToken);
  });

  test("I1 two keepers on one store make one token request between them", async () => {
    const { keeper, another, provider, clock } = await createWorld(githubConnector, { latencyMs: 50 });
    const { connection } = await connect(keeper);
    const other = another();
    clock.advance(3601);
    provider.log.clear();
    const selector = { id: connection.id };
    const tokens = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 ? keeper : other).connection("main", selector).token()),
    );
    expect(provider.log.tokenRequests).toHaveLength(1);
    expect(provider.log.reuseDetected).toBe(0);
    expect(new Set(tokens.map((token) => token.accessToken)).size).toBe(1);
  });

  test("a refresh asks the store three times: for the row, the lease and the commit", async () => {
    const asked: string[] = [];
    const { keeper, clock } = await createWorld(githubConnector, {}, {}, ({ now }) =>
      watched(keyvStore(undefined, { now }), (operation) => asked.push(operation)),
    );
    const { connection } = await connect(keeper);
    clock.advance(3601);
    asked.length = 0;
    await connection.token();
    expect(asked).toEqual(["get", "lease", "commit"]);
  });

  test("I4 each token set is refreshed with its own refresh token, one after the other", async () => {
    const { keeper, provider, clock } = await createWorld(slackConnector, { latencyMs: 30 });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    const slack = keeper.connection("main", { id: connection.id });
    const [bot, user] = await Promise.all([slack.token(), slack.token({ as: "user" })]);
    const requests = provider.log.tokenRequests;
    expect(requests.map((request) => request.presented?.tokenSet).sort()).toEqual(["default", "user"]);
    expect(requests[1]?.startedAt).toBeGreaterThanOrEqual(requests[0]?.endedAt ?? Number.POSITIVE_INFINITY);
    expect(bot.accessToken).not.toBe(user.accessToken);
    expect(bot.scopes).toEqual(["chat:write"]);
    expect(user.scopes).toEqual(["search:read"]);
  });

  test("R43 an answer without a refresh token keeps the one there is", async () => {
    const { keeper, clock, provider } = await createWorld(googleConnector);
    const { connection } = await connect(keeper);
    for (let round = 0; round < 3; round++) {
      clock.advance(3601);
      await connection.token();
    }
    expect(provider.log.tokenRequests.filter((request) => request.outcome === "issued")).toHaveLength(4);
  });

  test("D8 a token near its end is served while one refresh runs behind it", async () => {
    const { keeper, provider, clock } = await createWorld(githubConnector, { latencyMs: 20 });
    const { connection } = await connect(keeper);
    const first = await connection.token();
    clock.advance(3600 - 60);
    provider.log.clear();
    const served = await Promise.all([connection.token(), connection.token()]);
    expect(served.map((token) => token.accessToken)).toEqual([first.accessToken, first.accessToken]);
    await expect.poll(async () => (await connection.token()).accessToken).not.toBe(first.accessToken);
    expect(provider.log.tokenRequests).toHaveLength(1);
  });

  test("D8 a caller that gives up ends its own wait only", async () => {
    const { keeper, provider, clock } = await createWorld(githubConnector, { latencyMs: 50 });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    const controller = new AbortController();
    const abandoned = codeOf(connection.token({ signal: controller.signal }));
    const patient = connection.token();
    controller.abort();
    expect(await abandoned).toBe("aborted");
    expect((await patient).accessToken).toBeTypeOf("string");
    expect(provider.log.tokenRequests.map((request) => request.outcome)).toEqual(["issued"]);
  });
});

test("D8 a caller that gives up need not wait for the first opening of the store either", async () => {
  const { keeper, store, another } = await createWorld(githubConnector);
  const { connection } = await connect(keeper);
  const gate = Promise.withResolvers<void>();
  const slow = { ...store, get: (id: string) => gate.promise.then(() => store.get(id)), close: async () => undefined };
  const next = another({ store: slow }).connection("main", { id: connection.id });
  const controller = new AbortController();
  const abandoned = [next.token({ signal: controller.signal }), next.fetch("user", { signal: controller.signal })];
  const codes = Promise.all(abandoned.map((work) => codeOf(work)));
  controller.abort();
  expect(await codes).toEqual(["aborted", "aborted"]);
  gate.resolve();
  expect((await next.token()).accessToken).toBeTypeOf("string");
});

describe("a refused access token", () => {
  test("H8 is refreshed once, when it is still the stored one and older than 30 seconds", async () => {
    const { keeper, provider, clock } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    const { accessToken: rejected } = await connection.token();
    provider.log.clear();
    expect((await connection.token({ rejected })).accessToken).toBe(rejected);
    clock.advance(31);
    const renewed = await Promise.all([connection.token({ rejected }), connection.token({ rejected })]);
    expect(renewed[0].accessToken).not.toBe(rejected);
    expect((await connection.token({ rejected })).accessToken).toBe(renewed[0].accessToken);
    expect(provider.log.tokenRequests).toHaveLength(1);
  });

  test("H8 that is no longer the stored one gives the stored one only while that is good", async () => {
    const { keeper, clock } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    const { accessToken: stored } = await connection.token();
    expect((await connection.token({ rejected: "another" })).accessToken).toBe(stored);
    clock.advance(3601);
    expect((await connection.token({ rejected: "another" })).accessToken).not.toBe(stored);
  });

  test("I6 without a refresh token ends the connection only if the provider's own identity call refuses it too", async () => {
    const { keeper, provider, clock } = await createWorld(githubConnector, { accessTokenLifetime: null });
    const { connection } = await connect(keeper);
    const { accessToken: rejected } = await connection.token();
    clock.advance(31);
    expect((await connection.token({ rejected })).accessToken).toBe(rejected);
    provider.revokeGrant(rejected);
    expect(await codeOf(connection.token({ rejected }))).toBe("reauthorization_required");
    expect((await connection.status()).tokenSets["default"]?.ended).toBe("revoked");
  });
});

describe("failures", () => {
  test.each([
    ["F12 503", unavailable],
    ["F12 HTML under 200", html],
    ["F12 408", { status: 408, text: "" }],
    ["F11 an error under HTTP 200 that is no grant error", { status: 200, json: { error: "server_error" } }],
  ])("%s before the provider acted: the grant stays, and a later refresh works", async (_, answer) => {
    let failing = true;
    const before = () => (failing ? answer : undefined);
    const { keeper, clock, provider } = await createWorld(githubConnector, { faults: { before } });
    failing = false;
    const { connection } = await connect(keeper);
    failing = true;
    clock.advance(3601);
    expect(["provider_unavailable", "invalid_response"]).toContain(await codeOf(connection.token()));
    expect((await connection.status()).state).toBe("active");
    failing = false;
    clock.advance(61);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    expect(provider.log.reuseDetected).toBe(0);
  });

  test("F12 429 names the time of the next try and spends nothing", async () => {
    let answer: EmulatedResponse | undefined;
    const { keeper, clock } = await createWorld(githubConnector, { faults: { before: () => answer } });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    answer = { status: 429, headers: { "retry-after": "120" }, json: {} };
    const failure = await connection.token().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "provider_unavailable", remedy: "retry", connector: "main" });
    const retryAt = (failure as { retryAt: Date }).retryAt.getTime();
    expect(Math.round((retryAt - clock.now()) / 1000)).toBe(120);
    answer = undefined;
    expect(await codeOf(connection.token())).toBe("provider_unavailable");
    clock.advance(121);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });

  test("F12 a client that the provider no longer knows ends no grant", async () => {
    let answer: EmulatedResponse | undefined;
    const { keeper, clock } = await createWorld(githubConnector, { faults: { before: () => answer } });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    answer = { status: 200, json: { error: "incorrect_client_credentials" } };
    expect(await codeOf(connection.token())).toBe("provider_rejected");
    expect((await connection.status()).state).toBe("active");
    answer = undefined;
    clock.advance(5);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });

  test("I7 a refresh that failed is not tried again before its time, however many ask", async () => {
    let answer: EmulatedResponse | undefined;
    const { keeper, clock, provider } = await createWorld(githubConnector, { faults: { before: () => answer } });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    answer = { status: 429, headers: { "retry-after": "120" }, json: {} };
    for (let round = 0; round < 20; round++) expect(await codeOf(connection.token())).toBe("provider_unavailable");
    expect(provider.log.tokenRequests).toHaveLength(1);
  });

  test("I6 a grant that the user revoked needs reauthorization, says so once, and keeps its row", async () => {
    const { keeper, clock, provider, events } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    provider.revokeGrant((await connection.token()).accessToken);
    clock.advance(3601);
    const codes = await Promise.all([codeOf(connection.token()), codeOf(connection.token())]);
    expect(codes).toEqual(["reauthorization_required", "reauthorization_required"]);
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
    expect(await connection.status()).toMatchObject({ state: "needs_reauthorization" });
    expect(events.filter(({ name }) => name === "connection.needs_reauthorization")).toHaveLength(1);
    expect(provider.log.tokenRequests.filter((request) => request.grantType === "refresh_token")).toHaveLength(1);
  });

  test("F8 the loser of a race adopts the winner's token instead of ending the grant", async () => {
    const { keeper, another, clock, store } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    const other = another();
    clock.advance(3601);
    const winner = await other.connection("main", { id: connection.id }).token();
    expect((await connection.token()).accessToken).toBe(winner.accessToken);
    expect((await store.get(connection.id))?.state).toBe("active");
  });

  test("I6 an ended user token of Slack leaves the bot's at work", async () => {
    const { keeper, clock, provider } = await createWorld(slackConnector);
    const { connection } = await connect(keeper);
    const slack = keeper.connection("main", { id: connection.id });
    const refuse = await slack.token({ as: "user" });
    clock.advance(3601);
    await slack.token();
    provider.revokeGrant(refuse.accessToken);
    expect(await codeOf(slack.token({ as: "user" }))).toBe("reauthorization_required");
    expect((await slack.token()).accessToken).toBeTypeOf("string");
    expect((await slack.status()).state).toBe("needs_reauthorization");
  });
});

describe("the application's own code", () => {
  test("a logger or waitUntil that throws costs nobody a token", async () => {
    const failing = (): never => {
      throw new Error("log full");
    };
    const logger = { debug: failing, info: failing, warn: failing, error: failing };
    let answer: EmulatedResponse | undefined;
    const { keeper, another, clock } = await createWorld(githubConnector, { faults: { before: () => answer } });
    const { connection } = await connect(keeper);
    const own = another({ logger, waitUntil: failing }).connection("main", { id: connection.id });
    clock.advance(3600 - 60);
    answer = unavailable;
    expect((await own.token()).accessToken).toBeTypeOf("string");
    answer = undefined;
    clock.advance(200);
    expect((await own.token()).accessToken).toBeTypeOf("string");
  });
});

describe("a store that fails in the middle", () => {
  type Commit = Store["commit"];
  function flaky(failure: (commit: Commit) => Commit) {
    return (clock: Clock): Store => {
      const store = keyvStore(undefined, { now: clock.now });
      return { ...store, commit: failure(store.commit) };
    };
  }
  const down = new GrantkeeperError("store_unavailable", "down");

  test("F7 D4 D5 I5 a refreshed token waits for its commit, and nobody gets it before", async () => {
    let failures = 0;
    let committed = false;
    const createStore = flaky((commit) => async (request) => {
      if (failures-- > 0) throw down;
      const outcome = await commit(request);
      committed = outcome === "committed";
      return outcome;
    });
    const { keeper, clock, provider } = await createWorld(githubConnector, {}, {}, createStore);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    committed = false;
    failures = 4;
    const ask = async () => {
      const token = await connection.token();
      expect(committed).toBe(true);
      return token;
    };
    const tokens = await Promise.all([ask(), ask()]);
    expect(failures).toBe(-1);
    expect(provider.log.tokenRequests).toHaveLength(1);
    clock.advance(3601);
    expect((await connection.token()).accessToken).not.toBe(tokens[0].accessToken);
  });

  test("F7 a refreshed token outlasts a key service that refuses its use at the commit", async () => {
    let refusals = 0;
    const refused = new GrantkeeperError("invalid_config", "refused");
    const createStore = flaky((commit) => (request) => (refusals-- > 0 ? Promise.reject(refused) : commit(request)));
    const { keeper, clock, provider } = await createWorld(githubConnector, {}, {}, createStore);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    refusals = 2;
    const { accessToken } = await connection.token();
    expect(refusals).toBe(-1);
    expect((await connection.token()).accessToken).toBe(accessToken);
    expect(provider.log.reuseDetected).toBe(0);
  });

  test("I3 a commit whose answer was lost is not made twice", async () => {
    let lost = false;
    const createStore = flaky((commit) => async (request) => {
      const outcome = await commit(request);
      if (lost) {
        lost = false;
        throw down;
      }
      return outcome;
    });
    const { keeper, clock, store, provider } = await createWorld(githubConnector, {}, {}, createStore);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    lost = true;
    await connection.token();
    expect((await store.get(connection.id))?.version).toBe(2);
    clock.advance(3601);
    await connection.token();
    expect(provider.log.reuseDetected).toBe(0);
  });

  test("I7 a lease that cannot be given back makes nobody ask the provider again", async () => {
    let failing = false;
    let answer: EmulatedResponse | undefined;
    const createStore = (clock: Clock): Store => {
      const store = keyvStore(undefined, { now: clock.now });
      return { ...store, release: (request) => (failing ? Promise.reject(down) : store.release(request)) };
    };
    const faults = { before: () => answer };
    const { keeper, clock, provider } = await createWorld(githubConnector, { faults }, {}, createStore);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    failing = true;
    answer = { status: 429, headers: { "retry-after": "120" }, json: {} };
    expect(await codeOf(connection.token())).toBe("provider_unavailable");
    clock.advance(31);
    for (let round = 0; round < 5; round++) expect(await codeOf(connection.token())).toBe("provider_unavailable");
    expect(provider.log.tokenRequests).toHaveLength(1);
  });

  test("D3 a store that cannot be written stops a refresh before it is sent", async () => {
    let failing = false;
    const createStore = (clock: Clock): Store => {
      const store = keyvStore(undefined, { now: clock.now });
      return { ...store, lease: (request) => (failing ? Promise.reject(down) : store.lease(request)) };
    };
    const { keeper, clock, provider } = await createWorld(githubConnector, {}, {}, createStore);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    failing = true;
    expect(await codeOf(connection.token())).toBe("store_unavailable");
    expect(provider.log.tokenRequests).toHaveLength(0);
    failing = false;
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });
});

describe("a wrong deployment", () => {
  test.each([
    ["client id", { clientId: "another-client" }],
    ["token endpoint", { tokenEndpoint: "https://other.example.com/token" }],
  ])("another %s is refused before any request", async (_, change) => {
    const { keeper, another, clock, provider } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    clock.advance(3601);
    provider.log.clear();
    const wrong = another({ connectors: { main: { ...provider.connector, ...change } } });
    expect(await codeOf(wrong.connection("main", { id: connection.id }).token())).toBe("invalid_config");
    expect(provider.log.tokenRequests).toHaveLength(0);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });
});

function watched(store: Store, onAsked: (operation: string) => void): Store {
  const noted =
    <Request, Answer>(operation: string, ask: (request: Request) => Answer) =>
    (request: Request): Answer => {
      onAsked(operation);
      return ask(request);
    };
  return {
    ...store,
    get: noted("get", store.get),
    lease: noted("lease", store.lease),
    commit: noted("commit", store.commit),
  };
}
