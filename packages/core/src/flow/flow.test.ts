import { google } from "@grantkeeper/google";
import { consent } from "@grantkeeper/testing";
import { afterEach, describe, expect, test } from "vitest";
import {
  begin,
  callbackRequest,
  callbackUrl,
  client,
  closeWorlds,
  codeOf,
  connect,
  cookieOf,
  createWorld,
  githubConnector,
  googleConnector,
  slackConnector,
} from "../test/harness.ts";

afterEach(closeWorlds);

const owner = "ada";

async function stored(world: Awaited<ReturnType<typeof createWorld>>): Promise<number> {
  return (await world.store.list({ limit: 100 })).rows.length;
}

describe("start", () => {
  test("R1 R2 asks for a code with PKCE S256, state and the connector's own redirect URI", async () => {
    const { keeper } = await createWorld(githubConnector);
    const { url, headers } = await keeper.start("main", { owner });
    const query = Object.fromEntries(url.searchParams);
    expect(query).toMatchObject({
      response_type: "code",
      client_id: client.clientId,
      redirect_uri: `${callbackUrl}/main/callback`,
      scope: "repo",
      code_challenge_method: "S256",
    });
    expect(query["code_challenge"]).toMatch(/^[\w-]{43}$/);
    expect(query["state"]).toMatch(/^[\w-]{43}\./);
    expect(headers.get("set-cookie")).toMatch(
      /^__Host-grantkeeper=[\w-]{43}; Path=\/; HttpOnly; Max-Age=3600; Secure; SameSite=Lax$/,
    );
  });

  test("R4 the one cookie comes along cross-site as soon as some connector answers by form_post", async () => {
    const { another, provider } = await createWorld(githubConnector);
    const posting = { ...provider.connector, responseMode: "form_post" as const };
    const keeper = another({ connectors: { main: provider.connector, posting } as never });
    const { headers } = await keeper.start("main", { owner });
    expect(headers.get("set-cookie")).toContain("SameSite=None");
  });

  test("R2 leaves PKCE out only where the connector names the page that refuses it", async () => {
    const { keeper } = await createWorld(slackConnector);
    const { url } = await keeper.start("main", { owner });
    expect(url.searchParams.has("code_challenge")).toBe(false);
    expect(url.searchParams.get("user_scope")).toBe("search:read");
  });

  test("R3 each transaction has its own state, challenge and nonce", async () => {
    const { keeper } = await createWorld(googleConnector);
    const starts = await Promise.all(Array.from({ length: 200 }, () => keeper.start("main", { owner })));
    for (const name of ["state", "code_challenge", "nonce"]) {
      expect(new Set(starts.map(({ url }) => url.searchParams.get(name))).size).toBe(200);
    }
  });

  test("Google is asked for a refresh token, and for consent only while there is none", async () => {
    const { keeper } = await createWorld(googleConnector);
    const first = await keeper.start("main", { owner });
    expect(Object.fromEntries(first.url.searchParams)).toMatchObject({
      access_type: "offline",
      include_granted_scopes: "true",
      prompt: "consent",
    });
    const { connection } = await connect(keeper);
    const again = await connection.reconnect();
    expect(again.url.searchParams.get("prompt")).toBeNull();
  });

  test.each([
    ["an unknown connector", { connector: "gitlab" }],
    ["a connector named like a property of every object", { connector: "constructor" }],
    ["a param that the connector does not have", { params: { subdomain: "acme" } }],
    ["a foreign returnTo", { returnTo: "https://evil.example/" }],
    ["a returnTo with two slashes", { returnTo: "//evil.example" }],
    ["no owner", { owner: "" }],
    ["metadata beyond 16 KiB", { metadata: { text: "x".repeat(20_000) } }],
  ])("%s is invalid_request", async (_, { connector = "main", ...change }: Record<string, unknown>) => {
    const { keeper } = await createWorld(githubConnector);
    expect(await codeOf(keeper.start(connector as "main", { owner, ...change } as never))).toBe("invalid_request");
  });

  test("reconnecting another owner's connection is not_connected", async () => {
    const { keeper } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    expect(await codeOf(keeper.start("main", { owner: "bo", connectionId: connection.id }))).toBe("not_connected");
  });
});

