import type { ConnectionStatus } from "@grantkeeper/core";
import { expect, test } from "vitest";
import type { Provider } from "../providers.ts";
import { connectionCard } from "./connection-card.ts";

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
const now = Date.parse("2026-11-23T09:00:00Z");
const ended: ConnectionStatus["tokenSets"][string] = {
  ended: "revoked",
  scopes: { requested: [], granted: [], missing: [] },
  obtainedAt: new Date(now),
  expiresAt: new Date(now),
  refreshable: true,
  refreshTokenExpiresAt: undefined,
};
const status: ConnectionStatus = {
  connectionId: "con_example",
  connector: "github",
  state: "needs_reauthorization",
  account: { id: "1000002" },
  params: {},
  metadata: {},
  tokenSets: { default: ended, user: ended },
  connectedAt: new Date(now),
  refreshedAt: undefined,
};
const card = String(
  connectionCard({
    key: "github",
    provider,
    status,
    outcome: { kind: "failed", code: "reauthorization_required", message: "The user has to consent again." },
    row: undefined,
    now,
  }),
);

test("an account without a name is called by its id, once", () => {
  expect(card).toContain("<h3>Account 1000002</h3>");
  expect(card).toContain('<p class="quiet-text"></p>');
});

test("that a connection ended is said once, whatever else would say it", () => {
  expect(card.match(/GitHub says that access was withdrawn\./g)).toHaveLength(1);
  expect(card).not.toContain("The user has to consent again.");
});

test("a key that its provider refuses is replaced, and nothing else is offered", () => {
  const refused = String(
    connectionCard({
      key: "brevo",
      provider: { ...provider, name: "Brevo", connectedBy: "apiKey" },
      status: { ...status, connector: "brevo", tokenSets: { default: ended } },
      outcome: undefined,
      row: undefined,
      now,
    }),
  );
  expect(refused).toContain("Brevo says that access was withdrawn. Replace the key to go on; nothing else helps.");
  expect(refused).toMatch(/<strong>API key<\/strong> <span>ended<\/span>/);
  expect(refused).toContain('<a class="button " href="/keys/brevo?connection=con_example">Replace key');
  expect(refused).not.toContain("/call");
  expect(refused).not.toContain("Reconnect<");
});
