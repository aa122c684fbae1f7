import { createHash } from "node:crypto";
import type { EmulatedAccount } from "@grantkeeper/core/connector";
import { html } from "hono/html";

/** Draws an account's initials on a colour of its own, as SVG. */
export function avatar(account: Pick<EmulatedAccount, "id" | "name">): string {
  const hue = createHash("sha256").update(account.id).digest().readUInt16BE(0) % 360;
  const words = account.name.split(/\s+/).filter(Boolean);
  const initials = words
    .slice(0, 2)
    .map((word) => [...word][0] ?? "")
    .join("")
    .toUpperCase();
  return `${html`<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96" viewBox="0 0 96 96" role="img" aria-label="${account.name}"><rect width="96" height="96" fill="hsl(${hue} 45% 40%)"/><text x="48" y="50" fill="#fff" font-family="system-ui, sans-serif" font-size="38" text-anchor="middle" dominant-baseline="middle">${initials}</text></svg>`}`;
}
