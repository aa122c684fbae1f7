import type { Connector } from "../connector/types.ts";
import type { Logger } from "../events.ts";
import type { Grants } from "../grant/grants.ts";
import type { ProviderRequests } from "../provider/requests.ts";
import type { Server } from "../provider/server.ts";
import type { TokenSet } from "../provider/token-response.ts";
import type { Store } from "../store/port.ts";

export interface AbandonOptions {
  readonly grants: Grants;
  readonly store: Store;
  readonly providerRequests: ProviderRequests;
  readonly logger: Logger;
}

/**
 * Ends tokens at the provider that came and are not kept: nobody else knows of them. Where it can end only all that the
 * account has granted, another connection may live of that, and they are left alone.
 */
export async function abandonTokens(
  { grants, store, providerRequests, logger }: AbandonOptions,
  connector: Connector,
  server: Server,
  tokenSets: Readonly<Record<string, TokenSet>>,
): Promise<void> {
  if (connector.revocationScope === "grant") return;
  for (const [name, tokenSet] of Object.entries(tokenSets)) {
    // A provider may have given the same ones once more. Why they are abandoned is the error that its caller throws.
    const isKept = await store.list({ tokenHash: grants.hashToken(tokenSet), limit: 1 }).then(
      ({ rows }) => rows.length > 0,
      () => undefined,
    );
    if (isKept === true) continue;
    const revoked = isKept === false && (await providerRequests.revoke(connector, server, name, tokenSet)) !== "failed";
    if (!revoked) logger.warn("Tokens that are not kept could not be revoked", { connector: connector.id });
  }
}
