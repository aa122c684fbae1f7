import { expect, test } from "vitest";
import type { Provider } from "../providers.ts";
import { devicePage } from "./device-page.ts";

const provider: Provider = {
  name: "GitHub",
  connectedBy: "consent",
  onOtherDevice: true,
  demonstrationKeys: [],
  authorizationOrigin: undefined,
  avatarOrigin: undefined,
  exampleCall: { method: "GET", path: "user" },
  emulator: undefined,
};
const now = Date.parse("2026-11-26T09:00:00Z");
const shown = {
  connector: "github",
  userCode: "WDJB-MJHT",
  verificationUri: "https://github.com/login/device",
  verificationUriComplete: undefined,
  expiresAt: new Date(now + 900_000),
} as const;
const user = { id: "ada", name: "Ada Example" };

test("a provider without an address that has the code in it offers none", () => {
  const page = String(devicePage({ user, provider, shown, now }));
  expect(page).toContain('<a href="https://github.com/login/device" target="_blank" rel="noopener noreferrer">');
  expect(page).not.toContain("Open with the code filled in");
  expect(page).not.toContain("emulated here");
});

test("until when the code is good is said in UTC, and as what is left", () => {
  const page = String(devicePage({ user, provider, shown, now: now + 840_000 }));
  expect(page).toContain("<span data-left>60 s</span>");
  expect(page).toContain('<time datetime="2026-11-26T09:15:00.000Z" data-local>09:15 UTC</time>');
});

test("a code is text, whatever the provider sends", () => {
  const page = String(devicePage({ user, provider, shown: { ...shown, userCode: "<i>A</i>" }, now }));
  expect(page).toContain("<code>&lt;i&gt;A&lt;/i&gt;</code>");
});
