import { html } from "hono/html";
import type { Configuration } from "oidc-provider";
import { hiddenFields, openBrowser } from "./browser.ts";
import { type SignInChoice, walk } from "./sign-in.ts";

type DeviceFlow = NonNullable<NonNullable<Configuration["features"]>["deviceFlow"]>;

const title = {
  input: "Enter the code of the device",
  confirm: "Is it this device",
  success: "The device has got access",
};

function page(heading: string, content = ""): string {
  return `${html`<!doctype html><html lang="en"><meta charset="utf-8"><title>${heading}</title><h1>${heading}</h1></html>`}${content}`;
}

/** oidc-provider's device flow (RFC 8628) with plain pages. */
export const deviceFlow: DeviceFlow = {
  enabled: true,
  userCodeInputSource: (ctx, form, _out, error) => {
    // Its own status for an error is kept; the page says no more than that there was one.
    ctx.body = page(error === undefined ? title.input : "That code is not good here", form);
  },
  userCodeConfirmSource: (ctx, form) => {
    ctx.body = page(title.confirm, form);
  },
  successSource: (ctx) => {
    ctx.body = page(title.success);
  },
};

/**
 * Lets a device in, or refuses it, by plain HTTP through the provider's own pages, as a user's browser would. Throws
 * where no device waits with the code.
 */
export async function decideDevice(origin: string, userCode: string, choice: SignInChoice): Promise<void> {
  const browser = openBrowser();
  const url = new URL("/device", origin);
  const form = hiddenFields(await (await browser(url)).text());
  form.set("user_code", userCode);
  const asked = await (await browser(url, form)).text();
  if (!asked.includes(title.confirm)) throw new Error(`No device waits with the code ${userCode}.`);
  const end = await walk(browser, url, hiddenFields(asked), choice);
  const allowed = end.kind === "page" && end.page.includes(title.success);
  if (allowed === (choice.deny === true)) throw new Error(`${end.url.pathname} did not take the user's answer.`);
}
