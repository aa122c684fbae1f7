import { type ConnectorMap, createKeeper, type Keeper, type KeeperOptions } from "@grantkeeper/core";
import { type Connector, clientSecretBasic } from "@grantkeeper/core/connector";
import type { Store } from "@grantkeeper/core/store";
import { clientSecret } from "./provider/judge.ts";
import { callbackUrl } from "./provider/sign-in.ts";
import type { KeeperSetup } from "./worker/messages.ts";

export type StormKeeper = Keeper<{ readonly main: Connector<never, never> }>;

/** A keeper as any application would make it, with short times. */
export function openKeeper(
  setup: KeeperSetup,
  store: Store,
  options: Pick<KeeperOptions<ConnectorMap>, "fetch" | "logger" | "now"> = {},
): StormKeeper {
  return createKeeper({
    // It may have come as JSON, which holds no secret.
    connectors: { main: { ...setup.connector, clientAuthentication: clientSecretBasic(clientSecret) } },
    store,
    keys: setup.keys,
    callbackUrl,
    refresh: setup.refresh,
    cacheFor: setup.cacheFor,
    journal: { directory: setup.journal },
    ...options,
  });
}
