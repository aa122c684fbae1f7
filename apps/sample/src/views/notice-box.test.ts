import { expect, test } from "vitest";
import { disconnected, notConnected, noticeBox } from "./notice-box.ts";

test.each([
  ["revoked", "Disconnected."],
  ["pending", "Disconnected. GitHub could not be told: remove access there, too."],
  ["skipped", "Disconnected. GitHub still allows access, since another connection needs it."],
  ["unsupported", "Disconnected. GitHub lets no application end access: remove it there, too."],
] as const)("access that was %s", (revocation, words) => {
  expect(disconnected(revocation, "GitHub")).toBe(words);
});

test.each([
  ["consent_denied", "Not connected: access was not allowed at GitHub."],
  ["flow_expired", "Not connected: nobody entered the code in time. Start again for a new one."],
  ["aborted", "Not connected: you gave up. The code connects nothing any more."],
  ["provider_unavailable", "Not connected: GitHub could not be reached. Start again for a new code."],
  ["invalid_response", "Not connected: that did not work at GitHub (invalid_response)."],
] as const)("a sign-in on another device that ended as %s", (code, words) => {
  expect(notConnected(code, "GitHub")).toBe(words);
});

test("what failed looks like it, and what a user chose does not", () => {
  const github = { name: "GitHub", connectedBy: "consent" } as const;
  const classOf = (notice: Parameters<typeof noticeBox>[0]) =>
    /class="([^"]*)"/.exec(String(noticeBox(notice, github)))?.[1]?.trim();
  expect(classOf({ kind: "notConnected", connector: "github", code: "consent_denied" })).toBe("outcome failed");
  expect(classOf({ kind: "disconnected", connector: "github", revocation: "pending" })).toBe("outcome failed");
  expect(classOf({ kind: "notConnected", connector: "github", code: "aborted" })).toBe("outcome");
  expect(classOf({ kind: "connected", connector: "github", account: "Octo" })).toBe("outcome");
});

test("a name that an account has at its provider is text", () => {
  const notice = { kind: "connected", connector: "github", account: "<b>Octo</b>" } as const;
  expect(String(noticeBox(notice, { name: "GitHub", connectedBy: "consent" }))).toContain("&lt;b&gt;Octo&lt;/b&gt;");
});

test("a key that was erased is good at its provider until it is deleted there", () => {
  const notice = { kind: "disconnected", connector: "brevo", revocation: "unsupported" } as const;
  expect(String(noticeBox(notice, { name: "Brevo", connectedBy: "apiKey" }))).toContain(
    "Disconnected: the key is erased here. It stays good until you delete it at Brevo.",
  );
});
