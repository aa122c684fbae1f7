import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openSample, type Sample } from "../src/sample.ts";
import type { Settings } from "../src/settings.ts";
import { freePorts } from "./support/free-ports.ts";
import { createVisitor, type Visitor } from "./support/visitor.ts";

const client = { clientId: "my-client", clientSecret: "my-secret" };
let dataDirectory: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), "grantkeeper-sample-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dataDirectory, { recursive: true });
});

test("with a client of its own a connector talks to the real provider, and its client stays at home", async () => {
  const sample = await open({ github: client, google: undefined, slack: undefined });
  try {
    const { origin } = sample.keeper.callbackUrl;
    const ada = await signIn(sample);
    const front = await ada.get("/");
    expect(front.headers.get("content-security-policy")).toContain(
      "img-src 'self' https://avatars.githubusercontent.com",
    );
    expect(front.headers.get("content-security-policy")).toContain("form-action 'self' https://github.com");
    expect(await front.text()).toContain(
      "Google, Slack and Brevo are emulated on this machine. Tokens live for 30 seconds here",
    );

    const started = await ada.post("/connect/github");
    const url = new URL(started.headers.get("location") ?? "");
    expect(url.origin + url.pathname).toBe("https://github.com/login/oauth/authorize");
    expect(url.searchParams.get("client_id")).toBe("my-client");
    expect(url.searchParams.get("redirect_uri")).toBe(`${origin}/connect/github/callback`);
    expect(url.href).not.toContain("my-secret");
  } finally {
    await sample.close();
  }
});

test("the second process has the client of a real provider from its environment, and counts its own refreshes", async () => {
  vi.stubEnv("GITHUB_CLIENT_ID", client.clientId);
  vi.stubEnv("GITHUB_CLIENT_SECRET", client.clientSecret);
  const page = await askAtOnce();
  expect(page).toMatch(
    /250 callers in process \d+ and 250 in process \d+ asked while the token was still good for 8 h; their two keepers report no refreshes\./,
  );
  expect(page).toMatch(/0<\/strong> refreshes<.*1<\/strong> distinct token</s);
});

test("a second process without that client says what it lacks", async () => {
  vi.stubEnv("GITHUB_CLIENT_ID", undefined);
  vi.stubEnv("GITHUB_CLIENT_SECRET", undefined);
  expect(await askAtOnce()).toContain("said: Set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET in the environment.");
});

test("two samples with real clients share one database", async () => {
  const clients = { github: client, google: client, slack: client };
  const first = await open(clients);
  const second = await open(clients);
  try {
    const id = await adopt(first);
    expect(await (await signIn(second)).connectionIds()).toEqual([id]);
  } finally {
    await second.close();
    await first.close();
  }
});

/** The page after many have asked for a token that GitHub gave. */
async function askAtOnce(): Promise<string> {
  const sample = await open({ github: client, google: undefined, slack: undefined });
  try {
    const id = await adopt(sample);
    const ada = await signIn(sample);
    await ada.post(`/connections/github/${id}/ask`);
    return await ada.page();
  } finally {
    await sample.close();
  }
}

async function open(clients: Settings["clients"]): Promise<Sample> {
  return openSample({ port: await freePorts(), dataDirectory, tokenLifetimeSeconds: 30, clients });
}

/** A connection that nobody has to be asked for. */
async function adopt({ keeper }: Sample): Promise<string> {
  const expiresAt = new Date(Date.now() + 8 * 3600 * 1000);
  const { id } = await keeper.adopt("github", {
    owner: "ada",
    tokens: { accessToken: "gho_example", refreshToken: "ghr_example", expiresAt },
    account: { id: "1" },
  });
  return id;
}

async function signIn({ app, keeper }: Sample): Promise<Visitor> {
  const ada = createVisitor(keeper.callbackUrl.origin, (request) => app.fetch(request));
  await ada.signIn("ada");
  return ada;
}
