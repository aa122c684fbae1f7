import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EmulatedProvider } from "@grantkeeper/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type TemporarySample, temporarySample } from "./support/temporary-sample.ts";
import { createVisitor, type Visitor } from "./support/visitor.ts";

const wrongKey = "xkeysib-nobody-has-this-key";
let sample: TemporarySample;
let ada: Visitor;
let bakery: string;
let florist: string;

beforeEach(async () => {
  sample = await temporarySample({ tokenLifetimeSeconds: 30, served: false });
  [bakery = "", florist = ""] = sample.providers.byConnector.brevo.demonstrationKeys.map(({ key }) => key);
  ada = visitor();
  await ada.signIn("ada");
});
afterEach(() => sample.close());

test("a key connects its account, calls the API, and is disconnected", async () => {
  const form = await (await ada.get("/keys/brevo")).text();
  expect(form).toMatch(/<input id="key" name="apiKey" type="password" autocomplete="off"/);
  for (const text of [bakery, "Example Bakery", florist, "Example Florist"]) expect(form).toContain(text);

  expect(await give(bakery)).toContain("Connected: Example Bakery.</p>");
  const page = await ada.page();
  expect(page).toMatch(/<h3>Example Bakery<\/h3>\s*<p class="quiet-text">alex@example\.com<\/p>/);
  expect(page).toMatch(/<strong>API key<\/strong> <span>good until it is deleted at Brevo<\/span>/);
  expect(page.match(/<article/g)).toHaveLength(1);
  expect(page).not.toContain("<progress");
  for (const action of ["ask", "withdraw"]) expect(page).not.toContain(`/${action}"`);

  const [id = ""] = await ada.connectionIds();
  await ada.post(`/connections/brevo/${id}/call`);
  expect(await ada.page()).toContain("&quot;name&quot;: &quot;Example Bakery&quot;");
  expect(brevo().log.apiRequests.map(({ credential, status }) => [credential, status])).toEqual([
    ["apiKey", 200],
    ["apiKey", 200],
  ]);

  await ada.post(`/connections/brevo/${id}/disconnect`);
  expect(await ada.page()).toContain(
    "Disconnected: the key is erased here. It stays good until you delete it at Brevo.</p>",
  );
  expect(await ada.connectionIds()).toEqual([]);
});

test("a key that was copied with what surrounds it is the same key", async () => {
  expect(await give(` ${bakery}\r\n`)).toContain("Connected: Example Bakery.");
});

test("keys of two accounts are two connections, and the same account's is the same one", async () => {
  for (const key of [bakery, florist, bakery]) await give(key);
  expect(await ada.connectionIds()).toHaveLength(2);
});

test.each([
  [wrongKey, 422, "Brevo does not accept this key. Nothing was kept."],
  ["two words", 422, "That is not an API key: it is one line, with no spaces in it."],
  ["", 422, "That is not an API key: it is one line, with no spaces in it."],
])("the key %j is refused in plain words, not repeated, and not kept", async (key, status, words) => {
  const errors = [vi.spyOn(console, "error"), vi.spyOn(console, "warn"), vi.spyOn(console, "log")];
  const refused = await ada.post("/keys/brevo", { apiKey: key });
  expect(refused.status).toBe(status);
  const page = await refused.text();
  expect(page).toContain(`role="alert" id="key-problem">${words}</p>`);
  expect(page).not.toMatch(/<input[^>]*value=/);
  if (key !== "") expect(page).not.toContain(key);
  for (const said of errors) {
    expect(said).not.toHaveBeenCalled();
    said.mockRestore();
  }
  expect(await ada.connectionIds()).toEqual([]);
  for await (const connection of sample.keeper.connections()) expect(connection).toBeUndefined();
});

test("while Brevo cannot be asked nothing is kept, and another try is worth it", async () => {
  await brevo().close();
  const refused = await ada.post("/keys/brevo", { apiKey: bakery });
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain("Brevo cannot be asked about the key just now. Nothing was kept: try again.");
  expect(await ada.connectionIds()).toEqual([]);
});

test("a connection gets another key of its own account, and not one of another account", async () => {
  await give(bakery);
  const [id = ""] = await ada.connectionIds();
  expect(await ada.page()).toContain(`href="/keys/brevo?connection=${id}"`);
  const form = await (await ada.get(`/keys/brevo?connection=${id}`)).text();
  expect(form).toContain("Replace the key of Example Bakery");
  expect(form).toContain(`<input type="hidden" name="connectionId" value="${id}">`);

  const other = await ada.post("/keys/brevo", { apiKey: florist, connectionId: id });
  expect(other.status).toBe(422);
  expect(await other.text()).toContain("This key belongs to another account. Nothing was changed.");
  expect((await sample.keeper.connection("brevo", { id }).token()).accessToken).toBe(bakery);

  expect((await ada.post("/keys/brevo", { apiKey: bakery, connectionId: id })).status).toBe(303);
  expect(await ada.connectionIds()).toEqual([id]);
});

test("R54 after the form the key is in no address, no answer and not in the database", async () => {
  const given = await ada.post("/keys/brevo", { apiKey: bakery });
  expect(given.headers.get("location")).toBe("/#brevo");
  const [id = ""] = await ada.connectionIds();
  const called = await ada.post(`/connections/brevo/${id}/call`);
  const answers = [given, called, await ada.get("/"), await ada.get("/status"), await ada.get("/connections/brevo")];
  for (const answer of answers) {
    expect(await answer.text()).not.toContain(bakery);
    expect(JSON.stringify([...answer.headers])).not.toContain(bakery);
  }
  const files = ["connections.sqlite", "connections.sqlite-wal"].map((name) =>
    readFile(join(sample.dataDirectory, name), "latin1"),
  );
  const database = (await Promise.all(files)).join("");
  for (const text of [bakery, "Example Bakery", "alex@example.com"]) expect(database).not.toContain(text);
});

test("R13 another site's form connects no key", async () => {
  for (const headers of [{ origin: "https://evil.example", "sec-fetch-site": "cross-site" }, {}]) {
    expect((await ada.post("/keys/brevo", { apiKey: bakery }, headers)).status).toBe(403);
  }
  expect(await ada.connectionIds()).toEqual([]);
  expect(brevo().log.apiRequests).toEqual([]);
});

test("another user sees nothing of a key's connection, and can give it no other key", async () => {
  await give(bakery);
  const [id = ""] = await ada.connectionIds();
  const bo = visitor();
  await bo.signIn("bo");
  expect(await bo.page()).not.toContain("Example Bakery");
  expect((await bo.get(`/keys/brevo?connection=${id}`)).status).toBe(404);
  expect((await bo.post("/keys/brevo", { apiKey: bakery, connectionId: id })).status).toBe(404);
  for (const action of ["call", "disconnect"]) {
    expect((await bo.post(`/connections/brevo/${id}/${action}`)).status).toBe(404);
  }
  expect(await bo.connectionIds()).toEqual([]);
  const stranger = visitor();
  expect((await stranger.post("/keys/brevo", { apiKey: bakery })).headers.get("location")).toBe("/");
});

/** Gives a key, and returns the page that this leads to. */
async function give(apiKey: string): Promise<string> {
  const given = await ada.post("/keys/brevo", { apiKey });
  expect(given.status).toBe(303);
  return ada.page();
}

function brevo(): EmulatedProvider {
  const { emulator } = sample.providers.byConnector.brevo;
  if (emulator === undefined) throw new Error("Brevo is not emulated.");
  return emulator;
}

function visitor(): Visitor {
  return createVisitor(sample.origin, (request) => sample.app.fetch(request));
}
