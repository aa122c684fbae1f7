import { noClientAuthentication } from "@grantkeeper/core/connector";
import { afterEach, expect, test } from "vitest";
import { exampleConnector } from "../example-connector.ts";
import { closeAll, start, text } from "../example-flow.ts";
import { post } from "../example-requests.ts";
import { startProvider } from "../start.ts";

const fields = { grant_type: "client_credentials" };
afterEach(closeAll);

test("a client gets a token for itself, with no refresh token and no ID token", async () => {
  const { provider } = await start(
    exampleConnector({ issuer: "https://login.example.com", scopes: ["openid", "read"] }),
    { grants: { clientCredentials: { accountId: "1002" } } },
  );
  const { status, body } = await post(provider.connector.tokenEndpoint ?? "", fields);
  expect(status).toBe(200);
  expect(body).toEqual({
    access_token: expect.any(String),
    token_type: "Bearer",
    expires_in: 3600,
    scope: "openid read",
  });
  const me = await fetch(provider.connector.userinfoEndpoint ?? "", {
    headers: { authorization: `Bearer ${text(body, "access_token")}` },
  });
  expect(await me.json()).toMatchObject({ sub: "1002" });
  expect(provider.log.tokenRequests).toMatchObject([
    { grantType: "client_credentials", clientId: "client-1", accountId: "1002", outcome: "issued" },
  ]);
});

test("a client gets the scopes that it asks for, of those that it may have", async () => {
  const { provider } = await start(exampleConnector(), {
    grants: { clientCredentials: { scopes: ["read", "write"] } },
  });
  const ask = (scope: string) => post(provider.connector.tokenEndpoint ?? "", { ...fields, scope });
  expect((await ask("write")).body).toMatchObject({ scope: "write" });
  expect((await ask("write admin")).body).toMatchObject({ error: "invalid_scope" });
  expect(provider.log.tokenRequests.map(({ outcome }) => outcome)).toEqual(["issued", "invalid_scope"]);
});

test("a public client, a wrong secret and a provider without the grant are refused", async () => {
  const grants = { clientCredentials: {} };
  const open = await start(exampleConnector({ clientAuthentication: noClientAuthentication }), { grants });
  const anybody = await post(open.provider.connector.tokenEndpoint ?? "", { ...fields, client_id: "client-1" }, {});
  expect(anybody.body["error"]).toBe("unauthorized_client");
  const { provider } = await start(exampleConnector(), { grants });
  const wrong = { authorization: `Basic ${Buffer.from("client-1:wrong").toString("base64")}` };
  expect((await post(provider.connector.tokenEndpoint ?? "", fields, wrong)).body["error"]).toBe("invalid_client");
  const without = await start();
  const refused = await post(without.provider.connector.tokenEndpoint ?? "", fields);
  expect(refused.body["error"]).toBe("unsupported_grant_type");
});

test("an account that is not there is found out at the start", async () => {
  const starting = startProvider(exampleConnector(), { grants: { clientCredentials: { accountId: "nobody" } } });
  await expect(starting).rejects.toThrow("nobody");
});
