import type { Connectors } from "../provider/connectors.ts";
import type { ProviderRequests } from "../provider/requests.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import type { TokenSet } from "../provider/token-response.ts";
import type { ListQuery, Store } from "../store/port.ts";
import type { Grant } from "./grant.ts";
import type { Grants } from "./grants.ts";

/**
 * How ending the grant at the provider went: `skipped` where another connection needs the same token, or holds the same
 * account and revoking would end that one too, `unsupported` where the provider has no such call, `pending` where it could
 * not be told yet.
 */
export type RevocationOutcome = "revoked" | "skipped" | "unsupported" | "pending";

export interface RevocationOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly store: Store;
  readonly tokenEndpoint: TokenEndpoint;
  readonly providerRequests: ProviderRequests;
  readonly now: () => number;
}

/** What can be ended at a provider: of whose account it is, a keyed hash is enough. */
export interface Revocable extends Pick<Grant, "connector" | "params" | "tokenSets" | "ended"> {
  readonly accountHash: string | undefined;
  /** Where the owner decides about the client. */
  readonly owner: string | undefined;
}

export interface Revocation {
  /**
   * Ends the token sets of a grant at the provider, but for those that another connection still needs. What failed there
   * is in the outcome; it throws only where the store cannot say who else needs them, or the application which client it was.
   */
  revoke(grant: Grant, connectionId: string): Promise<RevocationOutcome>;
  /** The same where no connection is left to it; `connectionId` may be one that is gone. */
  revokeTokens(revocable: Revocable, connectionId: string | undefined): Promise<RevocationOutcome>;
  revocableOf(grant: Grant): Revocable;
}

export function createRevocation(options: RevocationOptions): Revocation {
  const { connectors, grants, store, tokenEndpoint, providerRequests, now } = options;

  async function isElsewhere(query: Omit<ListQuery, "limit">, connectionId: string | undefined): Promise<boolean> {
    const { rows } = await store.list({ ...query, limit: 2 });
    return rows.some((row) => row.connectionId !== connectionId);
  }

  function revocableOf({ connector, params, tokenSets, ended, account, owner }: Grant): Revocable {
    const accountHash = account === undefined ? undefined : grants.hashAccount(connector, account);
    const asked = connectors.isOfOwner(connector) ? owner : undefined;
    return { connector, params, tokenSets, ended, accountHash, owner: asked };
  }

  const revocation: Revocation = {
    revocableOf,
    revoke: (grant, connectionId) => revocation.revokeTokens(revocableOf(grant), connectionId),
    async revokeTokens(grant, connectionId) {
      const connector = await connectors.find(grant.connector, grant.owner ?? "");
      if (connector === undefined) return "pending";
      const { accountHash } = grant;
      if (connector.revocationScope === "grant" && accountHash !== undefined) {
        if (await isElsewhere({ accountHash }, connectionId)) return "skipped";
      }
      // Only discovery can fail here, and without it there is nobody to ask.
      const server = await tokenEndpoint.server(connector, grant.params).catch(() => undefined);
      if (server === undefined) return "pending";
      const outcomes = new Set<RevocationOutcome>();
      for (const [name, tokenSet] of Object.entries(grant.tokenSets)) {
        const { accessToken, refreshToken } = tokenSet;
        if (await isElsewhere({ tokenHash: grants.hashToken(tokenSet) }, connectionId)) outcomes.add("skipped");
        // It would be answered as "no longer valid", with its refresh token still alive.
        else if (connector.revoke?.needsLiveAccessToken === true && outlivesItsAccessToken(tokenSet, now())) {
          outcomes.add(grant.ended[name] === undefined ? "pending" : "revoked");
        } else {
          const tokens = { accessToken, refreshToken, tokenType: tokenSet.tokenType };
          const revoked = await providerRequests.revoke(connector, server, name, tokens);
          outcomes.add(revoked === "failed" ? "pending" : revoked);
        }
      }
      const worstFirst: readonly RevocationOutcome[] = ["pending", "skipped", "revoked"];
      return worstFirst.find((outcome) => outcomes.has(outcome)) ?? "unsupported";
    },
  };
  return revocation;
}

function outlivesItsAccessToken({ expiresAt, refreshToken }: TokenSet, now: number): boolean {
  return refreshToken !== undefined && expiresAt !== undefined && expiresAt <= now;
}
