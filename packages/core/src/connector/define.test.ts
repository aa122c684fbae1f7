import { afterEach, describe, expect, expectTypeOf, test } from "vitest";
import { closeWorlds, codeOf, createWorld } from "../test/harness.ts";
import { apiKey, basicCredentials, type Connector, clientCredentials, defineKeyConnector } from "./index.ts";

afterEach(closeWorlds);

const specification = {
  ...{ id: "mail", name: "Mail", docs: "https://docs.example.com/keys", checkedOn: "2026-11-26" },
  ...{ apiBaseUrl: "https://{region}.example.com/v3", apiOrigins: ["https://{region}.example.com"] },
  tokenHeader: "api-key",
  params: { region: /^[a-z]{2}$/ },
  identify: {
    request: () => ({ url: "account", authentication: "bearer" }),
    read: ({ response }) => ({ id: JSON.stringify(response) }),
  },
} satisfies Partial<Parameters<typeof defineKeyConnector<"region">>[0]>;
const connector = defineKeyConnector({ ...specification, credentials: apiKey() });

function emulation() {
  const handle = ({ token }: { readonly token: { readonly account: { readonly id: string } } | undefined }) =>
    token === undefined ? { status: 401, json: {} } : { status: 200, json: token.account.id };
  const accounts = [
    { id: "1001", name: "Ada" },
    { id: "1002", name: "Bob" },
  ];
  const routes = [{ method: "GET", url: "https://{region}.example.com/v3/account", handle }];
  return Promise.resolve({ accounts, routes, exampleCall: { path: "account" } });
}

describe("defineKeyConnector", () => {
  test("says nothing of what OAuth has, and keeps the names of params and credentials", () => {
    expect(Object.isFrozen(connector)).toBe(true);
    expect(connector).toMatchObject({
      ...{ clientId: "mail", clientAuthentication: { method: "none" } },
      ...{ scopes: [], tokenSets: {}, rotation: { kind: "none" }, revocationScope: "token" },
    });
    for (const name of Object.keys(connector)) expect(name).not.toMatch(/Endpoint$|^issuer$|^revoke$/);
    expectTypeOf(connector).toEqualTypeOf<Connector<"region", never, "apiKey">>();
    const basic = defineKeyConnector({ ...specification, params: {}, credentials: basicCredentials() });
    expectTypeOf(basic).toEqualTypeOf<Connector<never, never, "username" | "password">>();
    const { params: _, ...withoutParams } = specification;
    const plain = defineKeyConnector({ ...withoutParams, credentials: apiKey() });
    expect(plain.params).toEqual({});
    expectTypeOf(plain).toEqualTypeOf<Connector<never, never, "apiKey">>();
  });

  test("takes no credentials that a token is asked for with, and none that nothing checks", () => {
    // @ts-expect-error there is no token endpoint to ask
    defineKeyConnector({ ...specification, credentials: clientCredentials() });
    // @ts-expect-error a key is checked before it is kept
    defineKeyConnector({ ...specification, credentials: apiKey(), identify: { read: () => undefined } });
  });

  test("makes a connector that a keeper connects by a key, and in no other way", async () => {
    const given = { owner: "ada", params: { region: "eu" } };
    const { keeper, provider } = await createWorld(Object.freeze({ ...connector, emulation }), {
      apiKeys: [{ key: "key-of-ada-123456", accountId: "1001" }],
    });
    const connection = await keeper.connect("main", { ...given, credentials: { apiKey: "key-of-ada-123456" } });
    expect((await connection.fetch("account")).status).toBe(200);
    expect(await connection.status()).toMatchObject({ state: "active", account: { id: '"1001"' } });
    expect(await codeOf(keeper.start("main", given))).toBe("invalid_request");
    const refused = keeper.connect("main", { ...given, credentials: { apiKey: "key-of-nobody-1234" } });
    expect(await codeOf(refused)).toBe("credentials_refused");
    expect(await connection.disconnect()).toEqual({ revocation: "unsupported" });
    expect(provider.log.tokenRequests).toEqual([]);
  });
});
