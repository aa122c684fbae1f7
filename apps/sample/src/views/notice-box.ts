import type { RevocationOutcome } from "@grantkeeper/core";
import { html } from "hono/html";
import type { Notice } from "../notices.ts";
import type { Html } from "./layout.ts";

/** Says how a disconnecting went. */
export function noticeBox({ revocation }: Notice, provider: string): Html {
  return html`<p class="outcome ${revocation === "pending" ? "failed" : ""}" role="status" tabindex="-1" data-outcome>${disconnected(revocation, provider)}</p>`;
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
