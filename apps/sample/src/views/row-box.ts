import { html } from "hono/html";
import type { Html } from "./layout.ts";

const longestText = 96;

/** What somebody who stole the database would see of a connection. */
export function rowBox(row: string, whose: string): Html {
  return html`<details>
    <summary>What the database holds<span class="visually-hidden">: ${whose}</span></summary>
    <div class="box">
      <pre tabindex="0" role="region" aria-label="Row in the database: ${whose}"><code>${shortened(row)}</code></pre>
      <p class="note">The row as it lies in the SQLite file, long values cut. Tokens, scopes, owner and account are in
        <code>sealed</code>, and the hashes are keyed: none of it can be read without the key.</p>
    </div>
  </details>`;
}

function shortened(row: string): string {
  const cut = (_key: string, value: unknown): unknown =>
    typeof value === "string" && value.length > longestText
      ? `${value.slice(0, longestText)}… ${value.length - longestText} more characters`
      : value;
  const stored: unknown = JSON.parse(row);
  // Keyv wraps what it stores in an envelope.
  const value = typeof stored === "object" && stored !== null && "value" in stored ? stored.value : stored;
  return JSON.stringify(value, cut, 2);
}
