import type { RevocationOutcome } from "@grantkeeper/core";
import type { ConnectorKey } from "./connectors.ts";

/** How a provider took it that one of its accounts was disconnected. The connection itself is gone. */
export interface Notice {
  readonly connector: ConnectorKey;
  readonly revocation: RevocationOutcome;
}

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
