import type { ErrorCode, RevocationOutcome } from "@grantkeeper/core";
import type { ConnectorKey } from "./connectors.ts";

/** What came of connecting or disconnecting an account, where there is no connection (yet, or any more) to show it on. */
export type Notice = { readonly connector: ConnectorKey } & (
  | { readonly kind: "connected"; readonly account: string }
  /** Why a device flow, or a key, connected nothing. */
  | { readonly kind: "notConnected"; readonly code: ErrorCode }
  /** How the provider took it. */
  | { readonly kind: "disconnected"; readonly revocation: RevocationOutcome }
);

/** Keeps the last notice for each user between a POST and the page that it redirects to, which shows it once. */
export interface Notices {
  readonly leave: (user: string, notice: Notice) => void;
  readonly take: (user: string) => Notice | undefined;
}

export function createNotices(): Notices {
  const notices = new Map<string, Notice>();
  return {
    leave: (user, notice) => void notices.set(user, notice),
    take(user) {
      const notice = notices.get(user);
      notices.delete(user);
      return notice;
    },
  };
}
