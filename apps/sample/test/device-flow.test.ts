import type { EmulatedProvider } from "@grantkeeper/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type TemporarySample, temporarySample } from "./support/temporary-sample.ts";
import { createVisitor, type Visitor } from "./support/visitor.ts";

const patience = { timeout: 15_000 };
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

test("R48 a user who agrees on another device is connected, and taken to the connection", async () => {
  const code = await start(ada);
  const page = await (await ada.get("/device")).text();
  expect(page).toContain(`<p class="user-code"><code>${code}</code></p>`);
  expect(page).toContain(`href="${github().origin}/device"`);
  expect(page).toContain(`href="${github().origin}/device?user_code=${code}"`);
  expect(page).toContain("The code is good for <span data-left>15 min</span>");
  expect(page).toContain(`<time datetime="${new Date(clock + 900_000).toISOString()}"`);
  expect(await progress(ada)).toEqual({ waiting: true, left: "15 min" });

  github().approveDevice(code, { accountId: "1000002" });
  await decided(ada);
  const notice = await end(ada);
  expect(notice).toContain("Connected: hex-example.</p>");
  const [id = ""] = await ada.connectionIds();
  expect((await ada.post(`/connections/github/${id}/call`)).status).toBe(303);
  expect(await ada.page()).toContain("hex-example/hello-world");
  expect(await ada.page()).not.toContain("Connected: hex-example.");
  // What was told is over.
  expect((await ada.get("/device")).headers.get("location")).toBe("/");
});

test("without its script the page looks again by itself, and with it once a second", async () => {
  await start(ada);
  const page = await (await ada.get("/device")).text();
  expect(page).toContain('<noscript><meta http-equiv="refresh" content="5"></noscript>');
  expect(page).toMatch(/<noscript><a [^>]*href="\/device">Look again<\/a><\/noscript>/);
});

test.each([
  ["a user who says no", () => github().denyDevice(lastCode), "Not connected: access was not allowed at GitHub."],
  [
    "a code that nobody entered in time",
    () => {
      clock += 901_000;
    },
    "Not connected: nobody entered the code in time. Start again for a new one.",
  ],
  [
    "a user who gives up",
    () => ada.post("/device/give-up"),
    "Not connected: you gave up. The code connects nothing any more.",
  ],
])("R48 %s is told so in plain words, and nothing is kept", async (_, decide, words) => {
  await start(ada);
  await decide();
  await decided(ada);
  expect(await end(ada)).toContain(`${words}</p>`);
  expect(await ada.connectionIds()).toEqual([]);
});

test("R48 a code that was given up connects nobody, even if its user agrees later", async () => {
  const code = await start(ada);
  await ada.post("/device/give-up");
  github().approveDevice(code);
  // Who begins now is through after the time at which the code that was given up would have been asked about.
  const bo = visitor();
  await bo.signIn("bo");
  expect(await end(bo, await start(bo))).toContain("Connected: Octo Example.");
  expect(github().log.devicePolls.some(({ device }) => device?.userCode === code)).toBe(false);
  expect(await ada.connectionIds()).toEqual([]);
});

test("R48 a session has one code at a time: the one before connects nothing any more", async () => {
  const first = await start(ada);
  const second = await start(ada);
  expect(await (await ada.get("/device")).text()).not.toContain(first);
  github().approveDevice(first);
  github().approveDevice(second, { accountId: "1000002" });
  await decided(ada);
  await end(ada);
  expect(await ada.page()).toContain("hex-example");
  expect(await ada.page()).not.toContain("Octo Example");
});

test.each(["ada", "bo"])("R4 another session, of %s, neither sees a device flow nor ends it", async (user) => {
  const other = visitor();
  await other.signIn(user);
  const code = await start(ada);
  const seen = await other.get("/device");
  expect(seen.status).toBe(303);
  expect(seen.headers.get("location")).toBe("/");
  expect(await progress(other)).toEqual({ waiting: false });
  await other.post("/device/give-up");
  const otherCode = await start(other);
  expect(await progress(ada)).toEqual({ waiting: true, left: "15 min" });

  github().approveDevice(code, { accountId: "1000002" });
  await decided(ada);
  expect(await progress(other)).toEqual({ waiting: true, left: "15 min" });
  expect(await (await other.get("/device")).text()).toContain(otherCode);
  expect(await end(ada)).toContain("Connected: hex-example.");
  expect(await other.connectionIds()).toHaveLength(user === "ada" ? 1 : 0);
});

