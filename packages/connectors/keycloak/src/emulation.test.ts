import { createKeeper, generateKey } from "@grantkeeper/core";
import { clientSecretBasic } from "@grantkeeper/core/connector";
import { consent, startProvider } from "@grantkeeper/testing";
import { expect, onTestFinished, test } from "vitest";
import { keycloak } from "./index.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

test("R22 R25 each realm is an issuer of its own, whose accounts stay apart", async () => {
  const described = keycloak({
    host: "id.acme.example",
    clientId: "client",
    clientAuthentication: clientSecretBasic("secret"),
    scopes: ["profile"],
  });
  const provider = await startProvider(described);
  const keeper = createKeeper({
    connectors: { acme: provider.connector },
    keys: [{ id: "test", secret: generateKey() }],
    callbackUrl: "https://app.example.com/connect",
    logger: silent,
  });
  onTestFinished(async () => {
    await keeper.close();
    await provider.close();
  });
  const connect = async (realm: string) => {
    const { url, headers } = await keeper.start("acme", { owner: "ada", params: { realm } });
    const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
    const request = new Request(await consent(url), { headers: { cookie } });
    return (await keeper.finish(request, { owner: "ada" })).connection;
  };
  const west = await connect("west");
  const east = await connect("east.1");
  expect(east.id).not.toBe(west.id);
  expect((await connect("west")).id).toBe(west.id);
  expect(await west.status()).toMatchObject({ params: { realm: "west" }, account: { name: "Alex Example" } });
  const issued = provider.log.tokenRequests.map(({ outcome }) => outcome);
  expect(issued).toEqual(["issued", "issued", "issued"]);
  await expect(keeper.start("acme", { owner: "ada", params: { realm: ".." } })).rejects.toMatchObject({
    code: "invalid_request",
  });
});

test("a refresh token of an offline session is said to have no end", async () => {
  const client = { clientId: "client", clientAuthentication: clientSecretBasic("secret"), realm: "acme" };
  const provider = await startProvider(keycloak({ ...client, host: "id.acme.example" }));
  onTestFinished(() => provider.close());
  const lifetime = async (scopes: readonly string[]) => {
    const [grant] = provider.seed({ count: 1, scopes });
    const refreshToken = grant?.tokenSets["default"]?.refreshToken ?? "";
    const metadata = await fetch(`${provider.connector.issuer}/.well-known/openid-configuration`);
    const { token_endpoint: url } = (await metadata.json()) as { readonly token_endpoint: string };
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Basic ${btoa("client:secret")}` },
      body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken }),
    });
    return ((await response.json()) as Record<string, unknown>)["refresh_expires_in"];
  };
  expect(await lifetime(["openid", "offline_access"])).toBe(0);
  expect(await lifetime(["openid"])).toBe(1800);
});
