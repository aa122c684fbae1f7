import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { launchChromium } from "../test/support/chromium.ts";
import { temporarySample } from "../test/support/temporary-sample.ts";

// Takes pictures of the pages, with a connection at each provider, in light, dark and on a phone:
// node scripts/screenshots.ts [directory]
const directory = process.argv[2] ?? "/tmp/grantkeeper-screenshots";
const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", deviceScaleFactor: 2 },
};

await mkdir(directory, { recursive: true });
const sample = await temporarySample({ tokenLifetimeSeconds: 30, served: true });
const browser = await launchChromium();
try {
  for (const [name, look] of Object.entries(looks)) {
    const context = await browser.newContext({ ...look, reducedMotion: "reduce" });
    // Some pictures wait for a token to run out.
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    await page.goto(sample.origin);
    await take(page, `${name}-sign-in`);
    await page.getByRole("button", { name: "Ada Example" }).click();
    if (name === "light") {
      await take(page, `${name}-empty`);
      await connect(page, "GitHub");
      await connect(page, "Google");
    }
    await connectOnOtherDevice(page, name);
    await connectByKey(page, name);
    await button(page, "GitHub", "Ask 500 times").click();
    await page.getByText("asked at the moment the token ran out").waitFor();
    await button(page, "Google", "Call API").click();
    await page.getByText("calendarListEntry").waitFor();
    if (name === "light") await connect(page, "Slack", "chat:write");
    else await button(page, "Slack", "Call API as bot").click();
    await page.waitForTimeout(2500);
    await take(page, name);
    await page.getByText("What the database holds").first().click();
    await page.getByText("Play the user’s part at GitHub").first().click();
    await page.locator("summary", { hasText: "Disconnect" }).first().click();
    await take(page, `${name}-open`);
    await button(page, "GitHub", "Withdraw access").click();
    await card(page, "GitHub").getByText("expired, refreshed at its next use").waitFor();
    await button(page, "GitHub", "Call API").click();
    await page.getByText("Reconnect needed").waitFor();
    await take(page, `${name}-ended`);
    await page.goto(`${sample.origin}/connect/github/callback?state=none&code=none`);
    await take(page, `${name}-error`);
    await page.goto(sample.origin);
    await page.locator("summary", { hasText: "Disconnect" }).first().click();
    await button(page, "GitHub", "Disconnect for good").click();
    await page.getByText("Disconnected").waitFor();
    await take(page, `${name}-disconnected`);
    await connect(page, "GitHub");
    await context.close();
  }
} finally {
  await browser.close();
  await sample.close();
}

async function connectOnOtherDevice(page: Page, look: string): Promise<void> {
  await page.getByRole("button", { name: "Connect on another device at GitHub" }).click();
  await take(page, `${look}-device`);
  const opening = page.waitForEvent("popup");
  await page.getByRole("link", { name: "Open with the code filled in" }).click();
  const verification = await opening;
  await verification.getByRole("radio", { name: "hex-example" }).check();
  await take(verification, `${look}-device-verification`);
  await verification.getByRole("button", { name: "Allow" }).click();
  await page.getByText("Connected: hex-example.").waitFor();
  await verification.close();
  await take(page, `${look}-device-connected`);
  // The other pictures have one account at each provider.
  const other = page.getByRole("article", { name: "hex-example at GitHub" });
  await other.locator("summary", { hasText: "Disconnect" }).click();
  await other.getByRole("button", { name: "Disconnect for good" }).click();
  await page.getByText("Disconnected.").waitFor();
}

async function connectByKey(page: Page, look: string): Promise<void> {
  await page.getByRole("link", { name: "Connect with an API key at Brevo" }).click();
  await take(page, `${look}-key`);
  await page.getByLabel("API key").fill("not-a-key-of-anybody");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByText("Brevo does not accept this key").waitFor();
  await take(page, `${look}-key-refused`);
  await page.getByLabel("API key").fill("brevo-demonstration-key-1");
  await page.getByRole("button", { name: "Connect" }).click();
  await card(page, "Brevo").waitFor();
  await button(page, "Brevo", "Call API").click();
  await card(page, "Brevo").getByText("senders").waitFor();
  await take(page, `${look}-key-connected`);
}

async function connect(page: Page, provider: string, withheld?: string): Promise<void> {
  await page.getByRole("button", { name: `Connect ${provider}` }).click();
  if (withheld !== undefined) await page.getByLabel(withheld).uncheck();
  await page.getByRole("button", { name: "Allow" }).click();
  await card(page, provider).waitFor();
}

function button(page: Page, provider: string, name: string): Locator {
  return card(page, provider).getByRole("button", { name });
}

function card(page: Page, provider: string): Locator {
  return page.getByRole("article", { name: `at ${provider}` });
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(directory, `${name}.png`), fullPage: true });
}
