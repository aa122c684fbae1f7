import { existsSync } from "node:fs";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ConnectorKey } from "../src/connectors.ts";
import { chromiumPath, launchChromium } from "./support/chromium.ts";
import { type TemporarySample, temporarySample } from "./support/temporary-sample.ts";

const required = process.env["GRANTKEEPER_REQUIRE_SERVICES"] !== undefined;
const missing = !existsSync(chromiumPath) && !required;

describe.skipIf(missing)(missing ? `in a browser (needs Chromium at ${chromiumPath})` : "in a browser", () => {
  let browser: Browser;
  let sample: TemporarySample;
  let context: BrowserContext;
  let problems: string[];
  /** The browser reports the status of an error page itself. */
  let expected: RegExp | undefined;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    sample = await temporarySample({ tokenLifetimeSeconds: 4, served: true });
    problems = [];
    expected = undefined;
    context = await newVisitor();
  });
  afterEach(async () => {
    await context.close();
    await sample.close();
    expect(problems).toEqual([]);
  });

  test("connects three accounts, calls their APIs, sees a refresh, keeps them over a reload and disconnects", async () => {
    const page = await signIn(context, "Ada Example");
    await connect(page, "GitHub", "Octo Example");
    await connect(page, "Google", "Alex Example");
    await connect(page, "Slack", "Example Harbor");

    await button(page, "GitHub", "Call API").click();
    await card(page, "GitHub").getByText("octo-example/hello-world").waitFor();
    await button(page, "Google", "Call API").click();
    await card(page, "Google").getByText("calendar#calendarList", { exact: false }).first().waitFor();
    await button(page, "Slack", "Call API as bot").click();
    await card(page, "Slack").getByText("example-bot").waitFor();
    await button(page, "Slack", "Call API as user").click();
    await card(page, "Slack").getByText("alex-example").waitFor();

    // Nobody asks for a token while it runs out; another tab's call is then seen here without a reload.
    await card(page, "GitHub").getByText("expired, refreshed at its next use").waitFor();
    const before = refreshes("github");
    const otherTab = await context.newPage();
    await otherTab.goto(sample.origin);
    await button(otherTab, "GitHub", "Call API").click();
    await otherTab.waitForURL(/#con_/);
    await page.bringToFront();
    await card(page, "GitHub")
      .getByText(/^refreshed /)
      .waitFor();
    expect(refreshes("github")).toBe(before + 1);
    await otherTab.close();

    await button(page, "Google", "Ask 500 times at once").click();
    await card(page, "Google").getByText("1 token request", { exact: true }).waitFor();
    await card(page, "Google").getByText("2 processes", { exact: true }).waitFor();
    await card(page, "Google").getByText("asked at the moment the token ran out; Google saw one request.").waitFor();
    await card(page, "Google").locator("[data-outcome]:focus").waitFor();
    await card(page, "Google").getByText("1 distinct token", { exact: true }).waitFor();

    await page.reload();
    expect(await page.getByRole("article").count()).toBe(3);
    await disclosure(page, "Slack", "What the database holds").click();
    await card(page, "Slack")
      .getByText(/^x'[0-9a-f]{64}' … and \d+ more bytes$/)
      .first()
      .waitFor();

    await disclosure(page, "Slack", "Disconnect").click();
    await button(page, "Slack", "Disconnect for good").click();
    await card(page, "Slack").waitFor({ state: "detached" });
    expect(await page.getByRole("article").count()).toBe(2);
    await page.locator("#slack [data-outcome]:focus", { hasText: /^Disconnected\.$/ }).waitFor();
    await page.reload();
    expect(await page.getByText("Disconnected.").count()).toBe(0);
  });

  test("a user who decides in another tab is taken on in this one, at the code's page and without a touch", async () => {
    const page = await signIn(context, "Ada Example");
    await page.getByRole("button", { name: "Connect on another device at GitHub" }).click();
    const code = (await page.locator(".user-code").textContent()) ?? "";
    const opening = page.waitForEvent("popup");
    await page.getByRole("link", { name: "Open with the code filled in" }).click();
    const verification = await opening;
    await verification.getByText(code).waitFor();
    await verification.getByRole("button", { name: "Allow" }).click();
    await card(page, "GitHub").getByRole("heading", { name: "Octo Example" }).waitFor();
    await page.locator("#github [data-outcome]:focus", { hasText: /^Connected: Octo Example\.$/ }).waitFor();

    await page.getByRole("button", { name: "Connect on another device at GitHub" }).click();
    await page.getByRole("button", { name: "Give up" }).click();
    await page.locator("#github [data-outcome]:focus", { hasText: /^Not connected: you gave up\./ }).waitFor();
  });

  test("without scripts, too, the code's page finds out by itself", async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto(sample.origin);
    await page.getByRole("button", { name: "Ada Example" }).click();
    await page.getByRole("button", { name: "Connect on another device at GitHub" }).click();
    const code = (await page.locator(".user-code").textContent()) ?? "";
    sample.providers.byConnector.github.emulator?.approveDevice(code);
    await page.getByText("Connected: Octo Example.").waitFor();
    await plain.close();
  });

  test("a wrong key is said where it was typed, and is not there any more; a right one connects", async () => {
    const page = await signIn(context, "Ada Example");
    await page.getByRole("link", { name: "Connect with an API key at Brevo" }).click();
    const field = page.getByLabel("API key");
    await field.fill("nobody-has-this-key");
    expected = /422/;
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("alert").getByText("Brevo does not accept this key. Nothing was kept.").waitFor();
    expect(await field.inputValue()).toBe("");
    expect(page.url()).toBe(`${sample.origin}/keys/brevo`);
    await field.fill("brevo-demonstration-key-2");
    await page.getByRole("button", { name: "Connect" }).click();
    await card(page, "Brevo").getByRole("heading", { name: "Example Florist" }).waitFor();
    await page.locator("#brevo [data-outcome]:focus", { hasText: /^Connected: Example Florist\.$/ }).waitFor();
  });

  test("a button that waits says so, and keeps the account's name for screen readers", async () => {
    const page = await signIn(context, "Ada Example");
    await connect(page, "GitHub", "Octo Example");
    // Playwright looks at no page that is about to go.
    await page.evaluate(`addEventListener("submit", (event) => event.preventDefault())`);
    await button(page, "GitHub", "Ask 500 times at once").click();
    await button(page, "GitHub", /^Waiting for the token to run out … ?: Octo Example at GitHub$/).waitFor();
  });

  test("two tabs that connect the same account at once end as one connection", async () => {
    const first = await signIn(context, "Ada Example");
    const second = await context.newPage();
    await second.goto(sample.origin);
    for (const tab of [first, second]) {
      await tab.getByRole("button", { name: "Connect GitHub" }).click();
      await tab.getByRole("button", { name: "Allow" }).waitFor();
    }
    await Promise.all([first, second].map((tab) => tab.getByRole("button", { name: "Allow" }).click()));
    for (const tab of [first, second]) {
      await card(tab, "GitHub").getByText("Active", { exact: true }).waitFor();
      expect(await tab.getByRole("article").count()).toBe(1);
    }
    await button(second, "GitHub", "Call API").click();
    await card(second, "GitHub").getByText("octo-example/hello-world").waitFor();
  });

  test("another user sees nothing, and is refused what the first one may do", async () => {
    const page = await signIn(context, "Ada Example");
    await connect(page, "GitHub", "Octo Example");
    const id = await card(page, "GitHub").getAttribute("id");
    const other = await context.newPage();
    await other.goto(sample.origin);
    await other.getByRole("button", { name: "Sign out" }).click();
    await other.getByRole("button", { name: "Bo Example" }).click();
    await other.getByText("Signed in as Bo Example").waitFor();
    expect(await other.getByRole("article").count()).toBe(0);
    for (const action of ["call", "ask", "withdraw", "disconnect"]) {
      const url = `${sample.origin}/connections/github/${id}/${action}`;
      const refused = await other.request.post(url, { headers: { origin: sample.origin } });
      expect(refused.status()).toBe(404);
      expect(await refused.text()).not.toContain("Octo Example");
    }
    // The page that was left open notices.
    await page.bringToFront();
    await card(page, "GitHub").waitFor({ state: "detached" });
  });

  test("a no at the provider, and access withdrawn there, are said plainly", async () => {
    const page = await signIn(context, "Ada Example");
    await page.getByRole("button", { name: "Connect GitHub" }).click();
    expected = /status of 403/;
    await page.getByRole("button", { name: "Deny" }).click();
    await page.getByRole("heading", { name: "You did not allow access" }).waitFor();
    await page.getByRole("link", { name: "Back to your connections" }).click();
    await connect(page, "GitHub", "Octo Example");
    await disclosure(page, "GitHub", "Play the user’s part at GitHub").click();
    await button(page, "GitHub", "Withdraw access at GitHub").click();
    await card(page, "GitHub").getByText("Access was withdrawn at GitHub").waitFor();
    await card(page, "GitHub").getByText("expired, refreshed at its next use").waitFor();
    await button(page, "GitHub", "Call API").click();
    await card(page, "GitHub")
      .locator("[data-outcome]:focus", { hasText: "GitHub says that access was withdrawn." })
      .waitFor();
    await button(page, "GitHub", "Reconnect").click();
    await page.getByRole("button", { name: "Allow" }).click();
    await card(page, "GitHub").getByText("Active", { exact: true }).waitFor();
  });

  test("works without script, by keyboard and on a narrow phone", async () => {
    const narrow = await newVisitor({ javaScriptEnabled: false, viewport: { width: 360, height: 740 } });
    const page = await narrow.newPage();
    await page.goto(sample.origin);
    // Icon and name first, then the two people.
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await connect(page, "Google", "Alex Example");
    await connect(page, "Slack", "Example Harbor");
    await button(page, "Google", "Call API").click();
    await card(page, "Google").getByText("calendarListEntry").waitFor();
    for (const summary of await page.locator("summary").all()) await summary.click();
    const size = await page.locator("html").boundingBox();
    expect(size?.width).toBe(360);
    expect(await widest(page)).toBeLessThanOrEqual(360);
    await narrow.close();
  });

  async function newVisitor(options: Parameters<Browser["newContext"]>[0] = {}): Promise<BrowserContext> {
    const visitor = await browser.newContext({ reducedMotion: "reduce", ...options });
    visitor.on("console", (message) => {
      if (!["error", "warning"].includes(message.type()) || expected?.test(message.text())) return;
      problems.push(`${message.text()} ${message.location().url}`);
    });
    visitor.on("weberror", (error) => problems.push(String(error.error())));
    return visitor;
  }

  async function signIn(visitor: BrowserContext, name: string): Promise<Page> {
    const page = await visitor.newPage();
    await page.goto(sample.origin);
    await page.getByRole("button", { name }).click();
    await page.getByText(`Signed in as ${name}`).waitFor();
    return page;
  }

  async function connect(page: Page, provider: string, account: string): Promise<void> {
    await page.getByRole("button", { name: `Connect ${provider}` }).click();
    await page.getByLabel(account).check();
    await page.getByRole("button", { name: "Allow" }).click();
    await card(page, provider).getByRole("heading", { name: account }).waitFor();
  }

  function refreshes(connector: ConnectorKey): number {
    const log = sample.providers.byConnector[connector].emulator?.log;
    return log?.tokenRequests.filter(({ grantType }) => grantType === "refresh_token").length ?? 0;
  }
});

function card(page: Page, provider: string): Locator {
  return page.getByRole("article", { name: `at ${provider}` });
}

function button(page: Page, provider: string, name: string | RegExp): Locator {
  return card(page, provider).getByRole("button", { name });
}

function disclosure(page: Page, provider: string, name: string): Locator {
  return card(page, provider).locator("summary", { hasText: name });
}

/** How far the widest thing reaches to the right, in CSS pixels. */
async function widest(page: Page): Promise<number> {
  const boxes = await Promise.all((await page.locator("main *:visible").all()).map((element) => element.boundingBox()));
  return Math.max(...boxes.map((box) => (box === null ? 0 : box.x + box.width)));
}
