import { afterEach, beforeEach, expect, test } from "vitest";
import { exampleConnector } from "../example-connector.ts";
import { closeAll, start, text } from "../example-flow.ts";
import { post } from "../example-requests.ts";
import type { EmulatedProvider } from "../options.ts";
import { deviceGrantType } from "./options.ts";

let provider: EmulatedProvider;
let device: Readonly<Record<string, string>>;
beforeEach(async () => {
  ({ provider } = await start(
    exampleConnector({ deviceAuthorizationEndpoint: "https://login.example.com/device/code" }),
    { grantedScopes: (scopes) => scopes.filter((scope) => scope !== "admin") },
  ));
  const { body } = await post(provider.connector.deviceAuthorizationEndpoint ?? "", { scope: "read write admin" });
  device = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value)]));
});
afterEach(closeAll);

test("R48 a user types the code, sees it again, and chooses account and scopes", async () => {
  const form = await (await fetch(device["verification_uri"] ?? "")).text();
  expect(form).toContain('<form method="get">');
  expect(form).toContain('name="user_code"');
  expect(form).toContain("local emulator");
  const typed = new URL(device["verification_uri"] ?? "");
  typed.searchParams.set("user_code", ` ${(device["user_code"] ?? "").toLowerCase().replace("-", "")} `);
  const page = await (await fetch(typed)).text();
  expect(page).toContain(`<code>${device["user_code"]}</code>`);
  expect(page).toContain('value="1002"');
  expect(page).not.toContain("<script");
  const done = await answer(page, { decision: "allow", account: "1002" }, ["read", "admin"]);
  expect(done.status).toBe(200);
  expect(await done.text()).toContain("has got access");
  expect((await poll()).body).toMatchObject({ scope: "read" });
  expect(provider.log.devicePolls).toMatchObject([{ outcome: "issued", accountId: "1002" }]);
});

test("R48 the complete address leads to the page at once, where the user can say no", async () => {
  const page = await (await fetch(device["verification_uri_complete"] ?? "")).text();
  const done = await answer(page, { decision: "deny" });
  expect(await done.text()).toContain("has got no access");
  expect((await poll()).body["error"]).toBe("access_denied");
});

test("R48 a page is answered once, for a device that still waits, as an account that is there", async () => {
  const url = device["verification_uri_complete"] ?? "";
  const pages = [await (await fetch(url)).text(), await (await fetch(url)).text(), await (await fetch(url)).text()];
  const [first = "", second = "", third = ""] = pages;
  expect((await answer(first, { decision: "allow", account: "nobody" })).status).toBe(400);
  expect((await answer(first, { decision: "allow", account: "1001" })).status).toBe(400);
  expect((await poll()).body["error"]).toBe("authorization_pending");
  expect((await answer(second, { decision: "deny" })).status).toBe(200);
  expect((await answer(third, { decision: "allow", account: "1001" })).status).toBe(400);
  const again = await fetch(url);
  expect(again.status).toBe(400);
  expect(await again.text()).toContain("No device waits with this code.");
  expect((await poll()).body["error"]).toBe("access_denied");
});

test("R48 an unknown code shows the form again, and what was typed is not repeated", async () => {
  const url = new URL(device["verification_uri"] ?? "");
  url.searchParams.set("user_code", "<script>");
  const response = await fetch(url);
  expect(response.status).toBe(400);
  const page = await response.text();
  expect(page).toContain('name="user_code"');
  expect(page).not.toContain("script");
  expect((await fetch(url, { method: "PUT" })).status).toBe(405);
});

function answer(page: string, fields: Readonly<Record<string, string>>, scopes: readonly string[] = []) {
  const body = new URLSearchParams(fields);
  body.set("consent", /name="consent" value="([^"]+)"/.exec(page)?.[1] ?? "");
  for (const scope of scopes) body.append("scope:default", scope);
  return fetch(device["verification_uri"] ?? "", { method: "POST", body });
}

function poll() {
  const fields = { grant_type: deviceGrantType, device_code: text(device, "device_code") };
  return post(provider.connector.tokenEndpoint ?? "", fields);
}
