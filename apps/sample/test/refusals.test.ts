import { afterEach, beforeEach, expect, test } from "vitest";
import { type TemporarySample, temporarySample } from "./support/temporary-sample.ts";
import { createVisitor, type Visitor } from "./support/visitor.ts";

let sample: TemporarySample;
let ada: Visitor;
let clock: number;

beforeEach(async () => {
  clock = Date.now();
  sample = await temporarySample({ tokenLifetimeSeconds: 30, served: false, now: () => clock });
  ada = visitor();
  await ada.signIn("ada");
});
afterEach(() => sample.close());

test("an unknown connector or connection is not found", async () => {
  expect((await ada.post("/connections/myspace/con_any/call")).status).toBe(404);
  expect((await ada.post("/connections/github/con_any/call")).status).toBe(404);
  expect((await ada.get("/nowhere")).status).toBe(404);
});

test.each(["https://evil.example/", "//evil.example", "/\\evil.example"])(
  "refuses to return to %s",
  async (returnTo) => {
    const refused = await ada.post("/connect/github", { returnTo });
    expect(refused.status).toBe(400);
    expect(refused.headers.get("location")).toBeNull();
    expect(await refused.text()).toContain("invalid_request");
  },
);

test.each([
  ["another site's form", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
  ["a sibling's form", { origin: "http://localhost:1", "sec-fetch-site": "same-site" }],
  ["an old browser's foreign form", { origin: "https://evil.example" }],
  ["a request that says nothing of itself", {}],
])("%s starts, changes and signs in nothing", async (_, headers) => {
  await ada.connect("github");
  const [id = ""] = await ada.connectionIds();
  expect((await ada.post("/connect/github", {}, headers)).status).toBe(403);
  expect((await ada.post(`/connections/github/${id}/disconnect`, {}, headers)).status).toBe(403);
  expect((await ada.post("/sign-in", { user: "bo" }, headers)).status).toBe(403);
  expect(await ada.connectionIds()).toEqual([id]);
});

test("a callback with a wrong state stores nothing", async () => {
  const callback = new URL(await ada.beginConnect("github"), sample.origin);
  const state = callback.searchParams.get("state") ?? "";
  callback.searchParams.set("state", `${state.startsWith("A") ? "B" : "A"}${state.slice(1)}`);
  await expectErrorPage(await ada.get(callback.href), 400, "state_mismatch");
  expect(await ada.connectionIds()).toEqual([]);
});

test("a callback in another browser stores nothing", async () => {
  const callback = await ada.beginConnect("github");
  const elsewhere = visitor();
  await elsewhere.signIn("ada");
  await expectErrorPage(await elsewhere.get(callback), 400, "state_mismatch", "finish in the same browser");
  expect(await ada.connectionIds()).toEqual([]);
});

test("a callback counts once", async () => {
  const callback = await ada.beginConnect("github");
  expect((await ada.get(callback)).status).toBe(303);
  await expectErrorPage(await ada.get(callback), 400, "state_mismatch");
  expect(await ada.connectionIds()).toHaveLength(1);
});

test("a callback that carries its code twice stores nothing", async () => {
  const callback = new URL(await ada.beginConnect("github"), sample.origin);
  callback.searchParams.append("code", "another");
  await expectErrorPage(await ada.get(callback.href), 400, "invalid_request");
  expect(await ada.connectionIds()).toEqual([]);
});

test("a consent page that stayed open for too long has to be begun again", async () => {
  const callback = await ada.beginConnect("github");
  clock += 11 * 60 * 1000;
  await expectErrorPage(await ada.get(callback), 400, "flow_expired", "within ten minutes");
  expect(await ada.connectionIds()).toEqual([]);
});

test("a user who says no is told what to do, and nothing is stored", async () => {
  await expectErrorPage(
    await ada.connect("github", {}, { deny: true }),
    403,
    "consent_denied",
    "choose “Allow” at GitHub",
  );
  expect(await ada.connectionIds()).toEqual([]);
});

test("what a provider says is escaped", async () => {
  const denied = new URL(await ada.beginConnect("github", {}, { deny: true }), sample.origin);
  denied.searchParams.set("error", "<img src=x onerror=alert(1)>");
  denied.searchParams.set("error_description", "<script>alert(1)</script>");
  const response = await ada.get(denied.href);
  expect(response.status).toBe(502);
  const page = await response.text();
  expect(page).not.toContain("<img src=x");
  expect(page).not.toContain("<script>alert");
});

test("answers carry the headers that keep a browser safe", async () => {
  for (const path of ["/", "/status", "/style.css", "/connect/github/callback?state=x"]) {
    const { headers } = await ada.get(path);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe(path.startsWith("/connect") ? "no-referrer" : "same-origin");
  }
});

test("a visit by another host name is sent to the one that the cookies belong to", async () => {
  const byAddress = createVisitor(sample.origin.replace("localhost", "127.0.0.1"), (request) =>
    sample.app.fetch(request),
  );
  const moved = await byAddress.get("/?a=b");
  expect(moved.status).toBe(307);
  expect(moved.headers.get("location")).toBe(`${sample.origin}/?a=b`);
  expect((await byAddress.post("/sign-in", { user: "ada" })).status).toBe(421);
});

function visitor(): Visitor {
  return createVisitor(sample.origin, (request) => sample.app.fetch(request));
}

async function expectErrorPage(response: Response, status: number, code: string, advice = ""): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.get("cache-control")).toBe("no-store");
  const page = await response.text();
  expect(page).toContain("What to do");
  expect(page).toContain(advice);
  expect(page).toContain(`<code>${code}</code>`);
  expect(page).toContain('href="/"');
}
