import type { SQLOutputValue } from "node:sqlite";
import { html } from "hono/html";
import type { StoredRow } from "../database.ts";
import type { Html } from "./layout.ts";

const longestText = 64;
const longestBytes = 32;

/** What somebody who stole the database would see of a connection. */
export function rowBox(row: StoredRow, whose: string): Html {
  return html`<details>
    <summary>What the database holds<span class="visually-hidden">: ${whose}</span></summary>
    <div class="box">
      <dl class="row">
        ${Object.entries(row).map(([column, value]) => html`<div><dt>${column}</dt><dd>${literal(value)}</dd></div>`)}
      </dl>
      <p class="note">The row as it lies in the SQLite file, long values cut. Tokens, scopes, owner and account are in
        <code>sealed</code>. The key to it is in <code>wrapped_key</code>, itself sealed, and the hashes are keyed: none of
        it can be read without the application’s key.</p>
    </div>
  </details>`;
}

/** A value as SQL writes it; text as it is. */
export function literal(value: SQLOutputValue): string {
  if (value === null) return "NULL";
  if (typeof value === "string") {
    const more = value.length - longestText;
    return more > 0 ? `${value.slice(0, longestText)} … and ${more} more characters` : value;
  }
  if (!(value instanceof Uint8Array)) return String(value);
  const more = value.length - longestBytes;
  const shown = `x'${Buffer.from(value.subarray(0, longestBytes)).toString("hex")}'`;
  return more > 0 ? `${shown} … and ${more} more bytes` : shown;
}
