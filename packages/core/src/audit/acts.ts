import type { ConnectionEvents, EventName } from "../events.ts";

/** What was done to a grant, or with it. */
export type AuditAct =
  | "connected"
  | "reconnected"
  | "refreshed"
  | "refresh_failed"
  | "scopes_changed"
  | "needs_reauthorization"
  | "disconnected"
  | "revoked"
  | "erased"
  | "decryption_failed"
  | "keys_rotated"
  | "token_read";

/** What an entry says of an act, beside when, by whom and to which connection. No secret. */
export interface ActDetails {
  readonly act: AuditAct;
  readonly outcome: "succeeded" | "failed";
  /** An error's code, why a grant ended, or how its revocation went. */
  readonly reason?: string;
  readonly tokenSet?: string;
  readonly granted?: readonly string[];
  readonly missing?: readonly string[];
}

export type Describe = { readonly [Name in EventName]: (event: ConnectionEvents[Name]) => ActDetails };

/** What each event is in the audit log. */
export const describe: Describe = {
  "connection.connected": () => ({ act: "connected", outcome: "succeeded" }),
  "connection.reconnected": () => ({ act: "reconnected", outcome: "succeeded" }),
  "connection.refreshed": ({ tokenSet }) => ({ act: "refreshed", outcome: "succeeded", tokenSet }),
  "connection.refresh_failed": ({ tokenSet, code }) => ({
    ...{ act: "refresh_failed", outcome: "failed", tokenSet },
    reason: code,
  }),
  "connection.scopes_changed": ({ tokenSet, granted, missing }) => ({
    ...{ act: "scopes_changed", outcome: "succeeded", tokenSet },
    ...{ granted, missing },
  }),
  "connection.needs_reauthorization": ({ tokenSet, reason }) => ({
    ...{ act: "needs_reauthorization", outcome: "failed", tokenSet },
    reason,
  }),
  "connection.disconnected": ({ revocation }) => ({
    ...{ act: "disconnected", outcome: "succeeded" },
    reason: revocation,
  }),
  "connection.revoked": () => ({ act: "revoked", outcome: "succeeded" }),
  "connection.erased": ({ revocation }) => ({ act: "erased", outcome: "succeeded", reason: revocation }),
  "connection.decryption_failed": () => ({ act: "decryption_failed", outcome: "failed" }),
  "connection.keys_rotated": () => ({ act: "keys_rotated", outcome: "succeeded" }),
  "connection.token_read": ({ tokenSet }) => ({ act: "token_read", outcome: "succeeded", tokenSet }),
};
