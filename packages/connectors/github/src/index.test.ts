import { createKeeper, generateKey } from "@grantkeeper/core";
import type { Json, ProviderResponse } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { githubDeviceAuthorization, githubFixtures } from "../fixtures/index.ts";
import { github } from "./index.ts";

const connector = github({ clientId: "client", clientSecret: "secret", scopes: ["repo", "user:email"] });

connectorContract(test, connector, githubFixtures);

test("R36 an error under HTTP 200 is an error in the words of RFC 6749", () => {
  expect(connector.readError?.(answer({ error: "bad_refresh_token" }))).toEqual({ error: "invalid_grant" });
  expect(connector.readError?.(answer({ error: "slow_down" }))).toEqual({ error: "slow_down" });
  expect(connector.readError?.(answer({ access_token: "gho_example", scope: "" }))).toBeUndefined();
  expect(connector.readError?.(answer(undefined, 502))).toBeUndefined();
});

test("R57 an error that is named like a property of every object stays text", () => {
  expect(connector.readError?.(answer({ error: "constructor" }))).toEqual({ error: "constructor" });
});

test("R18 a granted scope stands for all that it includes, at any depth", () => {
  const includes = connector.scopeIncludes ?? {};
  expect(includes["admin:org"]).toContain("read:org");
  for (const included of Object.values(includes)) {
    for (const scope of included) expect(included).toEqual(expect.arrayContaining([...(includes[scope] ?? [])]));
  }
});

test("an answer without a numeric id names no account", () => {
  const read = (response: Json): unknown =>
    connector.identify?.read({
      response,
      tokenResponse: {},
      idTokenClaims: undefined,
      tokenSets: ["default"],
      params: {},
      credentials: {},
    });
  expect(read({ login: "octocat" })).toBeUndefined();
  expect(read([])).toBeUndefined();
  expect(read(null)).toBeUndefined();
});

test("R51 revocation sends the token in the body, under the client's own credentials", () => {
  const requests = connector.revoke?.requests({
    tokenSet: "default",
    accessToken: "gho_example",
    refreshToken: undefined,
    clientId: "Iv1/client",
  });
  expect(requests).toEqual([
    {
      url: "applications/Iv1%2Fclient/token",
      method: "DELETE",
      authentication: { basic: "raw" },
      json: { access_token: "gho_example" },
    },
  ]);
});

test("R48 a device flow begins with GitHub's documented answer", async () => {
  const asked: { readonly url: string; readonly form: Record<string, string> }[] = [];
  const keeper = createKeeper({
    connectors: { github: connector },
    keys: [{ id: "test", secret: generateKey() }],
    callbackUrl: "https://app.example.com/connect",
    now: () => Date.UTC(2026, 10, 26),
    async fetch(input, init) {
      const form = new URLSearchParams(String(init?.body));
      asked.push({ url: String(input), form: Object.fromEntries(form) });
      return Response.json(githubDeviceAuthorization.body);
    },
  });
  const { connection: _, ...shown } = await keeper.device("github", { owner: "ada" });
  expect(shown).toEqual({
    userCode: "WDJB-MJHT",
    verificationUri: "https://github.com/login/device",
    verificationUriComplete: undefined,
    expiresAt: new Date(Date.UTC(2026, 10, 26, 0, 15)),
  });
  expect(asked).toEqual([
    {
      url: "https://github.com/login/device/code",
      form: { client_id: "client", client_secret: "secret", scope: "repo user:email" },
    },
  ]);
  await keeper.close();
});

test("a GitHub App asks for no scopes", () => {
  expect(github({ clientId: "Iv1.example", clientSecret: "secret" }).scopes).toEqual([]);
});

function answer(body: Json | undefined, status = 200): ProviderResponse {
  return { status, headers: new Headers(), body };
}
