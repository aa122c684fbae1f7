import { afterEach, beforeEach, expect, test } from "vitest";
import { consent } from "../consent.ts";
import { createPlainClient } from "../contracts/plain-client.ts";
import { exampleConnector } from "./example-connector.ts";
import type { EmulatedProvider } from "./options.ts";
import { startProvider } from "./start.ts";

const hostile = `"><script>alert(1)</script>&'`;
const accounts = [
  { id: hostile, name: hostile, email: hostile },
  { id: "2", name: "Second Example" },
];
let provider: EmulatedProvider;
beforeEach(async () => {
  const emulation = async () => ({ accounts, routes: [], exampleCall: { path: "me" } });
  const connector = exampleConnector({ name: `Example ${hostile}`, emulation });
  provider = await startProvider(connector);
});
afterEach(() => provider.close());

test("the page says that it is an emulator, runs no script and escapes what it shows", async () => {
  const response = await fetch(authorization({ scope: `read ${hostile}` }));
  const page = await response.text();
  expect(response.status).toBe(200);
  expect(response.headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(page).toContain("(emulated)</title>");
  expect(page).toContain("local emulator");
  // Without an icon of its own a page makes browsers ask for one that is not there.
  expect(page).toContain('<link rel="icon" href="data:,">');
  expect(page).not.toContain("<script");
  expect(page).toContain("&lt;script&gt;");
});

test("what is chosen on the page arrives, whatever its characters", async () => {
  const callback = await consent(authorization({ scope: `read ${hostile}`, state: hostile }), {
    accountId: hostile,
    scopes: [hostile],
  });
  expect(callback.searchParams.get("state")).toBe(hostile);
  expect(callback.searchParams.get("code")).toMatch(/^emulated-code-/);
});

test("a page is answered once, and not without having been shown", async () => {
  const url = authorization();
  const page = await (await fetch(url)).text();
  const id = /name="consent" value="([^"]+)"/.exec(page)?.[1] ?? "";
  const post = (consentId: string) => {
    const body = new URLSearchParams({ consent: consentId, decision: "allow", account: "2" });
    return fetch(url, { method: "POST", body, redirect: "manual" });
  };
  expect((await post("guessed")).status).toBe(400);
  expect((await post(id)).status).toBe(303);
  expect((await post(id)).status).toBe(400);
});

test("form_post answers by a form that posts itself", async () => {
  const callback = await consent(authorization({ response_mode: "form_post", state: hostile }));
  expect(callback.searchParams.get("state")).toBe(hostile);
  expect(callback.searchParams.has("code")).toBe(true);
});

test.for<[string, Record<string, string | undefined>]>([
  ["unknown client", { client_id: "other" }],
  ["no redirect URI", { redirect_uri: undefined }],
  ["http redirect URI", { redirect_uri: "http://app.example.com/callback" }],
  ["script as redirect URI", { redirect_uri: "javascript:alert(1)" }],
  ["loopback look-alike", { redirect_uri: "http://127.0.0.1.example.com/" }],
  ["fragment in the redirect URI", { redirect_uri: "https://app.example.com/#x" }],
  ["token flow", { response_type: "token" }],
  ["unknown response mode", { response_mode: "fragment" }],
])("R1 a bad request shows an error and redirects nowhere: %s", async ([, change]) => {
  const response = await fetch(authorization(change), { redirect: "manual" });
  expect(response.status).toBe(400);
  expect(response.headers.get("location")).toBeNull();
});

test("R12 a repeated parameter is a bad request", async () => {
  const url = authorization();
  url.searchParams.append("state", "again");
  expect((await fetch(url, { redirect: "manual" })).status).toBe(400);
});

test("http redirect URIs of this machine are taken", async () => {
  for (const host of ["localhost:3000", "127.0.0.1:3000", "[::1]:3000"]) {
    const callback = await consent(authorization({ redirect_uri: `http://${host}/callback` }));
    expect(callback.host).toBe(host);
  }
});

function authorization(change: Record<string, string | undefined> = {}): URL {
  const { url } = createPlainClient(provider.connector, "https://app.example.com/callback", {}).authorization();
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  return url;
}
