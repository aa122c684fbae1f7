import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { googleFixtures } from "../fixtures/index.ts";
import { type GoogleOptions, google } from "./index.ts";

const client = { clientId: "client", clientSecret: "secret" };
const calendar = "https://www.googleapis.com/auth/calendar.readonly";
const connector = google({ ...client, scopes: ["email", "profile", calendar] });

connectorContract(test, connector, googleFixtures);

test("R43 consent is asked for again only while there is no refresh token to keep", () => {
  expect(query(false)).toEqual({ access_type: "offline", include_granted_scopes: "true", prompt: "consent" });
  expect(query(true)).toEqual({ access_type: "offline", include_granted_scopes: "true" });
});

test("an account chooser does not cost the refresh token", () => {
  expect(query(false, "select_account").prompt).toBe("select_account consent");
  expect(query(true, "select_account").prompt).toBe("select_account");
  expect(query(false, "consent").prompt).toBe("consent");
  expect(query(true, "consent").prompt).toBe("consent");
});

test("`openid` is asked for once, whoever names it", () => {
  expect(connector.scopes).toEqual(["openid", "email", "profile", calendar]);
  expect(google({ ...client, scopes: [calendar, "openid"] }).scopes).toEqual(["openid", calendar]);
  expect(google(client).scopes).toEqual(["openid"]);
});

test("R18 `email` and `profile` are granted under their long names", () => {
  expect(connector.scopeIncludes?.["https://www.googleapis.com/auth/userinfo.email"]).toEqual(["email"]);
  expect(connector.scopeIncludes?.["https://www.googleapis.com/auth/userinfo.profile"]).toEqual(["profile"]);
});

test("R41 tokens go to origins of Google's APIs, and to those that the application adds", () => {
  const added = google({ ...client, apiOrigins: ["https://vision.googleapis.com"] }).apiOrigins;
  expect(added).toContain("https://vision.googleapis.com");
  for (const origin of added) expect(origin).toMatch(/^https:\/\/[a-z]+\.googleapis\.com$/);
});

function query(hasRefreshToken: boolean, prompt?: GoogleOptions["prompt"]): Readonly<Record<string, string>> {
  const { authorizationParams } = google({ ...client, prompt });
  return typeof authorizationParams === "function" ? authorizationParams({ hasRefreshToken, scopes: {} }) : {};
}
