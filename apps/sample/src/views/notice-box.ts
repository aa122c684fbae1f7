import type { ErrorCode, RevocationOutcome } from "@grantkeeper/core";
import { html } from "hono/html";
import type { Notice } from "../notices.ts";
import type { Provider } from "../providers.ts";
import type { Html } from "./layout.ts";

/** Says how a connecting or a disconnecting went. */
export function noticeBox(notice: Notice, provider: Pick<Provider, "name" | "connectedBy">): Html {
  return html`<p class="outcome ${isFailure(notice) ? "failed" : ""}" role="status" tabindex="-1" data-outcome>${inWords(notice, provider)}</p>`;
}

function isFailure(notice: Notice): boolean {
  if (notice.kind === "disconnected") return notice.revocation === "pending";
  return notice.kind === "notConnected" && notice.code !== "aborted";
}

function inWords(notice: Notice, { name, connectedBy }: Pick<Provider, "name" | "connectedBy">): string {
  switch (notice.kind) {
    case "connected":
      return `Connected: ${notice.account}.`;
    case "notConnected":
      return notConnected(notice.code, name);
    case "disconnected":
      return connectedBy === "apiKey" ? keyErased(name) : disconnected(notice.revocation, name);
  }
}

/** Why a sign-in on another device connected nothing. */
export function notConnected(code: ErrorCode, provider: string): string {
  switch (code) {
    case "consent_denied":
      return `Not connected: access was not allowed at ${provider}.`;
    case "flow_expired":
      return "Not connected: nobody entered the code in time. Start again for a new one.";
    case "aborted":
      return "Not connected: you gave up. The code connects nothing any more.";
    case "provider_unavailable":
      return `Not connected: ${provider} could not be reached. Start again for a new code.`;
    default:
      return `Not connected: that did not work at ${provider} (${code}).`;
  }
}

export function disconnected(revocation: RevocationOutcome, provider: string): string {
  switch (revocation) {
    case "revoked":
      return "Disconnected.";
    case "pending":
      return `Disconnected. ${provider} could not be told: remove access there, too.`;
    case "skipped":
      return `Disconnected. ${provider} still allows access, since another connection needs it.`;
    case "unsupported":
      return `Disconnected. ${provider} lets no application end access: remove it there, too.`;
  }
}

/** A key is its user's own: no application ends it. */
function keyErased(provider: string): string {
  return `Disconnected: the key is erased here. It stays good until you delete it at ${provider}.`;
}
