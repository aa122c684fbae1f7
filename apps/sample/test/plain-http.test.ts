import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ConnectorKey, clientKeys } from "../src/connectors.ts";
import { type TemporarySample, temporarySample } from "./support/temporary-sample.ts";
import { createVisitor, type Visitor } from "./support/visitor.ts";

const lifetimeSeconds = 30;
let sample: TemporarySample;
let ada: Visitor;
let bo: Visitor;
let clock: number;

beforeEach(async () => {
  clock = Date.now();
  sample = await temporarySample({ tokenLifetimeSeconds: lifetimeSeconds, served: false, now: () => clock });
  ada = visitor();
  bo = visitor();
  await ada.signIn("ada");
  await bo.signIn("bo");
});
afterEach(() => sample.close());

test("without a sign-in there is a front page and nothing else", async () => {
  const stranger = visitor();
  expect(await stranger.page()).toContain("Who is there?");
  expect(await (await stranger.get("/status")).json()).toEqual({ connections: [] });
  const started = await stranger.post("/connect/github");
  expect(started.status).toBe(401);
  expect(await started.text()).toContain("Nobody is signed in.");
  expect((await stranger.post("/connections/github/con_any/call")).headers.get("location")).toBe("/");
});

test("a sign-in counts only with the application's signature, and not for somebody unknown", async () => {
  const stranger = visitor();
  stranger.setCookie("sample-user", "ada.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D");
  expect(await stranger.page()).toContain("Who is there?");
  await stranger.signIn("mallory");
  expect(await stranger.page()).toContain("Who is there?");
});

test("signing out", async () => {
  await ada.connect("github");
  await ada.post("/sign-in", { user: "" });
  expect(await ada.page()).toContain("Who is there?");
});

test("connects an account at each provider and calls its API", async () => {
  for (const connector of clientKeys) {
    const finished = await ada.connect(connector, { returnTo: "/" });
    expect(finished.status).toBe(303);
    expect(finished.headers.get("location")).toBe("/");
  }
  const [github = "", google = "", slack = ""] = await ada.connectionIds();
  expect(await press(ada, "github", github, "call")).toContain("octo-example/secret-plans");
  expect(await press(ada, "google", google, "call")).toContain("calendar#calendarList");
  expect(await press(ada, "slack", slack, "call")).toContain("example-bot");
  const page = await press(ada, "slack", slack, "call", { as: "user" });
  expect(page).toContain("alex-example");
  for (const text of ["Octo Example", "alex@example.com", "Example Harbor", "Bot token", "User token", "search:read"]) {
    expect(page).toContain(text);
  }
});

test("an expired token is refreshed once, however often it is used then", async () => {
  await ada.connect("github");
  const [id = ""] = await ada.connectionIds();
  clock += (lifetimeSeconds + 1) * 1000;
  expect(await ada.page()).toContain("expired, refreshed at its next use");
  await Promise.all([press(ada, "github", id, "call"), press(ada, "github", id, "call")]);
  expect(await press(ada, "github", id, "call")).toContain("refreshed just now");
  expect(refreshes("github")).toBe(1);
});

test("D2 F2 500 callers at once in two processes are one token request", async () => {
  await ada.connect("github");
  const [id = ""] = await ada.connectionIds();
  clock += (lifetimeSeconds + 1) * 1000;
  const page = await press(ada, "github", id, "ask");
  expect(page).toMatch(
    /500<\/strong> callers.*2<\/strong> processes.*1<\/strong> token request<.*1<\/strong> distinct token</s,
  );
  const [, own, second] =
    /250 callers in process (\d+) and 250 in process (\d+) asked at the moment the token ran out; GitHub saw one request\./.exec(
      page,
    ) ?? [];
  expect(Number(own)).toBe(process.pid);
  expect(Number(second)).toBeGreaterThan(0);
  expect(second).not.toBe(own);
  expect(refreshes("github")).toBe(1);
});

test("access that was withdrawn is found out by two processes at once, and said once", async () => {
  await ada.connect("slack");
  const [id = ""] = await ada.connectionIds();
  await press(ada, "slack", id, "withdraw");
  clock += (lifetimeSeconds + 1) * 1000;
  const page = await press(ada, "slack", id, "ask");
  expect(page.match(/Slack says that access was withdrawn\./g)).toHaveLength(1);
  expect(page).not.toContain("second process");
});

test("scopes that the user withheld are named", async () => {
  await ada.connect("slack", {}, { scopes: ["channels:read", "search:read"] });
  expect(await ada.page()).toMatch(/class="missing"><wbr>chat:write <em>not granted/);
});

test("a second account is a second connection, and the same account is not", async () => {
  await ada.connect("github");
  await ada.connect("github");
  expect(await ada.connectionIds()).toHaveLength(1);
  await ada.connect("github", {}, { accountId: "1000002" });
  expect(await ada.connectionIds()).toHaveLength(2);
  expect(await ada.page()).toContain("2 accounts connected");
});

test("reconnecting is for the same account: another one changes nothing", async () => {
  await ada.connect("google");
  const [connectionId = ""] = await ada.connectionIds();
  expect((await ada.connect("google", { connectionId })).status).toBe(303);
  expect(await ada.connectionIds()).toEqual([connectionId]);

  const other = await ada.connect("google", { connectionId }, { accountId: "100000000000000000002" });
  expect(other.status).toBe(403);
  const refusal = await other.text();
  expect(refusal).toContain("That was another account");
  expect(refusal).toContain("Choose the account of this connection at Google.");
  expect(await ada.connectionIds()).toEqual([connectionId]);
  expect(await ada.page()).not.toContain("robin@example.org");
});

