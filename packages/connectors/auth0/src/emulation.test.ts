import { clientSecretPost } from "@grantkeeper/core/connector";
import { startProvider } from "@grantkeeper/testing";
import { expect, onTestFinished, test } from "vitest";
import { auth0 } from "./index.ts";

test("R36 a dead refresh token is invalid_grant under HTTP 403, a wrong secret a 401", async () => {
  const client = { clientId: "client", clientAuthentication: clientSecretPost("secret") };
  const provider = await startProvider(auth0({ ...client, host: "acme.eu.auth0.com" }));
  onTestFinished(() => provider.close());
  const refresh = async (secret: string) => {
    const form = { grant_type: "refresh_token", refresh_token: "unknown", client_id: "client", client_secret: secret };
    const response = await fetch(provider.connector.tokenEndpoint ?? "", {
      method: "POST",
      body: new URLSearchParams(form),
    });
    return { status: response.status, body: await response.json() };
  };
  expect(await refresh("secret")).toMatchObject({
    status: 403,
    body: { error: "invalid_grant", error_description: "Unknown or invalid refresh token." },
  });
  expect(await refresh("wrong")).toMatchObject({ status: 401, body: { error: "invalid_client" } });
});
