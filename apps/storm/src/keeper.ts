import { createKeeper, type Keeper, type Logger } from "@grantkeeper/core";
import type { Connector } from "@grantkeeper/core/connector";
import type { Store } from "@grantkeeper/core/store";
import { callbackUrl } from "./provider/sign-in.ts";
import type { KeeperSetup } from "./worker/messages.ts";

export type StormKeeper = Keeper<{ readonly main: Connector<never, never> }>;

/** A keeper as any application would make it, with short times. */
export function openKeeper(
  setup: KeeperSetup,
  store: Store,
  fetch?: typeof globalThis.fetch,
  logger?: Logger,
): StormKeeper {
  return createKeeper({
    connectors: { main: setup.connector },
    store,
    keys: setup.keys,
    callbackUrl,
    refresh: setup.refresh,
    cacheFor: setup.cacheFor,
    journal: { directory: setup.journal },
    ...(fetch === undefined ? {} : { fetch }),
    ...(logger === undefined ? {} : { logger }),
  });
}
