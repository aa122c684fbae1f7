import type { Connectors } from "./connectors.ts";
import type { RevocationOutcome } from "./events.ts";
import type { Grant, Grants } from "./grants.ts";
import type { ProviderRequests } from "./provider-request.ts";
import type { Store } from "./store/port.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";

export interface RevocationOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly store: Store;
  readonly tokenEndpoint: TokenEndpoint;
  readonly providerRequests: ProviderRequests;
}

export interface Revocation {
  /** Ends the token sets of a grant at the provider. What failed is in the outcome: nothing local depends on it. */
  revoke(grant: Grant, connectionId: string): Promise<RevocationOutcome>;
}

export function createRevocation(options: RevocationOptions): Revocation {
  const { connectors, grants, store, tokenEndpoint, providerRequests } = options;

  /** Whether another connection holds the same account at the same provider. */
  async function isShared({ connector, account }: Grant, connectionId: string): Promise<boolean> {
    if (account === undefined) return false;
    const { rows } = await store.list({ accountHash: grants.hashAccount(connector, account), limit: 2 });
    return rows.some((row) => row.connectionId !== connectionId);
  }

  return {
    async revoke(grant, connectionId) {
      const connector = connectors.get(grant.connector);
      if (connector.revocationScope === "grant" && (await isShared(grant, connectionId))) return "skipped";
      // Only discovery can fail here, and without it there is nobody to ask.
      const server = await tokenEndpoint.server(connector, grant.params).catch(() => undefined);
      if (server === undefined) return "failed";
      let outcome: RevocationOutcome = "unsupported";
      for (const [name, { accessToken, refreshToken }] of Object.entries(grant.tokenSets)) {
        const result = await providerRequests.revoke(connector, server, name, { accessToken, refreshToken });
        if (result.kind === "failed") return "failed";
        if (result.kind === "revoked") outcome = "revoked";
      }
      return outcome;
    },
  };
}
