import { describe, expect, test } from "vitest";
import type { Connector } from "../connector/types.ts";
import { connectorsOptions, exampleConnector } from "../test/connector.ts";
import { codeOf } from "../test/errors.ts";
import { zendeskLike } from "../test/zendesk-like.ts";
import { createConnectors } from "./connectors.ts";
import { isHostOfParams } from "./host-of-params.ts";

const params = { host: /^[a-z0-9.-]+$/, other: /^[a-z]+$/ };

function decides(change: Partial<Connector>): boolean {
  return isHostOfParams(exampleConnector({ params, ...change }));
}

describe("params that decide whose host is called", () => {
  test.each([
    "https://{host}",
    "https://{host}/token",
    "https://{host}:8443/token",
    "https://{host}.com/token",
    "https://{host}.com./token",
    "https://my{host}.com/token",
    "https://{host}shop.com/token",
    "https://{host}.{other}/token",
    "https://login.{host}/token",
    "https://login.example.{host}/token",
    "https://login.example.com{host}/token",
    "https://login.example.com.{host}/token",
    "https://{host}.co.uk/token",
    "https://login.{host}.com.br/token",
    "https://{host}%2ecom/token",
    "https://{host}。com/token",
    "https://login.example{host}?x=1",
  ])("R24 %s", (tokenEndpoint) => {
    expect(decides({ tokenEndpoint })).toBe(true);
  });

  test.each([
    "issuer",
    "authorizationEndpoint",
    "tokenEndpoint",
    "refreshEndpoint",
    "revocationEndpoint",
    "userinfoEndpoint",
    "deviceAuthorizationEndpoint",
    "introspectionEndpoint",
    "pushedAuthorizationRequestEndpoint",
    "jwksUri",
    "apiBaseUrl",
  ])("R24 in %s", (name) => {
    expect(decides({ [name]: "https://{host}/x" })).toBe(true);
  });

  test("R24 in an API origin", () => {
    expect(decides({ apiOrigins: ["https://api.example.com", "https://{host}"] })).toBe(true);
  });
});

describe("params that leave it to the provider", () => {
  test.each([
    "https://{host}.example.com/token",
    "https://{host}.{other}.example.com/token",
    "https://login-{host}.example.com/token",
    "https://{host}.example.co.uk/token",
    "https://login.example.com/{host}/token",
    "https://login.example.com/?host={host}",
    "https://login.example.com/https://{host}",
    "https://login.example.com",
  ])("%s", (tokenEndpoint) => {
    expect(decides({ tokenEndpoint })).toBe(false);
  });

  test("nobody asks what an emulator's params do", () => {
    expect(decides({ tokenEndpoint: "https://{host}/token", loopback: true })).toBe(false);
  });
});

describe("createConnectors", () => {
  const connector = exampleConnector({ params, tokenEndpoint: "https://{host}/token" });

  test("R24 refuses a connector of any host unless the fetch guards", async () => {
    expect(await codeOf(() => createConnectors({ mine: connector }, connectorsOptions()))).toBe("invalid_config");
    expect(await createConnectors({ mine: connector }, connectorsOptions(true)).get("mine", "ada")).toBe(connector);
  });

  test("R25 takes a connector of the provider's hosts with any fetch", async () => {
    expect(await createConnectors({ mine: zendeskLike }, connectorsOptions()).get("mine", "ada")).toBe(zendeskLike);
  });
});
