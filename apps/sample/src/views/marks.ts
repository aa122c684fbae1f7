import { html } from "hono/html";
import type { ConnectorKey } from "../connectors.ts";
import type { Html } from "./layout.ts";

const monograms: Readonly<Record<ConnectorKey, string>> = { github: "Gh", google: "Go", slack: "Sl", brevo: "Br" };

/** A monogram for each provider; their logos are their own. */
export function mark(connector: ConnectorKey): Html {
  return html`<svg class="mark mark-${connector}" viewBox="0 0 48 48" width="48" height="48" aria-hidden="true">
    <rect width="48" height="48" rx="13"/>
    <text x="24" y="31" text-anchor="middle">${monograms[connector]}</text>
  </svg>`;
}
