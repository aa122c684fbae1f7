import type { Connectors } from "../provider/connectors.ts";
import type { ProviderRequests } from "../provider/requests.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import type { TokenSet } from "../provider/token-response.ts";
import type { Store } from "../store/port.ts";
import type { Grant, Grants } from "./grants.ts";

/**
 * How ending the grant at the provider went: `skipped` where another connection holds the same account and revoking
 * would end that one too, `unsupported` where the provider has no such call.
 */
export type RevocationOutcome = "revoked" | "skipped" | "unsupported" | "failed";

export interface RevocationOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly store: Store;
  readonly tokenEndpoint: TokenEndpoint;
  readonly providerRequests: ProviderRequests;
}

export interface Revocation {
  /**
   * Ends the token sets of a grant at the provider, but for those that another connection still needs. What failed is in
   * the outcome: nothing local depends on it.
   */
  revoke(grant: Grant, connectionId: string): Promise<RevocationOutcome>;
}

export function createRevocation(options: RevocationOptions): Revocation {
  const { connectors, grants, store, tokenEndpoint, providerRequests } = options;

  /** The other grants of the same account, or of its tenant. */
  async function neighbours({ connector, account }: Grant, connectionId: string): Promise<readonly Grant[]> {
    if (account === undefined) return [];
    const found: Grant[] = [];
    for (let after: string | undefined; ; ) {
      const page = await store.list({ accountHash: grants.hashAccount(connector, account), after, limit: 100 });
      for (const row of page.rows) {
        if (row.connectionId !== connectionId) found.push((await grants.open(row)).grant);
      }
      if (page.next === undefined) return found;
      after = page.next;
    }
  }

  return {
    async revoke(grant, connectionId) {
      const connector = connectors.find(grant.connector);
      if (connector === undefined) return "failed";
      const others = await neighbours(grant, connectionId);
      const sharesAccount = others.some(({ account }) => account?.id === grant.account?.id);
      if (connector.revocationScope === "grant" && sharesAccount) return "skipped";
      // Only discovery can fail here, and without it there is nobody to ask.
      const server = await tokenEndpoint.server(connector, grant.params).catch(() => undefined);
      if (server === undefined) return "failed";
      const outcomes = new Set<RevocationOutcome>();
      for (const [name, tokenSet] of Object.entries(grant.tokenSets)) {
        const shared = others.some((other) => Object.values(other.tokenSets).some((set) => sharesToken(set, tokenSet)));
        const { accessToken, refreshToken } = tokenSet;
        outcomes.add(
          shared ? "skipped" : await providerRequests.revoke(connector, server, name, { accessToken, refreshToken }),
        );
      }
      const worstFirst: readonly RevocationOutcome[] = ["failed", "skipped", "revoked"];
      return worstFirst.find((outcome) => outcomes.has(outcome)) ?? "unsupported";
    },
  };
}

function sharesToken(one: TokenSet, other: TokenSet): boolean {
  const sameRefreshToken = one.refreshToken !== undefined && one.refreshToken === other.refreshToken;
  return sameRefreshToken || one.accessToken === other.accessToken;
}
