import { randomBytes } from "node:crypto";
import type { ScopesBySet } from "./scopes.ts";

/** Consents whose page was shown: each is answered once, within ten minutes. */
export interface PendingConsents<T> {
  /** Returns the id that the page posts as `consent`. */
  readonly add: (consent: T) => string;
  readonly take: (form: URLSearchParams) => T | undefined;
}

const lifetime = 10 * 60 * 1000;

export function createPendingConsents<T>(): PendingConsents<T> {
  const pending = new Map<string, { readonly consent: T; readonly startedAt: number }>();
  return {
    add: (consent) => {
      const id = randomBytes(24).toString("base64url");
      for (const [key, { startedAt }] of pending) if (Date.now() > startedAt + lifetime) pending.delete(key);
      pending.set(id, { consent, startedAt: Date.now() });
      return id;
    },
    take: (form) => {
      const id = form.get("consent") ?? "";
      const found = pending.get(id);
      pending.delete(id);
      return found?.consent;
    },
  };
}

/** Whom a user chose on the consent page, and what of the scopes; `undefined`: the user said no. */
export function readDecision(
  form: URLSearchParams,
  requested: ScopesBySet,
): { readonly accountId: string; readonly chosen: ScopesBySet } | undefined {
  if (form.get("decision") !== "allow") return undefined;
  const chosen = Object.entries(requested).map(([name, scopes]) => [
    name,
    scopes.filter((scope) => form.getAll(`scope:${name}`).includes(scope)),
  ]);
  return { accountId: form.get("account") ?? "", chosen: Object.fromEntries(chosen) as ScopesBySet };
}