describe("finish", () => {
  test("stores the connection and says where to go", async () => {
    const { keeper } = await createWorld(githubConnector);
    const { url, headers } = await keeper.start("main", {
      owner,
      returnTo: "/settings?tab=1",
      metadata: { team: "a" },
    });
    const request = callbackRequest(await consent(url), cookieOf(headers));
    const { connection, returnTo } = await keeper.finish(request, { owner });
    expect(returnTo).toBe("/settings?tab=1");
    expect(await connection.status()).toMatchObject({ state: "active", metadata: { team: "a" }, connector: "main" });
  });

  test("R5 100 concurrent callbacks with one state make one token request, and one of them succeeds", async () => {
    const world = await createWorld(githubConnector);
    const request = await begin(world.keeper);
    const codes = await Promise.all(
      Array.from({ length: 100 }, () => codeOf(world.keeper.finish(request.clone(), { owner }))),
    );
    expect(world.provider.log.tokenRequests).toHaveLength(1);
    expect(codes.filter((code) => code === "none")).toHaveLength(1);
    expect(codes.filter((code) => code === "state_mismatch")).toHaveLength(99);
    expect(await stored(world)).toBe(1);
  });

  test("R4 another browser, user or path is refused before any request, and the flow is still there for the right one", async () => {
    const world = await createWorld(githubConnector);
    const { keeper, provider } = world;
    const request = await begin(keeper);
    const withoutCookie = new Request(request.url);
    const otherBrowser = callbackRequest(request.url, cookieOf((await keeper.start("main", { owner })).headers));
    expect(await codeOf(keeper.finish(withoutCookie, { owner }))).toBe("state_mismatch");
    expect(await codeOf(keeper.finish(otherBrowser, { owner }))).toBe("state_mismatch");
    expect(await codeOf(keeper.finish(request.clone(), { owner: "bo" }))).toBe("state_mismatch");
    expect(provider.log.tokenRequests).toHaveLength(0);
    expect(await codeOf(keeper.finish(request, { owner }))).toBe("none");
    expect(await stored(world)).toBe(1);
  });

  test("R7 a callback on another connector's path is refused without a token request", async () => {
    const { keeper, another, provider } = await createWorld(githubConnector);
    const request = await begin(keeper);
    const both = another({ connectors: { main: provider.connector, other: provider.connector } as never });
    const moved = callbackRequest(request.url.replace("/main/", "/other/"), request.headers.get("cookie") ?? "");
    expect(await codeOf(both.finish(moved, { owner }))).toBe("state_mismatch");
    expect(provider.log.tokenRequests).toHaveLength(0);
  });

  test("R5 a flow ends after ten minutes", async () => {
    const { keeper, clock, provider } = await createWorld(githubConnector);
    const request = await begin(keeper);
    clock.advance(601);
    expect(await codeOf(keeper.finish(request, { owner }))).toBe("flow_expired");
    expect(provider.log.tokenRequests).toHaveLength(0);
  });

  test.each([
    ["R12 code twice", "invalid_request", (url: URL) => url.searchParams.append("code", "other")],
    ["R12 code and error", "invalid_request", (url: URL) => url.searchParams.set("error", "access_denied")],
    [
      "R5 a changed state",
      "state_mismatch",
      (url: URL) => url.searchParams.set("state", `${"A".repeat(43)}${url.searchParams.get("state")?.slice(43)}`),
    ],
    ["R5 a state of another shape", "state_mismatch", (url: URL) => url.searchParams.set("state", "x")],
    ["R5 no state", "invalid_request", (url: URL) => url.searchParams.delete("state")],
    ["no code", "invalid_request", (url: URL) => url.searchParams.delete("code")],
  ])("%s is %s and costs nothing", async (_, code, damage) => {
    const world = await createWorld(githubConnector);
    const request = await begin(world.keeper);
    const url = new URL(request.url);
    damage(url);
    const cookie = request.headers.get("cookie") ?? "";
    expect(await codeOf(world.keeper.finish(callbackRequest(url, cookie), { owner }))).toBe(code);
    expect(world.provider.log.tokenRequests).toHaveLength(0);
    expect(await stored(world)).toBe(0);
    expect(await codeOf(world.keeper.finish(request, { owner }))).toBe("none");
  });

  test("a user who says no ends in consent_denied, and nothing is stored", async () => {
    const world = await createWorld(githubConnector);
    const request = await begin(world.keeper, { deny: true });
    const failure = await world.keeper.finish(request, { owner }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "consent_denied", remedy: "reconnect", connector: "main" });
    expect(await stored(world)).toBe(0);
  });

  test("a code that the provider no longer takes ends in flow_expired", async () => {
    const { keeper } = await createWorld(githubConnector);
    const request = await begin(keeper);
    const url = new URL(request.url);
    url.searchParams.set("code", "spent");
    const cookie = request.headers.get("cookie") ?? "";
    expect(await codeOf(keeper.finish(callbackRequest(url, cookie), { owner }))).toBe("flow_expired");
  });

  test("R8 a connector that changed while the user was away gets no code", async () => {
    const { keeper, another, provider } = await createWorld(githubConnector);
    const request = await begin(keeper);
    const changed = another({ connectors: { main: { ...provider.connector, clientId: "another" } } });
    expect(await codeOf(changed.finish(request, { owner }))).toBe("invalid_config");
    expect(provider.log.tokenRequests).toHaveLength(0);
  });

  test("R6 an answer that names another issuer is refused without a token request", async () => {
    const { keeper, provider } = await createWorld(googleConnector);
    const request = await begin(keeper);
    const url = new URL(request.url);
    expect(url.searchParams.get("iss")).toBe(provider.connector.issuer);
    url.searchParams.set("iss", `${provider.connector.issuer}/`);
    const cookie = request.headers.get("cookie") ?? "";
    expect(await codeOf(keeper.finish(callbackRequest(url, cookie), { owner }))).toBe("state_mismatch");
    expect(provider.log.tokenRequests).toHaveLength(0);
  });

  test.each([
    ["HTML", "invalid_response", { status: 200, headers: { "content-type": "text/html" }, text: "<html>hello</html>" }],
    ["nothing", "invalid_response", { status: 200, text: "" }],
    ["60 MiB", "invalid_response", { status: 200, text: "x".repeat(60 * 1024 * 1024) }],
    ["a redirect", "invalid_response", { status: 302, headers: { location: "https://evil.example/" } }],
    ["503", "provider_unavailable", { status: 503, text: "" }],
  ])("R29 R36 a token endpoint that answers %s ends in %s, and nothing is stored", async (_, code, answer) => {
    const world = await createWorld(githubConnector, { faults: { before: () => answer } });
    const request = await begin(world.keeper);
    expect(await codeOf(world.keeper.finish(request, { owner }))).toBe(code);
    expect(await stored(world)).toBe(0);
  });

  test("H1 a code is sent once, whatever happens to the answer", async () => {
    const { keeper, provider } = await createWorld(githubConnector, { faults: { after: () => "reset" } });
    const request = await begin(keeper);
    expect(await codeOf(keeper.finish(request, { owner }))).toBe("provider_unavailable");
    expect(provider.log.tokenRequests).toHaveLength(1);
  });

  test("R18 what the user left out is an event and a field of the status", async () => {
    const connector = google({ ...client, scopes: ["email", "https://www.googleapis.com/auth/drive.readonly"] });
    const { keeper, events } = await createWorld(connector);
    const { connection } = await connect(keeper, { scopes: ["openid", "email"] });
    const { tokenSets } = await connection.status();
    expect(tokenSets["default"]?.scopes.missing).toEqual(["https://www.googleapis.com/auth/drive.readonly"]);
    expect(events.find(({ name }) => name === "connection.scopes_changed")?.event).toMatchObject({
      missing: ["https://www.googleapis.com/auth/drive.readonly"],
    });
  });
});