test("access that was withdrawn at the provider is said plainly, and mended by reconnecting", async () => {
  await ada.connect("github");
  const [connectionId = ""] = await ada.connectionIds();
  await press(ada, "github", connectionId, "withdraw");
  clock += (lifetimeSeconds + 1) * 1000;
  const page = await press(ada, "github", connectionId, "call");
  expect(page.match(/GitHub says that access was withdrawn\./g)).toHaveLength(1);
  expect(page).not.toContain("reauthorization_required");
  await ada.connect("github", { connectionId });
  const mended = await ada.page();
  expect(mended).toContain('data-state="active"');
  expect(mended).not.toContain("withdrawn");
  expect(await press(ada, "github", connectionId, "call")).toContain("octo-example/hello-world");
});

test("disconnecting ends the grant there and erases it here", async () => {
  await ada.connect("slack");
  const [id = ""] = await ada.connectionIds();
  expect(await disconnect(ada, "slack", id)).toContain("Disconnected.</p>");
  expect(await ada.connectionIds()).toEqual([]);
  expect(sample.providers.byConnector.slack.emulator?.log.revocations.map(({ known }) => known)).toEqual([true, true]);
  expect((await ada.post(`/connections/slack/${id}/call`)).status).toBe(404);
});

test("how a disconnecting went is said once, to the user who asked for it", async () => {
  await ada.connect("github");
  const [id = ""] = await ada.connectionIds();
  await sample.providers.byConnector.github.emulator?.close();
  const response = await ada.post(`/connections/github/${id}/disconnect`);
  expect(response.headers.get("location")).toBe("/#github");
  expect(await bo.page()).not.toContain("Disconnected.");
  expect(await ada.page()).toContain("Disconnected. GitHub could not be told: remove access there, too.");
  expect(await ada.page()).not.toContain("Disconnected.");
});

test("an account that somebody else has connected too keeps its access at the provider", async () => {
  await ada.connect("google");
  await bo.connect("google");
  const [id = ""] = await ada.connectionIds();
  const page = await disconnect(ada, "google", id);
  expect(page).toContain("Disconnected. Google still allows access, since another connection needs it.");
});

test("another user sees nothing of a connection and can do nothing with it", async () => {
  await ada.connect("github");
  const [id = ""] = await ada.connectionIds();
  const before = await ada.page();
  expect(await bo.page()).not.toContain(id);
  expect(await (await bo.get("/status")).json()).toEqual({ user: "bo", connections: [] });
  for (const action of ["call", "ask", "withdraw", "disconnect"]) {
    const refused = await bo.post(`/connections/github/${id}/${action}`);
    expect(refused.status).toBe(404);
    expect(await refused.text()).not.toContain("octo-example");
  }
  expect((await bo.post("/connect/github", { connectionId: id })).status).toBe(404);
  expect(await ada.page()).toBe(before);
});

test("another user cannot finish a flow", async () => {
  const callback = await ada.beginConnect("github");
  await ada.signIn("bo");
  const refused = await ada.get(callback);
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain("state_mismatch");
  expect(await ada.connectionIds()).toEqual([]);
  await ada.signIn("ada");
  expect(await ada.connectionIds()).toEqual([]);
});

test("neither the pages nor the database hold a token, and the database no account either", async () => {
  const tokens: string[] = [];
  for (const connector of clientKeys) await ada.connect(connector);
  for await (const connection of sample.keeper.connections()) tokens.push((await connection.token()).accessToken);
  expect(tokens).toHaveLength(3);
  const files = ["connections.sqlite", "connections.sqlite-wal"].map((name) =>
    readFile(join(sample.dataDirectory, name), "latin1"),
  );
  const database = (await Promise.all(files)).join("");
  const page = await ada.page();
  expect(page).toContain("What the database holds");
  for (const token of tokens) {
    expect(database).not.toContain(token);
    expect(page).not.toContain(token);
  }
  for (const text of ["octo-example", "alex@example.com", "T0EXAMPLE1", "channels:read"])
    expect(database).not.toContain(text);
});

test("the row on the page is the one in the file, with every column that it has", async () => {
  await ada.connect("github");
  const [id = ""] = await ada.connectionIds();
  const page = await ada.page();
  const database = new DatabaseSync(join(sample.dataDirectory, "connections.sqlite"), { readOnly: true });
  const row = database.prepare("SELECT * FROM grants WHERE connection_id = ?").get(id) ?? {};
  database.close();
  const shown = [...page.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, column, value]) => [column, value]);
  expect(shown.map(([column]) => column)).toEqual(Object.keys(row));
  const { sealed, identity_hash: identityHash } = row;
  if (!(sealed instanceof Uint8Array)) throw new Error("There are no sealed bytes.");
  const hex = Buffer.from(sealed).toString("hex").slice(0, 64);
  expect(Object.fromEntries(shown)).toMatchObject({
    identity_hash: identityHash,
    sealed: `x&#39;${hex}&#39; … and ${sealed.length - 32} more bytes`,
    lease_holder: "NULL",
  });
});

function visitor(): Visitor {
  return createVisitor(sample.origin, (request) => sample.app.fetch(request));
}

/** Presses a button on a connection and returns the page that it leads to. */
async function press(
  who: Visitor,
  connector: ConnectorKey,
  id: string,
  action: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<string> {
  const response = await who.post(`/connections/${connector}/${id}/${action}`, fields);
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe(`/#${id}`);
  return who.page();
}

async function disconnect(who: Visitor, connector: ConnectorKey, id: string): Promise<string> {
  expect((await who.post(`/connections/${connector}/${id}/disconnect`)).status).toBe(303);
  return who.page();
}

function refreshes(connector: ConnectorKey): number | undefined {
  const { emulator } = sample.providers.byConnector[connector];
  return emulator?.log.tokenRequests.filter(({ grantType }) => grantType === "refresh_token").length;
}
