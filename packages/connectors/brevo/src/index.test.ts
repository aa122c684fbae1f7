import { connectorContract, startProvider } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { brevoFixtures } from "../fixtures/index.ts";
import { brevo } from "./index.ts";

const connector = brevo();

connectorContract(test, connector, brevoFixtures);

test("R41 a key goes alone in Brevo's own header, and nowhere else", async () => {
  const key = "xkeysib-bakery-0123456789";
  const provider = await startProvider(connector, {
    apiKeys: [{ key, accountId: "65f0a1b2c3d4e5f6a7b8c9d0" }],
  });
  try {
    const call = async (headers: HeadersInit) =>
      (await fetch(`${provider.connector.apiBaseUrl}/senders`, { headers })).status;
    expect(await call({ "api-key": key })).toBe(200);
    expect(await call({ authorization: `Bearer ${key}` })).toBe(401);
    expect(await call({ "api-key": "xkeysib-nobody-0123456789" })).toBe(401);
    expect(connector).toMatchObject({ tokenHeader: "api-key", apiOrigins: ["https://api.brevo.com"] });
  } finally {
    await provider.close();
  }
});
