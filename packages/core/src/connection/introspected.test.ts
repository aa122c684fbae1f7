import { afterEach, describe, expect, test } from "vitest";
import type { Connector } from "../connector/index.ts";
import { exampleConnector } from "../test/connector.ts";
import { closeWorlds, codeOf, connect, createWorld } from "../test/harness.ts";

afterEach(closeWorlds);

const connector = exampleConnector({
  introspectionEndpoint: "https://login.example.com/introspect",
  userinfoEndpoint: "https://api.example.com/v1/me",
  emulation: async () => ({
    accounts: [
      { id: "1001", name: "Ada" },
      { id: "1002", name: "Bob" },
    ],
    // It says nothing of when its tokens end.
    tokenResponse: ({ tokenSets: { default: set } }) => ({
      status: 200,
      json: {
        access_token: set?.accessToken ?? "",
        token_type: "Bearer",
        ...(set?.refreshToken === undefined ? {} : { refresh_token: set.refreshToken }),
      },
    }),
    routes: [],
    exampleCall: { path: "me" },
  }),
}) as Connector<never, never, never>;

type Options = NonNullable<Parameters<typeof createWorld>[1]>;

describe("a token whose end only introspection tells", () => {
  test("R52 is asked about once, and refreshed in time", async () => {
    const world = await createWorld(connector);
    const { connection } = await connect(world.keeper);
    const first = await connection.token();
    expect(first.expiresAt?.getTime()).toBeGreaterThan(world.clock.now() + 3_500_000);
    for (let count = 0; count < 20; count++) await connection.token();
    expect(introspections(world)).toEqual(["active"]);
    world.clock.advance(3_600);
    const second = await connection.token();
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(world.provider.log.tokenRequests.map(({ grantType }) => grantType)).toEqual([
      "authorization_code",
      "refresh_token",
    ]);
  });

  test("R52 a hundred callers ask once", async () => {
    const world = await createWorld(connector);
    const { connection } = await connect(world.keeper);
    await Promise.all(Array.from({ length: 100 }, () => connection.token()));
    expect(introspections(world)).toEqual(["active"]);
  });

  test("R52 one that is no longer active is refreshed, and where that fails only the user can help", async () => {
    const world = await createWorld(connector);
    const { connection } = await connect(world.keeper);
    world.provider.expireAccessTokens();
    const { accessToken } = await connection.token();
    expect(world.provider.log.tokenRequests.at(-1)?.grantType).toBe("refresh_token");
    expect(introspections(world)).toEqual(["inactive"]);
    expect((await connection.fetch("me")).status).toBe(200);
    expect((await connection.token()).accessToken).toBe(accessToken);
  });

  test("R52 one without a refresh token that is not active ends as expired", async () => {
    const world = await createWorld(connector, { refreshTokens: false });
    const { connection } = await connect(world.keeper);
    world.provider.expireAccessTokens();
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
  });

  test.each<[string, object]>([
    ["503", { status: 503 }],
    ["no `active`", { status: 200, json: { exp: 1 } }],
    ["`active` as text", { status: 200, json: { active: "false" } }],
    ["HTML", { status: 200, text: "<html>" }],
    ["a list", { status: 200, json: [] }],
  ])("R52 an answer that says nothing (%s) costs no token, and is not asked for at each read", async (_, answer) => {
    const world = await createWorld(connector, {
      faults: { api: ({ url }: { readonly url: URL }) => (url.pathname.endsWith("introspect") ? answer : undefined) },
    } as Options);
    const { connection } = await connect(world.keeper);
    const { accessToken } = await connection.token();
    for (let count = 0; count < 10; count++) expect((await connection.token()).accessToken).toBe(accessToken);
    world.clock.advance(31);
    await connection.token();
    expect(world.provider.log.tokenRequests.length).toBe(1);
  });

  test("R52 the provider is not asked where the token response names the end", async () => {
    const { emulation: _, ...plain } = connector;
    const world = await createWorld(plain as Connector<never, never, never>);
    const { connection } = await connect(world.keeper);
    await connection.token();
    expect(introspections(world)).toEqual([]);
  });
});

function introspections({ provider }: Awaited<ReturnType<typeof createWorld>>): string[] {
  return provider.log.clientRequests
    .filter(({ endpoint }) => endpoint === "introspection")
    .map(({ outcome }) => outcome);
}