test("a session that ends takes its device flow with it", async () => {
  const code = await start(ada);
  await ada.post("/sign-in", { user: "" });
  expect((await ada.get("/device")).headers.get("location")).toBe("/");
  await ada.signIn("ada");
  expect(await progress(ada)).toEqual({ waiting: false });
  github().approveDevice(code);
  const polls = github().log.devicePolls.length;
  await end(ada, await start(ada));
  expect(
    github()
      .log.devicePolls.slice(polls)
      .every(({ device }) => device?.userCode !== code),
  ).toBe(true);
});

test("R13 another site's form starts no device flow and ends none", async () => {
  const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  expect((await ada.post("/device/start/github", {}, foreign)).status).toBe(403);
  expect(github().log.clientRequests).toEqual([]);
  await start(ada);
  expect((await ada.post("/device/give-up", {}, foreign)).status).toBe(403);
  expect(await progress(ada)).toMatchObject({ waiting: true });
});

test("nobody who is not signed in starts a device flow, and no provider has one that knows none", async () => {
  const stranger = visitor();
  expect((await stranger.post("/device/start/github")).headers.get("location")).toBe("/");
  for (const connector of ["google", "brevo", "myspace"]) {
    expect((await ada.post(`/device/start/${connector}`)).status).toBe(404);
  }
  expect(github().log.clientRequests).toEqual([]);
});

test("a provider that cannot be reached is an error page, and no code", async () => {
  await github().close();
  const refused = await ada.post("/device/start/github");
  expect(refused.status).toBe(503);
  expect(await refused.text()).toContain("provider_unavailable");
  expect((await ada.get("/device")).headers.get("location")).toBe("/");
});

test("R54 the device code, by which the tokens are had, is in no answer", async () => {
  const given: string[] = [];
  const send = globalThis.fetch;
  const tapped = vi.spyOn(globalThis, "fetch").mockImplementation(async (...request) => {
    const response = await send(...request);
    const text = await response.clone().text();
    given.push(...(/emulated-device-[\w-]+/.exec(text) ?? []));
    return response;
  });
  try {
    const code = await start(ada);
    const answers = [await (await ada.get("/device")).text(), JSON.stringify(await progress(ada))];
    github().approveDevice(code);
    await decided(ada);
    answers.push(await end(ada));
    expect(given).toHaveLength(1);
    for (const answer of answers) expect(answer).not.toContain(given[0]);
  } finally {
    tapped.mockRestore();
  }
});

let lastCode = "";

/** Begins a flow, and returns the code on its page. */
async function start(who: Visitor): Promise<string> {
  const started = await who.post("/device/start/github");
  expect(started.status).toBe(303);
  expect(started.headers.get("location")).toBe("/device");
  lastCode = /class="user-code"><code>([^<]+)</.exec(await (await who.get("/device")).text())?.[1] ?? "";
  expect(lastCode).not.toBe("");
  return lastCode;
}

async function progress(who: Visitor): Promise<unknown> {
  return (await who.get("/device/progress")).json();
}

function decided(who: Visitor): Promise<void> {
  return expect.poll(() => progress(who), patience).toEqual({ waiting: false });
}

/** The page that somebody is taken to at the end. A code is let in before. */
async function end(who: Visitor, code?: string): Promise<string> {
  if (code !== undefined) {
    github().approveDevice(code);
    await decided(who);
  }
  const ended = await who.get("/device");
  expect(ended.status).toBe(303);
  expect(ended.headers.get("location")).toBe("/#github");
  return who.page();
}

function github(): EmulatedProvider {
  const { emulator } = sample.providers.byConnector.github;
  if (emulator === undefined) throw new Error("GitHub is not emulated.");
  return emulator;
}

function visitor(): Visitor {
  return createVisitor(sample.origin, (request) => sample.app.fetch(request));
}
