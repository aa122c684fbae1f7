import type { Json } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { salesforceFixtures } from "../fixtures/index.ts";
import { salesforce } from "./index.ts";

const client = { clientId: "client", clientSecret: "secret" };
const connector = salesforce({ ...client, scopes: ["api"] });

connectorContract(test, connector, salesforceFixtures);

test("R25 every host is one of Salesforce, whatever the domain", () => {
  const { domain } = connector.params;
  for (const value of ["acme", "acme--test.sandbox", "acme-dev-ed.develop"]) expect(domain.test(value)).toBe(true);
  for (const value of ["Acme", "-acme", "acme.evil.com", "acme.", ".acme", "acme/x", "acme.sandbox.my"]) {
    expect(domain.test(value)).toBe(false);
  }
  const { tokenEndpoint, apiBaseUrl, apiOrigins, introspectionEndpoint, revocationEndpoint } = connector;
  for (const url of [tokenEndpoint, apiBaseUrl, ...apiOrigins, introspectionEndpoint, revocationEndpoint]) {
    expect(url).toMatch(/^https:\/\/\{domain\}\.my\.salesforce\.com(\/|$)/);
  }
});

test.each([
  ["ip restricted or invalid login hours", "unauthorized_client"],
  ["IP restricted", "unauthorized_client"],
  ["expired access/refresh token", undefined],
  ["user hasn't approved this consumer", undefined],
])("F12 invalid_grant with “%s” is read as %s", (error_description, expected) => {
  expect(read({ error: "invalid_grant", error_description })?.error).toBe(expected);
});

test("F12 a user or an organization that is locked for a while ends no grant", () => {
  for (const error of ["inactive_user", "inactive_org", "rate_limit_exceeded"]) {
    expect(read({ error, error_description: "ip restricted" })).toBeUndefined();
  }
});

test("R18 offline_access is what a grant calls refresh_token", () => {
  expect(connector.scopeIncludes).toEqual({ refresh_token: ["offline_access"] });
  expect(connector.scopes).toEqual(["id", "refresh_token", "api"]);
});

test("R43 a refresh token is used once, unless the app does not rotate", () => {
  expect(connector.rotation).toEqual({ kind: "strict" });
  expect(salesforce({ ...client, scopes: [], rotation: { kind: "none" } }).rotation).toEqual({ kind: "none" });
});

test("a token is refused by 403 without JSON, which is userinfo's, and not by an API's own 403", () => {
  const rejects = (body: Json | undefined) => connector.rejectsToken?.({ status: 403, headers: new Headers(), body });
  expect(rejects(undefined)).toBe(true);
  expect(rejects([{ errorCode: "REQUEST_LIMIT_EXCEEDED" }])).toBe(false);
});

function read(body: Json) {
  return connector.readError?.({ status: 400, headers: new Headers(), body });
}
